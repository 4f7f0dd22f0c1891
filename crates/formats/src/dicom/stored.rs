//! How an image's pixels are stored, and its frames as planes of stored values.
//!
//! What lies before this is bytes; what comes behind sees values of one type and need not know how they were packed.

use std::sync::OnceLock;

use isovox_volume::{Error, Result, Type};

use super::codec::{Codec, Layout};
use super::colour::{self, Space};
use super::fields::Fields;
use super::frames::{self, Extended, Fragments};
use super::lut::{Modality, Palette};
use super::wire::{EXPLICIT, Head, MOST_INFLATED, Pixels};
use crate::input::Input;

/// Bytes of a compressed frame that need no more bytes in the file: a black one shrinks to nothing.
const UNEXPLAINED: u64 = 256 << 20;

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
        if !matches!(self.allocated, 1 | 8 | 16 | 32) {
            return Err(Error::unsupported("bits allocated").found(self.allocated).expected("1, 8, 16 or 32"));
        }
        if self.stored == 0 || self.high >= self.allocated || self.stored > self.high + 1 {
            let found = format_args!("{} bits up to bit {} of {}", self.stored, self.high, self.allocated);
            return Err(Error::corrupt("bits stored").found(found));
        }
        Ok(())
    }

    /// In a stream of a precision: the values of a narrower one fill its bits alone, sign and all.
    fn within(self, precision: Option<u16>) -> Bits {
        match precision {
            Some(bits) if bits <= self.stored => Bits { stored: bits.max(1), high: bits.max(1) - 1, ..self },
            _ => self,
        }
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
    /// Whether samples lie plane by plane.
    pub(super) planar: bool,
    pub(super) bits: Bits,
    /// UID of the transfer syntax.
    pub(super) syntax: String,
    pub(super) pixels: Pixels,
    pub(super) extended: Extended,
    /// Colours of a `PALETTE COLOR` image; those of a segmentation stay numbers.
    pub(super) palette: Option<Result<Palette>>,
    pub(super) modality: Option<Result<Modality>>,
    /// `PixelPaddingValue` and `PixelPaddingRangeLimit`, the lower first: stored values that are no measurement.
    pub(super) padding: Option<[i64; 2]>,
    pub(super) dose: Option<Dose>,
    /// `SmallestImagePixelValue` and `LargestImagePixelValue`.
    pub(super) extremes: [Option<i64>; 2],
    /// What was set right to read it.
    pub(super) repair: Option<String>,
    fragments: OnceLock<Result<Fragments>>,
}

/// How a dose grid's stored values become doses (PS3.3 C.8.8.3).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dose {
    /// `DoseGridScaling`.
    pub(super) scaling: f64,
    /// `DoseUnits`: `Gy`, or a word of the writer's.
    pub(super) unit: String,
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
pub(super) struct Scratch {
    raw: Vec<u8>,
    apart: Vec<u8>,
    samples: Vec<u8>,
}

impl Stored {
    /// As a header says.
    pub(super) fn of(head: &Head, input: &Input, pixels: Pixels) -> Stored {
        let fields = head.fields();
        let number = |element| fields.word(0x0028, element).unwrap_or(0);
        let stored = number(0x0101);
        let signed = number(0x0103) == 1;
        // Their representation follows that of the pixels (PS3.6: US or SS).
        let value = |element| fields.word(0x0028, element).map(|v| if signed { i64::from(v as i16) } else { i64::from(v) });
        let photometric = fields.text(0x0028, 0x0004);
        let segments = fields.text(0x0008, 0x0060) == "SEG";
        let colours = photometric == "PALETTE COLOR" && !segments;
        let (frames, repair) = frames(&fields);
        let (syntax, raw) = syntax(head, &pixels);
        Stored {
            input: input.clone(),
            rows: usize::from(number(0x0010)),
            columns: usize::from(number(0x0011)),
            samples: fields.word(0x0028, 0x0002).map_or(1, usize::from),
            frames,
            palette: colours.then(|| Palette::of(&fields, signed)),
            photometric,
            planar: number(0x0006) == 1,
            bits: Bits { allocated: number(0x0100), stored, high: fields.word(0x0028, 0x0102).unwrap_or(stored.saturating_sub(1)), signed },
            syntax,
            extended: Extended::of(&fields),
            pixels,
            modality: Modality::of(&fields, signed),
            // Of a label map it is the background.
            padding: value(0x0120).filter(|_| !segments).map(|v| [v, value(0x0121).unwrap_or(v)]).map(|[a, b]| [a.min(b), a.max(b)]),
            dose: fields.number(0x3004, 0x000E).map(|scaling| Dose { scaling, unit: fields.text(0x3004, 0x0002).replace("GY", "Gy") }),
            extremes: [value(0x0106), value(0x0107)],
            repair: raw.or(repair),
            fragments: OnceLock::new(),
        }
    }

    /// How a frame's samples are decoded.
    pub(super) fn layout(&self) -> Layout {
        let bits = match self.pixels.tag.1 {
            0x0008 => 32,
            0x0009 => 64,
            _ => usize::from(self.bits.allocated),
        };
        Layout { rows: self.rows, columns: self.columns, samples: self.samples, word: bits.div_ceil(8), bits, planar: self.planar }
    }

    /// Whether pairs of pixels share their chroma as they are stored; streams of JPEG are taken apart by their decoder.
    pub(super) fn shares_chroma(&self) -> bool {
        self.photometric == "YBR_FULL_422" && self.codec() == Some(Codec::Native)
    }

    /// Whether its pixels are neither compressed nor deflated.
    pub(super) fn is_native(&self) -> bool {
        self.codec() == Some(Codec::Native) && self.pixels.deflated.is_none()
    }

    fn codec(&self) -> Option<Codec> {
        Codec::of(&self.syntax)
    }

    /// Whether values are colours.
    fn coloured(&self) -> bool {
        self.samples == 3 || self.palette.is_some()
    }

    /// The type of its samples.
    fn sample(&self) -> Type {
        match (self.pixels.tag.1, self.bits.allocated, self.bits.signed) {
            (0x0008, ..) => Type::F32,
            (0x0009, ..) => Type::F64,
            (_, 0..=8, false) => Type::U8,
            (_, 0..=8, true) => Type::I8,
            (_, 9..=16, false) => Type::U16,
            (_, 9..=16, true) => Type::I16,
            (_, _, false) => Type::U32,
            (_, _, true) => Type::I32,
        }
    }

    /// The type of its values as [`Stored::decode`] gives them.
    pub(super) fn voxel(&self) -> Type {
        if self.coloured() { Type::Rgb8 } else { self.sample() }
    }

    /// Bytes of a decoded frame.
    pub(super) fn frame_bytes(&self) -> usize {
        self.rows * self.columns * self.voxel().bytes()
    }

    /// Bytes that decoding a frame takes beside it, at most.
    pub(super) fn working_bytes(&self) -> usize {
        // A library's own words of 4 bytes, twice, beside the samples and the stream.
        self.layout().bytes().saturating_add((self.layout().pixels() * self.samples).saturating_mul(12))
    }

    /// Refuses pixels that are not read, by name, and those that the file does not hold.
    pub(super) fn check(&self) -> Result<()> {
        self.checked().map_err(|e| e.within(self.input.path()))
    }

    fn checked(&self) -> Result<()> {
        let refused = |what: &str, found: &str| Err(Error::unsupported(what).found(found).help("convert it with another program, such as gdcmconv --raw"));
        let Some(codec) = self.codec() else { return refused("compressed DICOM pixels", &super::syntax_name(&self.syntax)) };
        if self.rows == 0 || self.columns == 0 || self.frames == 0 {
            return Err(Error::corrupt("size").found(format_args!("{} rows of {}, {} frames", self.rows, self.columns, self.frames)));
        }
        let known = match self.samples {
            1 => matches!(self.photometric.as_str(), "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR" | ""),
            3 => Space::of(&self.photometric).is_some(),
            _ => false,
        };
        if !known || self.shares_chroma() && (!self.columns.is_multiple_of(2) || self.bits.allocated != 8) {
            return refused("DICOM pixels", &format!("{} ({} samples of {} bits)", self.photometric, self.samples, self.bits.allocated));
        }
        if self.coloured() && !matches!((self.samples, self.bits.allocated), (_, 8 | 16) | (3, 32)) {
            return refused("DICOM colours", &format!("{} bits allocated", self.bits.allocated));
        }
        if let Some(Err(error)) = &self.palette {
            return Err(error.clone());
        }
        if let Some(Err(error)) = &self.modality {
            return Err(error.clone());
        }
        if self.sample().is_float() {
            if codec != Codec::Native || self.coloured() {
                return refused("DICOM pixels", "floating point, compressed or coloured");
            }
        } else {
            self.bits.check()?;
        }
        if codec == Codec::Native {
            return frames::check_native(self);
        }
        let explained = UNEXPLAINED.saturating_add(self.input.len().saturating_mul(MOST_INFLATED));
        if self.layout().bytes() as u64 > explained {
            return Err(Error::corrupt("size").found(format_args!("frames of {} bytes in a file of {}", self.layout().bytes(), self.input.len())));
        }
        self.fragments(codec).map(|_| ())
    }

    fn fragments(&self, codec: Codec) -> Result<&Fragments> {
        self.fragments.get_or_init(|| Fragments::find(self, codec)).as_ref().map_err(Clone::clone)
    }

    /// Decodes a frame of what [`Stored::check`] let pass: `rows` x `columns` values of [`Stored::voxel`], in the machine's
    /// byte order, each word's own bits alone.
    pub(super) fn decode(&self, frame: usize, scratch: &mut Scratch, out: &mut [u8]) -> Result<()> {
        if !self.coloured() {
            return self.samples(frame, scratch, out).map_err(|e| e.within(self.input.path()));
        }
        let mut samples = std::mem::take(&mut scratch.samples);
        samples.resize(self.layout().bytes(), 0);
        let done = self.samples(frame, scratch, &mut samples).map(|()| self.coloured_into(&samples, out));
        scratch.samples = samples;
        done.map_err(|e| e.within(self.input.path()))
    }

    /// Samples of a frame beside each other, of no colour yet.
    pub(super) fn samples(&self, frame: usize, scratch: &mut Scratch, out: &mut [u8]) -> Result<()> {
        let codec = self.codec().ok_or_else(|| Error::unsupported(super::syntax_name(&self.syntax)))?;
        let Scratch { raw, apart, .. } = scratch;
        let mut layout = self.layout();
        if codec == Codec::Native {
            frames::native(self, frame, raw)?;
        } else {
            frames::compressed(self, self.fragments(codec)?, frame, raw)?;
        }
        if self.shares_chroma() {
            colour::apart(raw, apart);
            std::mem::swap(raw, apart);
            layout.planar = false;
        }
        let precision = codec.decode(raw, layout, apart, out)?;
        if !self.sample().is_float() {
            own_bits(self.bits.within(precision), out);
        }
        Ok(())
    }

    fn coloured_into(&self, samples: &[u8], out: &mut [u8]) {
        let colours = out.as_chunks_mut::<3>().0.iter_mut();
        if let Some(Ok(palette)) = &self.palette {
            let stored = |word: &[u8]| match self.sample() {
                Type::U8 => i64::from(word[0]),
                Type::I8 => i64::from(word[0] as i8),
                Type::I16 => i64::from(i16::from_ne_bytes([word[0], word[1]])),
                _ => i64::from(u16::from_ne_bytes([word[0], word[1]])),
            };
            samples.chunks_exact(self.sample().bytes()).zip(colours).for_each(|(word, colour)| *colour = palette.at(stored(word)));
            return;
        }
        let (word, space) = (self.sample().bytes(), Space::of(&self.photometric).unwrap_or(Space::Rgb));
        let down = u32::from(self.bits.stored.max(8) - 8);
        let high = |word: &[u8]| match *word {
            [byte] => byte,
            [a, b] => (u16::from_ne_bytes([a, b]) >> down) as u8,
            [a, b, c, d] => (u32::from_ne_bytes([a, b, c, d]) >> down) as u8,
            _ => 0,
        };
        for (pixel, colour) in samples.chunks_exact(3 * word).zip(colours) {
            *colour = space.rgb([high(&pixel[..word]), high(&pixel[word..2 * word]), high(&pixel[2 * word..])]);
        }
    }

    /// What is to be said of how its values are read.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.photometric == "MONOCHROME1" {
            notes.push("MONOCHROME1: the least value is meant to be shown white; values stay as they are".into());
        }
        if self.coloured() && self.samples == 3 && self.bits.stored > 8 {
            notes.push(format!("colours of {} bits: the highest 8 are kept", self.bits.stored));
        }
        notes
    }
}

/// `NumberOfFrames`, and what was set right.
fn frames(fields: &Fields) -> (usize, Option<String>) {
    let text = fields.text(0x0028, 0x0008);
    match text.split('\\').next().unwrap_or_default().trim().parse() {
        Ok(frames) => (frames, None),
        Err(_) if text.is_empty() => (1, None),
        Err(_) => (1, Some(format!("NumberOfFrames is {text:?}: read as one frame"))),
    }
}

/// The syntax of the pixels: what has a length and is so long as it would be without compression is not compressed.
fn syntax(head: &Head, pixels: &Pixels) -> (String, Option<String>) {
    if pixels.length.is_some() && Codec::of(&head.syntax) != Some(Codec::Native) {
        let repair = format!("it names the transfer syntax {} and its pixels lie there uncompressed: read as they are", head.syntax);
        return (EXPLICIT.into(), Some(repair));
    }
    (head.syntax.clone(), None)
}

/// Clears bits that are not a word's own and extends signs.
fn own_bits(bits: Bits, words: &mut [u8]) {
    let up = u32::from(bits.allocated - 1 - bits.high);
    let down = u32::from(bits.allocated - bits.stored);
    if down == 0 || bits.allocated < 8 {
        return;
    }
    match (bits.allocated, bits.signed) {
        (8, false) => each(words, |[b]| [(b << up) >> down]),
        (8, true) => each(words, |[b]| [(((b << up) as i8) >> down) as u8]),
        (16, false) => each(words, |b| ((u16::from_ne_bytes(b) << up) >> down).to_ne_bytes()),
        (16, true) => each(words, |b| ((i16::from_ne_bytes(b) << up) >> down).to_ne_bytes()),
        (_, false) => each(words, |b| ((u32::from_ne_bytes(b) << up) >> down).to_ne_bytes()),
        (_, true) => each(words, |b| ((i32::from_ne_bytes(b) << up) >> down).to_ne_bytes()),
    }
}

fn each<const N: usize>(words: &mut [u8], number: impl Fn([u8; N]) -> [u8; N]) {
    words.as_chunks_mut().0.iter_mut().for_each(|word| *word = number(*word));
}
