//! A job's folder: written beside, then moved into place, so that a killed run leaves nothing that a rerun trips over.
//!
//! Its provenance.json lists the `files` that the job made (relative name, bytes): a finished folder is replaced only while
//! it holds these alone, as they were made.

use std::path::{Path, PathBuf};

use isovox_volume::error::At;
use isovox_volume::{Error, Kind, Result};
use serde_json::{Value as Json, json};

/// A folder being filled.
pub struct Folder {
    target: PathBuf,
    staging: PathBuf,
    job: String,
}

const PARTIAL: &str = "isovox-partial";

/// Ending of a finished folder while another takes its place.
const BEFORE: &str = "isovox-before";

const PROVENANCE: &str = "provenance.json";

impl Folder {
    /// Begins a folder. An existing target must be empty, or hold what the same job made (its provenance tells) and nothing
    /// else.
    pub fn begin(target: &Path, job: &str) -> Result<Folder> {
        if target.exists() && !target.is_dir() {
            return Err(Error::new(Kind::Io, "is a file").help("name a folder").within(target));
        }
        let name = target.file_name().ok_or_else(|| Error::parameter("not a folder's name").within(target))?.to_string_lossy().into_owned();
        // A link stays, and the folder behind it is replaced.
        let target = if target.is_dir() { &target.canonicalize().at(target)? } else { target };
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
        if !parent.is_dir() {
            return Err(Error::not_found("no such folder").help("make it first").within(&parent));
        }
        tidy(&parent, target, &target.file_name().map_or(name.clone(), |n| n.to_string_lossy().into_owned()));
        if target.is_dir() {
            replaceable(target, job)?;
        }
        let staging = parent.join(hidden(target, std::process::id(), PARTIAL));
        std::fs::create_dir(&staging).at(target)?;
        Ok(Folder { target: target.to_path_buf(), staging, job: job.into() })
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

    /// Lists what was made in its provenance and moves everything into place: what was there goes once the new one is.
    pub fn finish(self) -> Result<()> {
        self.list()?;
        let before = self.target.with_file_name(hidden(&self.target, std::process::id(), BEFORE));
        let replaced = self.target.is_dir();
        if replaced {
            // A job may run for hours.
            replaceable(&self.target, &self.job)?;
            std::fs::rename(&self.target, &before).at(&self.target)?;
        }
        if let Err(error) = std::fs::rename(&self.staging, &self.target) {
            if replaced {
                std::fs::rename(&before, &self.target).at(&before)?;
            }
            return Err(error).at(&self.target);
        }
        if replaced { std::fs::remove_dir_all(&before).at(&before) } else { Ok(()) }
    }

    /// Writes `files` into the provenance that the job wrote.
    fn list(&self) -> Result<()> {
        let path = self.path(PROVENANCE);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
        let Ok(Json::Object(mut told)) = serde_json::from_str(&text) else { return Ok(()) };
        let files = files(&self.staging)?;
        let made = files.iter().filter(|(name, _)| name != PROVENANCE).map(|(name, bytes)| json!({"name": name, "bytes": bytes}));
        told.insert("files".into(), made.collect());
        isovox_formats::staged::write_file(&path, true, format!("{:#}\n", Json::Object(told)).as_bytes()).at(&self.target).map(|_| ())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.staging);
    }
}

fn hidden(target: &Path, process: u32, ending: &str) -> String {
    format!(".{}.{process}.{ending}", target.file_name().unwrap_or_default().to_string_lossy())
}

/// Every file below a folder, by its name relative to it with `/`, and its length; an empty folder counts as a file.
fn files(folder: &Path) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link is a file of its own, whatever it names.
        let inside = if entry.file_type().at(folder)?.is_dir() { files(&entry.path())? } else { Vec::new() };
        if inside.is_empty() {
            found.push((name, entry.metadata().at(folder)?.len()));
        } else {
            found.extend(inside.into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses a folder that holds anything but what the same job made, as it made it.
fn replaceable(folder: &Path, job: &str) -> Result<()> {
    let refused = |what: String, help: &str| Err(Error::new(Kind::Io, what).help(help).within(folder));
    let there = files(folder)?;
    if there.is_empty() {
        return Ok(());
    }
    let told: Json = std::fs::read_to_string(folder.join(PROVENANCE)).ok().and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default();
    let Some(made) = told["files"].as_array().filter(|_| told["command"][1] == job) else {
        return refused(format!("holds files that isovox {job} did not make"), "name an empty or a new folder");
    };
    for (name, bytes) in there.iter().filter(|(name, _)| name != PROVENANCE) {
        match made.iter().find(|m| m["name"] == name.as_str()) {
            None => return refused(format!("holds {name}, which isovox {job} did not make"), "move it elsewhere, or name another folder"),
            Some(m) if m["bytes"] != *bytes => return refused(format!("holds {name}, which was changed since isovox {job} made it"), "move it elsewhere, or name another folder"),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Removes what killed runs left; a finished folder that one had moved away comes back.
fn tidy(parent: &Path, target: &Path, name: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let Ok(left) = entry.file_name().into_string() else { continue };
        let Some((process, ending)) = left.strip_prefix(&format!(".{name}.")).and_then(|s| s.split_once('.')) else { continue };
        let dead = process.parse::<u32>().is_ok_and(|p| p != std::process::id() && !Path::new(&format!("/proc/{p}")).exists());
        match ending {
            BEFORE if dead && !target.exists() => {
                let _ = std::fs::rename(entry.path(), target);
            }
            PARTIAL | BEFORE if dead => {
                let _ = std::fs::remove_dir_all(entry.path());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "{\"command\": [\"isovox\", \"pores\", \"a.tif\"]}";

    /// A finished folder of two files beside its provenance.
    fn make(at: &Path, text: &str) -> Result<()> {
        let folder = Folder::begin(&at.join("out"), "pores")?;
        std::fs::write(folder.path("a.csv"), text).unwrap();
        std::fs::write(folder.sub("slices")?.join("0.png"), text).unwrap();
        std::fs::write(folder.path(PROVENANCE), TOLD).unwrap();
        folder.finish()
    }

    #[track_caller]
    fn refused(spoil: impl Fn(&Path), named: &str) {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "1").unwrap();
        spoil(&folder.path().join("out"));
        let before = files(folder.path()).unwrap();
        let error = make(folder.path(), "2").expect_err(named);
        assert!(error.to_string().contains(named), "{error}");
        assert_eq!(files(folder.path()).unwrap(), before);
    }

    #[test]
    fn a_folder_of_the_same_job_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "1").unwrap();
        make(folder.path(), "twelve").unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("out/slices/0.png")).unwrap(), "twelve");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }

    #[test]
    fn what_the_job_did_not_make_stays() {
        refused(|out| std::fs::write(out.join("notes.txt"), "mine").unwrap(), "notes.txt");
        refused(|out| std::fs::write(out.join("slices/1.png"), "mine").unwrap(), "slices/1.png");
        refused(|out| std::fs::create_dir(out.join("mine")).unwrap(), "mine");
        refused(|out| std::fs::write(out.join("a.csv"), "my own numbers").unwrap(), "a.csv, which was changed");
        refused(|out| std::fs::write(out.join(PROVENANCE), TOLD).unwrap(), "did not make");
        refused(|out| std::fs::remove_file(out.join(PROVENANCE)).unwrap(), "did not make");
    }

    #[test]
    fn a_folder_moved_away_by_a_killed_run_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "1").unwrap();
        // No process has this number.
        std::fs::rename(folder.path().join("out"), folder.path().join(format!(".out.{}.{BEFORE}", u32::MAX))).unwrap();
        std::fs::create_dir(folder.path().join(format!(".out.{}.{PARTIAL}", u32::MAX))).unwrap();
        drop(Folder::begin(&folder.path().join("out"), "pores").unwrap());
        assert_eq!(files(folder.path()).unwrap().len(), 3, "the finished folder alone");
        assert!(folder.path().join("out/a.csv").is_file());
    }

    #[test]
    fn a_folder_filled_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), "1").unwrap();
        let begun = Folder::begin(&folder.path().join("out"), "pores").unwrap();
        std::fs::remove_dir_all(&begun.staging).unwrap();
        assert!(begun.finish().is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("out/a.csv")).unwrap(), "1");
    }
}
