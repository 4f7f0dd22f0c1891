use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use isovox_testing::dicom;
use isovox_volume::{Kind, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::bytes::{Deflated, Inflated, Within};
use super::directory::Directory;
use crate::format::{Given, Scan};
use crate::input::{Archive, Input, ReadAt};
use crate::open::{OpenOptions, open_given, series};
use crate::testing::voxels;

const METHODS: [CompressionMethod; 2] = [CompressionMethod::Stored, CompressionMethod::Deflated];

fn archive(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn open(bytes: Vec<u8>) -> Result<Scan> {
    open_given(Given::One(Input::bytes("a.zip", bytes)), &OpenOptions::default())
}

fn ramp(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * i % 251) as u8).collect()
}

fn npy() -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00\x3d\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4)}\n".to_vec();
    file.extend(ramp(24));
    file
}

fn png(value: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 2, 2);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[value; 4]).unwrap();
    out
}

#[test]
fn one_volume_of_any_name() {
    for method in METHODS {
        let file = archive(method, &[("__MACOSX/a", b"x"), ("a/.DS_Store", b"x"), ("a/read me.txt", b"hello"), ("a/b.npy", &npy())]);
        let scan = open(file).unwrap();
        assert_eq!(voxels(&scan).unwrap(), ramp(24));
        let header = scan.source.header();
        assert_eq!((scan.format, scan.files.len()), ("zip", 1));
        assert_eq!(header.meta["zip"], serde_json::json!({"entry": "a/b.npy", "format": "npy"}));
        assert!(header.warnings.iter().any(|w| w.contains("a/.DS_Store")), "{:?}", header.warnings);
    }
}

#[test]
fn a_header_brings_its_data() {
    let mhd = b"NDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR\nElementSpacing = 1 1 2\nElementDataFile = a_4x3x2_u8.raw\n";
    let text = b"Image type: 8-bit\nWidth: 4 pixels\nHeight: 3 pixels\nNumber of images: 2\n";
    for method in METHODS {
        let scan = open(archive(method, &[("d/a_4x3x2_u8.raw", &ramp(24)), ("d/b.mhd", mhd)])).unwrap();
        assert_eq!(scan.source.header().meta["zip"]["entry"], "d/b.mhd");
        assert_eq!(voxels(&scan).unwrap(), ramp(24));
        let scan = open(archive(method, &[("d/a.raw", &ramp(24)), ("d/a.imagej.txt", text)])).unwrap();
        assert_eq!(scan.source.header().meta["zip"]["format"], "raw");
        assert_eq!(voxels(&scan).unwrap(), ramp(24));
    }
}

#[test]
fn a_pair_is_one_volume_and_pictures_are_slices() {
    let mut hdr = vec![0; 348];
    hdr[..4].copy_from_slice(&348i32.to_le_bytes());
    for (at, value) in [(40, 3i16), (42, 4), (44, 3), (46, 2), (70, 2), (72, 8)] {
        hdr[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    hdr[344..].copy_from_slice(b"ni1\0");
    let scan = open(archive(CompressionMethod::Deflated, &[("a.img", &ramp(24)), ("a.hdr", &hdr)])).unwrap();
    assert_eq!((scan.source.header().meta["zip"]["entry"].clone(), voxels(&scan).unwrap()), ("a.hdr".into(), ramp(24)));

    let (one, two) = (png(1), png(2));
    let scan = open(archive(CompressionMethod::Deflated, &[("s/2.png", &two), ("s/1.png", &one), ("notes.txt", b"x")])).unwrap();
    assert_eq!((scan.source.header().meta["zip"]["entry"].clone(), voxels(&scan).unwrap()), ("s/*".into(), vec![1, 1, 1, 1, 2, 2, 2, 2]));
    // A slice that cannot be read is an error, not a slice less.
    assert!(open(archive(CompressionMethod::Stored, &[("1.png", &one), ("2.png", &two), ("3.png", b"broken")])).and_then(|s| voxels(&s)).is_err());
    assert!(open(archive(CompressionMethod::Stored, &[("a/1.png", &one), ("b/1.png", &two)])).is_err());
}

#[test]
fn thousands_of_entries_take_no_time() {
    let names: Vec<String> = (0..20_000).map(|i| format!("{i}_2x2x1_u8.raw")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), b"1234".as_slice())).collect();
    let began = std::time::Instant::now();
    let error = open(archive(CompressionMethod::Stored, &entries)).err().unwrap();
    assert!(error.to_string().contains("and 19990 more"), "{error}");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn options_reach_headerless_entries() {
    let mut options = OpenOptions::default();
    options.raw.size = Some([2, 3, 4]);
    options.raw.voxel = Some(isovox_volume::Type::U8);
    let open = |entries: &[(&str, &[u8])]| open_given(Given::One(Input::bytes("a.zip", archive(CompressionMethod::Deflated, entries))), &options);
    assert_eq!(voxels(&open(&[("data", &ramp(24)), ("notes", b"hello")]).unwrap()).unwrap(), ramp(24));
    assert_eq!(open(&[("s.1", &ramp(24)), ("s.2", &ramp(24))]).unwrap().source.header().shape, [4, 3, 4]);
}

#[test]
fn several_volumes_are_named() {
    let file = archive(CompressionMethod::Stored, &[("a.npy", &npy()), ("b.npy", &npy())]);
    let error = open(file).err().unwrap();
    assert!(error.to_string().contains("a.npy (npy), b.npy (npy)"), "{error}");
    for entries in [vec![], vec![("notes.txt", b"hello".as_slice())], vec![("a.bin", b"hello".as_slice())]] {
        let error = open(archive(CompressionMethod::Stored, &entries)).err().unwrap();
        assert_eq!(error.kind(), Kind::Unsupported, "{error}");
    }
    let inner = archive(CompressionMethod::Stored, &[("a.npy", &npy())]);
    let error = open(archive(CompressionMethod::Deflated, &[("a.zip", &inner)])).err().unwrap();
    assert!(error.to_string().contains("archive in the archive"), "{error}");
}

#[test]
fn names_that_leave_the_archive_are_refused() {
    for name in ["../a.npy", "a/../../b.npy", "/a.npy", "..\\a.npy", "C:\\a.npy", "C:/a.npy"] {
        let error = open(archive(CompressionMethod::Stored, &[(name, &npy())])).err().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(error.kind(), Kind::Corrupt, "{error}");
    }
}

#[test]
fn cut_off_and_changed_archives_never_panic() {
    for method in METHODS {
        let whole = archive(method, &[("a.npy", &npy())]);
        for cut in 0..whole.len() {
            assert!(open(whole[..cut].to_vec()).and_then(|s| voxels(&s)).is_err(), "{cut}");
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                let _ = open(changed).and_then(|s| voxels(&s));
            }
        }
    }
}

/// The archive with four bytes of the central directory's first record replaced.
fn with_central(mut file: Vec<u8>, at: usize, value: u32) -> Vec<u8> {
    let start = file.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    file[start + at..][..4].copy_from_slice(&value.to_le_bytes());
    file
}

#[test]
fn sizes_and_checksums_that_lie_are_errors() {
    let whole = archive(CompressionMethod::Deflated, &[("a.npy", &npy())]);
    let (crc, size) = (16, 24);
    for (at, value) in [(crc, 1), (size, 23), (size, 1 << 30), (size, u32::MAX - 1), (size, 300)] {
        let error = open(with_central(whole.clone(), at, value)).and_then(|s| voxels(&s)).expect_err("a lie");
        assert_eq!(error.kind(), Kind::Corrupt, "{at} {value}: {error}");
    }
}

#[test]
fn encrypted_entries_and_rare_methods_are_refused_by_name() {
    let whole = archive(CompressionMethod::Stored, &[("a.npy", &npy())]);
    let encrypted = with_central(whole.clone(), 8, 1);
    let method = with_central(whole, 8, 12 << 16);
    for (file, word) in [(encrypted, "encrypted"), (method, "compressed by")] {
        let error = open(file).err().unwrap();
        assert!(error.kind() == Kind::Unsupported && error.to_string().contains(word), "{error}");
    }
}

#[test]
fn large_entries_go_to_a_file_and_read_alike() {
    let data = ramp(300_000);
    let mut packed = Vec::new();
    flate2::read::DeflateEncoder::new(&data[..], flate2::Compression::fast()).read_to_end(&mut packed).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&data);
    let len = packed.len() as u64;
    let bytes: Arc<dyn ReadAt> = Arc::new(packed);
    for in_memory in [0, 1 << 20] {
        let inflated = Arc::new(Inflated::new(std::env::temp_dir(), in_memory));
        let entry = || Deflated::new("a", Within::new(bytes.clone(), 0, len), data.len() as u64, crc.sum(), inflated.clone());
        for entry in [entry(), entry()] {
            for (at, n) in [(10, 50), (4_090, 100), (0, 300_000), (299_999, 1), (7, 9)] {
                let mut out = vec![0; n];
                entry.read_at(at as u64, &mut out).unwrap();
                assert_eq!(out, data[at..at + n]);
            }
            assert!(entry.read_at(299_999, &mut [0; 2]).is_err());
        }
    }
    let nowhere = Arc::new(Inflated::new("/nonexistent".into(), 0));
    let entry = Deflated::new("a", Within::new(bytes, 0, len), data.len() as u64, crc.sum(), nowhere);
    assert!(entry.read_at(0, &mut vec![0; 70_000]).is_err());
}

#[test]
fn neighbours_are_entries_of_the_same_folder() {
    let file = archive(CompressionMethod::Stored, &[("a/b.raw", b"1"), ("a/c/d.raw", b"2"), ("e.raw", b"3")]);
    let directory = Arc::new(Directory::open(&Input::bytes("a.zip", file), None).unwrap());
    let input = directory.clone().entry("a/b.raw").unwrap();
    assert_eq!(input.beside(), ["b.raw"]);
    assert!(input.sibling("../e.raw").is_err());
    assert!(directory.entry("nothing").is_err());
}

#[test]
fn documents_are_no_scans() {
    let (thumbnail, volume) = (png(1), npy());
    for (mark, text, named) in [
        ("mimetype", &b"application/vnd.oasis.opendocument.spreadsheet"[..], "opendocument.spreadsheet"),
        ("[Content_Types].xml", b"<?xml", "Office"),
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0", "Java"),
    ] {
        for (name, picture) in [("Thumbnails/thumbnail.png", &thumbnail), ("a.npy", &volume)] {
            let error = open(archive(CompressionMethod::Stored, &[(mark, text), (name, picture)])).err().expect(mark);
            assert!(error.kind() == Kind::Unsupported && error.to_string().contains(named), "{error}");
        }
        // In a folder of its own it says nothing of the archive.
        assert!(open(archive(CompressionMethod::Stored, &[(&format!("a/{mark}"), text), ("a/a.npy", &volume)])).is_ok());
    }
}

#[test]
fn series_are_listed_as_those_of_a_folder() {
    let slice = |z: f64, uid: &str| {
        let elements = dicom::with(dicom::ct(z, z as u32 + 1, [2, 2], &[1, 2, 3, 4]), dicom::text(0x20, 0x0E, "UI", uid));
        dicom::file(dicom::EXPLICIT, &dicom::with(elements, dicom::text(8, 0x18, "UI", &format!("{uid}.{z}"))))
    };
    let slices: Vec<(String, Vec<u8>)> = ["1.2.3.8", "1.2.3.9"].iter().flat_map(|uid| (0..3).map(move |z| (format!("{uid}/{z}.dcm"), slice(f64::from(z), uid)))).collect();
    let entries: Vec<(&str, &[u8])> = slices.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.zip");
    std::fs::write(&path, archive(CompressionMethod::Deflated, &entries)).unwrap();
    let listed = series(std::slice::from_ref(&path)).unwrap();
    assert_eq!(listed.iter().map(|s| (s.uid.as_str(), s.shape, s.files)).collect::<Vec<_>>(), [("1.2.3.8", [3, 2, 2], 3), ("1.2.3.9", [3, 2, 2], 3)]);
    std::fs::write(&path, archive(CompressionMethod::Stored, &[("a.npy", &npy())])).unwrap();
    assert!(series(&[path]).unwrap().is_empty());
}
