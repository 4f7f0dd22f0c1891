//! Files that are not one plane each, and series that are not one plain volume.

use isovox_volume::{FrameAxis, Kind as Fault, QuantityKind, SliceRow, Type};

use super::tests::{opened, opened_as, pulled, slices, words};
use super::*;
use crate::open::{open, open_given};
use isovox_testing::dicom::{EXPLICIT, Element, csa as made_csa, ct, encoded, enhanced, file, sequence, short, text, with, without};

fn double(group: u16, element: u16, value: f64) -> Element {
    (group, element, *b"FD", value.to_le_bytes().to_vec())
}

fn long(group: u16, element: u16, value: u32) -> Element {
    (group, element, *b"UL", value.to_le_bytes().to_vec())
}

fn transform(slope: &str, intercept: &str) -> Element {
    sequence(0x28, 0x9145, &[vec![text(0x28, 0x1052, "DS", intercept), text(0x28, 0x1053, "DS", slope), text(0x28, 0x1054, "LO", "US")]])
}

/// Rows of a verdict that are no planes.
fn unused(scan: &Scan) -> Vec<SliceRow> {
    scan.source.header().verdict.slices.iter().filter(|s| s.reason.is_some()).cloned().collect()
}

#[test]
fn frames_of_an_enhanced_image_are_put_in_order() {
    let scan = opened(&[enhanced(&[5.0, 0.0, 2.5], [2, 1], &[1, 2, 3, 4, 5, 6], |_| vec![transform("1", "-1000")])]).unwrap();
    let header = scan.source.header();
    assert_eq!((header.shape, header.frames.count, header.verdict.uniform), ([3, 1, 2], 1, Some(true)));
    assert_eq!(words(&scan), [3, 4, 5, 6, 1, 2].map(|v| v - 1000));
    let affine = *header.geometry.affine().unwrap();
    assert_eq!(affine, [[0.5, 0.0, 0.0, -10.0], [0.0, 0.8, 0.0, -20.0], [0.0, 0.0, 2.5, 0.0], [0.0, 0.0, 0.0, 1.0]]);
    assert_eq!(header.verdict.slices.iter().map(|s| s.instance).collect::<Vec<_>>(), [Some(2), Some(3), Some(1)]);
}

#[test]
fn each_frame_has_its_own_slope() {
    let slopes = ["0.5", "2"];
    let scan = opened(&[enhanced(&[0.0, 1.0], [1, 1], &[10, 10], |n| vec![transform(slopes[n], "1")])]).unwrap();
    assert_eq!(scan.source.header().voxel, Type::F32);
    let bytes = pulled(&scan).unwrap();
    assert_eq!(bytes, [6f32, 21.0].iter().flat_map(|v| v.to_ne_bytes()).collect::<Vec<u8>>());
}

#[test]
fn frames_of_one_file_are_told_apart() {
    let index = |n: usize| sequence(0x20, 0x9111, &[vec![long(0x20, 0x9128, 2 - n as u32 / 2)]]);
    let scan = opened(&[enhanced(&[0.0, 5.0, 0.0, 5.0], [1, 1], &[3, 4, 1, 2], |n| vec![index(n)])]).unwrap();
    let header = scan.source.header();
    assert_eq!((header.shape, &header.frames), ([2, 1, 1], &Frames { count: 2, axis: FrameAxis::Time, values: vec![1.0, 2.0] }));
    assert_eq!(words(&scan), [1, 2, 3, 4]);
    let echo = |n: usize| sequence(0x18, 0x9114, &[vec![double(0x18, 0x9082, 10.0 + 5.0 * n as f64)]]);
    let frames = opened(&[enhanced(&[0.0, 0.0], [1, 1], &[1, 2], |n| vec![echo(n)])]).unwrap().source.header().frames.clone();
    assert_eq!((frames.axis, frames.values), (FrameAxis::Echo, vec![10.0, 15.0]));
}

#[test]
fn groups_that_are_not_as_many_as_frames_are_refused() {
    let one = enhanced(&[0.0, 1.0], [1, 1], &[1, 2], |_| Vec::new());
    for count in ["1", "3", "4000000000"] {
        let error = opened(&[with(one.clone(), text(0x28, 8, "IS", count))]).err().unwrap();
        assert_eq!(error.kind(), Fault::Corrupt, "{count}: {error}");
    }
    let many = with(slices(&[0.0]).remove(0), text(0x28, 8, "IS", "2000000000"));
    assert_eq!(opened(&[many]).err().map(|e| e.kind()), Some(Fault::Unsupported));
}

/// A sheet of 2x2 tiles of 2x1 pixels, three of them images, `z` upwards or downwards.
fn mosaic(z: f64, csa: bool) -> Vec<Element> {
    let sheet = ct(10.0, 1, [4, 2], &[1, 1, 2, 2, 3, 3, 0, 0]);
    let sheet = with(with(sheet, text(8, 8, "CS", "ORIGINAL\\PRIMARY\\M\\MOSAIC")), text(0x18, 0x88, "DS", "4"));
    let header = made_csa(&[("NumberOfImagesInMosaic", &["3"]), ("SliceNormalVector", &["0", "0", &z.to_string()])]);
    let sheet = without(without(sheet, 0x29, 0x10), 0x29, 0x1001);
    let matrix = (0x18, 0x1310, *b"US", [2u16, 0, 0, 2].iter().flat_map(|v| v.to_le_bytes()).collect());
    if csa { with(with(sheet, text(0x29, 0x11, "LO", "SIEMENS CSA HEADER")), (0x29, 0x1110, *b"OB", header)) } else { with(sheet, matrix) }
}

#[test]
fn tiles_of_a_mosaic_are_slices() {
    for (z, values) in [(1.0, [1, 1, 2, 2, 3, 3]), (-1.0, [3, 3, 2, 2, 1, 1])] {
        let scan = opened(&[mosaic(z, true)]).unwrap();
        let header = scan.source.header();
        assert_eq!((header.shape, words(&scan)), ([3, 1, 2], values.map(|v| v - 1024).to_vec()), "{z}");
        // The sheet is 2 pixels of 0.5 mm wider and one of 0.8 mm higher than a tile: half of that lies before its corner.
        let low = if z > 0.0 { 10.0 } else { 2.0 };
        assert_eq!(header.geometry.origin().unwrap(), [-9.5, -19.6, low]);
        assert_eq!(header.geometry.spacing().unwrap(), [0.5, 0.8, 4.0]);
    }
    let square = |e: Vec<Element>| with(with(e, short(0x28, 0x10, 4)), (0x7FE0, 0x10, *b"OW", (0..16u16).flat_map(u16::to_le_bytes).collect()));
    let scan = opened(&[square(mosaic(1.0, false))]).unwrap();
    assert_eq!(scan.source.header().shape, [4, 2, 2]);
    assert_eq!(words(&scan)[4..8], [2, 3, 6, 7].map(|v| v - 1024));
    let none = without(square(mosaic(1.0, false)), 0x18, 0x1310);
    assert_eq!(opened(&[none]).err().map(|e| e.kind()), Some(Fault::Unsupported));
}

#[test]
fn a_mosaic_that_has_lost_its_creators() {
    // Six tiles of nine, each a row of 2, on a sheet of 3 x 3.
    let stored: Vec<i16> = (0..18).map(|i| i / 6 * 3 + i % 6 / 2).collect();
    let sheet = with(ct(10.0, 1, [6, 3], &stored), text(8, 8, "CS", "ORIGINAL\\PRIMARY\\M\\MOSAIC"));
    let sheet = without(without(sheet, 0x29, 0x10), 0x29, 0x1001);
    let bare = with(sheet.clone(), (0x29, 0x1010, *b"OB", made_csa(&[("NumberOfImagesInMosaic", &["6"])])));
    let scan = opened(&[bare]).unwrap();
    assert_eq!((scan.source.header().shape, words(&scan)), ([6, 1, 2], (0..12).map(|i| i / 2 - 1024).collect::<Vec<_>>()));
    // Tiles that are not square.
    let matrix = (0x18, 0x1310, *b"US", [2u16, 0, 0, 1].iter().flat_map(|v| v.to_le_bytes()).collect());
    assert_eq!(opened(&[with(sheet, matrix)]).unwrap().source.header().shape, [9, 1, 2]);
}

#[test]
fn a_dose_grid_has_its_planes_and_its_unit() {
    let dose = with(with(ct(7.0, 1, [1, 1], &[1, 2, 3]), text(8, 0x60, "CS", "RTDOSE")), text(0x28, 8, "IS", "3"));
    let dose = without(without(dose, 0x28, 0x1052), 0x28, 0x1053);
    let dose = with(with(with(dose, text(0x3004, 0x0C, "DS", "0\\2\\4")), text(0x3004, 0x0E, "DS", "0.5")), text(0x3004, 2, "CS", "GY"));
    let scan = opened(std::slice::from_ref(&dose)).unwrap();
    let header = scan.source.header();
    assert_eq!((header.shape, header.voxel, header.quantity.unit.as_deref()), ([3, 1, 1], Type::F32, Some("Gy")));
    assert_eq!(header.geometry.point([0.0, 0.0, 2.0]), [-10.0, -20.0, 11.0]);
    let z = with(dose, text(0x3004, 0x0C, "DS", "7\\9\\11"));
    assert_eq!(opened(&[z]).unwrap().source.header().geometry, header.geometry);
}

#[test]
fn a_cine_without_places_is_frames() {
    let cine = with(with(ct(0.0, 1, [1, 1], &[1, 2, 3]), text(0x28, 8, "IS", "3")), text(0x18, 0x1063, "DS", "40"));
    let header = opened(&[without(without(cine, 0x20, 0x32), 0x20, 0x37)]).unwrap().source.header().clone();
    assert_eq!((header.shape, header.frames), ([1, 1, 1], Frames { count: 3, axis: FrameAxis::Time, values: vec![0.0, 0.04, 0.08] }));
    assert_eq!((header.verdict.uniform, header.geometry.has_scale()), (None, false));
}

/// Two positions in each of several frames, marked by an element.
fn marked(element: &dyn Fn(usize) -> Element, frames: usize) -> Vec<Vec<Element>> {
    let places: Vec<f64> = (0..frames * 2).map(|n| (n % 2) as f64 * 5.0).collect();
    slices(&places).into_iter().enumerate().map(|(n, s)| with(with(s, text(8, 0x60, "CS", "MR")), element(n / 2))).collect()
}

#[test]
fn what_frames_count() {
    let check = |element: &dyn Fn(usize) -> Element, axis: FrameAxis, values: &[f64]| {
        let header = opened(&marked(element, 3)).unwrap().source.header().clone();
        assert_eq!((header.frames.count, header.frames.axis, &header.frames.values[..]), (3, axis, values));
        assert_eq!((header.nz(), header.verdict.uniform), (2, Some(true)));
    };
    check(&|n| text(0x20, 0x100, "IS", &(n + 1).to_string()), FrameAxis::Time, &[1.0, 2.0, 3.0]);
    check(&|n| text(0x18, 0x81, "DS", &(n * 5 + 2).to_string()), FrameAxis::Echo, &[2.0, 7.0, 12.0]);
    check(&|n| double(0x18, 0x9087, 500.0 * n as f64), FrameAxis::BValue, &[0.0, 500.0, 1000.0]);
    check(&|n| text(0x18, 0x1060, "DS", &(n * 40).to_string()), FrameAxis::Time, &[0.0, 0.04, 0.08]);
    check(&|n| text(8, 0x32, "TM", &format!("10000{}.5", n * 2)), FrameAxis::Time, &[0.0, 2.0, 4.0]);
    check(&|n| text(8, 8, "CS", ["ORIGINAL\\M", "ORIGINAL\\P", "ORIGINAL\\R"][n]), FrameAxis::Unknown, &[]);
    // One without weighting, two directions with the same: the axis is known, and its values repeat.
    check(&|n| double(0x18, 0x9087, [0.0, 800.0, 800.0][n]), FrameAxis::BValue, &[0.0, 800.0, 800.0]);
}

#[test]
fn private_weightings_are_found_by_their_creator() {
    let creator = |s: Vec<Element>, group: u16, name: &str| with(s, text(group, 0x12, "LO", name));
    let made = |n: usize, s: Vec<Element>| match n {
        0 => with(creator(s, 0x19, "SIEMENS MR HEADER"), text(0x19, 0x120C, "IS", "1000")),
        1 => with(creator(s, 0x43, "GEMS_PARM_01"), text(0x43, 0x1239, "IS", "1000001000\\8\\0")),
        _ => with(creator(s, 0x2001, "Philips Imaging DD 001"), (0x2001, 0x1203, *b"FL", 1000f32.to_le_bytes().to_vec())),
    };
    for n in 0..3 {
        let files = slices(&[0.0, 0.0]).into_iter().enumerate().map(|(i, s)| if i == 0 { made(n, s) } else { with(s, double(0x18, 0x9087, 0.0)) }).collect::<Vec<_>>();
        let frames = opened(&files).unwrap().source.header().frames.clone();
        assert_eq!((frames.axis, frames.values), (FrameAxis::BValue, vec![0.0, 1000.0]), "{n}");
    }
}

#[test]
fn a_frame_that_is_not_whole_is_left_out_and_named() {
    let mut files = marked(&|n| text(0x20, 0x100, "IS", &(n + 1).to_string()), 3);
    files.pop();
    let scan = opened(&files).unwrap();
    let header = scan.source.header();
    assert_eq!((header.frames.count, header.nz(), header.verdict.uniform), (2, 2, Some(true)));
    let rows = unused(&scan);
    assert_eq!((rows.len(), rows[0].file.as_str(), rows[0].reason.is_some()), (1, "f5", true));
    assert!(header.warnings.iter().any(|w| w.contains("f5 is left out")), "{:?}", header.warnings);
}

#[test]
fn without_a_key_instances_count_the_frames() {
    // Three frames of four positions, interleaved, but for some of the twelve.
    let check = |missing: &[usize], left_out: usize, values: &[i16]| {
        let files: Vec<_> = slices(&[0.0, 10.0, 5.0, 15.0].repeat(3)).into_iter().enumerate().filter(|(n, _)| !missing.contains(&(n + 1))).map(|(_, s)| s).collect();
        let scan = opened(&files).unwrap();
        let header = scan.source.header();
        assert_eq!((header.shape, header.frames.count, header.verdict.uniform), ([4, 2, 3], values.len() / 4, Some(true)), "{missing:?}");
        assert_eq!(words(&scan).chunks(6).map(|plane| (plane[0] + 1024) / 100).collect::<Vec<_>>(), values, "{missing:?}");
        let rows = unused(&scan);
        assert!(rows.len() == left_out && rows.iter().all(|r| r.reason.as_ref().is_some_and(|why| why.contains("all 4 positions"))), "{missing:?}: {rows:?}");
    };
    check(&[2], 3, &[5, 7, 6, 8, 9, 11, 10, 12]);
    check(&[11, 12], 2, &[1, 3, 2, 4, 5, 7, 6, 8]);
    check(&[8], 3, &[1, 3, 2, 4, 9, 11, 10, 12]);
    // A plane never comes from the next frame.
    check(&[1], 3, &[5, 7, 6, 8, 9, 11, 10, 12]);
    // Numbers of any size.
    let far = slices(&[0.0, 5.0, 0.0]).into_iter().zip(["-9223372036854775808", "1", "9223372036854775807"]).map(|(s, n)| with(s, text(0x20, 0x13, "IS", n)));
    assert_eq!(opened(&far.collect::<Vec<_>>()).unwrap().source.header().nz(), 2);
}

#[test]
fn volumes_that_share_places_are_two_series() {
    let at = |places: &[f64], n: &str| slices(places).into_iter().map(|s| with(s, text(0x20, 0x12, "IS", n))).collect::<Vec<_>>();
    let files = [at(&[0.0, 1.0, 2.0], "1"), at(&[2.0, 3.0, 4.0, 5.0], "2")].concat();
    assert_eq!(opened(&files).err().map(|e| e.kind()), Some(Fault::Parameter));
    for (part, planes) in [("1.2.3.9#1", 3), ("1.2.3.9#2", 4)] {
        let scan = opened_as(&files, &OpenOptions { series: Some(part.into()), ..OpenOptions::default() }).unwrap();
        assert_eq!((scan.source.header().nz(), scan.source.header().verdict.uniform), (planes, Some(true)), "{part}");
    }
}

#[test]
fn files_without_uids_are_one_series() {
    let bare = |s: Vec<Element>| with(with(s, text(0x20, 0x0E, "UI", "")), text(8, 0x18, "UI", ""));
    let header = opened(&slices(&[0.0, 1.0, 2.0]).into_iter().map(bare).collect::<Vec<_>>()).unwrap().source.header().clone();
    assert_eq!((header.nz(), header.verdict.uniform, header.verdict.problems.len()), (3, Some(true), 0));
}

#[test]
fn without_positions_the_order_is_said() {
    let bare = |s: Vec<Element>| without(s, 0x20, 0x32);
    let check = |files: Vec<Vec<Element>>, by: &str, order: [&str; 3]| {
        let header = opened(&files).unwrap().source.header().clone();
        assert_eq!(header.verdict.slices.iter().map(|s| s.file.as_str()).collect::<Vec<_>>(), order);
        assert!(header.warnings.iter().any(|w| w.contains(by)), "{:?}", header.warnings);
        assert_eq!((header.verdict.uniform, header.geometry.has_scale()), (None, false));
    };
    let three = || slices(&[0.0, 1.0, 2.0]).into_iter().map(bare);
    let located = three().zip(["+3", "-1", "2"]).map(|(s, l)| with(s, text(0x20, 0x1041, "DS", l))).collect();
    check(located, "SliceLocation", ["f2", "f3", "f1"]);
    check(three().zip(["3", "2", "1"]).map(|(s, n)| with(s, text(0x20, 0x13, "IS", n))).collect(), "InstanceNumber", ["f3", "f2", "f1"]);
    check(three().map(|s| without(s, 0x20, 0x13)).collect(), "file name", ["f1", "f2", "f3"]);
}

/// A segmentation of words, one frame for each place and segment.
fn segmentation(frames: &[(f64, u16)], stored: &[i16], overlap: &str) -> Vec<Element> {
    let places: Vec<f64> = frames.iter().map(|f| f.0).collect();
    let of = |n: usize| vec![sequence(0x62, 0x0A, &[vec![short(0x62, 0x0B, frames[n].1)]])];
    let named = |n: u16, label: &str| vec![short(0x62, 4, n), text(0x62, 5, "LO", label)];
    let file = with(enhanced(&places, [2, 1], stored, of), text(8, 0x60, "CS", "SEG"));
    let file = with(with(file, sequence(0x62, 2, &[named(1, "liver"), named(2, "tumour")])), text(0x62, 1, "CS", "BINARY"));
    if overlap.is_empty() { file } else { with(file, text(0x62, 0x13, "CS", overlap)) }
}

fn labels(scan: &Scan) -> Vec<u8> {
    pulled(scan).unwrap()
}

#[test]
fn segments_are_labels_with_names() {
    let scan = opened(&[segmentation(&[(2.0, 1), (0.0, 1), (0.0, 2)], &[1, 1, 1, 0, 0, 1], "")]).unwrap();
    let header = scan.source.header();
    assert_eq!((header.shape, header.voxel, header.quantity.kind), ([2, 1, 2], Type::U8, QuantityKind::Label));
    assert_eq!(labels(&scan), [1, 2, 1, 1]);
    assert_eq!(header.meta["segments"], serde_json::json!([{"number": 1, "label": "liver"}, {"number": 2, "label": "tumour"}]));
    // A plane that every segment leaves out stands again.
    let scan = opened(&[segmentation(&[(0.0, 1), (1.0, 1), (3.0, 2)], &[1, 0, 0, 1, 1, 1], "NO")]).unwrap();
    assert_eq!((scan.source.header().shape, scan.source.header().verdict.uniform), ([4, 1, 2], Some(true)));
    assert_eq!(labels(&scan), [1, 0, 0, 1, 0, 0, 2, 2]);
}

#[test]
fn a_label_map_is_labels() {
    let named = |n: u16, label: &str| vec![short(0x62, 4, n), text(0x62, 5, "LO", label)];
    let file = enhanced(&[0.0, 2.0], [2, 1], &[0, 1, 2, 0], |_| Vec::new());
    let more =
        [text(8, 0x60, "CS", "SEG"), text(0x62, 1, "CS", "LABELMAP"), short(0x28, 0x120, 0), sequence(0x62, 2, &[named(0, "Background"), named(1, "liver"), named(2, "tumour")])];
    let scan = opened(&[more.into_iter().fold(file, with)]).unwrap();
    let header = scan.source.header();
    assert_eq!((header.shape, header.quantity.kind, words(&scan)), ([2, 1, 2], QuantityKind::Label, vec![0, 1, 2, 0]));
    assert_eq!(header.meta["segments"], serde_json::json!([{"number": 1, "label": "liver"}, {"number": 2, "label": "tumour"}]));
    assert!(header.warnings.is_empty(), "{:?}", header.warnings);
}

#[test]
fn segments_that_overlap_are_frames() {
    for said in ["", "YES"] {
        let scan = opened(&[segmentation(&[(0.0, 1), (0.0, 2)], &[1, 1, 1, 0], said)]).unwrap();
        let header = scan.source.header();
        assert_eq!((header.frames.count, header.frames.values.clone()), (2, vec![1.0, 2.0]));
        assert_eq!(labels(&scan), [1, 1, 2, 0]);
    }
    let lying = opened(&[segmentation(&[(0.0, 1), (0.0, 2)], &[1, 1, 1, 0], "NO")]).unwrap();
    assert_eq!(pulled(&lying).err().map(|e| e.kind()), Some(Fault::Corrupt));
}

/// A record of a DICOMDIR that names a file.
fn record(name: &str) -> Vec<Element> {
    vec![long(4, 0x1400, 0), short(4, 0x1410, 0xFFFF), text(4, 0x1430, "CS", "IMAGE"), text(4, 0x1500, "CS", name)]
}

fn dicomdir(names: &[&str]) -> Vec<u8> {
    file(EXPLICIT, &[sequence(4, 0x1220, &names.iter().map(|n| record(n)).collect::<Vec<_>>())])
}

#[test]
fn a_dicomdir_stands_for_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("A/B")).unwrap();
    for (n, s) in slices(&[0.0, 1.0, 2.0]).iter().enumerate() {
        std::fs::write(at.join(format!("A/B/I{n}")), file(EXPLICIT, s)).unwrap();
    }
    std::fs::write(at.join("DICOMDIR"), dicomdir(&["A\\B\\I0", "A\\B\\I1", "A\\GONE"])).unwrap();
    let scan = open(&[at.join("DICOMDIR")], &OpenOptions::default()).unwrap();
    assert_eq!(scan.source.header().nz(), 2);
    assert!(scan.source.header().warnings.iter().any(|w| w.contains("A/GONE")), "{:?}", scan.source.header().warnings);
    for (names, fault) in [(&["..\\I0"][..], Fault::Corrupt), (&["A", "/etc/passwd"], Fault::Corrupt), (&["NONE"], Fault::NotFound), (&[], Fault::NotFound)] {
        std::fs::write(at.join("DICOMDIR"), dicomdir(names)).unwrap();
        assert_eq!(open(&[at.join("DICOMDIR")], &OpenOptions::default()).err().map(|e| e.kind()), Some(fault), "{names:?}");
    }
}

#[test]
#[cfg(unix)]
fn folders_below_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("one/two")).unwrap();
    std::os::unix::fs::symlink("..", at.join("one/two/up")).unwrap();
    for (place, s) in ["one/two/b", "one/a", "c"].iter().zip(&slices(&[0.0, 1.0, 2.0])) {
        std::fs::write(at.join(place), file(EXPLICIT, s)).unwrap();
    }
    std::fs::write(at.join("notes.txt"), "as told").unwrap();
    std::os::unix::fs::symlink("nowhere", at.join("lost")).unwrap();
    // A list of files that is cut off names none that does not lie here.
    let meta = [text(2, 2, "UI", "1.2.840.10008.1.3.10"), text(2, 0x10, "UI", EXPLICIT), text(4, 0x1130, "CS", "LIST")];
    let list = [&[0; 128][..], b"DICM", &meta.iter().flat_map(|e| encoded(e, true)).collect::<Vec<u8>>()].concat();
    std::fs::write(at.join("DICOMDIR"), &list[..list.len() - 2]).unwrap();
    let scan = open(&[at.to_path_buf()], &OpenOptions::default()).unwrap();
    let header = scan.source.header();
    assert_eq!((header.nz(), header.verdict.uniform), (3, Some(true)));
    let said = header.warnings.concat();
    assert!(said.contains("DICOMDIR (a damaged DICOMDIR)"), "{said}");
    assert!(said.contains("notes.txt") && said.contains("lost (a link that leads nowhere)"), "{said}");
}

/// Writes labels on the grid of a series, and gives the file.
fn written(header: &Header, planes: &[u8], to: &std::path::Path) -> Result<Vec<u8>> {
    let header = header.like(Type::U8, Quantity::certain(QuantityKind::Label, "made by hand"));
    let target = Target { path: to.to_path_buf(), force: true, provenance: None };
    let sink = crate::create(&target, &header)?;
    sink.write(0, 0..header.nz(), planes)?;
    sink.finish()?;
    Ok(std::fs::read(to).unwrap())
}

#[test]
fn labels_are_written_as_segments() {
    let folder = tempfile::tempdir().unwrap();
    let series = opened(&slices(&[4.0, 2.0, 0.0])).unwrap();
    let mut header = series.source.header().clone();
    header.meta.insert("segments".into(), serde_json::json!([{"number": 7, "label": "liver"}]));
    // Planes of 3 x 2: the first holds label 2, the last both.
    let labels = [0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 2];
    let bytes = written(&header, &labels, &folder.path().join("a.dcm")).unwrap();
    assert_eq!(bytes, written(&header, &labels, &folder.path().join("b.dcm")).unwrap());
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("Muster") && !text.contains("ID-4711") && text.contains("liver") && text.contains("Label 2"));
    // Three frames of six bits: label 2 in planes 0 and 2, label 7 in plane 2.
    let bits = 0b00_0110u32 | 0b10_0000 << 6 | 0b00_0001 << 12;
    assert_eq!(bytes[bytes.len() - 4..], bits.to_le_bytes());
    let listed = list(Given::One(Input::bytes("a.dcm", bytes.clone()))).unwrap();
    assert_eq!((listed.len(), listed[0].modality.as_str(), listed[0].shape[1..].to_vec()), (1, "SEG", vec![2, 3]));
    // The slices behind: the file at z = 0 is the third, at z = 4 the first.
    let (first, last) = (text.find("1.2.3.3").unwrap(), text.rfind("1.2.3.1").unwrap());
    assert!(first < last);
}

#[test]
fn a_segmentation_keeps_its_grid() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("a.dcm");
    let back = |places: &[f64], labels: &[u8]| {
        let mut header = opened(&slices(places)).unwrap().source.header().clone();
        header.verdict.kept = true;
        let bytes = written(&header, labels, &at).unwrap();
        (header, open_given(Given::One(Input::bytes("a.dcm", bytes)), &OpenOptions::default()).unwrap())
    };
    // Planes at the ends that are empty.
    let labels = [[0; 12], [0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 3], [0; 12]].concat();
    let (header, scan) = back(&[0.0, 2.0, 4.0, 6.0, 8.0, 10.0], &labels);
    assert_eq!((scan.source.header().shape, pulled(&scan).unwrap()), (header.shape, labels));
    assert_eq!(scan.source.header().geometry, header.geometry);
    // Every other plane is empty: what has frames is even too.
    let labels = [[3; 6], [0; 6], [3; 6], [0; 6], [3; 6]].concat();
    let (header, scan) = back(&[0.0, 2.0, 4.0, 6.0, 8.0], &labels);
    assert_eq!((scan.source.header().shape, pulled(&scan).unwrap()), (header.shape, labels));
    // Steps that are not even: each frame at its own slice's place, none left out.
    let labels = [[0; 12], [0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 3]].concat();
    let (header, scan) = back(&[0.0, 2.0, 5.5, 7.5], &labels);
    assert_eq!((scan.source.header().shape, pulled(&scan).unwrap()), (header.shape, labels));
    assert!(scan.source.header().verdict.text.contains("3.5000 mm"), "{}", scan.source.header().verdict.text);
}

#[test]
fn what_no_segmentation_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("a.dcm");
    let header = opened(&slices(&[0.0, 2.0])).unwrap().source.header().clone();
    assert_eq!(written(&header, &[0; 12], &at).err().map(|e| e.kind()), Some(Fault::Value));
    assert_eq!(crate::open::format_for(&at).unwrap().holds(&header).err().map(|e| e.kind()), Some(Fault::Unsupported));
    let mut gaps = opened(&slices(&[0.0, 2.0, 6.0])).unwrap().source.header().clone();
    assert_eq!(written(&gaps, &[1; 18], &at).err().map(|e| e.kind()), Some(Fault::Geometry));
    gaps.geometry = isovox_volume::Geometry::voxel();
    assert_eq!(written(&gaps, &[1; 18], &at).err().map(|e| e.kind()), Some(Fault::Unsupported));
    assert!(!at.exists());
}
