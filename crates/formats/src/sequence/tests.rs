//! Each trap and each refusal, on pictures that the tests build.

use std::path::Path;

use isovox_volume::{Error, Geometry, Header, Kind, Problem, Result, Run, Space, Type};

use super::Sequence;
use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::{OpenOptions, create, open as open_paths};
use crate::testing::voxels;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn open(path: &Path) -> Result<Scan> {
    open_paths(&[path.to_path_buf()], &OpenOptions::default())
}

fn one(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let input = Input::bytes(name, bytes.to_vec());
    let (head, given) = (input.head(512)?, Given::One(input));
    if !Sequence.recognises(&given, &head) {
        return Err(Error::unsupported("no picture"));
    }
    voxels(&Sequence.open(given, &OpenOptions::default())?)
}

fn png(width: u32, color: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let row = color.samples() * depth as usize * width as usize;
    let mut encoder = png::Encoder::new(&mut file, width, (data.len() / row.div_ceil(8)) as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![9; 12]);
    }
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    file
}

fn grey(value: u8) -> Vec<u8> {
    png(2, png::ColorType::Grayscale, png::BitDepth::Eight, &[value; 4])
}

/// 3 x 2, rows from the bottom, padded to 4 bytes.
fn bmp(bits: u16, height: i32, palette: &[u8], rows: &[u8]) -> Vec<u8> {
    let offset = 54 + palette.len() as u32;
    let mut file =
        [&b"BM"[..], &(offset + rows.len() as u32).to_le_bytes(), &[0; 4], &offset.to_le_bytes(), &40u32.to_le_bytes(), &3i32.to_le_bytes(), &height.to_le_bytes()].concat();
    file.extend([1, 0]);
    file.extend(bits.to_le_bytes());
    file.extend([0; 16]);
    file.extend((palette.len() as u32 / 4).to_le_bytes());
    file.extend([0; 4]);
    [&file[..], palette, rows].concat()
}

/// A grey JPEG of 8 x 8: one block, no difference, no detail: all 128.
fn jpeg() -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    file.extend([1; 64]);
    file.extend(b"\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0");
    for class in [0u8, 0x10] {
        file.extend(b"\xff\xc4\0\x14");
        file.push(class);
        file.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    file.extend(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\x3f\xff\xd9");
    file
}

#[test]
fn png_depths_are_kept() {
    use png::{BitDepth, ColorType};
    let of = |color, depth, data: &[u8]| one("a.png", &png(2, color, depth, data));
    assert_eq!(of(ColorType::Grayscale, BitDepth::Eight, &[1, 2, 3, 4]).unwrap(), [1, 2, 3, 4]);
    assert_eq!(of(ColorType::Grayscale, BitDepth::Sixteen, &[1, 2, 3, 4]).unwrap(), [258u16.to_ne_bytes(), 772u16.to_ne_bytes()].concat());
    assert_eq!(of(ColorType::Grayscale, BitDepth::Four, &[0x1f, 0x20]).unwrap(), [1, 15, 2, 0]);
    assert_eq!(of(ColorType::Grayscale, BitDepth::One, &[0x40, 0x80]).unwrap(), [0, 1, 1, 0]);
    assert_eq!(of(ColorType::Indexed, BitDepth::Two, &[0b0111_0000]).unwrap(), [1, 3]);
    assert_eq!(of(ColorType::Rgb, BitDepth::Eight, &[1, 2, 3, 4, 5, 6]).unwrap(), [1, 2, 3, 4, 5, 6]);
    for (color, depth) in [(ColorType::Rgba, BitDepth::Eight), (ColorType::GrayscaleAlpha, BitDepth::Eight), (ColorType::Rgb, BitDepth::Sixteen)] {
        assert_eq!(of(color, depth, &[0; 24][..color.samples() * depth as usize / 4]).unwrap_err().kind(), Kind::Unsupported);
    }
}

#[test]
fn bmp_of_os_2() {
    let os_2 = |bits: u8, palette: &[u8], rows: &[u8]| {
        let offset = (26 + palette.len()) as u32;
        [b"BM", &[0; 8][..], &offset.to_le_bytes(), &[12, 0, 0, 0, 3, 0, 2, 0, 1, 0, bits, 0], palette, rows].concat()
    };
    let rows = [4, 5, 6, 0, 1, 2, 3, 0];
    let greys: Vec<u8> = (0..=255).flat_map(|v| [v; 3]).collect();
    assert_eq!(one("a.bmp", &os_2(8, &greys, &rows)).unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(one("a.bmp", &os_2(8, &greys[15..45], &[4, 5, 6, 0, 0, 2, 3, 0])).unwrap(), [5, 7, 8, 9, 10, 11], "a short palette that is not in order");
    assert_eq!(one("a.bmp", &os_2(1, &[9, 9, 9, 7, 7, 7], &[0b0100_0000, 0, 0, 0, 0, 0, 0, 0])).unwrap(), [9, 9, 9, 9, 7, 9]);
    let whole = os_2(24, &[], &[0; 24]);
    for cut in 2..whole.len() {
        assert_eq!(one("a.bmp", &whole[..cut]).unwrap_err().kind(), Kind::Corrupt, "{cut}");
    }
}

#[test]
fn bmp_rows_come_from_the_bottom() {
    let greys: Vec<u8> = (0..=255).flat_map(|v| [v, v, v, 0]).collect();
    let rows = [4, 5, 6, 0, 1, 2, 3, 0];
    assert_eq!(one("a.bmp", &bmp(8, 2, &greys, &rows)).unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(one("a.bmp", &bmp(8, -2, &greys, &rows)).unwrap(), [4, 5, 6, 1, 2, 3]);
    assert_eq!(one("a.bmp", &bmp(1, 1, &[255, 255, 255, 0, 7, 7, 7, 0], &[0b0100_0000, 0, 0, 0])).unwrap(), [255, 7, 255], "a grey palette gives greys");
    assert_eq!(one("a.bmp", &bmp(24, 1, &[], &[3, 2, 1, 6, 5, 4, 9, 8, 7, 0, 0, 0])).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(one("a.bmp", &bmp(16, 1, &[], &[0; 8])).unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(one("a.bmp", &bmp(8, i32::MAX, &greys, &rows)).unwrap_err().kind(), Kind::Corrupt);
}

#[test]
fn jpeg_is_read_and_said_to_be_lossy() {
    assert_eq!(one("a.jpg", &jpeg()).unwrap(), [128; 64]);
    let place = folder();
    put(place.path(), "a.jpg", &jpeg());
    let scan = open(&place.path().join("a.jpg")).unwrap();
    assert_eq!((scan.format, scan.source.header().warnings.len()), ("jpeg", 1));
    let mut huge = jpeg();
    let size = huge.windows(2).position(|w| w == [0xff, 0xc0]).unwrap() + 5;
    huge[size..size + 4].copy_from_slice(&[0xff; 4]);
    assert!(one("a.jpg", &huge).is_err());
}

#[test]
fn a_picture_cut_anywhere_is_refused() {
    let greys: Vec<u8> = (0..=255).flat_map(|v| [v, v, v, 0]).collect();
    for (name, whole) in [("a.png", grey(7)), ("a.jpg", jpeg()), ("a.bmp", bmp(8, 2, &greys, &[0; 8]))] {
        assert!(one(name, &whole).is_ok(), "{name}");
        for len in 0..whole.len() {
            assert!(one(name, &whole[..len]).is_err(), "{name} of {len} bytes");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut file = whole.clone();
                file[at] = value;
                let _ = one(name, &file);
            }
        }
    }
}

#[test]
fn slices_are_ordered_and_gaps_named() {
    let place = folder();
    for n in [1, 2, 10, 11] {
        put(place.path(), &format!("s{n}.png"), &grey(n));
    }
    put(place.path(), "notes.txt", b"x");
    let scan = open(place.path()).unwrap();
    let values: Vec<u8> = voxels(&scan).unwrap().chunks(4).map(|p| p[0]).collect();
    assert_eq!((scan.format, values), ("sequence", vec![1, 2, 10, 11]));
    let warnings = scan.source.header().warnings.join("\n");
    assert!(warnings.contains("3-9") && warnings.contains("notes.txt"), "{warnings}");
    let run = Run::here();
    assert_eq!(scan.source.open(&run, 0, 2..4).unwrap().pull(2..3).unwrap().data.bytes(), [10; 4]);
}

#[test]
fn one_bad_slice_is_an_error_that_names_it() {
    let place = folder();
    for n in 0..3 {
        put(place.path(), &format!("s{n}.png"), &grey(n));
    }
    let cut = grey(1)[..50].to_vec();
    put(place.path(), "s1.png", &cut);
    let error = open(place.path()).and_then(|s| voxels(&s)).unwrap_err();
    assert!(error.to_string().contains("s1.png"), "{error}");
    put(place.path(), "s1.png", &png(3, png::ColorType::Grayscale, png::BitDepth::Eight, &[0; 6]));
    let error = open(place.path()).err().unwrap();
    assert!(error.to_string().contains("s1.png") && error.to_string().contains("3x2"), "{error}");
    put(place.path(), "s1.png", b"<html>not here</html>");
    assert!(open(place.path()).err().unwrap().to_string().contains("s1.png"));
}

#[test]
fn a_preview_beside_something_larger_is_no_scan() {
    let picture = Input::bytes("preview.png", grey(1));
    let large = Input::bytes("scan.raw", vec![0; 10_000]);
    assert!(!Sequence.recognises(&Given::Many(vec![picture.clone(), large]), &[]));
    assert!(Sequence.recognises(&Given::Many(vec![picture, Input::bytes("a.txt", vec![0])]), &[]));
}

fn volume(voxel: Type) -> (Header, Vec<u8>) {
    let mut header = Header::new([12, 3, 4], 1, voxel).unwrap();
    header.geometry = Geometry::from_parts(Space::Local, [0.0053, 0.0053, 0.01], [1.0, 2.0, 3.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).unwrap();
    let bytes = (0..header.bytes()).map(|i| (i % 120) as u8).collect();
    (header, bytes)
}

fn write(path: &Path, force: bool, header: &Header, bytes: &[u8]) -> Result<usize> {
    let target = Target { path: path.to_path_buf(), force, provenance: Some("{\"isovox\": \"1\"}".into()) };
    let sink = create(&target, header)?;
    for z in (0..header.nz()).rev() {
        sink.write(0, z..z + 1, &bytes[z * header.plane_bytes()..][..header.plane_bytes()])?;
    }
    Ok(sink.finish()?.len())
}

#[test]
fn written_slices_read_back() {
    for (pattern, types) in [("s_####.tif", &Type::ALL[..]), ("s####.png", &[Type::U8, Type::U16, Type::Rgb8])] {
        for &voxel in types {
            let (place, (header, bytes)) = (folder(), volume(voxel));
            let out = place.path().join("out");
            assert_eq!(write(&out.join(pattern), false, &header, &bytes).unwrap(), 12);
            let scan = open(&out).unwrap();
            let back = scan.source.header();
            assert_eq!((back.shape, back.voxel, &back.geometry, &back.warnings), (header.shape, voxel, &header.geometry, &Vec::new()));
            assert_eq!(voxels(&scan).unwrap(), bytes);
            assert_eq!(scan.provenance.unwrap()["isovox"], "1");
            assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing hidden is left");
        }
    }
}

#[test]
fn a_missing_slice_of_known_size_is_a_gap() {
    let (place, (header, bytes)) = (folder(), volume(Type::U8));
    let out = place.path().join("out");
    write(&out.join("s##.tif"), false, &header, &bytes).unwrap();
    std::fs::remove_file(out.join("s04.tif")).unwrap();
    let scan = open(&out).unwrap();
    assert_eq!(scan.source.header().verdict.problems, [Problem::Gaps]);
    assert!(scan.source.header().warnings[0].contains(": 4;"));
}

#[test]
fn folders_are_whole_or_absent() {
    let (place, (header, bytes)) = (folder(), volume(Type::U8));
    let out = place.path().join("out");
    let target = Target { path: out.join("s##.tif"), force: false, provenance: None };
    let sink = create(&target, &header).unwrap();
    sink.write(0, 0..2, &bytes[..24]).unwrap();
    assert!(sink.finish().is_err(), "slices are missing");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    write(&out.join("s##.tif"), false, &header, &bytes).unwrap();
    assert_eq!(write(&out.join("s##.tif"), false, &header, &bytes).unwrap_err().kind(), Kind::Io);
    put(&out, "mine.txt", b"kept");
    let mut shorter = header.clone();
    shorter.shape[0] = 2;
    write(&out.join("s##.tif"), true, &shorter, &bytes[..24]).unwrap();
    let mut left: Vec<String> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["mine.txt", "provenance.json", "s00.tif", "s01.tif"]);
}

#[test]
fn what_slices_cannot_hold_is_refused() {
    let (place, (header, bytes)) = (folder(), volume(Type::I16));
    let refused = |name: &str| write(&place.path().join("out").join(name), false, &header, &bytes).unwrap_err().kind();
    assert_eq!(refused("s##.png"), Kind::Unsupported);
    assert_eq!(refused("s##.jpg"), Kind::Parameter);
    assert_eq!(refused("s#.tif"), Kind::Parameter);
    assert_eq!(refused("s#_#.tif"), Kind::Parameter);
    let mut frames = header.clone();
    frames.frames.count = 2;
    let target = Target { path: place.path().join("out/s##.tif"), force: false, provenance: None };
    assert_eq!(create(&target, &frames).err().unwrap().kind(), Kind::Unsupported);
    let (flat, plane) = (Header::new([1, 3, 4], 1, Type::U8).unwrap(), [5; 12]);
    assert_eq!(write(&place.path().join("one.png"), false, &flat, &plane).unwrap(), 1);
    assert_eq!(voxels(&open(&place.path().join("one.png")).unwrap()).unwrap(), plane);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
