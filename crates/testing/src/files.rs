//! What lies in files and folders.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A JSON file.
#[track_caller]
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// SHA-256 of a file, or of all files of a folder with their names; read as a stream, since files may be large.
pub fn sha256(path: &Path) -> String {
    let mut hasher = Sha256::new();
    if path.is_dir() {
        for name in names(path) {
            hasher.update(&name);
            hasher.update(sha256(&path.join(name)));
        }
    } else {
        feed(&mut hasher, path, 0);
    }
    hex(hasher)
}

/// SHA-256 of a file from a byte on.
pub fn sha256_from(path: &Path, first: u64) -> String {
    let mut hasher = Sha256::new();
    feed(&mut hasher, path, first);
    hex(hasher)
}

fn feed(hasher: &mut Sha256, path: &Path, first: u64) {
    use std::io::Seek;
    let mut file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    file.seek(std::io::SeekFrom::Start(first)).expect("seeks");
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).expect("reads") {
            0 => return,
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hex(hasher: Sha256) -> String {
    format!("{:x}", hasher.finalize())
}

/// Names in a folder, sorted; hidden ones too.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Whether a folder, or one inside it, holds something half written.
#[track_caller]
pub fn nothing_partial(folder: &Path) {
    for name in names(folder) {
        assert!(!name.contains("isovox-partial"), "{name} is left in {}", folder.display());
        let path = folder.join(name);
        if path.is_dir() {
            nothing_partial(&path);
        }
    }
}

/// Every file below a folder, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
