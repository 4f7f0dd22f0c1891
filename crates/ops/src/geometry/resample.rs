//! Volumes on another grid.

use isovox_macros::Op;
use isovox_volume::affine::{Affine, IDENTITY, product};
use isovox_volume::{Error, Geometry, Header, Result};

use super::crop::sizes;
use super::grid::{fill, placed, regrid};
use super::sampling::{Interpolation, Manner, Sampling};
use crate::access::Gather;
use crate::spec::Lengths;

/// Bring a volume to another spacing or size, or onto another image's grid; everything keeps its place.
///
/// --spacing gives `ceil(extent / spacing - 1e-6)` voxels an axis, --size the spacing that fits; both keep the extent's
/// centre where it is. --like takes the grid of another image, through both affines, oblique and sheared ones too. Values
/// come from --interpolation: linear, of labels, masks and colours the nearest voxel's; these are never interpolated.
/// Splines are exact cubic B-splines (their prefilter is recursive within a plane; across planes it is cut off where it is
/// below a rounding, so that any part of a volume gives the same bits). Beyond the outermost centres the nearest voxel
/// goes on up to the extent's faces, splines go on mirrored; outside the extent stands --fill, else air (-1024) in a volume
/// of Hounsfield units, else 0. Where the grid gets coarser by a factor f along an axis of the input (of a grid that lies
/// askew: by the step of its axis nearest to that one), a Gaussian of deviation
/// `sqrt(f^2 - 1) / 2.3548` input voxels takes away what the new grid cannot hold, unless --no-antialias; labels are never
/// smoothed. Integers are rounded, halves to even, and kept in their type's range; splines and Lanczos are kept in the
/// input's range unless --overshoot. NaN spreads as far as the weights reach. Agrees with SimpleITK's Resample (linear,
/// nearest, B-spline) within 1e-4 of the range without smoothing.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, also = [like: Volume], example = "isovox resample scan.nii.gz -o fine.nii.gz --spacing 1mm")]
#[op(references = ["Unser, Aldroubi and Eden 1993", "Cardoso et al. 2015"])]
pub struct Resample {
    /// The new spacing: one length, or three as x,y,z; bare numbers are mm where the volume has a scale, else voxels.
    #[op(unit = "mm or voxel")]
    pub spacing: Option<Lengths>,
    /// The new size: `XxYxZ`.
    #[op(unit = "voxel")]
    pub size: Option<String>,
    /// How values between voxels are made.
    #[op(default = Interpolation::Auto)]
    pub interpolation: Interpolation,
    /// Leave out the Gaussian before a coarser grid.
    #[op(default = false)]
    pub no_antialias: bool,
    /// Let splines and Lanczos go beyond the input's range.
    #[op(default = false)]
    pub overshoot: bool,
    /// What stands outside the input.
    pub fill: Option<f64>,
    /// As `scipy.ndimage.zoom(order=3, mode="nearest")` does: outermost centres stay, shapes are rounded halves to even.
    #[op(default = false)]
    pub literal_zoom: bool,
}

/// What is asked for, and none other.
enum Asked<'a> {
    Step([f64; 3]),
    Size([usize; 3]),
    Like(&'a Header),
}

impl Resample {
    fn asked<'a>(&self, input: &Header, like: Option<&'a Header>) -> Result<Asked<'a>> {
        match (&self.spacing, &self.size, like) {
            (Some(spacing), None, None) => {
                let step = spacing.voxels(input.geometry.spacing())?;
                let good = step.iter().all(|s| s.is_finite() && *s > 0.0);
                if good { Ok(Asked::Step(step)) } else { Err(Error::parameter("--spacing").expected("lengths above 0")) }
            }
            (None, Some(size), None) => Ok(Asked::Size(sizes(size)?)),
            (None, None, Some(like)) => Ok(Asked::Like(like)),
            _ => Err(Error::parameter("resample needs --spacing, --size or --like, one of them").help("for example --spacing 1mm")),
        }
    }

    fn manner(&self, fill: f64) -> Manner {
        Manner { interpolation: self.interpolation, smooth: !self.no_antialias, overshoot: self.overshoot, fill, literal: self.literal_zoom }
    }
}

/// Voxels along an axis of `n` input voxels with steps of so many.
fn count(n: usize, step: f64) -> Result<usize> {
    let voxels = (n as f64 / step - 1e-6).ceil().max(1.0);
    if voxels < 1e12 { Ok(voxels as usize) } else { Err(Error::parameter("--spacing").found(format_args!("{voxels:e} voxels an axis")).help("is the unit right?")) }
}

/// Output size along x, y, z, the first place and the step in input voxels.
fn ruler(n: [usize; 3], out: [usize; 3], step: [f64; 3]) -> Affine {
    let mut grid = IDENTITY;
    for a in 0..3 {
        grid[a][a] = step[a];
        grid[a][3] = ((n[a] - 1) as f64 - step[a] * (out[a] - 1) as f64) / 2.0;
    }
    grid
}

/// Refuses grids that do not lie in one world, and gives the input index points of the other's indices, where `pull` leads
/// from the other's millimetres to the input's.
pub(crate) fn onto(input: &Header, like: &Header, pull: &Affine) -> Result<Affine> {
    input.even()?;
    like.even()?;
    let (a, b) = (&input.geometry, &like.geometry);
    let place = |g: &Geometry| g.affine().copied();
    match (place(a), place(b)) {
        (Some(_), Some(to)) if a.space() == b.space() => Ok(product(&a.back(), &product(pull, &to))),
        _ => Err(Error::geometry("grids of different worlds")
            .found(format_args!("{} and {}", a.space().name(), b.space().name()))
            .expected("both a patient's space, or both local")
            .help("name the spacing of both with --voxel-size, or resample with --spacing or --size")),
    }
}

/// The header of an input on another's grid.
pub(crate) fn placed_like(input: &Header, like: &Header, plan: &Sampling) -> Result<Header> {
    let mut header = placed(input, like.shape, like.geometry.clone(), &like.verdict)?;
    header.warnings.extend(plan.warning());
    Ok(header)
}

impl Gather for Resample {
    type Plan = Sampling;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Sampling)> {
        let input = inputs[0];
        let n = [input.nx(), input.ny(), input.nz()];
        let asked = self.asked(input, inputs.get(1).copied())?;
        if self.literal_zoom && (matches!(asked, Asked::Like(_)) || !matches!(self.interpolation, Interpolation::Auto | Interpolation::Cubic)) {
            return Err(Error::parameter("--literal-zoom").expected("--spacing or --size, and cubic splines"));
        }
        let (out, mut grid) = match asked {
            Asked::Like(like) => {
                let out = [like.nx(), like.ny(), like.nz()];
                let plan = Sampling::new(input, out, onto(input, like, &IDENTITY)?, self.manner(fill(input, self.fill)?))?;
                return Ok((placed_like(input, like, &plan)?, plan));
            }
            Asked::Size(out) if out.contains(&0) => return Err(Error::parameter("--size").expected("at least one voxel along each axis")),
            Asked::Size(out) => (out, ruler(n, out, std::array::from_fn(|a| n[a] as f64 / out[a] as f64))),
            Asked::Step(step) if self.literal_zoom => {
                let out: [usize; 3] = std::array::from_fn(|a| (n[a] as f64 / step[a]).round_ties_even().clamp(1.0, 1e12) as usize);
                (out, IDENTITY)
            }
            Asked::Step(step) => {
                let out = [count(n[0], step[0])?, count(n[1], step[1])?, count(n[2], step[2])?];
                (out, ruler(n, out, step))
            }
        };
        if self.literal_zoom {
            let step = |a: usize| if out[a] > 1 { (n[a] - 1) as f64 / (out[a] - 1) as f64 } else { 1.0 };
            grid = IDENTITY;
            (0..3).for_each(|a| grid[a][a] = step(a));
        }
        let header = regrid(input, [out[2], out[1], out[0]], &grid)?;
        Ok((header, Sampling::new(input, out, grid, self.manner(fill(input, self.fill.or(Some(0.0)))?))?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::passes::Ring;
    use super::*;
    use crate::access::{Held, OnGrid};
    use isovox_volume::{Length, Space, Type};

    fn header(shape: [usize; 3], spacing: [f64; 3]) -> Header {
        let mut header = Header::new(shape, 1, Type::F64).unwrap();
        let turned = [[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, -1.0]];
        header.geometry = Geometry::from_parts(Space::Patient, spacing, [-31.0, 12.5, 99.0], turned).unwrap();
        header
    }

    fn resample(spacing: f64, interpolation: Interpolation) -> Resample {
        Resample { spacing: Some(Lengths([Length::Mm(spacing); 3])), size: None, interpolation, no_antialias: true, overshoot: true, fill: None, literal_zoom: false }
    }

    fn run(op: &Resample, inputs: &[&Header], voxels: &[f64]) -> (Header, Vec<f64>) {
        let (header, plan) = op.plan(inputs).unwrap();
        let mut out = vec![f64::NAN; header.voxels()];
        let need = plan.region(0..header.nz());
        let reach = plan.spread().unwrap_or(0);
        let near = need.start.saturating_sub(reach)..(need.end + reach).min(inputs[0].nz());
        let held = Held { z: near.clone(), own: need, voxels: &voxels[near.start * inputs[0].plane()..near.end * inputs[0].plane()], range: None };
        plan.planes(&mut Ring::default(), &held, 0..header.nz(), &mut out);
        (header, out)
    }

    /// A ramp of the world: every kernel of first order or more gives it again.
    fn ramp(header: &Header) -> Vec<f64> {
        let at = |i: usize| header.geometry.point([i % header.nx(), i / header.nx() % header.ny(), i / header.plane()].map(|v| v as f64));
        (0..header.voxels()).map(at).map(|[x, y, z]| 3.0 * x - 2.0 * y + z).collect()
    }

    #[test]
    fn the_extent_stays_centred_and_a_ramp_stays() {
        let input = header([9, 40, 41], [0.7, 0.8, 2.5]);
        for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
            let (out, values) = run(&resample(1.0, interpolation), &[&input], &ramp(&input));
            assert_eq!(out.shape, [23, 32, 29]);
            let middle = |h: &Header| h.geometry.point([h.nx(), h.ny(), h.nz()].map(|n| (n - 1) as f64 / 2.0));
            assert!((0..3).all(|a| (middle(&out)[a] - middle(&input)[a]).abs() < 1e-9));
            // Splines are mirrored at the faces, which bends a ramp there.
            let far = |i: usize| [i % 29, i / 29 % 32, i / (29 * 32)].into_iter().zip([29, 32, 23]).all(|(v, n)| v >= 10 && v < n - 10);
            let near = |i: usize| [i % 29, i / 29 % 32, i / (29 * 32)].into_iter().zip([29, 32, 23]).all(|(v, n)| v >= 2 && v < n - 2);
            let kept = |i: usize| if interpolation == Interpolation::Linear { near(i) } else { far(i) };
            let off = values.iter().zip(ramp(&out)).enumerate().filter(|(i, _)| kept(*i)).map(|(_, (a, b))| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < if interpolation == Interpolation::Linear { 1e-9 } else { 2e-2 }, "{interpolation:?}: {off}");
        }
    }

    #[test]
    fn a_grid_that_lies_askew_meets_the_same_world() {
        let input = header([30, 30, 30], [1.0, 1.0, 1.0]);
        let mut like = Header::new([8, 8, 8], 1, Type::U8).unwrap();
        let centre = input.geometry.point([11.0; 3]);
        like.geometry = Geometry::new(Space::Patient, [[0.9, -0.3, 0.1, centre[0]], [0.3, 0.9, 0.2, centre[1]], [-0.1, 0.1, -0.8, centre[2]], [0.0, 0.0, 0.0, 1.0]]).unwrap();
        let op = Resample { spacing: None, ..resample(1.0, Interpolation::Linear) };
        let (out, values) = run(&op, &[&input, &like], &ramp(&input));
        assert_eq!((out.shape, &out.geometry, out.warnings.len()), (like.shape, &like.geometry, 0));
        let off = values.iter().zip(ramp(&out)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-9, "{off}");
        like.geometry = Geometry::from_parts(Space::Patient, [1.0; 3], [900.0, 0.0, 0.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).unwrap();
        let (out, values) = run(&op, &[&input, &like], &ramp(&input));
        assert!(out.warnings[0].contains("nothing of the input") && values.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn its_own_grid_gives_the_same_bits() {
        let input = header([5, 6, 7], [1.0, 2.0, 3.0]);
        let values: Vec<f64> = (0..210).map(|i| f64::from(i * 7919 % 1009)).collect();
        for interpolation in [Interpolation::Nearest, Interpolation::Linear, Interpolation::Vote, Interpolation::Lanczos] {
            let op = Resample { spacing: None, ..resample(1.0, interpolation) };
            assert_eq!(run(&op, &[&input, &input], &values).1, values, "{interpolation:?}");
        }
    }

    #[test]
    fn sizes_have_no_room_for_roundings() {
        assert_eq!([count(10, 0.1).unwrap(), count(3, 1.0).unwrap(), count(3, 1.00001).unwrap(), count(3, 2.0).unwrap(), count(3, 50.0).unwrap()], [100, 3, 3, 2, 1]);
        assert!(count(10, 1e-300).is_err());
    }

    #[test]
    fn grids_that_none_can_have_are_refused() {
        let input = header([5, 6, 7], [1.0, 2.0, 3.0]);
        let refused = |op: &Resample, inputs: &[&Header]| op.plan(inputs).err().expect("an error").to_string();
        for spacing in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-6, 1e-300] {
            let said = refused(&resample(spacing, Interpolation::Linear), &[&input]);
            assert!(said.contains("spacing") || said.contains("new grid") || said.contains("new size"), "{spacing}: {said}");
        }
        refused(&Resample { no_antialias: false, ..resample(1e9, Interpolation::Linear) }, &[&input]);
        let sized = |size: &str| Resample { spacing: None, size: Some(size.into()), ..resample(1.0, Interpolation::Auto) };
        for size in ["0x1x1", "3x3", "-1x2x3", "2000000x1x1", "1000000x1000000x18446744073709551615", "99999999999999999999x1x1"] {
            refused(&sized(size), &[&input]);
        }
        let elsewhere = Header { geometry: Geometry::local([1.0; 3]).unwrap(), ..input.clone() };
        let onto = Resample { spacing: None, ..resample(1.0, Interpolation::Auto) };
        assert!(refused(&onto, &[&input, &elsewhere]).contains("local"));
        refused(&onto, &[&input]);
        refused(&resample(1.0, Interpolation::Auto), &[&input, &input]);
    }

    #[test]
    fn labels_are_never_mixed() {
        let mut input = header([5, 6, 7], [1.0, 2.0, 3.0]).like(Type::U8, isovox_volume::Quantity::certain(isovox_volume::QuantityKind::Label, "said"));
        let literal = Resample { literal_zoom: true, ..resample(2.0, Interpolation::Auto) };
        for op in [&literal, &resample(2.0, Interpolation::Linear), &resample(2.0, Interpolation::Cubic), &resample(2.0, Interpolation::Lanczos)] {
            assert!(op.plan(&[&input]).is_err());
        }
        assert!(resample(2.0, Interpolation::Auto).plan(&[&input]).is_ok() && resample(2.0, Interpolation::Vote).plan(&[&input]).is_ok());
        input = header([5, 6, 7], [1.0, 2.0, 3.0]).like(Type::Rgb8, input.quantity);
        assert!(literal.plan(&[&input]).is_err() && resample(2.0, Interpolation::Vote).plan(&[&input]).is_err());
    }
}
