use std::io::Write as _;
use std::path::Path;

use isovox_volume::{FrameAxis, Geometry, Header, Kind, Result, Space, Type};
use serde_json::{Value, json};

use super::MetaImage;
use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::testing::voxels;

/// A header of 4 x 3 x 2 u8 with lines changed: `Key = value` replaces or adds, `Key` alone removes.
fn header(changes: &[&str]) -> String {
    let mut lines: Vec<String> = [
        "ObjectType = Image",
        "NDims = 3",
        "TransformMatrix = 0 1 0 -1 0 0 0 0 1",
        "Offset = 1 2 3",
        "ElementSpacing = 2 3 4",
        "DimSize = 4 3 2",
        "ElementType = MET_UCHAR",
        "ElementDataFile = LOCAL",
    ]
    .map(String::from)
    .to_vec();
    for change in changes {
        let key = change.split(" =").next().unwrap();
        let at = lines.iter().position(|l| l.split(" =").next() == Some(key));
        match (at, change.contains('=')) {
            (Some(i), true) => lines[i] = (*change).to_string(),
            (Some(i), false) => drop(lines.remove(i)),
            (None, _) => lines.insert(lines.len() - 1, (*change).to_string()),
        }
    }
    lines.join("\n") + "\n"
}

fn mha(changes: &[&str], data: &[u8]) -> Vec<u8> {
    [header(changes).as_bytes(), data].concat()
}

fn ramp() -> Vec<u8> {
    (0..24).collect()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn open(bytes: Vec<u8>) -> Result<Scan> {
    MetaImage.open(Given::One(Input::bytes("a.mha", bytes)), &OpenOptions::default())
}

fn open_file(path: &Path) -> Result<Scan> {
    MetaImage.open(Given::One(Input::file(path)?), &OpenOptions::default())
}

fn read(changes: &[&str], data: &[u8]) -> Result<Vec<u8>> {
    open(mha(changes, data)).and_then(|s| voxels(&s))
}

fn head(changes: &[&str]) -> Header {
    open(mha(changes, &[0; 24 * 8])).unwrap().source.header().clone()
}

#[track_caller]
fn refused(changes: &[&str], data: &[u8], kind: Kind, word: &str) {
    let error = read(changes, data).expect_err(word);
    assert!(error.kind() == kind && error.to_string().contains(word), "{:?} {error}", error.kind());
}

#[test]
fn a_local_file() {
    let scan = open(mha(&[], &ramp())).unwrap();
    let h = scan.source.header();
    assert_eq!((h.shape, h.voxel), ([2, 3, 4], Type::U8));
    // The matrix lists the direction of each index axis in turn.
    assert_eq!(h.geometry.affine().unwrap()[..3], [[0.0, -3.0, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0], [0.0, 0.0, 4.0, 3.0]]);
    assert_eq!((h.geometry.space(), h.geometry.axes().unwrap().as_str()), (Space::Patient, "PRS"));
    assert_eq!(voxels(&scan).unwrap(), ramp());
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    let text = mha(&["BinaryData = False"], b"0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 2");
    for whole in [mha(&[], &ramp()), mha(&["CompressedData = True"], &zlib(&ramp())), text] {
        assert!(open(whole.clone()).and_then(|s| voxels(&s)).is_ok());
        for length in 0..whole.len() {
            assert!(open(whole[..length].to_vec()).and_then(|s| voxels(&s)).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}

#[test]
fn no_damaged_header_panics() {
    let whole = mha(&["ElementNumberOfChannels = 2", "CompressedData = True"], &zlib(&[7; 48]));
    let length = whole.len() - 10;
    for at in 0..length {
        for value in [0, b'-', b'9', b'%', b'\n', 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _ = open(bytes).and_then(|s| voxels(&s));
        }
    }
}

#[test]
fn sizes_that_lie_are_refused_before_memory_is_asked_for() {
    for sizes in ["4 3", "4 3 2 1", "4 3 0", "4 -3 2", "4 3 x", ""] {
        refused(&[&format!("DimSize = {sizes}")], &ramp(), Kind::Corrupt, "DimSize");
    }
    refused(&["DimSize = 99999999999 99999999999 99999999999"], &ramp(), Kind::Corrupt, "size");
    refused(&["DimSize = 99999999999 1 1"], &ramp(), Kind::Corrupt, "voxel data");
    refused(&["DimSize = 99999 99999 1", "CompressedData = True"], &zlib(&ramp()), Kind::Corrupt, "compressed");
    refused(&["CompressedData = True", "CompressedDataSize = 99999999999"], &zlib(&ramp()), Kind::Corrupt, "CompressedDataSize");
    refused(&["CompressedData = True"], &zlib(&[0; 20]), Kind::Corrupt, "end before");
    refused(&["DimSize = 99999999999 1 1", "BinaryData = False"], b"1 2 3", Kind::Corrupt, "text");
    refused(&["ElementNumberOfChannels = 9999999"], &ramp(), Kind::Corrupt, "Channels");
}

#[test]
fn what_is_not_a_volume_is_refused_by_name() {
    refused(&["ObjectType = Tube"], &ramp(), Kind::Unsupported, "Tube");
    // A scene of several objects, with an image among them or without.
    let scene = "ObjectType = Scene\nNDims = 3\nNObjects = 2\n";
    let tube = "ObjectType = Tube\nNDims = 3\nNPoints = 0\nPoints = \n";
    for objects in [[tube, &header(&[])].concat(), tube.into()] {
        let error = open([scene.as_bytes(), objects.as_bytes(), &ramp()].concat()).err().expect("a scene");
        assert!(error.kind() == Kind::Unsupported && error.to_string().contains("ObjectType = Scene"), "{error}");
    }
    refused(&["ElementType = MET_QUUX"], &ramp(), Kind::Unsupported, "MET_QUUX");
    refused(&["NDims = 5"], &ramp(), Kind::Unsupported, "NDims");
    for key in ["NDims", "DimSize", "ElementType"] {
        refused(&[key], &ramp(), Kind::Corrupt, key);
    }
    refused(&["ElementDataFile"], &ramp(), Kind::Corrupt, "ElementDataFile");
}

#[test]
fn big_endian_under_both_keys() {
    let data: Vec<u8> = (0..24u16).flat_map(|v| (v * 300).to_be_bytes()).collect();
    let native: Vec<u8> = (0..24u16).flat_map(|v| (v * 300).to_ne_bytes()).collect();
    for key in ["BinaryDataByteOrderMSB = True", "ElementByteOrderMSB = True"] {
        assert_eq!(read(&["ElementType = MET_USHORT", key], &data).unwrap(), native);
    }
    refused(&["BinaryDataByteOrderMSB = maybe"], &ramp(), Kind::Corrupt, "True or False");
}

#[test]
fn carriage_returns_and_missing_blanks() {
    let text = header(&[]).replace(" = ", "=").replace('\n', " \r\n");
    let scan = open([text.as_bytes(), &ramp()[..]].concat()).unwrap();
    assert_eq!(voxels(&scan).unwrap(), ramp());
}

#[test]
fn voxels_as_text() {
    let changes = ["BinaryData = False", "ElementType = MET_FLOAT", "DimSize = 2 1 1"];
    assert_eq!(read(&changes, b" -1.5\n nan\n").unwrap()[..4], (-1.5f32).to_ne_bytes());
    refused(&["BinaryData = False"], &b"300 ".repeat(24), Kind::Corrupt, "300");
    refused(&["BinaryData = False"], &[0xff; 60], Kind::Corrupt, "text");
    refused(&["BinaryData = False", "CompressedData = True"], &ramp(), Kind::Corrupt, "BinaryData");
}

#[test]
fn channels_are_colours_or_frames() {
    let rgb = open(mha(&["ElementNumberOfChannels = 3"], &[1, 2, 3].repeat(24))).unwrap();
    assert_eq!((rgb.source.header().voxel, rgb.source.header().frames.count), (Type::Rgb8, 1));
    let two = open(mha(&["ElementNumberOfChannels = 2"], &[1, 2].repeat(24))).unwrap();
    assert_eq!((two.source.header().frames.count, two.source.header().frames.axis), (2, FrameAxis::Channel));
    assert_eq!(voxels(&two).unwrap(), [[1; 24], [2; 24]].concat());
    let four = ["NDims = 4", "DimSize = 2 2 2 3", "TransformMatrix", "Offset = 0 0 0 5", "ElementSpacing = 1 1 1 2", "ElementNumberOfChannels = 2"];
    refused(&four, &[0; 48], Kind::Unsupported, "channels");
    let h = open(mha(&four[..5], &ramp())).unwrap().source.header().clone();
    assert_eq!((h.shape, h.frames.count, h.frames.values), ([2, 2, 2], 3, vec![5.0, 7.0, 9.0]));
}

#[test]
fn which_space() {
    assert_eq!(head(&["AnatomicalOrientation = ???"]).geometry.space(), Space::Local);
    assert_eq!(head(&["AnatomicalOrientation = RAI"]).geometry.space(), Space::Patient);
    assert_eq!(head(&["ElementSpacing"]).geometry.space(), Space::Voxel);
    assert_eq!(head(&["ElementSpacing", "ElementSize = 5 6 7"]).geometry.spacing().unwrap(), [5.0, 6.0, 7.0]);
    assert_eq!(head(&["ElementSize = 5 6 7"]).geometry.spacing().unwrap(), [2.0, 3.0, 4.0]);
    assert_eq!(head(&["Offset", "Position = 7 8 9"]).geometry.origin().unwrap(), [7.0, 8.0, 9.0]);
    assert_eq!(head(&["DistanceUnits = um"]).geometry.spacing().unwrap(), [0.002, 0.003, 0.004]);
    for bad in ["ElementSpacing = 0 1 1", "ElementSpacing = 1 -1 1", "ElementSpacing = nan 1 1", "TransformMatrix = 1 0 0 1 0 0 0 0 1"] {
        let h = head(&[bad]);
        assert!(h.geometry.space() == Space::Voxel && h.warnings.len() == 1, "{bad}");
    }
    refused(&["ElementSpacing = 1 1"], &ramp(), Kind::Corrupt, "ElementSpacing");
    let flat = head(&["NDims = 2", "DimSize = 4 3", "TransformMatrix", "Offset", "ElementSpacing = 1 1"]);
    assert_eq!((flat.shape, flat.geometry.space()), ([1, 3, 4], Space::Voxel));
}

#[test]
fn data_in_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |changes: &[&str], more: &str| std::fs::write(at("a.mhd"), header(changes) + more).unwrap();
    let reads = || open_file(&at("a.mhd")).and_then(|s| voxels(&s));
    let name = "a (1, 2) b.raw";
    std::fs::write(at(name), [&[9; 5], &ramp()[..]].concat()).unwrap();
    for size in ["5", "-1"] {
        write(&[&format!("ElementDataFile = {name}"), &format!("HeaderSize = {size}")], "");
        // HeaderSize must come before the last line, which the replaced ElementDataFile still is.
        assert_eq!(reads().unwrap(), ramp(), "{size}");
    }
    for size in ["-2", "6", "30"] {
        write(&[&format!("ElementDataFile = {name}"), &format!("HeaderSize = {size}")], "");
        assert!(reads().is_err(), "{size}");
    }
    std::fs::write(at("z.zraw"), zlib(&ramp())).unwrap();
    write(&["ElementDataFile = z.zraw", "CompressedData = True"], "");
    assert_eq!(reads().unwrap(), ramp());
    for bad in ["/etc/hostname", "../a.raw", "gone.raw", "", "."] {
        write(&[&format!("ElementDataFile = {bad}")], "");
        assert!(reads().is_err(), "{bad}");
    }
    for (i, half) in ramp().chunks(12).enumerate() {
        std::fs::write(at(&format!("s_{:02}.raw", i + 1)), half).unwrap();
    }
    for (file, more) in [("LIST", "s_01.raw\r\ns_02.raw\r\n"), ("LIST 2D", "s_01.raw\ns_02.raw"), ("s_%02d.raw", ""), ("s_%02d.raw 1 2 1", "")] {
        write(&[&format!("ElementDataFile = {file}")], more);
        assert_eq!(reads().unwrap(), ramp(), "{file}");
    }
    for (file, more) in
        [("LIST", "s_01.raw\n"), ("LIST", "s_01.raw\ns_02.raw\ns_01.raw\n"), ("LIST 9D", "s_01.raw\n"), ("s_%02d.raw 1 3 1", ""), ("s_%02d.raw 2 3 1", ""), ("s_%d.raw", "")]
    {
        write(&[&format!("ElementDataFile = {file}")], more);
        assert!(reads().is_err(), "{file}");
    }
    let both = Given::Many(vec![Input::file(&at("a.mhd")).unwrap(), Input::file(&at(name)).unwrap()]);
    assert!(MetaImage.recognises(&both, &[]));
}

/// Writes and opens again.
fn again(header: &Header, name: &str, provenance: Option<&str>) -> (Scan, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let bytes: Vec<u8> = (0..header.bytes()).map(|i| (i * 7) as u8).collect();
    let sink = MetaImage.create(&Target { path: path.clone(), force: false, provenance: provenance.map(String::from) }, header).unwrap();
    for (i, plane) in bytes.chunks(header.plane_bytes()).enumerate().rev() {
        sink.write(i / header.nz(), i % header.nz()..i % header.nz() + 1, plane).unwrap();
    }
    sink.finish().unwrap();
    let scan = open_file(&path).unwrap();
    assert!(voxels(&scan).unwrap() == bytes, "{name} {}", header.voxel);
    (scan, String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned())
}

#[test]
fn every_type_and_space_comes_back_as_written() {
    let d = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let spaces = [
        Geometry::from_parts(Space::Patient, [0.012, 0.1, 1.0 / 3.0], [-152.461, 148.986, -1432.0], d).unwrap(),
        Geometry::from_parts(Space::Local, [0.0053; 3], [1.0, 2.0, 3.0], d).unwrap(),
        Geometry::voxel(),
    ];
    for voxel in Type::ALL {
        for geometry in &spaces {
            for (name, frames) in [("a.mha", 1), ("a.mhd", 1), ("a.mha", 3)] {
                let mut header = Header::new([3, 4, 5], frames, voxel).unwrap();
                header.geometry = geometry.clone();
                let (scan, _) = again(&header, name, Some("{\"isovox\":\"0\"}"));
                let h = scan.source.header();
                assert_eq!((h.voxel, h.shape, h.frames.count, &h.geometry), (voxel, [3, 4, 5], frames, geometry));
                assert_eq!(scan.provenance.unwrap()["isovox"], "0");
            }
        }
    }
}

#[test]
fn the_header_is_in_itk_s_order() {
    let mut header = Header::new([3, 4, 5], 1, Type::I16).unwrap();
    header.geometry = Geometry::from_parts(Space::Patient, [1.0, 2.0, 2.5], [0.0, -1.5, 3.0], [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).unwrap();
    let expected = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n\
        TransformMatrix = 0 1 0 -1 0 0 0 0 1\nOffset = 0 -1.5 3\nCenterOfRotation = 0 0 0\nAnatomicalOrientation = ALI\nElementSpacing = 1 2 2.5\n\
        DimSize = 5 4 3\nElementType = MET_SHORT\nElementDataFile = a.raw\n";
    assert_eq!(super::write::header_text(&header, "a.raw", None), expected);
}

#[test]
fn long_provenance_is_cut_into_lines() {
    let header = Header::new([1, 1, 1], 1, Type::U8).unwrap();
    let words: Vec<String> = (0..9000).map(|i| format!("ü {i} = % ")).collect();
    let provenance = json!({"isovox": "0", "command": words, "space": "voxel"});
    let (scan, text) = again(&header, "a.mha", Some(&provenance.to_string()));
    assert_eq!(scan.provenance, Some(provenance));
    assert!(text.lines().all(|l| l.len() < 9000));
    let (scan, _) = again(&header, "a.mha", None);
    assert_eq!(scan.provenance.as_ref().and_then(|p| p.get("space")), Some(&Value::from("voxel")));
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mut header = Header::new([3, 4, 5], 1, Type::I16).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["LIST a.mhd", "50%.mhd", "a\n.mhd"] {
        let target = Target { path: folder.path().join(name), force: false, provenance: None };
        assert_eq!(MetaImage.create(&target, &header).err().unwrap().kind(), Kind::Parameter, "{name}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    header.geometry = Geometry::new(Space::Patient, [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.4, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]).unwrap();
    assert_eq!(MetaImage.holds(&header).unwrap_err().kind(), Kind::Geometry);
}

#[test]
fn what_frames_count_is_not_kept() {
    let mut header = Header::new([1, 1, 1], 2, Type::U8).unwrap();
    assert_eq!(super::write::loses(&header), None);
    header.frames.axis = FrameAxis::Time;
    assert!(super::write::loses(&header).is_some_and(|lost| lost.contains("time")));
    header.frames.count = 1;
    assert_eq!(super::write::loses(&header), None);
}
