//! NRRD, MGH, Analyze, VTK and Zarr on real scans: the numbers of the reference readers, but for the files where isovox says more.

use isovox_testing::scans::{data, open, sha256, voxels};
use isovox_volume::{Header, Space};
use serde_json::Value;

fn expected() -> Option<(std::path::PathBuf, Value)> {
    let folder = data()?.join("formats");
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    Some((folder, serde_json::from_str(&text).expect("JSON")))
}

/// Files of an ending, and what the first of these readers that reads one says of it.
fn files<'a>(all: &'a Value, endings: &[&str], readers: &'a [&'a str]) -> Vec<(&'a str, Option<&'a Value>)> {
    let all = all.as_object().expect("an object").iter().filter(|(n, _)| endings.iter().any(|e| n.ends_with(e)));
    all.map(|(name, readings)| (name.as_str(), readers.iter().map(|r| &readings[*r]).find(|r| r["sha256_zyx"].is_string()))).collect()
}

#[track_caller]
fn affine(name: &str, header: &Header, expected: &Value, limit: f64) {
    let ras = header.geometry.affine_ras().unwrap_or_else(|| panic!("{name}: no patient space"));
    for (r, c) in (0..3).flat_map(|r| (0..4).map(move |c| (r, c))) {
        let e = expected[r][c].as_f64().expect("a number");
        assert!((ras[r][c] - e).abs() <= limit * e.abs().max(1.0), "{name}: affine[{r}][{c}] {}, expected {e}", ras[r][c]);
    }
}

/// Frames of vectors put back side by side, as the reference's array has them.
fn together(header: &Header, bytes: &[u8]) -> Vec<u8> {
    let (width, count) = (header.voxel.bytes(), header.frames.count);
    let frame = bytes.len() / count;
    let pixel = |at: usize| (0..count).flat_map(move |c| bytes[c * frame + at..][..width].iter().copied());
    (0..frame).step_by(width).flat_map(pixel).collect()
}

/// NRRD files that are refused, and the word that says why.
const REFUSED: [(&str, &str); 2] = [("nrrd/BallBinary30x30x30_byteskip_minus_five.nhdr", "byte skip"), ("nrrd/BallBinary30x30x30_nifti.nhdr", "NIfTI")];

#[test]
fn every_nrrd_as_its_reference_reader() {
    let Some((folder, all)) = expected() else { return };
    let mut count = 0;
    for (name, reading) in files(&all, &[".nrrd", ".nhdr"], &["pynrrd", "SimpleITK"]) {
        let scan = open(&folder.join(name));
        if let Some((_, word)) = REFUSED.iter().find(|r| r.0 == name) {
            let error = scan.err().expect(name).to_string();
            assert!(error.contains(word), "{error}");
            continue;
        }
        let scan = scan.unwrap_or_else(|e| panic!("{name}: {e}"));
        let (header, reading) = (scan.source.header(), reading.unwrap_or_else(|| panic!("{name}: no reader")));
        let mut bytes = voxels(&scan).unwrap_or_else(|e| panic!("{name}: {e}"));
        let four = reading["shape"].as_array().is_some_and(|s| s.len() == 4);
        if four && header.frames.count > 1 {
            bytes = together(header, &bytes);
        }
        assert_eq!(Some(sha256(&bytes).as_str()), reading["sha256_zyx"].as_str(), "{name}");
        let space = header.geometry.space();
        match (&reading["space"], reading["spacings"].as_array()) {
            (Value::String(_), _) => affine(name, header, &reading["affine_ras"], 1e-9),
            (_, Some(spacings)) if spacings.len() == 3 => {
                assert_eq!((space, serde_json::json!(header.geometry.spacing())), (Space::Local, reading["spacings"].clone()), "{name}");
            }
            _ if space == Space::Local => assert!(name.contains("list_files") || name.contains("pattern_files"), "{name}"),
            _ => assert!(space == Space::Voxel && !header.warnings.is_empty(), "{name}"),
        }
        count += 1;
    }
    assert!(count >= 30, "{count} files");
}

/// The same volume in NIfTI and in NRRD lies at the same place of the same world.
#[test]
fn a_pair_of_formats_agrees() {
    let Some((folder, all)) = expected() else { return };
    let scan = open(&folder.join("nrrd/avf_float_32.nrrd")).expect("it opens");
    affine("avf", scan.source.header(), &all["_avf_nifti_against_nrrd"]["nifti_affine_ras"], 1e-6);
}

#[test]
fn every_mgh_as_nibabel() {
    let Some((folder, all)) = expected() else { return };
    let mut count = 0;
    for (name, reading) in files(&all, &[".mgz", ".mgh"], &["nibabel"]) {
        let (scan, reading) = (open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")), reading.expect("nibabel reads it"));
        let header = scan.source.header();
        assert_eq!(Some(sha256(&voxels(&scan).expect(name)).as_str()), reading["sha256_zyx"].as_str(), "{name}");
        if name.contains("Yeo") {
            assert!(header.geometry.space() == Space::Voxel && header.warnings.len() == 1, "values on a surface have no place");
        } else {
            affine(name, header, &reading["affine_ras"], 1e-6);
        }
        count += 1;
    }
    assert!(count >= 4, "{count} files");
}

#[test]
fn analyze_without_orientation() {
    let Some((folder, all)) = expected() else { return };
    let reading = &all["analyze/t00740_tr1_segm.hdr"]["SimpleITK"];
    for ending in ["hdr", "hdr.gz", "img.gz"] {
        let scan = open(&folder.join("analyze/t00740_tr1_segm").with_extension(ending)).expect(ending);
        let header = scan.source.header();
        assert_eq!(Some(sha256(&voxels(&scan).expect(ending)).as_str()), reading["sha256_zyx"].as_str());
        assert_eq!((header.geometry.space(), serde_json::json!(header.geometry.spacing())), (Space::Local, reading["spacing"].clone()));
        assert!(["scale factor", "left and right"].iter().all(|word| header.warnings.iter().any(|w| w.contains(word))), "{:?}", header.warnings);
    }
}

#[test]
fn vtk_points_and_cells() {
    let Some((folder, all)) = expected() else { return };
    let check = |name: &str, reading: &Value, origin: [f64; 3]| {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = scan.source.header();
        let mut bytes = voxels(&scan).expect(name);
        if header.frames.count > 1 {
            bytes = together(header, &bytes);
        }
        assert_eq!(Some(sha256(&bytes).as_str()), reading["sha256_zyx"].as_str(), "{name}");
        assert_eq!((header.geometry.space(), header.geometry.origin()), (Space::Local, Some(origin)), "{name}");
        header.clone()
    };
    check("derived/i16.vtk", &all["derived/i16.vtk"]["SimpleITK"], [1.5, -2.5, 3.25]);
    check("vtk/ti_250x1x250.vtk", &all["vtk/ti_250x1x250.vtk"]["SimpleITK"], [0.0; 3]);
    // A voxel is a cell: its centre lies half a step from the first point.
    check("vtk/artifib.vtk", &all["vtk/artifib.vtk"]["by_hand_cell_data"], [0.5; 3]);
    check("vtk/orient_test.vtk", &all["vtk/orient_test.vtk"]["by_hand_cell_data"], [0.5; 3]);
    let fibers = check("vtk/fibers_with_orientation.vti", &all["vtk/fibers_with_orientation.vti"]["by_hand_cell_data"]["data"], [0.5; 3]);
    assert!(fibers.warnings.iter().any(|w| w.contains("data_orient")));
    let error = open(&folder.join("vtk/avf.vtk")).err().expect("no image").to_string();
    assert!(error.contains("POLYDATA"), "{error}");
}

#[test]
fn every_zarr_as_zarr_python() {
    let Some((folder, all)) = expected() else { return };
    for (name, key, spacing) in [
        ("derived/foam_v04.ome.zarr", "0", Some([0.012, 0.012, 0.01])),
        ("derived/foam_v05.ome.zarr", "0", Some([0.012, 0.012, 0.01])),
        ("derived/foam_v05_sharded.ome.zarr", "0", Some([0.012, 0.012, 0.01])),
        ("derived/foam_v05_sharded.ome.zarr/1", "1", None),
        ("ome-zarr/simple_0.4", "scale0/image", None),
        ("ome-zarr/simple_0.5", "scale0/image", None),
        ("ome-zarr/simple_0.5.zip", "scale0/image", None),
        ("ome-zarr/simple_0.4/scale1/image", "scale1/image", None),
    ] {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let store = name.trim_end_matches(".zip").trim_end_matches("/1").trim_end_matches("/scale1/image");
        let reading = &all[store]["zarr-python"][key];
        assert_eq!(Some(sha256(&voxels(&scan).expect(name)).as_str()), reading["sha256_zyx"].as_str(), "{name}");
        assert_eq!(scan.source.header().geometry.spacing(), spacing, "{name}");
    }
    for draft in ["basic/scale.zarr", "simple/affine.zarr", "axis_dependent/mapAxis.zarr"] {
        let error = open(&folder.join("ome-zarr/all_0.6").join(draft)).err().expect(draft).to_string();
        assert!(error.contains("0.6"), "{error}");
    }
}
