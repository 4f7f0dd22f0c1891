//! An allocator that counts what a thread holds, and ends the process when that is more than a file can explain.
//!
//! The tests of this folder and the targets of `fuzz/` run under it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Whatever the file: buffers of codecs, the run's own limit.
const BASE: isize = 256 << 20;

/// Deflate gives 1032 bytes for one, and there is some copying.
const EACH: isize = 1100;

/// Counts for the threads that ask for it by [`limited`].
pub(crate) struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static LIMIT: Cell<isize> = const { Cell::new(isize::MAX) };
}

/// Runs a function that may hold as much as so many bytes of a file can explain.
pub(crate) fn limited<T>(bytes: usize, run: impl FnOnce() -> T) -> T {
    HELD.set(0);
    LIMIT.set(BASE + EACH * bytes as isize);
    let result = run();
    LIMIT.set(isize::MAX);
    result
}

fn count(bytes: isize) {
    // Threads that end have no counters any more.
    let held = HELD.try_with(|held| {
        held.set(held.get().saturating_add(bytes));
        held.get()
    });
    let limit = LIMIT.try_with(Cell::get);
    if let (Ok(held), Ok(limit)) = (held, limit)
        && held > limit
    {
        LIMIT.set(isize::MAX);
        let thread = std::thread::current();
        eprintln!("{}: {held} bytes are held with the last {bytes}, over the limit of {limit}", thread.name().unwrap_or("main"));
        eprintln!("{}", super::running());
        std::process::abort();
    }
}

// SAFETY: every call is handed to the system's allocator as it came; counting touches no memory of its callers.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are those of this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}
