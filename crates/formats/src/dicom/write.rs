//! Segmentations, written: each label a segment, each plane in which it has voxels a frame of single bits (PS3.3 A.51,
//! C.8.20).
//!
//! Names come from the segments that were read, or are the labels' numbers; the images behind them, from the slices whose
//! places they have. Who the patient is is not written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use isovox_volume::{Error, Header, QuantityKind, Result, Scalar, Sink, Space, scalar};

use super::encode::Encoded;
use super::wire::EXPLICIT;
use crate::format::{self, Target};
use crate::staged::Staged;

/// Segmentation Storage.
const CLASS: &str = "1.2.840.10008.5.1.4.1.1.66.4";

/// A date for a file whose source states none.
const NO_DATE: &str = "19700101";

/// The farthest that an image may lie from a plane of which it is the source, mm.
const SAME: f64 = 0.01;

const TISSUE: [&str; 3] = ["85756007", "SCT", "Tissue"];

/// Refuses what no segmentation holds, naming the step that resolves it.
pub(super) fn holds(header: &Header) -> Result<()> {
    let refused = |found: &str, help: &str| Err(Error::unsupported("writing DICOM").found(found).expected("labels or a mask in a patient's space").help(help));
    if !matches!(header.quantity.kind, QuantityKind::Label | QuantityKind::Mask) || !header.voxel.is_integer() {
        return refused(&format!("values that are {}", header.quantity.kind.name()), "make a mask with otsu or threshold, or labels with label; or write .nii.gz");
    }
    if header.frames.count > 1 {
        return refused("several frames", "choose one with --frame");
    }
    if header.geometry.space() != Space::Patient {
        return refused(&format!("a volume in {} space", header.geometry.space().name()), "write .nii.gz or .mha");
    }
    if u16::try_from(header.ny()).is_err() || u16::try_from(header.nx()).is_err() {
        return refused(&header.size(), "write .nii.gz or .mha");
    }
    format::even(header)
}

/// Begins a file.
pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    holds(header)?;
    let data = Staged::create(&target.path, target.force)?;
    Ok(Box::new(Segmentation { data, header: header.clone(), masks: Mutex::default(), provenance: target.provenance.clone() }))
}

/// By segment and plane, a bit for each voxel: whether it is the segment's. The first voxel is a byte's lowest bit.
type Masks = BTreeMap<(u16, usize), Vec<u8>>;

/// The most bytes of frames: they are held until all are known.
const LARGEST: usize = 1 << 30;

struct Segmentation {
    data: Staged,
    header: Header,
    masks: Mutex<Masks>,
    provenance: Option<String>,
}

impl Sink for Segmentation {
    fn ordered(&self) -> bool {
        false
    }

    fn write(&self, _frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()> {
        for (k, plane) in z.zip(bytes.chunks_exact(self.header.plane_bytes())) {
            let found = scalar!(self.header.voxel, T => parted::<T>(bytemuck::cast_slice(plane)))?;
            let mut masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner);
            masks.extend(found.into_iter().map(|(label, mask)| ((label, k), mask)));
            if masks.len() * self.header.plane().div_ceil(8) > LARGEST {
                let error = Error::unsupported("a segmentation").found(format_args!("{} frames, one for each label of each plane", masks.len()));
                return Err(error
                    .expected(format_args!("at most {} GB of them", LARGEST >> 30))
                    .help("write .nii.gz, which holds them; or keep fewer objects: remove-small, keep-largest"));
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        let mut masks = self.masks.into_inner().unwrap_or_else(PoisonError::into_inner);
        bounded(&self.header, &mut masks);
        let bytes = file(&self.header, &masks, self.provenance.as_deref())?;
        self.data.write_at(0, &bytes)?;
        Ok(vec![self.data.finish()?])
    }
}

/// Adds empty frames for planes that a reader would not know of: the first and the last; of uneven steps, all.
fn bounded(header: &Header, masks: &mut Masks) {
    let Some(&(label, _)) = masks.keys().next() else { return };
    let held: BTreeSet<usize> = masks.keys().map(|k| k.1).collect();
    let last = header.nz() - 1;
    let needed = (0..=last).filter(|k| [0, last].contains(k) || header.verdict.uniform == Some(false));
    masks.extend(needed.filter(|k| !held.contains(k)).map(|k| ((label, k), vec![0; header.plane().div_ceil(8)])));
}

/// The voxels of each label of a plane.
fn parted<T: Scalar>(plane: &[T]) -> Result<BTreeMap<u16, Vec<u8>>> {
    let mut masks: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    for (i, value) in plane.iter().enumerate() {
        let label = value.to_i128();
        if label == 0 {
            continue;
        }
        let number = u16::try_from(label).map_err(|_| {
            Error::value("a label").found(label).expected("1 to 65535, as segments are numbered").help("keep fewer objects: remove-small, keep-largest; or write .nii.gz")
        })?;
        masks.entry(number).or_insert_with(|| vec![0; plane.len().div_ceil(8)])[i / 8] |= 1 << (i % 8);
    }
    Ok(masks)
}

/// Bits of all frames of so many voxels, one after the other without a gap (PS3.5 8.1.1).
fn packed(masks: &Masks, voxels: usize) -> Vec<u8> {
    let mut bytes = vec![0; (masks.len() * voxels).div_ceil(8)];
    for (frame, mask) in masks.values().enumerate() {
        for i in (0..voxels).filter(|i| mask[i / 8] >> (i % 8) & 1 == 1) {
            let at = frame * voxels + i;
            bytes[at / 8] |= 1 << (at % 8);
        }
    }
    bytes
}

/// An identifier that the same contents always get: FNV-1a of 128 bits, as a UUID's (PS3.5 B.2).
fn uid(of: &str, bytes: &[&[u8]]) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in of.as_bytes().iter().chain(bytes.iter().copied().flatten()) {
        hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
    }
    // Version 8 and the variant of RFC 9562.
    let hash = hash & !(0xF << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    format!("2.25.{hash}")
}

/// A text of the source's header; empty where there is none.
fn of_source(header: &Header, tag: &str) -> String {
    header.meta.get(tag).and_then(|e| e["Value"][0].as_str()).unwrap_or_default().trim().to_string()
}

fn or(text: String, other: impl FnOnce() -> String) -> String {
    if text.is_empty() { other() } else { text }
}

/// Where each plane's first voxel lies.
fn places(header: &Header) -> Vec<[f64; 3]> {
    header.places().unwrap_or_else(|| vec![[0.0; 3]; header.nz()])
}

/// The images of the slices, by plane, where a slice lies there.
fn sources(header: &Header) -> Vec<Option<String>> {
    let image = |place: [f64; 3]| {
        let near = |p: [f64; 3]| (0..3).all(|a| (p[a] - place[a]).abs() < SAME);
        header.verdict.slices.iter().find(|s| s.reason.is_none() && s.place_mm.is_some_and(near)).and_then(|s| s.image.clone())
    };
    places(header).into_iter().map(image).collect()
}

/// Whether the source's pixels lie where these do: its size, spacing and orientation are the same.
fn preserved(header: &Header, spacing: [f64; 2], orientation: &[f64]) -> bool {
    let stated = |tag: &str| -> Vec<f64> {
        let values = header.meta.get(tag).and_then(|e| e["Value"].as_array());
        values.into_iter().flatten().filter_map(serde_json::Value::as_f64).collect()
    };
    let near = |tag: &str, here: &[f64]| {
        let there = stated(tag);
        there.len() == here.len() && there.iter().zip(here).all(|(a, b)| (a - b).abs() <= 1e-4)
    };
    near("00280010", &[header.ny() as f64]) && near("00280011", &[header.nx() as f64]) && near("00280030", &spacing) && near("00200037", orientation)
}

fn file(header: &Header, masks: &Masks, provenance: Option<&str>) -> Result<Vec<u8>> {
    if masks.is_empty() {
        return Err(Error::value("a segmentation").found("no voxel that is not 0").help("write .nii.gz, which holds empty volumes"));
    }
    let pixels = packed(masks, header.plane());
    let geometry: Vec<u8> = header.geometry.affine().into_iter().flatten().flatten().flat_map(|v| v.to_le_bytes()).collect();
    let made = provenance.unwrap_or_default().as_bytes();
    let content: [&[u8]; 3] = [&pixels, &geometry, made];
    let image = uid("image", &content);
    let meta = Encoded::default().bytes(2, 1, &[0, 1]).text(2, 2, "UI", CLASS).text(2, 3, "UI", &image).text(2, 0x10, "UI", EXPLICIT);
    let meta = meta.text(2, 0x12, "UI", "2.25.314159265358979323846264338327950288419").text(2, 0x13, "SH", "ISOVOX");
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(Encoded::default().longs(2, 0, &[meta.0.len() as u32]).0);
    bytes.extend(meta.0);
    bytes.extend(about(header, &image, &content).0);
    bytes.extend(frames(header, masks).0);
    bytes.extend(Encoded::default().bytes(0x7FE0, 0x10, &pixels).0);
    Ok(bytes)
}

/// Groups 0008 to 0020: what it is, and what it belongs to.
fn about(header: &Header, image: &str, content: &[&[u8]]) -> Encoded {
    let date = or(of_source(header, "00080023"), || or(of_source(header, "00080020"), || NO_DATE.into()));
    let series = of_source(header, "0020000E");
    let class = of_source(header, "00080016");
    let reference = |uid: &String| Encoded::default().text(8, 0x1150, "UI", &class).text(8, 0x1155, "UI", uid);
    let mut images: Vec<String> = sources(header).into_iter().flatten().collect();
    images.dedup();
    let images: Vec<Encoded> = images.iter().map(reference).collect();
    let mut out = Encoded::default()
        .text(8, 5, "CS", "ISO_IR 192")
        .text(8, 8, "CS", "DERIVED\\PRIMARY")
        .text(8, 0x16, "UI", CLASS)
        .text(8, 0x18, "UI", image)
        .text(8, 0x20, "DA", &of_source(header, "00080020"))
        .text(8, 0x23, "DA", &date)
        .text(8, 0x30, "TM", &of_source(header, "00080030"))
        .text(8, 0x33, "TM", &or(of_source(header, "00080033"), || "000000".into()))
        .text(8, 0x50, "SH", "")
        .text(8, 0x60, "CS", "SEG")
        .text(8, 0x70, "LO", "isovox")
        .text(8, 0x90, "PN", "")
        .text(8, 0x103E, "LO", "Segmentation")
        .text(8, 0x1090, "LO", "isovox");
    if !images.is_empty() && !series.is_empty() {
        let referenced = Encoded::default().sequence(8, 0x114A, &images).text(0x20, 0x0E, "UI", &series);
        out = out.sequence(8, 0x1115, &[referenced]);
    }
    out = out.text(0x10, 0x10, "PN", "").text(0x10, 0x20, "LO", "").text(0x10, 0x30, "DA", "").text(0x10, 0x40, "CS", "");
    out = out.text(0x18, 0x1000, "LO", "0").text(0x18, 0x1020, "LO", env!("CARGO_PKG_VERSION"));
    let organised = uid("dimensions", content);
    let index = |element: [u16; 2], group: [u16; 2]| Encoded::default().text(0x20, 0x9164, "UI", &organised).words(0x20, 0x9165, "AT", &element).words(0x20, 0x9167, "AT", &group);
    out.text(0x20, 0x0D, "UI", &or(of_source(header, "0020000D"), || uid("study", content)))
        .text(0x20, 0x0E, "UI", &uid("series", content))
        .text(0x20, 0x10, "SH", "")
        .text(0x20, 0x11, "IS", "1")
        .text(0x20, 0x13, "IS", "1")
        .text(0x20, 0x52, "UI", &or(of_source(header, "00200052"), || uid("space", &content[1..2])))
        .text(0x20, 0x1040, "LO", "")
        .sequence(0x20, 0x9221, &[Encoded::default().text(0x20, 0x9164, "UI", &organised)])
        .sequence(0x20, 0x9222, &[index([0x62, 0x0B], [0x62, 0x0A]), index([0x20, 0x32], [0x20, 0x9113])])
}

/// Groups 0028 to 5200: the pixels' layout, the segments, and where each frame lies.
fn frames(header: &Header, masks: &Masks) -> Encoded {
    let [sx, sy, sz] = header.geometry.spacing().unwrap_or([1.0; 3]);
    let d = header.geometry.direction().unwrap_or_default();
    let named = |number: u16| {
        let list = header.meta.get("segments").and_then(|s| s.as_array());
        let found = list.into_iter().flatten().find(|s| s["number"] == number).and_then(|s| s["label"].as_str());
        found.filter(|l| !l.is_empty()).map_or_else(|| format!("Label {number}"), |label| label.chars().take(64).collect())
    };
    let segment = |number: u16| {
        let out = Encoded::default().code(0x62, 3, TISSUE).words(0x62, 4, "US", &[number]).text(0x62, 5, "LO", &named(number));
        out.text(0x62, 8, "CS", "AUTOMATIC").text(0x62, 9, "LO", "isovox").code(0x62, 0x0F, TISSUE)
    };
    let mut numbers: Vec<u16> = masks.keys().map(|k| k.0).collect();
    numbers.dedup();
    let (images, places, class) = (sources(header), places(header), of_source(header, "00080016"));
    let orientation: Vec<f64> = (0..2).flat_map(|c| (0..3).map(move |r| d[r][c])).collect();
    let preserved = preserved(header, [sy, sx], &orientation);
    let frame = |&(number, k): &(u16, usize)| {
        let mut out = Encoded::default();
        if let Some(image) = &images[k] {
            let purpose = ["121322", "DCM", "Source image for image processing operation"];
            let source = Encoded::default().text(8, 0x1150, "UI", &class).text(8, 0x1155, "UI", image);
            let source = if preserved { source.text(0x28, 0x135A, "CS", "YES") } else { source }.code(0x40, 0xA170, purpose);
            let derived = Encoded::default().sequence(8, 0x2112, &[source]).code(8, 0x9215, ["113076", "DCM", "Segmentation"]);
            out = out.sequence(8, 0x9124, &[derived]);
        }
        let place = numbers.iter().position(|n| *n == number).unwrap_or(0) as u32 + 1;
        out.sequence(0x20, 0x9111, &[Encoded::default().longs(0x20, 0x9157, &[place, k as u32 + 1])])
            .sequence(0x20, 0x9113, &[Encoded::default().decimals(0x20, 0x32, &places[k])])
            .sequence(0x62, 0x0A, &[Encoded::default().words(0x62, 0x0B, "US", &[number])])
    };
    let measures = Encoded::default().decimals(0x18, 0x50, &[sz]).decimals(0x18, 0x88, &[sz]).decimals(0x28, 0x30, &[sy, sx]);
    let shared = Encoded::default().sequence(0x20, 0x9116, &[Encoded::default().decimals(0x20, 0x37, &orientation)]).sequence(0x28, 0x9110, &[measures]);
    Encoded::default()
        .words(0x28, 2, "US", &[1])
        .text(0x28, 4, "CS", "MONOCHROME2")
        .text(0x28, 8, "IS", &masks.len().to_string())
        .words(0x28, 0x10, "US", &[header.ny() as u16])
        .words(0x28, 0x11, "US", &[header.nx() as u16])
        .words(0x28, 0x100, "US", &[1])
        .words(0x28, 0x101, "US", &[1])
        .words(0x28, 0x102, "US", &[0])
        .words(0x28, 0x103, "US", &[0])
        .text(0x28, 0x2110, "CS", "00")
        .text(0x62, 1, "CS", "BINARY")
        .sequence(0x62, 2, &numbers.iter().map(|&n| segment(n)).collect::<Vec<_>>())
        .text(0x62, 0x13, "CS", "NO")
        .text(0x70, 0x80, "CS", "SEGMENTATION")
        .text(0x70, 0x81, "LO", "")
        .text(0x70, 0x84, "PN", "")
        .sequence(0x5200, 0x9229, &[shared])
        .sequence(0x5200, 0x9230, &masks.keys().map(frame).collect::<Vec<_>>())
}
