//! A disk that fills: a clear error, no file, nothing half written.
//!
//! The failure is injected into this process, so each test takes the lock; a real small disk is tried where root may mount one.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use isovox::engine::{OpenScan, open_scan, write};
use isovox::formats::{Target, picture, staged, table};
use isovox::jobs::phantom::{Kind, Phantom};
use isovox::jobs::pores::{Options, pores};
use isovox::volume::{self, Picture, Result, Run};
use isovox_testing::command::{ran_in, say};
use isovox_testing::files::{files_below, names, nothing_partial};

/// The failure counts for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every format, with a folder of its own where it writes several files.
const OUTS: [&str; 10] = ["a.nii", "a.nii.gz", "a.mha", "a.mhd", "a.tif", "a.npy", "a.npz", "a.raw", "s/slice_####.tif", "p/slice_####.png"];

/// Fails after so many bytes; then everything works again.
fn failing<T>(after: u64, run: impl FnOnce() -> Result<T>) -> Result<T> {
    staged::fail_after(after);
    let done = run();
    staged::fail_after(u64::MAX);
    done
}

/// The disk was full, and the folder is as it was.
#[track_caller]
fn refused<T>(done: Result<T>, folder: &Path, told: &str) {
    let error = done.err().unwrap_or_else(|| panic!("{told}: it worked"));
    assert_eq!(error.kind(), volume::Kind::Io, "{told}: {error}");
    assert!(files_below(folder).is_empty(), "{told}: {:?}", files_below(folder));
}

/// How many bytes a run writes: the least after which it does not fail.
fn bytes(folder: &Path) -> u64 {
    files_below(folder).iter().map(|f| f.metadata().map_or(0, |m| m.len())).sum()
}

fn clear(folder: &Path) {
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.expect("removed");
    }
}

/// A job that writes into an empty folder fails whole, after whatever byte.
#[track_caller]
fn check(told: &str, run: &dyn Fn(&Path) -> Result<()>) {
    check_short_of(told, 1, run);
}

/// The same for what tells the time it took: runs differ by some bytes.
#[track_caller]
fn check_short_of(told: &str, short: u64, run: &dyn Fn(&Path) -> Result<()>) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    run(at).unwrap_or_else(|e| panic!("{told}: {e}"));
    nothing_partial(at);
    let all = bytes(at);
    clear(at);
    // Through the header, the middle of the data, and short of the end. Buffers make the count of bytes
    // that are asked for no less than the count that is written.
    for after in [0, 1, 10, 100, 348, 1000, 4096, all / 3, all / 2, all * 9 / 10, all - short].into_iter().filter(|n| *n < all) {
        refused(failing(after, || run(at)), at, &format!("{told} after {after} of {all} bytes"));
        clear(at);
    }
    run(at).unwrap_or_else(|e| panic!("{told}, again: {e}"));
}

fn run() -> Run {
    Run::new(2, 128 << 20, std::env::temp_dir())
}

fn phantom() -> Phantom {
    Phantom::new(Kind::Rock, Some([11, 31, 37]), None, Some([0.005; 3])).expect("a phantom")
}

fn target(folder: &Path, out: &str) -> Target {
    let path = folder.join(out);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    Target { path, force: false, provenance: Some("{\"space\":\"local\"}".into()) }
}

#[test]
fn every_format() {
    let _alone = alone();
    for out in OUTS {
        check(out, &|folder| write::volume(&run(), &phantom(), &target(folder, out)).map(|_| ()));
    }
}

#[test]
fn tables_and_pictures() {
    let _alone = alone();
    let made = volume::Table { columns: vec![("n".into(), volume::Column::ints(0..5000))] };
    for out in ["t.csv", "t.json"] {
        check(out, &|folder| table::write(&made, &folder.join(out), false).map(|_| ()));
    }
    let noise: Vec<[u8; 4]> = (0..10_000u32).map(|i| [i.wrapping_mul(2_654_435_761) as u8; 4]).collect();
    let drawn = Picture { width: 100, height: 100, pixels: noise, mm_per_pixel: None };
    check("v.png", &|folder| picture::write(&drawn, &folder.join("v.png"), false, None).map(|_| ()));
}

#[test]
fn a_whole_job() {
    let _alone = alone();
    let scratch = tempfile::tempdir().expect("a folder");
    let scan = scratch.path().join("r.raw");
    write::volume(&run(), &phantom(), &target(scratch.path(), "r.raw")).expect("written");
    check_short_of("pores", 200, &|folder| {
        let opened = open_scan(std::slice::from_ref(&scan), &OpenScan::default())?;
        pores(&run(), &opened, &Options::plain(Vec::new()), &folder.join("out")).map(|_| ())
    });
}

#[test]
fn what_was_there_stays() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    for out in &OUTS[..8] {
        let path = folder.path().join(out);
        std::fs::write(&path, "precious").expect("a file");
        let forced = Target { force: true, ..target(folder.path(), out) };
        failing(500, || write::volume(&run(), &phantom(), &forced)).expect_err("a full disk");
        assert_eq!(std::fs::read(&path).expect("a file"), b"precious", "{out}");
        nothing_partial(folder.path());
    }
}

/// A disk of one megabyte in memory; unmounted when dropped.
#[cfg(target_os = "linux")]
struct Disk(PathBuf);

#[cfg(target_os = "linux")]
impl Disk {
    fn mount(at: PathBuf) -> Option<Disk> {
        let mount = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "isovox-test"]).arg(&at).output();
        mount.is_ok_and(|o| o.status.success()).then_some(Disk(at))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_real_disk_of_one_megabyte() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("disk")).expect("a folder");
    // Only root mounts; elsewhere the injected failure stands for it.
    let Some(disk) = Disk::mount(at.join("disk")) else { return };
    say(at, "phantom rock -o r.tif").done();
    for out in ["a.nii", "a.nii.gz", "a.mha", "a.mhd", "a.tif", "a.npy", "a.npz", "a.raw"] {
        say(at, &format!("convert r.tif disk/{out} --type u16")).failed_naming(1, &["disk"]);
        assert!(names(&disk.0).is_empty(), "{out}: {:?}", names(&disk.0));
    }
    say(at, "pores r.tif -o disk/out").failed(1);
    assert!(names(&disk.0).is_empty(), "{:?}", names(&disk.0));
    // What does not fit the memory goes to --temp, which is full.
    say(at, "phantom rock --size 400x400x350 -o r.nii.gz").done();
    let ran = ran_in(at, "median r.nii.gz -o m.nii.gz --memory 64MB --temp disk".split(' '));
    assert!(ran.code == Some(0) || ran.code == Some(1), "{}", ran.err);
    assert!(names(&disk.0).is_empty(), "{:?}", names(&disk.0));
    say(at, "convert r.tif disk/small.nii.gz --crop 0:20,0:20,0:20").done();
    say(at, "pores r.tif -o disk/small --crop 0:20,0:20,0:20").done();
}
