//! What an archive holds: names that stay inside it, sizes that its bytes can give.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use isovox_volume::{Error, Result};
use zip::{CompressionMethod, ZipArchive};

use super::bytes::{Deflated, IN_MEMORY, Inflated, Within};
use crate::input::{Archive, Input, ReadAt};

/// Deflate cannot expand further than this: an entry that claims more lies.
const GREATEST_RATIO: u64 = 1032;

/// One file of the archive.
#[derive(Clone)]
pub(super) struct Entry {
    name: String,
    /// Where its bytes begin in the archive, and how many there are.
    from: u64,
    packed: u64,
    /// How many they are once inflated, and their CRC-32.
    size: u64,
    crc: u32,
    method: CompressionMethod,
    encrypted: bool,
}

/// The files of an archive.
pub(crate) struct Directory {
    input: Input,
    entries: Vec<Entry>,
    /// Where in `entries` a name stands.
    places: BTreeMap<String, usize>,
    skipped: Vec<String>,
    inflated: Arc<Inflated>,
}

impl Directory {
    /// Reads the central directory and checks every claim in it. `temp` is where large entries are inflated to.
    ///
    /// Refused: a broken directory, names that leave the archive or stand twice, entries that overlap.
    pub(crate) fn open(input: &Input, temp: Option<PathBuf>) -> Result<Directory> {
        let broken = |e: &dyn std::fmt::Display| Error::corrupt(format_args!("ZIP archive: {e}")).help("the file is cut off or damaged; copy it again");
        let mut archive = ZipArchive::new(BufReader::new(input.reader(0))).map_err(|e| broken(&e))?;
        let (mut entries, mut skipped, mut places) = (Vec::new(), Vec::new(), BTreeMap::new());
        for index in 0..archive.len() {
            let Some(entry) = entry(&mut archive, index).map_err(|e| broken(&e))? else { continue };
            inside(&entry.name)?;
            if places.insert(entry.name.clone(), entries.len()).is_some() {
                return Err(Error::corrupt(format_args!("ZIP archive: {:?} stands in it twice", entry.name)));
            }
            if junk(&entry.name) { skipped.push(entry.name) } else { entries.push(entry) }
        }
        let packed = entries.iter().try_fold(0u64, |sum, e| sum.checked_add(e.packed));
        if packed.is_none_or(|sum| sum > input.len()) {
            return Err(Error::corrupt("ZIP archive: entries that overlap")
                .found(format_args!("more packed bytes than the {} of the file", input.len()))
                .help("such archives are made to fill disks; this one is not opened"));
        }
        let temp = temp.unwrap_or_else(std::env::temp_dir);
        Ok(Directory { input: input.clone(), entries, places, skipped, inflated: Arc::new(Inflated::new(temp, IN_MEMORY)) })
    }

    /// Names of system files that are never part of a scan.
    pub(crate) fn skipped(&self) -> &[String] {
        &self.skipped
    }

    fn bytes(&self, entry: &Entry) -> Result<Arc<dyn ReadAt>> {
        let refuse = |what: &str| Error::unsupported(format_args!("{:?} in the archive is {what}", entry.name)).help("unpack the archive and open the folder");
        if entry.encrypted {
            return Err(refuse("encrypted"));
        }
        if entry.from.checked_add(entry.packed).is_none_or(|end| end > self.input.len()) {
            return Err(Error::corrupt(format_args!("{:?} in the archive", entry.name))
                .found(format_args!("an archive of {} bytes", self.input.len()))
                .expected(format_args!("{} packed bytes from byte {}", entry.packed, entry.from)));
        }
        let within = Within::new(self.input.shared(), entry.from, entry.packed);
        match entry.method {
            CompressionMethod::Stored if entry.packed == entry.size => Ok(Arc::new(within)),
            CompressionMethod::Deflated if entry.size <= entry.packed.saturating_mul(GREATEST_RATIO) => {
                Ok(Arc::new(Deflated::new(&entry.name, within, entry.size, entry.crc, self.inflated.clone())))
            }
            CompressionMethod::Stored | CompressionMethod::Deflated => Err(Error::corrupt(format_args!("{:?} in the archive", entry.name))
                .found(format_args!("{} packed bytes", entry.packed))
                .expected(format_args!("enough for the {} bytes it claims", entry.size))
                .help("the archive is damaged, or made to fill disks; it is not unpacked")),
            other => Err(refuse(&format!("compressed by {other}"))),
        }
    }
}

impl Archive for Directory {
    fn names(&self) -> Vec<String> {
        self.entries.iter().map(|e| e.name.clone()).collect()
    }

    fn entry(self: Arc<Self>, name: &str) -> Result<Input> {
        let place = self.places.get(name).and_then(|&at| self.entries.get(at)).filter(|e| e.name == name);
        let entry = place.ok_or_else(|| Error::not_found(format_args!("{name:?} in the archive")).within(self.input.path()))?;
        let bytes = self.bytes(entry).map_err(|e| e.within(self.input.path()))?;
        let path = self.input.path().to_path_buf();
        Ok(Input::entry(name, &path, self.clone(), bytes))
    }
}

/// `None` for folders.
fn entry<R: Read + Seek>(archive: &mut ZipArchive<R>, index: usize) -> zip::result::ZipResult<Option<Entry>> {
    let file = archive.by_index_raw(index)?;
    if file.is_dir() {
        return Ok(None);
    }
    // Archives made on Windows may hold backslashes between folders.
    let name = file.name()?.replace('\\', "/");
    let from = file.data_start().unwrap_or(u64::MAX);
    Ok(Some(Entry { name, from, packed: file.compressed_size(), size: file.size(), crc: file.crc32(), method: file.compression(), encrypted: file.encrypted() }))
}

/// Refuses names that would leave the folder they are unpacked to. Nothing is unpacked by name here, but such an archive
/// was made to do harm, and its other entries deserve no trust.
fn inside(name: &str) -> Result<()> {
    let leaves = name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") || name.as_bytes().get(1) == Some(&b':');
    if leaves || name.is_empty() || Path::new(name).is_absolute() {
        return Err(Error::corrupt(format_args!("ZIP archive: the entry name {name:?} leaves the archive")).help("do not unpack it; ask for a clean copy"));
    }
    Ok(())
}

/// Files that systems leave in folders.
fn junk(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let hidden = base.starts_with('.') && !base.starts_with(".z");
    hidden || name.split('/').any(|part| part == "__MACOSX") || ["thumbs.db", "desktop.ini"].contains(&base.to_lowercase().as_str())
}
