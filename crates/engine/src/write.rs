//! Writing what a chain gives.

use std::ops::Range;
use std::path::PathBuf;

use isovox_formats::{Target, create};
use isovox_volume::{Lease, Result, Run, Sink, Slab, Source};

use crate::sweep::{Cut, Work, sweep};

/// Pulls a prepared source into a file; the paths written.
pub fn volume(run: &Run, source: &dyn Source, target: &Target) -> Result<Vec<PathBuf>> {
    let sink = create(target, source.header())?;
    let name = target.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    pour(run, source, sink, &format!("writing {name}"))
}

/// Pulls a prepared source into a sink.
pub fn pour(run: &Run, source: &dyn Source, mut sink: Box<dyn Sink>, name: &str) -> Result<Vec<PathBuf>> {
    let header = source.header();
    sink.watch(run);
    run.begin(name, (header.nz() * header.frames.count) as u64);
    let cut = Cut::new(run, header, &[source], false);
    if sink.ordered() {
        // A stretch is computed as a whole and handed over in its turn.
        let fits = run.free() / 8 / cut.threads / header.plane_bytes().max(1);
        let work = InTurn { run, plane: header.plane_bytes() };
        sweep(run, header.nz(), &[source], 0..header.frames.count, cut.at_most(fits.min(16)), &work, |done| sink.write(done.frame, done.z, &done.bytes))?;
    } else {
        sweep(run, header.nz(), &[source], 0..header.frames.count, cut, &AtOnce { sink: sink.as_ref() }, |()| Ok(()))?;
    }
    run.check()?;
    sink.finish()
}

struct AtOnce<'a> {
    sink: &'a dyn Sink,
}

impl Work for AtOnce<'_> {
    type State = ();
    type Part = ();

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<()> {
        Ok(())
    }

    fn step(&self, _state: &mut (), frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        self.sink.write(frame, z, slabs[0].data.bytes())
    }

    fn end(&self, _state: ()) -> Result<()> {
        Ok(())
    }
}

struct InTurn<'a> {
    run: &'a Run,
    plane: usize,
}

struct Done {
    frame: usize,
    z: Range<usize>,
    bytes: Vec<u8>,
    _lease: Option<Lease>,
}

impl Work for InTurn<'_> {
    type State = Done;
    type Part = Done;

    fn begin(&self, frame: usize, z: Range<usize>) -> Result<Done> {
        let bytes = z.len() * self.plane;
        Ok(Done { frame, z, bytes: Vec::with_capacity(bytes), _lease: self.run.try_lease(bytes) })
    }

    fn step(&self, done: &mut Done, _frame: usize, _z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        done.bytes.extend_from_slice(slabs[0].data.bytes());
        Ok(())
    }

    fn end(&self, done: Done) -> Result<Done> {
        Ok(done)
    }
}
