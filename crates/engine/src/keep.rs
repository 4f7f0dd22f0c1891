//! A step that is pulled twice: kept in memory, spilled to a temporary file, or computed again.

use std::ops::{Deref, Range};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use isovox_volume::memory::{Memory, Shared};
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Block, Cursor, Data, Error, Header, Lease, Result, Run, Slab, Source};

/// Bytes that are read of a stream at once.
const STEP: usize = 1 << 20;

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const READY: u8 = 2;

/// A source that remembers its planes the first time they are pulled.
pub struct Keep {
    input: Arc<dyn Source>,
    store: OnceLock<Option<Arc<Store>>>,
}

struct Store {
    shared: Shared,
    states: Vec<AtomicU8>,
    /// Planes of a compressed stream, frame after frame, that were read: all before this one.
    through: Mutex<usize>,
    /// Planes that are read of it at once.
    step: usize,
    spilled: bool,
    _lease: Option<Lease>,
}

impl Store {
    fn new(memory: Memory, input: &dyn Source, lease: Option<Lease>) -> Arc<Store> {
        let header = input.header();
        let states = (0..header.nz() * header.frames.count).map(|_| AtomicU8::new(EMPTY)).collect();
        let mut step = (STEP / header.plane_bytes()).clamp(1, header.nz());
        // A part of large planes is small itself, but not what it is read from.
        while step > 1 && input.flight(step).saturating_sub(input.flight(1)) > 4 * STEP {
            step = step.div_ceil(2);
        }
        Arc::new(Store { shared: Shared::new(memory), states, through: Mutex::default(), step, spilled: lease.is_none(), _lease: lease })
    }

    fn ready(&self, plane: usize) -> bool {
        self.states[plane].load(Ordering::Acquire) == READY
    }
}

/// All of a store's planes, to be lent.
struct Whole(Arc<Store>);

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let shared = &self.0.shared;
        // SAFETY: made only when all planes are READY, which was released after their last write; nobody writes them again.
        unsafe { shared.read(0, shared.len()) }
    }
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

    fn choose(&self, run: &Run) -> Result<Option<Arc<Store>>> {
        let bytes = self.input.header().bytes();
        // Half of what is free stays for planes in flight, parts and tables.
        let lease = if bytes < run.free() / 2 { run.try_lease(bytes) } else { None };
        if lease.is_some() {
            return Ok(Some(Store::new(Memory::zeroed(bytes)?, self.input.as_ref(), lease)));
        }
        match tempfile::tempfile_in(&run.temp).map_err(|e| Error::io(&e, &run.temp)).and_then(|file| Memory::scratch(&file, bytes)) {
            Ok(memory) => Ok(Some(Store::new(memory, self.input.as_ref(), None))),
            // No room on the disk: what can be computed again is.
            Err(_) if !self.input.sequential() => Ok(None),
            Err(error) => Err(error.help("name a folder with room: --temp DIR")),
        }
    }

    /// Reads a compressed stream on, until a plane has come: what is behind the last one asked for is never read.
    fn read_on(&self, run: &Run, store: &Store, until: usize) -> Result<()> {
        let (nz, bytes) = (self.header().nz(), self.header().plane_bytes());
        let mut through = store.through.lock().unwrap_or_else(PoisonError::into_inner);
        while *through < until {
            run.check()?;
            let (frame, z) = (*through / nz, *through % nz);
            let to = (z + store.step).min(nz);
            let (from, end) = (*through * bytes, (*through + to - z) * bytes);
            // SAFETY: the lock's holder alone writes planes that are not READY, and each once.
            self.input.open(run, frame, z..to)?.fill(z..to, unsafe { store.shared.write(from, end) })?;
            store.states[*through..*through + to - z].iter().for_each(|s| s.store(READY, Ordering::Release));
            if store.spilled {
                store.shared.forget(from, end);
            }
            *through += to - z;
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
        if self.keep.input.sequential() && !(first + z.start..first + z.end).all(|plane| self.store.ready(plane)) {
            self.keep.read_on(self.run, self.store, first + z.end)?;
        }
        for (at, out) in z.clone().zip(out.chunks_exact_mut(bytes)) {
            let (state, from) = (&self.store.states[first + at], (first + at) * bytes);
            if self.store.ready(first + at) {
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
        let _ = self.store.set(self.choose(run)?);
        Ok(())
    }

    fn held(&self, run: &Run) -> Result<Option<Data>> {
        let header = self.header();
        let planes = header.nz() * header.frames.count;
        let Some(store) = self.store.get().and_then(Option::as_ref).filter(|s| !s.spilled) else { return Ok(None) };
        if self.input.sequential() {
            for plane in 0..planes {
                self.read_on(run, store, plane + 1)?;
                run.advance(1);
            }
        }
        if !(0..planes).all(|plane| store.ready(plane)) {
            return Ok(None);
        }
        let block = Block::new(Memory::Foreign(Box::new(Whole(store.clone()))));
        Data::new(block, header.voxel, 0, header.voxels() * header.frames.count).map(Some)
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
