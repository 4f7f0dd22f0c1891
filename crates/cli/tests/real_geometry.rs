//! Grids of real scans: the same head in many orientations, an EPI beside its anatomy, series with gaps and tilts.

mod common;

use std::ffi::OsStr;
use std::path::Path;

use common::{data, info, isovox, ran, values};
use serde_json::Value;

/// A point of the EPI that its documentation names: index, value, place (RAS mm, by nibabel 5.4.2).
const POINT: (&str, f64, [f64; 3]) = ("26,30,16", 81.549, [0.0, -4.204_686, 8.452_970]);

#[track_caller]
fn probe(path: &Path, words: &[&str]) -> Value {
    let ran = isovox().arg("probe").arg(path).args(words).arg("--json").output().map(common::Ran::from).expect("the command starts");
    serde_json::from_str(&ran.done()).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
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
    let text = ras.map(|v| v.to_string()).join(",");
    near(&numbers(&probe(&epi, &["--ras", &text])["index"]), &[26.0, 30.0, 16.0], 1e-5);
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
        let there = probe(&epi, &["--lps", &numbers(&here["lps_mm"]).iter().map(ToString::to_string).collect::<Vec<_>>().join(",")]);
        let value = if there["inside"] == true { there["value"].as_f64() } else { Some(0.0) };
        inside += usize::from(there["inside"] == true);
        near(&[here["value"].as_f64().expect("a value")], &[value.expect("a value")], 1e-4);
    }
    assert!(inside >= 2, "{inside}");
}
