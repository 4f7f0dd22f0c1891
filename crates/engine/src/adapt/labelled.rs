//! Labelled runs as a source: a label volume that is painted only where it is pulled.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Runs, Scalar, Slab, Source, scalar};

/// The runs of one frame under a label header.
pub struct Labelled {
    header: Header,
    runs: Arc<Runs>,
}

impl Labelled {
    /// Labels of a grid.
    pub fn new(header: Header, runs: Arc<Runs>) -> Labelled {
        Labelled { header, runs }
    }
}

/// Writes the numbers of planes `z`, in the header's type.
pub fn paint(header: &Header, runs: &Runs, z: Range<usize>, out: &mut [u8]) {
    scalar!(header.voxel, T => {
        let out = bytemuck::cast_slice_mut::<u8, T>(out);
        runs.paint(z, header.nx(), T::default(), |_, _, number| T::from_i128(i128::from(number)), out);
    });
}

/// Lets parked parts that were read on the way leave the resident set again.
pub fn forget(runs: &Runs, z: Range<usize>) {
    let parts = runs.part_at(z.start)..=runs.part_at(z.end.saturating_sub(1));
    parts.for_each(|p| runs.parts[p].forget());
}

struct Walk<'a> {
    source: &'a Labelled,
    z: Range<usize>,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let Labelled { header, runs } = self.source;
        self.pool.slab(z.clone(), header.voxel, header.plane(), |out| {
            paint(header, runs, z, out);
            Ok(())
        })
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        paint(&self.source.header, &self.source.runs, z, out);
        Ok(())
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        forget(&self.source.runs, self.z.clone());
    }
}

impl Source for Labelled {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, _frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { source: self, z, pool: Pool::default() }))
    }

    fn lends(&self) -> bool {
        true
    }

    fn runs(&self) -> Option<Arc<Runs>> {
        Some(self.runs.clone())
    }

    fn lends_runs(&self) -> bool {
        true
    }
}
