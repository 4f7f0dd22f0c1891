//! [`Halo`](isovox_ops::access::Halo) as a source: a ring of single planes walks up with the cursor.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isovox_ops::access::{AnyHalo, Edge};
use isovox_volume::source::{Pool, pulled};
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
    band: Band,
}

/// Rows that are made at a time, so that an interruption is met soon.
///
/// As many as take [`LONG`]: how long a kernel takes is nobody's to say beforehand, so each call tells of the next.
/// Kernels give the same bits for any rows.
struct Band(usize);

/// Long enough that what a kernel shares between rows is not often made twice.
const LONG: Duration = Duration::from_millis(60);

/// The fewest rows: below, kernels would do little else than what they share between rows.
const FEWEST: usize = 16;

impl Band {
    fn took(&mut self, spent: Duration) {
        let rows = self.0 as f64 * LONG.as_secs_f64() / spent.as_secs_f64().max(1e-6);
        // A step at a time: a row of NaN, or a busy machine, need not be like the next.
        self.0 = (rows as usize).clamp(self.0 / 4, self.0.saturating_mul(16)).max(FEWEST);
    }
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
            self.rows(&near, out)?;
        }
        Ok(())
    }

    /// A plane from those near it, band by band.
    fn rows(&mut self, near: &[Data], out: &mut [u8]) -> Result<()> {
        let header = &self.source.header;
        let row = header.plane_bytes() / header.ny();
        let mut y = 0;
        while y < header.ny() {
            self.run.check()?;
            let band = y..header.ny().min(y.saturating_add(self.band.0));
            let began = Instant::now();
            self.source.op.rows(self.source.input.header(), near, band.clone(), &mut out[row * band.start..row * band.end]);
            if band.len() == self.band.0 {
                self.band.took(began.elapsed());
            }
            y = band.end;
        }
        Ok(())
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.source.header, z)
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
        Ok(Box::new(Walk { source: self, run, frame, input, ring: VecDeque::new(), first, limit, zero: None, pool: Pool::default(), band: Band(FEWEST) }))
    }

    fn flight(&self, planes: usize) -> usize {
        let input = self.input.flight(planes + 2 * self.radius);
        // The ring holds whole steps of input that some plane is still needed of.
        let ring = self.input.header().plane_bytes().saturating_mul(planes + 2 * self.radius + 1);
        let edge = if self.op.edge() == Edge::Wrap { ring } else { 0 };
        input.saturating_add(ring).saturating_add(edge).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }
}
