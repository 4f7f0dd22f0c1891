//! Typed voxels behind a shared buffer. Cloning never copies voxels.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::memory::Memory;
use crate::voxel::{Type, Voxel};

/// Memory that one writer fills and many readers then share.
pub struct Block(Memory);

impl Block {
    /// Zeroed memory of so many voxels.
    pub fn zeroed(voxel: Type, count: usize) -> Result<Arc<Block>> {
        let bytes = count.checked_mul(voxel.bytes()).ok_or_else(|| Error::memory(format_args!("{count} voxels of {voxel}")))?;
        Ok(Arc::new(Block(Memory::zeroed(bytes)?)))
    }

    /// Any memory.
    pub fn new(memory: Memory) -> Arc<Block> {
        Arc::new(Block(memory))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// Its bytes to write, when they are ours.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        self.0.bytes_mut()
    }

    /// Says that a byte range will not be read again soon.
    pub fn forget(&self, from: usize, to: usize) {
        self.0.forget(from, to);
    }
}

/// A typed stretch of a shared [`Block`].
#[derive(Clone)]
pub struct Data {
    block: Arc<Block>,
    voxel: Type,
    from: usize,
    len: usize,
}

impl Data {
    /// `count` voxels from byte `from` of a block.
    ///
    /// Fails when the block is shorter, or when the memory is not aligned for the type.
    pub fn new(block: Arc<Block>, voxel: Type, from: usize, count: usize) -> Result<Data> {
        let end = count.checked_mul(voxel.bytes()).and_then(|n| n.checked_add(from));
        let bytes = block.bytes();
        if end.is_none_or(|e| e > bytes.len()) {
            return Err(Error::corrupt("voxel data").found(format_args!("{} bytes", bytes.len())).expected(format_args!("{count} voxels of {voxel}")));
        }
        let align = if voxel == Type::Rgb8 { 1 } else { voxel.bytes() };
        if !(bytes.as_ptr() as usize + from).is_multiple_of(align) {
            return Err(Error::value(format_args!("{voxel} voxels at an unaligned address")).help("read the file instead of mapping it"));
        }
        Ok(Data { block, voxel, from, len: count })
    }

    /// A copy of voxels.
    pub fn from_slice<T: Voxel>(voxels: &[T]) -> Result<Data> {
        let mut block = Block::zeroed(T::TYPE, voxels.len())?;
        let own = Arc::get_mut(&mut block).and_then(Block::bytes_mut).expect("a fresh block has one owner");
        own.copy_from_slice(bytemuck::cast_slice(voxels));
        Data::new(block, T::TYPE, 0, voxels.len())
    }

    /// The voxels' type.
    pub fn voxel(&self) -> Type {
        self.voxel
    }

    /// The number of voxels.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes, native-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.block.bytes()[self.from..self.from + self.len * self.voxel.bytes()]
    }

    /// The voxels; `T` must be the type this data says it has.
    pub fn as_slice<T: Voxel>(&self) -> &[T] {
        assert_eq!(T::TYPE, self.voxel, "voxels read as another type");
        bytemuck::cast_slice(self.bytes())
    }

    /// Voxels `from..from + count` of these.
    #[must_use]
    pub fn sub(&self, from: usize, count: usize) -> Data {
        assert!(from + count <= self.len);
        Data { block: self.block.clone(), voxel: self.voxel, from: self.from + from * self.voxel.bytes(), len: count }
    }

    /// Says that these voxels will not be read again soon (mapped files only).
    pub fn forget(&self) {
        self.block.forget(self.from, self.from + self.len * self.voxel.bytes());
    }
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {}", self.len, self.voxel)
    }
}
