//! A scan under a header that says more of it than its file does.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::{Cursor, Header, Result, Run, Runs, Source};

/// A source as it is, but for its header's warnings and metadata.
pub(crate) struct Inner {
    source: Arc<dyn Source>,
    header: Header,
}

impl Inner {
    /// `header` has the shape, frames and type of the source's own.
    pub(crate) fn new(source: Arc<dyn Source>, header: Header) -> Inner {
        Inner { source, header }
    }
}

impl Source for Inner {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.source.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        self.source.open(run, frame, z)
    }

    fn flight(&self, planes: usize) -> usize {
        self.source.flight(planes)
    }

    fn lends(&self) -> bool {
        self.source.lends()
    }

    fn sequential(&self) -> bool {
        self.source.sequential()
    }

    fn runs(&self) -> Option<Arc<Runs>> {
        self.source.runs()
    }

    fn lends_runs(&self) -> bool {
        self.source.lends_runs()
    }
}
