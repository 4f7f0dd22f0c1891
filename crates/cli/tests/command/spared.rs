//! Inputs, and what the user put beside results, are never written over or removed.

use crate::{folder_of, phantom};
use isovox_testing::command::say;
use isovox_testing::files::{names, sha256};

/// Refused as the fault of an output that is an input, and nothing changes.
#[track_caller]
fn spared(at: &std::path::Path, words: &str, named: &str) {
    let before = sha256(at);
    say(at, words).failed_naming(1, &["input", named]);
    assert_eq!(sha256(at), before, "changed by: {words}");
}

#[test]
fn the_other_file_of_a_pair() {
    let folder = folder_of(&[]);
    let at = folder.path();
    phantom(at, "beads --size 30x30x30 -o a.raw");
    std::fs::remove_file(at.join("a.mhd")).expect("removed");
    spared(at, "convert a.raw a.mhd --size 30x30x30 --type u8 --crop 0:9,0:9,0:9 --force", "a.raw");
    phantom(at, "beads --size 30x30x30 -o b.mhd");
    spared(at, "otsu b.mhd -o b.raw --force", "b.");
}

#[test]
fn slices_into_the_folder_of_the_input() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif --crop 0:20,0:20,0:12 seq/slice_##.png").done();
    spared(at, "convert --crop 0:10,0:10,0:3 seq seq/slice_#.png --force", "seq");
    spared(at, "convert seq seq/s_####.png --force", "seq");
    spared(at, "convert seq/slice_*.png ./seq/../seq/s_####.png --force", "seq");
    say(at, "otsu seq -o masks/m_##.png").done();
    spared(at, "otsu seq --within masks -o masks/m_##.png --force", "masks");
    spared(at, "pores seq -o seq", "seq");
    say(at, "otsu seq -o new/s_##.png").done();
    assert_eq!(names(&at.join("new")).len(), 13);
}

#[test]
fn files_of_the_user_in_a_finished_folder() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "pores beads.tif -o out").done();
    say(at, "pores beads.tif -o out --bright").done();
    std::fs::write(at.join("out/slices/notes.txt"), "seen by eye").expect("a file");
    for force in ["", "--force"] {
        let before = sha256(at);
        say(at, &format!("pores beads.tif -o out {force}")).failed_naming(1, &["out", "slices/notes.txt", "did not make"]);
        assert_eq!(sha256(at), before);
    }
    std::fs::remove_file(at.join("out/slices/notes.txt")).expect("removed");
    say(at, "pores beads.tif -o out").done();
    assert_eq!(names(at), ["beads.tif", "beads.truth.json", "out"]);
}

#[test]
fn slices_that_isovox_did_not_make() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    let own = at.join("own");
    std::fs::create_dir(&own).expect("a folder");
    for name in ["slice_0000.tif", "slice_0500.tif"] {
        std::fs::write(own.join(name), "somebody's").expect("a file");
    }
    say(at, "convert beads.tif --crop 0:20,0:20,0:5 own/slice_####.tif --force").done();
    std::fs::write(own.join("slice_0004.tif"), "changed by hand").expect("a file");
    say(at, "convert beads.tif --crop 0:20,0:20,0:3 own/slice_####.tif --force").done();
    // The second run takes away what the first one made (0003), and neither what was there before nor what was changed since.
    assert_eq!(names(&own), ["provenance.json", "slice_0000.tif", "slice_0001.tif", "slice_0002.tif", "slice_0004.tif", "slice_0500.tif"]);
    assert_eq!(std::fs::read_to_string(own.join("slice_0500.tif")).expect("kept"), "somebody's");
}
