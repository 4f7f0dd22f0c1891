//! A step that is pulled twice: kept in memory, spilled to a temporary file, or computed again.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use isovox_volume::memory::{Memory, Shared};
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Error, Header, Lease, Result, Run, Slab, Source};

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const READY: u8 = 2;

/// A source that remembers its planes the first time they are pulled.
pub struct Keep {
    input: Arc<dyn Source>,
    store: OnceLock<Option<Store>>,
}

struct Store {
    shared: Shared,
    states: Vec<AtomicU8>,
    spilled: bool,
    _lease: Option<Lease>,
}

impl Keep {
    /// Wraps a source, unless pulling it twice is cheap anyway.
    pub fn wrap(input: Arc<dyn Source>) -> Arc<dyn Source> {
        if input.lends() { input } else { Self::always(input) }
    }

    /// Wraps a source whose planes are few and dear, whatever it pulls from.
    pub fn always(input: Arc<dyn Source>) -> Arc<dyn Source> {
        Arc::new(Keep { input, store: OnceLock::new() })
    }

    fn choose(&self, run: &Run) -> Result<Option<Store>> {
        let header = self.input.header();
        let bytes = header.bytes();
        let states = || (0..header.nz() * header.frames.count).map(|_| AtomicU8::new(EMPTY)).collect();
        // Half of what is free stays for planes in flight, parts and tables.
        let lease = if bytes < run.free() / 2 { run.try_lease(bytes) } else { None };
        if let Some(lease) = lease {
            return Ok(Some(Store { shared: Shared::new(Memory::zeroed(bytes)?), states: states(), spilled: false, _lease: Some(lease) }));
        }
        match tempfile::tempfile_in(&run.temp).map_err(|e| Error::io(&e, &run.temp)).and_then(|file| Memory::scratch(&file, bytes)) {
            Ok(memory) => Ok(Some(Store { shared: Shared::new(memory), states: states(), spilled: true, _lease: None })),
            // No room on the disk: what can be computed again is.
            Err(_) if !self.input.sequential() => Ok(None),
            Err(error) => Err(error.help("name a folder with room: --temp DIR")),
        }
    }

    /// A compressed stream is read through once, in order.
    fn read_through(&self, run: &Run, store: &Store) -> Result<()> {
        let header = self.input.header();
        run.begin("unpacking", (header.nz() * header.frames.count) as u64);
        let step = ((1 << 20) / header.plane_bytes()).clamp(1, header.nz());
        let mut cursor = self.input.open(run, 0, 0..header.nz())?;
        let planes = header.nz() * header.frames.count;
        let mut at = 0;
        while at < planes {
            run.check()?;
            let to = (at + step).min(planes);
            let range = at * header.plane_bytes()..to * header.plane_bytes();
            // SAFETY: one thread fills the store before anybody else sees it.
            cursor.fill(at..to, unsafe { store.shared.write(range.start, range.end) })?;
            store.states[at..to].iter().for_each(|s| s.store(READY, Ordering::Release));
            if store.spilled {
                store.shared.forget(range.start, range.end);
            }
            run.advance((to - at) as u64);
            at = to;
        }
        Ok(())
    }
}

struct Walk<'a> {
    keep: &'a Keep,
    run: &'a Run,
    store: &'a Store,
    frame: usize,
    end: usize,
    input: Option<(Box<dyn Cursor + 'a>, usize)>,
    pool: Pool,
}

impl Walk<'_> {
    fn planes(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let bytes = self.keep.input.header().plane_bytes();
        let first = self.frame * self.keep.input.header().nz();
        for (at, out) in z.clone().zip(out.chunks_exact_mut(bytes)) {
            let (state, from) = (&self.store.states[first + at], (first + at) * bytes);
            if state.load(Ordering::Acquire) == READY {
                // SAFETY: READY was released after the plane's last write, and nobody writes it again.
                out.copy_from_slice(unsafe { self.store.shared.read(from, from + bytes) });
            } else {
                self.compute(at, out)?;
                if state.compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    // SAFETY: only the thread that made EMPTY into BUSY writes the plane.
                    unsafe { self.store.shared.write(from, from + bytes) }.copy_from_slice(out);
                    state.store(READY, Ordering::Release);
                }
            }
        }
        if self.store.spilled {
            self.store.shared.forget((first + z.start) * bytes, (first + z.end) * bytes);
        }
        Ok(())
    }

    fn compute(&mut self, z: usize, out: &mut [u8]) -> Result<()> {
        if self.input.as_ref().is_none_or(|(_, next)| *next != z) {
            self.input = Some((self.keep.input.open(self.run, self.frame, z..self.end)?, z));
        }
        let (cursor, next) = self.input.as_mut().expect("opened above");
        *next = z + 1;
        cursor.fill(z..z + 1, out)
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, self.keep.input.header(), z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.planes(z, out)
    }
}

impl Source for Keep {
    fn header(&self) -> &Header {
        self.input.header()
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        if self.store.get().is_some() {
            return Ok(());
        }
        self.input.prepare(run)?;
        let store = self.choose(run)?;
        if let (true, Some(store)) = (self.input.sequential(), &store) {
            self.read_through(run, store)?;
        }
        let _ = self.store.set(store);
        Ok(())
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        match self.store.get() {
            Some(Some(store)) => Ok(Box::new(Walk { keep: self, run, store, frame, end: z.end, input: None, pool: Pool::default() })),
            Some(None) => self.input.open(run, frame, z),
            None => Err(Error::parameter("a kept step was pulled before it was prepared")),
        }
    }

    fn flight(&self, planes: usize) -> usize {
        self.input.flight(planes).saturating_add(self.header().plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        true
    }
}
