//! Grids of real scans: the same head in many orientations, an EPI beside its anatomy, series with gaps and tilts.

use std::ffi::OsStr;
use std::path::Path;

use isovox_testing::command::{info, isovox, ran, values};
use isovox_testing::files::json;
use isovox_testing::scans::data;
use serde_json::{Value, json};

/// A point of the EPI that its documentation names: index, value, place (RAS mm, by nibabel 5.4.2).
const POINT: (&str, f64, [f64; 3]) = ("26,30,16", 81.549, [0.0, -4.204_686, 8.452_970]);

#[track_caller]
fn probe(path: &Path, words: &[&str]) -> Value {
    let ran = isovox().arg("probe").arg(path).args(words).arg("--json").output().map(isovox_testing::command::Ran::from).expect("the command starts");
    serde_json::from_str(&ran.done()).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn text(numbers: &[f64]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[track_caller]
fn near(a: &[f64], b: &[f64], limit: f64) {
    assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= limit), "{a:?} is not {b:?}");
}

#[test]
fn a_head_in_many_orientations_is_one() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = Vec::new();
    for name in ["RAS", "LAS", "LPS", "RPI", "LPI", "PIR", "ASL", "SRA", "IAL", "ALS", "PSR", "RSA", "LIP"] {
        let out = folder.path().join(format!("{name}.npy"));
        ran(["canonical".as_ref(), data.join(format!("nifti/orient/{name}.nii.gz")).as_os_str(), "-o".as_ref(), out.as_os_str()]).done();
        seen.push((name, values(&out)["values"]["sha256"].clone()));
    }
    let first = seen[0].1.clone();
    assert!(first.is_string() && seen.iter().all(|(_, hash)| *hash == first), "{seen:?}");
}

/// The 48 ways in which axes can run, as letters of where they lead.
fn letters() -> Vec<String> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let pairs = ["RL", "AP", "SI"];
    orders.iter().flat_map(|order| (0..8).map(move |back| (0..3).map(|a| &pairs[order[a]][back >> a & 1..][..1]).collect())).collect()
}

#[test]
fn one_head_in_all_orientations_has_one_canonical_volume() {
    let Some(data) = data() else { return };
    let (folder, anatomy) = (tempfile::tempdir().expect("a folder"), data.join("nifti/someones_anatomy.nii.gz"));
    let (turned, back) = (folder.path().join("turned.nii"), folder.path().join("back.nii"));
    let mut seen = Vec::new();
    for to in letters() {
        let words: [&OsStr; 7] = ["reorient".as_ref(), anatomy.as_ref(), "--to".as_ref(), to.as_ref(), "--force".as_ref(), "-o".as_ref(), turned.as_ref()];
        ran(words).done();
        let words: [&OsStr; 5] = ["canonical".as_ref(), turned.as_ref(), "--force".as_ref(), "-o".as_ref(), back.as_ref()];
        ran(words).done();
        let (there, here) = (info([&turned]), values(&back));
        assert!(there["axes"] == to.as_str() && here["axes"] == "RAS", "{to}: {there} {here}");
        seen.push((here["values"]["sha256"].clone(), here["affine_lps"].clone(), here["shape"].clone()));
    }
    assert_eq!(seen.len(), 48);
    assert!(seen[0].0.is_string() && seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[test]
fn the_epi_lies_where_its_anatomy_says() {
    let Some(data) = data() else { return };
    let (epi, anatomy) = (data.join("nifti/someones_epi.nii.gz"), data.join("nifti/someones_anatomy.nii.gz"));
    let (index, value, ras) = POINT;
    let found = probe(&epi, &["--ijk", index]);
    near(&[found["value"].as_f64().expect("a value")], &[value], 5e-4);
    near(&numbers(&found["ras_mm"]), &ras, 1e-5);
    near(&numbers(&probe(&epi, &["--ras", &text(&ras)])["index"]), &[26.0, 30.0, 16.0], 1e-5);
    assert_eq!(probe(&epi, &["--ras", "500,0,0"])["inside"], false);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("on.nii");
    let words = ["resample".as_ref(), epi.as_os_str(), "--like".as_ref(), anatomy.as_os_str(), "--interpolation".as_ref(), "nearest".as_ref(), "-o".as_ref(), out.as_os_str()];
    ran(words).done();
    let (ours, theirs) = (info([&out]), info([&anatomy]));
    assert_eq!(ours["shape"], theirs["shape"]);
    for (a, b) in ours["affine_lps"].as_array().expect("rows").iter().zip(theirs["affine_lps"].as_array().expect("rows")) {
        near(&numbers(a), &numbers(b), 1e-4);
    }
    // The nearest voxel of a place is the same in both.
    let mut inside = 0;
    for index in ["28,33,28", "27,30,39", "10,20,30", "40,50,20", "0,0,0"] {
        let here = probe(&out, &["--ijk", index]);
        let there = probe(&epi, &["--lps", &text(&numbers(&here["lps_mm"]))]);
        let value = if there["inside"] == true { there["value"].as_f64() } else { Some(0.0) };
        inside += usize::from(there["inside"] == true);
        near(&[here["value"].as_f64().expect("a value")], &[value.expect("a value")], 1e-4);
    }
    assert!(inside >= 2, "{inside}");
}

type Uneven = (&'static str, usize, &'static [[usize; 2]], f64, Option<f64>);

/// Series by what the manifest says of their places: planes of the even grid, the first and last of each run that is interpolated, the step (mm
/// along the normal), and the tilt that goes.
const UNEVEN: [Uneven; 5] = [
    // 5, 10, 5 mm.
    ("gap_missing_slice", 5, &[[3, 3]], 5.0, None),
    // 0.7497, 1.4994, 0.7497 mm.
    ("tilt_missing_slice", 5, &[[3, 3]], 0.7497, Some(15.5)),
    // 13 of 4.002, one of 1.081, 13 of 6.999 mm: 144.1 mm; a plane of 4.002 falls on a slice again at 29 and 36 of them.
    ("ge_head_tilt_gaps", 37, &[[14, 28], [30, 35]], 4.0019, Some(18.5)),
    ("philips_tilt_minus18", 8, &[], 2.3708, Some(18.5)),
    ("philips_tilt_plus16", 8, &[], 2.3970, Some(16.5)),
];

#[test]
fn uneven_series_become_even_and_say_so() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for (name, planes, between, step, tilt) in UNEVEN {
        let series = data.join("dicom").join(name);
        let out = folder.path().join(format!("{name}.npy"));
        ran(["regularize".as_ref(), series.as_os_str(), "-o".as_ref(), out.as_os_str()]).done();
        let told = &json(&folder.path().join(format!("{name}.npy.provenance.json")))["steps"][0]["found"];
        assert_eq!((&told["interpolated"], told["tilt_corrected_deg"].is_null()), (&json!(between), tilt.is_none()), "{name}");
        near(&[told["step_mm"].as_f64().expect("a step"), told["tilt_corrected_deg"].as_f64().unwrap_or(0.0)], &[step, tilt.unwrap_or(0.0)], 1e-3);
        let out = folder.path().join(format!("{name}.nii"));
        let gaps = info([&series])["verdict"]["uniform"] == false;
        if gaps {
            ran(["reorient".as_ref(), series.as_os_str(), "--to".as_ref(), "RAS".as_ref(), "-o".as_ref(), out.as_os_str()]).failed_naming(1, &["regularize"]);
        }
        let warned = ran(["regularize".as_ref(), series.as_os_str(), "-o".as_ref(), out.as_os_str()]);
        assert_eq!(warned.err.contains("are interpolated, where there was none"), !between.is_empty(), "{}", warned.err);
        warned.done();
        let said = info([&out]);
        assert_eq!((&said["shape"][0], &said["verdict"]["uniform"]), (&json!(planes), &Value::Bool(true)), "{name}");
        assert!(said["verdict"]["tilt_deg"].is_null(), "{name}");
        near(&[said["spacing_mm"][2].as_f64().expect("a step")], &[step], 1e-3);
    }
}

/// Voxels of an upright grid lie, in the tilted series, on a slice between two of its rows: there the values are linear.
#[test]
fn a_tilt_is_corrected_within_its_slices() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["philips_tilt_minus18", "philips_tilt_plus16"] {
        let (series, out) = (data.join("dicom").join(name), folder.path().join(format!("{name}.mha")));
        ran(["regularize".as_ref(), series.as_os_str(), "-o".as_ref(), out.as_os_str()]).done();
        for index in ["256,256,0", "200,300,3", "300,211,5", "131,290,7"] {
            let here = probe(&out, &["--ijk", index]);
            let there = probe(&series, &["--lps", &text(&numbers(&here["lps_mm"]))]);
            let place = numbers(&there["index"]);
            near(&[place[0] - place[0].round(), place[2] - place[2].round()], &[0.0; 2], 2e-2);
            let (below, part) = (place[1].floor(), place[1] - place[1].floor());
            let at = |row: f64| probe(&series, &["--ijk", &text(&[place[0].round(), row, place[2].round()])])["value"].as_f64().expect("a value");
            let value = here["value"].as_f64().expect("a value");
            near(&[value], &[at(below) * (1.0 - part) + at(below + 1.0) * part], 1.0);
        }
    }
}
