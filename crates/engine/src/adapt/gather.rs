//! [`Gather`](isovox_ops::access::Gather) as a source.

use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use isovox_ops::access::{AnyGather, AnyPlan};
use isovox_ops::range::ValueRange;
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Block, Cursor, Data, Header, Lease, Result, Run, Slab, Source};
use serde_json::Value as Json;

use crate::adapt::reduce::fold;
use crate::collect::{Collected, collect};
use crate::keep::Keep;

/// Bytes of a piece of a region that comes in pieces.
const PIECE: usize = 16 << 20;

/// Planes of a piece, and output planes that are made together from memory: a cache line of any voxel type and more.
const TOGETHER: usize = 64;

/// An operation that names the input planes that it needs.
pub struct GatherSource {
    name: String,
    input: Arc<dyn Source>,
    plan: Box<dyn AnyPlan>,
    ready: OnceLock<Ready>,
}

/// The input as it is pulled.
struct Ready {
    input: Arc<dyn Source>,
    range: Option<[f64; 2]>,
    _held: Option<Collected>,
}

impl GatherSource {
    /// Fails when the operation does not take the input.
    pub fn new(op: &dyn AnyGather, input: Arc<dyn Source>) -> Result<GatherSource> {
        Self::onto("gathering", op, &[input])
    }

    /// The same, of several inputs; planes are those of the first.
    pub fn onto(name: &str, op: &dyn AnyGather, inputs: &[Arc<dyn Source>]) -> Result<GatherSource> {
        let headers: Vec<&Header> = inputs.iter().map(|i| i.header()).collect();
        Ok(GatherSource { name: name.into(), plan: op.plan(&headers)?, input: inputs[0].clone(), ready: OnceLock::new() })
    }

    /// What of the plan stands in the provenance.
    pub fn found(&self) -> Json {
        self.plan.found()
    }

    fn input(&self) -> &dyn Source {
        self.ready.get().map_or(self.input.as_ref(), |r| r.input.as_ref())
    }

    /// Whether planes come without a copy, as many as are asked for.
    fn in_memory(source: &dyn Source) -> bool {
        source.flight(1) == 0
    }

    /// Regions that outputs share are held where there is room: half of what is free stays for what comes after.
    fn held(&self, run: &Run) -> Result<Option<Collected>> {
        let shared = self.plan.spread().is_some() && !Self::in_memory(self.input.as_ref());
        if !shared || self.input.header().bytes() >= run.free() / 2 {
            return Ok(None);
        }
        self.input.prepare(run)?;
        collect(run, self.input.as_ref(), &self.name).map(Some)
    }

    /// Planes of a piece.
    fn piece(&self, reach: usize) -> usize {
        (PIECE / self.input.header().plane_bytes().max(1)).clamp(1, TOGETHER) + 2 * reach
    }

    /// The most planes that a step of so many output planes is handed at once.
    fn near(&self, planes: usize) -> usize {
        let (nz, input) = (self.header().nz(), self.input.header().nz());
        if let Some(reach) = self.plan.spread() {
            return self.piece(reach).min(input);
        }
        (0..=nz - planes.min(nz)).map(|z| self.plan.region(z..(z + planes).min(nz)).len()).max().unwrap_or(0)
    }
}

struct Walk<'a> {
    source: &'a GatherSource,
    run: &'a Run,
    frame: usize,
    /// The output planes that the walk was opened for end here.
    last: usize,
    input: Option<Box<dyn Cursor + 'a>>,
    next: usize,
    end: usize,
    state: Box<dyn Any + Send>,
    block: Option<(Slab, Option<Lease>)>,
    blocks: Pool,
    pool: Pool,
}

impl Walk<'_> {
    fn planes(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        if let Some(reach) = self.source.plan.spread() {
            return self.together(z, reach, out);
        }
        let near = self.source.plan.missing(self.state.as_ref(), z.clone());
        let slab = self.input(near.clone())?;
        self.make(&slab, near, z, out);
        Ok(())
    }

    fn make(&mut self, slab: &Slab, own: Range<usize>, z: Range<usize>, out: &mut [u8]) {
        let range = self.source.ready.get().and_then(|r| r.range);
        self.source.plan.planes(self.state.as_mut(), slab, own, range, z, out);
    }

    /// Input planes.
    fn input(&mut self, near: Range<usize>) -> Result<Slab> {
        let source = self.source;
        if near.is_empty() {
            let voxel = source.input.header().voxel;
            return Ok(Slab { z: near, data: Data::new(Block::zeroed(voxel, 0)?, voxel, 0, 0)? });
        }
        // A walk serves as long as regions follow each other; any other region begins one of its own.
        if self.input.is_none() || near.start != self.next {
            self.end = self.end.max(near.end);
            self.input = Some(source.input().open(self.run, self.frame, near.start..self.end)?);
        }
        self.next = near.end;
        self.input.as_mut().expect("opened above").pull(near)
    }

    /// Planes whose regions are much the same, made many at a time.
    fn together(&mut self, z: Range<usize>, reach: usize, out: &mut [u8]) -> Result<()> {
        let plane = self.source.header().plane_bytes();
        let mut at = z.start;
        while at < z.end {
            let rest = &mut out[(at - z.start) * plane..];
            if let Some((slab, _)) = self.block.as_ref().filter(|(slab, _)| slab.z.contains(&at)) {
                let to = slab.z.end.min(z.end);
                rest[..(to - at) * plane].copy_from_slice(slab.sub(at..to).data.bytes());
                at = to;
                continue;
            }
            self.block = None;
            let (count, lease) = self.room(at, z.end - at);
            if lease.is_none() {
                return self.pieces(at..z.end, reach, rest);
            }
            let (voxel, mut pool) = (self.source.header().voxel, std::mem::take(&mut self.blocks));
            let slab = pool.slab(at..at + count, voxel, plane / voxel.bytes(), |out| self.pieces(at..at + count, reach, out));
            self.blocks = pool;
            self.block = Some((slab?, lease));
        }
        Ok(())
    }

    /// How many planes from `at` on are made together, and their lease; none where those asked for will do.
    fn room(&self, at: usize, asked: usize) -> (usize, Option<Lease>) {
        let most = if GatherSource::in_memory(self.source.input()) { TOGETHER } else { usize::MAX };
        let plane = self.source.header().plane_bytes();
        let mut count = most.min(self.last - at);
        while count > asked {
            let bytes = count * plane;
            if bytes <= self.run.free() / 2 / self.run.threads
                && let Some(lease) = self.run.try_lease(bytes)
            {
                return (count, Some(lease));
            }
            count /= 2;
        }
        (asked, None)
    }

    fn pieces(&mut self, z: Range<usize>, reach: usize, out: &mut [u8]) -> Result<()> {
        let (region, nz) = (self.source.plan.region(z.clone()), self.source.input.header().nz());
        if region.is_empty() {
            let none = self.input(region.clone())?;
            self.make(&none, region, z, out);
            return Ok(());
        }
        let step = self.source.piece(reach) - 2 * reach;
        for start in region.clone().step_by(step) {
            self.run.check()?;
            let own = start..(start + step).min(region.end);
            let slab = self.input(own.start.saturating_sub(reach)..(own.end + reach).min(nz))?;
            self.make(&slab, own, z.clone(), out);
        }
        Ok(())
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        if let Some((slab, _)) = self.block.as_ref().filter(|(slab, _)| slab.z.start <= z.start && z.end <= slab.z.end) {
            return Ok(slab.sub(z));
        }
        pulled(self, |walk| &mut walk.pool, self.source.header(), z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.planes(z, out)
    }
}

impl Source for GatherSource {
    fn header(&self) -> &Header {
        self.plan.header()
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        if self.ready.get().is_some() {
            return Ok(());
        }
        let held = self.held(run)?;
        let input: Arc<dyn Source> = match &held {
            Some(held) => Arc::new(held.volume().clone()),
            None if self.plan.spread().is_some() || self.plan.wants_range() => Keep::wrap(self.input.clone()),
            None => self.input.clone(),
        };
        input.prepare(run)?;
        let mut range = None;
        if self.plan.wants_range() {
            range = *fold(run, &self.name, &ValueRange, &[input.as_ref()])?.downcast().expect("the fold's own value");
            range.map_or(Ok(()), |range| self.plan.takes(range))?;
        }
        let _ = self.ready.set(Ready { input, range, _held: held });
        Ok(())
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let end = self.plan.region(z.clone()).end;
        let state = self.plan.walk();
        Ok(Box::new(Walk { source: self, run, frame, last: z.end, input: None, next: 0, end, state, block: None, blocks: Pool::default(), pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let near = self.near(planes);
        let own = self.plan.scratch(near).saturating_add(self.header().plane_bytes().saturating_mul(planes));
        self.input.flight(near).saturating_add(own)
    }

    fn lends(&self) -> bool {
        self.input.lends() && self.plan.copies() && self.plan.spread().is_none()
    }

    fn sequential(&self) -> bool {
        self.input.sequential() && self.plan.copies() && self.plan.spread().is_none()
    }
}
