//! Where the voxels are: space, directions and origin, or spacings alone.

use isovox_volume::{Error, Geometry, Result, Space, Verdict};

use super::axes::Axes;
use super::header::Fields;
use crate::unit::millimetres;

/// The world that `space` or `space dimension` names.
pub(super) struct World {
    /// Numbers of a vector: 3, or 4 with time.
    dims: usize,
    space: Space,
    /// Which of x, y, z are to be turned round to become LPS.
    flip: [bool; 3],
    /// One an axis; `None` where none are stated.
    vectors: Option<Vec<Option<Vec<f64>>>>,
    origin: Vec<f64>,
}

impl World {
    pub(super) fn of(fields: &Fields, axes: usize) -> Result<World> {
        let (dims, space, flip) = match (fields.get("space"), fields.get("spacedimension")) {
            (Some(name), None) => named(name)?,
            (None, Some(_)) => {
                let dims = fields.whole("spacedimension")?;
                let dims = usize::try_from(dims).ok().filter(|d| (1..=8).contains(d)).ok_or_else(|| Error::corrupt("space dimension").found(dims).expected("1 to 8"))?;
                (dims, Space::Local, [false; 3])
            }
            (None, None) => (0, Space::Local, [false; 3]),
            (Some(_), Some(_)) => return Err(Error::corrupt("NRRD header").found("both space and space dimension").expected("one of them")),
        };
        let vectors = fields.vectors("spacedirections", axes)?;
        let origin = fields.vectors("spaceorigin", 1)?.and_then(|v| v.into_iter().next().flatten());
        if vectors.is_some() && dims == 0 {
            return Err(Error::corrupt("space directions").expected("a field space or space dimension before them"));
        }
        for vector in vectors.iter().flatten().flatten().chain(&origin) {
            if vector.len() != dims {
                return Err(Error::corrupt("vector of space").found(format_args!("{} numbers", vector.len())).expected(format_args!("{dims}, as the space has dimensions")));
            }
        }
        Ok(World { dims, space, flip, vectors, origin: origin.unwrap_or_else(|| vec![0.0; dims]) })
    }

    /// Whether an axis lies in space; `None` where the file does not say.
    pub(super) fn spatial(&self, axis: usize) -> Option<bool> {
        let vector = self.vectors.as_ref()?[axis].as_ref();
        Some(vector.is_some() && self.step(axis).is_none())
    }

    /// Whether the step along an axis is shorter than any in space.
    pub(super) fn vanishes(&self, axis: usize) -> bool {
        self.vectors.as_ref().and_then(|v| v[axis].as_ref()).is_some_and(|v| v.iter().all(|n| n.abs() < 1e-100))
    }

    /// The step and first value of an axis that moves in the fourth dimension of the world alone.
    pub(super) fn step(&self, axis: usize) -> Option<(f64, f64)> {
        let vector = self.vectors.as_ref()?[axis].as_ref().filter(|_| self.dims == 4)?;
        (vector[..3].iter().all(|v| *v == 0.0) && vector[3] != 0.0).then(|| (vector[3], self.origin[3]))
    }

    /// The affine of three axes; `None` with the reason where there is none.
    fn affine(&self, fields: &Fields, axes: &Axes, vectors: &[Option<Vec<f64>>], warnings: &mut Vec<String>) -> Result<Geometry, String> {
        let columns: Vec<&Vec<f64>> = axes.space.iter().filter_map(|&axis| vectors[axis].as_ref()).collect();
        let [x, y, z] = columns[..] else { return Err(flat(axes)) };
        if self.dims < 3 {
            return Err(flat(axes));
        }
        if self.dims == 4 && [x, y, z].iter().any(|v| v[3] != 0.0) {
            return Err("space directions mix space with time: spacing unknown".into());
        }
        let units = fields.quoted("spaceunits", self.dims).map_err(|e| e.to_string())?;
        let mut affine = [[0.0, 0.0, 0.0, 0.0], [0.0; 4], [0.0; 4], [0.0, 0.0, 0.0, 1.0]];
        for (r, row) in affine[..3].iter_mut().enumerate() {
            let mm = units.as_ref().map_or(1.0, |u| unit(&u[r], warnings));
            let sign = if self.flip[r] { -1.0 } else { 1.0 };
            *row = [x[r], y[r], z[r], self.origin[r]].map(|v| v * mm * sign + 0.0);
        }
        Geometry::new(self.space, affine).ok_or_else(|| "space directions are singular or not finite: spacing unknown".into())
    }
}

/// Dimensions, space and axes to turn round of a named space.
fn named(name: &str) -> Result<(usize, Space, [bool; 3])> {
    let lower = name.to_lowercase();
    let three = lower.strip_suffix("-time").unwrap_or(&lower);
    let dims = 3 + usize::from(three.len() < lower.len());
    let (space, flip) = match three {
        "right-anterior-superior" | "ras" => (Space::Patient, [true, true, false]),
        "left-anterior-superior" | "las" => (Space::Patient, [false, true, false]),
        "left-posterior-superior" | "lps" => (Space::Patient, [false; 3]),
        "rast" => return Ok((4, Space::Patient, [true, true, false])),
        "last" => return Ok((4, Space::Patient, [false, true, false])),
        "lpst" => return Ok((4, Space::Patient, [false; 3])),
        // Scanner axes and handedness say nothing of a patient.
        "scanner-xyz" | "3d-right-handed" | "3d-left-handed" => (Space::Local, [false; 3]),
        _ => return Err(Error::corrupt("space").found(format_args!("{name:?}")).expected("left-posterior-superior or another of NRRD's spaces")),
    };
    Ok((dims, space, flip))
}

/// Where the voxels are, and what a careful reader should know.
pub(super) struct Placed {
    pub(super) geometry: Geometry,
    pub(super) verdict: Verdict,
    pub(super) warnings: Vec<String>,
}

pub(super) fn place(fields: &Fields, axes: &Axes, world: &World) -> Result<Placed> {
    let mut warnings = Vec::new();
    let found = match &world.vectors {
        Some(vectors) => world.affine(fields, axes, vectors, &mut warnings).map(|g| (g, "one affine, as the header states it")),
        None => by_spacings(fields, axes, &mut warnings)?.map(|g| (g, "the spacing alone: left and right are unknown")),
    };
    if world.vectors.is_none() && world.space == Space::Patient {
        warnings.push("the header names a space but no space directions: left and right are unknown".into());
    }
    Ok(match found {
        Ok((geometry, text)) => {
            let verdict = Verdict::of(&geometry, text);
            if let Some(tilt) = verdict.tilt_deg {
                warnings.push(format!("the axes are sheared by {tilt:.2} degrees"));
            }
            Placed { geometry, verdict, warnings }
        }
        Err(why) => {
            let verdict = Verdict::unknown(&why);
            warnings.push(why);
            Placed { geometry: Geometry::voxel(), verdict, warnings }
        }
    })
}

fn flat(axes: &Axes) -> String {
    format!("an image of {} dimensions states no spacing across: spacing unknown", axes.space.len())
}

/// A box grid from `spacings`, or from `axis mins` and `axis maxs` where `centers` says what they mean.
fn by_spacings(fields: &Fields, axes: &Axes, warnings: &mut Vec<String>) -> Result<Result<Geometry, String>> {
    let dims = axes.sizes.len();
    let (spacings, mins, maxs) = (fields.numbers("spacings", dims)?, fields.numbers("axismins", dims)?, fields.numbers("axismaxs", dims)?);
    let centers = fields.words("centers", dims)?.or(fields.words("centerings", dims)?);
    let units = fields.quoted("units", dims)?;
    let [x, y, z] = axes.space[..] else { return Ok(Err(if spacings.is_some() { flat(axes) } else { unknown() })) };
    let (mut spacing, mut origin) = ([0.0; 3], [0.0; 3]);
    for (i, axis) in [x, y, z].into_iter().enumerate() {
        let mm = units.as_ref().map_or(1.0, |u| unit(&u[axis], warnings));
        // Of a cell the limits are its faces, of a node its centre.
        let cell = centers.as_ref().and_then(|c| [("cell", true), ("node", false)].into_iter().find(|(name, _)| *name == c[axis])).map(|(_, cell)| cell);
        let of = |numbers: &Option<Vec<f64>>| numbers.as_ref().map_or(f64::NAN, |n| n[axis]);
        let (min, n) = (of(&mins), axes.sizes[axis] as f64);
        let steps = cell.map_or(f64::NAN, |cell| if cell { n } else { n - 1.0 });
        let stated = of(&spacings);
        let step = if stated.is_finite() { stated } else { (of(&maxs) - min) / steps };
        spacing[i] = step * mm;
        if let (true, Some(cell)) = (min.is_finite(), cell) {
            origin[i] = (if cell { min + step / 2.0 } else { min }) * mm;
        }
    }
    if spacing.iter().any(|s| s.is_nan()) {
        return Ok(Err(unknown()));
    }
    let direction = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let positive = spacing.iter().all(|s| *s > 0.0);
    let geometry = Geometry::from_parts(Space::Local, spacing, origin, direction).filter(|_| positive);
    Ok(geometry.ok_or_else(|| format!("spacings {spacing:?} are not positive: spacing unknown")))
}

fn unknown() -> String {
    "neither space directions nor spacings are stated: spacing unknown".into()
}

/// Millimetres in a named unit; a name that is no length is said once.
fn unit(name: &str, warnings: &mut Vec<String>) -> f64 {
    millimetres(name).unwrap_or_else(|| {
        let said = format!("the unit {name:?} is no known length; taken as mm");
        if !name.trim().is_empty() && !warnings.contains(&said) {
            warnings.push(said);
        }
        1.0
    })
}
