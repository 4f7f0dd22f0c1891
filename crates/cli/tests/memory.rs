//! The greatest resident size of the whole process, as the system counted it, against `--memory`.
//!
//! Twins of 64 MB run always; the 845 MB rock and the checkerboard of 512^3 run where `ISOVOX_BIG` is set. Limits are so
//! much smaller than input, labels and tables together that a run which holds them all fails.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use isovox_testing::command::{isovox, say};
use isovox_testing::files::{json, nothing_partial, sha256, sha256_from};
use tempfile::TempDir;

/// One at a time: two would share the disk and the page cache.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a child; its code and its greatest resident size in bytes.
fn wait(child: &Child) -> (i32, u64) {
    let (mut status, mut usage) = (0, std::mem::MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: a child of ours that nobody else waits for, and two places that live as long as the call.
    let pid = unsafe { libc::wait4(child.id() as i32, &raw mut status, 0, usage.as_mut_ptr()) };
    assert_eq!(pid, child.id() as i32, "the child is waited for");
    // SAFETY: zeroed is a valid value, and wait4 has filled it.
    let usage = unsafe { usage.assume_init() };
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 };
    (code, usage.ru_maxrss as u64 * 1024)
}

fn spawn(folder: &Path, words: &str) -> Child {
    let mut command: Command = isovox();
    command.current_dir(folder).args(words.split_whitespace()).stdout(Stdio::null());
    command.spawn().expect("the command starts")
}

/// Runs the command; it does it, and never holds more than so many bytes.
#[track_caller]
fn peak(folder: &Path, words: &str, most: u64) {
    let (code, peak) = wait(&spawn(folder, words));
    println!("{:.0} MB of {:.0} MB: {words}", peak as f64 / 1e6, most as f64 / 1e6);
    assert_eq!(code, 0, "{words}");
    assert!(peak <= most, "{words}: {peak} bytes, at most {most} are allowed");
}

fn big(name: &str) -> bool {
    let big = std::env::var_os("ISOVOX_BIG").is_some();
    if !big {
        println!("big tests not run: set ISOVOX_BIG for {name}");
    }
    big
}

/// A folder with room: below the target folder of the build, since /tmp may be memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// A rock as raw data, and the limit under which its pores are found.
#[track_caller]
fn rock(size: &str, memory: &str, most: u64) {
    let (_alone, folder) = (alone(), folder());
    let at = folder.path();
    peak(at, &format!("phantom rock --size {size} -o r.raw --memory {memory}"), most);
    peak(at, &format!("pores r.raw -o little --memory {memory}"), most);
    nothing_partial(at);
    let little = made(&at.join("little"));
    std::fs::remove_dir_all(at.join("little")).expect("removed");
    say(at, "pores r.raw -o much --memory 16GB").done();
    assert_eq!(little, made(&at.join("much")), "the same in memory and out of core");
    let truth = json(&at.join("r.truth.json"));
    let porosity = json(&at.join("much/summary.json"))["porosity"].as_f64().expect("a number");
    assert!((porosity - truth["porosity"].as_f64().expect("a number")).abs() < 0.005, "{porosity}: {truth}");
}

/// What may not depend on memory: the voxels of the labels (their header tells of the command), the table, the numbers, the pictures.
fn made(out: &Path) -> [String; 5] {
    let labels = out.join("labels.mha");
    [sha256_from(&labels, header(&labels)), sha256(&out.join("pores.csv")), sha256(&out.join("summary.json")), sha256(&out.join("views.png")), sha256(&out.join("slices"))]
}

/// The bytes of a MetaImage's header.
fn header(path: &Path) -> u64 {
    let word = b"ElementDataFile = LOCAL\n";
    let mut head = Vec::new();
    // The head alone: what this process holds when it starts another counts as that one's.
    std::fs::File::open(path).expect("a file").take(1 << 16).read_to_end(&mut head).expect("reads");
    (head.windows(word.len()).position(|w| w == word).expect("a header") + word.len()) as u64
}

/// Every other voxel, each face neighbour of one of the others.
fn checkerboard(path: &Path, side: usize) {
    let plane = |z: usize| (0..side * side).map(|i| u8::from((i / side + i % side + z).is_multiple_of(2))).collect::<Vec<u8>>();
    let (even, odd) = (plane(0), plane(1));
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    (0..side).for_each(|z| file.write_all(if z % 2 == 0 { &even } else { &odd }).expect("written"));
    file.flush().expect("written");
}

/// Labels a checkerboard at each connectivity: its voxels are all apart, or all one.
#[track_caller]
fn boards(side: usize, memory: &str, most: u64) {
    let (_alone, folder) = (alone(), folder());
    let at = folder.path();
    checkerboard(&at.join("b.raw"), side);
    let voxels = side.pow(3).div_ceil(2);
    let open = format!("b.raw --size {side}x{side}x{side} --type u8 --memory {memory}");
    for (connectivity, components) in [(6, voxels), (18, 1), (26, 1)] {
        peak(at, &format!("label {open} --connectivity {connectivity} -o l.raw"), most);
        assert_eq!(labels(&at.join("l.raw")), (components as u64, voxels as u64), "at {connectivity}");
        std::fs::remove_file(at.join("l.raw")).expect("removed");
        std::fs::remove_file(at.join("l.mhd")).expect("removed");
    }
    nothing_partial(at);
}

/// The greatest label of a raw u32 file, and how many voxels have one; new labels come in order, each one more than the last.
fn labels(path: &Path) -> (u64, u64) {
    let mut file = std::fs::File::open(path).expect("a file");
    let mut buffer = vec![0; 1 << 20];
    let (mut greatest, mut marked) = (0, 0);
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]).expect("reads") {
                0 => break,
                n => filled += n,
            }
        }
        if filled == 0 {
            return (greatest, marked);
        }
        for word in buffer[..filled].chunks_exact(4) {
            let label = u64::from(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
            assert!(label <= greatest + 1, "numbers follow the raster order of first voxels");
            greatest = greatest.max(label);
            marked += u64::from(label > 0);
        }
    }
}

#[test]
fn a_rock_of_64_mb() {
    // Input 64 MB and labels 256 MB within a third of that: the least that the job's pictures need.
    rock("400x400x400", "112MB", 112_000_000);
}

#[test]
fn the_least_memory_is_kept() {
    // 105 MB, and labels four times that.
    rock("500x470x450", "112MB", 112_000_000);
    let (_alone, folder) = (alone(), folder());
    let at = folder.path();
    say(at, "phantom rock -o r.tif").done();
    say(at, "pores r.tif -o never --memory 100MB").failed_naming(1, &["--memory 112MB"]);
    assert!(!at.join("never").exists());
}

#[test]
fn a_checkerboard_of_64_mb() {
    // 32 million objects: as 2 GB for 512^3.
    boards(400, "950MB", 950_000_000);
}

#[test]
fn a_rock_of_845_mb() {
    if big("the 845 MB rock") {
        rock("946x946x900", "1GB", 1_000_000_000);
    }
}

#[test]
fn a_checkerboard_of_512() {
    if big("the checkerboard of 512^3") {
        boards(512, "2GB", 2_000_000_000);
    }
}

#[test]
fn reading_drops_what_it_has_read() {
    let (_alone, folder) = (alone(), folder());
    let at = folder.path();
    say(at, "phantom rock --size 500x500x500 -o r.raw").done();
    // 125 MB of input, 125 MB of output.
    for words in [
        "info r.raw --values",
        "surface r.raw --level 105 -o s.ply",
        "otsu r.raw -o m.mha",
        "statistics r.raw -o s.json",
        "median r.raw -o f.npy",
        "convert r.raw c.nii.gz",
        "otsu-profile r.raw -o t.csv",
    ] {
        peak(at, &format!("{words} --memory 80MB"), 80_000_000);
    }
}
