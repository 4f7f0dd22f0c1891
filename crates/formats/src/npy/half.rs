//! Floats of 16 bits, given as `f32`: every value of theirs is one of `f32`.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source};

use crate::tiff::half;

/// A source of `u16` bit patterns, read as floats.
pub(super) struct Half {
    inner: Arc<dyn Source>,
    header: Header,
}

impl Half {
    /// `header` is the inner one with voxels of `f32`.
    pub(super) fn new(inner: Arc<dyn Source>, header: Header) -> Half {
        Half { inner, header }
    }
}

struct Widen<'a> {
    inner: Box<dyn Cursor + 'a>,
    header: &'a Header,
    pool: Pool,
}

impl Cursor for Widen<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let bits = self.inner.pull(z.clone())?;
        self.pool.slab(z, self.header.voxel, self.header.plane(), |out| {
            let floats = bytemuck::cast_slice_mut::<u8, f32>(out);
            floats.iter_mut().zip(bits.data.as_slice::<u16>()).for_each(|(to, &from)| *to = half(from));
            Ok(())
        })
    }
}

impl Source for Half {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.inner.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let inner = self.inner.open(run, frame, z)?;
        Ok(Box::new(Widen { inner, header: &self.header, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.inner.flight(planes).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.inner.lends()
    }
}
