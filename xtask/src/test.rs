//! `cargo xtask test`: every test there is, and at the end how many passed and failed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::programs::{cargo, shown};
use crate::tally::Tally;
use crate::{generate, peers, programs, scans};

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What a fresh machine can run; real scans too where they are.
    Phantoms,
    /// Everything: what is missing is a failure.
    All,
}

/// The task.
pub(crate) fn run(extent: Extent) -> programs::Done {
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    // The profile of the tests is optimised, and the one profile of all that is built here.
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    if extent == Extent::All {
        tests.env("ISOVOX_BIG", "1").env("ISOVOX_FUZZ_SECONDS", "10");
    }
    note(&mut faults, stream(&mut tests, |line| tally.cargo(line)));
    note(&mut faults, generate::run(generate::Pages::Compare));
    if extent == Extent::All {
        note(&mut faults, peers::tests().and_then(|mut tests| stream(&mut tests, |line| tally.pytest(line))));
    }
    scans_or_how_many(extent, &mut tally, &mut faults);
    conclude(tally, &faults)
}

/// Tests that returned at once for want of scans did not pass.
fn scans_or_how_many(extent: Extent, tally: &mut Tally, faults: &mut Vec<String>) {
    if scans::folder().is_some() {
        return;
    }
    let count = scans::tests();
    tally.passed = tally.passed.saturating_sub(count);
    println!("{count} tests on real scans not run: set ISOVOX_DATA");
    if extent == Extent::All {
        faults.push("the real scans are missing: set ISOVOX_DATA".into());
    }
}

/// The last line is the count; a fault that no test counted is a failure too.
fn conclude(mut tally: Tally, faults: &[String]) -> programs::Done {
    tally.failed = tally.failed.max(faults.len());
    for fault in faults {
        println!("failed: {fault}");
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 { Ok(()) } else { Err("not all is well".into()) }
}

fn note(faults: &mut Vec<String>, done: programs::Done) {
    faults.extend(done.err());
}

/// Runs a program to its end, its stdout shown and read line by line.
fn stream(command: &mut Command, mut read: impl FnMut(&str)) -> programs::Done {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{}: {e}", shown(command)))?;
    let stdout = child.stdout.take().expect("piped above");
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.map_err(|e| format!("{}: {e}", shown(command)))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        read(&line);
    }
    let status = child.wait().map_err(|e| format!("{}: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", shown(command))) }
}
