//! Memory of voxels: owned, mapped or foreign. The only module of this crate with `unsafe`.

use std::fs::File;
use std::ops::Deref;

use memmap2::{Mmap, MmapMut};

use crate::error::{Error, Result};

/// Bytes from which fresh memory is asked for in huge pages: first touch costs less than half as much.
const HUGE: usize = 4 << 20;

/// A stretch of memory that voxels live in, aligned for every voxel type.
pub enum Memory {
    /// Owned, small: from the allocator.
    Owned(Vec<u64>, usize),
    /// Owned, large: fresh pages of the system, huge where it grants them.
    Pages(MmapMut),
    /// A file's pages, read only.
    Mapped(Mmap),
    /// A file's pages that this process writes (spilled steps, parked parts).
    Scratch(MmapMut),
    /// Somebody else's memory (NumPy, `DLPack`), kept alive by its owner.
    Foreign(Box<dyn Deref<Target = [u8]> + Send + Sync>),
}

impl Memory {
    /// Zeroed memory.
    pub fn zeroed(bytes: usize) -> Result<Memory> {
        if bytes < HUGE {
            return Ok(Memory::Owned(vec![0; bytes.div_ceil(8)], bytes));
        }
        let pages = MmapMut::map_anon(bytes).map_err(|e| Error::memory(format_args!("{bytes} bytes of memory: {e}")).help("give a smaller --memory or a --crop"))?;
        #[cfg(target_os = "linux")]
        // Advice only: where huge pages are off, small ones serve as well.
        let _ = pages.advise(memmap2::Advice::HugePage);
        Ok(Memory::Pages(pages))
    }

    /// A file's bytes, read only.
    ///
    /// The file must not shrink while it is mapped; sources of user files therefore read instead of mapping, unless asked to map.
    pub fn map(file: &File) -> Result<Memory> {
        // SAFETY: read only; the caller keeps the file from shrinking (unlinked scratch files, or files the user asked to map).
        let map = unsafe { Mmap::map(file) }.map_err(|e| Error::new(crate::Kind::Io, format_args!("cannot map the file: {e}")))?;
        Ok(Memory::Mapped(map))
    }

    /// An unlinked scratch file of `bytes` in a folder, mapped for writing.
    pub fn scratch(file: &File, bytes: usize) -> Result<Memory> {
        allocate(file, bytes as u64).map_err(|e| Error::new(crate::Kind::Io, format_args!("cannot grow a temporary file: {e}")))?;
        // SAFETY: the file is this process's own, unlinked, of the right length, and never shrinks.
        let map = unsafe { MmapMut::map_mut(file) }.map_err(|e| Error::new(crate::Kind::Io, format_args!("cannot map a temporary file: {e}")))?;
        Ok(Memory::Scratch(map))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Memory::Owned(v, n) => &bytemuck::cast_slice(v)[..*n],
            Memory::Pages(m) | Memory::Scratch(m) => m,
            Memory::Mapped(m) => m,
            Memory::Foreign(f) => f,
        }
    }

    /// The bytes, to write; none for memory that is not ours.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        match self {
            Memory::Owned(v, n) => Some(&mut bytemuck::cast_slice_mut(v)[..*n]),
            Memory::Pages(m) | Memory::Scratch(m) => Some(m),
            Memory::Mapped(_) | Memory::Foreign(_) => None,
        }
    }

    /// Tells the system that a range will not be read again soon, so that it stops counting as resident.
    #[cfg(target_os = "linux")]
    pub fn forget(&self, from: usize, to: usize) {
        let page = 4096;
        let (from, to) = (from.div_ceil(page) * page, to / page * page);
        if from >= to {
            return;
        }
        match self {
            Memory::Mapped(m) => {
                // SAFETY: a shared read-only file mapping; dropped pages are read again from the file.
                let _ = unsafe { m.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, from, to - from) };
            }
            Memory::Scratch(m) => {
                // SAFETY: a shared file mapping; written pages stay in the file's page cache and come back from there.
                let _ = unsafe { m.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, from, to - from) };
            }
            Memory::Owned(..) | Memory::Pages(_) | Memory::Foreign(_) => {}
        }
    }

    /// Tells the system that a range will not be read again soon: nothing to do here.
    #[cfg(not(target_os = "linux"))]
    pub fn forget(&self, _from: usize, _to: usize) {}
}

/// Reserves the file's blocks, so that a full disk is an error now and not a signal at the first write to the map.
fn allocate(file: &File, bytes: u64) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes.max(1)) {
        Err(rustix::io::Errno::OPNOTSUPP) => {}
        other => return Ok(other?),
    }
    file.set_len(bytes)
}

/// A region of memory that several threads write at disjoint places, and read where it was written.
///
/// The only shared mutable memory there is; the caller owns the discipline (one writer a byte, readers after the writer's release).
pub struct Shared {
    memory: Memory,
    start: *mut u8,
    len: usize,
}

// SAFETY: access goes through `write` and `read`, whose contracts make concurrent use disjoint or ordered.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Memory that becomes shared.
    pub fn new(mut memory: Memory) -> Shared {
        let bytes = memory.bytes_mut().expect("shared memory is always ours to write");
        let (start, len) = (bytes.as_mut_ptr(), bytes.len());
        Shared { memory, start, len }
    }

    /// How many bytes.
    #[allow(clippy::len_without_is_empty, reason = "never asked")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes `from..to`, to write.
    ///
    /// # Safety
    /// No other thread may read or write any of these bytes while the slice lives.
    #[allow(clippy::mut_from_ref, reason = "the point of this type; the contract is the caller's")]
    pub unsafe fn write(&self, from: usize, to: usize) -> &mut [u8] {
        assert!(from <= to && to <= self.len);
        // SAFETY: in bounds by the line above; exclusive by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), to - from) }
    }

    /// The bytes `from..to`, to read.
    ///
    /// # Safety
    /// Every writer of these bytes must have finished before, and been seen to (an acquire of what it released).
    pub unsafe fn read(&self, from: usize, to: usize) -> &[u8] {
        assert!(from <= to && to <= self.len);
        // SAFETY: in bounds by the line above; nobody writes, by this function's contract.
        unsafe { std::slice::from_raw_parts(self.start.add(from), to - from) }
    }

    /// Lets the system take back a range that will not be read again soon.
    pub fn forget(&self, from: usize, to: usize) {
        self.memory.forget(from, to);
    }

    /// The memory again, once nobody shares it.
    pub fn into_memory(self) -> Memory {
        self.memory
    }
}
