//! A thread that ends the process when a case takes too long: a hang is a failure with a name.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the thread looks.
const TICK: Duration = Duration::from_millis(200);

/// Looks at one and the same case, some 20 s: longer than any takes on a loaded machine. Looks are counted, not seconds:
/// a machine that was asleep has not waited.
const LONGEST: usize = 100;

thread_local! {
    static RUNNING: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The case that this thread runs.
pub(crate) fn running() -> String {
    RUNNING.with_borrow(String::clone)
}

/// Watches one parser's cases while it lives.
pub(crate) struct Watch {
    target: String,
    now: Arc<Mutex<Now>>,
}

/// The case that runs, and how often it was looked at.
#[derive(Default)]
struct Now {
    case: String,
    looks: usize,
}

impl Watch {
    pub(crate) fn new(target: &str) -> Watch {
        let now = Arc::new(Mutex::new(Now::default()));
        let seen = Arc::downgrade(&now);
        std::thread::spawn(move || {
            while let Some(now) = seen.upgrade() {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                now.looks += 1;
                if now.looks > LONGEST {
                    eprintln!("{}: not done after {:?}", now.case, TICK * LONGEST as u32);
                    std::process::abort();
                }
                drop(now);
                std::thread::sleep(TICK);
            }
        });
        Watch { target: target.into(), now }
    }

    /// A case begins.
    pub(crate) fn begin(&self, seed: &str, number: u64) {
        let case = format!("{}, {seed}, mutation {number}", self.target);
        RUNNING.with_borrow_mut(|running| running.clone_from(&case));
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Now { case, looks: 0 };
    }
}
