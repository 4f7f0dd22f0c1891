//! A thread that ends the process when a case takes too long: a hang is a failure with a name.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer than any case takes on a loaded machine.
const LONGEST: Duration = Duration::from_secs(20);

thread_local! {
    static RUNNING: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The case that this thread runs.
pub(crate) fn running() -> String {
    RUNNING.with_borrow(String::clone)
}

/// The case that runs, and since when.
type Now = Mutex<(String, Instant)>;

/// Watches one parser's cases while it lives.
pub(crate) struct Watch {
    target: String,
    now: Arc<Now>,
}

impl Watch {
    pub(crate) fn new(target: &str) -> Watch {
        let now = Arc::new(Mutex::new((String::new(), Instant::now())));
        let seen = Arc::downgrade(&now);
        std::thread::spawn(move || {
            while let Some(now) = seen.upgrade() {
                let (case, since) = now.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if since.elapsed() > LONGEST {
                    eprintln!("{case}: not done after {} s", LONGEST.as_secs());
                    std::process::abort();
                }
                drop(now);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        Watch { target: target.into(), now }
    }

    /// A case begins.
    pub(crate) fn begin(&self, seed: &str, number: u64) {
        let case = format!("{}, {seed}, mutation {number}", self.target);
        RUNNING.with_borrow_mut(|running| running.clone_from(&case));
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (case, Instant::now());
    }
}
