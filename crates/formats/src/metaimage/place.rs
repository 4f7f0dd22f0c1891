//! Spacing, origin and direction of a MetaImage.

use isovox_volume::{Geometry, Result, Space, Verdict};

use super::header::Fields;
use crate::unit::millimetres;

/// Where the voxels are, and what a careful reader should know.
pub(super) struct Placed {
    pub(super) geometry: Geometry,
    pub(super) verdict: Verdict,
    pub(super) warnings: Vec<String>,
}

const SPACING: [&str; 2] = ["ElementSpacing", "ElementSize"];
const ORIGIN: [&str; 3] = ["Offset", "Position", "Origin"];
const MATRIX: [&str; 3] = ["TransformMatrix", "Rotation", "Orientation"];

/// The geometry of an image of so many dimensions.
pub(super) fn place(fields: &Fields, dims: usize) -> Result<Placed> {
    let spacing = fields.numbers(&SPACING, dims)?;
    let origin = fields.numbers(&ORIGIN, dims)?.unwrap_or_else(|| vec![0.0; dims]);
    let matrix = fields.numbers(&MATRIX, dims * dims)?;
    let mut warnings = Vec::new();
    let unit = unit(fields, &mut warnings);
    let Some(spacing) = spacing else { return Ok(nowhere("neither ElementSpacing nor ElementSize is stated: spacing unknown".into(), warnings)) };
    if dims < 3 {
        return Ok(nowhere(format!("an image of {dims} dimensions with spacing {spacing:?} mm states no spacing across: spacing unknown"), warnings));
    }
    if !spacing[..3].iter().all(|s| s.is_finite() && *s > 0.0) {
        return Ok(nowhere(format!("spacing {spacing:?} is not positive: spacing unknown"), warnings));
    }
    let Some(direction) = direction(matrix.as_deref(), dims) else {
        return Ok(nowhere("TransformMatrix mixes space with the fourth dimension: spacing unknown".into(), warnings));
    };
    let space = if local(fields) { Space::Local } else { Space::Patient };
    let three = |v: &[f64]| std::array::from_fn(|i| v[i] * unit);
    Ok(match Geometry::from_parts(space, three(&spacing), three(&origin), direction) {
        Some(geometry) => {
            let verdict = Verdict::of(&geometry, "one affine, as the header states it");
            if let Some(tilt) = verdict.tilt_deg {
                warnings.push(format!("the axes are sheared by {tilt:.2} degrees"));
            }
            Placed { geometry, verdict, warnings }
        }
        None => nowhere("TransformMatrix is singular or not finite: spacing unknown".into(), warnings),
    })
}

fn nowhere(why: String, mut warnings: Vec<String>) -> Placed {
    let verdict = Verdict::unknown(&why);
    warnings.push(why);
    Placed { geometry: Geometry::voxel(), verdict, warnings }
}

/// `direction[row][axis]`: the file lists the unit vector of each index axis in turn.
fn direction(matrix: Option<&[f64]>, dims: usize) -> Option<[[f64; 3]; 3]> {
    let Some(m) = matrix else { return Some([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) };
    let mixed = dims == 4 && (0..3).any(|i| m[i * 4 + 3] != 0.0 || m[12 + i] != 0.0);
    (!mixed).then(|| std::array::from_fn(|row| std::array::from_fn(|axis| m[axis * dims + row])))
}

/// `AnatomicalOrientation = ???`: the axes mean nothing anatomical.
fn local(fields: &Fields) -> bool {
    fields.get(&["AnatomicalOrientation"]).is_some_and(|o| !o.is_empty() && o.bytes().all(|b| b == b'?'))
}

/// Millimetres in the file's unit.
fn unit(fields: &Fields, warnings: &mut Vec<String>) -> f64 {
    let Some(name) = fields.get(&["DistanceUnits"]).filter(|n| *n != "?" && !n.is_empty()) else { return 1.0 };
    match millimetres(name) {
        Some(1.0) => 1.0,
        Some(mm) => {
            warnings.push(format!("DistanceUnits = {name}: lengths are turned into mm; ITK leaves them as they are"));
            mm
        }
        None => {
            warnings.push(format!("DistanceUnits = {name} is not known; taken as mm"));
            1.0
        }
    }
}
