//! Planes of a series as a source: each decoded and rescaled when it is asked for.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Header, Result, Run, Slab, Source, Type};

use super::slice::Slice;
use super::stored::{Part, Scratch, Stored};
use super::values::Rescale;

/// Refuses pixels that are not read yet, by name, and those that the file does not hold.
pub(super) fn check(slice: &Slice) -> Result<()> {
    let path = slice.input().path();
    let refused = |what: &str, found: &str| Err(Error::unsupported(what).found(found).help("convert it with another program, such as gdcmconv --raw").within(path));
    if let Some(beyond) = slice.beyond {
        return refused("this DICOM image", beyond);
    }
    slice.stored.check()
}

struct Plane {
    stored: Arc<Stored>,
    frame: usize,
    part: Option<Part>,
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
        let planes = slices.into_iter().zip(rescales).map(|(s, rescale)| Plane { stored: s.stored, frame: s.frame, part: s.part, rescale }).collect();
        Planes { header, planes }
    }

    /// Bytes of the largest frame.
    fn largest(&self) -> usize {
        self.planes.iter().map(|p| p.stored.frame_bytes()).max().unwrap_or(0)
    }
}

/// The frame that a thread decoded last; tiles of one frame follow each other.
#[derive(Default)]
struct Decoded {
    of: Option<(Arc<Stored>, usize)>,
    values: Vec<u8>,
    part: Vec<u8>,
    scratch: Scratch,
}

impl Decoded {
    /// The values of a plane.
    fn plane(&mut self, plane: &Plane) -> Result<&[u8]> {
        let stored = &plane.stored;
        if !self.of.as_ref().is_some_and(|(of, frame)| Arc::ptr_eq(of, stored) && *frame == plane.frame) {
            self.of = None;
            self.values.resize(stored.frame_bytes(), 0);
            stored.decode(plane.frame, &mut self.scratch, &mut self.values)?;
            self.of = Some((stored.clone(), plane.frame));
        }
        let Some(part) = plane.part else { return Ok(&self.values) };
        let (bytes, row) = (stored.voxel().bytes(), stored.columns * stored.voxel().bytes());
        self.part.clear();
        for line in self.values.chunks_exact(row).skip(part.row).take(part.rows) {
            self.part.extend_from_slice(&line[part.column * bytes..(part.column + part.columns) * bytes]);
        }
        Ok(&self.part)
    }
}

impl Plane {
    fn rescaled(&self, values: &[u8], voxel: Type, out: &mut [u8]) -> Result<()> {
        match self.stored.voxel() {
            Type::U8 => self.spread(values, voxel, out, |[b]: [u8; 1]| i64::from(b)),
            Type::I8 => self.spread(values, voxel, out, |[b]: [u8; 1]| i64::from(b as i8)),
            Type::U16 => self.spread(values, voxel, out, |b: [u8; 2]| i64::from(u16::from_ne_bytes(b))),
            Type::I16 => self.spread(values, voxel, out, |b: [u8; 2]| i64::from(i16::from_ne_bytes(b))),
            Type::U32 => self.spread(values, voxel, out, |b: [u8; 4]| i64::from(u32::from_ne_bytes(b))),
            _ => self.spread(values, voxel, out, |b: [u8; 4]| i64::from(i32::from_ne_bytes(b))),
        }
    }

    fn spread<const N: usize>(&self, values: &[u8], voxel: Type, out: &mut [u8], number: impl Fn([u8; N]) -> i64) -> Result<()> {
        let Rescale { slope, intercept, .. } = self.rescale;
        let stored = values.as_chunks::<N>().0.iter().map(|&word| number(word));
        // Where the type is whole, so are slope and intercept, and every product is below 2^52.
        let (whole, added) = (slope as i64, intercept as i64);
        let values = stored.clone().map(|v| v * whole + added);
        match voxel {
            Type::U16 => self.fit(values, out.as_chunks_mut().0, 0, 65535, |v| (v as u16).to_ne_bytes()),
            Type::I16 => self.fit(values, out.as_chunks_mut().0, -32768, 32767, |v| (v as i16).to_ne_bytes()),
            Type::I32 => self.fit(values, out.as_chunks_mut().0, i64::from(i32::MIN), i64::from(i32::MAX), |v| (v as i32).to_ne_bytes()),
            Type::F32 => {
                stored.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = ((v as f64 * slope + intercept) as f32).to_ne_bytes());
                Ok(())
            }
            _ => {
                stored.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = (v as f64 * slope + intercept).to_ne_bytes());
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
        Err(Error::value("a voxel").found(beyond).expected(expected).help("open it with --type i32").within(self.stored.input.path()))
    }
}

impl Source for Planes {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { planes: self, run, first: frame * self.header.nz(), pool: Pool::default(), decoded: Decoded::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.header.plane_bytes().saturating_mul(planes).saturating_add(self.largest().saturating_mul(2))
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
    decoded: Decoded,
}

/// Planes from one on, into as many as `out` holds.
fn read(planes: &Planes, first: usize, decoded: &mut Decoded, out: &mut [u8]) -> Result<()> {
    for (plane, out) in planes.planes[first..].iter().zip(out.chunks_exact_mut(planes.header.plane_bytes())) {
        plane.rescaled(decoded.plane(plane)?, planes.header.voxel, out)?;
    }
    Ok(())
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        self.run.check()?;
        let (planes, first, decoded) = (self.planes, self.first + z.start, &mut self.decoded);
        self.pool.slab(z, planes.header.voxel, planes.header.plane(), |out| read(planes, first, decoded, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.run.check()?;
        read(self.planes, self.first + z.start, &mut self.decoded, out)
    }
}
