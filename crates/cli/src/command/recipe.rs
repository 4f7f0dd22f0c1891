//! A chain as TOML.

use std::ffi::OsString;
use std::path::Path;

use isovox_ops::find;
use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use super::arguments::opening;

/// The words of the command line that a recipe stands for; relative paths start at its folder.
pub(crate) struct Recipe {
    /// The inputs.
    pub(crate) inputs: Vec<OsString>,
    /// The flags that open them.
    pub(crate) opening: Vec<OsString>,
    /// The steps.
    pub(crate) steps: Vec<Vec<OsString>>,
    /// Where the result goes.
    pub(crate) output: Option<OsString>,
}

const FORM: &str = "input = \"scan.tif\", output = \"pores.csv\", then [[step]] with op = \"otsu\" and its parameters";

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::parameter(what).help(FORM)
}

/// Reads a recipe.
pub(crate) fn read(path: &Path) -> Result<Recipe> {
    let text = std::fs::read_to_string(path).at(path)?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong(e.message())).at(path)?;
    parse(&table, path.parent().unwrap_or(Path::new(""))).at(path)
}

/// The command line of a job whose flags stand in a recipe: `input`, `output`, and each flag by its name; `given` follow.
pub(crate) fn job(name: &str, paths: &[&str], at: &Path, given: Vec<OsString>) -> Result<Vec<OsString>> {
    let text = std::fs::read_to_string(at).at(at)?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong_job(e.message())).at(at)?;
    let folder = at.parent().unwrap_or(Path::new(""));
    let mut words: Vec<OsString> = ["isovox", name].map(OsString::from).to_vec();
    words.extend(inputs(&table, folder).at(at)?);
    for (key, value) in table.iter().filter(|(k, _)| *k != "input") {
        let key = key.replace('_', "-");
        let value = if paths.contains(&key.as_str()) && value.as_str() != Some("auto") {
            toml::Value::String(path(folder, &self::text(value)).to_string_lossy().into_owned())
        } else {
            value.clone()
        };
        words.extend(flag(&key, &value, true));
    }
    words.extend(given);
    Ok(words)
}

fn wrong_job(what: impl std::fmt::Display) -> Error {
    Error::parameter(what).help("input = \"rock.tif\", output = \"rock-pores\", and flags by name: voxel-size = \"5.3um\", literal = true")
}

fn inputs(table: &toml::Table, folder: &Path) -> Result<Vec<OsString>> {
    match table.get("input").ok_or_else(|| wrong("the recipe names no input"))? {
        toml::Value::String(one) => Ok(vec![path(folder, one)]),
        toml::Value::Array(many) if many.iter().all(toml::Value::is_str) && !many.is_empty() => Ok(many.iter().filter_map(toml::Value::as_str).map(|n| path(folder, n)).collect()),
        _ => Err(wrong("input is a path or a list of paths")),
    }
}

fn parse(table: &toml::Table, folder: &Path) -> Result<Recipe> {
    if let Some(key) = table.keys().find(|k| !["input", "output", "open", "step"].contains(&k.as_str())) {
        return Err(unknown(format_args!("unknown key {key:?}"), key));
    }
    let inputs = inputs(table, folder)?;
    let output = match table.get("output") {
        None => None,
        Some(name) => Some(path(folder, name.as_str().ok_or_else(|| wrong("output is a path"))?)),
    };
    let opening = match table.get("open") {
        None => Vec::new(),
        Some(flags) => open(flags.as_table().ok_or_else(|| wrong("[open] is a table"))?)?,
    };
    let list = table.get("step").and_then(toml::Value::as_array).ok_or_else(|| wrong("the recipe has no [[step]]"))?;
    let steps = list.iter().map(|s| s.as_table().ok_or_else(|| wrong("a step is a table")).and_then(|t| step(t, folder))).collect::<Result<_>>()?;
    Ok(Recipe { inputs, opening, steps, output })
}

fn path(folder: &Path, name: &str) -> OsString {
    folder.join(name).into()
}

/// A key that is not known; one that opens the input has its place elsewhere.
fn unknown(what: impl std::fmt::Display, key: &str) -> Error {
    if opens(key) { Error::parameter(what).help(format_args!("{key} says how the input is opened: write it under [open]")) } else { wrong(what) }
}

fn opens(key: &str) -> bool {
    opening().iter().any(|a| a.get_long() == Some(key))
}

fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(s) => s.clone(),
        toml::Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// `--key=value`, so that a value may begin with a dash.
fn valued(key: &str, value: impl AsRef<std::ffi::OsStr>) -> OsString {
    let mut word = OsString::from(format!("--{key}="));
    word.push(value);
    word
}

fn step(table: &toml::Table, folder: &Path) -> Result<Vec<OsString>> {
    let name = table.get("op").and_then(toml::Value::as_str).ok_or_else(|| wrong("a step names no op"))?;
    let spec = (find(name)?.spec)();
    let mut words = vec![OsString::from(name)];
    for (key, value) in table.iter().filter(|(k, _)| *k != "op") {
        let key = key.replace('_', "-");
        let parameter = spec.parameters.iter().find(|p| p.name == key);
        if spec.inputs[1..].iter().any(|p| p.name == key) {
            words.push(valued(&key, path(folder, &text(value))));
        } else if parameter.is_none() && opens(&key) {
            return Err(unknown(format_args!("{name} has no parameter {key}"), &key));
        } else {
            words.extend(flag(&key, value, parameter.is_none_or(isovox_ops::spec::Parameter::is_flag)));
        }
    }
    Ok(words)
}

fn flag(key: &str, value: &toml::Value, switch: bool) -> Option<OsString> {
    match value {
        toml::Value::Boolean(on) if switch => on.then(|| format!("--{key}").into()),
        other => Some(valued(key, text(other))),
    }
}

/// `[open]` holds the flags that open a scan, without their dashes.
fn open(table: &toml::Table) -> Result<Vec<OsString>> {
    let words: Vec<OsString> = table.iter().filter_map(|(key, value)| flag(key, value, true)).collect();
    let command = clap::Command::new("open").no_binary_name(true).args(opening());
    command.try_get_matches_from(&words).map_err(|e| wrong(format_args!("[open]: {}", e.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "))))?;
    Ok(words)
}

impl Recipe {
    /// The whole command line: `given` are the words of `pipe` beside the recipe's path, `more` the steps that follow, and
    /// `named` says whether they name OUT.
    pub(crate) fn words(self, given: Vec<OsString>, more: Vec<Vec<OsString>>, named: bool) -> Result<Vec<OsString>> {
        let out = match self.output {
            _ if named => None,
            None => return Err(Error::parameter("the recipe names no output").help("give -o OUT")),
            some => some,
        };
        let mut words: Vec<OsString> = ["isovox", "pipe"].map(OsString::from).to_vec();
        words.extend(self.inputs.into_iter().chain(self.opening).chain(given));
        for step in self.steps.into_iter().chain(more) {
            words.push("!".into());
            words.extend(step);
        }
        words.extend(out.into_iter().flat_map(|out| ["-o".into(), out]));
        Ok(words)
    }
}
