//! The files of a folder, and of those below it: each folder once, whatever links lead to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use crate::input::natural;

/// Folders within folders.
const DEEPEST: usize = 32;

/// Files below one folder.
const MOST: usize = 1 << 20;

/// Files of a folder in natural order, and what else lies there.
pub(crate) struct Found {
    pub(crate) files: Vec<PathBuf>,
    /// Folders below, seen or not.
    pub(crate) folders: Vec<PathBuf>,
    /// What is neither, or cannot be read, and why.
    pub(crate) skipped: Vec<String>,
}

/// What lies in a folder itself. Errors: `Io` where it cannot be read.
pub(crate) fn within(folder: &Path) -> Result<Found> {
    let mut found = Found { files: Vec::new(), folders: Vec::new(), skipped: Vec::new() };
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).at(folder)?.map(|e| Ok(e.at(folder)?.path())).collect::<Result<_>>()?;
    entries.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    for path in entries {
        match std::fs::metadata(&path) {
            Ok(kind) if kind.is_file() => found.files.push(path),
            Ok(kind) if kind.is_dir() => found.folders.push(path),
            Ok(_) => found.skipped.push(format!("{} (no regular file)", short(&path, folder))),
            Err(error) => found.skipped.push(format!("{} ({})", short(&path, folder), reason(&error))),
        }
    }
    Ok(found)
}

/// What lies in a folder and in all below it.
///
/// Errors: `Io` where the folder itself cannot be read; `Unsupported` for more files than one scan has.
pub(crate) fn below(folder: &Path) -> Result<Found> {
    let mut all = within(folder)?;
    let mut seen: BTreeSet<PathBuf> = folder.canonicalize().into_iter().collect();
    let mut waiting: Vec<(PathBuf, usize)> = all.folders.iter().rev().map(|f| (f.clone(), 1)).collect();
    while let Some((next, depth)) = waiting.pop() {
        let name = short(&next, folder);
        // A link back to a folder above ends here.
        if !next.canonicalize().is_ok_and(|real| seen.insert(real)) {
            continue;
        }
        if depth > DEEPEST {
            all.skipped.push(format!("{name} (more than {DEEPEST} folders deep)"));
            continue;
        }
        match within(&next) {
            Ok(found) => {
                all.files.extend(found.files);
                all.skipped.extend(found.skipped.iter().map(|s| format!("{name}/{s}")));
                waiting.extend(found.folders.iter().rev().map(|f| (f.clone(), depth + 1)));
                all.folders.extend(found.folders);
            }
            Err(error) => all.skipped.push(format!("{name} ({error})")),
        }
        if all.files.len() > MOST {
            return Err(Error::unsupported("a folder").found(format_args!("more than {MOST} files below it")).help("name the folder of one series").within(folder));
        }
    }
    Ok(all)
}

/// A path as it lies in the folder.
fn short(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

fn reason(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "a link that leads nowhere",
        std::io::ErrorKind::PermissionDenied => "no permission to read it",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn every_folder_is_searched_once_and_what_is_no_file_is_named() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir_all(at.join("b/c")).unwrap();
        for name in ["f10", "f9", "b/g", "b/c/h"] {
            std::fs::write(at.join(name), "x").unwrap();
        }
        symlink("..", at.join("b/c/up")).unwrap();
        symlink(".", at.join("b/self")).unwrap();
        symlink("nowhere", at.join("b/gone")).unwrap();
        let found = below(at).unwrap();
        let names: Vec<String> = found.files.iter().map(|f| short(f, at)).collect();
        assert_eq!(names, ["f9", "f10", "b/g", "b/c/h"]);
        assert_eq!(found.skipped, ["b/gone (a link that leads nowhere)"]);
        assert_eq!(within(at).unwrap().files.len(), 2);
        assert!(below(&at.join("none")).is_err());
    }
}
