mod written;

use std::io::Write as _;

use isovox_volume::{FrameAxis, Header, Kind, Result, Space, Type};
use serde_json::json;

use super::Nifti;
use crate::format::{Format, Given, Scan};
use crate::input::Input;
use crate::open::{AffineChoice, OpenOptions};
use crate::testing::voxels;

/// 4 x 3 x 2 u8, sform coded, little-endian, single file.
fn nii() -> Vec<u8> {
    let mut b = vec![0; 352];
    put(&mut b, 0, &348i32.to_le_bytes());
    for (i, n) in [3i16, 4, 3, 2, 1, 1, 1, 1].iter().enumerate() {
        put(&mut b, 40 + 2 * i, &n.to_le_bytes());
    }
    put(&mut b, 70, &2i16.to_le_bytes());
    put(&mut b, 72, &8i16.to_le_bytes());
    floats(&mut b, 76, &[1.0, 2.0, 3.0, 4.0]);
    floats(&mut b, 108, &[352.0]);
    put(&mut b, 123, &[2]);
    put(&mut b, 254, &1i16.to_le_bytes());
    floats(&mut b, 280, &[2.0, 0.0, 0.0, -10.0, 0.0, 3.0, 0.0, -20.0, 0.0, 0.0, 4.0, -30.0]);
    put(&mut b, 344, b"n+1\0");
    b.extend(0..24u8);
    b
}

fn put(b: &mut [u8], at: usize, bytes: &[u8]) {
    b[at..at + bytes.len()].copy_from_slice(bytes);
}

fn floats(b: &mut [u8], at: usize, values: &[f32]) {
    for (i, v) in values.iter().enumerate() {
        put(b, at + 4 * i, &v.to_le_bytes());
    }
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut b = nii();
    put(&mut b, at, bytes);
    b
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn open_as(name: &str, bytes: Vec<u8>, affine: AffineChoice) -> Result<Scan> {
    Nifti.open(Given::One(Input::bytes(name, bytes)), &OpenOptions { affine, ..OpenOptions::default() })
}

fn open(bytes: Vec<u8>) -> Result<Scan> {
    open_as("a.nii", bytes, AffineChoice::File)
}

#[track_caller]
fn refused(bytes: Vec<u8>, kind: Kind, word: &str) {
    let error = open(bytes).and_then(|s| voxels(&s)).expect_err(word);
    assert!(error.kind() == kind && error.to_string().contains(word), "{:?} {error}", error.kind());
}

#[track_caller]
fn warned(bytes: Vec<u8>, word: &str) -> Header {
    let scan = open(bytes).unwrap();
    let header = scan.source.header().clone();
    assert!(header.warnings.iter().any(|w| w.contains(word)), "{:?}", header.warnings);
    header
}

#[test]
fn a_plain_file() {
    let scan = open(nii()).unwrap();
    let h = scan.source.header();
    assert_eq!((h.shape, h.voxel, h.frames.count), ([2, 3, 4], Type::U8, 1));
    assert_eq!(h.geometry.affine_ras().unwrap()[1], [0.0, 3.0, 0.0, -20.0]);
    assert_eq!(h.geometry.axes().unwrap(), "RAS");
    assert!(h.warnings.is_empty());
    assert_eq!(voxels(&scan).unwrap(), (0..24).collect::<Vec<u8>>());
}

#[test]
fn content_decides_not_the_name() {
    let scan = open_as("a.nii.gz", nii(), AffineChoice::File).unwrap();
    assert!(scan.source.header().warnings[0].contains("not compressed"));
    let scan = open(gz(&nii())).unwrap();
    assert!(scan.source.header().warnings[0].contains("gzip-compressed"));
    assert_eq!(voxels(&scan).unwrap(), (0..24).collect::<Vec<u8>>());
    let given = |name: &str, bytes: &[u8]| Given::One(Input::bytes(name, bytes.to_vec()));
    assert!(Nifti.recognises(&given("scan", &nii()), &nii()));
    assert!(Nifti.recognises(&given("scan.gz", &gz(&nii())), &gz(&nii())));
    assert!(!Nifti.recognises(&given("disk.img", b"anything"), b"anything"));
    assert!(!Nifti.recognises(&given("scan.mgz", &gz(b"other")), &gz(b"other")));
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    for whole in [nii(), gz(&nii())] {
        for length in 0..whole.len() {
            assert!(open(whole[..length].to_vec()).and_then(|s| voxels(&s)).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}

#[test]
fn no_damaged_header_panics() {
    let mut state = 1u32;
    for at in 0..352 {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let bytes = patched(at, &[value]);
            let _ = open(bytes.clone()).and_then(|s| voxels(&s));
            let _ = open(gz(&bytes)).and_then(|s| voxels(&s));
        }
        let mut bytes = nii();
        for _ in 0..8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes[state as usize % 352] = (state >> 24) as u8;
        }
        let _ = open(bytes).and_then(|s| voxels(&s));
    }
}

#[test]
fn sizes_that_lie_are_refused_before_memory_is_asked_for() {
    for (at, dim) in [(42, -4i16), (44, 0), (42, 32767), (46, 32767)] {
        refused(patched(at, &dim.to_le_bytes()), Kind::Corrupt, "found");
    }
    let mut all = nii();
    for i in 0..8 {
        put(&mut all, 40 + 2 * i, &32767i16.to_le_bytes());
    }
    put(&mut all, 40, &4i16.to_le_bytes());
    refused(all.clone(), Kind::Corrupt, "voxel data");
    assert!(open(gz(&all)).is_err());
    put(&mut all, 40, &7i16.to_le_bytes());
    refused(all, Kind::Unsupported, "four dimensions");
    for dim0 in [0i16, 8, -1] {
        refused(patched(40, &dim0.to_le_bytes()), Kind::Corrupt, "dim[0]");
    }
    // Beyond dim[0] nothing counts.
    assert!(open(patched(48, &[9, 0, 0, 0, 0xff, 0xff])).is_ok());
}

#[test]
fn types_that_are_no_numbers_are_refused_by_name() {
    for (code, word) in [(1i16, "1-bit"), (32, "complex"), (1792, "complex"), (2048, "complex"), (1536, "128-bit"), (999, "unknown")] {
        refused(patched(70, &code.to_le_bytes()), Kind::Unsupported, word);
    }
    warned(patched(72, &[64]), "bitpix");
}

#[test]
fn rgba_is_four_frames() {
    let mut b = patched(70, &2304i16.to_le_bytes());
    put(&mut b, 72, &[32]);
    b.extend(24..96u8);
    let scan = open(b).unwrap();
    assert_eq!((scan.source.header().frames.count, scan.source.header().frames.axis), (4, FrameAxis::Channel));
    assert_eq!(voxels(&scan).unwrap()[..3], [0, 4, 8]);
}

#[test]
fn where_voxels_begin() {
    for offset in [f32::NAN, f32::INFINITY, -352.0, 352.5] {
        refused(patched(108, &offset.to_le_bytes()), Kind::Corrupt, "vox_offset");
    }
    for offset in [1.0f32, 100.0, 348.0] {
        refused(patched(108, &offset.to_le_bytes()), Kind::Corrupt, "header");
    }
    refused(patched(108, &1e9f32.to_le_bytes()), Kind::Corrupt, "voxel data");
    let zero = patched(108, &[0; 4]);
    warned(zero.clone(), "vox_offset is 0");
    assert_eq!(voxels(&open(gz(&zero)).unwrap()).unwrap(), (0..24).collect::<Vec<u8>>());
    let mut junk = patched(108, &400f32.to_le_bytes());
    junk.splice(352..352, [b'J'; 48]);
    assert_eq!(voxels(&open(junk).unwrap()).unwrap(), (0..24).collect::<Vec<u8>>());
}

/// The file with bytes between flag and voxels.
fn extended(extension: &[u8]) -> Vec<u8> {
    let mut b = patched(348, &[1]);
    put(&mut b, 108, &(352.0 + extension.len() as f32).to_le_bytes());
    b.splice(352..352, extension.iter().copied());
    b
}

fn extension(size: i32, code: i32, text: &[u8], length: usize) -> Vec<u8> {
    let mut e = [size.to_le_bytes(), code.to_le_bytes()].concat();
    e.extend(text);
    e.resize(length, 0);
    e
}

#[test]
fn extensions_are_walked_with_checks() {
    for size in [0, 8, 13, -16, 32, i32::MAX - 15] {
        refused(extended(&extension(size, 6, b"", 16)), Kind::Corrupt, "extension");
        assert!(open(gz(&extended(&extension(size, 6, b"", 16)))).is_err());
    }
    let two = [extension(16, 4, b"xml", 16), extension(48, 6, b"isovox {\"isovox\": \"1\"}", 48)].concat();
    let scan = open(extended(&two)).unwrap();
    assert_eq!(scan.provenance, Some(json!({"isovox": "1"})));
    assert_eq!(scan.source.header().meta["extensions"], json!([[4, 16], [6, 48]]));
    assert_eq!(voxels(&scan).unwrap(), (0..24).collect::<Vec<u8>>());
    // vox_offset 0 with extensions: they must end where the voxels begin.
    let mut zero = extended(&two);
    put(&mut zero, 108, &[0; 4]);
    assert_eq!(voxels(&open(zero.clone()).unwrap()).unwrap(), (0..24).collect::<Vec<u8>>());
    zero.push(0);
    assert!(open(zero).is_err());
}

#[test]
fn slope_and_intercept() {
    let scaled = |slope: f32, intercept: f32, datatype: i16| {
        let mut b = patched(112, &[slope.to_le_bytes(), intercept.to_le_bytes()].concat());
        put(&mut b, 70, &datatype.to_le_bytes());
        b.extend([0; 24 * 7]);
        open(b)
    };
    let scan = scaled(0.1, -100.0, 2).unwrap();
    assert_eq!(scan.source.header().voxel, Type::F32);
    let slope = f64::from(0.1f32);
    let expected: Vec<u8> = (0..24).flat_map(|v| ((f64::from(v) * slope - 100.0) as f32).to_ne_bytes()).collect();
    assert_eq!(voxels(&scan).unwrap(), expected);
    for (datatype, voxel) in [(4, Type::F32), (512, Type::F32), (16, Type::F32), (8, Type::F64), (768, Type::F64), (1024, Type::F64), (1280, Type::F64), (64, Type::F64)] {
        assert_eq!(scaled(2.0, 0.0, datatype).unwrap().source.header().voxel, voxel);
    }
    for (slope, intercept) in [(0.0, 0.0), (f32::NAN, 1.0), (f32::INFINITY, 0.0), (1.0, 0.0), (0.0, 50.0), (1.0, f32::NAN)] {
        let scan = scaled(slope, intercept, 2).unwrap();
        assert_eq!(scan.source.header().voxel, Type::U8, "{slope} {intercept}");
        assert_eq!(scan.source.header().warnings.iter().any(|w| w.contains("intercept")), (slope, intercept) == (0.0, 50.0) || intercept.is_nan());
    }
    assert!(scaled(2.0, f32::NAN, 2).is_err());
}

#[test]
fn which_affine() {
    let mut both = patched(252, &1i16.to_le_bytes());
    floats(&mut both, 268, &[-10.0, -20.0, 40.0]);
    let header = warned(both.clone(), "70.000 mm apart");
    assert_eq!(header.geometry.affine_ras().unwrap()[2][3], -30.0);
    let qform = open_as("a.nii", both.clone(), AffineChoice::Qform).unwrap();
    assert_eq!(qform.source.header().geometry.affine_ras().unwrap()[2][3], 40.0);
    put(&mut both, 254, &[0, 0]);
    assert_eq!(open(both.clone()).unwrap().source.header().geometry.affine_ras().unwrap()[2][3], 40.0);
    let error = open_as("a.nii", both.clone(), AffineChoice::Sform).err().unwrap();
    assert_eq!(error.kind(), Kind::Geometry);
    put(&mut both, 252, &[0, 0]);
    let local = open(both.clone()).unwrap().source.header().geometry.clone();
    assert_eq!((local.space(), local.spacing().unwrap()), (Space::Local, [2.0, 3.0, 4.0]));
    floats(&mut both, 80, &[-2.0]);
    assert_eq!(open(both.clone()).unwrap().source.header().geometry.spacing().unwrap(), [2.0, 3.0, 4.0]);
    for bad in [0.0, f32::NAN, f32::INFINITY] {
        floats(&mut both, 84, &[bad]);
        assert_eq!(warned(both.clone(), "spacing unknown").geometry.space(), Space::Voxel);
    }
    assert_eq!(warned(patched(312, &[0; 12]), "singular").geometry.space(), Space::Voxel);
}

#[test]
fn units_become_mm() {
    for (unit, factor) in [(0u8, 1.0), (1, 1000.0), (2, 1.0), (3, 0.001), (10, 1.0), (19, 0.001)] {
        let spacing = open(patched(123, &[unit])).unwrap().source.header().geometry.spacing().unwrap();
        assert_eq!(spacing, [2.0 * factor, 3.0 * factor, 4.0 * factor], "{unit}");
    }
    warned(patched(123, &[5]), "unit of length 5");
}

#[test]
fn a_fourth_dimension_is_frames() {
    let four = |dims: [i16; 8], units: u8| {
        let mut b = patched(40, &dims.map(i16::to_le_bytes).concat());
        floats(&mut b, 92, &[2.5]);
        put(&mut b, 123, &[units]);
        b.extend(24..72u8);
        open(b)
    };
    let frames = four([4, 4, 3, 2, 3, 1, 1, 1], 10).unwrap().source.header().frames.clone();
    assert_eq!((frames.count, frames.axis, frames.values), (3, FrameAxis::Time, vec![0.0, 2.5, 5.0]));
    let frames = four([4, 4, 3, 2, 3, 1, 1, 1], 18).unwrap().source.header().frames.clone();
    assert_eq!(frames.values, [0.0, 0.0025, 0.005]);
    let frames = four([5, 4, 3, 2, 1, 3, 1, 1], 10).unwrap().source.header().frames.clone();
    assert_eq!((frames.count, frames.axis), (3, FrameAxis::Channel));
    assert_eq!(four([4, 4, 3, 2, 1, 1, 1, 1], 10).unwrap().source.header().frames.count, 1);
    assert_eq!(four([2, 4, 3, 9, 9, 1, 1, 1], 10).unwrap().source.header().shape, [1, 3, 4]);
    assert!(four([5, 4, 3, 2, 3, 2, 1, 1], 10).is_err());
}

#[test]
fn headers_alone_and_other_signatures_are_refused() {
    refused(patched(344, b"ni1\0"), Kind::NotFound, "a.img");
    refused(patched(344, b"\0\0\0\0"), Kind::Unsupported, "Analyze");
    refused(patched(344, b"xyz\0"), Kind::Unsupported, "xyz");
    refused(patched(0, &349i32.to_le_bytes()), Kind::Corrupt, "349");
    refused(b"<!DOCTYPE html><html>404</html>".to_vec(), Kind::Corrupt, "web page");
}

#[test]
fn a_pair_in_all_mixes() {
    let folder = tempfile::tempdir().unwrap();
    let mut header = patched(344, b"ni1\0")[..348].to_vec();
    put(&mut header, 108, &[0; 4]);
    let image: Vec<u8> = (0..24).collect();
    for (h, i) in [("hdr", "img"), ("hdr", "img.gz"), ("hdr.gz", "img"), ("hdr.gz", "img.gz"), ("HDR", "IMG")] {
        let name = format!("scan {h} {i}");
        let bytes = |ending: &str, bytes: &[u8]| if ending.ends_with("gz") { gz(bytes) } else { bytes.to_vec() };
        let (hp, ip) = (folder.path().join(format!("{name}.{h}")), folder.path().join(format!("{name}.{i}")));
        std::fs::write(&hp, bytes(h, &header)).unwrap();
        std::fs::write(&ip, bytes(i, &image)).unwrap();
        for path in [&hp, &ip] {
            let given = Given::One(Input::file(path).unwrap());
            assert!(Nifti.recognises(&given, &std::fs::read(path).unwrap()));
            assert_eq!(voxels(&Nifti.open(given, &OpenOptions::default()).unwrap()).unwrap(), image);
        }
        let both = Given::Many(vec![Input::file(&hp).unwrap(), Input::file(&ip).unwrap()]);
        assert!(Nifti.recognises(&both, &[]) && Nifti.open(both, &OpenOptions::default()).is_ok());
    }
}
