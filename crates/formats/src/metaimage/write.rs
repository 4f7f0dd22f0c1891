//! Writing `.mha`, and `.mhd` with `.raw` beside it; uncompressed, keys in ITK's order.

use std::path::Path;

use isovox_volume::{Error, FrameAxis, Geometry, Header, Result, Sink, Space, Type};

use super::header::PROVENANCE;
use crate::embed;
use crate::format::{self, Target};
use crate::listed::plain_name;
use crate::staged::Staged;
use crate::stored::StoredSink;

/// A line that MetaIO reads for certain: its buffer for a value holds 32 kB, for its own keys only 500 bytes.
const PIECE: usize = 8000;

/// The shear, degrees, over which axes are said to be tilted.
const TILTED: f64 = 0.1;

pub(crate) fn holds(header: &Header) -> Result<()> {
    format::even(header)?;
    let shear = header.geometry.shear_deg();
    if shear > TILTED {
        return Err(Error::geometry("sheared axes, which MetaImage readers take for rotated ones")
            .found(format_args!("{shear:.2} degrees"))
            .help("write .nii.gz, .nrrd or .zarr, which hold shear, or resample to an even grid first"));
    }
    Ok(())
}

/// A fourth dimension has no name in MetaImage.
pub(crate) fn loses(header: &Header) -> Option<String> {
    let axis = header.frames.axis;
    (header.frames.count > 1 && axis != FrameAxis::Unknown).then(|| format!("MetaImage does not say what frames count: that they are {} is not kept", axis.name()))
}

pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    holds(header)?;
    if target.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("mhd")) {
        return pair(target, &target.path, &target.path.with_extension("raw"), header);
    }
    let text = header_text(header, "LOCAL", target.provenance.as_deref());
    Ok(Box::new(StoredSink::new(Staged::create(&target.path, target.force)?, text.as_bytes(), header, Vec::new())?))
}

/// A header at `mhd` and its voxels at `raw` beside it.
pub(crate) fn pair(target: &Target, mhd: &Path, raw: &Path, header: &Header) -> Result<Box<dyn Sink>> {
    holds(header)?;
    let text = header_text(header, &plain_name(raw, "a MetaImage's")?, target.provenance.as_deref());
    let beside = Staged::create(mhd, target.force)?;
    beside.write_at(0, text.as_bytes())?;
    Ok(Box::new(StoredSink::new(Staged::create(raw, target.force)?, &[], header, vec![beside])?))
}

fn element(voxel: Type) -> &'static str {
    match voxel {
        Type::U8 | Type::Rgb8 => "MET_UCHAR",
        Type::I8 => "MET_CHAR",
        Type::U16 => "MET_USHORT",
        Type::I16 => "MET_SHORT",
        Type::U32 => "MET_UINT",
        Type::I32 => "MET_INT",
        Type::U64 => "MET_ULONG_LONG",
        Type::I64 => "MET_LONG_LONG",
        Type::F32 => "MET_FLOAT",
        Type::F64 => "MET_DOUBLE",
    }
}

/// The header of little-endian voxels in `data_file` (`LOCAL` for behind the header), ending in a line end.
///
/// A volume without scale states no spacing; axes that mean nothing anatomical are `AnatomicalOrientation = ???`.
/// `provenance` is JSON, embedded under keys of our own: MetaIO cuts its `Comment` off at 500 bytes and then fails.
pub fn header_text(header: &Header, data_file: &str, provenance: Option<&str>) -> String {
    let frames = header.frames.count;
    let dims = if frames > 1 { 4 } else { 3 };
    let mut lines = vec!["ObjectType = Image".into(), format!("NDims = {dims}")];
    lines.extend(["BinaryData = True", "BinaryDataByteOrderMSB = False", "CompressedData = False"].map(String::from));
    lines.extend(placement(&header.geometry, dims, step(&header.frames.values)));
    lines.extend(embed::text(provenance, header).iter().flat_map(|text| pieces(text)));
    let [z, y, x] = header.shape;
    lines.push(if dims == 4 { format!("DimSize = {x} {y} {z} {frames}") } else { format!("DimSize = {x} {y} {z}") });
    if header.voxel == Type::Rgb8 {
        lines.push("ElementNumberOfChannels = 3".into());
    }
    lines.push(format!("ElementType = {}", element(header.voxel)));
    lines.push(format!("ElementDataFile = {data_file}\n"));
    lines.join("\n")
}

/// The constant step of frame values; 1, ITK's own, where there is none.
fn step(values: &[f64]) -> f64 {
    let [first, second, ..] = values else { return 1.0 };
    let step = second - first;
    let even = values.windows(2).all(|w| (w[1] - w[0] - step).abs() <= step.abs() * 1e-6);
    if even && step > 0.0 { step } else { 1.0 }
}

fn placement(geometry: &Geometry, dims: usize, step: f64) -> Vec<String> {
    let (Some(spacing), Some(origin), Some(direction)) = (geometry.spacing(), geometry.origin(), geometry.direction()) else {
        return vec![format!("AnatomicalOrientation = {}", &"????"[..dims])];
    };
    let join = |values: Vec<f64>| values.iter().map(|v| format!("{}", v + 0.0)).collect::<Vec<_>>().join(" ");
    let four = |three: [f64; 3], last: f64| [three[0], three[1], three[2], last][..dims].to_vec();
    let matrix = (0..dims).flat_map(|axis| (0..dims).map(move |row| (axis, row))).map(|(axis, row)| match (axis, row) {
        (3, 3) => 1.0,
        (3, _) | (_, 3) => 0.0,
        _ => direction[row][axis],
    });
    vec![
        format!("TransformMatrix = {}", join(matrix.collect())),
        format!("Offset = {}", join(four(origin, 0.0))),
        format!("CenterOfRotation = {}", join(vec![0.0; dims])),
        format!("AnatomicalOrientation = {}", orientation(geometry, dims)),
        format!("ElementSpacing = {}", join(four(spacing, step))),
    ]
}

/// Letters of where the axes come from (ITK writes RAI for LPS); `?` where there is nothing anatomical.
fn orientation(geometry: &Geometry, dims: usize) -> String {
    let from = |to: char| match to {
        'L' => 'R',
        'R' => 'L',
        'P' => 'A',
        'A' => 'P',
        'S' => 'I',
        _ => 'S',
    };
    let letters = geometry.axes().filter(|_| geometry.space() == Space::Patient);
    let mut text: String = letters.map_or("???".into(), |axes| axes.chars().map(from).collect());
    if dims == 4 {
        text.push('?');
    }
    text
}

/// Lines of our key; cut where neither side is a blank, which readers would trim.
fn pieces(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let blank = |end: usize| rest[..end].ends_with(char::is_whitespace) || rest[end..].starts_with(char::is_whitespace);
        let mut end = rest.len().min(PIECE);
        while end > 1 && (!rest.is_char_boundary(end) || (end < rest.len() && blank(end))) {
            end -= 1;
        }
        let key = if lines.is_empty() { PROVENANCE.to_string() } else { format!("{PROVENANCE}_{}", lines.len() + 1) };
        lines.push(format!("{key} = {}", &rest[..end]));
        rest = &rest[end..];
    }
    lines
}
