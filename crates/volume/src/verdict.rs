//! What a file proves of its geometry.

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

    /// Nothing is known, and why.
    pub fn unknown(text: &str) -> Verdict {
        Verdict { uniform: None, problems: vec![Problem::Unknown], text: text.into(), tilt_deg: None, kept: false, slices: Arc::default() }
    }
}
