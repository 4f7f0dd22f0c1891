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
    let crates = std::fs::read_dir(root().join("crates")).into_iter().flatten().flatten();
    crates.flat_map(|c| std::fs::read_dir(c.path().join("tests")).into_iter().flatten().flatten()).map(|f| count(&f.path())).sum()
}

fn count(file: &Path) -> usize {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if !name.starts_with("real_") || !name.ends_with(".rs") {
        return 0;
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter(|l| l.trim() == "#[test]").count()
}
