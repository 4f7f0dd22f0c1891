//! Bytes of entries: stored ones are read in place, deflated ones are inflated when more than their beginning is wanted.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::input::{ReadAt, Reader, read_exact_at};
use crate::staged::write_all_at;

/// Bytes of an entry's beginning that are had without the rest: enough to know a format and to read most headers, and
/// little enough to keep for thousands of slices.
const BEGINNING: u64 = 4 << 10;

/// Bytes that all inflated entries of an archive may hold in memory; more go to a temporary file.
pub(super) const IN_MEMORY: u64 = 64 << 20;

/// Bytes that are inflated at a time.
const STEP: usize = 1 << 18;

/// A stretch of the archive.
#[derive(Clone)]
pub(super) struct Within {
    archive: Arc<dyn ReadAt>,
    from: u64,
    len: u64,
}

impl Within {
    /// `len` bytes from byte `from`, which the archive has.
    pub(super) fn new(archive: Arc<dyn ReadAt>, from: u64, len: u64) -> Within {
        Within { archive, from, len }
    }

    fn inflate(&self) -> impl Read + use<> {
        DeflateDecoder::new(Reader::new(self.archive.clone(), self.from).take(self.len))
    }
}

impl ReadAt for Within {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<()> {
        if at.checked_add(out.len() as u64).is_none_or(|end| end > self.len) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.archive.read_at(self.from + at, out)
    }
}

/// Where an archive's entries are inflated to: memory first, then one unlinked file for all.
pub(super) struct Inflated {
    temp: PathBuf,
    in_memory: u64,
    room: Mutex<Room>,
}

#[derive(Default)]
struct Room {
    memory: u64,
    file: Option<Arc<File>>,
    end: u64,
}

impl Inflated {
    /// Nothing yet; `in_memory` bytes at most stay in memory, the rest goes to a file in `temp`.
    pub(super) fn new(temp: PathBuf, in_memory: u64) -> Inflated {
        Inflated { temp, in_memory, room: Mutex::default() }
    }

    /// Room for so many bytes.
    fn reserve(&self, size: u64) -> Result<Whole> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        if size <= self.in_memory - room.memory {
            room.memory += size;
            return Ok(Whole::Memory(Vec::with_capacity(size as usize)));
        }
        let file = match &room.file {
            Some(file) => file.clone(),
            None => room.file.insert(Arc::new(tempfile::tempfile_in(&self.temp)?)).clone(),
        };
        let at = room.end;
        room.end += size;
        Ok(Whole::OnDisk(file, at))
    }
}

/// An inflated entry.
enum Whole {
    Memory(Vec<u8>),
    OnDisk(Arc<File>, u64),
}

impl Whole {
    fn put(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        match self {
            Whole::Memory(all) => {
                all.extend_from_slice(bytes);
                Ok(())
            }
            Whole::OnDisk(file, from) => write_all_at(file, *from + at, bytes),
        }
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<()> {
        match self {
            Whole::Memory(all) => all.read_at(at, out),
            Whole::OnDisk(file, from) => read_exact_at(file, *from + at, out),
        }
    }
}

/// What a first reader found, kept for the later ones.
type Kept<T> = OnceLock<std::result::Result<T, (ErrorKind, String)>>;

fn kept<T>(slot: &Kept<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    let made = slot.get_or_init(|| make().map_err(|e| (e.kind(), e.to_string())));
    made.as_ref().map_err(|(kind, text)| Error::new(*kind, text.clone()))
}

/// A deflated entry.
pub(super) struct Deflated {
    name: String,
    packed: Within,
    size: u64,
    crc: u32,
    inflated: Arc<Inflated>,
    beginning: Kept<Vec<u8>>,
    whole: Kept<Whole>,
}

impl Deflated {
    /// `size` is what the directory claims and `packed` can give; both it and the CRC-32 are checked while inflating.
    pub(super) fn new(name: &str, packed: Within, size: u64, crc: u32, inflated: Arc<Inflated>) -> Deflated {
        Deflated { name: name.into(), packed, size, crc, inflated, beginning: OnceLock::new(), whole: OnceLock::new() }
    }

    fn broken(&self, what: &str) -> Error {
        Error::new(ErrorKind::InvalidData, format!("{:?} in the archive: {what}", self.name))
    }

    fn damaged(&self, error: &Error) -> Error {
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => self.broken("the deflated bytes are damaged or end early"),
            kind => Error::new(kind, error.to_string()),
        }
    }

    fn begin(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; BEGINNING.min(self.size) as usize];
        self.packed.inflate().read_exact(&mut bytes).map_err(|e| self.damaged(&e))?;
        Ok(bytes)
    }

    fn inflate(&self) -> Result<Whole> {
        let mut reader = self.packed.inflate();
        let mut whole = self.inflated.reserve(self.size)?;
        let (mut crc, mut at, mut step) = (Crc::new(), 0, vec![0; STEP]);
        while at < self.size {
            let part = &mut step[..(self.size - at).min(STEP as u64) as usize];
            reader.read_exact(part).map_err(|e| self.damaged(&e))?;
            crc.update(part);
            whole.put(at, part)?;
            at += part.len() as u64;
        }
        if reader.read(&mut step[..1]).map_err(|e| self.damaged(&e))? > 0 {
            return Err(self.broken("more bytes than the archive says"));
        }
        if crc.sum() != self.crc {
            return Err(self.broken("the checksum does not fit"));
        }
        Ok(whole)
    }
}

impl ReadAt for Deflated {
    fn len(&self) -> u64 {
        self.size
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<()> {
        let end = at.checked_add(out.len() as u64).filter(|&end| end <= self.size).ok_or(ErrorKind::UnexpectedEof)?;
        if end <= BEGINNING && self.size > BEGINNING && self.whole.get().is_none() {
            let bytes = kept(&self.beginning, || self.begin())?;
            return bytes.read_at(at, out);
        }
        kept(&self.whole, || self.inflate())?.read_at(at, out)
    }
}
