//! Writing `.nrrd`, and `.nhdr` with `.raw` beside it; uncompressed, little-endian.

use std::path::Path;

use isovox_volume::{FrameAxis, Geometry, Header, Result, Sink, Space, Type};

use super::header::PROVENANCE;
use crate::embed;
use crate::format::{self, Target};
use crate::listed::plain_name;
use crate::staged::Staged;
use crate::stored::StoredSink;

/// Whether a target's voxels lie in a file of their own.
pub(super) fn detached(target: &Path) -> bool {
    target.extension().is_some_and(|e| e.eq_ignore_ascii_case("nhdr"))
}

pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    format::even(header)?;
    let mut text = header_text(header, target.provenance.as_deref());
    if !detached(&target.path) {
        text.push('\n');
        return Ok(Box::new(StoredSink::new(Staged::create(&target.path, target.force)?, text.as_bytes(), header, Vec::new())?));
    }
    let raw = target.path.with_extension("raw");
    text.push_str(&format!("data file: {}\n", plain_name(&raw, "an NRRD's")?));
    let beside = Staged::create(&target.path, target.force)?;
    beside.write_at(0, text.as_bytes())?;
    Ok(Box::new(StoredSink::new(Staged::create(&raw, target.force)?, &[], header, vec![beside])?))
}

fn type_name(voxel: Type) -> &'static str {
    match voxel {
        Type::U8 | Type::Rgb8 => "uint8",
        Type::I8 => "int8",
        Type::U16 => "uint16",
        Type::I16 => "int16",
        Type::U32 => "uint32",
        Type::I32 => "int32",
        Type::U64 => "uint64",
        Type::I64 => "int64",
        Type::F32 => "float",
        Type::F64 => "double",
    }
}

/// Words an axis: one before those of space for colours, one behind them for frames.
fn each(header: &Header, colour: &str, space: [&str; 3], frames: &str) -> String {
    let mut words = Vec::new();
    words.extend((header.voxel == Type::Rgb8).then_some(colour));
    words.extend(space);
    words.extend((header.frames.count > 1).then_some(frames));
    words.join(" ")
}

/// All fields and our provenance; the blank line or the data file's name follows.
pub(super) fn header_text(header: &Header, provenance: Option<&str>) -> String {
    let [z, y, x] = header.shape.map(|n| n.to_string());
    let frames = header.frames.count.to_string();
    let sizes = each(header, "3", [&x, &y, &z], &frames);
    // Readers of a vector an index take a list; its label says of what.
    let mut lines = vec!["NRRD0005".into(), format!("type: {}", type_name(header.voxel)), format!("dimension: {}", sizes.split(' ').count())];
    lines.extend(world(&header.geometry).map(String::from));
    lines.push(format!("sizes: {sizes}"));
    lines.extend(directions(header));
    lines.push(format!("kinds: {}", each(header, "RGB-color", ["domain"; 3], "list")));
    if header.frames.count > 1 && header.frames.axis != FrameAxis::Unknown {
        let name = format!("\"{}\"", header.frames.axis.name());
        lines.push(format!("labels: {}", each(header, "\"\"", ["\"x\"", "\"y\"", "\"z\""], &name)));
    }
    lines.extend(steps(header));
    lines.push("encoding: raw".into());
    lines.push("endian: little".into());
    lines.extend(embed::text(provenance, header).map(|text| format!("{PROVENANCE}:={}", text.replace('\\', "\\\\").replace('\n', "\\n"))));
    lines.join("\n") + "\n"
}

/// A local space has no name in NRRD, only dimensions.
fn world(geometry: &Geometry) -> Option<&'static str> {
    match geometry.space() {
        Space::Patient => Some("space: left-posterior-superior"),
        Space::Local => Some("space dimension: 3"),
        Space::Voxel => None,
    }
}

fn directions(header: &Header) -> Vec<String> {
    let Some(affine) = header.geometry.affine() else { return Vec::new() };
    let vector = |column: usize| format!("({},{},{})", affine[0][column] + 0.0, affine[1][column] + 0.0, affine[2][column] + 0.0);
    let (x, y, z) = (vector(0), vector(1), vector(2));
    vec![format!("space directions: {}", each(header, "none", [&x, &y, &z], "none")), "space units: \"mm\" \"mm\" \"mm\"".into(), format!("space origin: {}", vector(3))]
}

/// Where evenly spaced frames lie on their axis.
fn steps(header: &Header) -> Vec<String> {
    let values = &header.frames.values;
    let [first, second, ..] = values[..] else { return Vec::new() };
    let step = second - first;
    let even = values.windows(2).all(|w| (w[1] - w[0] - step).abs() <= step.abs() * 1e-6) && step > 0.0;
    let line = |name: &str, value: f64| format!("{name}: {}", each(header, "nan", ["nan"; 3], &value.to_string()));
    if even { vec![line("spacings", step), line("axis mins", first)] } else { Vec::new() }
}
