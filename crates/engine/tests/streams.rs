//! How much of a compressed stream is read for a part of it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_engine::adapt::gather::GatherSource;
use isovox_engine::collect;
use isovox_engine::keep::Keep;
use isovox_ops::geometry::crop::Crop;
use isovox_ops::spec::RegionText;
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source, Type};

/// A compressed stream of planes of a megabyte; the last that was read.
struct Wide {
    header: Header,
    read: AtomicUsize,
}

struct Planewise<'a>(&'a Wide, Pool);

impl Cursor for Planewise<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        assert!(z.len() <= 4, "{} planes of a megabyte at once", z.len());
        self.0.read.fetch_max(z.end, Ordering::Relaxed);
        self.1.slab(z, Type::U8, 1 << 20, |out| {
            out.fill(1);
            Ok(())
        })
    }
}

impl Source for Wide {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, _frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Planewise(self, Pool::default())))
    }

    fn sequential(&self) -> bool {
        true
    }
}

#[test]
fn a_part_of_a_stream_is_read_no_further_and_in_small_steps() {
    let wide = Arc::new(Wide { header: Header::new([40, 1024, 1024], 1, Type::U8).unwrap(), read: AtomicUsize::new(0) });
    let crop = Crop { region: Some(RegionText("0:1,0:1,2:30".into())), center: None, world: None };
    let source = Keep::wrap(Arc::new(GatherSource::new(&crop, wide.clone()).unwrap()));
    let run = Run::here();
    source.prepare(&run).unwrap();
    let pulled = source.open(&run, 0, 3..4).unwrap().pull(3..4).unwrap();
    assert!(pulled.data.bytes() == [1] && wide.read.load(Ordering::Relaxed) < 12);
    let whole = collect::collect(&run, source.as_ref(), "all").unwrap();
    assert!(whole.volume().data().bytes() == [1; 28] && wide.read.load(Ordering::Relaxed) == 30);
}
