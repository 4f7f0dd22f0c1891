//! Hostile bytes, given to every parser: nothing panics, hangs, or holds more than the file can explain.
//!
//! The corpus of `fuzz/` is damaged by numbered mutations, so every run is the same. `ISOVOX_FUZZ_SECONDS=10` gives each
//! parser so long instead of a fixed number of cases. `cargo test -p isovox-formats --test hostile -- --ignored` writes
//! the corpus anew.

mod corpus;
mod jpeg_bmp;
mod memory;
mod mutate;
mod seeds;
mod subject;
mod tiffs;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: memory::Counting = memory::Counting;

use watch::running;

/// Cases of each parser where no time is named: some seconds for all of them.
const CASES: u64 = 30_000;

fn attack(target: &str) {
    let (_, parse) = *subject::PARSERS.iter().find(|(name, _)| *name == target).expect("a parser of the list");
    let (names, seeds): (Vec<_>, Vec<_>) = corpus::read(target).into_iter().unzip();
    let seconds = std::env::var("ISOVOX_FUZZ_SECONDS").ok().map(|s| s.parse().expect("ISOVOX_FUZZ_SECONDS is a number"));
    let until = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let watch = watch::Watch::new(target);
    let run = |name: &str, number: u64, bytes: &[u8]| {
        watch.begin(name, number);
        let done = catch_unwind(AssertUnwindSafe(|| memory::limited(bytes.len(), || parse(bytes))));
        if done.is_err() {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{target}"));
            let _ = std::fs::write(&kept, bytes);
            panic!("{}: panicked, see above; its bytes are in {}", running(), kept.display());
        }
        done.is_ok_and(|taken| taken.is_ok())
    };
    // What was found before is not damaged right or wrong: it must not panic.
    for (name, bytes) in names.iter().zip(&seeds) {
        let taken = run(name, 0, bytes);
        assert!(taken || name.starts_with("seed-found"), "{target}: {name} does not open");
    }
    let mut number = 0;
    while until.map_or(number < CASES, |u| Instant::now() < u) {
        run(&names[(number % names.len() as u64) as usize], number, &mutate::case(&seeds, number));
        number += 1;
    }
    println!("{target}: {number} cases");
}

macro_rules! parsers {
    ($($name:ident),*) => {
        $(#[test] fn $name() { attack(stringify!($name)); })*

        #[test]
        fn no_parser_is_left_out() {
            assert_eq!(subject::PARSERS.map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}
parsers!(nifti, metaimage, nrrd, mgh, analyze, vtk, zarr, scanco, skyscan, tiff, npy, npz, zip, raw_sidecars, pictures, dicom, jpegls, deflate, values);

/// The allocator does end a process: this test's own, called again.
#[test]
fn what_holds_too_much_is_named() {
    const AGAIN: &str = "ISOVOX_HOLD_TOO_MUCH";
    if std::env::var_os(AGAIN).is_some() {
        let much = memory::limited(8, || vec![1u8; 300 << 20]);
        unreachable!("{} bytes are held", much.len());
    }
    let program = std::env::current_exe().expect("a program that runs");
    let ended = std::process::Command::new(program).args(["--exact", "--nocapture", "what_holds_too_much_is_named"]).env(AGAIN, "1").output().expect("a program that runs");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("what_holds_too_much_is_named: ") && said.contains("over the limit"), "{said}");
}

/// A small compressed file can hold a long text, and parsed JSON takes many times its text.
#[test]
fn long_texts_in_small_files() {
    let bytes = seeds::wordy();
    assert!(bytes.len() < 100_000);
    let (_, nifti) = subject::PARSERS[0];
    assert!(memory::limited(bytes.len(), || nifti(&bytes)).is_ok());
}

/// Mutations of what does not open would test little. With `ISOVOX_WRITE_CORPUS` set the seeds are written anew.
#[test]
fn every_seed_opens() {
    corpus::check(std::env::var_os("ISOVOX_WRITE_CORPUS").is_some());
}
