//! Real scans: where they are, and how many tests need them.
//!
//! Tests on real scans stand in files named `real_*.rs`; without the scans they return at once, and are counted here.

use std::path::{Path, PathBuf};

use crate::programs::root;

/// The folder of real scans, by the rule of the tests: `$ISOVOX_DATA`, else beside the project.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("ISOVOX_DATA").map(PathBuf::from);
    Some(named.unwrap_or_else(|| root().join("../shared/data"))).filter(|f| f.is_dir())
}

/// How many tests need them.
pub(crate) fn tests() -> usize {
    below(&root().join("crates"))
}

/// The tests in a file, or in the files below a folder.
fn below(path: &Path) -> usize {
    if let Ok(entries) = std::fs::read_dir(path) {
        return entries.flatten().map(|e| below(&e.path())).sum();
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !name.starts_with("real_") || path.extension().is_none_or(|e| e != "rs") {
        return 0;
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|l| l.trim() == "#[test]").count()
}
