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

    fn found(&self) -> Vec<String> {
        self.source.found()
    }

    fn runs(&self) -> Option<Arc<Runs>> {
        self.source.runs()
    }

    fn lends_runs(&self) -> bool {
        self.source.lends_runs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What says of itself what no other source does.
    struct Told(Header);

    impl Source for Told {
        fn header(&self) -> &Header {
            &self.0
        }

        fn prepare(&self, _run: &Run) -> Result<()> {
            Err(isovox_volume::Error::cancelled())
        }

        fn open<'a>(&'a self, _run: &'a Run, _frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
            Err(isovox_volume::Error::cancelled())
        }

        fn flight(&self, planes: usize) -> usize {
            planes + 7
        }

        fn lends(&self) -> bool {
            true
        }

        fn sequential(&self) -> bool {
            true
        }

        fn found(&self) -> Vec<String> {
            vec!["padding".into()]
        }

        fn lends_runs(&self) -> bool {
            true
        }
    }

    #[test]
    fn all_but_the_header_is_the_source_s_own() {
        let header = Header::new([1, 1, 1], 1, isovox_volume::Type::U8).unwrap();
        let inner = Inner::new(Arc::new(Told(header.clone())), header);
        let run = Run::here();
        assert!(inner.prepare(&run).is_err() && inner.open(&run, 0, 0..1).is_err() && inner.runs().is_none());
        assert_eq!((inner.flight(1), inner.lends(), inner.sequential(), inner.found(), inner.lends_runs()), (8, true, true, vec!["padding".to_string()], true));
    }
}
