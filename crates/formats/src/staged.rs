//! Files that are whole or absent: written beside, synced, renamed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use isovox_volume::error::At;
use isovox_volume::{Error, Kind, Result, Stop};

use crate::input::folder_of;

/// Ending of files being written; what a killed run leaves is removed by the next run to the same target.
const PARTIAL: &str = "isovox-partial";

/// Ending of a finished folder while another takes its place.
const BEFORE: &str = "isovox-before";

/// Bytes that may still be written before writing fails, for tests of a disk that fills.
static BUDGET: AtomicU64 = AtomicU64::new(u64::MAX);

/// Makes every write of this process fail after so many more bytes, as a full disk does. For tests.
#[doc(hidden)]
pub fn fail_after(bytes: u64) {
    BUDGET.store(bytes, Ordering::SeqCst);
}

fn spend(bytes: usize) -> std::io::Result<()> {
    if BUDGET.load(Ordering::Relaxed) == u64::MAX {
        return Ok(());
    }
    let left = BUDGET.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |b| b.checked_sub(bytes as u64));
    left.map(|_| ()).map_err(|_| std::io::ErrorKind::StorageFull.into())
}

/// A file being written beside its target.
pub struct Staged {
    target: PathBuf,
    partial: PathBuf,
    file: File,
    done: bool,
}

impl Staged {
    /// Begins a file; an existing target is refused unless `force`.
    pub fn create(target: &Path, force: bool) -> Result<Staged> {
        begin(target, force)?;
        if target.is_dir() {
            return Err(Error::new(Kind::Io, "is a folder").help("name a file").within(target));
        }
        let partial = hidden(target, std::process::id(), PARTIAL);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&partial).at(target)?;
        Ok(Staged { target: target.to_path_buf(), partial, file, done: false })
    }

    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes at a place; threads may write disjoint places at once.
    pub fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()> {
        spend(bytes.len()).at(&self.target)?;
        write_all_at(&self.file, at, bytes).at(&self.target)
    }

    /// Syncs and renames.
    pub fn finish(mut self) -> Result<PathBuf> {
        self.file.sync_all().at(&self.target)?;
        std::fs::rename(&self.partial, &self.target).at(&self.target)?;
        self.done = true;
        Ok(self.target.clone())
    }
}

#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, at: u64, bytes: &[u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut at: u64, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        at += n as u64;
        bytes = &bytes[n..];
    }
    Ok(())
}

impl std::io::Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        spend(bytes.len())?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl std::io::Read for Staged {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(bytes)
    }
}

impl std::io::Seek for Staged {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// `.NAME.PROCESS.ENDING` beside a target.
fn hidden(target: &Path, process: u32, ending: &str) -> PathBuf {
    folder_of(target).join(format!("{}{process}.{ending}", hidden_start(target)))
}

fn hidden_start(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // A name may be 255 bytes: keep room for the ending.
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!(".{}.", &name[..end])
}

/// A message as users may read it: what is made under `.NAME.12.isovox-partial` is named `NAME`.
pub fn visible(text: &str) -> String {
    let ending = format!(".{PARTIAL}");
    let mut out = String::new();
    let mut rest = text;
    while let Some(end) = rest.find(&ending) {
        let start = rest[..end].rfind(['/', '\\', ' ', '"']).map_or(0, |i| i + 1);
        let hidden = &rest[start..end];
        out.push_str(&rest[..start]);
        let name = hidden.strip_prefix('.').unwrap_or(hidden);
        out.push_str(name.rsplit_once('.').map_or(name, |(name, _process)| name));
        rest = &rest[end + ending.len()..];
    }
    out.push_str(rest);
    out
}

/// Refuses what cannot be written or is there already; what killed runs left is put right before.
fn begin(target: &Path, force: bool) -> Result<()> {
    if target.file_name().is_none() {
        return Err(Error::parameter("not a name that can be written").within(target));
    }
    let folder = folder_of(target);
    if !folder.is_dir() {
        return Err(Error::not_found("no such folder").help("make it first").within(folder));
    }
    tidy(target, folder);
    if !force && target.symlink_metadata().is_ok() {
        return Err(Error::new(Kind::Io, "already exists").help("give --force to replace it, or another name").within(target));
    }
    Ok(())
}

/// Removes what killed runs to the same target left; a finished folder that one had moved away comes back.
fn tidy(target: &Path, folder: &Path) {
    let start = hidden_start(target);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(left) = entry.file_name().into_string() else { continue };
        let Some((process, ending)) = left.strip_prefix(&start).and_then(|s| s.split_once('.')) else { continue };
        let dead = process.parse::<u32>().is_ok_and(|p| p != std::process::id() && !Path::new(&format!("/proc/{p}")).exists());
        let _ = match ending {
            BEFORE if dead && target.symlink_metadata().is_err() => std::fs::rename(entry.path(), target),
            PARTIAL | BEFORE if dead => std::fs::remove_file(entry.path()).or_else(|_| std::fs::remove_dir_all(entry.path())),
            _ => Ok(()),
        };
    }
}

/// A folder being filled beside its target; dropping it leaves nothing.
pub(crate) struct StagedFolder {
    target: PathBuf,
    partial: PathBuf,
}

impl StagedFolder {
    /// Begins a folder; an existing target is refused unless `force`.
    pub(crate) fn create(target: &Path, force: bool) -> Result<StagedFolder> {
        begin(target, force)?;
        let partial = hidden(target, std::process::id(), PARTIAL);
        std::fs::create_dir(&partial).at(target)?;
        Ok(StagedFolder { target: target.to_path_buf(), partial })
    }

    /// Where it will be.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where a file is written until the folder is finished.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Syncs everything and moves it into place; what was there goes once the new folder is.
    pub(crate) fn finish(self, stop: &Stop) -> Result<PathBuf> {
        sync(&self.partial, stop).map_err(|e| e.within(&self.target))?;
        let before = hidden(&self.target, std::process::id(), BEFORE);
        let replaced = self.target.symlink_metadata().is_ok();
        if replaced {
            std::fs::rename(&self.target, &before).at(&self.target)?;
        }
        if let Err(error) = std::fs::rename(&self.partial, &self.target) {
            if replaced {
                std::fs::rename(&before, &self.target).at(&before)?;
            }
            return Err(error).at(&self.target);
        }
        if replaced {
            std::fs::remove_dir_all(&before).at(&before)?;
        }
        Ok(self.target.clone())
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.partial);
    }
}

/// Syncs the files of a folder and of those below it, and the folders where the system can.
fn sync(folder: &Path, stop: &Stop) -> Result<()> {
    for entry in std::fs::read_dir(folder).at(folder)? {
        stop.check()?;
        let entry = entry.at(folder)?;
        if entry.file_type().at(folder)?.is_dir() {
            sync(&entry.path(), stop)?;
        } else {
            // Some systems sync only what is open for writing.
            File::options().append(true).open(entry.path()).and_then(|file| file.sync_all()).at(folder)?;
        }
    }
    if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()).at(folder) } else { Ok(()) }
}

/// Writes a file inside a folder that is itself staged.
pub fn write_staged(path: &Path, bytes: &[u8]) -> Result<()> {
    spend(bytes.len()).at(path)?;
    std::fs::write(path, bytes).at(path)
}

/// Writes a whole small file.
pub fn write_file(target: &Path, force: bool, bytes: &[u8]) -> Result<PathBuf> {
    let staged = Staged::create(target, force)?;
    staged.write_at(0, bytes)?;
    staged.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_target() {
        assert_eq!(visible("a/.out.4711.isovox-partial/labels.png: full"), "a/out/labels.png: full");
        assert_eq!(visible("\".s2.12-0.isovox-partial/s_001.png\""), "\"s2/s_001.png\"");
        assert_eq!(visible("rock 7.tif: cut off"), "rock 7.tif: cut off");
        assert_eq!(visible(&hidden(Path::new("m.mha"), 12, PARTIAL).display().to_string()), "./m.mha");
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_killed_runs_left_goes_and_a_folder_moved_away_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.zarr");
        // No process has this number.
        let left = |ending: &str| hidden(&target, u32::MAX, ending);
        for made in [left(PARTIAL), left(BEFORE), hidden(&target, std::process::id(), BEFORE), folder.path().join(".a.zarr.b.1.isovox-partial")] {
            std::fs::create_dir_all(made.join("c")).unwrap();
        }
        std::fs::write(hidden(&target, u32::MAX - 1, PARTIAL), "x").unwrap();
        // What came back is not replaced unasked.
        assert!(StagedFolder::create(&target, false).is_err());
        assert_eq!(names(folder.path()), [format!(".a.zarr.{}.{BEFORE}", std::process::id()), ".a.zarr.b.1.isovox-partial".into(), "a.zarr".into()]);
        assert!(target.join("c").is_dir());
    }

    #[test]
    fn a_folder_is_replaced_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.zarr");
        for text in ["1", "2"] {
            let staged = StagedFolder::create(&target, true).unwrap();
            std::fs::create_dir(staged.path("c")).unwrap();
            write_staged(&staged.path("c/0"), text.as_bytes()).unwrap();
            staged.finish(&Stop::default()).unwrap();
            assert_eq!((names(folder.path()), std::fs::read_to_string(target.join("c/0")).unwrap().as_str()), (vec!["a.zarr".to_string()], text));
        }
        let lost = StagedFolder::create(&target, true).unwrap();
        std::fs::remove_dir_all(&lost.partial).unwrap();
        assert!(lost.finish(&Stop::default()).is_err());
        assert_eq!((names(folder.path()), names(&target.join("c"))), (vec!["a.zarr".to_string()], vec!["0".to_string()]));
    }
}
