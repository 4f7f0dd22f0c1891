//! Output that cannot or must not be written, and input that is no volume: code 1, a clear error, nothing left.

use std::path::Path;

use crate::{folder_of, phantom};
use isovox_testing::command::{ran_in, say};
use isovox_testing::files::{names, nothing_partial, sha256};

/// Refused, and the folder stays as it was, to the byte.
#[track_caller]
fn unchanged(folder: &Path, words: &str, named: &[&str]) {
    let before = sha256(folder);
    say(folder, words).failed_naming(1, named);
    assert_eq!(sha256(folder), before, "changed by: {words}");
}

#[test]
fn what_exists_stays_without_force() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    for words in ["otsu beads.tif -o m.mha", "otsu-profile beads.tif -o t.csv", "three-view beads.tif -o v.png", "pores beads.tif -o out", "phantom beads -o p.raw"] {
        say(at, words).done();
    }
    unchanged(at, "otsu beads.tif --dark -o m.mha", &["m.mha", "already exists", "--force"]);
    unchanged(at, "otsu-profile beads.tif -o t.csv", &["t.csv", "--force"]);
    unchanged(at, "three-view beads.tif -o v.png", &["v.png", "--force"]);
    unchanged(at, "phantom grains -o p.raw", &["--force"]);
    unchanged(at, "convert beads.tif m.mha", &["m.mha", "--force"]);
    let before = sha256(&at.join("m.mha"));
    say(at, "otsu beads.tif --dark -o m.mha --force").done();
    assert_ne!(sha256(&at.join("m.mha")), before);
    // A folder that the job itself made is made again.
    say(at, "pores beads.tif -o out --bright").done();
}

#[test]
fn output_onto_an_input() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    phantom(at, "beads -o b.raw");
    unchanged(at, "otsu beads.tif -o beads.tif --force", &["beads.tif", "input"]);
    unchanged(at, "convert beads.tif ./beads.tif --force", &["input"]);
    unchanged(at, "pipe beads.tif ! otsu ! label -o beads.tif --force", &["input"]);
    unchanged(at, "otsu beads.tif --within beads.tif -o beads.tif --force", &["input"]);
    unchanged(at, "pores beads.tif -o beads.tif --force", &["beads.tif"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("beads.tif", at.join("alias.tif")).expect("a link");
        unchanged(at, "otsu beads.tif -o alias.tif --force", &["input"]);
    }
}

#[test]
fn targets_that_cannot_be_written() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    std::fs::create_dir(at.join("dir.mha")).expect("a folder");
    std::fs::write(at.join("file"), "x").expect("a file");
    unchanged(at, "otsu beads.tif -o nodir/a.mha", &["nodir"]);
    unchanged(at, "otsu-profile beads.tif -o nodir/a.csv", &["nodir"]);
    unchanged(at, "pores beads.tif -o nodir/out", &["nodir"]);
    unchanged(at, "otsu beads.tif -o file/a.mha", &["file"]);
    unchanged(at, "pores beads.tif -o file", &["file"]);
    unchanged(at, "otsu beads.tif -o dir.mha --force", &["dir.mha"]);
    #[cfg(target_os = "linux")]
    unchanged(at, "otsu beads.tif -o /proc/a.mha", &["/proc/a.mha"]);
}

#[test]
fn folders_of_others_are_refused() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    std::fs::create_dir(at.join("mine")).expect("a folder");
    std::fs::write(at.join("mine/thesis.txt"), "years of work").expect("a file");
    unchanged(at, "pores beads.tif -o mine", &["mine", "did not make"]);
    unchanged(at, "pores beads.tif -o mine --force", &["mine"]);
    unchanged(at, "convert beads.tif mine/s_###.tif", &["mine"]);
}

#[test]
fn sizes_that_are_none() {
    let folder = folder_of(&[]);
    let at = folder.path();
    std::fs::write(at.join("some.bin"), [0; 24]).expect("a file");
    for size in ["0x3x4", "3x0x4", "3x4x0", "99999999999x99999999999x99999999999", "18446744073709551616x1x1", "-2x3x4", "2x3", "2,3,4", "axbxc"] {
        say(at, &format!("info some.bin --size={size} --type u8")).refused();
        say(at, &format!("phantom rock --size={size} -o p.raw")).failed_naming(2, &["size"]);
    }
    for (flags, number) in
        [("--size 2x3x5 --type u8", "30"), ("--size 2x3x4 --type u16", "48"), ("--size 2x3x4 --type u8 --offset 1", "25"), ("--size 2x3x4 --type u8 --gap 1", "24")]
    {
        say(at, &format!("info some.bin {flags}")).failed_naming(1, &["24", number]);
    }
    // A size that counts, of a file that nobody has: refused by its length, before memory is asked for.
    say(at, "info some.bin --size 100000x100000x100000 --type f64 --values").failed_naming(1, &["24"]);
    assert_eq!(names(at), ["some.bin"]);
    say(at, "info some.bin --size 2x3x4 --type u8 --values").done();
}

#[test]
fn files_that_are_no_volume() {
    let folder = folder_of(&[]);
    let at = folder.path();
    std::fs::create_dir(at.join("empty")).expect("a folder");
    for name in ["zero.tif", "zero.nii.gz", "zero.raw", "zero"] {
        std::fs::write(at.join(name), "").expect("a file");
        say(at, &format!("info {name}")).failed_naming(1, &[name, "empty"]);
    }
    std::fs::write(at.join("note.txt"), "just words").expect("a file");
    say(at, "info note.txt").failed_naming(1, &["note.txt", "--size"]);
    say(at, "info empty").failed_naming(1, &["empty"]);
    say(at, "pores empty -o out").failed_naming(1, &["empty"]);
    say(at, "info .").failed(1);
    nothing_partial(at);
}

#[test]
fn slices_of_mixed_sizes() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    for (n, region) in ["0:9,0:9,0:1", "0:9,0:9,1:2", "0:8,0:9,2:3"].iter().enumerate() {
        std::fs::create_dir_all(at.join("s")).expect("a folder");
        say(at, &format!("crop rock.tif --region {region} -o s/p{n}.tif")).done();
    }
    say(at, "info s").failed_naming(1, &["p2.tif"]);
    ran_in(at, ["info", "s/p0.tif", "s/p1.tif", "s/p2.tif"]).failed_naming(1, &["p2.tif"]);
    say(at, "info s/p0.tif s/p1.tif").done();
}

#[test]
fn grids_that_do_not_match() {
    let folder = folder_of(&["rock", "beads"]);
    let at = folder.path();
    say(at, "otsu beads.tif -o m.mha").done();
    say(at, "otsu rock.tif --within m.mha -o a.mha").refused();
    say(at, "pores rock.tif --within m.mha -o out").refused();
    say(at, "otsu rock.tif -o k.mha --voxel-size 6um").done();
    say(at, "measure k.mha --image rock.tif -o t.csv").failed(1);
    nothing_partial(at);
    assert!(!at.join("out").exists() && !at.join("t.csv").exists() && !at.join("a.mha").exists());
}

#[test]
fn memory_that_cannot_do() {
    let folder = folder_of(&[]);
    let at = folder.path();
    // One plane of labels alone is 64 MB.
    phantom(at, "beads --size 4000x4000x2 -o wide.raw");
    say(at, "label wide.raw -o a.mha --memory 64MB").failed_naming(1, &["--memory"]);
    // Less than the program itself takes; what would do is named, whatever is asked.
    say(at, "label wide.raw -o a.mha --memory 1MB").failed_naming(1, &["--memory 64MB"]);
    say(at, "info wide.raw --memory 63MB").failed_naming(1, &["--memory 64MB"]);
    nothing_partial(at);
}
