use isovox_volume::{Kind as Fault, Problem, QuantityKind, Result, Run, Type};

use super::*;
use crate::open::{RawOptions, open_given};

use isovox_testing::dicom::{EXPLICIT, Element, ct, file, short, text, with, without};

/// A series of two by three words, each plane's stored values counting up from its instance.
pub(super) fn slices(places: &[f64]) -> Vec<Vec<Element>> {
    places.iter().zip(1..).map(|(&z, n)| ct(z, n, [3, 2], &[n as i16 * 100, 1, 2, 3, 4, 5])).collect()
}

pub(super) fn opened_as(files: &[Vec<Element>], options: &OpenOptions) -> Result<Scan> {
    let mut inputs: Vec<Input> = files.iter().zip(1..).map(|(f, n)| Input::bytes(&format!("f{n}"), file(EXPLICIT, f))).collect();
    let given = if inputs.len() == 1 { Given::One(inputs.remove(0)) } else { Given::Many(inputs) };
    open_given(given, options)
}

pub(super) fn opened(files: &[Vec<Element>]) -> Result<Scan> {
    opened_as(files, &OpenOptions::default())
}

pub(super) fn pulled(scan: &Scan) -> Result<Vec<u8>> {
    let run = Run::here();
    let nz = scan.source.header().nz();
    let frames = 0..scan.source.header().frames.count;
    frames.map(|f| Ok(scan.source.open(&run, f, 0..nz)?.pull(0..nz)?.data.bytes().to_vec())).collect::<Result<Vec<_>>>().map(|f| f.concat())
}

pub(super) fn words(scan: &Scan) -> Vec<i16> {
    pulled(scan).expect("readable planes").as_chunks().0.iter().map(|b| i16::from_ne_bytes(*b)).collect()
}

#[track_caller]
fn problems(places: &[f64]) -> (Option<bool>, Vec<Problem>) {
    let verdict = opened(&slices(places)).expect("a series").source.header().verdict.clone();
    (verdict.uniform, verdict.problems)
}

#[test]
fn slices_are_ordered_by_position_and_become_hu() {
    let scan = opened(&slices(&[7.5, 2.5, 5.0])).unwrap();
    let header = scan.source.header();
    assert_eq!((header.shape, header.voxel, header.quantity.kind), ([3, 2, 3], Type::I16, QuantityKind::Hu));
    let affine = *header.geometry.affine().unwrap();
    assert_eq!(affine, [[0.5, 0.0, 0.0, -10.0], [0.0, 0.8, 0.0, -20.0], [0.0, 0.0, 2.5, 2.5], [0.0, 0.0, 0.0, 1.0]]);
    let values = words(&scan);
    assert_eq!([values[0], values[6], values[12], values[1]], [200 - 1024, 300 - 1024, 100 - 1024, 1 - 1024]);
    let files: Vec<_> = header.verdict.slices.iter().map(|s| (s.file.as_str(), s.gap_mm)).collect();
    assert_eq!(files, [("f2", None), ("f3", Some(2.5)), ("f1", Some(2.5))]);
    assert_eq!(header.verdict.uniform, Some(true));
}

#[test]
fn what_positions_prove() {
    assert_eq!(problems(&[0.0, 1.0, 2.0, 3.0, 4.0]), (Some(true), vec![]));
    assert_eq!(problems(&[0.0, 1.599, 3.2, 4.799]), (Some(true), vec![]));
    assert_eq!(problems(&[0.0, 1.0, 2.0, 4.0]), (Some(false), vec![Problem::Gaps]));
    assert_eq!(problems(&[0.0, 1.0, 2.0, 2.4, 3.4]), (Some(false), vec![Problem::Overlap]));
    assert_eq!(problems(&[0.0, 1.0, 1.0, 2.0]), (Some(false), vec![Problem::Duplicates]));
    assert_eq!(problems(&[3.0, 3.0, 3.0]), (None, vec![Problem::SamePosition]));
    assert_eq!(problems(&[3.0]), (None, vec![]));
}

#[test]
fn a_shear_is_kept_and_named() {
    let tilted: Vec<_> = slices(&[0.0, 2.0, 4.0]).into_iter().zip([0.0, 0.5, 1.0]).map(|(s, y)| with(s, text(0x20, 0x32, "DS", &format!("0\\{y}\\{}", y * 4.0)))).collect();
    let scan = opened(&tilted).unwrap();
    let header = scan.source.header();
    assert_eq!((header.verdict.uniform, &header.verdict.problems[..]), (Some(true), &[Problem::Tilted][..]));
    // By hand: atan(0.5 / 2).
    assert!((header.verdict.tilt_deg.unwrap() - 14.036_243).abs() < 1e-5);
    assert_eq!(header.geometry.point([0.0, 0.0, 2.0]), [0.0, 1.0, 4.0]);
}

#[test]
fn what_leaves_the_line_is_no_grid() {
    let mut bent = slices(&[0.0, 2.0, 4.0]);
    bent[1] = with(bent[1].clone(), text(0x20, 0x32, "DS", "-10\\-15\\2"));
    let verdict = opened(&bent).unwrap().source.header().verdict.clone();
    assert_eq!((verdict.uniform, verdict.problems), (Some(false), vec![Problem::Mixed]));
    // Less than half a pixel aside.
    bent[1] = with(bent[1].clone(), text(0x20, 0x32, "DS", "-10\\-20.21\\2"));
    let verdict = opened(&bent).unwrap().source.header().verdict.clone();
    assert_eq!((verdict.uniform, verdict.problems), (Some(false), vec![Problem::Gaps]));
}

#[test]
fn positions_of_few_decimals_are_even_steps() {
    // Steps of 0.13 and 0.97 mm, each written in tenths from an odd place.
    let places: Vec<f64> = (0..12).map(f64::from).collect();
    let tenths = |v: f64| (v * 10.0).round() / 10.0 + 0.012_34 + if v > 5.0 { 1e-5 } else { 0.0 };
    let turned = slices(&places).into_iter().zip(&places).map(|(s, k)| with(s, text(0x20, 0x32, "DS", &format!("-10\\{}\\{}", tenths(0.13 * k), tenths(0.97 * k)))));
    let header = opened(&turned.collect::<Vec<_>>()).unwrap().source.header().clone();
    assert_eq!((header.verdict.uniform, &header.verdict.problems[..]), (Some(true), &[Problem::Tilted][..]));
    assert!(header.verdict.text.contains("written to 0.1 mm"), "{}", header.verdict.text);
    let way = [0.0, 11.0].map(|k| header.geometry.point([0.0, 0.0, k]));
    assert!((way[1][1] - way[0][1] - 1.43).abs() < 0.1 && (way[1][2] - way[0][2] - 10.67).abs() < 0.1, "{way:?}");
}

#[test]
fn what_is_wrong_with_a_place_is_said() {
    let said = |element: Element, one: bool| {
        let files: Vec<_> = slices(&[0.0, 1.0, 2.0]).into_iter().enumerate().map(|(n, s)| if one && n != 1 { s } else { with(s, element.clone()) }).collect();
        let header = opened(&files).unwrap().source.header().clone();
        assert!(!header.geometry.has_scale());
        header.warnings.concat()
    };
    let check = |element: Element, one: bool, words: &[&str]| {
        let warnings = said(element, one);
        assert!(words.iter().all(|w| warnings.contains(w)), "{warnings}");
    };
    check(text(0x28, 0x30, "DS", "0\\0"), false, &["PixelSpacing 0\\0 is not two lengths"]);
    check(text(0x28, 0x30, "DS", "-1\\-1"), false, &["PixelSpacing -1\\-1"]);
    check(text(0x28, 0x30, "DS", "0.5"), false, &["PixelSpacing \"0.5\""]);
    check(text(0x28, 0x30, "DS", ""), false, &["no PixelSpacing"]);
    check(text(0x20, 0x37, "DS", "1\\0"), false, &["f1", "ImageOrientationPatient", "(3 of 3 slices)"]);
    check(text(0x20, 0x37, "DS", "0\\0\\0\\0\\0\\0"), false, &["ImageOrientationPatient", "right angles"]);
    check(text(0x20, 0x32, "DS", ""), true, &["f2: no ImagePositionPatient (1 of 3 slices)", "InstanceNumber"]);
}

#[test]
fn every_position_as_often_gives_frames() {
    let scan = opened(&slices(&[0.0, 5.0, 0.0, 5.0])).unwrap();
    let header = scan.source.header();
    assert_eq!((header.frames.count, header.shape, header.verdict.uniform), (2, [2, 2, 3], Some(true)));
    let values = words(&scan);
    assert_eq!([0, 6, 12, 18].map(|i| values[i] + 1024), [100, 200, 300, 400]);
}

#[test]
fn a_copy_is_left_out_and_named() {
    let mut files = slices(&[0.0, 1.0, 2.0]);
    files.push(files[1].clone());
    let header = opened(&files).unwrap().source.header().clone();
    assert_eq!((header.nz(), header.verdict.uniform), (3, Some(true)));
    let row = header.verdict.slices.last().unwrap();
    assert_eq!((row.file.as_str(), row.reason.as_deref()), ("f4", Some("the same image as f2")));
    assert!(header.warnings.iter().any(|w| w.contains("f4 is left out")), "{:?}", header.warnings);
}

#[test]
fn other_files_are_named_and_a_broken_slice_is_an_error() {
    let mut inputs: Vec<Input> = slices(&[0.0, 1.0]).iter().zip(1..).map(|(f, n)| Input::bytes(&format!("f{n}"), file(EXPLICIT, f))).collect();
    inputs.push(Input::bytes("notes.txt", b"as told".to_vec()));
    inputs.push(Input::bytes("plan", file(EXPLICIT, &without(slices(&[0.0]).remove(0), 0x7FE0, 0x10))));
    let scan = open_given(Given::Many(inputs.clone()), &OpenOptions::default()).unwrap();
    let warnings = scan.source.header().warnings.concat();
    assert!(warnings.contains("notes.txt") && warnings.contains("plan (no image)"), "{warnings}");
    let mut cut = file(EXPLICIT, &slices(&[2.0])[0]);
    cut.truncate(cut.len() - 3);
    inputs.push(Input::bytes("f3", cut));
    let error = open_given(Given::Many(inputs), &OpenOptions::default()).err().unwrap();
    assert!(error.kind() == Fault::Corrupt && error.to_string().contains("f3"), "{error}");
}

#[test]
fn several_series_are_listed_and_one_is_chosen() {
    let other = |s: Vec<Element>| with(with(with(s, text(0x20, 0x0E, "UI", "1.2.4")), text(0x20, 0x11, "IS", "12")), text(8, 0x103E, "LO", "sharp for Erika"));
    let mut files = slices(&[0.0, 1.0]);
    files.extend(slices(&[0.0, 2.0, 4.0]).into_iter().map(other));
    let error = opened(&files).err().unwrap();
    assert_eq!(error.kind(), Fault::Parameter);
    let said = format!("{error} {:?}", error.next_step());
    assert!(said.contains("--series") && said.contains("1.2.4") && said.contains("thorax") && !said.contains("Erika"), "{said}");
    for (wanted, planes) in [("1.2.4", 3), ("12", 3), ("7", 2), ("THOR", 2)] {
        let scan = opened_as(&files, &OpenOptions { series: Some(wanted.into()), ..OpenOptions::default() }).unwrap();
        assert_eq!(scan.source.header().nz(), planes, "{wanted}");
    }
    let none = opened_as(&files, &OpenOptions { series: Some("brain".into()), ..OpenOptions::default() });
    assert_eq!(none.err().map(|e| e.kind()), Some(Fault::Parameter));
    let inputs = files.iter().zip(1..).map(|(f, n)| Input::bytes(&format!("f{n}"), file(EXPLICIT, f))).collect();
    let listed = list(Given::Many(inputs)).unwrap();
    assert_eq!(listed.iter().map(|s| (s.number, s.shape, s.files)).collect::<Vec<_>>(), [(Some(7), [2, 2, 3], 2), (Some(12), [3, 2, 3], 3)]);
}

#[test]
fn a_broken_file_stops_its_own_series_alone() {
    let of = |s: Vec<Element>, uid: &str| file(EXPLICIT, &with(s, text(0x20, 0x0E, "UI", uid)));
    let good = || slices(&[0.0, 1.0]).into_iter().map(|s| of(s, "1.2.3.9"));
    // Cut off behind the series' UID, and before it.
    let cut = |uid: &str, at: &[u8]| {
        let bytes = of(slices(&[5.0]).remove(0), uid);
        let end = bytes.windows(at.len()).position(|w| w == at).unwrap() + 6;
        bytes[..end].to_vec()
    };
    let (known, unknown) = (cut("1.2.4", b"\x20\x00\x37\x00DS"), cut("1.2.4", b"\x18\x00\x50\x00DS"));
    let given = |files: Vec<Vec<u8>>| Given::Many(files.into_iter().zip(1..).map(|(bytes, n)| Input::bytes(&format!("f{n}"), bytes)).collect());
    let open = |files: Vec<Vec<u8>>, series: Option<&str>| open_given(given(files), &OpenOptions { series: series.map(Into::into), ..OpenOptions::default() });
    let beside = |broken: &Vec<u8>| good().chain([broken.clone()]).collect::<Vec<_>>();

    let scan = open(beside(&known), Some("1.2.3.9")).unwrap();
    assert_eq!((scan.source.header().nz(), scan.source.header().warnings.concat().contains("1 other series")), (2, true));
    assert_eq!(open(beside(&known), Some("1.2.4")).err().map(|e| e.kind()), Some(Fault::Corrupt));
    assert_eq!(open(beside(&known), None).err().map(|e| e.kind()), Some(Fault::Parameter));
    let listed = list(given(beside(&known))).unwrap();
    assert_eq!(listed.iter().map(|s| (s.uid.as_str(), s.files)).collect::<Vec<_>>(), [("1.2.3.9", 2), ("1.2.4", 1)]);
    assert!(listed[1].description == "f3" && listed[1].verdict.text.contains("cannot be examined"), "{listed:?}");

    // Of a series that is not known: good slices are not used alone unless they are asked for.
    let error = open(beside(&unknown), None).err().unwrap();
    assert!(error.kind() == Fault::Corrupt && error.next_step().unwrap().contains("--series 1.2.3.9"), "{error:?}");
    let warnings = open(beside(&unknown), Some("1.2.3.9")).unwrap().source.header().warnings.concat();
    assert!(warnings.contains("f3 is of a series that is not known"), "{warnings}");
    let two: Vec<Vec<u8>> = beside(&unknown).into_iter().chain([of(slices(&[7.0]).remove(0), "1.2.5")]).collect();
    assert_eq!(list(given(two)).unwrap().iter().map(|s| s.uid.as_str()).collect::<Vec<_>>(), ["1.2.3.9", "1.2.5", ""]);

    // A broken file of the same series stops it.
    let own = cut("1.2.3.9", b"\x20\x00\x37\x00DS");
    for series in [None, Some("1.2.3.9")] {
        assert_eq!(open(beside(&own), series).err().map(|e| e.kind()), Some(Fault::Corrupt), "{series:?}");
    }
}

#[test]
fn parts_of_a_series_say_what_parts_them() {
    let mut files = slices(&[0.0, 1.0, 2.0]);
    files[2] = with(files[2].clone(), text(0x28, 0x30, "DS", "0.9\\0.5"));
    let wanted = |series: &str| opened_as(&files, &OpenOptions { series: Some(series.into()), ..OpenOptions::default() });
    let said = wanted("1.2.3.9").err().unwrap().to_string();
    assert!(said.contains("several series") && said.contains("1.2.3.9#1  (parted by PixelSpacing)") && said.contains("1.2.3.9#2"), "{said}");
    assert_eq!(wanted("1.2.3.9#1").unwrap().source.header().nz(), 2);
    let inputs = files.iter().zip(1..).map(|(f, n)| Input::bytes(&format!("f{n}"), file(EXPLICIT, f))).collect();
    assert!(list(Given::Many(inputs)).unwrap().iter().all(|s| s.verdict.text.contains("by PixelSpacing")));
}

#[test]
fn colours_are_no_hounsfield_units() {
    let s = with(with(ct(0.0, 1, [1, 1], &[1, 2]), short(0x28, 2, 3)), text(0x28, 4, "CS", "RGB"));
    let s = [short(0x28, 0x100, 8), short(0x28, 0x101, 8), short(0x28, 0x102, 7), short(0x28, 0x103, 0), short(0x28, 6, 0)].into_iter().fold(s, with);
    let header = opened(&[s]).unwrap().source.header().clone();
    assert_eq!((header.voxel, header.quantity.kind, header.quantity.unit), (Type::Rgb8, QuantityKind::Stored, None));
}

#[test]
fn sizes_and_orientations_are_never_stacked() {
    let mut files = slices(&[0.0, 1.0]);
    files.push(with(slices(&[2.0]).remove(0), text(0x20, 0x37, "DS", "0\\1\\0\\0\\0\\-1")));
    assert_eq!(opened(&files).err().map(|e| e.kind()), Some(Fault::Parameter));
    let scan = opened_as(&files, &OpenOptions { series: Some("1.2.3.9#2".into()), ..OpenOptions::default() }).unwrap();
    assert_eq!(scan.source.header().nz(), 1);
}

#[test]
fn words_are_cut_to_their_own_bits() {
    let twelve = |signed: u16| {
        let stored = [0x0FFF, 0x7801, 0x0800, 0, 0, 0];
        let s = ct(0.0, 1, [3, 2], &stored);
        let s = with(with(with(s, short(0x28, 0x101, 12)), short(0x28, 0x102, 11)), short(0x28, 0x103, signed));
        words(&opened(&[without(without(s, 0x28, 0x1052), 0x28, 0x1053)]).unwrap())[..3].to_vec()
    };
    assert_eq!((twelve(0), twelve(1)), (vec![4095, 2049, 2048], vec![-1, -2047, -2048]));
}

/// Twelve bits by slopes that just keep them within sixteen.
#[test]
fn slopes_up_to_the_ends_of_sixteen_bits() {
    let rescaled = |[slope, intercept]: [&str; 2], modality: &str| {
        let bits = [short(0x28, 0x101, 12), short(0x28, 0x102, 11), short(0x28, 0x103, 0)];
        let s = bits.into_iter().fold(ct(0.0, 1, [3, 1], &[0, 1, 4095]), with);
        let s = [text(8, 0x60, "CS", modality), text(0x28, 0x1053, "DS", slope), text(0x28, 0x1052, "DS", intercept)].into_iter().fold(s, with);
        let scan = opened(&[s]).unwrap();
        (scan.source.header().voxel, words(&scan))
    };
    assert_eq!(rescaled(["-8", "-8"], "CT"), (Type::I16, vec![-8, -16, -32768]));
    assert_eq!(rescaled(["16", "-32753"], "CT"), (Type::I16, vec![-32753, -32737, 32767]));
    assert_eq!(rescaled(["16", "15"], "MR"), (Type::U16, vec![15, 31, 65535u16 as i16]));
    assert_eq!(rescaled(["-16", "65520"], "MR"), (Type::U16, vec![65520u16 as i16, 65504u16 as i16, 0]));
}

#[test]
fn types_follow_from_headers() {
    let typed = |element: Element, modality: &str| {
        let s = with(with(slices(&[0.0]).remove(0), element), text(8, 0x60, "CS", modality));
        opened(&[s]).unwrap().source.header().voxel
    };
    assert_eq!(typed(text(0x28, 0x1053, "DS", "1"), "CT"), Type::I16);
    assert_eq!(typed(text(0x28, 0x1053, "DS", "1.5"), "CT"), Type::F32);
    assert_eq!(typed(text(0x28, 0x1053, "DS", "1"), "MR"), Type::I32);
    assert_eq!(typed(text(0x28, 0x1052, "DS", "32768"), "PT"), Type::U16);
    assert_eq!(typed(text(0x28, 0x1052, "DS", "0"), "MR"), Type::I16);
}

#[test]
fn a_value_that_does_not_fit_stops_with_its_slice() {
    let s = with(slices(&[0.0]).remove(0), text(0x28, 0x1052, "DS", "-32768"));
    let s = with(s, (0x7FE0, 0x10, *b"OW", [-1i16, 0, 0, 0, 0, 0].iter().flat_map(|v| v.to_le_bytes()).collect()));
    let scan = opened(std::slice::from_ref(&s)).unwrap();
    let error = pulled(&scan).err().unwrap();
    assert!(error.kind() == Fault::Value && error.to_string().contains("f1") && error.next_step().unwrap().contains("--type i32"), "{error}");
    let options = OpenOptions { raw: RawOptions { voxel: Some(Type::I32), ..RawOptions::default() }, ..OpenOptions::default() };
    let wide = opened_as(&[s], &options).unwrap();
    assert_eq!(wide.source.header().voxel, Type::I32);
    assert_eq!(pulled(&wide).unwrap()[..4], (-32769i32).to_ne_bytes());
}

#[test]
fn implicit_files_and_files_without_a_preamble() {
    let elements = &slices(&[1.0])[0];
    let implicit = file("1.2.840.10008.1.2", elements);
    let open = |bytes: Vec<u8>| open_given(Given::One(Input::bytes("f", bytes)), &OpenOptions::default());
    let expected = words(&opened(std::slice::from_ref(elements)).unwrap());
    assert_eq!(words(&open(implicit.clone()).unwrap()), expected);
    assert_eq!(words(&open(implicit[132..].to_vec()).unwrap()), expected);
    let bare: Vec<u8> = elements.iter().flat_map(|e| isovox_testing::dicom::encoded(e, false)).collect();
    let scan = open(bare).unwrap();
    assert_eq!(words(&scan), expected);
    assert!(scan.source.header().warnings.iter().any(|w| w.contains("transfer syntax")));
}

#[test]
fn what_is_not_read_yet_is_refused_by_name() {
    let refused = |bytes: Vec<u8>| {
        let error = open_given(Given::One(Input::bytes("f", bytes)), &OpenOptions::default()).err().unwrap();
        assert_eq!(error.kind(), Fault::Unsupported, "{error}");
        error.to_string()
    };
    let s = &slices(&[1.0])[0];
    let parted = |syntax| [file(syntax, &without(s.clone(), 0x7FE0, 0x10)), isovox_testing::dicom::fragments(&[&[], b"stream"])].concat();
    assert!(refused(parted("1.2.840.10008.1.2.4.110")).contains("JPEG XL"));
    assert!(refused(parted("1.2.840.10008.1.2.4.102")).contains("MPEG-4"));
    assert!(refused(file(EXPLICIT, &with(s.clone(), short(0x28, 2, 3)))).contains("3 samples"));
    assert!(refused(file(EXPLICIT, &with(s.clone(), short(0x28, 0x100, 24)))).contains("24"));
}

#[test]
fn metadata_is_the_json_model() {
    let scan = opened(&slices(&[1.0])).unwrap();
    let meta = &scan.source.header().meta;
    assert_eq!(meta["00080060"], serde_json::json!({"vr": "CS", "Value": ["CT"]}));
    assert_eq!(meta["00280010"]["Value"], serde_json::json!([2]));
    assert!(!meta.contains_key("7FE00010"));
}
