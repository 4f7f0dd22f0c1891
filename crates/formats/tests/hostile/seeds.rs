//! Files worth damaging: a volume of 5 x 4 x 3 by our own writers, and headers made by hand for what they do not write.

use std::io::Write;

use isovox_formats::{Target, create};
use isovox_volume::{Geometry, Header, Space, Type};

use crate::subject::SPLIT;
use crate::{jpeg_bmp, tiffs};
use isovox_testing::dicom::{EXPLICIT, csa, ct, enhanced, file, sequence, short, text, with};

/// A name and its bytes.
pub(crate) type Seed = (&'static str, Vec<u8>);

/// The seeds of a parser.
pub(crate) fn of(target: &str) -> Vec<Seed> {
    match target {
        "nifti" => nifti(),
        "metaimage" => metaimage(),
        "nrrd" => nrrd(),
        "mgh" => mgh(),
        "analyze" => analyze(),
        "vtk" => vtk(),
        "zarr" => zarr(),
        "scanco" => scanco(),
        "skyscan" => vec![("log", b"[Acquisition]\r\nImage Pixel Size (um)=10.5\r\n[Reconstruction]\r\nPixel Size (um)=8.5\r\nSection to Section Step=2\r\n".to_vec())],
        "tiff" => tiffs::seeds(),
        "npy" => npy(),
        "npz" => npz(),
        "zip" => zip(),
        "raw_sidecars" => raw_sidecars(),
        "pictures" => pictures(),
        "dicom" => dicom(),
        "jpegls" => jpegls(),
        "deflate" => streams(),
        _ => values(),
    }
}

/// Bytes that count up.
pub(crate) fn counting(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| i as u8).collect()
}

/// A file as isovox writes it.
pub(crate) fn written(name: &str, voxel: Type, frames: usize) -> Vec<u8> {
    let mut header = Header::new([3, 4, 5], frames, voxel).expect("a small volume");
    header.geometry = Geometry::from_parts(Space::Patient, [0.5, 0.5, 2.0], [1.0, -2.0, 3.0], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]).expect("a rotation");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let target = Target { path: path.clone(), force: false, provenance: Some("{\"isovox\":\"0\",\"steps\":[]}".into()) };
    let sink = create(&target, &header).expect("a format that holds it");
    for frame in 0..frames {
        sink.write(frame, 0..3, &counting(60 * voxel.bytes())).expect("a writable folder");
    }
    sink.finish().expect("a writable folder");
    std::fs::read(path).expect("what was written")
}

fn nifti() -> Vec<Seed> {
    let mut pair = written("a.nii", Type::I16, 1);
    pair.truncate(352);
    pair[108..112].fill(0);
    pair[344..348].copy_from_slice(b"ni1\0");
    let mut scaled = written("a.nii", Type::U8, 1);
    scaled[112..120].copy_from_slice(&[2.5f32.to_le_bytes(), (-1f32).to_le_bytes()].concat());
    vec![
        ("one", written("a.nii", Type::I16, 1)),
        ("frames", written("a.nii", Type::F32, 2)),
        ("colour", written("a.nii", Type::Rgb8, 1)),
        ("gzip", written("a.nii.gz", Type::U16, 1)),
        ("scaled", scaled),
        ("pair", pair),
        ("two_big", nifti_two()),
    ]
}

/// A compressed NIfTI file with 12 MB of what looks like our own provenance.
pub(crate) fn wordy() -> Vec<u8> {
    let text = format!("isovox [{}0]", "0,".repeat(6 << 20));
    let size = (text.len() + 8).next_multiple_of(16);
    let mut file = written("a.nii", Type::U8, 1);
    file.truncate(348);
    file[108..112].copy_from_slice(&(352.0 + size as f32).to_le_bytes());
    file.extend([1, 0, 0, 0]);
    file.extend([size as i32, 6].map(i32::to_le_bytes).concat());
    file.extend(text.as_bytes());
    file.resize(352 + size, 0);
    file.extend(counting(60));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&file).and_then(|()| encoder.finish()).expect("memory")
}

/// A NIfTI-2 file, big-endian.
fn nifti_two() -> Vec<u8> {
    let mut file = vec![0; 544];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &540i32.to_be_bytes());
    put(4, b"n+2\0\r\n\x1a\n");
    put(12, &[0, 4, 0, 16]);
    for (i, n) in [4i64, 5, 4, 3, 2].into_iter().enumerate() {
        put(16 + 8 * i, &n.to_be_bytes());
    }
    for (i, v) in [-1f64, 1.0, 1.0, 2.0, 0.5].into_iter().enumerate() {
        put(104 + 8 * i, &v.to_be_bytes());
    }
    put(168, &544i64.to_be_bytes());
    put(344, &1i32.to_be_bytes());
    put(352, &0.5f64.to_be_bytes());
    put(500, &10i32.to_be_bytes());
    [file, counting(240)].concat()
}

fn metaimage() -> Vec<Seed> {
    let head = |lines: &str, data: &str| format!("ObjectType = Image\nNDims = 3\n{lines}\nElementDataFile = {data}\n").into_bytes();
    let bytes = "DimSize = 5 4 3\nElementType = MET_UCHAR";
    let placed = format!("{bytes}\nElementSpacing = 0.5 0.5 2\nOffset = 1 2 3\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nDistanceUnits = um");
    let text = counting(60).iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&counting(60)).expect("memory");
    let packed = zlib.finish().expect("memory");
    let compressed = format!("{bytes}\nCompressedData = True\nCompressedDataSize = {}", packed.len());
    let four = "ObjectType = Image\nNDims = 4\nDimSize = 5 4 3 2\nElementType = MET_SHORT\nBinaryDataByteOrderMSB = True\nElementSpacing = 1 1 1 2\nElementDataFile = a.raw\n";
    vec![
        ("written", written("a.mha", Type::I16, 1)),
        ("local", [head(&placed, "LOCAL"), counting(60)].concat()),
        ("zlib", [head(&compressed, "LOCAL"), packed].concat()),
        ("text", [head(&format!("{bytes}\nBinaryData = False"), "LOCAL"), text.into_bytes()].concat()),
        ("tail", head(&format!("{bytes}\nHeaderSize = -1"), "a.raw")),
        ("list", [head(bytes, "LIST 2D"), b"s1.raw\ns2.raw\ns3.raw\n".to_vec()].concat()),
        ("pattern", head(bytes, "s%d.raw 1 3 1")),
        ("frames", four.into()),
        ("channels", head("DimSize = 5 4 3\nElementType = MET_USHORT\nElementNumberOfChannels = 2", "a.raw")),
    ]
}

fn nrrd() -> Vec<Seed> {
    let head = |lines: &str| format!("NRRD0005\ntype: uchar\ndimension: 3\nsizes: 5 4 3\n{lines}\n").into_bytes();
    let attached = |lines: &str, data: &[u8]| [&head(lines)[..], b"\n", data].concat();
    let placed = "space: RAS\nspace directions: (1,0,0) (0,1,0.5) (0,0,2)\nspace origin: (1,2,3)\nspace units: \"mm\" \"um\" \"mm\"\nencoding: raw";
    let text = counting(60).iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let hex = counting(60).iter().map(|b| format!("{b:02x} ")).collect::<String>();
    let four = "NRRD0004\ntype: short\nendian: big\ndimension: 4\nsizes: 2 5 4 3\nkinds: vector domain domain domain\nspace dimension: 3\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\nencoding: gzip\ndata file: a.raw.gz\n";
    let timed = "NRRD0004\ntype: short\nendian: little\ndimension: 4\nsizes: 5 4 3 2\nspace: LPST\nspace directions: (1,0,0,0) (0,1,0,0) (0,0,1,0) (0,0,0,3)\nencoding: raw\nbyte skip: -1\ndata file: a.raw\n";
    vec![
        ("written", written("a.nrrd", Type::I16, 1)),
        ("frames", written("a.nrrd", Type::Rgb8, 2)),
        ("placed", attached(placed, &counting(60))),
        ("text", attached("encoding: ascii\nline skip: 1", format!("a line\n{text}").as_bytes())),
        ("hex", attached("encoding: hex\nspacings: 1 nan 2\naxis mins: 0 0 0\naxis maxs: 9 9 9\ncenters: cell cell node", hex.as_bytes())),
        ("tail", head("encoding: raw\nbyte skip: -1\ndata file: a.raw")),
        ("packed_tail", head("encoding: gzip\nbyte skip: -1\ndata file: a.raw.gz")),
        ("list", head("encoding: raw\ndata file: LIST 2\ns1.raw\ns2.raw\ns3.raw")),
        ("pattern", head("encoding: raw\nkey:=value\ndata file: s%d.raw 1 3 1 2")),
        ("channels", four.into()),
        ("timed", timed.into()),
    ]
}

fn mgh() -> Vec<Seed> {
    let file = |kind: i32, frames: i32, good: i16, bytes: usize| {
        let head = [1, 5, 4, 3, frames, kind, 0].map(i32::to_be_bytes).concat();
        let place = [0.5f32, 0.5, 2.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0, 1.0, 2.0, 3.0].map(f32::to_be_bytes).concat();
        [head, good.to_be_bytes().to_vec(), place, vec![0; 194], counting(bytes), 2000f32.to_be_bytes().to_vec()].concat()
    };
    vec![("bytes", file(0, 1, 1, 60)), ("frames", file(4, 2, 1, 240)), ("floats", file(3, 1, 0, 240)), ("ints", [file(1, 1, 1, 240), vec![0]].concat())]
}

fn analyze() -> Vec<Seed> {
    let header = |big: bool, datatype: i16, frames: i16| {
        let short = |v: i16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let real = |v: f32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut file = vec![0; 348];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &if big { 348i32.to_be_bytes() } else { 348i32.to_le_bytes() });
        put(40, &[4, 5, 4, 3, frames].map(short).concat());
        put(70, &short(datatype));
        put(80, &[0.5, 0.5, 2.0].map(real).concat());
        put(112, &real(0.25));
        file
    };
    vec![
        ("little", header(false, 4, 1)),
        ("big", header(true, 4, 2)),
        ("bytes", header(false, 2, 3)),
        ("doubles", header(true, 64, 1)),
        ("odd", [header(true, 132, 1), vec![0]].concat()),
    ]
}

fn vtk() -> Vec<Seed> {
    let legacy = |kind: &str, rest: &str, data: &[u8]| {
        let head = format!("# vtk DataFile Version 3.0\na title\n{kind}\nDATASET STRUCTURED_POINTS\nDIMENSIONS 5 4 3\nSPACING 1 1 2\nORIGIN 1 2 3\n{rest}\n");
        [head.as_bytes(), data].concat()
    };
    let text = counting(60).iter().map(u8::to_string).collect::<Vec<_>>().join("\n");
    let field = format!("POINT_DATA 60\nVECTORS v short\n{}\nFIELD f 2\nother 1 2 float\n1 2\nMETADATA\nabc\n\nthis 1 60 int\n{text}\n", "1 2 3 ".repeat(60));
    let vti = |attributes: &str, array: &str, more: &[u8]| {
        let head = format!(
            "<?xml version=\"1.0\"?>\n<!-- a > comment -->\n<VTKFile type=\"ImageData\" {attributes}>\n<ImageData WholeExtent=\"1 5 0 3 0 2\" Origin=\"0 1 2\" Spacing=\"1 1 2\" Direction=\"0 1 0 1 0 0 0 0 1\"><Piece Extent=\"1 5 0 3 0 2\"><PointData>\n<DataArray type=\"UInt8\" Name=\"a\" {array}</PointData></Piece></ImageData>"
        );
        [head.as_bytes(), more].concat()
    };
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&counting(60)).expect("memory");
    let packed = zlib.finish().expect("memory");
    let table = [1u32, 60, 60, packed.len() as u32].map(u32::to_le_bytes).concat();
    let plain = [&60u64.to_be_bytes()[..], &counting(60)].concat();
    vec![
        ("written", written("a.vti", Type::I16, 1)),
        ("colour", written("a.vti", Type::Rgb8, 1)),
        ("legacy", legacy("BINARY", "POINT_DATA 60\nSCALARS s unsigned_char 1\nLOOKUP_TABLE default", &counting(60))),
        ("cells", legacy("BINARY", "CELL_DATA 24\nVECTORS v unsigned_short", &counting(144))),
        ("text", legacy("ASCII", &field, b"CELL_DATA 24\n")),
        ("inline_text", vti("", &format!("format=\"ascii\">{text}</DataArray>"), b"</VTKFile>")),
        ("base64", vti("byte_order=\"BigEndian\" header_type=\"UInt64\"", &format!("format=\"binary\">{}</DataArray>", base64(&plain)), b"</VTKFile>")),
        ("zlib", vti("compressor=\"vtkZLibDataCompressor\"", &format!("format=\"binary\">\n{}{}</DataArray>", base64(&table), base64(&packed)), b"</VTKFile>")),
        ("appended", vti("compressor=\"vtkZLibDataCompressor\"", "format=\"appended\" offset=\"2\"/>", &[b"<AppendedData encoding=\"raw\">\n_xx", &table[..], &packed].concat())),
    ]
}

fn zarr() -> Vec<Seed> {
    let joined = |kind: u8, parts: &[&[u8]]| [&[kind][..], &parts.join(SPLIT)].concat();
    let two = |dtype: &str, rest: &str| {
        format!("{{\"zarr_format\": 2, \"shape\": [3, 4, 5], \"chunks\": [2, 4, 5], \"dtype\": \"{dtype}\", \"order\": \"C\", \"filters\": null, \"fill_value\": 0, {rest}}}")
    };
    let three = |codecs: &str| {
        format!(
            "{{\"zarr_format\": 3, \"node_type\": \"array\", \"shape\": [3, 4, 5], \"data_type\": \"uint8\", \"chunk_grid\": {{\"name\": \"regular\", \"configuration\": {{\"chunk_shape\": [2, 4, 6]}}}}, \"chunk_key_encoding\": {{\"name\": \"default\", \"configuration\": {{\"separator\": \"/\"}}}}, \"fill_value\": 7, \"codecs\": [{codecs}]}}"
        )
    };
    let little = "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}";
    let plain = counting(48);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&counting(80)).expect("memory");
    let packed = zlib.finish().expect("memory");
    let sharded = format!(
        "{{\"name\": \"sharding_indexed\", \"configuration\": {{\"chunk_shape\": [1, 4, 6], \"codecs\": [{little}], \"index_codecs\": [{little}], \"index_location\": \"end\"}}}}"
    );
    let shard = [plain.clone(), [0u64, 24, 24, 24].map(u64::to_le_bytes).concat()].concat();
    let group = "{\"zarr_format\": 3, \"node_type\": \"group\", \"attributes\": {\"ome\": {\"version\": \"0.5\", \"multiscales\": [{\"axes\": [{\"name\": \"z\", \"type\": \"space\", \"unit\": \"micrometer\"}, {\"name\": \"y\", \"type\": \"space\", \"unit\": \"micrometer\"}, {\"name\": \"x\", \"type\": \"space\", \"unit\": \"micrometer\"}], \"datasets\": [{\"path\": \"0\", \"coordinateTransformations\": [{\"type\": \"scale\", \"scale\": [2, 1, 1]}, {\"type\": \"translation\", \"translation\": [0.5, 0, 0]}]}]}]}}}";
    // A Blosc container of LZ4 whose bytes are shuffled by two, of literals alone.
    let blosc = [&[2, 1, 0x31, 2][..], &[80u32, 80, 106, 20, 82].map(u32::to_le_bytes).concat(), &[0xf0, 65], &counting(80)].concat();
    vec![
        ("two", joined(b'2', &[two("<u2", "\"compressor\": null").as_bytes(), &counting(80), &counting(80)])),
        ("zlib", joined(b'2', &[two(">i2", "\"compressor\": {\"id\": \"zlib\"}").as_bytes(), &packed, &packed])),
        ("blosc", joined(b'2', &[two("<u2", "\"compressor\": {\"id\": \"blosc\"}").as_bytes(), &blosc, &blosc])),
        ("three", joined(b'3', &[three(little).as_bytes(), &plain, &plain])),
        ("sharded", joined(b'3', &[three(&sharded).as_bytes(), &shard, &shard])),
        ("group", joined(b'g', &[group.as_bytes(), three(little).as_bytes(), &plain])),
    ]
}

fn scanco() -> Vec<Seed> {
    let put = |file: &mut Vec<u8>, at: usize, values: &[i32]| values.iter().enumerate().for_each(|(i, v)| file[at + 4 * i..][..4].copy_from_slice(&v.to_le_bytes()));
    let mut isq = vec![0; 512];
    isq[..16].copy_from_slice(b"CTDATA-HEADER_V1");
    put(&mut isq, 44, &[5, 4, 3, 50, 40, 30]);
    let mut twenty = vec![0; 160];
    put(&mut twenty, 0, &[20, 140, 9, 60]);
    put(&mut twenty, 40, &[0x1_0001, 0, 0, 0, 5, 4, 3]);
    (0..3).for_each(|i| twenty[128 + 4 * i..][..4].copy_from_slice(&[0xa7, 0x3e, 0x9e, 0xef]));
    let mut thirty = b"AIMDATA_V030   \0".to_vec();
    thirty.resize(280, 0);
    put(&mut thirty, 16, &[40, 0, 224, 0, 9, 0, 120, 0]);
    put(&mut thirty, 68, &[0x2_0002]);
    put(&mut thirty, 96, &[5, 0, 4, 0, 3, 0]);
    put(&mut thirty, 240, &[82_000, 0, 82_000, 0, 82_000, 0]);
    vec![
        ("isq", [isq, counting(120)].concat()),
        ("aim20", [twenty, b"! a log..".to_vec(), counting(60)].concat()),
        ("aim30", [thirty, b"! a log..".to_vec(), counting(120)].concat()),
    ]
}

fn base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let group = |three: &[u8]| {
        let bits = three.iter().chain(&[0; 2]).take(3).fold(0u32, |bits, &b| bits << 8 | u32::from(b));
        (0..4).map(|i| if i > three.len() { '=' } else { letters[(bits >> (18 - 6 * i)) as usize & 63] }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn array(version: u8, descr: &str, fortran: &str, shape: &str, data: usize) -> Vec<u8> {
    let text = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let length = text.len() as u32;
    let length = if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
    [b"\x93NUMPY", &[version, 0][..], &length, text.as_bytes(), &counting(data)].concat()
}

fn npy() -> Vec<Seed> {
    vec![
        ("written", written("a.npy", Type::F64, 1)),
        ("big", array(1, "'>i2'", "False", "(3, 4, 5)", 120)),
        ("fortran", array(2, "'<f4'", "True", "(2, 3, 4, 5)", 480)),
        ("half", array(3, "'<f2'", "False", "(4, 5)", 40)),
        ("bool", array(1, "'|b1'", "True", "(3L, 4L, 5L)", 60)),
        ("colour", array(1, "[('R', '|u1'), ('G', '|u1'), ('B', '|u1')]", "False", "(3, 4, 5)", 180)),
    ]
}

fn archive(deflate: bool, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method = if deflate { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let options = zip::write::SimpleFileOptions::default().compression_method(method).last_modified_time(zip::DateTime::default());
    for (name, bytes) in files {
        zip.start_file(*name, options).expect("memory");
        zip.write_all(bytes).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

fn npz() -> Vec<Seed> {
    let (volume, spacing) = (array(1, "'<u2'", "False", "(3, 4, 5)", 120), array(1, "'<f8'", "False", "(3,)", 24));
    vec![
        ("written", written("a.npz", Type::U8, 1)),
        ("stored", archive(false, &[("volume.npy", volume.clone())])),
        ("two", archive(false, &[("spacing.npy", spacing), ("volume.npy", volume)])),
    ]
}

fn zip() -> Vec<Seed> {
    let header = b"NDims = 3\nDimSize = 5 4 3\nElementType = MET_UCHAR\nElementDataFile = a.raw\n".to_vec();
    let slice = jpeg_bmp::grey_png(3, png::BitDepth::Eight, 3);
    vec![
        ("one", archive(false, &[("a/", Vec::new()), ("a/b.nii", written("a.nii", Type::U8, 1)), (".DS_Store", counting(9))])),
        ("deflated", archive(true, &[("a.mha", written("a.mha", Type::U16, 1))])),
        ("beside", archive(false, &[("x/a.mhd", header), ("x/a.raw", counting(60))])),
        ("slices", archive(false, &[("s1.png", slice.clone()), ("s2.png", slice)])),
        ("named", archive(false, &[("rock_5x4x3_u16.raw", counting(120))])),
    ]
}

fn raw_sidecars() -> Vec<Seed> {
    let with = |kind: u8, text: &str, bytes: usize| [&[kind][..], text.as_bytes(), SPLIT, &counting(bytes)].concat();
    let imagej = "Image type: 16-bit Signed\nWidth: 5 pixels\nHeight: 4 pixels\nOffset to first image: 8 bytes\nNumber of images: 3\nGap between images: 5 bytes\nWhite is zero: no\nLittle-endian byte order: no\nVoxel size: 5x5x10 micron^3\n";
    let planar = "Image type: 24-bit RGB Planar\nWidth: 5\nHeight: 4\nNumber of images: 3\n";
    let vgi = "{volume1}\r\n[representation]\r\nsize = 9 9 9\r\n[file1]\r\nSize = 5 4 3\r\nSkipHeader = 7\r\nFileFormat = raw\r\nName = C:\\scans\\a.raw\r\nDatatype = unsigned integer\r\ndatarange = 0 -1\r\nBitsPerElement = 16\r\n{volumeprimitive12}\r\n[geometry]\r\nresolution = 82 82 90\r\nunit = um\r\n";
    let header = "NDims = 3\nDimSize = 5 4 3\nElementType = MET_UCHAR\nElementDataFile = 5x4x3.raw\n";
    let slices = "Image type: 8-bit\nWidth: 5\nHeight: 4\nNumber of images: 2\n";
    vec![
        ("imagej", with(b'i', imagej, 138)),
        ("planar", with(b'i', planar, 180)),
        ("vgi", with(b'v', vgi, 127)),
        ("header", with(b'm', header, 60)),
        ("slices", with(b's', slices, 40)),
        ("options", with(b'o', "u16 5 4 3 8 5", 138)),
        ("name", with(b'n', "rock_5x4x3_16bit_be_off8_gap5.raw", 138)),
        ("name_float", with(b'n', "a-5×4×3-float32le.dat", 240)),
    ]
}

fn pictures() -> Vec<Seed> {
    let two = |one: Vec<u8>, two: Vec<u8>| [&one[..], SPLIT, &two].concat();
    let bmp = jpeg_bmp::bmp(8, -2, &counting(1024), &counting(8));
    let colour = jpeg_bmp::bmp(24, 2, &[], &counting(24));
    vec![
        ("png8", two(jpeg_bmp::grey_png(3, png::BitDepth::Eight, 3), jpeg_bmp::grey_png(3, png::BitDepth::Eight, 3))),
        ("png16", jpeg_bmp::grey_png(3, png::BitDepth::Sixteen, 6)),
        ("png2", jpeg_bmp::grey_png(7, png::BitDepth::Two, 2)),
        ("png_colour", jpeg_bmp::colour_png()),
        ("bmp8", two(bmp.clone(), bmp)),
        ("bmp24", colour),
        ("bmp1", jpeg_bmp::bmp(1, 2, &[255, 255, 255, 0, 7, 7, 7, 0], &counting(8))),
        ("jpeg", two(jpeg_bmp::jpeg(1, 0xc0), jpeg_bmp::jpeg(1, 0xc0))),
        ("jpeg_colour", jpeg_bmp::jpeg(3, 0xc0)),
        ("tiff", two(tiffs::plain(), tiffs::plain())),
    ]
}

/// The example of ITU-T T.87, H.3, its frame and scan headers apart.
const JPEG_LS: [&[u8]; 3] = [
    &[0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00],
    &[0xFF, 0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00],
    &[
        0xC0, 0x00, 0x00, 0x6C, 0x80, 0x20, 0x8E, 0x01, 0xC0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01, 0xBC, 0x18, 0x00, 0x00, 0x05, 0xD8, 0x00, 0x00,
        0x91, 0x60,
    ],
];

fn jpegls() -> Vec<Seed> {
    let [frame, scan, bits] = JPEG_LS;
    let stream = |parts: &[&[u8]]| [&[0xFF, 0xD8][..], &parts.concat(), &[0xFF, 0xD9]].concat();
    let mut twice = frame.to_vec();
    twice[6] = 8;
    let preset = [0xFF, 0xF8, 0, 13, 1, 0, 255, 0, 3, 0, 7, 0, 21, 0, 64];
    // Three components that are the example each, one scan after the other.
    let three = [0xFF, 0xF7, 0, 17, 8, 0, 4, 0, 4, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    let scan_of = |n: u8| [&scan[..5], &[n], &scan[6..], bits].concat();
    vec![
        ("example", stream(&[frame, scan, bits])),
        ("preset", stream(&[&preset, frame, scan, bits])),
        ("restart", stream(&[&twice, &[0xFF, 0xDD, 0, 4, 0, 4], scan, bits, &[0xFF, 0xD0], bits])),
        ("components", stream(&[&three, &scan_of(1), &scan_of(2), &scan_of(3)])),
    ]
}

/// Each kind of block, in each container.
fn streams() -> Vec<Seed> {
    let some: Vec<u8> = (0..3000u32).map(|i| ((i * i) >> 7) as u8 & 0x1f).chain([7; 600]).collect();
    let raw = |level: u32, bytes: &[u8]| {
        let mut encoder = flate2::write::DeflateEncoder::new(vec![0], flate2::Compression::new(level));
        encoder.write_all(bytes).expect("a buffer");
        encoder.finish().expect("a buffer")
    };
    let mut zlib = flate2::write::ZlibEncoder::new(vec![1], flate2::Compression::new(6));
    zlib.write_all(&some).expect("a buffer");
    let mut gzip = flate2::GzBuilder::new().filename("name").comment("text").extra(vec![1, 2, 3]).write(vec![2], flate2::Compression::new(6));
    gzip.write_all(&some).expect("a buffer");
    vec![
        ("stored", raw(0, &some[..200])),
        ("fixed", raw(6, b"a fixed block, a fixed block")),
        ("dynamic", raw(6, &some)),
        ("quick", raw(1, &some)),
        ("zlib", zlib.finish().expect("a buffer")),
        ("gzip", gzip.finish().expect("a buffer")),
    ]
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).expect("a buffer");
    encoder.finish().expect("a buffer")
}

fn dicom() -> Vec<Seed> {
    let stored = [1, -2000, 3, 4, 5, 6];
    let slice = |z: f64, n: u32| ct(z, n, [3, 2], &stored);
    let plain = |z: f64, n: u32| file(EXPLICIT, &slice(z, n));
    let series = |files: &[Vec<u8>]| files.join(SPLIT);
    let item = |inner: &[u8]| [&[0xFE, 0xFF, 0x00, 0xE0][..], &(inner.len() as u32).to_le_bytes(), inner].concat();
    let code = isovox_testing::dicom::encoded(&text(8, 0x0100, "SH", "T-28000"), true);
    let nested = item(&isovox_testing::dicom::encoded(&(8, 0x2218, *b"SQ", item(&code)), true));
    // A sequence and an item without lengths, and a private element of unknown make.
    let open = [&[8, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 255, 255, 255, 255, 0xFE, 0xFF, 0, 0xE0, 255, 255, 255, 255][..], &code].concat();
    let open = [&open[..], &[0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]].concat();
    let head = file(EXPLICIT, &[text(8, 5, "CS", "ISO_IR 192")]);
    let rest: Vec<u8> = slice(0.0, 1).iter().filter(|e| e.0 > 8).flat_map(|e| isovox_testing::dicom::encoded(e, true)).collect();
    let eight = with(with(with(slice(0.0, 1), short(0x28, 0x100, 8)), short(0x28, 0x101, 7)), short(0x28, 0x102, 6));
    let real = with(with(slice(0.0, 1), text(0x28, 0x1053, "DS", "1.5")), text(8, 0x60, "CS", "PT"));
    let bare: Vec<u8> = slice(0.0, 1).iter().flat_map(|e| isovox_testing::dicom::encoded(e, false)).collect();
    let index = |n: usize| sequence(0x20, 0x9111, &[vec![(0x20, 0x9128, *b"UL", (n as u32 / 2).to_le_bytes().to_vec())]]);
    let segment = |n: usize| vec![sequence(0x62, 0x0A, &[vec![short(0x62, 0x0B, n as u16 % 2 + 1)]])];
    let named = |n: u16| vec![short(0x62, 4, n), text(0x62, 5, "LO", "a part")];
    let segments = with(enhanced(&[0.0, 0.0, 3.0, 1.0], [2, 1], &[1, 0, 0, 1, 1, 1, 0, 0], segment), sequence(0x62, 2, &[named(1), named(2)]));
    let tiles = csa(&[("NumberOfImagesInMosaic", &["3"]), ("SliceNormalVector", &["0", "0", "-1"]), ("B_value", &["50"])]);
    let mosaic = with(with(ct(0.0, 1, [4, 2], &[1; 8]), text(8, 8, "CS", "ORIGINAL\\PRIMARY\\M\\MOSAIC")), text(0x29, 0x10, "LO", "SIEMENS CSA HEADER"));
    let mosaic = with(with(mosaic, (0x29, 0x1010, *b"OB", tiles)), text(0x18, 0x88, "DS", "4"));
    let dose = with(with(slice(0.0, 1), text(0x28, 8, "IS", "2")), text(0x3004, 0x0C, "DS", "0\\2"));
    let dose = with(with(dose, short(0x28, 0x10, 1)), text(0x3004, 0x0E, "DS", "0.5"));
    let record = |name: &str| vec![short(4, 0x1410, 0xFFFF), text(4, 0x1430, "CS", "IMAGE"), text(4, 0x1500, "CS", name)];
    // Elements of nothing but zeros, out of which a reader that trusts lengths takes one of 134 MB.
    let zeroed = [&bare[..], &[0; 51], &[8], &[0; 49]].concat();
    let parted = |syntax: &str, slice: &[isovox_testing::dicom::Element], parts: &[&[u8]]| {
        let slice = isovox_testing::dicom::without(slice.to_vec(), 0x7FE0, 0x10);
        [file(syntax, &slice), isovox_testing::dicom::fragments(parts)].concat()
    };
    let byte = [short(0x28, 0x100, 8), short(0x28, 0x101, 8), short(0x28, 0x102, 7), short(0x28, 0x103, 0)];
    let byte = |columns, rows| byte.iter().cloned().fold(ct(0.0, 1, [columns, rows], &[]), with);
    let mut rle = vec![2, 0, 0, 0, 64, 0, 0, 0, 66, 0, 0, 0];
    rle.resize(64, 0);
    rle.extend([251, 7, 5, 1, 2, 3, 4, 5, 6]);
    let [frame, scan, bits] = JPEG_LS;
    let ls = [&[0xFF, 0xD8], frame, scan, bits, &[0xFF, 0xD9]].concat();
    let all: Vec<u8> = slice(0.0, 1).iter().flat_map(|e| isovox_testing::dicom::encoded(e, true)).collect();
    let padded = with(with(slice(0.0, 1), (0x28, 0x120, *b"SS", (-2000i16).to_le_bytes().to_vec())), short(0x28, 0x107, 3));
    let table = [(0x28, 0x3002, *b"US", vec![2, 0, 1, 0, 16, 0]), (0x28, 0x3006, *b"OW", vec![7, 0, 8, 0])]
        .iter()
        .flat_map(|e| isovox_testing::dicom::encoded(e, true))
        .collect::<Vec<_>>();
    let colours: Vec<isovox_testing::dicom::Element> = [0x1101, 0x1102, 0x1103].iter().map(|&e| (0x28, e, *b"US", vec![2, 0, 0, 0, 16, 0])).collect();
    let colours = [0x1201, 0x1202, 0x1203].iter().fold(colours, |c, &e| with(c, (0x28, e, *b"OW", vec![1, 2, 3, 4])));
    let palette = colours.into_iter().fold(with(byte(3, 2), text(0x28, 4, "CS", "PALETTE COLOR")), with);
    let palette = with(palette, (0x7FE0, 0x10, *b"OB", vec![0, 1, 2, 1, 0, 1]));
    // By hand: 16 samples of 133, the first five over the half of what 8 bits reach, in two codes of two bits.
    let codes = [&[0xFF, 0xC4, 0, 21, 0, 0, 2][..], &[0; 14], &[0, 3]].concat();
    let frame = [0xFF, 0xD8, 0xFF, 0xC3, 0, 11, 8, 0, 4, 0, 4, 1, 1, 0x11, 0];
    let lossless = [&frame[..], &codes, &[0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0, 0x68, 0, 0, 0, 0x1F, 0xFF, 0xD9]].concat();
    vec![
        ("rle", parted("1.2.840.10008.1.2.5", &slice(0.0, 1), &[&[], &rle])),
        ("jpegls", parted("1.2.840.10008.1.2.4.80", &byte(4, 4), &[&[0, 0, 0, 0], &ls])),
        ("lossless", parted("1.2.840.10008.1.2.4.70", &byte(4, 4), &[&[0, 0, 0, 0], &lossless])),
        ("jpegls_parts", parted("1.2.840.10008.1.2.4.80", &byte(4, 4), &[&[], &ls[..30], &ls[30..]])),
        ("jpeg", parted("1.2.840.10008.1.2.4.50", &byte(8, 8), &[&[], &jpeg_bmp::jpeg(1, 0xc0)])),
        ("deflated", [file("1.2.840.10008.1.2.1.99", &[]), deflate(&all)].concat()),
        ("deflated_frame", parted("1.2.840.10008.1.2.8.1", &slice(0.0, 1), &[&[], &deflate(&[7; 12])])),
        ("padded", file(EXPLICIT, &padded)),
        ("modality_table", file(EXPLICIT, &with(slice(0.0, 1), (0x28, 0x3000, *b"SQ", item(&table))))),
        ("palette", file(EXPLICIT, &palette)),
        ("one", plain(1.0, 1)),
        ("implicit", file("1.2.840.10008.1.2", &slice(0.0, 1))),
        ("zeroed", zeroed),
        ("bare", bare),
        ("series", series(&[plain(5.0, 1), plain(0.0, 2), plain(2.5, 3)])),
        ("gaps", series(&[plain(5.0, 1), plain(0.0, 2), plain(1.0, 3), b"a note".to_vec()])),
        ("frames", series(&[plain(0.0, 1), plain(1.0, 2), plain(0.0, 3), plain(1.0, 4)])),
        ("copies", series(&[plain(0.0, 1), plain(1.0, 2), plain(1.0, 2)])),
        ("nested", file(EXPLICIT, &with(slice(0.0, 1), (8, 0x1140, *b"SQ", nested)))),
        ("open", [head, open, rest].concat()),
        ("eight", file(EXPLICIT, &eight)),
        ("real", file(EXPLICIT, &real)),
        ("enhanced", file(EXPLICIT, &enhanced(&[0.0, 5.0, 0.0, 5.0], [2, 1], &[1; 8], |n| vec![index(n)]))),
        ("segments", file(EXPLICIT, &segments)),
        ("mosaic", file(EXPLICIT, &mosaic)),
        ("dose", file(EXPLICIT, &dose)),
        ("cine", file(EXPLICIT, &with(with(slice(0.0, 1), text(0x28, 8, "IS", "1")), text(0x18, 0x1063, "DS", "40")))),
        ("directory", series(&[file(EXPLICIT, &[sequence(4, 0x1220, &[record("f1"), record("F2"), record("A\\B")])]), plain(0.0, 1), plain(1.0, 2)])),
    ]
}

fn values() -> Vec<Seed> {
    let texts = [
        ("um", "5.3um"),
        ("mu", "0.5 µm"),
        ("cm", "1e-3cm"),
        ("vox", "2vox"),
        ("bare", "10"),
        ("um3", "5um3"),
        ("mm3", "0.2mm3"),
        ("region", "1:3,:,2:"),
        ("whole", "0:5,0:4,0:3"),
        ("type", "rgb8"),
        ("unit", "micron"),
        ("table", "\u{feff}name, i,j,k\r\n\"a, \"\"b\"\"\",1,2.5,-3\n\n,,\nb,4,5,6"),
    ];
    texts.map(|(name, text)| (name, text.as_bytes().to_vec())).into()
}
