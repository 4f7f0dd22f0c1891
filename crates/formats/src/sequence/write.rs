//! Writing slices: all in a hidden folder beside, renamed into place when the last is there.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_volume::error::At;
use isovox_volume::{Error, Header, Kind, Result, Sink};

use super::png;
use crate::format::Target;
use crate::staged::{Staged, write_file};
use crate::tiff;

/// Begins a sequence, or one PNG of a single plane.
pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    let name = target.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if header.frames.count > 1 {
        return Err(Error::unsupported("slices of several frames")
            .found(header.frames.count)
            .expected("one")
            .help("choose one with --frame N, or write .tif")
            .within(&target.path));
    }
    let names = Names::parse(&name, header).map_err(|e| e.within(&target.path))?;
    if names.png {
        png::holds(header.voxel).map_err(|e| e.within(&target.path))?;
    }
    if names.digits == 0 {
        return Ok(Box::new(Single { staged: Staged::create(&target.path, target.force)?, header: header.clone(), png: names.png }));
    }
    let folder = Folder::begin(target)?;
    if let Some(provenance) = &target.provenance {
        write_file(&folder.hidden.join("provenance.json"), false, provenance.as_bytes())?;
    }
    Ok(Box::new(SlicesSink { folder, names, header: header.clone(), written: AtomicUsize::new(0) }))
}

/// Names of slices: `before0000after`.
struct Names {
    before: String,
    digits: usize,
    after: String,
    png: bool,
}

impl Names {
    fn parse(name: &str, header: &Header) -> Result<Names> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
        let png = ending == "png";
        if !png && !matches!(ending.as_str(), "tif" | "tiff") {
            return Err(Error::parameter(format_args!("writing slices as {name:?}")).expected("DIR/slice_####.tif or .png").help("JPEG changes values; BMP holds 8 bits"));
        }
        let digits = name.matches('#').count();
        let run = "#".repeat(digits);
        let Some((before, after)) = name.split_once(&run) else {
            return Err(Error::parameter(format_args!("slices named {name:?}")).expected("one run of #").help("for example DIR/slice_####.tif"));
        };
        if digits == 0 && header.nz() > 1 {
            return Err(Error::unsupported("one picture").found(format_args!("{} planes", header.nz())).expected("1").help("name a sequence, for example DIR/slice_####.png"));
        }
        if digits > 0 && (header.nz() - 1).to_string().len() > digits {
            return Err(Error::parameter(format_args!("{} slices named {name:?}", header.nz()))
                .found(format_args!("{digits} digits"))
                .expected((header.nz() - 1).to_string().len())
                .help("write more #"));
        }
        Ok(Names { before: before.into(), digits, after: after.into(), png })
    }

    fn of(&self, z: usize) -> String {
        format!("{}{z:0width$}{}", self.before, self.after, width = self.digits)
    }

    /// Whether a name is one of this pattern.
    fn fits(&self, name: &str) -> bool {
        let number = name.strip_prefix(&self.before).and_then(|n| n.strip_suffix(&self.after));
        number.is_some_and(|n| n.len() == self.digits && n.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// The bytes of one slice's file.
fn encode(header: &Header, png: bool, plane: &[u8]) -> Result<Vec<u8>> {
    if cfg!(target_endian = "big") {
        return Err(Error::unsupported("writing on a big-endian machine"));
    }
    if png { png::write(header, plane) } else { tiff::picture(header, plane) }
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// The folder of slices, and the hidden one beside where they are made; dropping it leaves nothing.
struct Folder {
    target: PathBuf,
    hidden: PathBuf,
    force: bool,
}

impl Folder {
    fn begin(target: &Target) -> Result<Folder> {
        let missing = || Error::parameter("slices need a folder").help("for example DIR/slice_####.tif").within(&target.path);
        let folder = target.path.parent().filter(|p| p.file_name().is_some()).ok_or_else(missing)?;
        let beside = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !beside.is_dir() {
            return Err(Error::not_found("no such folder").help("make it first").within(beside));
        }
        if folder.symlink_metadata().is_ok() && !folder.is_dir() {
            return Err(Error::new(Kind::Io, "is not a folder").help("name a folder").within(folder));
        }
        let full = folder.is_dir() && std::fs::read_dir(folder).at(folder)?.next().is_some();
        if full && !target.force {
            return Err(Error::new(Kind::Io, "the folder is not empty").help("give --force to replace its slices, or another name").within(folder));
        }
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let start: String = name.chars().take(50).collect();
        remove_left_over(beside, &start);
        // Two sequences of one process may have names that begin alike.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let hidden = beside.join(format!(".{start}.{}-{number}.isovox-partial", std::process::id()));
        std::fs::create_dir(&hidden).at(folder)?;
        Ok(Folder { target: folder.to_path_buf(), hidden, force: target.force })
    }

    /// Renames everything into place; with force, slices of an earlier and longer run go.
    fn finish(&self, names: &Names, slices: usize) -> Result<()> {
        let target = &self.target;
        if !target.exists() {
            return std::fs::rename(&self.hidden, target).at(target);
        }
        let entries: Vec<PathBuf> = std::fs::read_dir(target).at(target)?.flatten().map(|e| e.path()).collect();
        if entries.is_empty() {
            std::fs::remove_dir(target).at(target)?;
            return std::fs::rename(&self.hidden, target).at(target);
        }
        if !self.force {
            return Err(Error::new(Kind::Io, "the folder was filled meanwhile").help("give another name").within(target));
        }
        let new: std::collections::HashSet<String> = (0..slices).map(|z| names.of(z)).collect();
        for entry in std::fs::read_dir(&self.hidden).at(target)? {
            let entry = entry.at(target)?;
            std::fs::rename(entry.path(), target.join(entry.file_name())).at(target)?;
        }
        for old in entries {
            let name = old.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if names.fits(&name) && !new.contains(&name) {
                std::fs::remove_file(&old).at(&old)?;
            }
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.hidden);
    }
}

/// Removes what killed runs to the same folder have left.
fn remove_left_over(beside: &Path, start: &str) {
    for entry in std::fs::read_dir(beside).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let process = name.strip_prefix(&format!(".{start}.")).and_then(|n| n.strip_suffix(".isovox-partial")).and_then(|n| n.split_once('-')?.0.parse::<u32>().ok());
        if process.is_some_and(|p| !Path::new(&format!("/proc/{p}")).exists()) && entry.path().is_dir() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

struct SlicesSink {
    folder: Folder,
    names: Names,
    header: Header,
    written: AtomicUsize,
}

impl Sink for SlicesSink {
    fn ordered(&self) -> bool {
        false
    }

    fn write(&self, _frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()> {
        for (z, plane) in z.zip(bytes.chunks_exact(self.header.plane_bytes())) {
            let file = encode(&self.header, self.names.png, plane)?;
            write_file(&self.folder.hidden.join(self.names.of(z)), true, &file).map_err(|e| e.within(&self.folder.target))?;
            self.written.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        let (written, slices) = (self.written.load(Ordering::Relaxed), self.header.nz());
        if written < slices {
            return Err(Error::new(Kind::Io, "slices were not all written").found(written).expected(slices).within(&self.folder.target));
        }
        self.folder.finish(&self.names, slices)?;
        Ok((0..slices).map(|z| self.folder.target.join(self.names.of(z))).collect())
    }
}

/// One picture.
struct Single {
    staged: Staged,
    header: Header,
    png: bool,
}

impl Sink for Single {
    fn ordered(&self) -> bool {
        false
    }

    fn write(&self, _frame: usize, _z: Range<usize>, bytes: &[u8]) -> Result<()> {
        self.staged.write_at(0, &encode(&self.header, self.png, bytes)?)
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        Ok(vec![self.staged.finish()?])
    }
}
