//! Slices that are not evenly spaced: where they lie is never forgotten, and nothing is measured on a grid that is not theirs.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use isovox_testing::command::say;
use isovox_testing::dicom::{EXPLICIT, ct, file};

/// A folder `series` of slices of 3x2 voxels at 0, 2, 4, 8 and 10 mm.
fn series() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("series")).expect("a folder");
    for (n, z) in [0.0, 2.0, 4.0, 8.0, 10.0].into_iter().enumerate() {
        let slice = ct(z, n as u32 + 1, [3, 2], &[1000, 1100, 900, 1000, 1000, 1000]);
        std::fs::write(folder.path().join(format!("series/{n}.dcm")), file(EXPLICIT, &slice)).expect("a slice");
    }
    folder
}

/// `check --json`, whatever it proves.
fn check(at: &Path, words: &str) -> Value {
    let ran = say(at, &format!("check --json {words}"));
    serde_json::from_slice(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.err))
}

#[test]
fn a_part_tells_of_its_own_slices() {
    let folder = series();
    let part = check(folder.path(), "series --crop 1:3,:,2:4");
    assert_eq!((&part["proven"], part["slices"].as_array().map(Vec::len)), (&json!(true), Some(2)));
    assert_eq!((&part["corners_mm"][0]["mm"], &part["slices"][1]["place_mm"]), (&json!([-9.5, -20.0, 4.0]), &json!([-9.5, -20.0, 8.0])));
    // Its own step, of 4 mm.
    assert_eq!(part["spacing_mm"][2], 4.0);
    assert_eq!(check(folder.path(), "series --crop :,:,1:5")["proven"], false);
}

#[test]
fn what_was_written_as_it_was_is_not_proven_when_it_is_read() {
    let folder = series();
    let at = folder.path();
    for name in ["a.nii.gz", "a.mha", "a.nrrd", "a.ome.zarr"] {
        say(at, &format!("convert series {name} --gaps keep")).done();
        let told = check(at, name);
        assert_eq!((&told["proven"], &told["slices"][4]["place_mm"]), (&json!(false), &json!([-10.0, -20.0, 10.0])), "{name}");
        say(at, &format!("regularize {name} -o even.npy --force")).done();
        assert_eq!(isovox_testing::command::info([at.join("even.npy")])["shape"], json!([6, 2, 3]), "{name}");
    }
    let compared = |b: &str| say(at, &format!("compare series {b} --gaps keep --json"));
    assert!(String::from_utf8_lossy(&compared("a.mha").out).contains("\"same_grid\": true"));
}

#[test]
fn nothing_is_measured_on_a_grid_that_is_not_theirs() {
    let folder = series();
    let at = folder.path();
    for words in [
        "pipe series ! threshold --lower 0 ! label ! measure -o a.csv",
        "pipe series ! threshold --lower 0 ! surface -o a.stl",
        "resample series --spacing 1mm -o a.npy --gaps keep",
        "flip series --axes z -o a.nii --gaps keep",
        "probe series --ijk 0,0,3 --gaps keep",
    ] {
        say(at, words).failed_naming(1, &["regularize"]);
    }
    say(at, "pipe series ! threshold --lower 0 ! label ! measure --unit vox -o a.csv").done();
    say(at, "pipe series ! regularize ! threshold --lower 0 ! label ! measure -o b.csv").done();
}

#[test]
fn what_the_values_are_can_be_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    say(at, "phantom beads --size 32x32x32 --voxel-size 5um -o beads.tif").done();
    let meaning = |words: &str| serde_json::from_str::<Value>(&say(at, &format!("info beads.tif --json {words}")).done()).expect("JSON")["quantity"].clone();
    assert_eq!(meaning("--quantity label")["kind"], "label");
    assert_eq!(meaning("--quantity hu")["unit"], "HU");
    // Labels are never mixed.
    say(at, "resample beads.tif --spacing 7um --interpolation linear --quantity label -o mixed.mha").failed(1);
    say(at, "compare beads.tif beads.tif --quantity label --json").done();
    say(at, "measure beads.tif --quantity hu -o t.csv").failed_naming(1, &["Hounsfield"]);
}
