//! [`Gather`](isovox_ops::access::Gather) as a source.

use std::ops::Range;
use std::sync::Arc;

use isovox_ops::access::AnyGather;
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source};

/// An operation that names the input planes that it needs.
pub struct GatherSource {
    input: Arc<dyn Source>,
    op: Arc<dyn AnyGather>,
    header: Header,
}

impl GatherSource {
    /// Fails when the operation does not take the input.
    pub fn new(op: Arc<dyn AnyGather>, input: Arc<dyn Source>) -> Result<GatherSource> {
        let header = op.header(input.header())?;
        Ok(GatherSource { input, op, header })
    }
}

struct Walk<'a> {
    source: &'a GatherSource,
    run: &'a Run,
    frame: usize,
    input: Option<Box<dyn Cursor + 'a>>,
    next: usize,
    end: usize,
    pool: Pool,
}

impl Walk<'_> {
    fn planes(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let source = self.source;
        let near = source.op.region(source.input.header(), z.clone());
        // A walk serves as long as regions follow each other; any other region begins one of its own.
        if self.input.is_none() || near.start != self.next {
            let end = self.end.max(near.end);
            self.input = Some(source.input.open(self.run, self.frame, near.start..end)?);
        }
        let input = self.input.as_mut().expect("opened above");
        let slab = input.pull(near.clone())?;
        self.next = near.end;
        source.op.planes(source.input.header(), &slab, z, out);
        Ok(())
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let mut pool = std::mem::take(&mut self.pool);
        let (voxel, plane) = (self.source.header.voxel, self.source.header.plane());
        let slab = pool.slab(z.clone(), voxel, plane, |out| self.planes(z, out));
        self.pool = pool;
        slab
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.planes(z, out)
    }
}

impl Source for GatherSource {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.input.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let end = self.op.region(self.input.header(), z).end;
        Ok(Box::new(Walk { source: self, run, frame, input: None, next: 0, end, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let needed = self.op.region(self.input.header(), 0..planes.min(self.header.nz())).len();
        self.input.flight(needed).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.input.lends()
    }
}
