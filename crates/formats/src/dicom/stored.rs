//! How an image's pixels are stored, and its frames as planes of stored values.
//!
//! What lies before this is bytes; what comes behind sees numbers of one type and need not know how they were packed.

use isovox_volume::{Error, Result, Type};

use super::wire::{EXPLICIT, Head, IMPLICIT, Pixels};
use crate::input::Input;

/// How a stored value lies in its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    pub(super) allocated: u16,
    pub(super) stored: u16,
    /// The highest bit that belongs to it.
    pub(super) high: u16,
    pub(super) signed: bool,
}

impl Bits {
    /// The least and the greatest stored value.
    pub(super) fn range(self) -> [f64; 2] {
        let span = (1u64 << self.stored) as f64;
        if self.signed { [-span / 2.0, span / 2.0 - 1.0] } else { [0.0, span - 1.0] }
    }

    fn check(self) -> Result<()> {
        if !matches!(self.allocated, 8 | 16 | 32) {
            return Err(Error::unsupported("bits allocated").found(self.allocated).expected("8, 16 or 32"));
        }
        if self.stored == 0 || self.high >= self.allocated || self.stored > self.high + 1 {
            let found = format_args!("{} bits up to bit {} of {}", self.stored, self.high, self.allocated);
            return Err(Error::corrupt("bits stored").found(found));
        }
        Ok(())
    }
}

/// The pixels of a file, as its header says that they are stored; all frames alike (PS3.3 C.7.6.3).
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) input: Input,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Samples of a pixel: 1, or 3 for colours.
    pub(super) samples: usize,
    /// `NumberOfFrames`; 1 where it is not stated.
    pub(super) frames: usize,
    pub(super) photometric: String,
    pub(super) bits: Bits,
    /// UID of the transfer syntax.
    pub(super) syntax: String,
    pub(super) pixels: Pixels,
}

/// A rectangle of a frame, as the tiles of a mosaic are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Memory that decoding takes, kept from frame to frame by one thread.
#[derive(Default)]
pub(super) struct Scratch {}

impl Stored {
    /// As a header says.
    pub(super) fn of(head: &Head, input: &Input, pixels: Pixels) -> Stored {
        let number = |element| head.word(0x0028, element).unwrap_or(0);
        let stored = number(0x0101);
        Stored {
            input: input.clone(),
            rows: usize::from(number(0x0010)),
            columns: usize::from(number(0x0011)),
            samples: head.word(0x0028, 0x0002).map_or(1, usize::from),
            frames: head.text(0x0028, 0x0008).split('\\').next().and_then(|t| t.trim().parse().ok()).unwrap_or(1),
            photometric: head.text(0x0028, 0x0004),
            bits: Bits { allocated: number(0x0100), stored, high: head.word(0x0028, 0x0102).unwrap_or(stored.saturating_sub(1)), signed: number(0x0103) == 1 },
            syntax: head.syntax.clone(),
            pixels,
        }
    }

    /// The type of its values as [`Stored::decode`] gives them.
    pub(super) fn voxel(&self) -> Type {
        match (self.bits.allocated, self.bits.signed) {
            (0..=8, false) => Type::U8,
            (0..=8, true) => Type::I8,
            (9..=16, false) => Type::U16,
            (9..=16, true) => Type::I16,
            (_, false) => Type::U32,
            (_, true) => Type::I32,
        }
    }

    /// Bytes of a decoded frame.
    pub(super) fn frame_bytes(&self) -> usize {
        self.rows * self.columns * self.voxel().bytes()
    }

    /// Refuses pixels that are not read, by name, and those that the file does not hold.
    pub(super) fn check(&self) -> Result<()> {
        self.checked().map_err(|e| e.within(self.input.path()))
    }

    fn checked(&self) -> Result<()> {
        let refused = |what: &str, found: &str| Err(Error::unsupported(what).found(found).help("convert it with another program, such as gdcmconv --raw"));
        if self.syntax != IMPLICIT && self.syntax != EXPLICIT {
            return refused("compressed DICOM pixels", &super::syntax_name(&self.syntax));
        }
        if self.samples != 1 || !matches!(self.photometric.as_str(), "MONOCHROME1" | "MONOCHROME2" | "") {
            return refused("DICOM pixels", &format!("{} ({} samples)", self.photometric, self.samples));
        }
        if self.pixels.tag.1 != 0x0010 {
            return refused("DICOM pixels", "floating point");
        }
        if self.rows == 0 || self.columns == 0 || self.frames == 0 {
            return Err(Error::corrupt("size").found(format_args!("{} rows of {}, {} frames", self.rows, self.columns, self.frames)));
        }
        self.bits.check()?;
        let need = (self.frame_bytes() as u64).saturating_mul(self.frames as u64);
        let left = self.input.len().saturating_sub(self.pixels.offset);
        let there = self.pixels.length.unwrap_or(0).min(left);
        if there < need {
            return Err(Error::corrupt("pixels").found(format_args!("{there} bytes")).expected(need).help("the file is cut off or its header is wrong; copy it again"));
        }
        Ok(())
    }

    /// Decodes a frame of what [`Stored::check`] let pass: `rows` x `columns` values of [`Stored::voxel`], in the machine's
    /// byte order, each word's own bits alone.
    pub(super) fn decode(&self, frame: usize, _scratch: &mut Scratch, out: &mut [u8]) -> Result<()> {
        self.input.read_at(self.pixels.offset + frame as u64 * self.frame_bytes() as u64, out)?;
        own_bits(self.bits, out);
        Ok(())
    }
}

/// Turns little-endian words into numbers: bits that are not a word's own are cleared, signs are extended.
fn own_bits(bits: Bits, words: &mut [u8]) {
    let up = u32::from(bits.allocated - 1 - bits.high);
    let down = u32::from(bits.allocated - bits.stored);
    if down == 0 && (cfg!(target_endian = "little") || bits.allocated == 8) {
        return;
    }
    match (bits.allocated, bits.signed) {
        (8, false) => each(words, |[b]| [(b << up) >> down]),
        (8, true) => each(words, |[b]| [(((b << up) as i8) >> down) as u8]),
        (16, false) => each(words, |b| ((u16::from_le_bytes(b) << up) >> down).to_ne_bytes()),
        (16, true) => each(words, |b| ((i16::from_le_bytes(b) << up) >> down).to_ne_bytes()),
        (_, false) => each(words, |b| ((u32::from_le_bytes(b) << up) >> down).to_ne_bytes()),
        (_, true) => each(words, |b| ((i32::from_le_bytes(b) << up) >> down).to_ne_bytes()),
    }
}

fn each<const N: usize>(words: &mut [u8], number: impl Fn([u8; N]) -> [u8; N]) {
    words.as_chunks_mut().0.iter_mut().for_each(|word| *word = number(*word));
}
