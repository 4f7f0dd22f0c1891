//! `unsafe` stands in named modules alone, each block with its reason. Tests may have their own; lints ask for its reason.

use std::path::{Path, PathBuf};

use crate::programs::{Done, root};

/// The modules, and what they need it for.
const NAMED: &[(&str, &str)] = &[
    ("crates/volume/src/memory.rs", "maps files, and lends disjoint parts of one buffer to threads"),
    ("crates/engine/src/collect.rs", "threads write disjoint planes"),
    ("crates/engine/src/keep.rs", "threads write planes that others read once they are ready"),
];

/// How many lines above a block its reason may begin.
const NEAR: usize = 4;

/// Reads every source file of the crates.
pub(crate) fn check() -> Done {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).map_err(|e| format!("crates: {e}"))?.flatten() {
        sources(&entry.path().join("src"), &mut files)?;
    }
    let mut faults = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let name = file.strip_prefix(root()).unwrap_or(file).to_string_lossy().replace('\\', "/");
        faults.extend(faults_of(&name, &text));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> Done {
    for entry in std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn faults_of(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let found: Vec<usize> = (0..lines.len()).filter(|&i| is_unsafe(lines[i])).collect();
    let named = NAMED.iter().any(|(file, _)| *file == name);
    if !named {
        return found.iter().map(|i| format!("{name}:{}: unsafe outside the modules named in xtask/src/unsafety.rs", i + 1)).collect();
    }
    let mut faults: Vec<String> = found.iter().filter(|&&i| !has_reason(&lines[i.saturating_sub(NEAR)..=i])).map(|i| format!("{name}:{}: unsafe without SAFETY:", i + 1)).collect();
    if found.is_empty() {
        faults.push(format!("{name}: no unsafe any more; take it out of xtask/src/unsafety.rs"));
    }
    faults
}

/// Whether code of the line, not its comment, opens something unsafe.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    ["unsafe {", "unsafe impl", "unsafe fn", "unsafe extern", "unsafe trait"].iter().any(|form| code.contains(form))
}

fn has_reason(lines: &[&str]) -> bool {
    lines.iter().any(|l| l.contains("SAFETY:") || l.contains("# Safety"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written in two parts, so that this file holds none of its own.
    const BLOCK: &str = concat!("let x = un", "safe { y };");

    #[test]
    fn the_crates_are_in_order() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn only_named_modules_and_only_with_a_reason() {
        let (named, other) = (NAMED[0].0, "crates/ops/src/label/label.rs");
        assert_eq!(faults_of(other, BLOCK).len(), 1);
        assert!(faults_of(other, &format!("// {BLOCK}")).is_empty());
        assert_eq!(faults_of(named, BLOCK).len(), 1);
        assert!(faults_of(named, &format!("// SAFETY: y lives.\n{BLOCK}")).is_empty());
        assert_eq!(faults_of(named, "").len(), 1);
    }
}
