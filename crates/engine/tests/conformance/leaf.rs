//! The places that planes can come from.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use isovox_engine::keep::Keep;
use isovox_formats::Input;
use isovox_formats::stored::{Decode, Stored};
use isovox_volume::memory::Memory;
use isovox_volume::source::Pool;
use isovox_volume::{Block, Cursor, Data, Header, Result, Run, Slab, Source, Volume};

/// Where a leaf's planes are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Leaf {
    /// A volume in memory.
    Memory,
    /// The same over a mapped file.
    Mapped,
    /// A raw file that is read.
    File,
    /// A source that has to compute its planes: a second pull costs.
    Computed,
    /// A compressed stream: planes come once, in order.
    Stream,
}

impl Leaf {
    pub(crate) const ALL: [Leaf; 5] = [Leaf::Memory, Leaf::Mapped, Leaf::File, Leaf::Computed, Leaf::Stream];

    pub(crate) fn source(self, volume: &Volume, folder: &Path) -> Arc<dyn Source> {
        let (header, bytes) = (volume.header().clone(), volume.data().bytes());
        match self {
            Leaf::Memory => Arc::new(volume.clone()),
            Leaf::Mapped => {
                let block = Block::new(Memory::map(&raw(folder, bytes)).unwrap());
                let data = Data::new(block, header.voxel, 0, volume.data().len()).unwrap();
                Arc::new(Volume::new(header, data).unwrap())
            }
            Leaf::File => {
                let named = tempfile::NamedTempFile::new_in(folder).unwrap();
                named.as_file().write_all(bytes).unwrap();
                // The input keeps the file open; its name goes with `named`.
                let input = Input::file(named.path()).unwrap();
                let decode = Decode::kept(header.voxel, cfg!(target_endian = "big"));
                Arc::new(Stored::one(header, decode, input, 0).unwrap())
            }
            Leaf::Computed => Arc::new(Strict { volume: volume.clone(), read: None }),
            Leaf::Stream => Keep::wrap(Arc::new(Strict { volume: volume.clone(), read: Some(AtomicUsize::new(0)) })),
        }
    }
}

fn raw(folder: &Path, bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile_in(folder).unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A source that holds its callers to the contract of cursors: in order, without gaps, within what was opened.
///
/// Its first plane takes so long that a sweep finds further threads worth their start.
struct Strict {
    volume: Volume,
    /// Of a stream, the planes that were read, of all frames.
    read: Option<AtomicUsize>,
}

struct Walk<'a> {
    header: &'a Header,
    data: Data,
    next: usize,
    end: usize,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        assert_eq!(z.start, self.next, "a pull starts where the one before ended");
        assert!(!z.is_empty() && z.end <= self.end, "planes {z:?} of a walk opened to {}", self.end);
        self.next = z.end;
        if z.start == 0 {
            std::thread::sleep(Duration::from_micros(300));
        }
        let (plane, header) = (self.header.plane(), self.header);
        let from = self.data.sub(z.start * plane, z.len() * plane);
        self.pool.slab(z, header.voxel, plane, |out| {
            out.copy_from_slice(from.bytes());
            Ok(())
        })
    }
}

impl Source for Strict {
    fn header(&self) -> &Header {
        self.volume.header()
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let header = self.volume.header();
        assert!(frame < header.frames.count && z.start < z.end && z.end <= header.nz(), "frame {frame}, planes {z:?}");
        if let Some(read) = &self.read {
            let before = read.swap(frame * header.nz() + z.end, Ordering::Relaxed);
            assert_eq!(before, frame * header.nz() + z.start, "a stream is read once, in order");
        }
        let data = self.volume.data().sub(frame * header.voxels(), header.voxels());
        Ok(Box::new(Walk { header, data, next: z.start, end: z.end, pool: Pool::default() }))
    }

    fn sequential(&self) -> bool {
        self.read.is_some()
    }
}
