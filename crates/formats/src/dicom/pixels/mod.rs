//! Planes of a series as a source: each decoded and rescaled when it is asked for.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source};

use super::padding::{self, Seen};
use super::slice::Slice;
use super::stored::{Part, Scratch, Stored};
use super::values::Rescale;

mod rescale;
#[cfg(test)]
mod tests;

struct Plane {
    stored: Arc<Stored>,
    frame: usize,
    part: Option<Part>,
    rescale: Rescale,
    /// A stored value that is padding without being named so.
    unnamed: Option<i64>,
    /// What its values showed when they were first pulled.
    seen: OnceLock<Seen>,
}

/// A series as a source.
pub(super) struct Planes {
    header: Header,
    all: Vec<Plane>,
    /// The voxel that takes the place of padding, as bytes.
    fill: Option<Vec<u8>>,
}

impl Planes {
    /// Slices in order, frame by frame, that [`check`] let pass; `fill` is a voxel for padding.
    pub(super) fn new(header: Header, slices: Vec<Slice>, rescales: Vec<Rescale>, fill: Option<Vec<u8>>) -> Planes {
        let plane = |(slice, rescale): (Slice, Rescale)| Plane {
            unnamed: padding::unnamed(&slice),
            stored: slice.stored,
            frame: slice.frame,
            part: slice.part,
            rescale,
            seen: OnceLock::new(),
        };
        Planes { header, all: slices.into_iter().zip(rescales).map(plane).collect(), fill }
    }

    /// Planes from one on, into as many as `out` holds.
    fn read(&self, first: usize, decoded: &mut Decoded, out: &mut [u8]) -> Result<()> {
        for (plane, out) in self.all[first..].iter().zip(out.chunks_exact_mut(self.header.plane_bytes())) {
            self.one(plane, decoded, out)?;
        }
        Ok(())
    }

    fn one(&self, plane: &Plane, decoded: &mut Decoded, out: &mut [u8]) -> Result<()> {
        decoded.load(plane)?;
        let values = if plane.part.is_some() { &mut decoded.part } else { &mut decoded.values };
        let told = padding::tells(&plane.stored, plane.unnamed);
        if told && (self.fill.is_some() || plane.seen.get().is_none()) {
            let seen = padding::look(values, plane.stored.voxel(), self.header.nx(), plane.stored.padding, plane.unnamed, &mut decoded.mask);
            plane.seen.get_or_init(|| seen);
        }
        let Some(fill) = self.fill.as_ref().filter(|_| told) else { return plane.rescaled(values, self.header.voxel, out) };
        // Padding need not fit the volume's type: what is filled is taken out before it is rescaled.
        let word = plane.stored.voxel().bytes();
        values.chunks_exact_mut(word).zip(&decoded.mask).filter(|(_, m)| **m == 1).for_each(|(v, _)| v.fill(0));
        decoded.of = None;
        plane.rescaled(values, self.header.voxel, out)?;
        out.chunks_exact_mut(fill.len()).zip(&decoded.mask).filter(|(_, m)| **m == 1).for_each(|(v, _)| v.copy_from_slice(fill));
        Ok(())
    }

    /// Bytes that a thread takes to decode the largest frame.
    fn largest(&self) -> usize {
        self.all.iter().map(|p| p.stored.frame_bytes().saturating_add(p.stored.working_bytes())).max().unwrap_or(0)
    }
}

/// The frame that a thread decoded last; tiles of one frame follow each other.
#[derive(Default)]
struct Decoded {
    of: Option<(Arc<Stored>, usize)>,
    values: Vec<u8>,
    part: Vec<u8>,
    mask: Vec<u8>,
    scratch: Scratch,
}

impl Decoded {
    /// Makes a plane's values those of `part`, or where it has none of `values`.
    fn load(&mut self, plane: &Plane) -> Result<()> {
        let stored = &plane.stored;
        if !self.of.as_ref().is_some_and(|(of, frame)| Arc::ptr_eq(of, stored) && *frame == plane.frame) {
            self.of = None;
            self.values.resize(stored.frame_bytes(), 0);
            stored.decode(plane.frame, &mut self.scratch, &mut self.values)?;
            self.of = Some((stored.clone(), plane.frame));
        }
        let Some(part) = plane.part else { return Ok(()) };
        let (bytes, row) = (stored.voxel().bytes(), stored.columns * stored.voxel().bytes());
        self.part.clear();
        for line in self.values.chunks_exact(row).skip(part.row).take(part.rows) {
            self.part.extend_from_slice(&line[part.column * bytes..(part.column + part.columns) * bytes]);
        }
        Ok(())
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
        self.header.plane_bytes().saturating_mul(planes).saturating_add(self.largest())
    }

    /// Whether its pixels lie there as they are: decoding them again is dear.
    fn lends(&self) -> bool {
        self.all.iter().all(|p| p.stored.is_native())
    }

    fn found(&self) -> Vec<String> {
        let seen = self.all.iter().filter_map(|p| p.seen.get().map(|seen| (p.stored.as_ref(), p.part.is_none(), *seen)));
        padding::found(&seen.collect::<Vec<_>>(), self.fill.is_some())
    }
}

struct Walk<'a> {
    planes: &'a Planes,
    run: &'a Run,
    first: usize,
    pool: Pool,
    decoded: Decoded,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        self.run.check()?;
        let (planes, first, decoded) = (self.planes, self.first + z.start, &mut self.decoded);
        self.pool.slab(z, planes.header.voxel, planes.header.plane(), |out| planes.read(first, decoded, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.run.check()?;
        self.planes.read(self.first + z.start, &mut self.decoded, out)
    }
}
