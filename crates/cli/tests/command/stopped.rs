//! Runs that are killed or interrupted: nothing half written stays, and the next run is as the first.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{folder_of, phantom};
use isovox_testing::command::{isovox, say};
use isovox_testing::files::{names, nothing_partial};

/// Long enough for any machine; a run that works is over far sooner.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until something holds.
#[track_caller]
fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn start(folder: &Path, words: &str) -> Child {
    let mut command = isovox();
    command.current_dir(folder).args(words.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the command starts")
}

fn partial(folder: &Path) -> bool {
    names(folder).iter().any(|n| n.contains("isovox-partial"))
}

/// Sends a signal by name, as a user's shell does.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.is_ok_and(|s| s.success()), "kill -s {name}");
}

/// Runs until it has begun to write and ends it there; how it ended.
#[track_caller]
fn stopped(folder: &Path, words: &str, name: &str) -> Option<i32> {
    let mut child = start(folder, words);
    wait("the first half-written file", || partial(folder) || child.try_wait().is_ok_and(|s| s.is_some()));
    signal(&child, name);
    let mut code = None;
    wait("the end of the run", || {
        child.try_wait().expect("a child").is_some_and(|s| {
            code = s.code();
            true
        })
    });
    code
}

const CASES: [(&str, &str); 3] = [("pores r.raw -o out", "out"), ("pipe r.raw ! otsu --dark ! label -o l.mha", "l.mha"), ("convert r.raw c.nii.gz", "c.nii.gz")];

fn rock() -> tempfile::TempDir {
    let folder = folder_of(&[]);
    phantom(folder.path(), "rock --size 320x320x320 -o r.raw");
    folder
}

#[test]
fn killed_runs_are_cleared_by_the_next() {
    let folder = rock();
    for (words, out) in CASES {
        let code = stopped(folder.path(), words, "KILL");
        assert_eq!(code, None, "{words} was over before it could be killed");
        assert!(!folder.path().join(out).exists(), "{out} is whole or absent");
        assert!(partial(folder.path()), "a killed run cannot clear up");
        say(folder.path(), words).done();
        nothing_partial(folder.path());
        assert!(folder.path().join(out).exists());
    }
}

#[test]
fn interrupted_runs_leave_nothing() {
    let folder = rock();
    let before = names(folder.path());
    for name in ["INT", "TERM"] {
        for (words, _) in CASES {
            assert_eq!(stopped(folder.path(), words, name), Some(130), "{words} on {name}");
            assert_eq!(names(folder.path()), before, "{words} on {name}");
        }
    }
}

#[test]
fn an_interrupted_run_leaves_what_was_there() {
    let folder = rock();
    std::fs::write(folder.path().join("l.mha"), "precious").expect("a file");
    let code = stopped(folder.path(), "pipe r.raw ! otsu --dark ! label -o l.mha --force", "INT");
    assert_eq!(code, Some(130));
    assert_eq!(std::fs::read(folder.path().join("l.mha")).expect("a file"), b"precious");
    nothing_partial(folder.path());
}

#[test]
fn the_error_says_interrupted() {
    let folder = rock();
    let mut command = isovox();
    let child = command.current_dir(folder.path()).args("pores r.raw -o out --error json".split(' ')).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    wait("the first half-written file", || partial(folder.path()));
    signal(&child, "INT");
    let output = child.wait_with_output().expect("ends");
    let told: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!((output.status.code(), &told["kind"]), (Some(130), &"Cancelled".into()));
    assert!(output.stdout.is_empty());
}
