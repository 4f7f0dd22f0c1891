//! [`Whole`](isovox_ops::access::Whole) as a source: everything at once, said before it starts.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use isovox_ops::access::AnyWhole;
use isovox_volume::{Block, Cursor, Data, Error, Header, Lease, Result, Run, Source, Volume};

use crate::collect::collect;

/// An operation that needs all of its input.
pub struct WholeSource {
    input: Arc<dyn Source>,
    op: Arc<dyn AnyWhole>,
    name: String,
    header: Header,
    done: OnceLock<(Volume, Lease)>,
}

impl WholeSource {
    /// Fails when the operation does not take the input.
    pub fn new(name: &str, op: Arc<dyn AnyWhole>, input: Arc<dyn Source>) -> Result<WholeSource> {
        let header = op.header(input.header())?;
        Ok(WholeSource { input, op, name: name.into(), header, done: OnceLock::new() })
    }

    /// Bytes that it needs, from headers.
    pub fn needs(&self) -> usize {
        let input = self.input.header();
        input.bytes().saturating_add(self.header.bytes()).saturating_add(self.op.memory(input))
    }
}

impl Source for WholeSource {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        if self.done.get().is_some() {
            return Ok(());
        }
        let lease = run.lease(self.header.bytes(), &self.name)?;
        let _beside = run.lease(self.op.memory(self.input.header()), &self.name)?;
        self.input.prepare(run)?;
        let volume = collect(run, self.input.as_ref(), &self.name)?;
        let mut block = Block::zeroed(self.header.voxel, self.header.voxels() * self.header.frames.count)?;
        let out = Arc::get_mut(&mut block).and_then(Block::bytes_mut).expect("a fresh block has one owner");
        let (frame, count) = (self.header.voxels() * self.header.voxel.bytes(), self.header.voxels());
        for (f, out) in out.chunks_exact_mut(frame).enumerate() {
            run.check()?;
            self.op.run(self.input.header(), &volume.volume().data().sub(f * count, count), out);
        }
        let data = Data::new(block, self.header.voxel, 0, count * self.header.frames.count)?;
        let _ = self.done.set((Volume::new(self.header.clone(), data)?, lease));
        Ok(())
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let (volume, _) = self.done.get().ok_or_else(|| Error::parameter(format_args!("{} was pulled before it was prepared", self.name)))?;
        volume.open(run, frame, z)
    }

    fn flight(&self, _planes: usize) -> usize {
        0
    }

    fn lends(&self) -> bool {
        true
    }
}
