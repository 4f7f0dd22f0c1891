//! The corpus: kept files of `fuzz/corpus`, and what they are made from.

use std::path::{Path, PathBuf};

use crate::{seeds, subject};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

/// The kept seeds of a parser, by name.
pub(crate) fn read(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).flatten();
    // libFuzzer's own finds lie here too, under names of hexadecimal digits.
    let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).filter(|n| n.starts_with("seed-")).collect();
    names.sort();
    assert!(!names.is_empty(), "{}: no seeds", folder.display());
    names.into_iter().map(|name| (name.clone(), std::fs::read(folder.join(name)).expect("a readable seed"))).collect()
}

/// Opens what the seeds are made from; with `write`, writes the seeds anew, but for those that were found.
pub(crate) fn check(write: bool) {
    let mut failed = Vec::new();
    for (target, parse) in subject::PARSERS {
        let folder = folder(target);
        for (name, bytes) in seeds::of(target) {
            if let Err(error) = parse(&bytes) {
                failed.push(format!("{target}: {name} does not open: {error}"));
            }
            if write {
                std::fs::create_dir_all(&folder).expect("a writable repository");
                std::fs::write(folder.join(format!("seed-{name}")), bytes).expect("a writable repository");
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
