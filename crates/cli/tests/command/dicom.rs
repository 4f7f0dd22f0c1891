//! What DICOM files say, and what their places prove.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use isovox_testing::command::say;
use isovox_testing::dicom::{EXPLICIT, Element, ct, enhanced, file, text, with};
use isovox_testing::files::json;

fn slices(places: &[f64]) -> Vec<Vec<Element>> {
    places.iter().zip(1..).map(|(&z, n)| ct(z, n, [3, 2], &[n as i16 * 100, 1, 2, 3, 4, 5])).collect()
}

/// A folder `series` of slices at places.
fn series(places: &[f64]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("series")).expect("a folder");
    for (n, slice) in slices(places).iter().enumerate() {
        std::fs::write(folder.path().join(format!("series/{n}.dcm")), file(EXPLICIT, slice)).expect("a slice");
    }
    folder
}

fn said(at: &Path, words: &str) -> Value {
    serde_json::from_str(&say(at, words).done()).expect("JSON")
}

#[test]
fn tags_are_shown_asked_for_and_compared() {
    let folder = series(&[0.0, 2.0, 4.0]);
    let at = folder.path();
    let all = say(at, "tags series/0.dcm").done();
    for part in ["TransferSyntaxUID (0002,0010)", "PixelSpacing (0028,0030)", "0.8\\0.5", "private (0029,1001)", "PatientName (0010,0010)", "***"] {
        assert!(all.contains(part), "{part} is not in {all}");
    }
    for secret in ["Muster", "ID-4711", "Nowhere", "Doctor", "19641220", "by bus"] {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
    assert!(say(at, "tags series/0.dcm --identity").done().contains("Muster^Erika"));
    assert_eq!(
        say(at, "tags series/1.dcm --tag PixelSpacing --tag 0020,0032 --tag StudyID").done(),
        "PixelSpacing  0.8\\0.5\nImagePositionPatient  -10\\-20\\2\nStudyID (0020,0010)  -\n"
    );
    assert_eq!(say(at, "tags series --tag 00200013").done(), "0.dcm  InstanceNumber  1\n1.dcm  InstanceNumber  2\n2.dcm  InstanceNumber  3\n");
    let model = said(at, "tags series/0.dcm --json");
    assert_eq!(model["00280030"], json!({"vr": "DS", "Value": [0.8, 0.5]}));
    assert_eq!((&model["00100010"]["Value"], &model["00020010"]["Value"]), (&json!(["***"]), &json!([EXPLICIT])));
    let differing = said(at, "tags series --diff --json");
    let keywords: Vec<_> = differing.as_array().expect("a list").iter().map(|d| d["keyword"].as_str().unwrap_or_default()).collect();
    assert_eq!(keywords, ["SOPInstanceUID", "InstanceNumber", "ImagePositionPatient"]);
    assert_eq!(differing[1]["values"][2], json!({"value": "3", "files": ["2.dcm"]}));
    assert_eq!(say(at, "tags series/0.dcm series/0.dcm --diff").done(), "no element differs\n");
    say(at, "tags series --tag PixelSpacin").failed_naming(2, &["PixelSpacing"]);
    say(at, "tags series/0.dcm --diff").failed_naming(2, &["two files"]);
    std::fs::write(at.join("note.txt"), "no image").expect("a file");
    say(at, "tags note.txt").failed(1);
}

#[test]
fn what_is_asked_for_is_found_at_any_depth() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("frames.dcm"), file(EXPLICIT, &enhanced(&[0.0, 2.0], [1, 1], &[5, 6], |_| Vec::new()))).expect("a file");
    let place = |z: f64| json!({"00209113": {"vr": "SQ", "Value": [{"00200032": {"vr": "DS", "Value": [-10, -20, z as i64]}}]}});
    assert_eq!(said(at, "tags frames.dcm --tag ImagePositionPatient --json"), json!({"52009230": {"vr": "SQ", "Value": [place(0.0), place(2.0)]}}));
    assert_eq!(said(at, "tags frames.dcm --tag PatientName --json"), json!({"00100010": {"vr": "PN", "Value": ["***"]}}));
    assert_eq!(said(at, "tags frames.dcm --tag StudyID --json"), json!({}));
}

#[test]
fn values_do_not_command_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let slice = with(slices(&[0.0]).remove(0), text(0x18, 0x1030, "LO", "red \x1b[31m\x07 \u{9b}2J \u{202e}"));
    let slice = with(slice, text(8, 5, "CS", "ISO_IR 192"));
    std::fs::write(at.join("a.dcm"), file(EXPLICIT, &slice)).expect("a slice");
    assert_eq!(say(at, "tags a.dcm --tag ProtocolName").done(), "ProtocolName  red \\u001b[31m\\u0007 \\u009b2J \\u202e\n");
    let all = say(at, "tags a.dcm").done();
    assert!(all.chars().all(|c| c == '\n' || !c.is_control()));
    assert_eq!(said(at, "tags a.dcm --json")["00181030"]["Value"], json!(["red \x1b[31m\x07 \u{9b}2J \u{202e}"]));
}

#[test]
fn what_differs_in_names_stays_masked() {
    let folder = series(&[0.0]);
    let at = folder.path();
    let other = with(slices(&[0.0]).remove(0), text(0x10, 0x10, "PN", "Beispiel^Max"));
    std::fs::write(at.join("other.dcm"), file(EXPLICIT, &other)).expect("a slice");
    let told = say(at, "tags series/0.dcm other.dcm --diff").done();
    assert_eq!(told, "PatientName  *** (0.dcm); *** (other.dcm)\n");
}

#[test]
fn a_certificate_proves_or_says_why_not() {
    let folder = series(&[0.0, 2.0, 4.0]);
    let at = folder.path();
    let proven = said(at, "check series --json");
    assert_eq!((&proven["proven"], &proven["reasons"]), (&json!(true), &json!([])));
    // By hand: SliceThickness is 5 where steps are 2, so that the third slice is 6 mm off.
    let off: Vec<_> = proven["readers"].as_array().expect("readers").iter().map(|r| (r["trusts"].as_str().unwrap_or_default(), r["worst_mm"].as_f64())).collect();
    assert_eq!(off, [("the first two slices", Some(0.0)), ("the mean step", Some(0.0)), ("SliceThickness", Some(6.0))]);
    assert_eq!(proven["corners_mm"][7], json!({"ijk": [2, 1, 2], "mm": [-9.0, -19.2, 4.0]}));
    say(at, "check series -o out").done();
    assert_eq!(json(&at.join("out/certificate.json"))["slices"], proven["slices"]);
    assert!(std::fs::read_to_string(at.join("out/certificate.html")).expect("a page").contains("Proven"));
    say(at, "check series -o out").done();
    say(at, "check series -o series").failed(1);
    assert!(say(at, "replay out").done().contains("equal byte for byte"));
    let gaps = series(&[0.0, 2.0, 6.0]);
    let ran = say(gaps.path(), "check series --json");
    let told: Value = serde_json::from_slice(&ran.out).expect("JSON");
    assert_eq!((ran.code, &told["proven"], &told["verdict"]["problems"]), (Some(1), &json!(false), &json!(["gaps"])));
    let worst: Vec<_> = told["readers"].as_array().expect("readers").iter().map(|r| r["worst_mm"].as_f64()).collect();
    assert_eq!(worst, [Some(2.0), Some(1.0), Some(4.0)]);
    say(gaps.path(), "phantom rock --size 8x8x8 -o rock.npy").done();
    assert_eq!(say(gaps.path(), "check rock.npy").code, Some(1));
}

#[test]
fn a_series_in_folders_below_is_made_again() {
    let folder = series(&[0.0, 2.0, 4.0]);
    let at = folder.path();
    std::fs::create_dir_all(at.join("series/a/b")).expect("a folder");
    std::fs::rename(at.join("series/1.dcm"), at.join("series/a/b/1.dcm")).expect("moved");
    say(at, "convert series v.npy").done();
    assert_eq!(json(&at.join("v.npy.provenance.json"))["inputs"].as_array().map(Vec::len), Some(3));
    say(at, "replay v.npy").done();
}

#[test]
fn gaps_are_kept_on_request() {
    let folder = series(&[0.0, 2.0, 4.0, 8.0]);
    let at = folder.path();
    for target in ["a.nii", "a.mha", "a.tif"] {
        say(at, &format!("convert series {target}")).failed_naming(1, &["--gaps keep", "regularize"]);
        say(at, &format!("convert series {target} --gaps keep")).done();
    }
    say(at, "convert series b.npy").done();
    say(at, "convert series c.npy --gaps keep").done();
    let told = json(&at.join("c.npy.provenance.json"));
    let places: Vec<_> = told["slices"].as_array().expect("slices").iter().map(|s| (s["file"].as_str().unwrap_or_default(), s["position_mm"].as_f64())).collect();
    assert_eq!(places, [("0.dcm", Some(0.0)), ("1.dcm", Some(2.0)), ("2.dcm", Some(4.0)), ("3.dcm", Some(8.0))]);
}
