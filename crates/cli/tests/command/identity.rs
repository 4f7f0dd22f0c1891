//! Who the patient is: in no output, unless asked for (I9).

use std::path::Path;

use isovox_testing::command::say;
use isovox_testing::dicom::{EXPLICIT, ct, file, text, with};
use isovox_testing::files::files_below;

/// What the made series say of people and places, in public and private elements.
const SECRETS: [&str; 8] = ["Muster", "Erika", "ID-4711", "Nowhere", "Refer", "Doctor", "19641220", "by bus"];

/// A series of 8 slices: a dark ball in bright tissue.
fn series(folder: &Path, uid: &str, number: &str, description: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    for k in 0..8i32 {
        let inside = |i: i32| (i % 24 - 12).pow(2) + (i / 24 - 10).pow(2) + 9 * (k - 4).pow(2) < 49;
        let stored: Vec<i16> = (0..24 * 20).map(|i| if inside(i) { 30 } else { 1100 + (i % 7) as i16 }).collect();
        let slice = ct(f64::from(k) * 2.5, k as u32 + 1, [24, 20], &stored);
        let slice = with(with(slice, text(0x20, 0x0E, "UI", uid)), text(0x20, 0x11, "IS", number));
        let slice = with(with(slice, text(8, 0x18, "UI", &format!("{uid}.{k}"))), text(8, 0x103E, "LO", description));
        std::fs::write(folder.join(format!("{number}-{k}.dcm")), file(EXPLICIT, &slice)).expect("a slice");
    }
}

#[track_caller]
fn silent(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} tells {secret}");
    }
}

#[test]
fn no_output_tells_who_the_patient_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    series(&at.join("one"), "1.2.3.9", "7", "thorax of Erika");
    series(&at.join("two"), "1.2.3.9", "7", "thorax of Erika");
    series(&at.join("two"), "1.2.3.8", "8", "sharp");
    let runs = [
        "info one",
        "info one --json --metadata --slices --values",
        "tags one --json",
        "tags one --diff",
        "check one --json",
        "check one -o certificate",
        "info two --json",
        "info two",
        "convert one a.nii",
        "convert one a.mha",
        "convert one a.npy",
        "convert one a.tif",
        "convert one a.raw",
        "convert two b.nii --series 8",
        "convert two b.raw",
        "convert two c.raw --error json",
        "convert one seq/s_####.tif",
        "measure one -o a.csv",
        "pipe one ! otsu --dark ! label ! measure -o b.csv",
        "three-view one -o a.png",
        "pores one -o pores",
    ];
    for words in runs {
        let ran = say(at, words);
        silent(words, &ran.out);
        silent(words, ran.err.as_bytes());
    }
    let made: Vec<_> = files_below(at).into_iter().filter(|f| !f.starts_with(at.join("one")) && !f.starts_with(at.join("two"))).collect();
    assert!(made.len() > 12, "{made:?}");
    for path in made {
        silent(&path.display().to_string(), &std::fs::read(&path).expect("an output"));
    }
    let asked = say(at, "info one --json --metadata --identity").done();
    assert!(asked.contains("Muster") && asked.contains("19641220"));
}

#[test]
fn descriptions_and_unknown_elements_tell_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let slice = with(ct(0.0, 1, [2, 1], &[5, 6]), text(8, 5, "CS", "ISO_IR 192"));
    let slice = with(with(slice, text(0x10, 0x10, "PN", "Müller^Jörg=王^小东")), text(0x18, 0x22, "CS", "ID-4711"));
    for (n, (description, hidden)) in [("MUELLER thorax", true), ("王小东 CT", true), ("born 20.12.1964", true), ("thorax 5mm", false)].into_iter().enumerate() {
        let mut slice = with(slice.clone(), text(8, 0x103E, "LO", description));
        let (group, element, _, value) = text(0x20, 0x10, "SH", "ID-4711");
        slice.push((group, element, *b"UN", value));
        std::fs::write(at.join(format!("{n}.dcm")), file(EXPLICIT, &slice)).expect("a slice");
        for words in [format!("tags {n}.dcm --json"), format!("info {n}.dcm --json --metadata")] {
            let told = say(at, &words).done();
            assert_eq!(told.contains(description), !hidden, "{words}: {told}");
            for secret in ["SUQtNDcxMSA=", "ID-4711", "ller", "小东"] {
                assert!(!told.contains(secret), "{words} tells {secret}");
            }
        }
    }
}

#[test]
fn a_folder_of_two_series_needs_a_choice() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    series(&at.join("two"), "1.2.3.9", "7", "soft");
    series(&at.join("two"), "1.2.3.8", "8", "sharp");
    let listed: serde_json::Value = serde_json::from_str(&say(at, "info two --json").done()).expect("JSON");
    let told: Vec<_> = listed["series"].as_array().expect("series").iter().map(|s| (s["number"].as_i64(), s["uid"].as_str(), s["files"].as_u64())).collect();
    assert_eq!(told, [(Some(7), Some("1.2.3.9"), Some(8)), (Some(8), Some("1.2.3.8"), Some(8))]);
    assert!(listed.get("shape").is_none());
    say(at, "convert two a.npy").failed_naming(2, &["--series", "1.2.3.8", "soft"]);
    say(at, "convert two a.npy --series sharp").done();
    let one: serde_json::Value = serde_json::from_str(&say(at, "info two --series 7 --json --slices").done()).expect("JSON");
    assert_eq!((&one["shape"], &one["type"], &one["quantity"]["kind"]), (&serde_json::json!([8, 20, 24]), &"i16".into(), &"hu".into()));
    assert_eq!((one["slices"][3]["gap_mm"].as_f64(), one["slices"][3]["used"].as_bool()), (Some(2.5), Some(true)));
    say(at, "info two/7-0.dcm --series 9").failed_naming(2, &["no series fits"]);
}
