//! [`Reduce`](isovox_ops::access::Reduce): several folds in one sweep, over planes or over runs.

use std::ops::Range;

use isovox_ops::access::{AnyReduce, At};
use isovox_ops::erased::{Opaque, Partial};
use isovox_volume::{Header, Lease, Result, Run, Runs, Slab, Source};

use crate::sweep::{BLOCK, Cut, Work, sweep};

/// Folds all frames of prepared inputs into a value.
pub fn fold(run: &Run, name: &str, op: &dyn AnyReduce, inputs: &[&dyn Source]) -> Result<Opaque> {
    let headers: Vec<&Header> = inputs.iter().map(|i| i.header()).collect();
    let mut before: Option<Partial> = None;
    loop {
        let acc = fold_once(run, name, op, inputs, &headers, before.as_ref())?;
        if !op.again(&acc) {
            return op.finish(acc, &headers);
        }
        before = Some(acc);
    }
}

fn fold_once(run: &Run, name: &str, op: &dyn AnyReduce, inputs: &[&dyn Source], headers: &[&Header], before: Option<&Partial>) -> Result<Partial> {
    let frames = inputs[0].header().frames.count;
    run.begin(name, (frames * inputs[0].header().nz()) as u64);
    let exact = op.exact(headers);
    let ops = [op];
    let before: Vec<Option<&Partial>> = vec![before];
    let runs = if op.takes_runs() && frames == 1 { inputs[0].runs() } else { None };
    let work = Folding { run, ops: &ops, inputs: headers, before: &before, exact, runs: runs.as_deref() };
    let mut total = vec![op.start(headers, before[0])];
    // Runs stand for the first input: only the further ones are pulled.
    let pulled = if runs.is_some() { &inputs[1..] } else { inputs };
    let cut = Cut::new(run, headers[0], pulled, !exact);
    sweep(run, headers[0].nz(), pulled, 0..frames, cut, &work, |part| {
        work.merge_into(&mut total, part);
        Ok(())
    })?;
    Ok(total.pop().expect("one operation, one value"))
}

struct Folding<'a> {
    run: &'a Run,
    ops: &'a [&'a dyn AnyReduce],
    inputs: &'a [&'a Header],
    before: &'a [Option<&'a Partial>],
    exact: bool,
    runs: Option<&'a Runs>,
}

/// Partials of a stretch: one, or one a block of 16 planes where sums are inexact.
struct Stretch {
    blocks: Vec<Vec<Partial>>,
    block: Option<usize>,
    lease: Option<Lease>,
}

impl Folding<'_> {
    fn fresh(&self) -> Vec<Partial> {
        self.ops.iter().enumerate().map(|(i, o)| o.start(self.inputs, self.before.get(i).copied().flatten())).collect()
    }

    fn merge_into(&self, totals: &mut [Partial], part: Stretch) {
        for block in part.blocks {
            for ((op, total), next) in self.ops.iter().zip(totals.iter_mut()).zip(block) {
                op.merge(total, next);
            }
        }
    }

    fn plane(&self, part: &mut Stretch, frame: usize, z: usize, slabs: &[Slab]) {
        let block = if self.exact { 0 } else { z / BLOCK };
        if part.block != Some(block) {
            part.block = Some(block);
            part.blocks.push(self.fresh());
        }
        let partials = part.blocks.last_mut().expect("a block was begun above");
        let others: Vec<Slab> = slabs[usize::from(self.runs.is_none())..].iter().map(|s| s.sub(z..z + 1)).collect();
        let at = At { inputs: self.inputs, frame, z, others: &others };
        for (op, acc) in self.ops.iter().zip(partials) {
            match self.runs {
                Some(runs) => op.observe_runs(acc, &at, &mut |each| rows_of(runs, z, each)),
                None => op.observe(acc, &at, &slabs[0].sub(z..z + 1).data),
            }
        }
    }
}

/// Calls `each(y, x0, x1, number)` for the runs of a plane.
pub fn rows_of(runs: &Runs, z: usize, each: &mut dyn FnMut(usize, u32, u32, u32)) {
    let p = runs.part_at(z);
    let (part, numbers) = (&runs.parts[p], runs.of_part(p));
    let first = (z - part.z.start) * runs.ny;
    for y in 0..runs.ny {
        for (x0, x1, id) in part.row(first + y) {
            each(y, x0, x1, numbers[id as usize]);
        }
    }
    if z + 1 == part.z.end {
        part.forget();
    }
}

impl Work for Folding<'_> {
    type State = Stretch;
    type Part = Stretch;

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<Stretch> {
        Ok(Stretch { blocks: Vec::new(), block: None, lease: None })
    }

    fn step(&self, part: &mut Stretch, frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        for z in z {
            self.plane(part, frame, z, slabs);
        }
        self.account(part)
    }

    fn end(&self, part: Stretch) -> Result<Stretch> {
        Ok(part)
    }
}

impl Folding<'_> {
    /// Leases what the tables have grown to.
    fn account(&self, part: &mut Stretch) -> Result<()> {
        let bytes: usize = part.blocks.iter().flat_map(|b| b.iter().zip(self.ops)).map(|(acc, op)| op.bytes(acc)).sum();
        if part.lease.as_ref().map_or(0, Lease::bytes) < bytes {
            part.lease = None;
            part.lease = Some(self.run.lease(bytes + bytes / 4, "the table")?);
        }
        Ok(())
    }
}
