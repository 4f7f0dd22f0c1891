use std::io::Write;

use isovox_volume::{Kind, Result, Type};

use super::super::slice::{File, read};
use super::super::stored::Scratch;
use super::super::tests::{opened, opened_as, pulled, words};
use crate::format::Given;
use crate::input::Input;
use crate::open::{OpenOptions, Padding, open_given};
use isovox_testing::dicom::{EXPLICIT, Element, ct, encoded, file, fragments, short, text, with, without};

const RLE: &str = "1.2.840.10008.1.2.5";
const DEFLATED_FRAMES: &str = "1.2.840.10008.1.2.8.1";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Frames of `columns` x `rows` pixels, with what else describes them.
fn image([columns, rows]: [u16; 2], frames: usize, bits: u16, more: &[Element]) -> Vec<Element> {
    let basic = ct(0.0, 1, [columns, rows], &[]);
    let basic = [short(0x28, 0x100, bits), short(0x28, 0x101, bits), short(0x28, 0x102, bits - 1), short(0x28, 0x103, 0)].into_iter().fold(basic, with);
    let basic = with(without(without(without(basic, 0x28, 0x1052), 0x28, 0x1053), 0x7FE0, 0x10), text(0x28, 8, "IS", &frames.to_string()));
    more.iter().cloned().fold(with(basic, text(8, 0x60, "CS", "OT")), with)
}

/// The samples of every frame.
fn samples(bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
    let File::Images(slices) = read(&Input::bytes("f", bytes))? else { unreachable!("images") };
    let slice = &slices[0];
    slice.stored.check()?;
    let mut scratch = Scratch::default();
    let frame = |i| {
        let mut out = vec![0; slice.stored.layout().bytes()];
        slice.stored.samples(i, &mut scratch, &mut out).map(|()| out)
    };
    (0..slice.stored.frames).map(frame).collect()
}

fn pixels(vr: [u8; 2], bytes: &[u8]) -> Element {
    (0x7FE0, 0x10, vr, bytes.to_vec())
}

/// A frame of three bytes as RLE.
fn run_lengths(bytes: [u8; 3]) -> Vec<u8> {
    let mut stream = vec![1, 0, 0, 0, 64, 0, 0, 0];
    stream.resize(64, 0);
    stream.push(2);
    stream.extend(bytes);
    stream
}

#[test]
fn frames_lie_at_any_bit() {
    // By hand: frames of 3 x 1 bits, 101 011 110, the lowest bit first.
    let bits = image([3, 1], 3, 1, &[pixels(*b"OB", &[0b1011_0101, 0b0000_0001])]);
    assert_eq!(samples(file(EXPLICIT, &bits)).unwrap(), [[1, 0, 1], [0, 1, 1], [0, 1, 1]]);
    let short = image([3, 1], 6, 1, &[pixels(*b"OB", &[0, 0])]);
    assert_eq!(samples(file(EXPLICIT, &short)).err().map(|e| e.kind()), Some(Kind::Corrupt));
}

#[test]
fn planes_of_colours_become_pixels() {
    let colour = |planar, bytes: &[u8]| image([2, 1], 1, 8, &[short(0x28, 2, 3), short(0x28, 6, planar), text(0x28, 4, "CS", "RGB"), pixels(*b"OB", bytes)]);
    assert_eq!(samples(file(EXPLICIT, &colour(0, &[1, 2, 3, 4, 5, 6]))).unwrap(), [[1, 2, 3, 4, 5, 6]]);
    assert_eq!(samples(file(EXPLICIT, &colour(1, &[1, 4, 2, 5, 3, 6]))).unwrap(), [[1, 2, 3, 4, 5, 6]]);
    let scan = opened(&[colour(1, &[1, 4, 2, 5, 3, 6])]).unwrap();
    assert_eq!((scan.source.header().voxel, pulled(&scan).unwrap()), (Type::Rgb8, vec![1, 2, 3, 4, 5, 6]));
}

#[test]
fn pairs_share_their_chroma() {
    let shared = image([2, 1], 2, 8, &[short(0x28, 2, 3), text(0x28, 4, "CS", "YBR_FULL_422"), pixels(*b"OB", &[10, 20, 128, 129, 30, 40, 1, 2])]);
    assert_eq!(samples(file(EXPLICIT, &shared)).unwrap(), [[10, 128, 129, 20, 128, 129], [30, 1, 2, 40, 1, 2]]);
}

#[test]
fn big_endian_words_of_every_width() {
    // The library of these files writes little-endian: headers turned by hand, two bytes or four at a time.
    let turned = |bits: u16, vr: [u8; 2], bytes: &[u8]| {
        let elements = image([2, 1], 1, bits, &[pixels(vr, bytes)]);
        let little = file(BIG_ENDIAN, &[]);
        let data: Vec<u8> = {
            let mut e = elements;
            e.sort_by_key(|e| (e.0, e.1));
            e
        }
        .iter()
        .flat_map(big)
        .collect();
        samples([little, data].concat()).unwrap().concat()
    };
    assert_eq!(turned(16, *b"OW", &[1, 2, 3, 4]), [0x0102u16.to_ne_bytes(), 0x0304u16.to_ne_bytes()].concat());
    assert_eq!(turned(32, *b"OW", &[1, 2, 3, 4, 0, 0, 0, 9]), [0x0102_0304_u32.to_ne_bytes(), 9u32.to_ne_bytes()].concat());
    assert_eq!(turned(8, *b"OB", &[7, 8]), [7, 8]);
    // Bytes within words of two: the first is the lower.
    assert_eq!(turned(8, *b"OW", &[8, 7]), [7, 8]);
}

/// An element with its header and numbers of 16 bits big-endian.
fn big(element: &Element) -> Vec<u8> {
    let (group, number, vr, value) = element;
    let value = if vr == b"US" { value.iter().rev().copied().collect() } else { value.clone() };
    let mut bytes = encoded(&(*group, *number, *vr, value), true);
    let long = [b"OB", b"OW", b"SQ", b"UN", b"UT"].contains(&vr);
    bytes[..2].reverse();
    bytes[2..4].reverse();
    let length = if long { 8..12 } else { 6..8 };
    bytes[length].reverse();
    bytes
}

#[test]
fn fragments_with_and_without_tables() {
    let frames: Vec<Vec<u8>> = [[1, 2, 3], [4, 5, 6]].map(run_lengths).to_vec();
    let image = file(RLE, &image([3, 1], 2, 8, &[]));
    let of = |parts: &[&[u8]]| samples([image.clone(), fragments(parts)].concat());
    let expected = vec![vec![1, 2, 3], vec![4, 5, 6]];
    assert_eq!(of(&[&[], &frames[0], &frames[1]]).unwrap(), expected);
    let table = [0u32.to_le_bytes(), (8 + frames[0].len() as u32).to_le_bytes()].concat();
    assert_eq!(of(&[&table, &frames[0], &frames[1]]).unwrap(), expected);
    // Each frame in two, the table alone tells which.
    let table = [0u32.to_le_bytes(), (16 + frames[0].len() as u32).to_le_bytes()].concat();
    assert_eq!(of(&[&table, &frames[0][..40], &frames[0][40..], &frames[1][..64], &frames[1][64..]]).unwrap(), expected);
    // A table of nonsense is not used.
    assert_eq!(of(&[&[9; 8], &frames[0], &frames[1]]).unwrap(), expected);
    assert_eq!(of(&[&[], &frames[0]]).err().map(|e| e.kind()), Some(Kind::Corrupt));
    let mut cut = [image.clone(), fragments(&[&[], &frames[0], &frames[1]])].concat();
    cut.truncate(cut.len() - 20);
    assert_eq!(samples(cut).err().map(|e| e.kind()), Some(Kind::Corrupt));
}

#[test]
fn an_extended_table() {
    let frames: Vec<Vec<u8>> = [[1, 2, 3], [4, 5, 6]].map(run_lengths).to_vec();
    let table = [0u64.to_le_bytes(), (16 + frames[0].len() as u64).to_le_bytes()].concat();
    let head = file(RLE, &image([3, 1], 2, 8, &[]));
    let mut table_element = vec![0xE0, 0x7F, 1, 0, b'O', b'V', 0, 0, 16, 0, 0, 0];
    table_element.extend(table);
    let parts = fragments(&[&[], &frames[0][..50], &frames[0][50..], &frames[1]]);
    assert_eq!(samples([head, table_element, parts].concat()).unwrap(), [[1, 2, 3], [4, 5, 6]]);
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn deflated_frames_and_data_sets() {
    let head = file(DEFLATED_FRAMES, &image([3, 1], 2, 1, &[]));
    let parts = fragments(&[&[], &deflated(&[0b101]), &deflated(&[0b110])]);
    assert_eq!(samples([head, parts].concat()).unwrap(), [[1, 0, 1], [0, 1, 1]]);
    let data: Vec<u8> = {
        let mut e = image([3, 1], 2, 8, &[pixels(*b"OB", &[1, 2, 3, 4, 5, 6])]);
        e.sort_by_key(|e| (e.0, e.1));
        e
    }
    .iter()
    .flat_map(|e| encoded(e, true))
    .collect();
    let whole = [file(DEFLATED, &[]), deflated(&data)].concat();
    assert_eq!(samples(whole.clone()).unwrap(), [[1, 2, 3], [4, 5, 6]]);
    assert!(samples(whole[..whole.len() - 12].to_vec()).is_err());
}

#[test]
fn a_bomb_is_refused_before_it_bursts() {
    let mut data: Vec<u8> = image([60000, 60000], 1, 16, &[]).iter().flat_map(|e| encoded(e, true)).collect();
    data.extend([0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0, 0, 0, 0x80]);
    let bomb = [file(DEFLATED, &[]), deflated(&data)].concat();
    assert_eq!(samples(bomb).err().map(|e| e.kind()), Some(Kind::Corrupt));
}

#[test]
fn palettes_give_colours() {
    let lut = |n: u16, bytes: &[u8]| (0x28, 0x1201 + n, *b"OW", bytes.to_vec());
    let descriptor = |n: u16| (0x28, 0x1101 + n, *b"US", [3u16, 10, 16].iter().flat_map(|v| v.to_le_bytes()).collect());
    let more = [
        text(0x28, 4, "CS", "PALETTE COLOR"),
        descriptor(0),
        descriptor(1),
        descriptor(2),
        lut(0, &[0, 1, 0, 2, 0, 3]),
        lut(1, &[0, 4, 0, 5, 0, 6]),
        lut(2, &[0, 7, 0, 8, 255, 9]),
    ];
    let elements = with(image([4, 1], 1, 8, &more), pixels(*b"OB", &[9, 10, 11, 200]));
    let scan = opened(&[elements]).unwrap();
    assert_eq!((scan.source.header().voxel, pulled(&scan).unwrap()), (Type::Rgb8, vec![1, 4, 7, 1, 4, 7, 2, 5, 8, 3, 6, 9]));
}

#[test]
fn a_modality_table_stands_for_slope_and_intercept() {
    let item: Vec<u8> = [
        (0x28, 0x3002, *b"SS", [3i16, -1, 16].iter().flat_map(|v| v.to_le_bytes()).collect()),
        text(0x28, 0x3004, "LO", "OD"),
        (0x28, 0x3006, *b"OW", [7u16, 8, 60000].iter().flat_map(|v| v.to_le_bytes()).collect()),
    ]
    .iter()
    .flat_map(|e: &Element| encoded(e, true))
    .collect();
    let sequence = [&[0xFE, 0xFF, 0, 0xE0][..], &(item.len() as u32).to_le_bytes(), &item].concat();
    let more = [(0x28, 0x3000, *b"SQ", sequence), short(0x28, 0x103, 1), pixels(*b"OW", &[-5i16, -1, 0, 9].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())];
    let scan = opened(&[image([4, 1], 1, 16, &more)]).unwrap();
    let header = scan.source.header();
    assert_eq!((header.voxel, header.quantity.unit.as_deref()), (Type::U16, Some("OD")));
    assert_eq!(words(&scan).iter().map(|&v| v as u16).collect::<Vec<_>>(), [7, 7, 8, 60000]);
}

#[test]
fn doses_have_their_unit() {
    let more = [text(0x3004, 0x0E, "DS", "0.5"), text(0x3004, 2, "CS", "GY"), pixels(*b"OW", &[3, 0, 0, 0])];
    let scan = opened(&[image([1, 1], 1, 32, &more)]).unwrap();
    let header = scan.source.header();
    assert_eq!((header.voxel, header.quantity.unit.as_deref()), (Type::F64, Some("Gy")));
    assert_eq!(pulled(&scan).unwrap(), 1.5f64.to_ne_bytes());
}

#[test]
fn floating_point_pixels() {
    let float = |element: u16, vr: &[u8; 2], bytes: Vec<u8>| {
        let mut data = file(EXPLICIT, &image([2, 1], 1, 32, &[]));
        data.extend([0xE0, 0x7F, element as u8, 0, vr[0], vr[1], 0, 0]);
        data.extend((bytes.len() as u32).to_le_bytes());
        data.extend(bytes);
        let scan = open_given(Given::One(Input::bytes("f", data)), &OpenOptions::default()).unwrap();
        (scan.source.header().voxel, pulled(&scan).unwrap())
    };
    let single: Vec<u8> = [0.5f32, -1e30].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(float(8, b"OF", single.clone()), (Type::F32, single));
    let double: Vec<u8> = [0.1f64, 1e300].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(float(9, b"OD", double.clone()), (Type::F64, double));
}

#[test]
fn padding_is_named_counted_and_filled() {
    let o = -2000;
    let s = with(ct(0.0, 1, [3, 3], &[o, 5, -3000, 5, o, 5, 5, 5, o]), (0x28, 0x120, *b"SS", (-3000i16).to_le_bytes().to_vec()));
    let scan = opened(std::slice::from_ref(&s)).unwrap();
    assert!(scan.source.header().warnings.iter().any(|w| w.contains("PixelPaddingValue -3000") && w.contains("-4024")), "{:?}", scan.source.header().warnings);
    assert!(scan.source.found().is_empty());
    // By hand: two corners reach the border, the middle does not.
    assert_eq!(words(&scan)[..5], [-3024, -1019, -4024, -1019, -3024]);
    let found = scan.source.found().concat();
    assert!(found.contains("1 voxels are padding") && found.contains("2 voxels at the border"), "{found}");
    let filled = |padding| opened_as(std::slice::from_ref(&s), &OpenOptions { padding: Some(padding), ..OpenOptions::default() });
    assert_eq!(words(&filled(Padding::Air).unwrap()), [-1024, -1019, -1024, -1019, -3024, -1019, -1019, -1019, -1024]);
    assert_eq!(words(&filled(Padding::Value(7.0)).unwrap())[..3], [7, -1019, 7]);
    let air = filled(Padding::Air).unwrap();
    words(&air);
    let said = air.source.header().warnings.concat() + &air.source.found().concat();
    assert!(said.contains("are filled") && !said.contains("stay") && !said.contains("fills them"), "{said}");
    let range = opened(&[with(s.clone(), (0x28, 0x121, *b"SS", (-2500i16).to_le_bytes().to_vec()))]).unwrap();
    assert!(range.source.header().warnings.concat().contains("-3000 to -2500: such voxels are no measurement and stay as -4024 to -3524"));
    assert_eq!(filled(Padding::Value(0.5)).err().map(|e| e.kind()), Some(Kind::Parameter));
}

#[test]
fn stated_extremes_are_held_against_the_values() {
    let s = with(ct(0.0, 1, [3, 1], &[1, 2, 9]), (0x28, 0x107, *b"SS", 5i16.to_le_bytes().to_vec()));
    let scan = opened(&[s]).unwrap();
    pulled(&scan).unwrap();
    assert!(scan.source.found().concat().contains("f1: stored values are 1 to 9, its header says - to 5"), "{:?}", scan.source.found());
}

#[test]
fn words_of_a_wrong_syntax_are_read_as_they_are() {
    let s = ct(0.0, 1, [3, 1], &[1, 2, 9]);
    let scan = open_given(Given::One(Input::bytes("f", file("1.2.840.10008.1.2.4.80", &s))), &OpenOptions::default()).unwrap();
    assert_eq!(words(&scan), [1 - 1024, 2 - 1024, 9 - 1024]);
    assert!(scan.source.header().warnings.iter().any(|w| w.contains("uncompressed")), "{:?}", scan.source.header().warnings);
}
