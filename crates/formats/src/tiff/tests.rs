//! Each trap and each refusal, on files that the tests build.

use std::io::Write;
use std::sync::Arc;

use isovox_volume::{Error, FrameAxis, Frames, Geometry, Header, Kind, Result, Run, Source, Space, Type};

use super::Tiff;
use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::testing::voxels;

mod build;
mod lzw;

use build::Build;

impl Build {
    fn open(&self) -> Result<Scan> {
        open(self.file())
    }
}

fn open(file: Vec<u8>) -> Result<Scan> {
    open_with(file, &OpenOptions::default())
}

fn open_with(file: Vec<u8>, options: &OpenOptions) -> Result<Scan> {
    let input = Input::bytes("a.tif", file);
    let head = input.head(512)?;
    let given = Given::One(input);
    if !Tiff.recognises(&given, &head) {
        return Err(Error::unsupported("no TIFF"));
    }
    Tiff.open(given, options)
}

fn all(build: &Build) -> Vec<u8> {
    voxels(&build.open().unwrap()).unwrap()
}

fn refused(build: &Build) -> Error {
    match build.open().and_then(|s| voxels(&s)) {
        Ok(found) => panic!("opened: {found:?}"),
        Err(error) => error,
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn strips_and_pages_in_both_orders() {
    for big in [false, true] {
        let word = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let chunk = [word(1), word(258), word(3), word(65535)].concat();
        let mut build = Build { big, pages: 3, ..Build::new(2, 2, 16, &chunk) };
        let scan = build.open().unwrap();
        assert_eq!((scan.source.header().shape, scan.source.header().voxel), ([3, 2, 2], Type::U16));
        assert!(scan.source.lends(), "uncompressed pages are read in place");
        let one: Vec<u8> = [1u16, 258, 3, 65535].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(voxels(&scan).unwrap(), one.repeat(3));
        build.chunks = vec![deflate(&chunk[..4]), deflate(&chunk[4..])];
        assert_eq!(all(&build.clone().tag(259, 8).tag(278, 1)), one.repeat(3));
        build.chunks = vec![chunk[..4].to_vec(), chunk[4..].to_vec()];
        assert_eq!(all(&build.tag(278, 1)), one.repeat(3));
    }
}

#[test]
fn imagej_stack_behind_one_directory() {
    let mut build = Build { big: true, text: "ImageJ=1.53t\nimages=3\nslices=3\n", after: vec![2, 0, 2, 1, 3, 0, 3, 1], ..Build::new(2, 1, 16, &[1, 0, 1, 1]) };
    let scan = build.open().unwrap();
    assert_eq!(scan.source.header().shape, [3, 1, 2]);
    let words: Vec<u8> = [256u16, 257, 512, 513, 768, 769].iter().flat_map(|v| v.to_ne_bytes()).collect();
    assert_eq!(voxels(&scan).unwrap(), words);
    build.text = "ImageJ=1.53t\nimages=3\nchannels=3\n";
    assert_eq!(build.open().unwrap().source.header().frames.axis, FrameAxis::Channel);
    build.text = "ImageJ=1.53t\nimages=9999\n";
    assert_eq!(refused(&build).kind(), Kind::Corrupt);
    build.text = "ImageJ=1.53t\nimages=18446744073709551615\n";
    assert_eq!(refused(&build).kind(), Kind::Corrupt);
    build.text = "ImageJ=1.53t\nimages=3\n";
    assert_eq!(refused(&build.tag(259, 5)).kind(), Kind::Unsupported);
}

#[test]
fn hyperstacks_become_frames() {
    let mut build = Build { pages: 6, text: "ImageJ=1.53t\nimages=6\nslices=3\nframes=2\n", ..Build::new(1, 1, 8, &[7]) };
    let scan = build.open().unwrap();
    assert_eq!((scan.source.header().nz(), scan.source.header().frames.count, scan.source.header().frames.axis), (3, 2, FrameAxis::Time));
    build.text = "ImageJ=1.53t\nimages=6\nchannels=3\nframes=2\n";
    assert_eq!(refused(&build).kind(), Kind::Unsupported);
    build.text = "ImageJ=1.53t\nimages=5\nslices=5\n";
    let scan = build.open().unwrap();
    assert!(scan.source.header().nz() == 6 && scan.source.header().warnings[0].contains("6 planes"));
    build.text = "{\"shape\": [2, 3, 1, 1]}";
    assert_eq!(build.open().unwrap().source.header().frames.count, 2);
    build.text = "{\"shape\": [250, 250]}";
    assert_eq!(build.open().unwrap().source.header().frames.count, 1);
}

#[test]
fn white_is_zero_is_kept_or_inverted() {
    let build = Build::new(4, 1, 4, &[0x0f, 0x37]).tag(262, 0);
    let scan = build.open().unwrap();
    assert_eq!(voxels(&scan).unwrap(), [0, 15, 3, 7]);
    assert!(scan.source.header().warnings[0].contains("MinIsWhite"));
    let options = OpenOptions { white_is_zero: true, ..OpenOptions::default() };
    let inverted = open_with(build.file(), &options).unwrap();
    assert_eq!(voxels(&inverted).unwrap(), [15, 0, 12, 8]);
    assert!(inverted.source.header().warnings.is_empty());
    let bytes = open_with(Build::new(2, 1, 8, &[0, 200]).tag(262, 0).file(), &options).unwrap();
    assert_eq!(voxels(&bytes).unwrap(), [255, 55]);
    assert!(open_with(Build::new(1, 1, 32, &[0; 4]).tag(339, 3).file(), &options).is_err());
}

#[test]
fn bits_are_unpacked_row_by_row() {
    assert_eq!(all(&Build::new(3, 2, 1, &[0b1010_0000, 0b0110_0000])), [1, 0, 1, 0, 1, 1]);
    assert_eq!(all(&Build::new(3, 2, 1, &[0b0000_0101, 0b0000_0110]).tag(266, 2)), [1, 0, 1, 0, 1, 1]);
    assert_eq!(refused(&Build::new(2, 1, 12, &[0; 3]).tag(259, 8).tag(317, 2)).kind(), Kind::Unsupported);
}

#[test]
fn samples_become_colours_or_frames() {
    let colours = Build::new(2, 1, 8, &[1, 2, 3, 4, 5, 6]).tag(277, 3).tag(262, 2);
    assert_eq!(colours.open().unwrap().source.header().voxel, Type::Rgb8);
    assert_eq!(all(&colours), [1, 2, 3, 4, 5, 6]);
    let mut separate = colours.clone().tag(284, 2);
    separate.chunks = vec![vec![1, 4], vec![2, 5], vec![3, 6]];
    assert_eq!(all(&separate), [1, 2, 3, 4, 5, 6]);
    let alpha = Build::new(2, 1, 8, &[1, 2, 3, 9, 4, 5, 6, 8]).tag(277, 4).tag(262, 2);
    let scan = alpha.open().unwrap();
    assert_eq!((scan.source.header().frames.count, scan.source.header().frames.axis), (4, FrameAxis::Channel));
    assert_eq!(voxels(&scan).unwrap(), [1, 4, 2, 5, 3, 6, 9, 8]);
    assert_eq!(refused(&alpha.tag(262, 6)).kind(), Kind::Unsupported);
}

#[test]
fn tiles_and_deep_tiles() {
    let mut build = Build::new(3, 2, 8, &[]).tag(322, 2).tag(323, 2).tag(259, 32946);
    build.chunks = vec![deflate(&[1, 2, 4, 5]), deflate(&[3, 0, 6, 0])];
    assert_eq!(all(&build), [1, 2, 3, 4, 5, 6]);
    let mut deep = build.clone().tag(32997, 3).tag(32998, 2);
    let tile = |first: u8| deflate(&(first..first + 8).collect::<Vec<u8>>());
    deep.chunks = vec![tile(0), tile(10), tile(20), tile(30)];
    let scan = deep.open().unwrap();
    assert_eq!(scan.source.header().shape, [3, 2, 3]);
    assert_eq!(voxels(&scan).unwrap(), [0, 1, 10, 2, 3, 12, 4, 5, 14, 6, 7, 16, 20, 21, 30, 22, 23, 32]);
    deep.chunks.pop();
    assert_eq!(refused(&deep).kind(), Kind::Corrupt);
}

#[test]
fn what_is_not_read_is_named() {
    for (compression, name) in [(2, "fax"), (7, "JPEG"), (34887, "LERC"), (50002, "JPEG XL"), (12345, "unknown")] {
        let error = refused(&Build::new(1, 1, 8, &[0]).tag(259, compression));
        assert!(error.kind() == Kind::Unsupported && error.to_string().contains(name), "{error}");
    }
    assert!(refused(&Build::new(1, 1, 8, &[0]).tag(339, 5)).to_string().contains("complex"));
    assert_eq!(refused(&Build::new(1, 1, 48, &[0; 6])).kind(), Kind::Unsupported);
    let mut several = Build::new(1, 1, 8, &[0]);
    several.text = "<?xml version=\"1.0\"?><OME><Pixels SizeC=\"2\" SizeT=\"1\" SizeZ=\"1\"/></OME>";
    assert!(refused(&several).to_string().contains("channels"));
}

#[test]
fn lies_are_refused() {
    let build = Build::new(2, 2, 8, &[1, 2, 3, 4]);
    assert_eq!(refused(&Build { looped: true, ..build.clone() }).kind(), Kind::Corrupt);
    for (tag, value) in [(256, 0), (257, 0), (256, 3), (257, 60_000), (278, 0), (278, 1)] {
        assert_eq!(refused(&build.clone().tag(tag, value)).kind(), Kind::Corrupt, "tag {tag} = {value}");
    }
    let mut huge = build.clone();
    huge.tags[0] = (256, 4, vec![u64::from(u32::MAX)]);
    huge.tags[1] = (257, 4, vec![u64::from(u32::MAX)]);
    assert_eq!(refused(&huge).kind(), Kind::Corrupt);
    let bomb = Build::new(60_000, 60_000, 8, &deflate(&[0; 100])).tag(259, 8);
    assert_eq!(refused(&bomb).kind(), Kind::Corrupt);
    assert_eq!(refused(&Build::new(2, 2, 8, &deflate(&[1, 2, 3])).tag(259, 8)).kind(), Kind::Corrupt);
    let mut missing = build.clone();
    missing.tags.remove(0);
    assert_eq!(refused(&missing).kind(), Kind::Corrupt);
}

#[test]
fn mixed_pages_are_refused() {
    let (first, second) = (Build::new(2, 1, 8, &[1, 2]).file(), Build::new(1, 1, 8, &[3]).file());
    // The second file's directory is moved behind the first's.
    let mut file = first.clone();
    let entry = file.len();
    let ifd = u32::from_le_bytes(second[4..8].try_into().unwrap()) as usize;
    let at = file.len() - 4;
    file[at..].copy_from_slice(&(entry as u32).to_le_bytes());
    file.extend(&second[ifd..]);
    let error = open(file).err().unwrap();
    assert!(error.to_string().contains("page 2") && error.kind() == Kind::Unsupported, "{error}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let mut build = Build { pages: 2, text: "ImageJ=1\nimages=2\nslices=2\n", ..Build::new(2, 2, 16, &[1; 8]) }.tag(278, 1);
    build.chunks = vec![vec![1; 4], vec![2; 4]];
    let whole = build.file();
    assert!(open(whole.clone()).and_then(|s| voxels(&s)).is_ok());
    for len in 0..whole.len() {
        assert!(open(whole[..len].to_vec()).and_then(|s| voxels(&s)).is_err(), "{len} of {} bytes", whole.len());
    }
}

#[test]
fn damage_gives_errors_or_values_never_panics() {
    let mut build = Build { pages: 2, ..Build::new(5, 3, 8, &[]) }.tag(322, 2).tag(323, 2).tag(259, 8);
    build.chunks = (0..6).map(|i| deflate(&[i; 4])).collect();
    let whole = build.file();
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut file = whole.clone();
            file[at] = value;
            let _ = open(file).and_then(|s| if s.source.header().bytes() < 1 << 24 { voxels(&s) } else { Ok(Vec::new()) });
        }
    }
}

fn stated(text: &'static str, x: (u64, u64), unit: u64) -> Header {
    let mut build = Build { pages: 2, text, ..Build::new(1, 1, 8, &[0]) }.tag(296, unit);
    build.tags.push((282, 5, vec![x.0 << 32 | x.1]));
    build.tags.push((283, 5, vec![x.0 << 32 | x.1]));
    build.open().unwrap().source.header().clone()
}

#[test]
fn only_a_stated_unit_gives_a_scale() {
    let local = |h: &Header| h.geometry.spacing().unwrap();
    assert_eq!(local(&stated("ImageJ=1\nimages=2\nslices=2\nunit=micrometer\n", (1, 1), 1)), [0.001; 3]);
    assert_eq!(local(&stated("ImageJ=1\nimages=2\nslices=2\nunit=mm\nspacing=-0.25\n", (10, 1), 1)), [0.1, 0.1, 0.25]);
    assert_eq!(local(&stated("ImageJ=1\nimages=2\nslices=2\nunit=\\u00B5m\nspacing=2\nzunit=mm\n", (1, 2), 1)), [0.002, 0.002, 2.0]);
    for (text, x, unit, warning) in [
        ("ImageJ=1\nimages=2\nslices=2\nunit=inch\n", (100, 1), 2, "100 pixels per inch is a print resolution"),
        ("ImageJ=1\nimages=2\nslices=2\nunit=\nspacing=1.95\n", (512, 1000), 1, "empty unit"),
        ("ImageJ=1\nimages=2\nslices=2\nunit=pixel\nspacing=3\n", (1, 1), 1, "the unit \"pixel\""),
        ("ImageJ=1\nimages=2\nslices=2\nunit=mm\n", (0, 1), 1, "without a resolution"),
        ("", (72, 1), 2, "72 pixels per inch is a print resolution"),
        ("", (2000, 1), 3, "no distance between slices"),
        ("ImageJ=1\nimages=2\nslices=2\n", (1, 1), 2, ""),
        ("", (5, 0), 2, ""),
    ] {
        let header = stated(text, x, unit);
        assert_eq!(header.geometry.space(), Space::Voxel, "{text}");
        assert!(if warning.is_empty() { header.warnings.is_empty() } else { header.warnings[0].contains(warning) }, "{text}: {:?}", header.warnings);
    }
}

fn written(header: &Header, bytes: &[u8], provenance: Option<&str>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let target = Target { path: folder.path().join("a.tif"), force: false, provenance: provenance.map(String::from) };
    let sink = Tiff.create(&target, header).unwrap();
    let frame = header.voxels() * header.voxel.bytes();
    for f in (0..header.frames.count).rev() {
        let (first, rest) = bytes[f * frame..][..frame].split_at(header.plane_bytes());
        sink.write(f, 1..header.nz(), rest).unwrap();
        sink.write(f, 0..1, first).unwrap();
    }
    assert_eq!(sink.finish().unwrap(), std::slice::from_ref(&target.path));
    std::fs::read(target.path).unwrap()
}

#[test]
fn every_type_reads_back() {
    for voxel in Type::ALL {
        let mut header = Header::new([3, 4, 5], 1, voxel).unwrap();
        header.geometry = Geometry::local([0.0053, 0.0053, 0.011]).unwrap();
        let bytes: Vec<u8> = (0..header.bytes()).map(|i| (i * 37 % 120) as u8).collect();
        let file = written(&header, &bytes, None);
        assert_eq!(file, written(&header, &bytes, None), "two runs give equal files");
        let scan = open(file).unwrap();
        assert_eq!((scan.source.header().voxel, scan.source.header().shape), (voxel, [3, 4, 5]));
        assert_eq!(scan.source.header().geometry, header.geometry);
        assert!(scan.source.header().warnings.is_empty());
        assert_eq!(voxels(&scan).unwrap(), bytes);
    }
}

#[test]
fn frames_places_and_provenance_read_back() {
    for axis in [FrameAxis::Time, FrameAxis::Channel, FrameAxis::Echo, FrameAxis::Unknown] {
        let mut header = Header::new([2, 2, 3], 3, Type::I16).unwrap();
        header.frames = Frames { count: 3, axis, values: vec![0.5, 1.0, 7.0] };
        let (s, c) = (0.6, 0.8);
        header.geometry = Geometry::new(Space::Patient, [[0.7 * c, -0.7 * s, 0.1, -10.5], [0.7 * s, 0.7 * c, 0.0, 20.25], [0.0, 0.0, 2.5, 1e-3], [0.0, 0.0, 0.0, 1.0]]).unwrap();
        let bytes: Vec<u8> = (0..header.bytes()).map(|i| i as u8).collect();
        let scan = open(written(&header, &bytes, Some("{\"isovox\": \"1\",\n\"command\": [\"a\"]}"))).unwrap();
        let back = scan.source.header();
        assert_eq!((&back.frames, &back.geometry), (&header.frames, &header.geometry));
        assert_eq!(voxels(&scan).unwrap(), bytes);
        assert_eq!(scan.provenance.unwrap()["command"][0], "a");
    }
    let plain = Header::new([2, 2, 3], 1, Type::U8).unwrap();
    let scan = open(written(&plain, &[3; 12], None)).unwrap();
    assert_eq!(scan.source.header().geometry.space(), Space::Voxel);
}

#[test]
fn what_a_tiff_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let header = Header::new([2, 2, 2], 1, Type::U8).unwrap();
    let target = |name: &str| Target { path: folder.path().join(name), force: false, provenance: None };
    assert_eq!(Tiff.create(&target("a.ome.tif"), &header).err().unwrap().kind(), Kind::Unsupported);
    let mut gaps = header.clone();
    gaps.verdict.problems.push(isovox_volume::Problem::Gaps);
    assert_eq!(Tiff.holds(&gaps).unwrap_err().kind(), Kind::Geometry);
    drop(Tiff.create(&target("b.tif"), &header).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a dropped sink leaves nothing");
}

#[test]
fn planes_can_be_had_in_any_order_and_by_several() {
    let mut build = Build { pages: 4, ..Build::new(2, 1, 8, &[]) }.tag(259, 8);
    build.chunks = vec![deflate(&[5, 6])];
    let source: Arc<dyn Source> = build.open().unwrap().source;
    let run = Run::here();
    let mut cursors = [source.open(&run, 0, 2..4).unwrap(), source.open(&run, 0, 0..2).unwrap()];
    for z in 0..2 {
        assert_eq!(cursors[0].pull(2 + z..3 + z).unwrap().data.bytes(), [5, 6]);
        assert_eq!(cursors[1].pull(z..z + 1).unwrap().data.bytes(), [5, 6]);
    }
    assert!(source.flight(4) >= 8);
}

#[test]
fn orientations_turn_planes() {
    let stored = [1, 2, 3, 4, 5, 6];
    let seen: [(u64, [usize; 3], [u8; 6]); 9] = [
        (1, [2, 2, 3], stored),
        (2, [2, 2, 3], [3, 2, 1, 6, 5, 4]),
        (3, [2, 2, 3], [6, 5, 4, 3, 2, 1]),
        (4, [2, 2, 3], [4, 5, 6, 1, 2, 3]),
        (5, [2, 3, 2], [1, 4, 2, 5, 3, 6]),
        (6, [2, 3, 2], [4, 1, 5, 2, 6, 3]),
        (7, [2, 3, 2], [6, 3, 5, 2, 4, 1]),
        (8, [2, 3, 2], [3, 6, 2, 5, 1, 4]),
        (9, [2, 2, 3], stored),
    ];
    for (number, shape, plane) in seen {
        let build = Build { pages: 2, ..Build::new(3, 2, 8, &stored) }.tag(274, number);
        let scan = build.open().unwrap();
        assert_eq!((scan.source.header().shape, scan.source.lends()), (shape, number % 8 == 1), "{number}");
        assert_eq!(voxels(&scan).unwrap(), plane.repeat(2), "{number}");
        let packed = Build { chunks: vec![deflate(&stored)], ..build }.tag(259, 8);
        assert_eq!(all(&packed), plane.repeat(2), "{number}");
    }
}

#[test]
fn orientations_turn_channels_and_resolutions() {
    // Two pixels beside each other of two channels, seen one below the other; 10 and 20 pixels a centimetre.
    let mut build = Build { text: "ImageJ=1.53t\nspacing=2\nunit=mm\n", ..Build::new(2, 1, 8, &[1, 2, 3, 4]) }.tag(277, 2).tag(274, 6).tag(296, 3);
    build.tags.extend([(282, 5, vec![10 << 32 | 1]), (283, 5, vec![20 << 32 | 1])]);
    let scan = build.open().unwrap();
    assert_eq!((scan.source.header().shape, scan.source.header().frames.count), ([1, 2, 1], 2));
    assert_eq!(scan.source.header().meta["XResolution"], 20.0);
    assert_eq!(voxels(&scan).unwrap(), [1, 3, 2, 4]);
    let colours = Build::new(2, 1, 8, &[1, 2, 3, 4, 5, 6]).tag(277, 3).tag(262, 2).tag(274, 2);
    assert_eq!(all(&colours), [4, 5, 6, 1, 2, 3]);
}

#[test]
fn reduced_copies_are_left_out() {
    let file = |subtype: u64, width: u64, compression: u64| {
        let whole = Build { pages: 2, ..Build::new(2, 1, 8, &[1, 2]) }.file();
        let end = whole.len() - 4;
        Build::new(width, 1, 8, &[9, 9]).tag(254, subtype).tag(259, compression).behind(whole, end)
    };
    let scan = open(file(1, 1, 1)).unwrap();
    assert_eq!((scan.source.header().shape, voxels(&scan).unwrap()), ([2, 1, 2], vec![1, 2, 1, 2]));
    assert!(scan.source.header().warnings[0].contains("reduced copies"));
    // What is skipped need not be decodable.
    assert!(open(file(1, 1, 7)).is_ok());
    assert_eq!(open(file(1, 2, 1)).unwrap().source.header().shape, [3, 1, 2], "as large as the others: a plane");
    assert_eq!(open(file(0, 1, 1)).map(|_| ()).unwrap_err().kind(), Kind::Unsupported);
}
