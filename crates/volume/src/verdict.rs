//! What a file proves of its geometry.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::Geometry;

/// What is wrong with a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Steps along the normal larger than the others.
    Gaps,
    /// Positions closer than half a step.
    Overlap,
    /// The same position twice in one frame.
    Duplicates,
    /// A shear of more than 0.1 degree; the grid stays uniform.
    Tilted,
    /// Several orientations or sizes.
    Mixed,
    /// All slices at one position.
    SamePosition,
    /// Nothing is stated.
    Unknown,
}

impl Problem {
    /// The word in `info`.
    pub const fn name(self) -> &'static str {
        match self {
            Problem::Gaps => "gaps",
            Problem::Overlap => "overlap",
            Problem::Duplicates => "duplicates",
            Problem::Tilted => "tilted",
            Problem::Mixed => "mixed",
            Problem::SamePosition => "same_position",
            Problem::Unknown => "unknown",
        }
    }
}

/// A slice in a file of its own, as the verdict saw it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SliceRow {
    /// The file's base name.
    pub file: String,
    /// The number that the file states; of a frame among several its own, from 1.
    pub instance: Option<i64>,
    /// UID of the image, where it has one.
    pub image: Option<String>,
    /// The centre of its first voxel, mm (LPS), where the file states it.
    pub place_mm: Option<[f64; 3]>,
    /// Its place along the normal, mm.
    pub position_mm: Option<f64>,
    /// The step from the slice before in its frame, mm.
    pub gap_mm: Option<f64>,
    /// Why it is no plane of the volume; `None` where it is one.
    pub reason: Option<String>,
}

/// The median step between ascending places, the mean of the two in the middle for an even number; `None` of one place.
pub fn median_step(places: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> = places.windows(2).map(|w| w[1] - w[0]).collect();
    steps.sort_by(f64::total_cmp);
    let n = steps.len();
    (n > 0).then(|| f64::midpoint(steps[(n - 1) / 2], steps[n / 2]))
}

/// What the file proves: one uniform grid, or what is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether every step along the normal equals the median step; `None` without positions.
    pub uniform: Option<bool>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The verdict in words.
    pub text: String,
    /// The shear, degrees, where there is one.
    pub tilt_deg: Option<f64>,
    /// Whether the user takes steps that are not even as they are: their places are kept in the provenance.
    pub kept: bool,
    /// The slices it was found from, in the volume's order, where each is a file.
    pub slices: Arc<[SliceRow]>,
}

impl Verdict {
    /// One affine for the whole grid, as the file states it.
    pub fn uniform(text: &str) -> Verdict {
        Verdict { uniform: Some(true), problems: Vec::new(), text: text.into(), tilt_deg: None, kept: false, slices: Arc::default() }
    }

    /// One affine for the whole grid; a shear of more than 0.1 degree is named.
    pub fn of(geometry: &Geometry, text: &str) -> Verdict {
        let tilt = geometry.shear_deg();
        if tilt <= 0.1 {
            return Verdict::uniform(text);
        }
        let text = format!("{text}; its axes are {tilt:.2} degrees off a right angle");
        Verdict { problems: vec![Problem::Tilted], tilt_deg: Some(tilt), ..Verdict::uniform(&text) }
    }

    /// The slices that are planes of a volume of so many, `[frame][z]`; `None` where not each plane has its own.
    pub fn planes(&self, nz: usize, frames: usize) -> Option<Vec<&SliceRow>> {
        let planes: Vec<&SliceRow> = self.slices.iter().filter(|s| s.reason.is_none()).collect();
        (planes.len() == nz * frames && nz > 0).then_some(planes)
    }

    /// The verdict of a part of a volume of `nz` planes: some frames, some planes, and first voxels moved within their planes.
    ///
    /// Slices that are no plane stay named; a table that does not tell of each plane is left out.
    #[must_use]
    pub fn part(&self, nz: usize, all: usize, frames: &Range<usize>, z: &Range<usize>, moved_mm: [f64; 3]) -> Verdict {
        if self.planes(nz, all).is_none() {
            return Verdict { slices: Arc::default(), ..self.clone() };
        }
        let mut rows = Vec::new();
        let mut plane = 0;
        for row in self.slices.iter() {
            let mut row = row.clone();
            if row.reason.is_none() {
                let at = plane;
                plane += 1;
                if !frames.contains(&(at / nz)) || !z.contains(&(at % nz)) {
                    continue;
                }
                row.place_mm = row.place_mm.map(|p| std::array::from_fn(|a| p[a] + moved_mm[a]));
                row.gap_mm = row.gap_mm.filter(|_| at % nz > z.start);
            }
            rows.push(row);
        }
        Verdict { slices: rows.into(), ..self.clone() }
    }

    /// Nothing is known, and why.
    pub fn unknown(text: &str) -> Verdict {
        Verdict { uniform: None, problems: vec![Problem::Unknown], text: text.into(), tilt_deg: None, kept: false, slices: Arc::default() }
    }
}
