//! [`Point`](isovox_ops::access::Point) as a source.

use std::ops::Range;
use std::sync::Arc;

use isovox_ops::access::AnyPoint;
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source};

/// A point operation applied to a source.
pub struct PointSource {
    input: Arc<dyn Source>,
    op: Arc<dyn AnyPoint>,
    header: Header,
}

impl PointSource {
    /// Fails when the operation does not take the input.
    pub fn new(op: Arc<dyn AnyPoint>, input: Arc<dyn Source>) -> Result<PointSource> {
        let header = op.header(input.header())?;
        Ok(PointSource { input, op, header })
    }
}

struct Walk<'a> {
    source: &'a PointSource,
    input: Box<dyn Cursor + 'a>,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let planes = self.input.pull(z.clone())?;
        let PointSource { op, header, .. } = self.source;
        self.pool.slab(z, header.voxel, header.plane(), |out| {
            op.apply(&planes.data, out);
            Ok(())
        })
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.source.op.apply(&self.input.pull(z)?.data, out);
        Ok(())
    }
}

impl Source for PointSource {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.input.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { source: self, input: self.input.open(run, frame, z)?, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.input.flight(planes).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        // Computing a point again costs less than keeping it.
        self.input.lends()
    }
}
