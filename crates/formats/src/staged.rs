//! Files that are whole or absent: written beside, synced, renamed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use isovox_volume::error::At;
use isovox_volume::{Error, Kind, Result};

/// Ending of files being written; what a killed run leaves is removed by the next run to the same target.
const PARTIAL: &str = "isovox-partial";

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
        if !force && target.symlink_metadata().is_ok() {
            return Err(Error::new(Kind::Io, "already exists").help("give --force to replace it, or another name").within(target));
        }
        if target.is_dir() {
            return Err(Error::new(Kind::Io, "is a folder").help("name a file").within(target));
        }
        let name = target.file_name().ok_or_else(|| Error::parameter("not a file name").within(target))?.to_string_lossy().into_owned();
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(Error::not_found("no such folder").help("make it first").within(folder));
        }
        remove_left_over(folder, &name);
        let partial = folder.join(partial_name(&name, std::process::id()));
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

fn partial_name(name: &str, process: u32) -> String {
    // A name may be 255 bytes: keep room for the ending.
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!(".{}.{process}.{PARTIAL}", &name[..end])
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

fn remove_left_over(folder: &Path, name: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(left) = entry.file_name().into_string() else { continue };
        let Some(process) = left.strip_suffix(&format!(".{PARTIAL}")).and_then(|s| s.rsplit_once('.')?.1.parse::<u32>().ok()) else { continue };
        let alive = process == std::process::id() || Path::new(&format!("/proc/{process}")).exists();
        if left == partial_name(name, process) && !alive {
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
        assert_eq!(visible(&partial_name("m.mha", 12)), "m.mha");
    }
}
