//! Where a NIfTI file says its voxels are: sform, qform or the spacing alone (`nifti1.h`, methods 3, 2 and 1).

use isovox_volume::geometry::Affine;
use isovox_volume::{Error, Geometry, Result, Space, Verdict};

use super::header::Fields;
use crate::open::AffineChoice;

/// sform and qform closer than this, in mm at every corner, are the same.
pub(super) const SAME_MM: f64 = 0.001;

/// Millimetres of a length in the file's unit.
fn mm(units: i64, value: f64) -> f64 {
    match units & 7 {
        1 => value * 1000.0,
        3 => value / 1000.0,
        _ => value,
    }
}

/// The sform in RAS mm, if it is finite and spans space.
pub(super) fn sform(h: &Fields) -> Option<Geometry> {
    let mut affine: Affine = [[0.0, 0.0, 0.0, 1.0]; 4];
    for (row, from) in affine.iter_mut().zip(h.srow) {
        *row = from.map(|v| mm(h.units, v));
    }
    Geometry::from_ras(affine)
}

/// Spacing |pixdim| in mm, if all three are finite and positive.
fn spacing(h: &Fields) -> Option<[f64; 3]> {
    let spacing: [f64; 3] = std::array::from_fn(|i| mm(h.units, h.pixdim[i + 1].abs()));
    spacing.iter().all(|s| s.is_finite() && *s > 0.0).then_some(spacing)
}

/// The qform in RAS mm, if its spacing and quaternion are finite; and by how much the quaternion is longer than 1.
pub(super) fn qform(h: &Fields) -> Option<(Geometry, f64)> {
    let spacing = spacing(h)?;
    let square: f64 = h.quatern.iter().map(|v| v * v).sum();
    let ([b, c, d], a) = if square > 1.0 { (h.quatern.map(|v| v / square.sqrt()), 0.0) } else { (h.quatern, (1.0 - square).sqrt()) };
    let rotation = rotation(a, b, c, d);
    // nifti1.h: pixdim[0] is -1 for left-handed axes; anything else, 0 too, counts as 1.
    let qfac = if h.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let scale = [spacing[0], spacing[1], spacing[2] * qfac];
    let mut affine: Affine = [[0.0, 0.0, 0.0, 1.0]; 4];
    for r in 0..3 {
        for c in 0..3 {
            affine[r][c] = rotation[r][c] * scale[c];
        }
        affine[r][3] = mm(h.units, h.qoffset[r]);
    }
    Geometry::from_ras(affine).map(|g| (g, square.sqrt() - 1.0))
}

/// The rotation matrix of a unit quaternion.
pub(super) fn rotation(a: f64, b: f64, c: f64, d: f64) -> [[f64; 3]; 3] {
    [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
}

/// The greatest distance between two places of the same corner voxel, mm.
pub(super) fn farthest_corner(a: &Geometry, b: &Geometry, shape: [usize; 3]) -> f64 {
    (0..8)
        .map(|corner| {
            let ijk = std::array::from_fn(|axis| if corner >> axis & 1 == 1 { (shape[2 - axis] - 1) as f64 } else { 0.0 });
            let (p, q) = (a.point(ijk), b.point(ijk));
            (0..3).map(|r| (p[r] - q[r]).powi(2)).sum::<f64>().sqrt()
        })
        .fold(0.0, f64::max)
}

/// A geometry, what is proven of it, and what a careful reader should know.
pub(super) struct Placed {
    pub(super) geometry: Geometry,
    pub(super) verdict: Verdict,
    pub(super) warnings: Vec<String>,
}

/// Chooses the affine. Fails only when the user asks for one that the file does not have.
pub(super) fn place(h: &Fields, shape: [usize; 3], choice: AffineChoice) -> Result<Placed> {
    let mut placed = match choice {
        AffineChoice::Sform if h.sform_code <= 0 => return Err(not_stated("sform")),
        AffineChoice::Qform if h.qform_code <= 0 => return Err(not_stated("qform")),
        AffineChoice::Sform => by_sform(h),
        AffineChoice::Qform => by_qform(h),
        AffineChoice::File if h.sform_code > 0 => by_sform(h),
        AffineChoice::File if h.qform_code > 0 => by_qform(h),
        AffineChoice::Pixdim | AffineChoice::File => by_spacing(h),
    };
    if matches!(choice, AffineChoice::Sform | AffineChoice::Qform) && !placed.geometry.has_scale() {
        return Err(Error::geometry(placed.warnings.remove(0)).help("--affine names another: sform, qform or pixdim"));
    }
    disagreement(h, shape, choice, &mut placed.warnings);
    unit(h, &mut placed.warnings);
    if let Some(tilt) = placed.verdict.tilt_deg {
        placed.warnings.push(format!("the axes are sheared by {tilt:.2} degrees"));
    }
    Ok(placed)
}

fn not_stated(form: &str) -> Error {
    Error::geometry(format_args!("{form}")).found("code 0: not stated").help("leave --affine out, or --affine pixdim for the spacing alone")
}

fn at(geometry: Geometry, text: &str) -> Placed {
    Placed { verdict: Verdict::of(&geometry, text), geometry, warnings: Vec::new() }
}

fn nowhere(why: String) -> Placed {
    Placed { geometry: Geometry::voxel(), verdict: Verdict::unknown(&why), warnings: vec![why] }
}

fn by_sform(h: &Fields) -> Placed {
    match sform(h) {
        Some(geometry) => at(geometry, &format!("one affine: sform, code {}", h.sform_code)),
        None => nowhere("the sform is singular or not finite: it gives no place to voxels, spacing unknown".into()),
    }
}

fn by_qform(h: &Fields) -> Placed {
    match qform(h) {
        Some((geometry, excess)) => {
            let mut placed = at(geometry, &format!("one affine: qform, code {}", h.qform_code));
            if excess > 1e-6 {
                placed.warnings.push(format!("the qform's quaternion is {:.3} long, not 1; its direction is taken", excess + 1.0));
            }
            placed
        }
        None => nowhere(format!("the qform needs a spacing, but pixdim is {:?}: spacing unknown", &h.pixdim[1..4])),
    }
}

fn by_spacing(h: &Fields) -> Placed {
    let local = spacing(h).and_then(Geometry::local);
    match local {
        Some(geometry) => {
            debug_assert_eq!(geometry.space(), Space::Local);
            at(geometry, "the spacing alone: sform and qform are not stated, left and right are unknown")
        }
        None => nowhere(format!("pixdim is {:?} and no affine is stated: spacing unknown", &h.pixdim[1..4])),
    }
}

fn disagreement(h: &Fields, shape: [usize; 3], choice: AffineChoice, warnings: &mut Vec<String>) {
    if h.sform_code <= 0 || h.qform_code <= 0 {
        return;
    }
    let (Some(s), Some((q, _))) = (sform(h), qform(h)) else { return };
    let far = farthest_corner(&s, &q, shape);
    let (taken, other) = match choice {
        AffineChoice::Qform => ("the qform", "--affine sform"),
        AffineChoice::Pixdim => ("neither", "--affine sform or qform"),
        AffineChoice::File | AffineChoice::Sform => ("the sform", "--affine qform"),
    };
    if far > SAME_MM {
        warnings.push(format!("sform and qform put a corner {far:.3} mm apart; {taken} is taken, {other} for the other"));
    }
}

fn unit(h: &Fields, warnings: &mut Vec<String>) {
    if !(0..=3).contains(&(h.units & 7)) {
        warnings.push(format!("unit of length {} is none of NIfTI's; taken as mm", h.units & 7));
    }
}
