//! NIfTI on real scans: nibabel's numbers, but for the files where the readers disagree.

use std::path::Path;

use isovox_formats::{AffineChoice, OpenOptions};
use isovox_testing::scans::{data, open, sha256, voxels};
use isovox_volume::{Header, Kind, Space, Type};
use serde_json::Value;

/// Files that are refused, and why.
const REFUSED: &[(&str, Kind, &str)] = &[
    ("derived/complex64.nii.gz", Kind::Unsupported, "complex"),
    ("nifti-rs/complex32.nii", Kind::Unsupported, "complex"),
    ("nifti-rs/complex64.nii", Kind::Unsupported, "complex"),
    ("niivue/complex.nii.gz", Kind::Unsupported, "complex"),
    ("niivue/complex_image.nii.gz", Kind::Unsupported, "complex"),
    ("nifti-rs/rgba_4D.nii", Kind::Unsupported, "RGBA"),
    ("nibabel/analyze.hdr", Kind::NotFound, "analyze.img"),
    ("nibabel/row_major.dconn.nii", Kind::Unsupported, "CIFTI"),
    ("nibabel/nifti1.hdr", Kind::NotFound, "nifti1.img"),
    ("nibabel/nifti2.hdr", Kind::NotFound, "nifti2.img"),
    ("nifti-rs/avg152T1_LR_nifti.hdr.gz", Kind::NotFound, "avg152T1_LR_nifti.img"),
    ("nifti-rs/fuzz_1.nii", Kind::Corrupt, "header"),
    ("nifti-rs/fuzz_08123ef33416.nii", Kind::Corrupt, "header"),
    ("nifti-rs/fuzz_98aa054390f8.nii", Kind::Corrupt, "header"),
    ("nifti-rs/fuzz_d03c6346fe83.nii", Kind::Corrupt, "header"),
    ("nifti-rs/fuzz_ed7d46344d7e.nii", Kind::Corrupt, "header"),
];

/// Files that state no place: the spacing alone.
const LOCAL: &[&str] = &[
    "derived/no_codes.nii.gz",
    "derived/pixdim_negative_x.nii.gz",
    "nifti-rs/minimal.hdr",
    "nifti-rs/minimal.hdr.gz",
    "nifti-rs/minimal.nii",
    "nifti-rs/minimal.nii.gz",
    "nifti-rs/minimal2.hdr",
];

/// Files that state nothing usable.
const VOXEL: &[&str] = &["derived/pixdim_zero_y.nii.gz", "derived/sform_rank2.nii.gz"];

/// Files that open with a warning that holds a word.
const WARNED: &[(&str, &str)] = &[
    ("derived/q_s_disagree_both_coded.nii.gz", "mm apart"),
    ("derived/sform_shear_q_closest.nii.gz", "mm apart"),
    ("derived/sform_shear_q_closest.nii.gz", "sheared"),
    ("niivue/shear.nii.gz", "sheared"),
    ("derived/sform_rank2.nii.gz", "singular"),
    ("derived/pixdim_zero_y.nii.gz", "spacing unknown"),
    ("derived/quatern_denormal.nii.gz", "quaternion"),
    ("derived/u8_slope0_inter50.nii", "not added"),
    ("derived/u8_slope1_inter_nan.nii", "intercept is NaN"),
    ("derived/gz_named_plain.nii.gz", "not compressed"),
    ("derived/plain_named_gz.nii", "gzip-compressed"),
    ("derived/vox_offset_0_single_file.nii", "vox_offset is 0"),
];

fn type_of(name: &str) -> Type {
    match name.trim_start_matches(['<', '>', '|']) {
        "u1" => Type::U8,
        "i1" => Type::I8,
        "u2" => Type::U16,
        "i2" => Type::I16,
        "u4" => Type::U32,
        "i4" => Type::I32,
        "u8" => Type::U64,
        "i8" => Type::I64,
        "f4" => Type::F32,
        "f8" => Type::F64,
        "rgb3" => Type::Rgb8,
        other => panic!("type {other}"),
    }
}

fn files(folder: &Path) -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let all = all.as_object().expect("an object").clone();
    // No reference reader opens gzip bytes under .nii; they are those of another file.
    let same = all["derived/u8_slope_nan.nii"].clone();
    let given = |(name, value): (String, Value)| if name == "derived/plain_named_gz.nii" { (name, same.clone()) } else { (name, value) };
    all.into_iter().filter(|(name, _)| !name.starts_with('_')).map(given).collect()
}

fn affine(header: &Header, name: &str, expected: &Value, unit: f64) {
    let ras = header.geometry.affine_ras().unwrap_or_else(|| panic!("{name}: no patient space"));
    for (r, row) in ras.iter().enumerate().take(3) {
        for (c, v) in row.iter().enumerate() {
            let e = expected[r][c].as_f64().expect("a number") * unit;
            assert!((v - e).abs() <= 1e-5 * e.abs().max(1.0), "{name}: affine[{r}][{c}] {v}, expected {e}");
        }
    }
}

fn values(voxel: Type, bytes: &[u8]) -> Vec<f64> {
    use isovox_volume::Scalar;
    isovox_volume::scalar!(voxel, T => bytes.chunks_exact(size_of::<T>()).map(|b| bytemuck::pod_read_unaligned::<T>(b).to_f64()).collect())
}

fn statistics(name: &str, header: &Header, bytes: &[u8], expected: &Value) {
    let finite: Vec<f64> = values(header.voxel, bytes).into_iter().filter(|v| v.is_finite()).collect();
    let near = |found: f64, key: &str| {
        let e = expected[key].as_f64().unwrap_or_else(|| panic!("{name}: {key}"));
        assert!((found - e).abs() <= 1e-6 * e.abs().max(1.0), "{name}: {key} {found}, expected {e}");
    };
    near(finite.iter().sum::<f64>() / finite.len() as f64, "mean_finite");
    near(finite.iter().copied().fold(f64::INFINITY, f64::min), "min_finite");
    near(finite.iter().copied().fold(f64::NEG_INFINITY, f64::max), "max_finite");
}

#[test]
fn every_file_as_nibabel_or_as_the_table_says() {
    let Some(folder) = data().map(|d| d.join("nifti")) else { return };
    for (name, expected) in files(&folder) {
        let opened = open(&folder.join(&name));
        if let Some((_, kind, word)) = REFUSED.iter().find(|(n, ..)| *n == name) {
            let error = opened.map(|_| ()).expect_err(&name);
            assert!(error.kind() == *kind && error.to_string().contains(word), "{name}: {error}");
            continue;
        }
        let scan = opened.unwrap_or_else(|e| panic!("{name}: {e}"));
        let bytes = voxels(&scan).unwrap_or_else(|e| panic!("{name}: {e}"));
        check(&name, scan.source.header(), &bytes, &expected);
    }
}

fn check(name: &str, header: &Header, bytes: &[u8], expected: &Value) {
    for (_, word) in WARNED.iter().filter(|(n, _)| *n == name) {
        assert!(header.warnings.iter().any(|w| w.contains(word)), "{name}: {:?} say nothing of {word}", header.warnings);
    }
    space(name, header, expected);
    let Some(stored) = expected["dtype_on_disk"].as_str().map(type_of) else {
        return statistics(name, header, bytes, &expected["simpleitk"]);
    };
    let shape: Vec<u64> = expected["shape"].as_array().expect("shape").iter().filter_map(Value::as_u64).collect();
    let size = |axis: usize| shape.get(axis).map_or(1, |&n| n as usize);
    assert_eq!(header.shape, [size(2), size(1), size(0)], "{name}");
    assert_eq!(header.frames.count, (3..shape.len()).map(size).product::<usize>(), "{name}");
    let unscaled = header.voxel == stored;
    if name == "derived/vox_offset_0_single_file.nii" {
        assert_eq!(values(header.voxel, bytes).iter().sum::<f64>() / bytes.len() as f64, 170.805_934_343_434_33);
    } else if name == "nifti-rs/minimal2.hdr" {
        statistics(name, header, bytes, &expected["simpleitk"]);
    } else if unscaled {
        assert_eq!(Some(sha256(bytes).as_str()), expected["sha256_unscaled_zyx"].as_str(), "{name}");
    } else {
        assert!(expected["scl_slope"] != 1.0, "{name} is scaled without a slope");
        statistics(name, header, bytes, expected);
    }
}

fn space(name: &str, header: &Header, expected: &Value) {
    if VOXEL.contains(&name) {
        assert_eq!(header.geometry.space(), Space::Voxel, "{name}");
        assert!(header.geometry.spacing().is_none());
    } else if LOCAL.contains(&name) {
        assert_eq!(header.geometry.space(), Space::Local, "{name}");
        let zooms: Vec<f64> = expected["pixdim"].as_array().expect("pixdim").iter().filter_map(Value::as_f64).map(f64::abs).collect();
        assert_eq!(header.geometry.spacing().expect("spacing")[..], zooms[1..4], "{name}");
    } else if let Some(ras) = expected.get("affine_ras") {
        let unit = match name {
            "derived/units_micron.nii.gz" => 1e-3,
            "derived/units_meter.nii.gz" => 1e3,
            _ => 1.0,
        };
        affine(header, name, ras, unit);
    } else if let Some(ras) = expected["simpleitk"].get("affine_ras") {
        affine(header, name, ras, 1.0);
    }
}

#[test]
fn the_other_affine_when_asked_for() {
    let Some(folder) = data().map(|d| d.join("nifti")) else { return };
    let expected = files(&folder).into_iter().find(|(n, _)| n == "derived/q_s_disagree_both_coded.nii.gz").expect("in the list").1;
    let path = folder.join("derived/q_s_disagree_both_coded.nii.gz");
    let open = |affine| isovox_formats::open(std::slice::from_ref(&path), &OpenOptions { affine, ..OpenOptions::default() }).expect("it opens");
    affine(open(AffineChoice::Qform).source.header(), "qform", &expected["qform_affine_ras"], 1.0);
    affine(open(AffineChoice::Sform).source.header(), "sform", &expected["sform_affine_ras"], 1.0);
    assert_eq!(open(AffineChoice::Pixdim).source.header().geometry.space(), Space::Local);
}

#[test]
fn either_half_of_a_pair_opens() {
    let Some(folder) = data().map(|d| d.join("nifti")) else { return };
    for (header, image) in [
        ("derived/pair.hdr", "derived/pair.img"),
        ("derived/pair_gz.hdr.gz", "derived/pair_gz.img.gz"),
        ("nifti-rs/minimal2.hdr", "nifti-rs/minimal2.img.gz"),
        ("niivue/ras.hdr", "niivue/ras.img"),
    ] {
        let (a, b) = (open(&folder.join(header)).expect(header), open(&folder.join(image)).expect(image));
        assert_eq!(a.files.len(), 2);
        assert_eq!(voxels(&a).expect(header), voxels(&b).expect(image));
    }
}

#[test]
fn broken_files_are_errors() {
    let Some(folder) = data().map(|d| d.join("formats/broken")) else { return };
    let tolerated = ["nii_ok_control.nii", "nii_bitpix_lies.nii", "nii_gz_bomb_real.nii.gz", "nii_pixdim_nan.nii"];
    let index: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("index.json")).expect("index.json")).expect("JSON");
    for name in index.as_object().expect("an object").keys().filter(|n| n.starts_with("nii") || n.rsplit('.').next() == Some("hdr")) {
        let read = open(&folder.join(name)).and_then(|scan| voxels(&scan).map(|_| scan));
        assert_eq!(read.is_ok(), tolerated.contains(&name.as_str()), "{name}: {:?}", read.err());
    }
    let nan = open(&folder.join("nii_pixdim_nan.nii")).expect("tolerated");
    assert!(nan.source.header().geometry.spacing().is_none());
    assert!(nan.source.header().warnings.iter().any(|w| w.contains("spacing unknown")));
}

#[test]
fn scans_of_the_other_folders() {
    let Some(folder) = data() else { return };
    let formats: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("formats/expected.json")).expect("expected.json")).expect("JSON");
    for name in ["derived/i16.nii.gz", "nrrd/BallBinary30x30x30.nii.gz"] {
        let scan = open(&folder.join("formats").join(name)).expect(name);
        assert_eq!(Some(sha256(&voxels(&scan).expect(name)).as_str()), formats[name]["SimpleITK"]["sha256_zyx"].as_str(), "{name}");
        affine(scan.source.header(), name, &formats[name]["nibabel"]["affine_ras"], 1.0);
    }
    let micro: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("microct/expected.json")).expect("expected.json")).expect("JSON");
    let scan = open(&folder.join("microct/test25a.nii")).expect("test25a.nii");
    assert_eq!(Some(sha256(&voxels(&scan).expect("voxels")).as_str()), micro["test25a.nii"]["sha256_le_c_order"].as_str());
    affine(scan.source.header(), "test25a.nii", &micro["test25a.nii"]["nibabel"]["affine_ras"], 1.0);
}
