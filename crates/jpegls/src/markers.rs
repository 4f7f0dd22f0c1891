//! Marker segments (T.87, annex C; T.81, annex B).

use std::ops::Range;

use crate::transform::Transform;
use crate::{Error, Info, Result};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DRI: u8 = 0xDD;
const SOF_55: u8 = 0xF7;
const LSE: u8 = 0xF8;
const APP_8: u8 = 0xE8;

/// The most components that are decoded.
const MOST: usize = 4;

/// Which samples follow each other in a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interleave {
    None,
    Line,
    Sample,
}

/// Parameters of the coding that an LSE segment may set; 0 is the default of each.
#[derive(Clone, Copy, Default)]
pub(crate) struct Preset {
    pub(crate) greatest: i32,
    pub(crate) thresholds: [i32; 3],
    pub(crate) reset: i32,
}

/// A scan's header and what holds for it.
pub(crate) struct Scan {
    first: usize,
    count: usize,
    pub(crate) near: i32,
    pub(crate) interleave: Interleave,
    pub(crate) preset: Preset,
    /// Lines between restarts; 0 without any.
    pub(crate) restart: usize,
}

impl Scan {
    /// Places of its components in a pixel.
    pub(crate) fn components(&self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    preset: Preset,
    restart: usize,
    /// Of colours, for the whole image.
    pub(crate) transform: Transform,
    /// Identifiers of the frame's components.
    names: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Reader<'a>> {
        match bytes {
            [0xFF, SOI, ..] => Ok(Reader { bytes, at: 2, preset: Preset::default(), restart: 0, transform: Transform::None, names: Vec::new() }),
            _ => Err(Error::Corrupt("no start of an image")),
        }
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    /// The next marker and what its segment holds.
    fn segment(&mut self) -> Result<(u8, &'a [u8])> {
        while self.rest().first() == Some(&0xFF) && self.rest().get(1) == Some(&0xFF) {
            self.at += 1;
        }
        let [0xFF, marker, ref rest @ ..] = *self.rest() else { return Err(if self.rest().len() < 2 { Error::CutOff } else { Error::Corrupt("no marker where one must be") }) };
        if marker == EOI || (0xD0..=SOI).contains(&marker) {
            return Err(Error::Corrupt("its end before its scans"));
        }
        let length = rest.first_chunk().map(|b| usize::from(u16::from_be_bytes(*b))).ok_or(Error::CutOff)?;
        let held = rest.get(2..length.max(2)).ok_or(Error::CutOff)?;
        self.at += 2 + length.max(2);
        Ok((marker, held))
    }

    /// Up to the frame header.
    pub(crate) fn frame(&mut self) -> Result<Info> {
        loop {
            match self.segment()? {
                (SOF_55, held) => return self.frame_header(held),
                (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, _) => return Err(Error::Unsupported("another kind of JPEG")),
                other => self.other(other)?,
            }
        }
    }

    fn frame_header(&mut self, held: &[u8]) -> Result<Info> {
        let [bits, y0, y1, x0, x1, count, names @ ..] = held else { return Err(Error::CutOff) };
        let info = Info {
            width: usize::from(u16::from_be_bytes([*x0, *x1])),
            height: usize::from(u16::from_be_bytes([*y0, *y1])),
            components: usize::from(*count),
            bits: u32::from(*bits),
        };
        if !(2..=16).contains(&info.bits) {
            return Err(Error::Corrupt("a precision that is not 2 to 16 bits"));
        }
        if info.width == 0 || info.height == 0 {
            return Err(Error::Unsupported("a size that the frame header does not say"));
        }
        if info.components == 0 || info.components > MOST {
            return Err(Error::Unsupported("a number of components that is not 1 to 4"));
        }
        self.names = names.chunks_exact(3).map(|c| c[0]).collect();
        if self.names.len() != info.components {
            return Err(Error::CutOff);
        }
        if names.chunks_exact(3).any(|c| c[1] != 0x11) {
            return Err(Error::Unsupported("a subsampled component"));
        }
        Ok(info)
    }

    /// Up to the bits of the next scan.
    pub(crate) fn scan(&mut self, info: Info) -> Result<Scan> {
        loop {
            match self.segment()? {
                (SOS, held) => return self.scan_header(held, info),
                (SOF_55, _) => return Err(Error::Corrupt("two frame headers")),
                other => self.other(other)?,
            }
        }
    }

    fn scan_header(&self, held: &[u8], info: Info) -> Result<Scan> {
        let (&count, rest) = held.split_first().ok_or(Error::CutOff)?;
        let count = usize::from(count);
        let (chosen, rest) = rest.split_at_checked(2 * count).ok_or(Error::CutOff)?;
        let [near, interleave, point, ..] = *rest else { return Err(Error::CutOff) };
        if chosen.chunks_exact(2).any(|c| c[1] != 0) {
            return Err(Error::Unsupported("a mapping table"));
        }
        if point & 0x0F != 0 {
            return Err(Error::Unsupported("a point transform"));
        }
        let first = chosen.first().and_then(|name| self.names.iter().position(|n| n == name)).ok_or(Error::Corrupt("a scan of no component"))?;
        let in_order = self.names.get(first..first + count).is_some_and(|names| names.iter().eq(chosen.iter().step_by(2)));
        if !in_order {
            return Err(Error::Corrupt("a scan of components that are not the frame's"));
        }
        let interleave = match interleave {
            0 if count == 1 => Interleave::None,
            1 => Interleave::Line,
            2 => Interleave::Sample,
            _ => return Err(Error::Corrupt("an interleave mode that is not 0 to 2")),
        };
        let mut preset = self.preset;
        if preset.greatest == 0 {
            preset.greatest = (1 << info.bits) - 1;
        }
        let near = i32::from(near);
        if near > (preset.greatest / 2).min(255) || preset.greatest >= 1 << info.bits {
            return Err(Error::Corrupt("a NEAR or MAXVAL beyond the samples"));
        }
        Ok(Scan { first, count, near, interleave, preset: preset.complete(near)?, restart: self.restart })
    }

    fn other(&mut self, (marker, held): (u8, &[u8])) -> Result<()> {
        match (marker, held) {
            (DRI, [a, b]) => self.restart = usize::from(u16::from_be_bytes([*a, *b])),
            (DRI, [a, b, c]) => self.restart = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap_or(0),
            (DRI, [a, b, c, d]) => self.restart = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(0),
            (LSE, [1, rest @ ..]) => self.preset = Preset::read(rest)?,
            (LSE, [2 | 3, ..]) => return Err(Error::Unsupported("a mapping table")),
            (LSE, _) => return Err(Error::Unsupported("a size over 16 bits")),
            (APP_8, [b'm', b'r', b'f', b'x', transform, ..]) => self.transform = Transform::of(*transform)?,
            _ => {}
        }
        Ok(())
    }
}

impl Preset {
    fn read(held: &[u8]) -> Result<Preset> {
        let word = |i: usize| held.get(2 * i..2 * i + 2).map(|b| i32::from(u16::from_be_bytes([b[0], b[1]]))).ok_or(Error::CutOff);
        Ok(Preset { greatest: word(0)?, thresholds: [word(1)?, word(2)?, word(3)?], reset: word(4)? })
    }

    /// With the defaults of C.2.4.1.1 where nothing is set.
    fn complete(self, near: i32) -> Result<Preset> {
        let greatest = self.greatest;
        let clamp = |value: i32, low: i32| if value > greatest || value < low { low } else { value };
        let basic = if greatest >= 128 {
            let factor = (greatest.min(4095) + 128) / 256;
            [factor + 2 + 3 * near, 4 * factor + 3 + 5 * near, 17 * factor + 4 + 7 * near]
        } else {
            let factor = 256 / (greatest + 1);
            [(3 / factor + 3 * near).max(2), (7 / factor + 5 * near).max(3), (21 / factor + 7 * near).max(4)]
        };
        let mut thresholds = self.thresholds;
        let mut low = near + 1;
        for (threshold, basic) in thresholds.iter_mut().zip(basic) {
            if *threshold == 0 {
                *threshold = clamp(basic, low);
            }
            if *threshold < low || *threshold > greatest.max(low) {
                return Err(Error::Corrupt("thresholds that do not ascend"));
            }
            low = *threshold;
        }
        let reset = if self.reset == 0 { 64 } else { self.reset };
        if reset < 3 || reset > greatest.max(255) {
            return Err(Error::Corrupt("a RESET beyond its range"));
        }
        Ok(Preset { greatest, thresholds, reset })
    }
}
