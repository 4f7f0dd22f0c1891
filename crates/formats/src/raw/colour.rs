//! Colour in the orders of `ImageJ`'s import dialog and of NRRD, given as red, green, blue.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source};

/// Where a pixel's red, green and blue are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// A plane of red, one of green, one of blue.
    Planar,
    /// A row of red, one of green, one of blue.
    Rows,
    /// Blue, green, red.
    Bgr,
    /// Alpha, red, green, blue; alpha is left out.
    Argb,
    /// Alpha, blue, green, red; alpha is left out.
    Abgr,
}

impl Colour {
    /// Bytes of a pixel.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Colour::Planar | Colour::Rows | Colour::Bgr => 3,
            Colour::Argb | Colour::Abgr => 4,
        }
    }

    /// Pixels whose red, green and blue lie near each other.
    fn together(self, header: &Header) -> usize {
        if self == Colour::Rows { header.nx() } else { header.plane() }
    }

    /// Bytes from one pixel to the next, and where the first red, green and blue are, among so many pixels.
    fn places(self, pixels: usize) -> (usize, [usize; 3]) {
        match self {
            Colour::Planar | Colour::Rows => (1, [0, pixels, 2 * pixels]),
            Colour::Bgr => (3, [2, 1, 0]),
            Colour::Argb => (4, [1, 2, 3]),
            Colour::Abgr => (4, [3, 2, 1]),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Colour::Planar => "planar rgb8",
            Colour::Rows => "rgb8 by rows",
            Colour::Bgr => "bgr8",
            Colour::Argb => "argb8",
            Colour::Abgr => "abgr8",
        })
    }
}

/// A source of plane bytes, re-ordered.
pub(crate) struct Reordered {
    inner: Arc<dyn Source>,
    header: Header,
    colour: Colour,
}

impl Reordered {
    /// `inner` has planes of `colour.bytes()` bytes a pixel of `header`'s planes.
    pub(crate) fn new(inner: Arc<dyn Source>, header: Header, colour: Colour) -> Reordered {
        Reordered { inner, header, colour }
    }
}

struct Walk<'a> {
    inner: Box<dyn Cursor + 'a>,
    header: &'a Header,
    colour: Colour,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let stored = self.inner.pull(z.clone())?;
        let pixels = self.colour.together(self.header);
        let (step, places) = self.colour.places(pixels);
        let bytes = self.colour.bytes() * pixels;
        self.pool.slab(z, self.header.voxel, self.header.plane(), |out| {
            for (out, stored) in out.chunks_exact_mut(3 * pixels).zip(stored.data.bytes().chunks_exact(bytes)) {
                for (i, to) in out.chunks_exact_mut(3).enumerate() {
                    to.copy_from_slice(&places.map(|p| stored[i * step + p]));
                }
            }
            Ok(())
        })
    }
}

impl Source for Reordered {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.inner.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let inner = self.inner.open(run, frame, z)?;
        Ok(Box::new(Walk { inner, header: &self.header, colour: self.colour, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.inner.flight(planes).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.inner.lends()
    }

    fn sequential(&self) -> bool {
        self.inner.sequential()
    }
}
