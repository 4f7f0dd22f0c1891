//! DICOM on real scans: pydicom's values, and corners by arithmetic on IPP and IOP that is done here.

use std::path::{Path, PathBuf};

use isovox_formats::{OpenOptions, Scan};
use isovox_testing::scans::{data, sha256, voxels};
use isovox_volume::{Header, Kind, Result, Type, Verdict};
use serde_json::{Value, json};

/// A series of a case: its folder, and what is true of it.
struct Case {
    name: String,
    folder: PathBuf,
    /// UID, where the folder has several.
    series: Option<String>,
    truth: Value,
}

/// All series of all cases that are one each; `mixed_orientation` has a test of its own.
fn cases() -> Vec<Case> {
    let Some(folder) = data() else { return Vec::new() };
    let mut cases = Vec::new();
    for part in ["dicom", "lung"] {
        let text = std::fs::read_to_string(folder.join(part).join("expected.json")).expect("expected.json");
        let all: Value = serde_json::from_str(&text).expect("JSON");
        for (name, case) in all.as_object().expect("an object") {
            let at = folder.join(part).join(name);
            let inside = at.join("dicom");
            let folder = if inside.is_dir() { inside } else { at };
            let series = case["series"].as_array().into_iter().flatten();
            let entries: Vec<&Value> = if case["truth"].is_object() { vec![case] } else { series.collect() };
            for entry in entries.iter().filter(|e| e["truth"]["split"].is_null()) {
                let uid = entry["series_uid"].as_str().filter(|_| entries.len() > 1).map(String::from);
                cases.push(Case { name: name.clone(), folder: folder.clone(), series: uid, truth: truth(entry) });
            }
        }
    }
    cases
}

/// What is true of a series, whichever of its tables says so.
fn truth(entry: &Value) -> Value {
    let plain = json!({
        "shape": entry["shape_zyx"], "dtype": entry["dtype_opening"], "sha256": entry["sha256_rescaled"], "affine_lps": entry["affine_lps"],
        "verdict": entry["verdict_contract"],
    });
    let mut truth = if entry["truth"].is_object() { entry["truth"].clone() } else { plain };
    truth["files"] = entry["files"].clone();
    truth
}

fn open(path: &Path, series: Option<&str>) -> Result<Scan> {
    isovox_formats::open(&[path.to_path_buf()], &OpenOptions { series: series.map(String::from), ..OpenOptions::default() })
}

/// The numbers of an element, by its bytes: these files store it once, explicitly or not.
fn numbers(bytes: &[u8], group: u8, element: u8, count: usize) -> Vec<f64> {
    let text = |at: usize| {
        let length = if bytes[at + 4].is_ascii_uppercase() { bytes[at + 6] } else { bytes[at + 4] };
        String::from_utf8_lossy(&bytes[at + 8..at + 8 + usize::from(length)]).trim_end_matches([' ', '\0']).to_string()
    };
    let mut places = bytes.windows(4).enumerate().filter(|(_, w)| *w == [group, 0, element, 0]).map(|(at, _)| at);
    let numbers = places.find_map(|at| text(at).split('\\').map(|n| n.trim().parse().ok()).collect::<Option<Vec<f64>>>().filter(|n| n.len() == count));
    numbers.expect("the element")
}

/// Corners of the first and, where steps are equal, the last slice of a frame, from their files alone.
fn corners(name: &str, scan: &Scan) {
    let header = scan.source.header();
    let rows = &header.verdict.slices;
    let last = if header.verdict.uniform == Some(false) { 0 } else { header.nz() - 1 };
    for k in [0, last] {
        let file = scan.files.iter().find(|f| f.name() == rows[k].file).unwrap_or_else(|| panic!("{name}: {}", rows[k].file));
        let bytes = std::fs::read(file.path()).expect("a slice");
        let (ipp, iop, spacing) = (numbers(&bytes, 0x20, 0x32, 3), numbers(&bytes, 0x20, 0x37, 6), numbers(&bytes, 0x28, 0x30, 2));
        for (i, j) in [(0, 0), (header.nx() - 1, 0), (0, header.ny() - 1), (header.nx() - 1, header.ny() - 1)] {
            let found = header.geometry.point([i as f64, j as f64, k as f64]);
            for axis in 0..3 {
                let there = ipp[axis] + iop[axis] * spacing[1] * i as f64 + iop[3 + axis] * spacing[0] * j as f64;
                assert!((found[axis] - there).abs() < 1e-4, "{name}: voxel {i}, {j}, {k}: {found:?}, axis {axis} at {there}");
            }
        }
    }
}

/// The verdict as the contract gives it; a key that is not there says nothing.
#[track_caller]
fn verdict(name: &str, found: &Verdict, expected: &Value) {
    let problems: Vec<&str> = found.problems.iter().map(|p| p.name()).collect();
    assert_eq!(json!(problems), expected["problems"], "{name}: {}", found.text);
    if let Some(uniform) = expected.get("uniform") {
        assert_eq!(&json!(found.uniform), uniform, "{name}: {}", found.text);
    }
    if let Some(tilt) = expected["tilt_deg"].as_f64() {
        assert!((found.tilt_deg.expect("a tilt") - tilt).abs() < 0.1, "{name}: {:?}", found.tilt_deg);
    }
}

/// The affine, but for the step of a volume of one position, where nothing proves one.
#[track_caller]
fn affine(name: &str, header: &Header, expected: &Value) {
    let found = header.geometry.affine().expect("a scale");
    let columns: &[usize] = if header.nz() == 1 { &[0, 1, 3] } else { &[0, 1, 2, 3] };
    for (r, &c) in (0..3).flat_map(|r| columns.iter().map(move |c| (r, c))) {
        let there = expected[r][c].as_f64().expect("a number");
        assert!((found[r][c] - there).abs() < 1e-4 / header.nz() as f64, "{name}: affine[{r}][{c}] {}, expected {there}", found[r][c]);
    }
}

#[test]
fn every_series_as_its_table_says() {
    let (mut read, mut hashed) = (0, 0);
    for Case { name, folder, series, truth } in cases() {
        let listed = isovox_formats::series(std::slice::from_ref(&folder)).expect(&name);
        let found = listed.iter().find(|s| series.as_ref().is_none_or(|uid| *uid == s.uid)).unwrap_or_else(|| panic!("{name}: {series:?} is not listed"));
        verdict(&name, &found.verdict, &truth["verdict"]);
        if let Some(files) = truth["files"].as_u64() {
            assert_eq!(found.files as u64, files, "{name}");
        }
        read += 1;
        let scan = open(&folder, series.as_deref()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = scan.source.header();
        let mut shape = header.shape.to_vec();
        if header.frames.count > 1 {
            shape.insert(0, header.frames.count);
        }
        assert_eq!(json!(shape), truth["shape"], "{name}");
        let dtype = truth["dtype"].as_str().unwrap_or_else(|| panic!("{name}: no type"));
        assert_eq!(header.voxel.name(), dtype.replace("uint", "u").replace("int", "i").replace("float", "f"), "{name}");
        if header.verdict.uniform != Some(false) && truth["affine_lps"].is_array() {
            affine(&name, header, &truth["affine_lps"]);
        }
        if truth["frames_axis"] == "time" {
            assert_eq!(header.frames.axis.name(), "time", "{name}");
        }
        let hash = sha256(&voxels(&scan).expect(&name));
        let hashes = [&truth["sha256"], &truth["sha256_by_instance_number"]];
        assert!(hashes.iter().any(|h| h.as_str() == Some(&hash)), "{name}: {hash}, expected {}", hashes[0]);
        // A file a slice; frames and tiles have the table's affine alone.
        let rows = &header.verdict.slices;
        if header.nz() > 1 && rows[0].file != rows[1].file {
            corners(&name, &scan);
        }
        hashed += 1;
    }
    assert!(read == 0 && data().is_none() || read >= 24 && hashed == read, "{read} series, {hashed} with their voxels");
}

#[test]
fn two_scans_under_one_uid_are_two_series() {
    let Some(folder) = data().map(|d| d.join("dicom/mixed_orientation")) else { return };
    assert_eq!(open(&folder, None).err().map(|e| e.kind()), Some(Kind::Parameter));
    let all: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("../expected.json")).expect("expected.json")).expect("JSON");
    for split in all["mixed_orientation"]["series"][0]["truth"]["split"].as_array().expect("two parts") {
        let scan = open(&folder, Some(&split["series_numbers"][0].to_string())).expect("a part");
        assert_eq!(Some(sha256(&voxels(&scan).expect("planes")).as_str()), split["sha256"].as_str());
        corners("mixed_orientation", &scan);
        affine("mixed_orientation", scan.source.header(), &split["affine_lps"]);
    }
}

/// The tiles of a mosaic as its file stores them: rows of tiles, black where there is none.
fn together(header: &Header, bytes: &[u8], [rows, columns]: [usize; 2]) -> Vec<u8> {
    let (voxel, across) = (header.voxel.bytes(), columns / header.nx());
    let mut sheet = vec![0; rows * columns * voxel];
    for (n, line) in bytes.chunks_exact(header.nx() * voxel).enumerate() {
        let (tile, y) = (n / header.ny(), n % header.ny());
        let at = (tile / across * header.ny() + y) * columns + tile % across * header.nx();
        sheet[at * voxel..][..line.len()].copy_from_slice(line);
    }
    sheet
}

#[test]
fn every_single_file_opens_or_says_why_not() {
    let Some(folder) = data().map(|d| d.join("dicom")) else { return };
    let all: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).expect("expected.json")).expect("JSON");
    let mut equal = 0;
    for case in ["bits12_stray_high_bits", "pixel_zoo", "ts_misc", "ts_one_ct_image"] {
        for (name, expected) in all[case].as_object().expect("an object") {
            let path = folder.join(case).join(name);
            let read = open(&path, None).and_then(|scan| voxels(&scan).map(|v| (scan, v)));
            let (scan, bytes) = match read {
                Ok(read) => read,
                Err(error) => {
                    // Of one the stored values themselves are spoilt, of the other the header denies their sign: as the
                    // reference readers have them they lie beyond what HU are kept in.
                    let spoilt = error.kind() == Kind::Value && ["JPEGLossless_1s_1f_i_16_16_bad.dcm", "TOSHIBA_J2K_SIZ1_PixRep0.dcm"].contains(&name.as_str());
                    let said = spoilt || matches!(error.kind(), Kind::Unsupported | Kind::Geometry | Kind::Corrupt | Kind::NotFound);
                    assert!(said, "{name}: {:?} {error}", error.kind());
                    continue;
                }
            };
            // Not rescaled: the stored values themselves.
            let header = scan.source.header();
            let types = [(Type::U16, "uint16"), (Type::I16, "int16"), (Type::I32, "int32")];
            let same = types.iter().any(|(t, name)| *t == header.voxel && expected["dtype"] == *name);
            let lossy = expected["transfer_syntax"].as_str().is_some_and(|s| s.ends_with(".4.50") || s.ends_with(".4.51"));
            if same && !lossy && expected["slope"].is_null() {
                let sheet = [&expected["rows"], &expected["columns"]].map(|v| v.as_u64().unwrap_or(0) as usize);
                let bytes = if header.frames.count == 1 && header.nz() > 1 { together(header, &bytes, sheet) } else { bytes };
                assert_eq!(Some(sha256(&bytes).as_str()), expected["sha256_stored_values"].as_str(), "{name}");
                equal += 1;
            }
        }
    }
    assert!(equal >= 10, "{equal} equal files");
}
