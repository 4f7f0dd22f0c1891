//! Planes of a series as a source: each read from its file and rescaled when it is asked for.

use std::ops::Range;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Header, Result, Run, Slab, Source, Type};

use super::slice::{Bits, Slice};
use super::values::Rescale;
use super::wire::{EXPLICIT, IMPLICIT};
use crate::input::Input;

/// Refuses pixels that are not read yet, by name, and those that the file does not hold.
pub(super) fn check(slice: &Slice) -> Result<()> {
    let path = slice.input.path();
    let refused = |what: &str, found: &str| Err(Error::unsupported(what).found(found).help("convert it with another program, such as gdcmconv --raw").within(path));
    if slice.syntax != IMPLICIT && slice.syntax != EXPLICIT {
        return refused("compressed DICOM pixels", &super::syntax_name(&slice.syntax));
    }
    if let Some(beyond) = slice.beyond {
        return refused("this DICOM image", beyond);
    }
    if slice.frames != 1 {
        return refused("a multi-frame DICOM image", &format!("{} frames", slice.frames));
    }
    if slice.samples != 1 || !matches!(slice.photometric.as_str(), "MONOCHROME1" | "MONOCHROME2" | "") {
        return refused("DICOM pixels", &format!("{} ({} samples)", slice.photometric, slice.samples));
    }
    if slice.pixels.tag.1 != 0x0010 {
        return refused("DICOM pixels", "floating point");
    }
    if slice.rows == 0 || slice.columns == 0 {
        return Err(Error::corrupt("size").found(format_args!("{} rows of {}", slice.rows, slice.columns)).within(path));
    }
    let need = slice.rows as u64 * slice.columns as u64 * u64::from(slice.bits.allocated / 8);
    let left = slice.input.len().saturating_sub(slice.pixels.offset);
    let there = slice.pixels.length.unwrap_or(0).min(left);
    if there < need {
        return Err(Error::corrupt("pixels").found(format_args!("{there} bytes")).expected(need).help("the file is cut off or its header is wrong; copy it again").within(path));
    }
    Ok(())
}

struct Plane {
    input: Input,
    offset: u64,
    rescale: Rescale,
}

/// A series as a source.
pub(super) struct Planes {
    header: Header,
    planes: Vec<Plane>,
}

impl Planes {
    /// Slices in order, frame by frame, that [`check`] let pass.
    pub(super) fn new(header: Header, slices: Vec<Slice>, rescales: Vec<Rescale>) -> Planes {
        let planes = slices.into_iter().zip(rescales).map(|(s, rescale)| Plane { offset: s.pixels.offset, input: s.input, rescale }).collect();
        Planes { header, planes }
    }

    fn read(&self, first: usize, raw: &mut Vec<u8>, out: &mut [u8]) -> Result<()> {
        let voxels = self.header.plane();
        for (plane, out) in self.planes[first..].iter().zip(out.chunks_exact_mut(self.header.plane_bytes())) {
            raw.resize(voxels * usize::from(plane.rescale.bits.allocated / 8), 0);
            plane.input.read_at(plane.offset, raw)?;
            plane.decode(raw, self.header.voxel, out)?;
        }
        Ok(())
    }
}

impl Plane {
    fn decode(&self, raw: &[u8], voxel: Type, out: &mut [u8]) -> Result<()> {
        let Bits { allocated, signed, .. } = self.rescale.bits;
        match (allocated, signed) {
            (8, false) => self.spread(raw, voxel, out, |[b]: [u8; 1], up, down| i64::from((b << up) >> down)),
            (8, true) => self.spread(raw, voxel, out, |[b]: [u8; 1], up, down| i64::from(((b << up) as i8) >> down)),
            (16, false) => self.spread(raw, voxel, out, |b: [u8; 2], up, down| i64::from((u16::from_le_bytes(b) << up) >> down)),
            (16, true) => self.spread(raw, voxel, out, |b: [u8; 2], up, down| i64::from((i16::from_le_bytes(b) << up) >> down)),
            (_, false) => self.spread(raw, voxel, out, |b: [u8; 4], up, down| i64::from((u32::from_le_bytes(b) << up) >> down)),
            (_, true) => self.spread(raw, voxel, out, |b: [u8; 4], up, down| i64::from((i32::from_le_bytes(b) << up) >> down)),
        }
    }

    /// Takes each word's own bits and rescales them: `stored` gets a word and the shifts that clear what is not its own.
    fn spread<const N: usize>(&self, raw: &[u8], voxel: Type, out: &mut [u8], stored: impl Fn([u8; N], u32, u32) -> i64) -> Result<()> {
        let Rescale { bits, slope, intercept } = self.rescale;
        let up = u32::from(bits.allocated - 1 - bits.high);
        let down = u32::from(bits.allocated - bits.stored);
        let words = raw.as_chunks::<N>().0.iter().map(|&word| stored(word, up, down));
        // Where the type is whole, so are slope and intercept, and every product is below 2^52.
        let (whole, added) = (slope as i64, intercept as i64);
        let values = words.clone().map(|v| v * whole + added);
        match voxel {
            Type::U16 => self.fit(values, out.as_chunks_mut().0, 0, 65535, |v| (v as u16).to_ne_bytes()),
            Type::I16 => self.fit(values, out.as_chunks_mut().0, -32768, 32767, |v| (v as i16).to_ne_bytes()),
            Type::I32 => self.fit(values, out.as_chunks_mut().0, i64::from(i32::MIN), i64::from(i32::MAX), |v| (v as i32).to_ne_bytes()),
            Type::F32 => {
                words.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = ((v as f64 * slope + intercept) as f32).to_ne_bytes());
                Ok(())
            }
            _ => {
                words.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = (v as f64 * slope + intercept).to_ne_bytes());
                Ok(())
            }
        }
    }

    fn fit<const N: usize>(&self, values: impl Iterator<Item = i64>, out: &mut [[u8; N]], low: i64, high: i64, bytes: impl Fn(i64) -> [u8; N]) -> Result<()> {
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        for (value, out) in values.zip(out) {
            least = least.min(value);
            greatest = greatest.max(value);
            *out = bytes(value);
        }
        let beyond = if least < low { least } else { greatest };
        if low <= beyond && beyond <= high {
            return Ok(());
        }
        let expected = format!("{low} to {high}, as Hounsfield units are kept");
        Err(Error::value("a voxel").found(beyond).expected(expected).help("open it with --type i32").within(self.input.path()))
    }
}

impl Source for Planes {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { planes: self, run, first: frame * self.header.nz(), pool: Pool::default(), raw: Vec::new() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.header.plane_bytes().saturating_mul(planes).saturating_add(self.header.plane() * 4)
    }

    fn lends(&self) -> bool {
        true
    }
}

struct Walk<'a> {
    planes: &'a Planes,
    run: &'a Run,
    first: usize,
    pool: Pool,
    raw: Vec<u8>,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        self.run.check()?;
        let (planes, first, raw) = (self.planes, self.first + z.start, &mut self.raw);
        self.pool.slab(z, planes.header.voxel, planes.header.plane(), |out| planes.read(first, raw, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.run.check()?;
        self.planes.read(self.first + z.start, &mut self.raw, out)
    }
}
