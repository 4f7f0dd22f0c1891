//! Writing slices: all in a hidden folder beside, renamed into place when the last is there.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_volume::error::At;
use isovox_volume::{Error, Header, Kind, Result, Sink};
use serde_json::{Value, json};

use super::{PROVENANCE, png};
use crate::format::Target;
use crate::staged::{Staged, write_file};
use crate::tiff;

/// The key of the provenance that lists what was made.
pub const FILES: &str = "files";

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
    provenance: Option<String>,
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
        Ok(Folder { target: folder.to_path_buf(), hidden, force: target.force, provenance: target.provenance.clone() })
    }

    /// Renames everything into place; with force, slices that an earlier and longer run made go.
    fn finish(&self, names: &Names, slices: usize) -> Result<()> {
        let target = &self.target;
        let new: Vec<String> = (0..slices).map(|z| names.of(z)).collect();
        self.tell(&new)?;
        if target.exists() && std::fs::read_dir(target).at(target)?.next().is_none() {
            std::fs::remove_dir(target).at(target)?;
        }
        if !target.exists() {
            return std::fs::rename(&self.hidden, target).at(target);
        }
        if !self.force {
            return Err(Error::new(Kind::Io, "the folder was filled meanwhile").help("give another name").within(target));
        }
        let old = made_before(target);
        for entry in std::fs::read_dir(&self.hidden).at(target)? {
            let entry = entry.at(target)?;
            std::fs::rename(entry.path(), target.join(entry.file_name())).at(target)?;
        }
        let new: HashSet<String> = new.into_iter().collect();
        for name in old.iter().filter(|name| names.fits(name) && !new.contains(*name)) {
            let path = target.join(name);
            std::fs::remove_file(&path).at(&path)?;
        }
        Ok(())
    }

    /// Writes the provenance with what was made, so that the next run knows what it may remove.
    fn tell(&self, new: &[String]) -> Result<()> {
        let Some(text) = &self.provenance else { return Ok(()) };
        let made: Vec<PathBuf> = new.iter().map(|name| self.hidden.join(name)).collect();
        let told = match serde_json::from_str(text) {
            Ok(Value::Object(mut told)) => {
                told.insert(FILES.into(), listed(&made)?);
                Value::Object(told).to_string()
            }
            _ => text.clone(),
        };
        write_file(&self.hidden.join(PROVENANCE), false, told.as_bytes()).map(|_| ())
    }
}

/// Names and lengths of files, as the provenance of their folder lists them.
pub fn listed(files: &[PathBuf]) -> Result<Value> {
    let entry = |file: &PathBuf| Ok(json!({"name": file.file_name().unwrap_or_default().to_string_lossy(), "bytes": file.metadata().at(file)?.len()}));
    files.iter().map(entry).collect()
}

/// The files of a folder that its provenance lists and that are as long as it says: whoever changed one made it his.
fn made_before(folder: &Path) -> Vec<String> {
    let told: Value = std::fs::read(folder.join(PROVENANCE)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let entry = |entry: &Value| {
        let (name, bytes) = (entry["name"].as_str()?, entry["bytes"].as_u64()?);
        let found = folder.join(name).symlink_metadata().ok()?;
        (found.is_file() && found.len() == bytes).then(|| name.into())
    };
    told[FILES].as_array().into_iter().flatten().filter_map(entry).collect()
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
