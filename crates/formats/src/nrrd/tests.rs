use std::io::Write as _;
use std::path::Path;

use isovox_volume::{Certainty, FrameAxis, Geometry, Header, Kind, QuantityKind, Result, Space, Type};
use serde_json::json;

use super::Nrrd;
use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::testing::voxels;

/// A header of 4 x 3 x 2 u8 with lines changed: `field: value` replaces or adds, `field` alone removes.
fn header(changes: &[&str]) -> String {
    let lines =
        ["type: uchar", "dimension: 3", "space: left-posterior-superior", "sizes: 4 3 2", "space directions: (0,2,0) (-3,0,0) (0,0,4)", "space origin: (1,2,3)", "encoding: raw"];
    let mut lines: Vec<String> = lines.map(String::from).to_vec();
    for change in changes {
        let key = change.split(':').next().unwrap();
        let at = lines.iter().position(|l| l.split(':').next() == Some(key));
        match (at, change.contains(':')) {
            (Some(i), true) => lines[i] = (*change).to_string(),
            (Some(i), false) => drop(lines.remove(i)),
            (None, _) => lines.push((*change).to_string()),
        }
    }
    format!("NRRD0004\n# by hand\n{}\n", lines.join("\n"))
}

fn nrrd(changes: &[&str], data: &[u8]) -> Vec<u8> {
    [header(changes).as_bytes(), b"\n", data].concat()
}

fn ramp() -> Vec<u8> {
    (0..24).collect()
}

fn open(bytes: Vec<u8>) -> Result<Scan> {
    Nrrd.open(Given::One(Input::bytes("a.nrrd", bytes)), &OpenOptions::default())
}

fn open_file(path: &Path) -> Result<Scan> {
    Nrrd.open(Given::One(Input::file(path)?), &OpenOptions::default())
}

fn read(changes: &[&str], data: &[u8]) -> Result<Vec<u8>> {
    open(nrrd(changes, data)).and_then(|s| voxels(&s))
}

fn head(changes: &[&str]) -> Header {
    open(nrrd(changes, &[0; 24 * 8])).unwrap().source.header().clone()
}

#[track_caller]
fn refused(changes: &[&str], data: &[u8], kind: Kind, word: &str) {
    let error = read(changes, data).expect_err(word);
    assert!(error.kind() == kind && error.to_string().contains(word), "{:?} {error}", error.kind());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut e = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

#[test]
fn an_attached_file() {
    let scan = open(nrrd(&["key:=a \\\\ b\\nc: d"], &ramp())).unwrap();
    let h = scan.source.header();
    assert_eq!((h.shape, h.voxel, h.meta["key"].as_str()), ([2, 3, 4], Type::U8, Some("a \\ b\nc: d")));
    // Each vector is the step along one index axis.
    assert_eq!(h.geometry.affine().unwrap()[..3], [[0.0, -3.0, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0], [0.0, 0.0, 4.0, 3.0]]);
    assert_eq!((h.geometry.axes().unwrap().as_str(), voxels(&scan).unwrap()), ("PRS", ramp()));
}

#[test]
fn every_encoding() {
    let decimal = ramp().iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let hex = ramp().iter().map(|b| format!("{b:02x}\n")).collect::<String>();
    for (name, data) in [("gzip", gzip(&ramp())), ("bz2", bzip2(&ramp())), ("ASCII", decimal.into_bytes()), ("hex", hex.into_bytes()), ("raw", ramp())] {
        let encoding = format!("encoding: {name}");
        assert_eq!(read(&[&encoding], &data).unwrap(), ramp(), "{name}");
        let skipped = [&b"one\ntwo\n"[..], &data].concat();
        assert_eq!(read(&[&encoding, "line skip: 2"], &skipped).unwrap(), ramp(), "{name}");
        let whole = nrrd(&[&encoding], &data);
        for length in 0..whole.len() {
            // A number without its last digit is a number.
            let text = ["hex", "ASCII"].contains(&name) && length + 1 == whole.len();
            assert!(text || open(whole[..length].to_vec()).and_then(|s| voxels(&s)).is_err(), "{name}: {length} of {} bytes", whole.len());
        }
    }
    let within = [&[9; 5][..], &ramp()].concat();
    for (encoding, data) in [("raw", within.clone()), ("gz", gzip(&within)), ("bzip2", bzip2(&within))] {
        for skip in ["5", "-1"] {
            assert_eq!(read(&[&format!("encoding: {encoding}"), &format!("byte skip: {skip}")], &data).unwrap(), ramp(), "{encoding} {skip}");
        }
        assert!(read(&[&format!("encoding: {encoding}"), "byte skip: -1"], &data[..20]).is_err());
    }
    refused(&["byte skip: -5"], &ramp(), Kind::Corrupt, "byte skip");
    refused(&["line skip: 9"], &ramp(), Kind::Corrupt, "line skip");
    refused(&["encoding: zip"], &ramp(), Kind::Unsupported, "zip");
}

#[test]
fn types_and_byte_orders() {
    let native: Vec<u8> = (0..24u16).flat_map(|v| (v * 300).to_ne_bytes()).collect();
    let big: Vec<u8> = (0..24u16).flat_map(|v| (v * 300).to_be_bytes()).collect();
    assert_eq!(read(&["type: unsigned short int", "endian: big"], &big).unwrap(), native);
    let hex: String = big.iter().map(|b| format!("{b:02X}")).collect();
    assert_eq!(read(&["type: uint16_t", "endian: BIG", "encoding: hex"], hex.as_bytes()).unwrap(), native);
    refused(&["type: short"], &big, Kind::Corrupt, "endian");
    refused(&["type: short", "endian: middle"], &big, Kind::Corrupt, "endian");
    refused(&["type: block"], &big, Kind::Unsupported, "block");
    assert_eq!(head(&["type: signed long long int", "endian: little"]).voxel, Type::I64);
}

#[test]
fn which_space() {
    let columns = |h: &Header| h.geometry.affine().map(|a| [a[0], a[1], a[2]]).unwrap();
    assert_eq!(columns(&head(&["space: right-anterior-superior"])), [[0.0, 3.0, 0.0, -1.0], [-2.0, 0.0, 0.0, -2.0], [0.0, 0.0, 4.0, 3.0]]);
    assert_eq!(columns(&head(&["space: LAS"])), [[0.0, -3.0, 0.0, 1.0], [-2.0, 0.0, 0.0, -2.0], [0.0, 0.0, 4.0, 3.0]]);
    for local in [&["space: scanner-xyz"][..], &["space", "space dimension: 3"], &["space: 3D-left-handed"]] {
        let h = head(local);
        assert_eq!((h.geometry.space(), h.geometry.origin()), (Space::Local, Some([1.0, 2.0, 3.0])), "{local:?}");
    }
    let micron = head(&["space units: \"microns\" \"um\" \"mm\""]);
    assert_eq!(micron.geometry.spacing().unwrap(), [0.002, 0.003, 4.0]);
    let none = ["space", "space directions", "space origin"];
    let flat = head(&none);
    assert!(flat.geometry.space() == Space::Voxel && flat.warnings.len() == 1);
    let spaced = head(&[&none[..], &["spacings: 1 2 4", "axis mins: 0 2 1", "centers: cell node node"]].concat());
    assert_eq!((spaced.geometry.space(), spaced.geometry.spacing(), spaced.geometry.origin()), (Space::Local, Some([1.0, 2.0, 4.0]), Some([0.5, 2.0, 1.0])));
    let limits = head(&[&none[..], &["axis mins: 0 0 0", "axis maxs: 8 6 4", "centers: cell node cell"]].concat());
    assert_eq!(limits.geometry.spacing().unwrap(), [2.0, 3.0, 2.0]);
    for bad in ["spacings: 0 1 1", "spacings: 1 -1 1", "spacings: nan 1 1"] {
        assert_eq!(head(&[&none[..], &[bad]].concat()).geometry.space(), Space::Voxel, "{bad}");
    }
    assert_eq!(head(&["space directions: (1,0,0) (2,0,0) (0,0,1)"]).geometry.space(), Space::Voxel);
    refused(&["space directions: (1,0) (0,1) (0,0)"], &ramp(), Kind::Corrupt, "vector");
    refused(&["space: nowhere"], &ramp(), Kind::Corrupt, "space");
    refused(&["space dimension: 3"], &ramp(), Kind::Corrupt, "space dimension");
    refused(&["space"], &ramp(), Kind::Corrupt, "space directions");
}

#[test]
fn axes_of_frames_channels_and_colours() {
    let four = ["dimension: 4", "space directions: (1,0,0) (0,1,0) (0,0,1) none", "sizes: 4 3 2 3"];
    let framed = head(&[&four[..], &["kinds: domain domain domain time", "spacings: nan nan nan 500", "axis mins: nan nan nan 1000", "units: \"\" \"\" \"\" \"ms\""]].concat());
    assert_eq!((framed.shape, framed.frames.count, framed.frames.axis, framed.frames.values), ([2, 3, 4], 3, FrameAxis::Time, vec![1.0, 1.5, 2.0]));
    let first = ["dimension: 4", "space directions: none (1,0,0) (0,1,0) (0,0,1)", "sizes: 3 4 3 2"];
    let data: Vec<u8> = (0..72).collect();
    let scan = open(nrrd(&[&first[..], &["kinds: vector domain domain domain"]].concat(), &data)).unwrap();
    assert_eq!((scan.source.header().frames.count, scan.source.header().frames.axis), (3, FrameAxis::Channel));
    assert_eq!(voxels(&scan).unwrap()[24..28], [1, 4, 7, 10]);
    let colour = head(&[&first[..], &["kinds: RGB-color domain domain domain"]].concat());
    assert_eq!((colour.voxel, colour.frames.count), (Type::Rgb8, 1));
    let flat = ["space", "space directions", "space origin"];
    for (kinds, sizes, rgb) in
        [("space 3-color space", "2 3 2", [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]), ("space space RGB-color", "2 2 3", [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])]
    {
        let scan = open(nrrd(&[&flat[..], &[&format!("kinds: {kinds}"), &format!("sizes: {sizes}")]].concat(), &(0..12).collect::<Vec<u8>>())).unwrap();
        assert_eq!((scan.source.header().shape, scan.source.header().voxel), ([1, 2, 2], Type::Rgb8));
        assert_eq!(voxels(&scan).unwrap(), rgb, "{kinds}");
    }
    refused(&["dimension: 4", "sizes: 2 3 2 2", "space", "space directions", "space origin", "kinds: space 3-color space list"], &ramp(), Kind::Unsupported, "side by side");
    // A step that is nothing, of what is no space.
    let near = ["dimension: 4", "space directions: (2e-303,2e-303,2e-303) (1,0,0) (0,1,0) (0,0,1)", "sizes: 6 4 3 2", "kinds: 3D-symmetric-matrix domain domain domain"];
    let near = head(&near);
    assert_eq!((near.shape, near.frames.count, near.geometry.spacing()), ([2, 3, 4], 6, Some([1.0; 3])));
    let timed =
        ["space: LPST", "dimension: 4", "sizes: 4 3 2 2", "space directions: (1,0,0,0) (0,1,0,0) (0,0,1,0) (0,0,0,3)", "space origin: (0,0,0,9)", "kinds: space space space time"];
    let timed = head(&timed);
    assert_eq!((timed.frames.axis, timed.frames.values), (FrameAxis::Time, vec![9.0, 12.0]));
    let plain = ["dimension: 4", "space", "space directions", "space origin", "sizes: 4 3 2 2"];
    assert_eq!((head(&plain).frames.count, head(&plain).frames.axis), (2, FrameAxis::Unknown));
    // Channels behind rows, and behind planes.
    for (directions, sizes, first, second) in [
        ("(1,0,0) none (0,1,0) (0,0,1)", "4 2 3 2", [0, 1, 2, 3, 8, 9, 10, 11, 16], [4, 5, 6, 7, 12, 13, 14, 15, 20]),
        ("(1,0,0) (0,1,0) none (0,0,1)", "4 3 2 2", [0, 1, 2, 3, 4, 5, 6, 7, 8], [12, 13, 14, 15, 16, 17, 18, 19, 20]),
    ] {
        let between = ["dimension: 4", &format!("space directions: {directions}"), &format!("sizes: {sizes}"), "kinds: ??? ??? ??? ???"];
        let data: Vec<u8> = (0..48).collect();
        let scan = open(nrrd(&between, &data)).unwrap();
        assert_eq!((scan.source.header().shape, scan.source.header().frames.count), ([2, 3, 4], 2));
        let found = voxels(&scan).unwrap();
        assert_eq!((&found[..9], &found[24..33]), (&first[..], &second[..]), "{sizes}");
        assert_eq!((found[12], found[36]), (24, if sizes == "4 2 3 2" { 28 } else { 36 }), "the second plane");
    }
    let flat = ["dimension: 2", "space", "space directions", "space origin", "sizes: 4 6", "spacings: 1 1"];
    assert_eq!((head(&flat).shape, head(&flat).geometry.space()), ([1, 6, 4], Space::Voxel));
    let five = ["dimension: 5", "space", "space directions", "space origin", "sizes: 2 2 2 2 2", "kinds: domain domain domain list list"];
    refused(&five, &[0; 32], Kind::Unsupported, "four axes");
}

#[test]
fn data_in_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |changes: &[&str], more: &str| std::fs::write(at("a.nhdr"), header(changes) + more).unwrap();
    let reads = || open_file(&at("a.nhdr")).and_then(|s| voxels(&s));
    std::fs::write(at("b c.raw"), [&[9; 5], &ramp()[..]].concat()).unwrap();
    for (skip, right) in [("5", true), ("-1", true), ("6", false), ("0", false)] {
        write(&["data file: b c.raw", &format!("byte skip: {skip}")], "");
        assert_eq!(reads().is_ok_and(|v| v == ramp()), right, "{skip}");
    }
    for bad in ["/etc/hostname", "../b c.raw", "gone.raw", ".", "%d.raw"] {
        write(&[&format!("data file: {bad}")], "");
        assert!(reads().is_err(), "{bad}");
    }
    for (i, half) in ramp().chunks(12).enumerate() {
        std::fs::write(at(&format!("s_{:02}.raw", i + 1)), half).unwrap();
    }
    for (file, more, right) in [
        ("LIST", "s_01.raw\r\ns_02.raw\r\n", true),
        ("LIST 2", "s_01.raw\ns_02.raw", true),
        ("LIST 3", "s_01.raw\ns_02.raw", true),
        ("s_%02d.raw 1 2 1", "", true),
        ("s_%02d.raw 1 2 1 2", "", true),
        ("LIST", "s_01.raw\n", false),
        ("LIST 9", "s_01.raw\n", false),
        ("LIST 3", "", false),
        ("s_%02d.raw 1 3 1", "", false),
        ("s_%02d.raw 1 2 0", "", false),
        ("s_%02d.raw", "", false),
    ] {
        write(&[&format!("data file: {file}")], more);
        assert_eq!(reads().is_ok_and(|v| v == ramp()), right, "{file}");
    }
    let nested = at("deep");
    std::fs::create_dir(&nested).unwrap();
    std::fs::write(nested.join("a.nhdr"), header(&["data file: ../b c.raw", "byte skip: -1"])).unwrap();
    let input = || Given::One(Input::file(&nested.join("a.nhdr")).unwrap());
    let refused = Nrrd.open(input(), &OpenOptions::default()).err().unwrap();
    assert!(refused.next_step().is_some_and(|h| h.contains("--allow-outside")));
    let allowed = Nrrd.open(input(), &OpenOptions { allow_outside: true, ..OpenOptions::default() }).unwrap();
    assert_eq!(voxels(&allowed).unwrap(), ramp());
}

#[test]
fn headers_that_lie_are_refused_before_memory_is_asked_for() {
    for sizes in ["4 3", "4 3 2 1", "4 3 0", "4 -3 2", "4 3 x", ""] {
        refused(&[&format!("sizes: {sizes}")], &ramp(), Kind::Corrupt, "sizes");
    }
    refused(&["sizes: 99999999999 99999999999 99999999999"], &ramp(), Kind::Corrupt, "size");
    refused(&["sizes: 99999999999 1 1"], &ramp(), Kind::Corrupt, "voxel data");
    refused(&["sizes: 99999999 99999 1", "encoding: bzip2"], &bzip2(&ramp()), Kind::Corrupt, "compressed");
    refused(&["sizes: 99999999999 1 1", "encoding: ascii"], b"1 2 3", Kind::Corrupt, "text");
    refused(&["dimension: 99"], &ramp(), Kind::Corrupt, "dimension");
    for field in ["type", "dimension", "sizes", "encoding"] {
        refused(&[field], &ramp(), Kind::Corrupt, field);
    }
    assert_eq!(open(b"NRRD9999\ntype: uchar\n\n".to_vec()).err().unwrap().kind(), Kind::Unsupported);
}

#[test]
fn no_damaged_header_panics() {
    let first = ["dimension: 4", "space directions: none (1,0,0) (0,1,0) (0,0,1)", "sizes: 2 4 3 2", "encoding: gzip", "space units: \"mm\" \"um\" \"mm\""];
    let whole = nrrd(&first, &gzip(&[7; 48]));
    for at in 0..whole.len() - 10 {
        for value in [0, b'-', b'9', b'%', b'\n', b'(', 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _ = open(bytes).and_then(|s| voxels(&s));
        }
    }
}

#[test]
fn every_type_and_space_comes_back_as_written() {
    let d = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let sheared = [[0.5, 0.1, 0.0, 1.0], [0.0, 0.7, 0.2, 2.0], [0.1, 0.0, 2.0, 1.0 / 3.0], [0.0, 0.0, 0.0, 1.0]];
    let spaces = [Geometry::new(Space::Patient, sheared).unwrap(), Geometry::from_parts(Space::Local, [0.0053; 3], [1.0, 2.0, 3.0], d).unwrap(), Geometry::voxel()];
    let folder = tempfile::tempdir().unwrap();
    for (voxel, geometry) in Type::ALL.into_iter().flat_map(|t| spaces.iter().map(move |g| (t, g))) {
        for (name, frames) in [("a.nrrd", 1), ("a.nhdr", 1), ("a.nrrd", 3)] {
            let mut header = Header::new([3, 4, 5], frames, voxel).unwrap();
            header.geometry = geometry.clone();
            header.frames.axis = if frames > 1 { FrameAxis::BValue } else { FrameAxis::Unknown };
            header.frames.values = if frames > 1 { vec![100.0, 150.0, 200.0] } else { Vec::new() };
            let path = folder.path().join(name);
            let bytes: Vec<u8> = (0..header.bytes()).map(|i| (i * 7) as u8).collect();
            let sink = Nrrd.create(&Target { path: path.clone(), force: true, provenance: Some("{\"isovox\":\"0 \\\\ n\"}".into()) }, &header).unwrap();
            for (i, plane) in bytes.chunks(header.plane_bytes()).enumerate().rev() {
                sink.write(i / header.nz(), i % header.nz()..i % header.nz() + 1, plane).unwrap();
            }
            sink.finish().unwrap();
            let scan = open_file(&path).unwrap();
            let h = scan.source.header();
            assert!(voxels(&scan).unwrap() == bytes, "{name} {voxel}");
            assert_eq!((h.voxel, h.shape, &h.frames, &h.geometry), (voxel, [3, 4, 5], &header.frames, geometry));
            assert_eq!(scan.provenance.unwrap()["isovox"], "0 \\ n");
        }
    }
}

#[test]
fn segments_of_slicer_are_labels_with_names() {
    let keys = ["Segment0_ID:=Segment_1", "Segment0_Name:=bone", "Segment0_LabelValue:=4", "Segment0_Layer:=0", "Segment1_ID:=x", "Segment1_Name:=fat", "Segment1_LabelValue:=2"];
    let h = head(&keys);
    assert_eq!((h.quantity.kind, h.quantity.certain), (QuantityKind::Label, Certainty::Certain));
    assert_eq!(h.meta["segments"], json!([{"number": 4, "label": "bone"}, {"number": 2, "label": "fat"}]));
    let layers = ["dimension: 4", "sizes: 2 4 3 2", "space directions: none (1,0,0) (0,1,0) (0,0,1)", "kinds: list domain domain domain"];
    let h = head(&[&layers[..], &keys, &["Segment1_Layer:=1"]].concat());
    assert_eq!((h.quantity.kind, h.frames.count), (QuantityKind::Label, 2));
    let layer = |frame: usize, number: usize, label: &str| json!({"frame": frame, "segments": [{"number": number, "label": label}]});
    assert_eq!(h.meta["layers"], json!([layer(0, 4, "bone"), layer(1, 2, "fat")]));
    assert!(!h.meta.contains_key("segments") && h.warnings.iter().any(|w| w.contains("layers")));
    for other in [&["Segment0_Name:=bone"][..], &["Segment0_ID:=x", "type: float", "endian: little"]] {
        assert_eq!(head(other).quantity.kind, QuantityKind::Stored, "{other:?}");
    }
}
