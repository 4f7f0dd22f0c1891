//! The arrows: which crate may know which. Cargo's metadata is held against the list.

use serde_json::Value;

use crate::programs::{Done, cargo, output};

/// Each crate, and the crates of this project that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("isovox-volume", &[]),
    ("isovox-macros", &[]),
    ("isovox-jpegls", &[]),
    ("isovox-deflate", &[]),
    ("isovox-formats", &["isovox-volume", "isovox-jpegls", "isovox-deflate"]),
    ("isovox-ops", &["isovox-volume", "isovox-macros"]),
    ("isovox-engine", &["isovox-volume", "isovox-formats", "isovox-ops"]),
    ("isovox-jobs", &["isovox-volume", "isovox-formats", "isovox-ops", "isovox-engine"]),
    ("isovox", &["isovox-volume", "isovox-formats", "isovox-ops", "isovox-engine", "isovox-jobs"]),
    ("isovox-testing", &["isovox-volume", "isovox-formats"]),
    ("isovox-bench", &["isovox-volume", "isovox-formats", "isovox-ops", "isovox-engine", "isovox-jobs"]),
    ("xtask", &[]),
];

const LICENCE: &str = "MIT OR Apache-2.0";

/// Holds every manifest of the workspace against the list.
pub(crate) fn check() -> Done {
    let text = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
    let faults: Vec<String> = metadata["packages"].as_array().into_iter().flatten().flat_map(faults).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// What is wrong with one package.
fn faults(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == name) else {
        return vec![format!("{name}: no line in ARROWS (xtask/src/manifests.rs)")];
    };
    // A dependency with a path is one of this project's crates. Tests obey the arrows too; what they share is open to all of them.
    let own = package["dependencies"].as_array().into_iter().flatten().filter(|d| !d["path"].is_null());
    let own = own.filter(|d| d["kind"] != "dev" || d["name"] != "isovox-testing").filter_map(|d| d["name"].as_str());
    let mut faults: Vec<String> = own.filter(|n| !allowed.contains(n)).map(|n| format!("{name} depends on {n}: I10 allows {allowed:?}")).collect();
    if package["license"] != LICENCE {
        faults.push(format!("{name}: licence {}, expected {LICENCE:?}", package["license"]));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, needs: &[&str]) -> Value {
        let dependencies: Vec<Value> = needs.iter().map(|n| json!({"name": n, "path": n.starts_with("isovox").then_some("here")})).collect();
        json!({"name": name, "license": LICENCE, "dependencies": dependencies})
    }

    #[test]
    fn the_arrows_hold() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn an_arrow_that_is_not_listed_is_named() {
        assert!(faults(&package("isovox-ops", &["isovox-volume", "libm"])).is_empty());
        assert_eq!(faults(&package("isovox-ops", &["isovox-formats"])).len(), 1);
        assert_eq!(faults(&package("isovox-more", &[])).len(), 1);
    }
}
