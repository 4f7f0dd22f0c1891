//! Raw data, `NumPy` arrays and ZIP archives of real scans: the numbers of `NumPy` and of `expected.json`.

use std::path::{Path, PathBuf};

use isovox_formats::{OpenOptions, RawOptions, Scan};
use isovox_testing::scans::{data, open, sha256, voxels};
use isovox_volume::{Kind, QuantityKind, Space, Type};
use serde_json::{Value, json};

fn expected(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).expect("expected.json")).expect("JSON")
}

fn type_of(name: &str) -> Type {
    match name {
        "bool" => Type::U8,
        name => Type::from_name(&name.replace("uint", "u").replace("int", "i").replace("float", "f")).expect("a type"),
    }
}

#[track_caller]
fn agrees(name: &str, scan: &Scan, expected: &Value, sha: &str) {
    let header = scan.source.header();
    assert_eq!(json!(header.shape), expected["shape"], "{name}");
    assert_eq!(header.voxel, type_of(expected["dtype"].as_str().expect("a type")), "{name}");
    assert_eq!(Some(sha256(&voxels(scan).expect(name)).as_str()), expected[sha].as_str(), "{name}");
}

fn micro() -> Option<(PathBuf, Value)> {
    let folder = data()?.join("microct");
    let all = expected(&folder);
    Some((folder, all))
}

#[test]
fn raw_data_by_what_lies_beside_or_in_the_name() {
    let Some((folder, all)) = micro() else { return };
    // name, format, spacing in mm, files, warnings: by the name alone there is one, which says so.
    let table = [
        ("polymer3d_8bit_128x128x128.raw", "raw", None, 1, 1),
        ("derived/aluminium_80x64x48_f32le.raw", "raw", None, 1, 1),
        ("derived/aluminium_80x64x48_s16be_off512_gap16.raw", "raw", None, 2, 0),
        ("derived/cement_crop_80x64x48_u8.raw", "metaimage", Some([0.005; 3]), 2, 0),
        ("derived/aluminium_s16be_off512.raw", "metaimage", Some([0.082; 3]), 2, 0),
        ("derived/aluminium_u16.vol", "raw", Some([0.082; 3]), 2, 0),
        ("derived/aluminium_u16.vgi", "raw", Some([0.082; 3]), 2, 0),
    ];
    for (name, format, spacing, files, warnings) in table {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let key = name.replace(".vgi", ".vol");
        let expected = key.strip_prefix("derived/").map_or(&all[&key], |n| &all["derived"][n]);
        agrees(name, &scan, expected, "sha256_le_c_order");
        let header = scan.source.header();
        assert_eq!((scan.format, header.geometry.spacing(), scan.files.len()), (format, spacing, files), "{name}");
        if format == "raw" {
            assert_eq!(header.warnings.len(), warnings, "{name}: {:?}", header.warnings);
            let space = if spacing.is_some() { Space::Local } else { Space::Voxel };
            assert_eq!(header.geometry.space(), space, "{name}");
        }
    }
}

#[test]
fn raw_data_by_options_alone() {
    let Some((folder, all)) = micro() else { return };
    let raw = RawOptions { size: Some([48, 64, 80]), voxel: Some(Type::I16), big_endian: Some(true), offset: Some(512), gap: Some(16) };
    let options = OpenOptions { raw, ..OpenOptions::default() };
    let name = "aluminium_80x64x48_s16be_off512_gap16.raw";
    let scan = isovox_formats::open(&[folder.join("derived").join(name)], &options).expect(name);
    agrees(name, &scan, &all["derived"][name], "sha256_le_c_order");
    let less = OpenOptions { raw: RawOptions { offset: None, ..options.raw }, ..options };
    let error = isovox_formats::open(&[folder.join("derived").join(name)], &less).err().expect("a wrong size");
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(error.to_string().contains("492784") && error.to_string().contains("492272"), "{error}");
    assert!(error.next_step().is_some_and(|h| h.contains("--offset 512")), "{:?}", error.next_step());
}

#[test]
fn headerless_slices_with_numbers_as_endings() {
    let Some((folder, _)) = micro() else { return };
    let whole = voxels(&open(&folder.join("derived/aluminium_s16be_off512.raw")).expect("the whole")).expect("voxels");
    for z in [1, 5] {
        let raw = RawOptions { size: Some([z, 64, 80]), voxel: Some(Type::I16), ..RawOptions::default() };
        let options = OpenOptions { raw, ..OpenOptions::default() };
        let scan = isovox_formats::open(&[folder.join("derived/seq_raw_s16le")], &options).expect("a stack");
        assert_eq!((scan.source.header().shape, scan.files.len(), scan.format), ([5, 64, 80], 5, "raw"));
        let bytes = voxels(&scan).expect("voxels");
        assert!(whole.windows(bytes.len()).step_by(64 * 80 * 2).any(|w| w == bytes), "planes of the whole");
    }
    assert!(open(&folder.join("derived/seq_raw_s16le")).is_err());
}

#[test]
fn archives() {
    let Some((folder, all)) = micro() else { return };
    for name in ["berea_binary_400.zip", "ketton_binary_256.zip", "shell_225x128x128.zip"] {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        agrees(name, &scan, &all[name], "sha256_le_c_order");
        assert_eq!((scan.format, scan.files.len()), ("zip", 1));
        assert_eq!(scan.source.header().meta["zip"]["format"], "tiff");
    }
    let scan = open(&folder.join("berea_100_to_300.npz")).expect("npz");
    agrees("berea_100_to_300.npz", &scan, &all["berea_100_to_300.npz"], "sha256_le_c_order");
    assert_eq!(scan.source.header().quantity.kind, QuantityKind::Mask);
}

#[test]
fn arrays() {
    let Some(folder) = data().map(|d| d.join("formats")) else { return };
    let all = expected(&folder);
    let mut count = 0;
    for (name, expected) in all.as_object().expect("an object").iter().filter(|(n, _)| Path::new(n).extension().is_some_and(|e| e == "npy" || e == "npz")) {
        let scan = open(&folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let expected = &expected["numpy"];
        let one = expected.get("vol").unwrap_or(expected);
        agrees(name, &scan, one, "sha256_zyx");
        assert_eq!(scan.format, "npy");
        count += 1;
    }
    assert!(count >= 12, "{count} files");
}

#[test]
fn broken_files_are_errors() {
    let Some(folder) = data().map(|d| d.join("formats/broken")) else { return };
    let names = std::fs::read_dir(&folder).expect("the folder").flatten().filter_map(|e| e.file_name().into_string().ok());
    let ours = |n: &String| ["npy_", "npz_", "raw_"].iter().any(|p| n.starts_with(p));
    let mut count = 0;
    for name in names.filter(ours) {
        let read = open(&folder.join(&name)).and_then(|scan| voxels(&scan));
        assert_eq!(read.is_ok(), name.contains("_ok_"), "{name}: {:?}", read.err());
        count += 1;
    }
    assert!(count >= 9, "{count} files");
}
