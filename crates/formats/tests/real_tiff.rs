//! TIFF and slice sequences on real scans: tifffile's numbers, but for the files where isovox says something else.

use std::path::{Path, PathBuf};

use isovox_testing::scans::{data, open, sha256, voxels};
use isovox_volume::{FrameAxis, Header, Kind, Space, Type};
use serde_json::{Value, json};

/// Refused by name: what the message says.
const REFUSED: [(&str, &str); 5] = [
    ("derived/u16_lerc.tif", "LERC"),
    ("derived/u8_jpegxl.tif", "JPEG XL"),
    ("tiff/seq-1c-1b-fax3-71f6a21a.tiff", "fax"),
    ("tiff/seq-1c-1b-fax3-fillbits-71f6a21a.tiff", "fax"),
    ("tiff/seq-1c-1b-fax3-lsb-71f6a21a.tiff", "fax"),
];

fn json_file(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("expected.json")).expect("JSON")
}

/// The shape as tifffile gives it: no axis of one plane, colours last.
fn shape(header: &Header) -> Value {
    let mut shape = vec![header.frames.count, header.nz(), header.ny(), header.nx()];
    shape.drain(..[header.frames.count > 1, header.nz() > 1].iter().take_while(|more| !**more).count());
    if header.voxel == Type::Rgb8 {
        shape.push(3);
    }
    json!(shape)
}

/// tifffile's 16-bit floats, of which only the hash is known, from ours: exact both ways.
fn halves(bytes: &[u8]) -> Vec<u8> {
    let half = |v: f32| -> u16 {
        let (bits, sign) = (v.to_bits(), (v.to_bits() >> 16 & 0x8000) as u16);
        let exponent = (bits >> 23 & 255) as i32 - 112;
        match exponent {
            ..=0 => sign | (v.abs() * 16_777_216.0) as u16,
            31.. => sign | 0x7c00 | (bits >> 13 & 1023) as u16,
            _ => sign | (exponent as u16) << 10 | (bits >> 13 & 1023) as u16,
        }
    };
    bytes.chunks_exact(4).flat_map(|b| half(f32::from_le_bytes([b[0], b[1], b[2], b[3]])).to_le_bytes()).collect()
}

#[test]
fn every_file_as_tifffile() {
    let Some(folder) = data().map(|d| d.join("formats")) else { return };
    let all = json_file(folder.join("expected.json"));
    let mut count = 0;
    for (name, expected) in all.as_object().expect("an object").iter().filter(|(n, _)| matches!(n.rsplit_once('.'), Some((_, "tif" | "tiff")))) {
        let expected = &expected["tifffile"];
        let opened = open(&folder.join(name));
        if let Some((_, why)) = REFUSED.iter().find(|r| r.0 == name) {
            let error = opened.err().unwrap_or_else(|| panic!("{name} opened"));
            assert!(error.kind() == Kind::Unsupported && error.to_string().contains(why), "{name}: {error}");
            continue;
        }
        let scan = opened.unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = scan.source.header();
        let mut bytes = voxels(&scan).unwrap_or_else(|e| panic!("{name}: {e}"));
        let dtype = match expected["dtype"].as_str() {
            Some("float16") => {
                bytes = halves(&bytes);
                Type::F32
            }
            Some("bool") => Type::U8,
            Some(other) => Type::ALL.into_iter().find(|t| *t == header.voxel && (*t == Type::Rgb8 || numpy(*t) == other)).unwrap_or_else(|| panic!("{name}: {}", header.voxel)),
            None => panic!("{name}"),
        };
        assert_eq!(header.voxel, dtype, "{name}");
        assert_eq!(shape(header), expected["shape"], "{name}");
        assert_eq!(Some(sha256(&bytes).as_str()), expected["sha256_zyx"].as_str(), "{name}");
        let inverted = expected["photometric"] == 0;
        assert_eq!(header.warnings.iter().any(|w| w.contains("MinIsWhite")), inverted, "{name}: {:?}", header.warnings);
        count += 1;
    }
    assert!(count >= 75, "{count} files");
}

fn numpy(voxel: Type) -> String {
    let kind = if voxel.is_float() {
        "float"
    } else if voxel.is_unsigned() {
        "uint"
    } else {
        "int"
    };
    format!("{kind}{}", voxel.bytes() * 8)
}

#[test]
fn frames_and_places() {
    let Some(folder) = data().map(|d| d.join("formats/derived")) else { return };
    let scan = open(&folder.join("imagej_hyperstack_tzc.tif")).expect("opens");
    let header = scan.source.header();
    assert_eq!((header.frames.count, header.frames.axis), (2, FrameAxis::Time));
    spacing(header, [0.012, 0.012, 0.00001]);
    spacing(open(&folder.join("imagej_single_ifd_be_u16.tif")).expect("opens").source.header(), [0.012, 0.012, 0.01]);
}

fn spacing(header: &Header, expected: [f64; 3]) {
    let found = header.geometry.spacing().expect("a scale");
    assert_eq!(header.geometry.space(), Space::Local);
    assert!(found.iter().zip(expected).all(|(a, b)| (a / b - 1.0).abs() < 1e-6), "{found:?}, expected {expected:?}");
}

#[test]
fn micro_ct_stacks() {
    let Some(folder) = data().map(|d| d.join("microct")) else { return };
    let all = json_file(folder.join("expected.json"));
    // What the warning names of a size that is not used.
    for (name, warning) in
        [("bone_128x128x128.tif", "empty unit"), ("cement_128x128x128.tif", ""), ("fiberform_100.tif", "100 pixels per inch"), ("fibers_150x150x150.tif", "25.4 pixels per inch")]
    {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = scan.source.header();
        assert_eq!(header.geometry.space(), Space::Voxel, "{name}");
        assert_eq!(json!(header.shape), all[name]["shape"], "{name}");
        assert_eq!(Some(sha256(&voxels(&scan).expect(name)).as_str()), all[name]["sha256_le_c_order"].as_str(), "{name}");
        assert!(if warning.is_empty() { header.warnings.is_empty() } else { header.warnings.iter().any(|w| w.contains(warning)) }, "{name}: {:?}", header.warnings);
    }
}

#[test]
fn folders_of_slices() {
    let Some(folder) = data().map(|d| d.join("microct")) else { return };
    let all = json_file(folder.join("expected.json"));
    for (name, warning) in
        [("seq_imagej", ""), ("seq_unpadded", ""), ("seq_rgb", ""), ("seq_u16", ""), ("seq_missing_slice", ": 4;"), ("seq_extra_files", "._z00.tif, Thumbs.db, z_spr.png")]
    {
        let expected = &all["derived"][name];
        let scan = open(&folder.join("derived").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = scan.source.header();
        assert_eq!(scan.format, "sequence");
        assert_eq!(shape(header), expected["shape"], "{name}");
        assert_eq!(json!(scan.files.iter().map(isovox_formats::Input::name).collect::<Vec<_>>()), expected["files_in_natural_order"], "{name}");
        assert_eq!(Some(sha256(&voxels(&scan).expect(name)).as_str()), expected["sha256_le_c_order"].as_str(), "{name}");
        assert!(if warning.is_empty() { header.warnings.is_empty() } else { header.warnings.iter().any(|w| w.contains(warning)) }, "{name}: {:?}", header.warnings);
    }
    let error = open(&folder.join("derived/seq_odd_size")).err().expect("refused");
    assert!(error.to_string().contains("p2.tif"), "{error}");
}

#[test]
fn single_pictures() {
    let Some(folder) = data().map(|d| d.join("microct/derived")) else { return };
    for (name, format) in [("seq_u16/alu_000.png", "png"), ("seq_missing_slice/rec_00000000.bmp", "sequence"), ("seq_imagej/stk_0000.tif", "tiff")] {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((scan.format, scan.source.header().shape), (format, [1, 64, 80]));
    }
}

#[test]
fn broken_files_are_refused() {
    let Some(folder) = data().map(|d| d.join("formats/broken")) else { return };
    let whole = |path: &Path| open(path).and_then(|scan| voxels(&scan));
    let names: Vec<PathBuf> = std::fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "tif")).collect();
    assert_eq!(names.len(), 11);
    for path in names {
        match whole(&path) {
            Ok(bytes) => {
                assert!(path.ends_with("tif_ok_control.tif"), "{} opens", path.display());
                assert_eq!(sha256(&bytes)[..12], *"7ea4f170300d");
            }
            Err(error) => assert!(matches!(error.kind(), Kind::Corrupt | Kind::Unsupported), "{error}"),
        }
    }
}
