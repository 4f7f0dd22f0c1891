//! Single files of every encoding: what each must give, and why.

use std::path::Path;

use isovox_testing::scans::{data, sha256};
use isovox_volume::{Error, Kind, Result};
use serde_json::Value;

use super::slice::{File, read};
use super::stored::{Scratch, Stored};
use crate::input::Input;

/// What becomes of a file.
#[derive(Clone, Copy, Debug)]
enum Must {
    /// Stored samples as the reference readers have them, bit for bit.
    Equal,
    /// Lossy, and decoders differ: extremes within so much, the mean within a quarter of it.
    Near(f64),
    /// The samples of another file, by its folder and name: the reference readers refuse this one.
    As(&'static str, &'static str),
    /// Nothing to compare with but these extremes, which SimpleITK reads.
    Between(f64, f64),
    /// Refused.
    Fails(Kind),
}
use Must::{As, Between, Equal, Fails, Near};

/// Files that are not simply equal.
const OTHERS: [(&str, Must); 25] = [
    // Its syntax says JPEG-LS, its words lie there: -3024 and 1254 HU by SimpleITK, intercept -1024.
    ("20-wrong-transfer-syntax.dcm", Between(-2000.0, 2278.0)),
    // 8130 of 8192 bytes: what is missing is nowhere else, and a plane that is partly invented is no measurement.
    ("MR_truncated.dcm", Fails(Kind::Corrupt)),
    ("badVR.dcm", Between(795_000.0, 1_254_000.0)),
    // One byte of what stood before is left: no element begins there.
    ("no_meta.dcm", Fails(Kind::NotFound)),
    // No image attributes at all.
    ("meta_missing_tsyntax.dcm", Fails(Kind::Corrupt)),
    // No image: plans, structures, a report, headers alone.
    ("ExplVR_BigEndNoMeta.dcm", Fails(Kind::NotFound)),
    ("ExplVR_LitEndNoMeta.dcm", Fails(Kind::NotFound)),
    ("UN_sequence.dcm", Fails(Kind::NotFound)),
    ("empty_charset_LEI.dcm", Fails(Kind::NotFound)),
    ("no_meta_group_length.dcm", Fails(Kind::NotFound)),
    ("reportsi.dcm", Fails(Kind::NotFound)),
    ("rtplan.dcm", Fails(Kind::NotFound)),
    ("rtstruct.dcm", Fails(Kind::NotFound)),
    // A fragment is shorter than its stream says by padding alone.
    ("emri_small_jpeg_2k_lossless_too_short.dcm", As("pixel_zoo", "emri_small.dcm")),
    // The size in its stream was written over.
    ("JPEG2000-embedded-sequence-delimiter.dcm", Fails(Kind::Corrupt)),
    ("liver_deflate.dcm", As("pixel_zoo", "liver.dcm")),
    // Baseline and extended JPEG.
    ("SC_rgb_dcmtk_+eb+cy+np.dcm", Near(1.0)),
    ("examples_ybr_color.dcm", Near(1.0)),
    ("JPEG-lossy.dcm", Between(0.0, 264.0)),
    ("JPGExtended.dcm", Near(2.0)),
    ("fragmented_no_bot_jpeg_51.dcm", Near(2.0)),
    ("1.2.4.50__JPEGProcess1.dcm", Near(1.0)),
    ("1.2.4.51__JPEGProcess2_4.dcm", Near(2.0)),
    // Retired and progressive.
    ("1.2.4.53__JPEGProcess6_8.dcm", Fails(Kind::Unsupported)),
    ("1.2.4.55__JPEGProcess10_12.dcm", Fails(Kind::Unsupported)),
];

fn opened(path: &Path) -> Result<Stored> {
    let input = Input::file(path)?;
    if !super::wire::is_dicom(&input.head(512)?) {
        return Err(Error::not_found("a DICOM file"));
    }
    let File::Images(slices) = read(&input)? else { return Err(Error::not_found("an image")) };
    let stored = &slices.first().ok_or_else(|| Error::not_found("an image"))?.stored;
    stored.check()?;
    Ok(stored.as_ref().clone())
}

/// Samples of all frames, not yet colours.
fn samples(stored: &Stored) -> Result<Vec<u8>> {
    let frame = stored.layout().bytes();
    let mut all = vec![0; frame * stored.frames];
    let mut scratch = Scratch::default();
    all.chunks_exact_mut(frame).enumerate().try_for_each(|(i, out)| stored.samples(i, &mut scratch, out))?;
    Ok(all)
}

/// Least, greatest and mean of words.
fn range(stored: &Stored, bytes: &[u8]) -> [f64; 3] {
    let numbers: Vec<f64> = match (stored.layout().word, stored.bits.signed) {
        (1, _) => bytes.iter().map(|&b| f64::from(b)).collect(),
        (2, false) => bytes.as_chunks().0.iter().map(|b| f64::from(u16::from_ne_bytes(*b))).collect(),
        (2, true) => bytes.as_chunks().0.iter().map(|b| f64::from(i16::from_ne_bytes(*b))).collect(),
        _ => bytes.as_chunks().0.iter().map(|b| f64::from(u32::from_ne_bytes(*b))).collect(),
    };
    let (least, greatest) = numbers.iter().fold((f64::MAX, f64::MIN), |(l, g), &v| (l.min(v), g.max(v)));
    [least, greatest, numbers.iter().sum::<f64>() / numbers.len() as f64]
}

fn holds(path: &Path, all: &Value, expected: &Value, must: Must) -> std::result::Result<(), String> {
    let read = opened(path).and_then(|stored| samples(&stored).map(|bytes| (stored, bytes)));
    let (stored, bytes) = match (read, must) {
        (Ok(read), _) => read,
        (Err(error), Fails(kind)) if error.kind() == kind => return Ok(()),
        (Err(error), _) => return Err(format!("{:?} {error}", error.kind())),
    };
    let hash = sha256(&bytes);
    let [least, greatest, mean] = range(&stored, &bytes);
    let fact = |key: &str| expected["stored"][key].as_f64().unwrap_or(f64::NAN);
    let told = match must {
        Equal => Some(hash.as_str()) == expected["sha256_stored_values"].as_str(),
        As(folder, name) => Some(hash.as_str()) == all[folder][name]["sha256_stored_values"].as_str(),
        Near(within) => (least - fact("min")).abs() <= within && (greatest - fact("max")).abs() <= within && (mean - fact("mean")).abs() <= within / 4.0,
        Between(low, high) => (low, high) == (least, greatest),
        Fails(_) => false,
    };
    if told { Ok(()) } else { Err(format!("{must:?}, found {least} to {greatest}, mean {mean}")) }
}

#[test]
fn every_encoding_as_the_reference_readers() {
    let Some(folder) = data().map(|d| d.join("dicom")) else { return };
    let all: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).expect("expected.json")).expect("JSON");
    let mut faults = Vec::new();
    for case in ["bits12_stray_high_bits", "pixel_zoo", "ts_misc", "ts_one_ct_image"] {
        for (name, expected) in all[case].as_object().expect("an object") {
            let must = OTHERS.iter().find(|o| o.0 == name).map_or(Equal, |o| o.1);
            if let Err(fault) = holds(&folder.join(case).join(name), &all, expected, must) {
                faults.push(format!("{name}: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
