//! Writing `.npy` in place and `.npz` as a stream; C order, little-endian, version 1 headers. Neither has room for
//! provenance.

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use isovox_volume::error::At;
use isovox_volume::{Error, Header, Result, Run, Sink, Stop, Type};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::header::MAGIC;
use crate::format::Target;
use crate::staged::Staged;
use crate::stored::StoredSink;

/// The entry of a `.npz` that holds the volume: `numpy.load(name)['volume']`.
const ENTRY: &str = "volume.npy";

/// Entries of this size need ZIP64's fields, which are written before the size of the deflated bytes is known.
const LARGE: usize = 0xf000_0000;

pub(super) fn npy(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    let data = Staged::create(&target.path, target.force)?;
    Ok(Box::new(StoredSink::new(data, &head(header), header, Vec::new())?))
}

/// The header of `[frames?, z, y, x]`, padded with blanks to a multiple of 64 bytes as `NumPy` pads it.
pub(super) fn head(header: &Header) -> Vec<u8> {
    let [z, y, x] = header.shape;
    let frames = if header.frames.count > 1 { format!("{}, ", header.frames.count) } else { String::new() };
    let text = format!("{{'descr': {}, 'fortran_order': False, 'shape': ({frames}{z}, {y}, {x}), }}", descr(header.voxel));
    let all = (MAGIC.len() + 4 + text.len() + 1).next_multiple_of(64);
    let length = (all - MAGIC.len() - 4) as u16;
    let mut bytes = [MAGIC, &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat();
    bytes.resize(all - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// Masks stay `u8`: the array has the volume's type.
fn descr(voxel: Type) -> &'static str {
    match voxel {
        Type::U8 => "'|u1'",
        Type::I8 => "'|i1'",
        Type::U16 => "'<u2'",
        Type::I16 => "'<i2'",
        Type::U32 => "'<u4'",
        Type::I32 => "'<i4'",
        Type::U64 => "'<u8'",
        Type::I64 => "'<i8'",
        Type::F32 => "'<f4'",
        Type::F64 => "'<f8'",
        Type::Rgb8 => "[('R', '|u1'), ('G', '|u1'), ('B', '|u1')]",
    }
}

pub(super) fn npz(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    let staged = Staged::create(&target.path, target.force)?;
    let mut archive = ZipWriter::new(staged);
    // No time: two runs give equal files.
    let options =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated).last_modified_time(zip::DateTime::default()).large_file(header.bytes() >= LARGE);
    archive.start_file(ENTRY, options).map_err(std::io::Error::from).at(&target.path)?;
    archive.write_all(&head(header)).at(&target.path)?;
    Ok(Box::new(Entry { archive: Mutex::new(archive), target: target.path.clone(), stop: Stop::default() }))
}

/// The planes of one entry being deflated, in order.
struct Entry {
    archive: Mutex<ZipWriter<Staged>>,
    target: PathBuf,
    stop: Stop,
}

impl Sink for Entry {
    fn ordered(&self) -> bool {
        true
    }

    fn watch(&mut self, run: &Run) {
        self.stop = run.stop();
    }

    fn write(&self, _frame: usize, _z: Range<usize>, bytes: &[u8]) -> Result<()> {
        if cfg!(target_endian = "big") {
            return Err(Error::unsupported("writing on a big-endian machine"));
        }
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        self.stop.parts(bytes, |part| archive.write_all(part).at(&self.target))
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        let archive = self.archive.into_inner().unwrap_or_else(PoisonError::into_inner);
        let staged = archive.finish().map_err(std::io::Error::from).at(&self.target)?;
        Ok(vec![staged.finish()?])
    }
}
