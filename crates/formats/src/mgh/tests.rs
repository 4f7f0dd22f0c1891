use std::io::Write as _;

use isovox_volume::{Kind, Result, Space, Type};

use super::Mgh;
use crate::format::{Format, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::testing::voxels;

/// A volume of 4 x 3 x 2 and so many frames, with what stands behind the voxels.
fn mgh(kind: i32, frames: i32, good: i16, data: &[u8], footer: &[f32]) -> Vec<u8> {
    let mut file: Vec<u8> = [1, 4, 3, 2, frames, kind, 7].map(i32::to_be_bytes).concat();
    file.extend(good.to_be_bytes());
    // Spacing; the RAS directions of x, y and z; the centre.
    let place = [2.0f32, 3.0, 4.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 10.0, 20.0, 30.0];
    file.extend(place.map(f32::to_be_bytes).concat());
    file.resize(284, 0);
    file.extend(data);
    file.extend(footer.iter().flat_map(|v| v.to_be_bytes()));
    file
}

fn open(name: &str, bytes: Vec<u8>) -> Result<Scan> {
    Mgh.open(Given::One(Input::bytes(name, bytes)), &OpenOptions::default())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

#[test]
fn big_endian_with_its_place_and_footer() {
    let big: Vec<u8> = (0..48i16).flat_map(|v| (v * -300).to_be_bytes()).collect();
    let native: Vec<u8> = (0..48i16).flat_map(|v| (v * -300).to_ne_bytes()).collect();
    let file = mgh(4, 2, 1, &big, &[2000.0, 0.5, 30.0]);
    for (name, bytes) in [("a.mgh", file.clone()), ("a.mgz", gzip(&file))] {
        let scan = open(name, bytes).unwrap();
        let h = scan.source.header();
        assert_eq!((h.shape, h.frames.count, h.voxel), ([2, 3, 4], 2, Type::I16));
        // The centre is the voxel (2, 1.5, 1).
        let ras = h.geometry.affine_ras().unwrap();
        assert_eq!(ras[..3], [[0.0, -3.0, 0.0, 14.5], [2.0, 0.0, 0.0, 16.0], [0.0, 0.0, 4.0, 26.0]]);
        assert!(voxels(&scan).unwrap() == native && h.warnings.is_empty());
        assert_eq!(h.meta.get("tr").and_then(serde_json::Value::as_f64), (name == "a.mgh").then_some(2000.0));
    }
}

#[test]
fn without_the_flag_the_default_is_said() {
    let scan = open("a.mgh", mgh(0, 1, 0, &[1; 24], &[])).unwrap();
    let h = scan.source.header();
    assert_eq!((h.geometry.space(), h.geometry.axes().unwrap().as_str(), h.geometry.spacing()), (Space::Patient, "LIA", Some([1.0; 3])));
    assert!(h.warnings[0].contains("default") && h.verdict.uniform.is_none());
}

#[test]
fn what_is_wrong_is_named() {
    let whole = mgh(3, 1, 1, &[0; 96], &[]);
    for packed in [false, true] {
        let bytes = if packed { gzip(&whole) } else { whole.clone() };
        for length in 0..bytes.len() {
            assert!(open("a.mgz", bytes[..length].to_vec()).and_then(|s| voxels(&s)).is_err(), "{length}");
        }
    }
    let changed = |at: usize, value: i32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        open("a.mgh", bytes)
    };
    for (at, value, kind) in [(0, 2, Kind::Corrupt), (4, 0, Kind::Corrupt), (8, -3, Kind::Corrupt), (12, i32::MAX, Kind::Corrupt), (20, 2, Kind::Unsupported)] {
        assert_eq!(changed(at, value).err().map(|e| e.kind()), Some(kind), "{at}");
    }
    for (at, value) in [(30, 0), (42, 0x7fc0_0000u32 as i32)] {
        let scan = changed(at, value).unwrap();
        assert!(scan.source.header().geometry.space() == Space::Voxel && scan.source.header().warnings.len() == 1);
    }
}
