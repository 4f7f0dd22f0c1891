//! [`Join`](isovox_ops::access::Join) as a source: a first pass keeps runs, planes are painted from them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use isovox_ops::access::{AnyJoin, Paint};
use isovox_ops::components::{Of, Rule, Scan, join};
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Error, Header, Part, QuantityKind, Result, Run, Runs, Scalar, Slab, Source, scalar};

use crate::adapt::labelled;
use crate::adapt::reduce::rows_of;
use crate::sweep::{Cut, Work, sweep};

/// An operation on connected components.
pub struct JoinSource {
    input: Arc<dyn Source>,
    op: Arc<dyn AnyJoin>,
    name: String,
    header: Header,
    frames: Vec<OnceLock<Arc<Runs>>>,
}

impl JoinSource {
    /// Fails when the operation does not take the input.
    pub fn new(name: &str, op: Arc<dyn AnyJoin>, input: Arc<dyn Source>) -> Result<JoinSource> {
        let header = op.header(input.header())?;
        let frames = (0..header.frames.count).map(|_| OnceLock::new()).collect();
        Ok(JoinSource { input, op, name: name.into(), header, frames })
    }

    fn frame(&self, run: &Run, frame: usize) -> Result<Runs> {
        run.begin(&self.name, self.header.nz() as u64);
        let (input, header) = (self.input.as_ref(), self.input.header());
        let runs = if header.frames.count == 1 { input.runs() } else { None };
        let rule = self.op.rule();
        let keep_values = rule.of == Of::EachValue && header.quantity.kind != QuantityKind::Mask;
        let work = FirstPass { run, rule, header, keep_values, runs: runs.as_deref(), floor: run.free() / 2 };
        let pulled: &[&dyn Source] = if runs.is_some() { &[] } else { &[input] };
        let cut = Cut::new(run, header, pulled, false);
        let fits = run.free() / 4 / cut.threads / (GREATEST * header.plane()).max(1);
        let mut parts = Vec::new();
        sweep(run, header.nz(), pulled, frame..frame + 1, cut.at_most(fits), &work, |part| {
            parts.push(Arc::new(part));
            Ok(())
        })?;
        let components: usize = parts.iter().map(|p| p.count as usize).sum();
        let lease = run.lease(4 * components, "the numbers of the objects")?;
        let mut joined = join(parts, rule, self.header.ny())?;
        joined.lease = Some(Arc::new(lease));
        Ok(match self.op.numbers(header, &joined)? {
            None => joined,
            Some(map) => joined.renumbered(&map),
        })
    }
}

/// Bytes that runs take at most, a voxel: every other voxel begins a run of twelve bytes.
const GREATEST: usize = 6;

struct FirstPass<'a> {
    run: &'a Run,
    rule: Rule,
    header: &'a Header,
    keep_values: bool,
    runs: Option<&'a Runs>,
    /// Bytes that stay free: what is left must serve the planes in flight of every later sweep.
    floor: usize,
}

impl FirstPass<'_> {
    fn accounted(&self, part: &mut Part) -> Result<()> {
        let lease = if self.floor.saturating_add(part.bytes()) < self.run.free() { self.run.try_lease(part.bytes()) } else { None };
        match lease {
            Some(lease) => part.lease = Some(lease),
            None => part.park(self.run)?,
        }
        Ok(())
    }
}

impl Work for FirstPass<'_> {
    type State = Scan;
    type Part = Part;

    fn begin(&self, _frame: usize, z: Range<usize>) -> Result<Scan> {
        Ok(Scan::new(self.rule, self.keep_values, self.header.ny(), z.start))
    }

    fn step(&self, scan: &mut Scan, _frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        match (self.runs, slabs.first()) {
            (Some(runs), _) => z.into_iter().try_for_each(|z| scan.plane_of_runs(self.header.nx(), &mut |each| rows_of(runs, z, each))),
            (None, Some(slab)) => scalar!(slab.data.voxel(), T => scan.planes(slab.data.as_slice::<T>(), self.header.nx())),
            (None, None) => Ok(()),
        }
    }

    fn end(&self, scan: Scan) -> Result<Part> {
        let mut part = scan.close();
        self.accounted(&mut part)?;
        Ok(part)
    }
}

struct Walk<'a> {
    source: &'a JoinSource,
    runs: &'a Runs,
    z: Range<usize>,
    pool: Pool,
}

impl Walk<'_> {
    fn paint(&self, z: Range<usize>, out: &mut [u8]) {
        let (runs, nx) = (self.runs, self.source.header.nx());
        match self.source.op.paint() {
            Paint::Number => labelled::paint(&self.source.header, runs, z, out),
            Paint::Value => scalar!(self.source.header.voxel, T => {
                let value = |part: usize, id: u32, number: u32| if number == 0 { T::default() } else { value_as::<T>(runs.parts[part].value(id)) };
                runs.paint(z, nx, T::default(), value, bytemuck::cast_slice_mut::<u8, T>(out));
            }),
            Paint::Filled => runs.paint(z, nx, 1, |_, _, number| u8::from(number != 0), out),
        }
    }
}

/// A value kept as the low bits of its integer.
fn value_as<T: Scalar>(bits: u64) -> T {
    if T::TYPE.is_unsigned() { T::from_i128(i128::from(bits)) } else { T::from_i128(i128::from(bits as i64)) }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.source.header, z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.paint(z, out);
        Ok(())
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        labelled::forget(self.runs, self.z.clone());
    }
}

impl Source for JoinSource {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        // Frames that an earlier, failed attempt has joined stay.
        let missing = || self.frames.iter().enumerate().filter(|(_, runs)| runs.get().is_none());
        if missing().next().is_some() {
            self.input.prepare(run)?;
        }
        missing().try_for_each(|(frame, runs)| {
            let _ = runs.set(Arc::new(self.frame(run, frame)?));
            Ok(())
        })
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let runs = self.frames[frame].get().ok_or_else(|| Error::parameter(format_args!("{} was pulled before it was prepared", self.name)))?;
        Ok(Box::new(Walk { source: self, runs, z, pool: Pool::default() }))
    }

    fn lends(&self) -> bool {
        true
    }

    fn runs(&self) -> Option<Arc<Runs>> {
        let runs = self.frames[0].get().filter(|_| self.lends_runs())?;
        Some(if self.op.paint() == Paint::Number { runs.clone() } else { Arc::new(by_value(runs)) })
    }

    fn lends_runs(&self) -> bool {
        let can = match self.op.paint() {
            Paint::Number => true,
            Paint::Value => self.header.voxel.is_unsigned() && self.header.voxel.bytes() <= 4,
            // Its runs are those of what is between the objects.
            Paint::Filled => false,
        };
        can && self.header.frames.count == 1
    }
}

/// The same runs, numbered by the values that their voxels have.
fn by_value(runs: &Runs) -> Runs {
    let mut numbers = Vec::with_capacity(runs.numbers.len());
    for (p, part) in runs.parts.iter().enumerate() {
        numbers.extend(runs.of_part(p).iter().enumerate().map(|(id, &kept)| if kept == 0 { 0 } else { part.value(id as u32) as u32 }));
    }
    let count = numbers.iter().copied().max().unwrap_or(0);
    Runs { parts: runs.parts.clone(), offsets: runs.offsets.clone(), numbers: Arc::new(numbers), count, ny: runs.ny, lease: runs.lease.clone() }
}
