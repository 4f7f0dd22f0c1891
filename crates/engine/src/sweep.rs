//! One sweep over planes: stretches dealt in z order to workers, each pulling cache-sized steps through its own cursors.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use isovox_volume::{Cursor, Error, Header, Result, Run, Slab, Source};

/// Planes of a block in which inexact sums are folded, whatever the cut.
pub const BLOCK: usize = 16;

/// Bytes of a step: what flows stays in the cache.
const STEP: usize = 256 << 10;

/// A sweep that would take less is not worth a second thread.
const WORTH_A_THREAD: Duration = Duration::from_micros(200);

/// How a sweep is cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Planes of a stretch.
    pub stretch: usize,
    /// Planes of a step.
    pub step: usize,
    /// Workers.
    pub threads: usize,
}

impl Cut {
    /// The cut of a sweep over sources of one shape; `blocks` keeps stretches to multiples of [`BLOCK`].
    pub fn new(run: &Run, header: &Header, sources: &[&dyn Source], blocks: bool) -> Cut {
        let nz = header.nz();
        let plane = sources.iter().map(|s| s.header().plane_bytes()).max().unwrap_or(header.plane()).max(1);
        let mut threads = run.threads;
        let mut step = (STEP / plane).clamp(1, nz);
        let mut stretch = nz.div_ceil(threads * 4).next_multiple_of(BLOCK).min(nz.next_multiple_of(BLOCK));
        if run.slab > 0 {
            step = run.slab.min(nz);
            stretch = if blocks { step.next_multiple_of(BLOCK) } else { step };
        }
        threads = threads.min(nz.div_ceil(stretch)).max(1);
        while threads > 1 && flight(sources, step, threads) > run.free() {
            threads -= 1;
        }
        while step > 1 && flight(sources, step, threads) > run.free() {
            step = step.div_ceil(2);
        }
        Cut { stretch, step, threads }
    }

    /// The same with stretches of at most so many planes.
    #[must_use]
    pub fn at_most(self, planes: usize) -> Cut {
        Cut { stretch: self.stretch.min(planes.max(1)), ..self }
    }
}

/// Bytes in flight, with a quarter to spare.
fn flight(sources: &[&dyn Source], step: usize, threads: usize) -> usize {
    let one: usize = sources.iter().map(|s| s.flight(step)).fold(0, usize::saturating_add);
    with_spare(one.saturating_mul(threads))
}

/// What is leased for so many bytes in flight.
pub fn with_spare(bytes: usize) -> usize {
    bytes / 4 * 5
}

/// What a sweep does with the planes it pulls.
pub trait Work: Sync {
    /// A stretch in the making.
    type State;
    /// What a stretch gives.
    type Part: Send;
    /// Begins a stretch.
    fn begin(&self, frame: usize, z: Range<usize>) -> Result<Self::State>;
    /// Takes a step's planes, one slab a source.
    fn step(&self, state: &mut Self::State, frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()>;
    /// Ends a stretch.
    fn end(&self, state: Self::State) -> Result<Self::Part>;
    /// What of a stretch is taken before it ends, once those below it were: a part that would outgrow the memory.
    fn early(&self, _state: &mut Self::State) -> Option<Self::Part> {
        None
    }
    /// Where planes of the first source go, when that is all that happens to them: they are then written once, without a step.
    #[allow(clippy::mut_from_ref, reason = "a work that has a destination hands out each plane once")]
    fn destination(&self, _frame: usize, _z: Range<usize>) -> Option<&mut [u8]> {
        None
    }
}

struct Stretch {
    index: usize,
    frame: usize,
    z: Range<usize>,
}

fn stretches(frames: Range<usize>, nz: usize, stretch: usize) -> Vec<Stretch> {
    let cuts = frames.flat_map(|f| (0..nz).step_by(stretch).map(move |z| (f, z)));
    cuts.enumerate().map(|(index, (frame, z))| Stretch { index, frame, z: z..(z + stretch).min(nz) }).collect()
}

/// Results that come in any order and are taken in z order.
struct InOrder<P, F> {
    state: Mutex<State<P, F>>,
    moved: Condvar,
    window: usize,
}

struct State<P, F> {
    next: usize,
    waiting: BTreeMap<usize, P>,
    take: F,
}

impl<P, F: FnMut(P) -> Result<()>> InOrder<P, F> {
    fn new(window: usize, take: F) -> InOrder<P, F> {
        InOrder { state: Mutex::new(State { next: 0, waiting: BTreeMap::new(), take }), moved: Condvar::new(), window }
    }

    /// Waits until a stretch is near enough to the one awaited that its result will not wait long.
    fn enter(&self, index: usize, failed: &AtomicBool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while index >= state.next + self.window && !failed.load(Ordering::Relaxed) {
            state = self.moved.wait_timeout(state, Duration::from_millis(50)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a part of a stretch that goes on, once it is this stretch's turn; drops it when that will never be.
    fn early(&self, index: usize, part: P, given_up: impl Fn() -> bool) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.next != index {
            if given_up() {
                return Ok(());
            }
            state = self.moved.wait_timeout(state, Duration::from_millis(50)).unwrap_or_else(PoisonError::into_inner).0;
        }
        (state.take)(part)
    }

    /// Takes a result, and all that have waited for it; an error is of the stretch whose result was not taken, and nothing is
    /// taken after it.
    fn give(&self, index: usize, part: P) -> Result<(), (usize, Error)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.waiting.insert(index, part);
        while let Some(part) = state.waiting.remove(&state.next) {
            (state.take)(part).map_err(|error| (state.next, error))?;
            state.next += 1;
        }
        self.moved.notify_all();
        Ok(())
    }
}

/// Sweeps frames of `nz` planes, of sources that have them (or of none, where a part is all that is read); parts are taken in order of frame and z.
///
/// The first failing stretch in that order decides the error. Sources must be prepared.
pub fn sweep<W: Work>(run: &Run, nz: usize, sources: &[&dyn Source], frames: Range<usize>, cut: Cut, work: &W, take: impl FnMut(W::Part) -> Result<()> + Send) -> Result<()> {
    let list = stretches(frames, nz, cut.stretch);
    let _flight = run.lease(flight(sources, cut.step, cut.threads), "planes in flight")?;
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let order = InOrder::new(4 * cut.threads, take);
    let first_error: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let settle = |index: usize, done: Result<W::Part>| {
        if let Err((index, error)) = done.map_err(|error| (index, error)).and_then(|part| order.give(index, part)) {
            failed.store(true, Ordering::Relaxed);
            let mut slot = first_error.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.as_ref().is_none_or(|(i, _)| index < *i) {
                *slot = Some((index, error));
            }
        }
    };
    let deal = |after_step: &mut dyn FnMut()| {
        while !failed.load(Ordering::Relaxed) {
            let Some(stretch) = list.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            order.enter(stretch.index, &failed);
            let lower_failed = || first_error.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|(i, _)| *i < stretch.index);
            let early = |part| order.early(stretch.index, part, lower_failed);
            settle(stretch.index, walk(run, sources, cut.step, work, stretch, &early, after_step));
        }
    };
    let began = Instant::now();
    std::thread::scope(|scope| {
        // The first steps, of however many stretches, tell whether more threads are worth their start.
        let mut alone = cut.threads > 1;
        deal(&mut || {
            if alone && began.elapsed() > WORTH_A_THREAD {
                alone = false;
                (1..cut.threads).for_each(|_| drop(scope.spawn(|| deal(&mut || {}))));
            }
        });
    });
    first_error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
}

fn walk<W: Work>(
    run: &Run,
    sources: &[&dyn Source],
    step: usize,
    work: &W,
    stretch: &Stretch,
    early: &dyn Fn(W::Part) -> Result<()>,
    after_step: &mut dyn FnMut(),
) -> Result<W::Part> {
    run.check()?;
    // A further input of one frame (a mask) serves every frame.
    let frame = |s: &dyn Source| stretch.frame.min(s.header().frames.count - 1);
    let mut cursors = sources.iter().map(|s| s.open(run, frame(*s), stretch.z.clone())).collect::<Result<Vec<Box<dyn Cursor + '_>>>>()?;
    let mut part = work.begin(stretch.frame, stretch.z.clone())?;
    let mut slabs = Vec::with_capacity(cursors.len());
    let mut z = stretch.z.start;
    while z < stretch.z.end {
        run.check()?;
        let now = z..(z + step).min(stretch.z.end);
        slabs.clear();
        if let Some(out) = work.destination(stretch.frame, now.clone()) {
            cursors[0].fill(now.clone(), out)?;
        } else {
            for cursor in &mut cursors {
                slabs.push(cursor.pull(now.clone())?);
            }
            work.step(&mut part, stretch.frame, now.clone(), &slabs)?;
            work.early(&mut part).map_or(Ok(()), early)?;
        }
        run.advance(now.len() as u64);
        z = now.end;
        after_step();
    }
    work.end(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_taking_is_of_the_stretch_that_was_taken() {
        let mut taken = Vec::new();
        let order = InOrder::new(8, |part: usize| {
            taken.push(part);
            if part == 1 { Err(Error::corrupt("part 1")) } else { Ok(()) }
        });
        assert!(order.give(1, 1).is_ok() && order.give(2, 2).is_ok());
        assert_eq!(order.give(0, 0).unwrap_err().0, 1);
        assert!(order.give(3, 3).is_ok());
        drop(order);
        assert_eq!(taken, [0, 1], "nothing is taken after an error");
    }
}
