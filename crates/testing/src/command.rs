//! The built command, run as a user runs it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The command, built with the test that runs: that lies in a folder beside it.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test runs");
    let folder = test.ancestors().nth(2).expect("tests are built two folders deep");
    folder.join(format!("isovox{}", std::env::consts::EXE_SUFFIX))
}

/// The command, before its words.
pub fn isovox() -> Command {
    let mut command = Command::new(program());
    command.env_remove("RUST_BACKTRACE");
    command
}

/// What a run said and how it ended.
pub struct Ran {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// All of stdout.
    pub out: Vec<u8>,
    /// All of stderr.
    pub err: String,
}

impl From<Output> for Ran {
    #[track_caller]
    fn from(output: Output) -> Ran {
        let ran = Ran { code: output.status.code(), out: output.stdout, err: String::from_utf8_lossy(&output.stderr).into_owned() };
        // A panic is a bug whatever the input.
        assert!(ran.code != Some(101) && !ran.err.contains("panicked"), "{}", ran.err);
        ran
    }
}

/// Runs the command to its end.
#[track_caller]
pub fn ran<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Ran {
    isovox().args(words).output().expect("the command starts").into()
}

/// The same, in a folder.
#[track_caller]
pub fn ran_in<S: AsRef<OsStr>>(folder: &Path, words: impl IntoIterator<Item = S>) -> Ran {
    isovox().current_dir(folder).args(words).output().expect("the command starts").into()
}

/// Runs words that are parted by blanks, in a folder; a word may not hold one.
#[track_caller]
pub fn say(folder: &Path, words: &str) -> Ran {
    ran_in(folder, words.split_whitespace())
}

impl Ran {
    /// It was done; what it said on stdout.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        String::from_utf8(self.out).expect("stdout is UTF-8")
    }

    /// It failed with a code and an `error:` line, and nothing on stdout; what it said on stderr.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}", self.err);
        assert!(self.err.contains("error: "), "{:?}", self.err);
        assert!(self.out.is_empty(), "stdout holds data alone: {:?}", String::from_utf8_lossy(&self.out));
        self.err
    }

    /// It failed by the fault of an input or of a parameter, which of both may be argued; what it said on stderr.
    #[track_caller]
    pub fn refused(self) -> String {
        let code = if self.code == Some(2) { 2 } else { 1 };
        self.failed(code)
    }

    /// The same, and it names things.
    #[track_caller]
    pub fn failed_naming(self, code: i32, words: &[&str]) {
        let err = self.failed(code);
        for word in words {
            assert!(err.contains(word), "{word:?} is not in: {err}");
        }
    }
}

/// `info --json` of inputs and flags.
#[track_caller]
pub fn info<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Value {
    let text = isovox().args(["info", "--json"]).args(words).output().map(Ran::from).expect("the command starts").done();
    serde_json::from_str(&text).expect("JSON")
}

/// `info --json --values` of one input.
#[track_caller]
pub fn values(path: &Path) -> Value {
    info([path.as_os_str(), "--values".as_ref()])
}
