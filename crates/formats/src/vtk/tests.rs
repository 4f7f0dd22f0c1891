use isovox_volume::{FrameAxis, Geometry, Header, Kind, Result, Space, Type};

use super::Vtk;
use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::testing::voxels;

fn open(bytes: Vec<u8>) -> Result<Scan> {
    Vtk.open(Given::One(Input::bytes("a.vtk", bytes)), &OpenOptions::default())
}

fn ramp() -> Vec<u8> {
    (0..24).collect()
}

/// A legacy file of 4 x 3 x 2 points.
fn legacy(kind: &str, rest: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("# vtk DataFile Version 3.0\na title\n{kind}\nDATASET STRUCTURED_POINTS\nDIMENSIONS 4 3 2\nSPACING 2 3 4\nORIGIN 1 2 3\n{rest}\n");
    [head.as_bytes(), data].concat()
}

/// An XML file of 4 x 3 x 2 points, the first at index 1 0 0, x and y of the world changed.
fn vti(attributes: &str, array: &str, more: &[u8]) -> Vec<u8> {
    let head = format!(
        "<?xml version=\"1.0\"?>\n<!-- x > y -->\n<VTKFile type=\"ImageData\" {attributes}>\n<ImageData WholeExtent=\"1 4 0 2 0 1\" Origin=\"1 2 3\" Spacing=\"2 3 4\" Direction=\"0 1 0 1 0 0 0 0 1\"><Piece Extent=\"1 4 0 2 0 1\"><PointData>\n<DataArray Name=\"a\" {array}</PointData></Piece></ImageData>"
    );
    [head.as_bytes(), more].concat()
}

#[track_caller]
fn refused(bytes: Vec<u8>, kind: Kind, word: &str) {
    let error = open(bytes).and_then(|s| voxels(&s)).expect_err(word);
    assert!(error.kind() == kind && error.to_string().contains(word), "{:?} {error}", error.kind());
}

#[test]
fn legacy_points_in_big_endian_bytes() {
    let big: Vec<u8> = (0..24i16).flat_map(|v| (v * 300).to_be_bytes()).collect();
    let native: Vec<u8> = (0..24i16).flat_map(|v| (v * 300).to_ne_bytes()).collect();
    let scan = open(legacy("BINARY", "POINT_DATA 24\nSCALARS s short 1\nLOOKUP_TABLE default", &big)).unwrap();
    let h = scan.source.header();
    assert_eq!(
        (h.shape, h.voxel, h.geometry.space(), h.geometry.spacing(), h.geometry.origin()),
        ([2, 3, 4], Type::I16, Space::Local, Some([2.0, 3.0, 4.0]), Some([1.0, 2.0, 3.0]))
    );
    assert_eq!(voxels(&scan).unwrap(), native);
    let whole = legacy("BINARY", "POINT_DATA 24\nSCALARS s short\nLOOKUP_TABLE default", &big);
    for length in 0..whole.len() {
        assert!(open(whole[..length].to_vec()).and_then(|s| voxels(&s)).is_err(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn legacy_cells_are_voxels() {
    let scan = open(legacy("BINARY", "CELL_DATA 6\nSCALARS s unsigned_char\nLOOKUP_TABLE default", &[1, 2, 3, 4, 5, 6])).unwrap();
    let h = scan.source.header();
    // Two points along z are one layer of cells; a voxel's centre is half a step from its first corner.
    assert_eq!((h.shape, h.geometry.origin(), voxels(&scan).unwrap()), ([1, 2, 3], Some([2.0, 3.5, 5.0]), vec![1, 2, 3, 4, 5, 6]));
    refused(legacy("BINARY", "CELL_DATA 24\nSCALARS s unsigned_char", &[0; 24]), Kind::Corrupt, "CELL_DATA");
}

#[test]
fn the_first_scalars_are_taken_and_the_others_named() {
    let text = ramp().iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let more = format!(
        "CELL_DATA 6\nNORMALS n float\n{}\nPOINT_DATA 24\nVECTORS v short\n{}\nLOOKUP_TABLE t 1\n0 0 0 1\nFIELD f 2\nother 1 2 float\n1 2\nMETADATA\nabc\n\nthis 1 24 int\n{text}",
        "1 2 3 ".repeat(6),
        "1 2 3\n".repeat(24)
    );
    let scan = open(legacy("ASCII", &more, b"")).unwrap();
    let h = scan.source.header();
    assert_eq!((h.voxel, h.meta["array"].as_str()), (Type::I32, Some("this")));
    assert!(["\"n\"", "\"v\""].iter().all(|name| h.warnings[0].contains(name)), "{:?}", h.warnings);
    let ints: Vec<u8> = (0..24i32).flat_map(i32::to_ne_bytes).collect();
    assert_eq!(voxels(&scan).unwrap(), ints);
    let vectors = open(legacy("ASCII", &format!("POINT_DATA 24\nVECTORS v short\n{}", "1 2 3\n".repeat(24)), b"")).unwrap();
    assert_eq!((vectors.source.header().frames.count, vectors.source.header().frames.axis), (3, FrameAxis::Channel));
    let second: Vec<u8> = (0..24).flat_map(|_| 2i16.to_ne_bytes()).collect();
    assert_eq!(voxels(&vectors).unwrap()[48..96], second);
    let colours = open(legacy("BINARY", "POINT_DATA 24\nCOLOR_SCALARS c 3", &[7; 72])).unwrap();
    assert_eq!(colours.source.header().voxel, Type::Rgb8);
}

#[test]
fn what_is_no_image_is_refused_by_name() {
    let grid = |from: &str, to: &str| String::from_utf8(legacy("ASCII", "POINT_DATA 24\nSCALARS s int\nLOOKUP_TABLE d", b"1 2 3")).unwrap().replace(from, to).into_bytes();
    refused(grid("STRUCTURED_POINTS", "POLYDATA"), Kind::Unsupported, "POLYDATA");
    refused(grid("POINT_DATA 24", "POINT_DATA 99999999"), Kind::Corrupt, "POINT_DATA");
    refused(grid("4 3 2", "99999999999 99999999999 99999999999"), Kind::Corrupt, "DIMENSIONS");
    refused(grid("4 3 2", "24 1 x"), Kind::Corrupt, "three numbers");
    refused(grid("ASCII", "TEXT"), Kind::Corrupt, "ASCII or BINARY");
    refused(grid("int", "string"), Kind::Unsupported, "string");
    refused(grid("", ""), Kind::Corrupt, "VTK values");
    refused(b"<VTKFile type=\"PolyData\">".to_vec(), Kind::Unsupported, "PolyData");
    refused(b"just words".to_vec(), Kind::Corrupt, "VTKFile");
    let array = "type=\"UInt8\" format=\"ascii\">1 2</DataArray>";
    refused(vti("compressor=\"vtkLZ4DataCompressor\"", array, b""), Kind::Unsupported, "LZ4");
    refused(vti("", array, b""), Kind::Corrupt, "text");
    refused(vti("", "type=\"String\" format=\"ascii\">1 2</DataArray>", b""), Kind::Unsupported, "array of numbers");
    refused(vti("", array, b"<Piece/>"), Kind::Unsupported, "pieces");
    let lies = [b"<AppendedData encoding=\"raw\">_".to_vec(), 23u32.to_le_bytes().to_vec(), ramp()].concat();
    refused(vti("", "type=\"UInt8\" format=\"appended\" offset=\"0\"/>", &lies), Kind::Corrupt, "length of an array");
    refused(vti("", "type=\"UInt8\" format=\"appended\" offset=\"9999\"/>", &lies), Kind::Corrupt, "offset");
    refused(vti("", "type=\"UInt8\" format=\"appended\" offset=\"0\"/>", b""), Kind::Corrupt, "AppendedData");
}

#[test]
fn every_way_to_keep_values_in_xml() {
    // The numbers 0 to 23 behind their length, by Python's base64.b64encode.
    let base64 = "GAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFw==";
    let wide = "AAAAAAAAABgAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhc=";
    let text = ramp().iter().map(u8::to_string).collect::<Vec<_>>().join("\n");
    let raw = [b"<AppendedData encoding=\"raw\">\n _zz".to_vec(), 24u32.to_le_bytes().to_vec(), ramp(), b"</AppendedData></VTKFile>".to_vec()].concat();
    let appended = format!("<AppendedData encoding=\"base64\">_AAAA{base64}</AppendedData></VTKFile>");
    for (attributes, array, more) in [
        ("", format!("type=\"UInt8\" format=\"ascii\">{text}</DataArray>"), &b""[..]),
        ("", format!("type=\"UInt8\" format=\"binary\">\n {base64}\n<InformationKey/></DataArray>"), b""),
        ("byte_order=\"BigEndian\" header_type=\"UInt64\"", format!("type=\"UInt8\" format=\"binary\">{wide}</DataArray>"), b""),
        ("", "type=\"UInt8\" format=\"appended\" offset=\"2\"/>".into(), &raw),
        ("", "type=\"UInt8\" format=\"appended\" offset=\"4\"/>".into(), appended.as_bytes()),
    ] {
        let scan = open(vti(attributes, &array, more)).unwrap_or_else(|e| panic!("{array}: {e}"));
        assert_eq!(voxels(&scan).unwrap(), ramp(), "{array}");
        // Index 1 along the first axis, which is the world's y.
        assert_eq!(scan.source.header().geometry.affine().unwrap()[..3], [[0.0, 3.0, 0.0, 1.0], [2.0, 0.0, 0.0, 4.0], [0.0, 0.0, 4.0, 3.0]]);
    }
}

#[test]
fn blocks_of_zlib() {
    use std::io::Write as _;
    let packed: Vec<Vec<u8>> = ramp()
        .chunks(10)
        .map(|block| {
            let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
            e.write_all(block).unwrap();
            e.finish().unwrap()
        })
        .collect();
    let table = |sizes: [u32; 6]| sizes.map(u32::to_le_bytes).concat();
    let sizes = [3, 10, 4, packed[0].len() as u32, packed[1].len() as u32, packed[2].len() as u32];
    let file = |sizes: [u32; 6]| {
        let more = [b"<AppendedData encoding=\"raw\">_".to_vec(), table(sizes), packed.concat()].concat();
        vti("compressor=\"vtkZLibDataCompressor\"", "type=\"UInt8\" format=\"appended\" offset=\"0\"/>", &more)
    };
    assert_eq!(open(file(sizes)).and_then(|s| voxels(&s)).unwrap(), ramp());
    for (at, value) in [(0, u32::MAX), (0, 2), (1, u32::MAX), (2, 9), (3, u32::MAX), (5, 1)] {
        let mut lies = sizes;
        lies[at] = value;
        refused(file(lies), Kind::Corrupt, "compressed voxel data");
    }
}

#[test]
fn every_type_and_space_comes_back_as_written() {
    let d = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let spaces = [
        Geometry::from_parts(Space::Patient, [0.012, 0.1, 1.0 / 3.0], [-152.461, 148.986, -1432.0], d).unwrap(),
        Geometry::from_parts(Space::Local, [0.0053; 3], [1.0, 2.0, 3.0], d).unwrap(),
        Geometry::voxel(),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (voxel, geometry) in Type::ALL.into_iter().flat_map(|t| spaces.iter().map(move |g| (t, g))) {
        let mut header = Header::new([3, 4, 5], 1, voxel).unwrap();
        header.geometry = geometry.clone();
        let path = folder.path().join("a.vti");
        let bytes: Vec<u8> = (0..header.bytes()).map(|i| (i * 7) as u8).collect();
        let sink = Vtk.create(&Target { path: path.clone(), force: true, provenance: Some("{\"isovox\":\"ü <--\"}".into()) }, &header).unwrap();
        sink.write(0, 1..3, &bytes[header.plane_bytes()..]).unwrap();
        sink.write(0, 0..1, &bytes[..header.plane_bytes()]).unwrap();
        sink.finish().unwrap();
        let scan = Vtk.open(Given::One(Input::file(&path).unwrap()), &OpenOptions::default()).unwrap();
        let h = scan.source.header();
        assert!(voxels(&scan).unwrap() == bytes, "{voxel}");
        assert_eq!((h.voxel, h.shape, h.geometry.space()), (voxel, [3, 4, 5], geometry.space()));
        assert!(h.geometry.near(geometry, h.shape));
        assert_eq!(scan.provenance.unwrap()["isovox"], "ü <--");
    }
    let mut header = Header::new([3, 4, 5], 2, Type::U8).unwrap();
    assert_eq!(Vtk.holds(&header).unwrap_err().kind(), Kind::Unsupported);
    header.frames.count = 1;
    header.geometry = Geometry::new(Space::Patient, [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.4, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]).unwrap();
    assert_eq!(Vtk.holds(&header).unwrap_err().kind(), Kind::Geometry);
}

#[test]
fn legacy_bytes_without_a_table() {
    // As VTK's own writers may leave it out; no byte of these is a line's end.
    let scan = open(legacy("BINARY", "POINT_DATA 24\nSCALARS s unsigned_char 1", &[200; 24])).unwrap();
    assert_eq!(voxels(&scan).unwrap(), [200; 24]);
    let head = String::from_utf8(legacy("BINARY", "POINT_DATA 8000\nSCALARS s unsigned_char", b"")).unwrap().replace("4 3 2", "20 20 20");
    let long = [head.as_bytes(), &[200; 8000]].concat();
    assert_eq!(voxels(&open(long).unwrap()).unwrap(), [200; 8000]);
}

#[test]
fn legacy_arrays_that_are_no_image_are_passed_over() {
    let text = ramp().iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let bits = "1 0 ".repeat(12);
    let more = format!(
        "POINT_DATA 24\nSCALARS m bit\nLOOKUP_TABLE default\n{bits}\nFIELD f 3\nnames 1 3 string\nfirst%20name\n\n7\nthis 1 24 unsigned_char\n{text}\nend 2 1 string\na\nb\n"
    );
    let scan = open(legacy("ASCII", &more, b"")).unwrap();
    assert_eq!((voxels(&scan).unwrap(), scan.source.header().meta["array"].as_str()), (ramp(), Some("this")));
    refused(legacy("ASCII", "FIELD f 1\nnames 1 3 string\na\nb", b""), Kind::Corrupt, "VTK values");
    // Lengths of one byte, two and four.
    let strings = [vec![0xc0 | 3], b"abc".to_vec(), vec![0x81, 0], vec![b'x'; 256], vec![0x40, 0, 0, 1, b'y']].concat();
    let bytes = [b"names 1 3 string\n".to_vec(), strings, b"\nthis 1 24 unsigned_char\n".to_vec(), ramp()].concat();
    let whole = legacy("BINARY", "POINT_DATA 24\nFIELD f 2", &bytes);
    assert_eq!(voxels(&open(whole.clone()).unwrap()).unwrap(), ramp());
    for length in 0..whole.len() {
        assert!(open(whole[..length].to_vec()).is_err(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn millions_of_blank_lines() {
    refused([b"# vtk DataFile Version 3.0\nt\nASCII\n".to_vec(), vec![b'\n'; 20 << 20]].concat(), Kind::Corrupt, "DATASET");
}

#[test]
fn several_arrays_are_named_in_their_order() {
    let one = |name: &str, kind: &str| format!("SCALARS {name} {kind} 2\nLOOKUP_TABLE d\n{}\n", "1 2 ".repeat(24));
    let more = format!("POINT_DATA 24\n{}SCALARS t int\n{}\n{}{}", one("a", "int"), "5 ".repeat(24), one("b", "int"), one("c", "int"));
    let scan = open(legacy("ASCII", &more, b"")).unwrap();
    assert!(scan.source.header().warnings[0].ends_with("\"t\" is taken, not \"a\", \"b\", \"c\""), "{:?}", scan.source.header().warnings);
}

/// What lies about its length in base64 is refused while it is opened, as bytes are.
#[test]
fn lengths_that_lie() {
    let check = |attributes: &str, array: &str, word: &str| {
        let error = open(vti(attributes, array, b"")).map(|_| ()).expect_err(word);
        assert!(error.kind() == Kind::Corrupt && error.to_string().contains(word), "{error}");
    };
    // 24 numbers behind a length of 16, by Python's base64.b64encode; then the whole array with a group of padding within.
    check("", "type=\"UInt8\" format=\"binary\">EAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFw==</DataArray>", "length of an array: found 16 bytes");
    check("", "type=\"UInt8\" format=\"binary\">G=AAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFw==</DataArray>", "no letter of base64");
    check("compressor=\"vtkZLibDataCompressor\"", "type=\"UInt8\" format=\"binary\">AQAAABAAAAAAAAAACAAAAA==</DataArray>", "length of compressed voxel data: found 16 bytes");
}

#[test]
fn a_quoted_angle_ends_no_tag() {
    let text = ramp().iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let scan = open(vti("", &format!("Info='a > \"b' type=\"UInt8\" format=\"ascii\">{text}</DataArray>"), b"")).unwrap();
    assert_eq!(voxels(&scan).unwrap(), ramp());
    refused(vti("", &format!("Info=\"a > type=UInt8 format=ascii>{text}</DataArray>"), b""), Kind::Corrupt, "without an end");
}
