use std::path::{Path, PathBuf};

use isovox_volume::{Geometry, Header, Kind, Space, Type};

use crate::format::{Given, Target};
use crate::input::Input;
use crate::open::{OpenOptions, RawOptions, create, open, open_given};
use crate::testing::voxels;

fn ramp(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

fn told(size: [usize; 3], voxel: Type) -> OpenOptions {
    OpenOptions { raw: RawOptions { size: Some(size), voxel: Some(voxel), ..RawOptions::default() }, ..OpenOptions::default() }
}

/// Files of a folder, as given together.
fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = files.iter().map(|(name, bytes)| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    });
    let paths = paths.collect();
    (folder, paths)
}

#[test]
fn options_alone_with_offset_gap_and_big_endian() {
    let mut file = vec![9; 5];
    for plane in 0..2u16 {
        file.extend((0..6).flat_map(|i| (plane * 6 + i).to_be_bytes()));
        file.extend([7; 3]);
    }
    let expected: Vec<u8> = (0..12u16).flat_map(u16::to_ne_bytes).collect();
    let mut options = told([2, 2, 3], Type::U16);
    (options.raw.offset, options.raw.gap, options.raw.big_endian) = (Some(5), Some(3), Some(true));
    // With and without a gap behind the last plane.
    for len in [file.len(), file.len() - 3] {
        let scan = open_given(Given::One(Input::bytes("anything", file[..len].to_vec())), &options).unwrap();
        assert_eq!((scan.format, voxels(&scan).unwrap()), ("raw", expected.clone()));
        assert_eq!(scan.source.header().geometry.space(), Space::Voxel);
    }
    for len in (0..file.len()).filter(|n| *n != file.len() - 3) {
        assert!(open_given(Given::One(Input::bytes("anything", file[..len].to_vec())), &options).is_err(), "{len}");
    }
}

#[test]
fn a_size_that_does_not_fit_names_both_numbers_and_shapes() {
    for (size, voxel) in [([2, 3, 4], Type::U16), ([usize::MAX; 3], Type::F64), ([1 << 40, 1 << 40, 1], Type::U8), ([0, 3, 4], Type::U8)] {
        let error = open_given(Given::One(Input::bytes("a.raw", vec![0; 1000])), &told(size, voxel)).err().unwrap();
        assert_eq!(error.kind(), Kind::Corrupt, "{error}");
        assert!(error.to_string().contains("1000 bytes"), "{error}");
    }
    let error = open_given(Given::One(Input::bytes("a.raw", vec![0; 1000])), &OpenOptions::default()).err().unwrap();
    assert!(error.next_step().unwrap().contains("--size 10x10x10 --type u8"), "{:?}", error.next_step());
    let mut huge = told([2, 3, 4], Type::U8);
    (huge.raw.offset, huge.raw.gap) = (Some(u64::MAX), Some(u64::MAX));
    assert!(open_given(Given::One(Input::bytes("a.raw", vec![0; 24])), &huge).is_err());
}

#[test]
fn part_of_it_by_option_the_rest_by_name() {
    let options = OpenOptions { raw: RawOptions { voxel: Some(Type::I16), ..RawOptions::default() }, ..OpenOptions::default() };
    let scan = open_given(Given::One(Input::bytes("a_4x3x2.raw", ramp(48))), &options).unwrap();
    assert_eq!((scan.source.header().voxel, scan.source.header().warnings.len()), (Type::I16, 1));
    let error = open_given(Given::One(Input::bytes("a_4x3x2.raw", ramp(48))), &OpenOptions::default()).err().unwrap();
    assert!(error.next_step().unwrap().contains("u16 or i16"), "{error}");
}

#[test]
fn white_is_zero() {
    let mut options = told([1, 1, 4], Type::I8);
    options.white_is_zero = true;
    let scan = open_given(Given::One(Input::bytes("a", vec![0, 127, 128, 255])), &options).unwrap();
    assert_eq!(voxels(&scan).unwrap(), [255, 128, 127, 0]);
    options.raw.voxel = Some(Type::F32);
    let error = open_given(Given::One(Input::bytes("a", vec![0; 16])), &options).err().unwrap();
    assert_eq!(error.kind(), Kind::Parameter);
}

#[test]
fn settings_text_beside_comes_before_the_name() {
    let text = b"ImageJ\nImage type: 8-bit\nWidth: 2 pixels\nHeight: 3 pixels\nNumber of images: 4\nVoxel size: 5x5x10 micron^3\n";
    for name in ["a_4x3x2_u8.imagej.txt", "a_4x3x2_u8.txt", "a_4x3x2_u8.raw.txt"] {
        let (_folder, paths) = folder(&[("a_4x3x2_u8.raw", &ramp(24)), (name, text)]);
        let scan = open(&paths[..1], &OpenOptions::default()).unwrap();
        let header = scan.source.header();
        assert_eq!((header.shape, header.geometry.spacing(), scan.files.len()), ([4, 3, 2], Some([0.005, 0.005, 0.01]), 2), "{name}");
    }
    let (_folder, paths) = folder(&[("a_4x3x2_u8.raw", &ramp(24)), ("a_4x3x2_u8.txt", b"notes: none")]);
    assert_eq!(open(&paths[..1], &OpenOptions::default()).unwrap().source.header().shape, [2, 3, 4]);
}

#[test]
fn colours_of_imagej() {
    let text = |kind: &str| format!("Image type: {kind}\nWidth: 2\nHeight: 1\nNumber of images: 2\n").into_bytes();
    let rgb: Vec<u8> = vec![1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
    let table: [(&str, Vec<u8>); 5] = [
        ("24-bit RGB", rgb.clone()),
        ("24-bit BGR", vec![3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14]),
        ("24-bit RGB Planar", vec![1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16]),
        ("32-bit ARGB", vec![0, 1, 2, 3, 0, 4, 5, 6, 0, 11, 12, 13, 0, 14, 15, 16]),
        ("32-bit ABGR", vec![0, 3, 2, 1, 0, 6, 5, 4, 0, 13, 12, 11, 0, 16, 15, 14]),
    ];
    for (kind, bytes) in table {
        let (_folder, paths) = folder(&[("a.raw", &bytes), ("a.txt", &text(kind))]);
        let scan = open(&paths[..1], &OpenOptions::default()).unwrap();
        assert_eq!((scan.source.header().voxel, voxels(&scan).unwrap()), (Type::Rgb8, rgb.clone()), "{kind}");
    }
}

#[test]
fn vgi_describes_the_file_it_names() {
    let vgi = b"{volume1}\n[file1]\nSize = 4 3 2\nName = a.vol\nDatatype = float\nBitsPerElement = 32\n[geometry]\nresolution = 1 1 2\nunit = mm\n";
    let (_folder, paths) = folder(&[("a.vol", &ramp(96)), ("other.vgi", vgi)]);
    for path in &paths {
        let scan = open(std::slice::from_ref(path), &OpenOptions::default()).unwrap();
        let header = scan.source.header();
        assert_eq!((header.voxel, header.geometry.spacing(), scan.files.len()), (Type::F32, Some([1.0, 1.0, 2.0]), 2));
        assert_eq!(header.geometry.space(), Space::Local);
    }
    std::fs::remove_file(&paths[0]).unwrap();
    assert_eq!(open(&paths[1..], &OpenOptions::default()).err().unwrap().kind(), Kind::NotFound);
}

#[test]
fn a_metaimage_header_beside_is_taken_when_it_names_the_file() {
    let mhd = b"NDims = 3\nDimSize = 2 3 4\nElementType = MET_UCHAR\nElementSpacing = 1 1 2\nElementDataFile = a_4x3x2_u8.raw\n";
    let (_folder, paths) = folder(&[("a_4x3x2_u8.raw", &ramp(24)), ("a_4x3x2_u8.mhd", mhd), ("b.raw", &ramp(24))]);
    let scan = open(&paths[..1], &OpenOptions::default()).unwrap();
    assert_eq!((scan.format, scan.source.header().shape), ("metaimage", [4, 3, 2]));
    let scan = open(&paths[..1], &told([2, 3, 4], Type::U8)).unwrap();
    assert_eq!((scan.format, scan.source.header().shape), ("raw", [2, 3, 4]));
    std::fs::write(paths[1].with_file_name("b.mhd"), mhd).unwrap();
    assert_eq!(open(&paths[2..], &OpenOptions::default()).err().unwrap().kind(), Kind::Unsupported);
}

#[test]
fn slices_of_a_folder() {
    let plane = |n: u8| vec![n; 12];
    let files: Vec<(String, Vec<u8>)> = [1, 2, 9, 10].iter().map(|&n| (format!("s.{n}"), plane(n))).collect();
    let mut named: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    named.push(("scan.log", b"voltage 80 kV"));
    let (folder, _) = folder(&named);
    let here = [folder.path().to_path_buf()];
    for z in [1, 4] {
        let scan = open(&here, &told([z, 3, 4], Type::U8)).unwrap();
        assert_eq!(voxels(&scan).unwrap(), [plane(1), plane(2), plane(9), plane(10)].concat());
        let warnings = scan.source.header().warnings.join("; ");
        assert!(warnings.contains("scan.log") && warnings.contains("3-8"), "{warnings}");
    }
    assert!(open(&here, &OpenOptions::default()).is_err());
    let settings = b"Image type: 8-bit\nWidth: 4 pixels\nHeight: 3 pixels\nNumber of images: 1\n";
    std::fs::write(folder.path().join("settings.txt"), settings).unwrap();
    assert_eq!(open(&here, &OpenOptions::default()).unwrap().source.header().shape, [4, 3, 4]);
    std::fs::write(folder.path().join("s.11"), [0; 11]).unwrap();
    let error = open(&here, &told([1, 3, 4], Type::U8)).err().unwrap();
    assert!(error.path().is_some_and(|p| p.ends_with("s.11")), "{error}");
}

fn target(path: &Path, force: bool) -> Target {
    Target { path: path.into(), force, provenance: Some("{\"isovox\":\"0\"}".into()) }
}

#[test]
fn what_is_written_reads_back_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut header = Header::new([2, 3, 4], 1, Type::I16).unwrap();
    header.geometry = Geometry::local([0.01, 0.01, 0.02]).unwrap();
    for name in ["a.raw", "b.RAW"] {
        let path = folder.path().join(name);
        let sink = create(&target(&path, false), &header).unwrap();
        sink.write(0, 1..2, &ramp(48)[24..]).unwrap();
        sink.write(0, 0..1, &ramp(48)[..24]).unwrap();
        assert_eq!(sink.finish().unwrap(), [path.clone(), path.with_extension("mhd")]);
        assert_eq!(std::fs::read(&path).unwrap(), ramp(48));
        let scan = open(std::slice::from_ref(&path), &OpenOptions::default()).unwrap();
        assert_eq!(voxels(&scan).unwrap(), ramp(48));
        assert_eq!((scan.source.header().geometry.clone(), scan.source.header().voxel), (header.geometry.clone(), Type::I16));
        assert!(scan.provenance.is_some());
        assert!(create(&target(&path, false), &header).is_err());
        create(&target(&path, true), &header).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
}
