//! A chain as TOML.

use std::path::{Path, PathBuf};

use isovox_engine::OpenScan;
use isovox_ops::find;
use isovox_ops::spec::Values;
use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use super::arguments::{open_options, opening};
use super::chain::Given;

/// A chain read from a file.
pub(crate) struct Recipe {
    /// Input paths; relative ones start at the recipe's folder.
    pub(crate) inputs: Vec<PathBuf>,
    /// Where the result goes.
    pub(crate) output: Option<PathBuf>,
    /// How the input is opened, when the recipe says so.
    pub(crate) options: Option<OpenScan>,
    /// The steps.
    pub(crate) steps: Vec<Given>,
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::parameter(what).help("input = \"scan.tif\", output = \"pores.csv\", then [[step]] with op = \"otsu\" and its parameters")
}

/// Reads a recipe.
pub(crate) fn read(path: &Path) -> Result<Recipe> {
    let text = std::fs::read_to_string(path).at(path)?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong(e.message())).at(path)?;
    parse(&table, path.parent().unwrap_or(Path::new(""))).at(path)
}

fn parse(table: &toml::Table, folder: &Path) -> Result<Recipe> {
    if let Some(key) = table.keys().find(|k| !["input", "output", "open", "step"].contains(&k.as_str())) {
        return Err(wrong(format_args!("unknown key {key:?}")));
    }
    let input = table.get("input").ok_or_else(|| wrong("the recipe names no input"))?;
    let names: Vec<&str> = match input {
        toml::Value::String(one) => vec![one],
        toml::Value::Array(many) => many.iter().filter_map(toml::Value::as_str).collect(),
        _ => return Err(wrong("input is a path or a list of paths")),
    };
    let inputs = names.into_iter().map(|n| folder.join(n)).collect();
    let output = table.get("output").and_then(toml::Value::as_str).map(|n| folder.join(n));
    let options = table.get("open").and_then(toml::Value::as_table).map(open).transpose()?;
    let list = table.get("step").and_then(toml::Value::as_array).ok_or_else(|| wrong("the recipe has no [[step]]"))?;
    let steps = list.iter().map(|s| s.as_table().ok_or_else(|| wrong("a step is a table")).and_then(|t| step(t, folder))).collect::<Result<_>>()?;
    Ok(Recipe { inputs, output, options, steps })
}

fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(s) => s.clone(),
        toml::Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn step(table: &toml::Table, folder: &Path) -> Result<Given> {
    let name = table.get("op").and_then(toml::Value::as_str).ok_or_else(|| wrong("a step names no op"))?;
    let entry = find(name)?;
    let ports = (entry.spec)().inputs;
    let (mut values, mut others) = (Values::default(), Vec::new());
    for (key, value) in table.iter().filter(|(k, _)| *k != "op") {
        if ports[1..].iter().any(|p| p.name == key) {
            others.push((key.clone(), folder.join(text(value))));
        } else {
            values.set(key, text(value));
        }
    }
    Ok(Given { entry, values, others })
}

/// `[open]` holds the flags that open a scan, without their dashes.
fn open(table: &toml::Table) -> Result<OpenScan> {
    let mut words = Vec::new();
    for (key, value) in table {
        match value {
            toml::Value::Boolean(true) => words.push(format!("--{key}")),
            toml::Value::Boolean(false) => {}
            other => words.extend([format!("--{key}"), text(other)]),
        }
    }
    let command = clap::Command::new("open").no_binary_name(true).args(opening());
    let matches =
        command.try_get_matches_from(words).map_err(|e| wrong(format_args!("[open]: {}", e.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "))))?;
    open_options(&matches, None)
}
