//! One chunk's bytes to samples. LZW and deflate are unpacked here; other codecs are the `tiff` crate's, which is given each chunk
//! as an image of its own, so that what it does with whole pages (one plane of several, inverted white, limits) cannot matter.

use std::io::{Cursor, Read};

use isovox_deflate::{Container, Decoder};
use isovox_volume::{Error, Result};
use tiff::decoder::Limits;

use super::ahead::Ahead;
use super::ifd::Bytes;
use super::lzw::Lzw;
use super::page::{Coding, Picture, Sample, greatest_ratio};
use super::predictor;

/// Rows of a chunk as they come out of the codec.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Bytes of a row.
    pub(super) bytes: usize,
    /// How many.
    pub(super) count: usize,
    /// Values of a pixel.
    pub(super) samples: usize,
}

impl Rows {
    /// Rows of a chunk of so many; `None` when their bytes cannot be counted.
    pub(super) fn new(picture: &Picture, coding: &Coding, count: usize) -> Option<Rows> {
        let samples = if coding.separate { 1 } else { picture.samples };
        let bits = coding.chunk[0].checked_mul(samples)?.checked_mul(picture.bits as usize)?;
        let rows = Rows { bytes: bits.div_ceil(8), count, samples };
        rows.bytes.checked_mul(count).filter(|&n| u32::try_from(n).is_ok())?;
        Some(rows)
    }

    /// Bytes in all.
    pub(super) fn all(&self) -> usize {
        self.bytes * self.count
    }
}

/// `Compression` of what this crate unpacks by itself.
const LZW: u16 = 5;
/// As Adobe registered it, and as it was written before.
const DEFLATE: [u16; 2] = [8, 32946];
/// `Predictor` of floats.
const FLOATS: u16 = 3;
const TAGS: usize = 11;
const HEAD: usize = 8 + 2 + TAGS * 12 + 4;

/// Buffers and tables of one cursor.
#[derive(Default)]
pub(super) struct Codec {
    ahead: Ahead,
    raw: Vec<u8>,
    lzw: Option<Lzw>,
    deflate: Option<Decoder<Cursor<Vec<u8>>>>,
    unpacked: Vec<u8>,
}

impl Codec {
    /// Decodes the first of some chunks (place, length) into `out`, native-endian; bit depths that fill no byte stay packed,
    /// the first value in the highest bits. The chunks after it may be read with it.
    pub(super) fn decode(&mut self, bytes: &Bytes, picture: &Picture, coding: &Coding, rows: Rows, chunks: &[(u64, u64)], out: &mut Vec<u8>) -> Result<()> {
        let Some((&(offset, mut count), next)) = chunks.split_first() else { return Ok(()) };
        let need = rows.all() as u64;
        if coding.compression == 1 {
            // More bytes than rows need are padding.
            count = count.min(need);
        }
        let named = |e: Error| e.help("the file is cut off or damaged; copy it again").within(bytes.input.path());
        if count.saturating_mul(greatest_ratio(coding.compression)) < need {
            return Err(named(Error::corrupt("TIFF chunk").found(format_args!("{count} bytes")).expected(format_args!("enough for {need}"))));
        }
        if offset.checked_add(count).is_none_or(|end| end > bytes.input.len()) || count > u64::from(u32::MAX) - HEAD as u64 {
            return Err(named(
                Error::corrupt("TIFF chunk").found(format_args!("{count} bytes at byte {offset}")).expected(format_args!("within the file's {} bytes", bytes.input.len())),
            ));
        }
        self.raw.clear();
        let ours = coding.compression == LZW || DEFLATE.contains(&coding.compression);
        if !ours {
            head(&mut self.raw, bytes.big, picture, coding, rows, count as u32);
        }
        let from = self.raw.len();
        self.ahead.append(&bytes.input, (offset, count), next, &mut self.raw)?;
        if coding.lowest_first {
            self.raw[from..].iter_mut().for_each(|b| *b = b.reverse_bits());
        }
        out.resize(rows.all(), 0);
        let done = if ours { self.unpack(bytes.big, picture, coding, rows, out) } else { read(&self.raw, out) };
        done.map_err(|e| named(Error::corrupt(format_args!("TIFF chunk at byte {offset}: {e}"))))
    }

    fn unpack(&mut self, big: bool, picture: &Picture, coding: &Coding, rows: Rows, out: &mut [u8]) -> Done {
        let unpacked = if coding.compression == LZW { self.lzw.get_or_insert_default().unpack(&self.raw, rows.all())? } else { self.inflate(rows.all())? };
        if coding.predictor == FLOATS {
            let mut raw = Vec::with_capacity(HEAD + unpacked.len());
            head(&mut raw, big, picture, &Coding { compression: 1, ..*coding }, rows, unpacked.len() as u32);
            raw.extend_from_slice(unpacked);
            return read(&raw, out);
        }
        let width = if whole(picture) { picture.bits as usize / 8 } else { 1 };
        predictor::undo(unpacked, rows, width, coding.predictor == 2, big, out);
        Ok(())
    }

    fn inflate(&mut self, need: usize) -> std::io::Result<&[u8]> {
        let packed = Cursor::new(std::mem::take(&mut self.raw));
        let decoder = self.deflate.get_or_insert_with(|| Decoder::new(Cursor::default(), Container::Zlib));
        decoder.restart(packed);
        self.unpacked.resize(need, 0);
        let done = decoder.read_exact(&mut self.unpacked);
        self.raw = decoder.restart(Cursor::default()).into_inner();
        done.map(|()| &self.unpacked[..])
    }
}

type Done = std::result::Result<(), Box<dyn std::error::Error>>;

fn read(raw: &[u8], out: &mut [u8]) -> Done {
    Ok(tiff::decoder::Decoder::new(Cursor::new(raw))?.with_limits(Limits::unlimited()).read_chunk_bytes(0, out)?)
}

/// Whether a value is one of the crate's types; others go through as bytes.
fn whole(picture: &Picture) -> bool {
    matches!(picture.bits, 8 | 16 | 32 | 64)
}

/// A TIFF header and directory for one strip behind it.
fn head(raw: &mut Vec<u8>, big: bool, picture: &Picture, coding: &Coding, rows: Rows, count: u32) {
    let format = match picture.sample {
        Sample::Uint => 1,
        Sample::Int => 2,
        Sample::Float => 3,
    };
    let (width, bits, samples, format) = if whole(picture) { (coding.chunk[0] as u32, u32::from(picture.bits), rows.samples as u32, format) } else { (rows.bytes as u32, 8, 1, 1) };
    let tags: [(u16, u16, u32); TAGS] = [
        (256, 4, width),
        (257, 4, rows.count as u32),
        (258, 3, bits),
        (259, 3, u32::from(coding.compression)),
        (262, 3, 1),
        (273, 4, HEAD as u32),
        (277, 3, samples),
        (278, 4, rows.count as u32),
        (279, 4, count),
        (317, 3, u32::from(coding.predictor)),
        (339, 3, format),
    ];
    let short = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let long = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    raw.extend(if big { b"MM" } else { b"II" });
    raw.extend(short(42));
    raw.extend(long(8));
    raw.extend(short(TAGS as u16));
    for (tag, kind, value) in tags {
        raw.extend(short(tag));
        raw.extend(short(kind));
        raw.extend(long(1));
        if kind == 3 {
            raw.extend(short(value as u16));
            raw.extend([0, 0]);
        } else {
            raw.extend(long(value));
        }
    }
    raw.extend([0; 4]);
}
