//! MetaImage on real scans: SimpleITK's numbers, but for the files where isovox says more.

use isovox_testing::scans::{data, open, sha256, voxels};
use isovox_volume::{FrameAxis, Header, Space, Type};
use serde_json::Value;

fn json(path: std::path::PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("expected.json")).expect("JSON")
}

fn affine(name: &str, header: &Header, expected: &Value) {
    let Some(ras) = header.geometry.affine_ras() else { panic!("{name}: no patient space") };
    for r in 0..3 {
        for c in 0..4 {
            let e = expected[r][c].as_f64().expect("a number");
            assert!((ras[r][c] - e).abs() <= 1e-9 * e.abs().max(1.0), "{name}: affine[{r}][{c}] {}, expected {e}", ras[r][c]);
        }
    }
}

/// Channels of frames put back side by side, as the reference's array has them.
fn together(header: &Header, bytes: &[u8]) -> Vec<u8> {
    let (width, count) = (header.voxel.bytes(), header.frames.count);
    let frame = bytes.len() / count;
    let pixel = |at: usize| (0..count).flat_map(move |c| bytes[c * frame + at..][..width].iter().copied());
    (0..frame).step_by(width).flat_map(pixel).collect()
}

#[test]
fn every_file_as_simpleitk() {
    let Some(folder) = data().map(|d| d.join("formats")) else { return };
    let all = json(folder.join("expected.json"));
    let mut count = 0;
    for (name, expected) in all.as_object().expect("an object").iter().filter(|(n, _)| [".mha", ".mhd"].iter().any(|e| n.ends_with(e))) {
        let expected = &expected["SimpleITK"];
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = scan.source.header();
        let mut bytes = voxels(&scan).unwrap_or_else(|e| panic!("{name}: {e}"));
        if header.frames.axis == FrameAxis::Channel {
            bytes = together(header, &bytes);
        }
        assert_eq!(Some(sha256(&bytes).as_str()), expected["sha256_zyx"].as_str(), "{name}");
        let mut size = vec![header.nx(), header.ny(), header.nz()];
        size.truncate(expected["size_xyz"].as_array().map_or(0, Vec::len));
        assert_eq!(serde_json::json!(size), expected["size_xyz"], "{name}");
        match expected.get("affine_ras") {
            // No spacing is stated: SimpleITK's 1 mm is its own.
            _ if name == "derived/ascii_local.mha" => assert_eq!(header.geometry.space(), Space::Voxel),
            Some(ras) => affine(name, header, ras),
            // Two dimensions state no spacing across.
            None => assert!(header.geometry.spacing().is_none() && header.warnings.iter().any(|w| w.contains("across")), "{name}"),
        }
        count += 1;
    }
    assert!(count >= 25, "{count} files");
}

#[test]
fn micro_ct_headers() {
    let Some(folder) = data().map(|d| d.join("microct")) else { return };
    let all = json(folder.join("expected.json"));
    let check = |name: &str, expected: &Value| {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(Some(sha256(&voxels(&scan).expect(name)).as_str()), expected["sha256_le_c_order"].as_str(), "{name}");
        assert_eq!(serde_json::json!(scan.source.header().geometry.spacing()), expected["spacing_xyz"], "{name}");
    };
    check("test_mha.mha", &all["test_mha.mha"]);
    for name in ["cement_crop_80x64x48_u8.mhd", "aluminium_s16be_off512.mhd", "aluminium_s16be_headersize_minus1.mhd"] {
        check(&format!("derived/{name}"), &all["derived"][name]);
    }
}

#[test]
fn three_bytes_are_a_colour_and_three_floats_are_frames() {
    let Some(folder) = data().map(|d| d.join("formats")) else { return };
    let scan = open(&folder.join("derived/vector3_f32.mha")).expect("it opens");
    let header = scan.source.header();
    assert_eq!((header.frames.count, header.voxel, header.shape), (3, Type::F32, [20, 32, 40]));
}

#[test]
fn broken_files_are_errors() {
    let Some(folder) = data().map(|d| d.join("formats/broken")) else { return };
    let index = json(folder.join("index.json"));
    for name in index.as_object().expect("an object").keys().filter(|n| n.starts_with("mha") || n.starts_with("mhd")) {
        let read = open(&folder.join(name)).and_then(|scan| voxels(&scan));
        assert_eq!(read.is_ok(), name == "mha_ok_control.mha", "{name}: {:?}", read.err());
    }
}
