//! Round trips over all pairs of formats that write: what one opens, the other writes and opens again the same, or refuses
//! to write, naming the next step.

use std::path::{Path, PathBuf};

use isovox_formats::open::format_for;
use isovox_formats::{OpenOptions, Scan, Target};
use isovox_testing::scans::voxels;
use isovox_volume::{Certainty, FrameAxis, Frames, Geometry, Header, Kind, Quantity, QuantityKind, Space, Type};

/// A name of each kind of file that is written.
const NAMES: [&str; 13] = ["a.nii", "a.nii.gz", "a.mha", "a.mhd", "raw/a.raw", "a.nrrd", "nhdr/a.nhdr", "a.tif", "a.npy", "a.npz", "a.vti", "a.ome.zarr", "a/slice_##.tif"];

const SHAPE: [usize; 3] = [3, 4, 5];

/// A volume: what it is, and its bytes.
struct Case {
    what: String,
    header: Header,
    bytes: Vec<u8>,
}

fn geometries() -> [(&'static str, Geometry); 5] {
    let (c, s) = (0.3f64.cos(), 0.3f64.sin());
    let oblique = [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]];
    let flipped = [[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let sheared = [[0.5, 0.0, 0.0, -10.25], [0.0, 0.5, 0.2, 20.5], [0.0, 0.0, 1.0, -1432.125], [0.0, 0.0, 0.0, 1.0]];
    [
        ("oblique", Geometry::from_parts(Space::Patient, [0.7, 0.5, 2.5], [-152.461, 148.986, -1432.0], oblique).unwrap()),
        ("flipped", Geometry::from_parts(Space::Patient, [1.0, 2.0, 3.0], [0.5, -7.0, 1e-3], flipped).unwrap()),
        ("sheared", Geometry::new(Space::Patient, sheared).unwrap()),
        ("local", Geometry::local([0.0053, 0.0053, 0.011]).unwrap()),
        ("voxel", Geometry::voxel()),
    ]
}

/// Bytes that hold the values that break conversions: limits, integers above 2^53, what is no number.
fn bytes_of(voxel: Type, count: usize) -> Vec<u8> {
    fn cycle<T: Copy>(values: &[T], count: usize, bytes: impl Fn(T) -> Vec<u8>) -> Vec<u8> {
        (0..count).flat_map(|i| bytes(values[i % values.len()])).collect()
    }
    match voxel {
        Type::F32 => cycle(&[0.0, -0.0, 1.5, f32::MIN, f32::MAX, f32::INFINITY, f32::MIN_POSITIVE / 4.0, 16_777_217.0], count, |v| v.to_ne_bytes().to_vec()),
        Type::F64 => cycle(&[0.0, -0.0, 1.5, f64::MIN, f64::NEG_INFINITY, f64::NAN, 5e-324, 0.1], count, |v| v.to_ne_bytes().to_vec()),
        Type::I64 => cycle(&[0, -1, i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1], count, |v| v.to_ne_bytes().to_vec()),
        Type::U64 => cycle(&[0, 1, u64::MAX, (1 << 53) + 1, 1 << 63], count, |v| v.to_ne_bytes().to_vec()),
        _ => (0..count * voxel.bytes()).map(|i| (i * 37 + 11) as u8).collect(),
    }
}

fn case(voxel: Type, place: &(&str, Geometry), frames: usize, label: bool) -> Case {
    let mut header = Header::new(SHAPE, frames, voxel).unwrap();
    header.geometry = place.1.clone();
    if frames > 1 {
        header.frames = Frames { count: frames, axis: FrameAxis::Time, values: Vec::new() };
    }
    if label {
        header.quantity = Quantity::certain(QuantityKind::Label, "a test");
    }
    let what = format!("{voxel} {} {frames} {}", place.0, header.quantity.kind.name());
    let bytes = bytes_of(voxel, header.voxels() * frames);
    Case { what, header, bytes }
}

/// Every type, every place, frames and labels; every type of two places, so that all pairs take seconds.
fn cases() -> Vec<Case> {
    let places = geometries();
    let mut cases: Vec<Case> = Type::ALL.into_iter().enumerate().map(|(i, t)| case(t, &places[i % 5], 1, false)).collect();
    cases.extend(places.iter().map(|place| case(Type::U16, place, 1, true)));
    cases.extend([Type::I16, Type::F32, Type::Rgb8].into_iter().zip(&places).map(|(t, place)| case(t, place, 3, false)));
    cases
}

/// Writes one, or says why not.
fn write(path: &Path, header: &Header, bytes: &[u8]) -> isovox_volume::Result<()> {
    let target = Target { path: path.to_path_buf(), force: false, provenance: Some("{\"isovox\":\"0\",\"steps\":[]}".into()) };
    let sink = isovox_formats::create(&target, header)?;
    for (i, plane) in bytes.chunks(header.plane_bytes()).enumerate() {
        sink.write(i / header.nz(), i % header.nz()..i % header.nz() + 1, plane)?;
    }
    sink.finish().map(|_| ())
}

/// Writes and opens; `None` where the format refuses, which it must do with a next step and leaving nothing.
fn through(folder: &Path, name: &str, header: &Header, bytes: &[u8], what: &str) -> Option<Scan> {
    let path: PathBuf = folder.join(name);
    let parent = path.parent().unwrap();
    std::fs::create_dir_all(parent).unwrap();
    let before = std::fs::read_dir(parent).unwrap().count();
    if let Err(error) = write(&path, header, bytes) {
        assert!(matches!(error.kind(), Kind::Unsupported | Kind::Geometry | Kind::Value), "{what} as {name}: {error}");
        assert!(error.next_step().is_some(), "{what} as {name}: {error}");
        assert_eq!(std::fs::read_dir(parent).unwrap().count(), before, "{what} as {name} leaves something");
        return None;
    }
    let opened = if name.contains('#') { parent.to_path_buf() } else { path };
    Some(isovox_formats::open(&[opened], &OpenOptions::default()).unwrap_or_else(|e| panic!("{what} as {name}: {e}")))
}

/// What is opened is what was written, but for what the format says that it does not keep.
#[track_caller]
fn same(scan: &Scan, header: &Header, bytes: &[u8], name: &str, what: &str) {
    let found = scan.source.header();
    assert_eq!((found.shape, found.frames.count, found.voxel), (header.shape, header.frames.count, header.voxel), "{what} as {name}");
    assert!(voxels(scan).unwrap() == bytes, "{what} as {name}: other values");
    let format = format_for(Path::new(name)).unwrap();
    // Without room for provenance the command writes it beside the file.
    if !format.embeds() {
        return;
    }
    let lost = format.loses(header).unwrap_or_default();
    let (place, wanted) = (&found.geometry, &header.geometry);
    assert_eq!(place.space(), wanted.space(), "{what} as {name}");
    if lost.contains("origin") {
        assert_eq!(place.spacing().map(|s| s.map(|v| v as f32)), wanted.spacing().map(|s| s.map(|v| v as f32)), "{what} as {name}");
    } else {
        assert!(place.near(wanted, SHAPE), "{what} as {name}: {place:?}, not {wanted:?}");
    }
    if header.quantity.kind == QuantityKind::Label {
        assert_eq!((found.quantity.kind, found.quantity.certain), (QuantityKind::Label, Certainty::Certain), "{what} as {name}");
    }
    // NIfTI's fourth dimension is time by its definition, whatever was known of it.
    if header.frames.count > 1 && header.frames.axis != FrameAxis::Unknown && !lost.contains("frames") {
        assert_eq!(found.frames.axis, header.frames.axis, "{what} as {name}");
    }
}

#[test]
fn all_pairs_of_formats() {
    let (mut written, mut refused) = (0, 0);
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        for from in NAMES {
            let Some(scan) = through(&folder.path().join("from"), from, &case.header, &case.bytes, &case.what) else {
                refused += 1;
                continue;
            };
            same(&scan, &case.header, &case.bytes, from, &case.what);
            let (header, bytes) = (scan.source.header().clone(), voxels(&scan).unwrap());
            for to in NAMES {
                let what = format!("{} from {from}", case.what);
                let within = folder.path().join(format!("{} {to}", from.replace('/', "_")).replace('/', "_"));
                match through(&within, to, &header, &bytes, &what) {
                    Some(again) => {
                        same(&again, &header, &bytes, to, &what);
                        written += 1;
                    }
                    None => refused += 1,
                }
            }
        }
    }
    println!("{written} round trips, {refused} refusals");
    assert!(written > 1500 && refused > 50, "{written} round trips, {refused} refusals");
}
