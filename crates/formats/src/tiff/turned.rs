//! Pages whose first row or column is not the top or the left (`Orientation`, TIFF 6.0, page 36).

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source};

/// Where the stored rows and columns lie in what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orientation {
    /// The tag's number.
    pub(super) tag: u16,
    /// Whether stored rows are the columns that are seen.
    pub(super) transposed: bool,
    right_to_left: bool,
    bottom_up: bool,
}

impl Orientation {
    /// Of the tag's number; numbers nobody has defined are taken for 1, as libtiff does.
    pub(super) fn of(tag: u16) -> Orientation {
        let (transposed, right_to_left, bottom_up) = match tag {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => return Orientation { tag: 1, transposed: false, right_to_left: false, bottom_up: false },
        };
        Orientation { tag, transposed, right_to_left, bottom_up }
    }

    /// Whether planes are as they are stored.
    pub(super) fn upright(self) -> bool {
        self.tag == 1
    }
}

/// Planes in the order in which they are to be seen.
pub(super) struct Turned {
    inner: Arc<dyn Source>,
    header: Header,
    orientation: Orientation,
    /// Bytes of a pixel, its channels side by side.
    pixel: usize,
}

impl Turned {
    /// `header` is what is seen: where rows are columns, its sizes are those of `inner` exchanged. Channels lie side by side in
    /// the rows of both.
    pub(super) fn new(inner: Arc<dyn Source>, header: Header, orientation: Orientation, channels: usize) -> Turned {
        Turned { pixel: header.voxel.bytes() * channels, inner, header, orientation }
    }

    fn turn(&self, stored: &[u8], out: &mut [u8]) {
        let (width, height) = (self.header.nx() * self.header.voxel.bytes() / self.pixel, self.header.ny());
        let (across, down) = if self.orientation.transposed { (height, 1) } else { (1, width) };
        for (y, row) in out.chunks_exact_mut(width * self.pixel).enumerate() {
            let y = if self.orientation.bottom_up { height - 1 - y } else { y };
            for (x, to) in row.chunks_exact_mut(self.pixel).enumerate() {
                let x = if self.orientation.right_to_left { width - 1 - x } else { x };
                to.copy_from_slice(&stored[(y * down + x * across) * self.pixel..][..self.pixel]);
            }
        }
    }
}

struct Walk<'a> {
    turned: &'a Turned,
    inner: Box<dyn Cursor + 'a>,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.turned.header, z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let stored = self.inner.pull(z)?;
        let plane = self.turned.header.plane_bytes();
        out.chunks_exact_mut(plane).zip(stored.data.bytes().chunks_exact(plane)).for_each(|(out, stored)| self.turned.turn(stored, out));
        Ok(())
    }
}

impl Source for Turned {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.inner.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { turned: self, inner: self.inner.open(run, frame, z)?, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.inner.flight(planes).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }
}
