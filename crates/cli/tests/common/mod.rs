//! The built command, run as a user runs it, and where the real scans are.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The folder of real scans: `$ISOVOX_DATA`, else beside the repository; says so when there is none.
pub fn data() -> Option<PathBuf> {
    let named = std::env::var_os("ISOVOX_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("real scans not run: set ISOVOX_DATA");
    None
}

/// The command, before its words.
pub fn isovox() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isovox"));
    command.env_remove("RUST_BACKTRACE");
    command
}

/// What a run said and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: Vec<u8>,
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

/// A JSON file.
#[track_caller]
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// SHA-256 of a file, or of all files of a folder with their names; read as a stream, since files may be large.
pub fn sha256(path: &Path) -> String {
    let mut hasher = Sha256::new();
    if path.is_dir() {
        for name in names(path) {
            hasher.update(&name);
            hasher.update(sha256(&path.join(name)));
        }
    } else {
        feed(&mut hasher, path, 0);
    }
    hex(hasher)
}

/// SHA-256 of a file from a byte on.
pub fn sha256_from(path: &Path, first: u64) -> String {
    let mut hasher = Sha256::new();
    feed(&mut hasher, path, first);
    hex(hasher)
}

fn feed(hasher: &mut Sha256, path: &Path, first: u64) {
    use std::io::Seek;
    let mut file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    file.seek(std::io::SeekFrom::Start(first)).expect("seeks");
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).expect("reads") {
            0 => return,
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hex(hasher: Sha256) -> String {
    format!("{:x}", hasher.finalize())
}

/// Names in a folder, sorted; hidden ones too.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Whether a folder, or one inside it, holds something half written.
#[track_caller]
pub fn nothing_partial(folder: &Path) {
    for name in names(folder) {
        assert!(!name.contains("isovox-partial"), "{name} is left in {}", folder.display());
        let path = folder.join(name);
        if path.is_dir() {
            nothing_partial(&path);
        }
    }
}

/// A CSV table: the names of its columns, and its rows.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    #[track_caller]
    pub fn read(path: &Path) -> Table {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lines = text.lines().map(|l| l.split(',').map(String::from).collect::<Vec<_>>());
        let head = lines.next().expect("a head");
        Table { head, rows: lines.collect() }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<&str> {
        let at = self.head.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name} in {:?}", self.head));
        self.rows.iter().map(|r| r[at].as_str()).collect()
    }

    #[track_caller]
    pub fn numbers(&self, name: &str) -> Vec<u64> {
        self.column(name).into_iter().map(|t| t.parse().unwrap_or_else(|_| panic!("{name}: {t:?}"))).collect()
    }
}

/// The greatest numbers, falling.
pub fn greatest(mut numbers: Vec<u64>, count: usize) -> Vec<u64> {
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.truncate(count);
    numbers
}

/// Every file below a folder, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
