//! A job's folder: written beside, then moved into place, so that a killed run leaves nothing that a rerun trips over.

use std::path::{Path, PathBuf};

use isovox_volume::error::At;
use isovox_volume::{Error, Kind, Result};

/// A folder being filled.
pub struct Folder {
    target: PathBuf,
    staging: PathBuf,
}

const PARTIAL: &str = "isovox-partial";

impl Folder {
    /// Begins a folder. An existing target must be empty or made by the same job (its provenance names it).
    pub fn begin(target: &Path, job: &str) -> Result<Folder> {
        if target.exists() && !target.is_dir() {
            return Err(Error::new(Kind::Io, "is a file").help("name a folder").within(target));
        }
        if target.is_dir() && !empty(target)? && !made_by(target, job) {
            return Err(Error::new(Kind::Io, format_args!("holds files that isovox {job} did not make")).help("name an empty or a new folder").within(target));
        }
        let name = target.file_name().ok_or_else(|| Error::parameter("not a folder's name").within(target))?.to_string_lossy().into_owned();
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
        if !parent.is_dir() {
            return Err(Error::not_found("no such folder").help("make it first").within(&parent));
        }
        remove_left_over(&parent, &name);
        let staging = parent.join(format!(".{name}.{}.{PARTIAL}", std::process::id()));
        std::fs::create_dir(&staging).at(target)?;
        Ok(Folder { target: target.to_path_buf(), staging })
    }

    /// Where a file is written until the folder is finished.
    pub fn path(&self, name: &str) -> PathBuf {
        self.staging.join(name)
    }

    /// Makes a folder inside.
    pub fn sub(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        std::fs::create_dir_all(&path).at(&self.target)?;
        Ok(path)
    }

    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Moves everything into place.
    pub fn finish(self) -> Result<()> {
        if self.target.is_dir() {
            std::fs::remove_dir_all(&self.target).at(&self.target)?;
        }
        std::fs::rename(&self.staging, &self.target).at(&self.target)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.staging);
    }
}

fn empty(folder: &Path) -> Result<bool> {
    Ok(std::fs::read_dir(folder).at(folder)?.next().is_none())
}

fn made_by(folder: &Path, job: &str) -> bool {
    let text = std::fs::read_to_string(folder.join("provenance.json")).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    json["command"][1] == job
}

fn remove_left_over(parent: &Path, name: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let Ok(left) = entry.file_name().into_string() else { continue };
        let process = left.strip_prefix(&format!(".{name}.")).and_then(|s| s.strip_suffix(&format!(".{PARTIAL}"))).and_then(|s| s.parse::<u32>().ok());
        if process.is_some_and(|p| p != std::process::id() && !Path::new(&format!("/proc/{p}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
