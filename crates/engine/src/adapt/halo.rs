//! [`Halo`](isovox_ops::access::Halo) as a source: a ring of single planes walks up with the cursor.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use isovox_ops::access::{AnyHalo, Edge};
use isovox_volume::source::Pool;
use isovox_volume::{Block, Cursor, Data, Header, Result, Run, Slab, Source};

/// A neighbourhood operation applied to a source.
pub struct HaloSource {
    input: Arc<dyn Source>,
    op: Arc<dyn AnyHalo>,
    header: Header,
    radius: usize,
}

impl HaloSource {
    /// Fails when the operation does not take the input.
    pub fn new(op: Arc<dyn AnyHalo>, input: Arc<dyn Source>) -> Result<HaloSource> {
        let header = op.header(input.header())?;
        let radius = op.halo(input.header());
        Ok(HaloSource { input, op, header, radius })
    }
}

struct Walk<'a> {
    source: &'a HaloSource,
    run: &'a Run,
    frame: usize,
    input: Box<dyn Cursor + 'a>,
    /// Planes read, the first of which is `first`.
    ring: VecDeque<Data>,
    first: usize,
    limit: usize,
    zero: Option<Data>,
    pool: Pool,
}

impl Walk<'_> {
    /// Reads on until plane `last` is in the ring, and drops those below `least`.
    fn advance(&mut self, least: usize, last: usize) -> Result<()> {
        let next = self.first + self.ring.len();
        let last = last.min(self.limit - 1);
        if next <= last {
            let slab = self.input.pull(next..last + 1)?;
            for z in slab.z.clone() {
                self.ring.push_back(slab.sub(z..z + 1).data);
            }
        }
        while self.first < least && !self.ring.is_empty() {
            self.ring.pop_front();
            self.first += 1;
        }
        Ok(())
    }

    /// The plane that stands at `z`, inside the volume or beyond its faces.
    fn plane(&mut self, z: isize) -> Result<Data> {
        let header = self.source.input.header();
        match self.source.op.edge().index(z, header.nz()) {
            Some(z) if z >= self.first && z < self.first + self.ring.len() => Ok(self.ring[z - self.first].clone()),
            // Wrapped and far mirrored planes lie outside the ring: they are fetched by a walk of their own.
            Some(z) => Ok(self.source.input.open(self.run, self.frame, z..z + 1)?.pull(z..z + 1)?.data),
            None => {
                if self.zero.is_none() {
                    let block = Block::zeroed(header.voxel, header.plane())?;
                    self.zero = Some(Data::new(block, header.voxel, 0, header.plane())?);
                }
                Ok(self.zero.clone().expect("made above"))
            }
        }
    }

    fn planes(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let (r, header) = (self.source.radius as isize, &self.source.header);
        self.advance(z.start.saturating_sub(self.source.radius), z.end - 1 + self.source.radius)?;
        for (z, out) in z.zip(out.chunks_exact_mut(header.plane_bytes())) {
            let near = (-r..=r).map(|d| self.plane(z as isize + d)).collect::<Result<Vec<_>>>()?;
            self.source.op.rows(self.source.input.header(), &near, 0..header.ny(), out);
        }
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

impl Source for HaloSource {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.input.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let first = z.start.saturating_sub(self.radius);
        let limit = (z.end + self.radius).min(self.header.nz());
        let input = self.input.open(run, frame, first..limit)?;
        Ok(Box::new(Walk { source: self, run, frame, input, ring: VecDeque::new(), first, limit, zero: None, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let input = self.input.flight(planes + 2 * self.radius);
        // The ring holds whole steps of input that some plane is still needed of.
        let ring = self.input.header().plane_bytes().saturating_mul(planes + 2 * self.radius + 1);
        let edge = if self.op.edge() == Edge::Wrap { ring } else { 0 };
        input.saturating_add(ring).saturating_add(edge).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }
}
