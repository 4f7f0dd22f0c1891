//! Sources and cursors: how planes flow.

use std::ops::Range;
use std::sync::Arc;

use crate::data::{Block, Data};
use crate::error::Result;
use crate::header::Header;
use crate::run::Run;
use crate::runs::Runs;
use crate::voxel::Type;

/// Whole planes `z` of one frame. Cloning and `sub` copy nothing.
#[derive(Clone, Debug)]
pub struct Slab {
    /// The planes.
    pub z: Range<usize>,
    /// Their voxels, `[z, y, x]`.
    pub data: Data,
}

impl Slab {
    /// Some planes of these.
    #[must_use]
    pub fn sub(&self, z: Range<usize>) -> Slab {
        let plane = self.plane_len();
        Slab { data: self.data.sub((z.start - self.z.start) * plane, z.len() * plane), z }
    }

    /// Voxels of one plane.
    pub fn plane_len(&self) -> usize {
        if self.z.is_empty() { 0 } else { self.data.len() / self.z.len() }
    }
}

/// Anything that planes can be pulled from: a file, a volume in memory, an operation applied to another source.
///
/// Immutable and shared by all threads; what a source learns in [`Source::prepare`] is fixed from then on.
pub trait Source: Send + Sync {
    /// What it is, known without reading voxels.
    fn header(&self) -> &Header;

    /// Sweeps inputs whose whole is needed before any plane can be given (Reduce, Join). Called once, outside any sweep.
    fn prepare(&self, _run: &Run) -> Result<()> {
        Ok(())
    }

    /// A walk up through planes `z` of a frame.
    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>>;

    /// Bytes that one thread holds while it pulls so many planes at a time; from headers alone.
    fn flight(&self, planes: usize) -> usize {
        self.header().plane_bytes().saturating_mul(planes)
    }

    /// Whether pulling twice is cheap: memory, an uncompressed file, a kept step.
    fn lends(&self) -> bool {
        false
    }

    /// Whether planes are to be had cheaply only from the first on (a compressed stream): who pulls some twice keeps all.
    fn sequential(&self) -> bool {
        false
    }

    /// All voxels of a prepared source, `[frame, z, y, x]`, where memory holds them as they are anyway: read, if need be, so that
    /// who wants the whole copies nothing.
    fn held(&self, _run: &Run) -> Result<Option<Data>> {
        Ok(None)
    }

    /// What its voxels have shown that headers cannot say, as warnings; complete once every plane was pulled.
    fn found(&self) -> Vec<String> {
        Vec::new()
    }

    /// The same object as labelled runs, once prepared, if it has them: consumers of runs need no painted planes.
    fn runs(&self) -> Option<Arc<Runs>> {
        None
    }

    /// Whether [`Source::runs`] will give runs once prepared.
    fn lends_runs(&self) -> bool {
        false
    }
}

/// One thread's walk up z. Rings and buffers live here, without locks.
pub trait Cursor {
    /// Planes `z`; each call starts where the one before ended.
    fn pull(&mut self, z: Range<usize>) -> Result<Slab>;

    /// The same into the caller's memory (native-endian bytes).
    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        out.copy_from_slice(self.pull(z)?.data.bytes());
        Ok(())
    }
}

/// Buffers that come back when the last slab of them is dropped.
#[derive(Default)]
pub struct Pool {
    blocks: Vec<Arc<Block>>,
}

impl Pool {
    /// A slab of planes, filled by `fill` through its bytes.
    pub fn slab(&mut self, z: Range<usize>, voxel: Type, plane: usize, fill: impl FnOnce(&mut [u8]) -> Result<()>) -> Result<Slab> {
        let count = plane * z.len();
        let bytes = count * voxel.bytes();
        let free = self.blocks.iter_mut().position(|b| Arc::get_mut(b).is_some_and(|b| b.bytes().len() >= bytes));
        let mut block = match free {
            Some(i) => self.blocks.swap_remove(i),
            None => Block::zeroed(voxel, count)?,
        };
        let own = Arc::get_mut(&mut block).and_then(Block::bytes_mut).expect("a free or fresh block has one owner");
        fill(&mut own[..bytes])?;
        if self.blocks.len() < 4 {
            self.blocks.push(block.clone());
        }
        Ok(Slab { z, data: Data::new(block, voxel, 0, count)? })
    }
}

/// Planes of a cursor that has its own [`Cursor::fill`], in memory of its own pool.
pub fn pulled<C: Cursor>(cursor: &mut C, pool: fn(&mut C) -> &mut Pool, header: &Header, z: Range<usize>) -> Result<Slab> {
    let mut own = std::mem::take(pool(cursor));
    let slab = own.slab(z.clone(), header.voxel, header.plane(), |out| cursor.fill(z, out));
    *pool(cursor) = own;
    slab
}
