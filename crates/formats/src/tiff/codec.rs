//! One chunk's bytes to samples. The `tiff` crate has the codecs, predictors and byte orders; it is given each chunk as
//! an image of its own, so that what it does with whole pages (one plane of several, inverted white, limits) cannot matter.

use std::io::Cursor;

use isovox_volume::{Error, Result};
use tiff::decoder::{Decoder, Limits};

use super::ifd::Bytes;
use super::page::{Coding, Picture, Sample, greatest_ratio};

/// Rows of a chunk as they come out of the codec.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Bytes of a row.
    pub(super) bytes: usize,
    /// How many.
    pub(super) count: usize,
    samples: usize,
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

const TAGS: usize = 11;
const HEAD: usize = 8 + 2 + TAGS * 12 + 4;

/// Decodes one chunk into `out`, native-endian; bit depths that fill no byte stay packed, the first value in the highest bits.
pub(super) fn decode(bytes: &Bytes, picture: &Picture, coding: &Coding, rows: Rows, place: (u64, u64), raw: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<()> {
    let (offset, mut count) = place;
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
    raw.clear();
    head(raw, bytes.big, picture, coding, rows, count as u32);
    raw.resize(HEAD + count as usize, 0);
    bytes.input.read_at(offset, &mut raw[HEAD..])?;
    if coding.lowest_first {
        raw[HEAD..].iter_mut().for_each(|b| *b = b.reverse_bits());
    }
    out.resize(rows.all(), 0);
    let read = |raw: &[u8], out: &mut [u8]| Decoder::new(Cursor::new(raw))?.with_limits(Limits::unlimited()).read_chunk_bytes(0, out);
    read(raw, out).map_err(|e| named(Error::corrupt(format_args!("TIFF chunk at byte {offset}: {e}"))))
}

/// A TIFF header and directory for one strip behind it.
fn head(raw: &mut Vec<u8>, big: bool, picture: &Picture, coding: &Coding, rows: Rows, count: u32) {
    let whole = picture.bits.is_multiple_of(8) && picture.bits != 24;
    let format = match picture.sample {
        Sample::Uint => 1,
        Sample::Int => 2,
        Sample::Float => 3,
    };
    // Odd depths go through as bytes.
    let (width, bits, samples, format) = if whole { (coding.chunk[0] as u32, u32::from(picture.bits), rows.samples as u32, format) } else { (rows.bytes as u32, 8, 1, 1) };
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
