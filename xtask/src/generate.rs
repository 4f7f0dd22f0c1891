//! `cargo xtask generate`: the reference pages, one an operation, from what `isovox ops --json` says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::programs::{Done, built, output, root};

/// What is done with the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Written to docs/reference.
    Write,
    /// Compared with those that are there.
    Compare,
}

/// Line 1 of every page.
const MADE: &str = "<!-- Made by `cargo xtask generate` from the declarations of the operations; do not edit. -->";

/// The task.
pub(crate) fn run(pages: Pages) -> Done {
    let text = output(std::process::Command::new(built("isovox", "dev")?).args(["ops", "--json"]))?;
    let list: Vec<Value> = serde_json::from_str(&text).map_err(|e| format!("isovox ops --json: {e}"))?;
    let mut wanted: BTreeMap<String, String> = list.iter().map(|op| (format!("{}.md", said(op, "name")), page(op))).collect();
    wanted.insert("README.md".into(), index(&list));
    let there = there()?;
    match pages {
        Pages::Write => write(&wanted, &there),
        Pages::Compare => compare(&wanted, &there),
    }
}

fn folder() -> PathBuf {
    root().join("docs/reference")
}

/// The pages that are there, by name.
fn there() -> Result<BTreeMap<String, String>, String> {
    let mut pages = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(entry.path()).map_err(|e| format!("{}: {e}", entry.path().display()))?;
        pages.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(pages)
}

fn write(wanted: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Done {
    let failed = |e: std::io::Error| format!("docs/reference: {e}");
    std::fs::create_dir_all(folder()).map_err(failed)?;
    for (name, text) in wanted.iter().filter(|(name, text)| there.get(*name) != Some(text)) {
        std::fs::write(folder().join(name), text).map_err(failed)?;
        println!("docs/reference/{name}: written");
    }
    for name in there.keys().filter(|name| !wanted.contains_key(*name)) {
        std::fs::remove_file(folder().join(name)).map_err(failed)?;
        println!("docs/reference/{name}: removed, there is no such operation");
    }
    Ok(())
}

fn compare(wanted: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Done {
    let names = wanted.keys().chain(there.keys().filter(|name| !wanted.contains_key(*name)));
    let stale: Vec<&str> = names.filter(|name| wanted.get(*name) != there.get(*name)).map(String::as_str).collect();
    if stale.is_empty() { Ok(()) } else { Err(format!("docs/reference is not what the declarations say ({}): run cargo xtask generate", stale.join(", "))) }
}

fn said<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The list of all pages, by family.
fn index(list: &[Value]) -> String {
    let mut text = format!("{MADE}\n\n# Operations\n\nEach is a command of its own and a step of `isovox pipe`.\n");
    let mut family = "";
    for op in list {
        if said(op, "family") != family {
            family = said(op, "family");
            let _ = write!(text, "\n## {family}\n\n");
        }
        let _ = writeln!(text, "- [{0}]({0}.md): {1}", said(op, "name"), said(op, "brief"));
    }
    text
}

/// The page of one operation.
fn page(op: &Value) -> String {
    let mut text = format!("{MADE}\n\n# {}\n\n{}\n\n    {}\n\n", said(op, "name"), said(op, "text"), said(op, "example"));
    let takes: Vec<String> = items(op, "inputs").iter().map(input).collect();
    let _ = writeln!(text, "Takes {}; gives {}.", takes.join(", "), said(op, "output"));
    let _ = writeln!(text, "Family: {}. Access: [{}](../../ARCHITECTURE.md#accesses).", said(op, "family"), said(op, "access"));
    text.push_str(&parameters(items(op, "parameters")));
    let references: Vec<&str> = items(op, "references").iter().filter_map(Value::as_str).collect();
    if !references.is_empty() {
        let _ = write!(text, "\n## Source\n\n- {}\n", references.join("\n- "));
    }
    text
}

/// What flows in has no name; further inputs are flags.
fn input(port: &Value) -> String {
    let required = if port["required"] == true { "" } else { ", if given" };
    match said(port, "name") {
        "input" => said(port, "kind").to_string(),
        name => format!("`--{name}` ({}{required})", said(port, "kind")),
    }
}

fn parameters(list: &[Value]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n## Parameters\n\n| flag | type | default | values | meaning |\n|---|---|---|---|---|\n");
    for p in list {
        let meaning = said(p, "text").replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(text, "| `--{}` | {} | {} | {} | {meaning} |", said(p, "name"), kind(p), default(p), values(p));
    }
    text
}

fn kind(parameter: &Value) -> String {
    match said(parameter, "unit") {
        "" => said(parameter, "type").to_string(),
        unit => format!("{}, in {unit}", said(parameter, "type")),
    }
}

fn default(parameter: &Value) -> String {
    match &parameter["default"] {
        Value::Null if parameter["required"] == true => "required".into(),
        Value::Null | Value::Bool(false) => "–".into(),
        Value::Array(sides) if sides.windows(2).all(|s| s[0] == s[1]) && !sides.is_empty() => plain(&sides[0]),
        Value::Array(sides) => sides.iter().map(plain).collect::<Vec<_>>().join(","),
        value => plain(value),
    }
}

fn values(parameter: &Value) -> String {
    let choices = items(parameter, "choices");
    match items(parameter, "range") {
        [least, greatest] if greatest.as_f64() == Some(f64::MAX) => format!("at least {}", plain(least)),
        [least, greatest] => format!("{} to {}", plain(least), plain(greatest)),
        _ if choices.is_empty() => "–".into(),
        _ => choices.iter().map(plain).collect::<Vec<_>>().join(", "),
    }
}

/// A value as it is typed: no quotes, no `.0`.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string().trim_end_matches(".0").to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_says_what_the_declaration_says() {
        let p = json!({"name": "radius", "type": "extent", "required": false, "default": [1, 1, 1], "range": [0.0, 15.0], "unit": "voxel", "text": "Half width."});
        assert_eq!(parameters(&[p]).lines().last(), Some("| `--radius` | extent, in voxel | 1 | 0 to 15 | Half width. |"));
        let inputs = json!([{"name": "input", "kind": "scalar", "required": true}, {"name": "by", "kind": "mask", "required": false}]);
        let op = json!({"name": "mask", "inputs": inputs, "output": "same-type"});
        assert!(page(&op).contains("Takes scalar, `--by` (mask, if given); gives same-type."));
        assert!(page(&op).starts_with(MADE));
    }
}
