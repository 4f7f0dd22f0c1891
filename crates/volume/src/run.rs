//! One run: its threads, memory, temporary folder, progress and cancellation, seen by everything that flows.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// What a run is doing.
#[derive(Clone, Debug)]
pub struct Phase {
    /// The phase: `label`, `writing t.csv`.
    pub name: String,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub of: u64,
    /// Seconds to go, when that can be told.
    pub eta_s: Option<f64>,
}

/// Told of progress, at most ten times a second.
pub type Progress = Arc<dyn Fn(&Phase) + Send + Sync>;

/// The settings and the state of one run.
pub struct Run {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Where steps and parts are spilled.
    pub temp: PathBuf,
    limit: usize,
    used: Arc<AtomicUsize>,
    peak: AtomicUsize,
    cancel: Stop,
    progress: Option<Progress>,
    clock: Mutex<Clock>,
    done: AtomicU64,
    /// Planes in a stretch dealt to a worker; 0 lets the engine choose. Tests cut volumes into odd slabs with it.
    pub slab: usize,
}

struct Clock {
    phase: Phase,
    began: Instant,
    told: Option<Instant>,
    past: Vec<(String, f64)>,
}

/// Tells whether the user has interrupted, to what outlives a call: a file being written.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

/// Bytes that the slowest compressor takes in a small part of the time within which an interrupted run stops.
const PART: usize = 1 << 18;

impl Stop {
    /// Fails when the user has interrupted.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Gives bytes to what takes long over them, part by part; an interruption counts from the next part on.
    pub fn parts(&self, bytes: &[u8], mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        bytes.chunks(PART).try_for_each(|part| {
            self.check()?;
            take(part)
        })
    }
}

/// Memory that is accounted for while this lives.
pub struct Lease {
    bytes: usize,
    used: Arc<AtomicUsize>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Lease {
    /// Bytes under this lease.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Run {
    /// A run of so many threads within so many bytes.
    pub fn new(threads: usize, limit: usize, temp: PathBuf) -> Run {
        let phase = Phase { name: String::new(), done: 0, of: 0, eta_s: None };
        Run {
            threads: threads.max(1),
            temp,
            limit,
            used: Arc::default(),
            peak: AtomicUsize::new(0),
            cancel: Stop::default(),
            progress: None,
            clock: Mutex::new(Clock { phase, began: Instant::now(), told: None, past: Vec::new() }),
            done: AtomicU64::new(0),
            slab: 0,
        }
    }

    /// A run of this machine's threads and three quarters of its free memory.
    pub fn here() -> Run {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Run::new(threads, free_memory() / 4 * 3, std::env::temp_dir())
    }

    /// The same, telling of progress.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Run {
        self.progress = Some(progress);
        self
    }

    /// The same, cut into stretches of so many planes.
    #[must_use]
    pub fn with_slab(mut self, planes: usize) -> Run {
        self.slab = planes;
        self
    }

    /// The same, cancelled when the flag is set.
    #[must_use]
    pub fn with_cancel(mut self, flag: Arc<AtomicBool>) -> Run {
        self.cancel = Stop(flag);
        self
    }

    /// Fails when the user has interrupted.
    pub fn check(&self) -> Result<()> {
        self.cancel.check()
    }

    /// What asks the same without the run.
    pub fn stop(&self) -> Stop {
        self.cancel.clone()
    }

    /// Whether the user has interrupted.
    pub fn cancelled(&self) -> bool {
        self.check().is_err()
    }

    /// Bytes this run may hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes not leased.
    pub fn free(&self) -> usize {
        self.limit.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// The most that was ever leased.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// Leases memory; fails over the limit.
    pub fn lease(&self, bytes: usize, what: &str) -> Result<Lease> {
        self.try_lease(bytes).ok_or_else(|| {
            Error::memory(format_args!("{what} needs {}", human(bytes)))
                .found(format_args!("{} free of {}", human(self.free()), human(self.limit)))
                .help(enough(self.limit - self.free() + bytes))
        })
    }

    /// Leases memory if it is free.
    pub fn try_lease(&self, bytes: usize) -> Option<Lease> {
        let grow = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let before = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow).ok()?;
        self.peak.fetch_max(before + bytes, Ordering::Relaxed);
        Some(Lease { bytes, used: self.used.clone() })
    }

    /// Begins a phase of so many steps.
    pub fn begin(&self, name: &str, of: u64) {
        let mut clock = self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        clock.close();
        clock.phase = Phase { name: name.into(), done: 0, of, eta_s: None };
        clock.began = Instant::now();
        clock.told = None;
        self.done.store(0, Ordering::Relaxed);
        if let Some(tell) = &self.progress {
            tell(&clock.phase);
        }
    }

    /// Counts steps of the phase done.
    pub fn advance(&self, steps: u64) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let Some(tell) = &self.progress else { return };
        let mut clock = self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Read again under the lock: counts told never go back.
        let done = self.done.load(Ordering::Relaxed).max(done);
        let now = Instant::now();
        if done < clock.phase.of && clock.told.is_some_and(|t| now - t < Duration::from_millis(100)) {
            return;
        }
        clock.told = Some(now);
        clock.phase.done = done.min(clock.phase.of);
        let spent = clock.began.elapsed().as_secs_f64();
        clock.phase.eta_s = (spent > 0.5 && done > 0).then(|| spent / done as f64 * clock.phase.of.saturating_sub(done) as f64);
        tell(&clock.phase);
    }

    /// Phases so far with their seconds.
    pub fn phases(&self) -> Vec<(String, f64)> {
        let mut clock = self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        clock.close();
        clock.past.clone()
    }
}

impl Clock {
    fn close(&mut self) {
        if !self.phase.name.is_empty() {
            let spent = self.began.elapsed().as_secs_f64();
            let name = std::mem::take(&mut self.phase.name);
            match self.past.iter_mut().find(|(n, _)| *n == name) {
                Some((_, seconds)) => *seconds += spent,
                None => self.past.push((name, spent)),
            }
        }
    }
}

/// Memory of the process beside what is accounted for: code, stacks, allocator.
const OWN: usize = 48 << 20;

/// The least `--memory` that a run is held to; with less, the process itself would be over it.
pub const LEAST_MEMORY: usize = 64_000_000;

/// What of `--memory` is accounted for: small runs need less beside.
pub fn accounted(memory: usize) -> usize {
    if memory > 4 * OWN { memory - OWN } else { memory / 4 * 3 }
}

/// The step after an error for want of memory: a `--memory` of which so many bytes are accounted for.
pub fn enough(bytes: usize) -> String {
    let memory = if bytes > 3 * OWN { bytes.saturating_add(OWN) } else { bytes.div_ceil(3) * 4 };
    // To the next of two digits, so that what is needed a little later fits too.
    let unit = 10usize.pow(memory.max(LEAST_MEMORY).ilog10() - 1).max(1_000_000);
    format!("give --memory {}MB, or a part of the volume with --crop", memory.max(LEAST_MEMORY).div_ceil(unit) * (unit / 1_000_000))
}

/// A byte count as people read it.
pub fn human(bytes: usize) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit < 4 {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", ["B", "kB", "MB", "GB", "TB"][unit]) }
}

/// Bytes of memory that the machine says are available (8 GB where it does not say).
pub fn free_memory() -> usize {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("MemAvailable:"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse::<usize>().ok()).map_or(8_000_000_000, |kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_named_is_enough() {
        for bytes in [0, 47_999_999, 48_000_001, 143_000_000, 3 * OWN, 3 * OWN + 1, 200_000_000, 1_234_567_890, 99_999_999_999] {
            let step = enough(bytes);
            let named: usize = step.strip_prefix("give --memory ").and_then(|s| s.split_once("MB")).unwrap().0.parse().unwrap();
            assert!(accounted(named * 1_000_000) >= bytes && named >= 64, "{bytes}: {step}");
            assert!(named * 1_000_000 <= LEAST_MEMORY.max(bytes / 10 * 16), "{bytes}: {step}");
        }
        let run = Run::new(1, 50_000_000, PathBuf::new());
        let _held = run.lease(40_000_000, "this").unwrap();
        assert_eq!(run.lease(50_000_000, "that").map(drop).unwrap_err().next_step(), Some("give --memory 120MB, or a part of the volume with --crop"));
    }

    #[test]
    fn an_interruption_counts_between_parts() {
        let flag = Arc::new(AtomicBool::new(false));
        let stop = Stop(flag.clone());
        let mut parts = 0;
        let stopped = stop.parts(&vec![0; 5 * PART], |_| {
            parts += 1;
            flag.store(parts == 2, Ordering::Relaxed);
            Ok(())
        });
        assert_eq!((stopped.unwrap_err().kind(), parts), (crate::Kind::Cancelled, 2));
    }
}
