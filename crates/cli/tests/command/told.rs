//! What is told of a file, of a result, of what a format does not keep, and of words without meaning.

use std::process::Stdio;

use crate::{folder_of, phantom};
use isovox_testing::command::{info, isovox, say};
use isovox_testing::files::json;

#[test]
fn flags_between_in_and_out() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif --crop 0:10,0:9,0:8 c.tif").done();
    assert_eq!(info([at.join("c.tif")])["shape"], serde_json::json!([8, 9, 10]));
    say(at, "convert c.tif --frame 0").failed_naming(2, &["IN and OUT"]);
    say(at, "info c.tif --json nothere.tif").failed_naming(1, &["nothere.tif"]);
}

#[test]
fn flags_without_a_meaning() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif b.nii.gz").done();
    for (flag, meaning) in [("--size 2x2x2", "raw"), ("--offset 3", "raw"), ("--gap 1", "raw"), ("--endian big", "raw"), ("--affine sform", "nifti")] {
        let name = flag.split(' ').next().expect("a word");
        say(at, &format!("info beads.tif {flag}")).failed_naming(2, &[name, "tiff", meaning]);
    }
    say(at, "info b.nii.gz --white-is-zero").failed_naming(2, &["--white-is-zero", "nifti", "raw"]);
    // Black is zero in this file: to invert it would be a lie.
    say(at, "info beads.tif --white-is-zero").failed_naming(2, &["--white-is-zero", "PhotometricInterpretation 1"]);
    say(at, "info b.nii.gz --affine pixdim").done();
}

#[test]
fn flags_that_exclude_one_another() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "info beads.tif --crop 0:9,:,: --center 9x9x9").failed_naming(2, &["--crop with --center"]);
    say(at, "pipe beads.tif ! otsu ! slice -o s.png --voxel-size 5um").failed_naming(2, &["--voxel-size", "before the first !"]);
    say(at, "pipe beads.tif ! otsu ! measure ! label -o x.csv").failed_naming(2, &["label after measure", "table"]);
    say(at, "convert beads.tif x.jpg").failed_naming(2, &["x.jpg"]);
    say(at, "phantom rock --size 0x1x1 -o p.raw").failed_naming(2, &["0x1x1", "at least one voxel"]);
    std::fs::create_dir(at.join("d")).expect("a folder");
    say(at, "info beads.tif d").failed_naming(2, &["folder"]);
    let usage = say(at, "label beads.tif").failed(2);
    assert!(usage.contains("help: usage: isovox label") && usage.contains("isovox label --help"), "{usage}");
}

#[test]
fn masks_and_labels_are_known_again() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    for out in ["mha", "nii.gz", "tif", "mhd"] {
        for (words, kind) in [("otsu beads.tif", "mask"), ("pipe beads.tif ! otsu --dark ! label", "label")] {
            let name = format!("{kind}.{out}");
            say(at, &format!("{words} -o {name}")).done();
            assert_eq!(info([at.join(&name)])["quantity"]["kind"], kind, "{name}");
            // And once more from there.
            say(at, &format!("convert {name} again.{name}")).done();
            assert_eq!(info([at.join(format!("again.{name}"))])["quantity"]["kind"], kind, "{name}");
        }
    }
    say(at, "otsu beads.tif -o m/m_##.png").done();
    assert_eq!(info([at.join("m")])["quantity"]["kind"], "mask");
    assert_eq!(info([at.join("beads.tif")])["quantity"]["kind"], "stored");
}

#[test]
fn slices_are_listed() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif --crop 0:20,0:20,0:3 s/s_#.tif").done();
    std::fs::write(at.join("s/notes.txt"), "x").expect("a file");
    let slices = info([at.join("s").as_os_str(), "--slices".as_ref()])["slices"].clone();
    let row = |n: usize| serde_json::json!({"file": format!("s_{n}.tif"), "instance": null, "position_mm": n as f64 * 0.005, "gap_mm": if n > 0 { Some(0.005) } else { None }, "used": true});
    assert_eq!(slices[0], row(0));
    assert_eq!(slices[2], row(2));
    assert_eq!((&slices[3]["file"], &slices[3]["used"], slices[3]["reason"].is_string()), (&"notes.txt".into(), &false.into(), true));
    assert_eq!(slices.as_array().map(Vec::len), Some(4));
    assert!(say(at, "info s --slices").done().contains("s_1.tif, at 0.005 mm, step 0.005 mm"));
    assert_eq!(info([at.join("beads.tif").as_os_str(), "--slices".as_ref()])["slices"], serde_json::json!([]));
}

#[test]
fn a_table_tells_the_space_of_its_input() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "otsu-profile beads.tif -o t.csv").done();
    assert_eq!(json(&at.join("t.csv.provenance.json"))["space"], "local");
}

#[test]
fn what_a_format_does_not_keep_is_said() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    let said = |words: &str, word: &str| {
        let err = say(at, words).err;
        assert!(err.contains("warning: ") && err.contains(word), "{words}: {err}");
    };
    said("convert beads.tif b.npy", "no geometry");
    assert_eq!(json(&at.join("b.npy.provenance.json"))["affine_mm"][0][0], 0.005);
    said("convert beads.tif --crop 5:20,0:20,0:20 part.nii.gz", "origin");
    assert!(say(at, "convert beads.tif whole.nii.gz").err.is_empty());
}

/// A volume in a patient's space.
fn patient(at: &std::path::Path) {
    let head = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 5 6 7\nAnatomicalOrientation = RAI\nElementSpacing = 1 1 2\nDimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n";
    std::fs::write(at.join("p.mha"), [head.as_bytes(), &[1, 2, 3, 4, 5, 6, 7, 8]].concat()).expect("a file");
}

#[test]
fn a_place_dropped_by_a_flag_is_said() {
    let folder = folder_of(&[]);
    patient(folder.path());
    assert_eq!(info([folder.path().join("p.mha")])["space"], "patient");
    let err = say(folder.path(), "convert p.mha q.mha --voxel-size 1,1,2mm").err;
    assert!(err.contains("orientation and origin are dropped"), "{err}");
}

#[test]
fn stdout_that_cannot_be_written() {
    let folder = folder_of(&["beads"]);
    let lines: [&[&str]; 6] = [&["info", "beads.tif"], &["info", "beads.tif", "--json"], &["ops", "--json"], &["ops"], &["completions", "bash"], &["--help"]];
    for words in lines {
        if cfg!(target_os = "linux") {
            let full = std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
            let ran = isovox().current_dir(folder.path()).args(words).stdout(full).output().expect("it starts");
            let err = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.code() == Some(1) && err.starts_with("error: ") && err.lines().count() == 1, "{words:?}: {:?} {err}", ran.status);
        }
        let mut gone = isovox().current_dir(folder.path()).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(gone.stdout.take());
        let ran = gone.wait_with_output().expect("it ends");
        assert!(ran.stderr.is_empty() && ran.status.code() == Some(0), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn other_formats_and_sidecars_are_named() {
    let folder = folder_of(&[]);
    let at = folder.path();
    std::fs::write(at.join("a_2x2x2.mif"), "mrtrix image\ndim: 2,2,2\n").expect("a file");
    say(at, "info a_2x2x2.mif").failed_naming(1, &["MRtrix: not read by this version", "convert"]);
    std::fs::write(at.join("note.txt"), "just words").expect("a file");
    say(at, "info note.txt").failed_naming(1, &["nifti", "metaimage", "--size"]);
    phantom(at, "beads --size 4x3x2 -o x.raw");
    std::fs::remove_file(at.join("x.mhd")).expect("removed");
    let settings = "Image type: 8-bit\nWidth: 4 pixels\nHeight: 3 pixels\nNumber of images: 2\n";
    std::fs::write(at.join("x.imagej.txt"), settings).expect("a file");
    say(at, "info x.imagej.txt").failed_naming(1, &["x.imagej.txt", "describes raw data", "x.raw"]);
    say(at, "info x.raw").done();
}

#[test]
fn messages_name_no_hidden_file() {
    let folder = folder_of(&["beads"]);
    let err = say(folder.path(), "pores beads.tif -o d --format png").refused();
    assert!(!err.contains("isovox-partial"), "{err}");
}
