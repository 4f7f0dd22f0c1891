//! What a volume is, known without its voxels.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::geometry::Geometry;
use crate::region::Region;
use crate::vector::{length, minus};
use crate::verdict::{Problem, Verdict};
use crate::voxel::Type;

/// What the values of a volume mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityKind {
    /// Hounsfield units.
    Hu,
    /// Numbers as the file stores them.
    Stored,
    /// An object's number; 0 is background.
    Label,
    /// 0 or 1.
    Mask,
    /// Not said.
    Unknown,
}

impl QuantityKind {
    /// The word in `info`.
    pub const fn name(self) -> &'static str {
        match self {
            QuantityKind::Hu => "hu",
            QuantityKind::Stored => "stored",
            QuantityKind::Label => "label",
            QuantityKind::Mask => "mask",
            QuantityKind::Unknown => "unknown",
        }
    }
}

/// How sure a [`Quantity`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The file says so.
    Certain,
    /// The values look so.
    Likely,
    /// Nothing speaks for it.
    Unknown,
}

impl Certainty {
    /// The word in `info`.
    pub const fn name(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Unknown => "unknown",
        }
    }
}

/// What the values mean, how sure that is, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// The meaning.
    pub kind: QuantityKind,
    /// How sure.
    pub certain: Certainty,
    /// What says so.
    pub evidence: String,
    /// The values' unit, where one is known.
    pub unit: Option<String>,
}

impl Quantity {
    /// A meaning that is certain.
    pub fn certain(kind: QuantityKind, evidence: &str) -> Quantity {
        Quantity { kind, certain: Certainty::Certain, evidence: evidence.into(), unit: None }
    }

    /// Stored values, as most files hold them.
    pub fn stored(evidence: &str) -> Quantity {
        Quantity::certain(QuantityKind::Stored, evidence)
    }
}

/// What the outermost axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameAxis {
    /// Time points.
    Time,
    /// Echoes.
    Echo,
    /// b-values.
    BValue,
    /// Cardiac or respiratory phases.
    Phase,
    /// Colour, fluorescence or vector channels.
    Channel,
    /// Not said.
    Unknown,
}

impl FrameAxis {
    /// The word in `info`.
    pub const fn name(self) -> &'static str {
        match self {
            FrameAxis::Time => "time",
            FrameAxis::Echo => "echo",
            FrameAxis::BValue => "b_value",
            FrameAxis::Phase => "phase",
            FrameAxis::Channel => "channel",
            FrameAxis::Unknown => "unknown",
        }
    }
}

/// The 3-D volumes of a 4-D one.
#[derive(Clone, Debug, PartialEq)]
pub struct Frames {
    /// How many; at least 1.
    pub count: usize,
    /// What they count.
    pub axis: FrameAxis,
    /// Where they lie on that axis, when known.
    pub values: Vec<f64>,
}

impl Frames {
    /// One frame: a 3-D volume.
    pub fn one() -> Frames {
        Frames { count: 1, axis: FrameAxis::Unknown, values: Vec::new() }
    }
}

/// What a volume is: shape, type, place, meaning.
#[derive(Clone, Debug)]
pub struct Header {
    /// `[z, y, x]`, voxels.
    pub shape: [usize; 3],
    /// Frames, outermost.
    pub frames: Frames,
    /// The voxels' type.
    pub voxel: Type,
    /// Where the voxels are.
    pub geometry: Geometry,
    /// What the file proves of that.
    pub verdict: Verdict,
    /// What the values mean.
    pub quantity: Quantity,
    /// What a careful reader should know.
    pub warnings: Vec<String>,
    /// The format's own header, by key, for `info --metadata`.
    pub meta: BTreeMap<String, serde_json::Value>,
}

impl Header {
    /// A header without geometry; the shape is checked: no zero, and a byte count that a machine can address.
    pub fn new(shape: [usize; 3], frames: usize, voxel: Type) -> Result<Header> {
        let named = || format!("{}x{}x{}", shape[2], shape[1], shape[0]);
        if shape.contains(&0) || frames == 0 {
            return Err(Error::corrupt("size").found(named()).expected("at least one voxel along each axis"));
        }
        shape
            .iter()
            .try_fold(frames, |n, &s| n.checked_mul(s))
            .and_then(|n| n.checked_mul(voxel.bytes()))
            .filter(|&n| isize::try_from(n).is_ok())
            .ok_or_else(|| Error::corrupt("size").found(named()).expected("a volume whose bytes can be counted in 63 bits"))?;
        Ok(Header {
            shape,
            frames: Frames { count: frames, ..Frames::one() },
            voxel,
            geometry: Geometry::voxel(),
            verdict: Verdict::unknown("the file states no geometry"),
            quantity: Quantity::stored("values as stored"),
            warnings: Vec::new(),
            meta: BTreeMap::new(),
        })
    }

    /// Planes in a frame.
    pub fn nz(&self) -> usize {
        self.shape[0]
    }

    /// Rows in a plane.
    pub fn ny(&self) -> usize {
        self.shape[1]
    }

    /// Voxels in a row.
    pub fn nx(&self) -> usize {
        self.shape[2]
    }

    /// Voxels in a plane.
    pub fn plane(&self) -> usize {
        self.shape[1] * self.shape[2]
    }

    /// Bytes in a plane.
    pub fn plane_bytes(&self) -> usize {
        self.plane() * self.voxel.bytes()
    }

    /// Voxels of a frame.
    pub fn voxels(&self) -> usize {
        self.shape[0] * self.plane()
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> usize {
        self.voxels() * self.frames.count * self.voxel.bytes()
    }

    /// `946x946x900`, as users write sizes.
    pub fn size(&self) -> String {
        format!("{}x{}x{}", self.nx(), self.ny(), self.nz())
    }

    /// The same place and shape with voxels of another type and meaning.
    #[must_use]
    pub fn like(&self, voxel: Type, quantity: Quantity) -> Header {
        Header { voxel, quantity, ..self.clone() }
    }

    /// The header of a box of each frame: every voxel keeps its place.
    #[must_use]
    pub fn part(&self, region: &Region) -> Header {
        let first = [region.x.start, region.y.start, region.z.start];
        let [from, to] = [[0, 0, 0], [first[0], first[1], 0]].map(|ijk: [usize; 3]| self.geometry.point(ijk.map(|v| v as f64)));
        let moved = std::array::from_fn(|a| if self.geometry.has_scale() { to[a] - from[a] } else { 0.0 });
        let verdict = self.verdict.part(self.nz(), self.frames.count, &(0..self.frames.count), &region.z, moved);
        let part = Header { shape: region.shape(), geometry: self.geometry.shifted(first), verdict, ..self.clone() };
        if self.verdict.uniform == Some(false) { part.rechecked() } else { part }
    }

    /// A part of an uneven grid: its first slice's own place, and whether its own steps are even.
    fn rechecked(mut self) -> Header {
        let own: Option<Vec<[f64; 3]>> = self.verdict.planes(self.nz(), self.frames.count).and_then(|s| s[..self.nz()].iter().map(|s| s.place_mm).collect());
        let (Some(places), Some(mut affine)) = (own, self.geometry.affine().copied()) else { return self };
        let mean: [f64; 3] = std::array::from_fn(|a| (places[places.len() - 1][a] - places[0][a]) / (places.len() - 1).max(1) as f64);
        let off = |p: &[[f64; 3]]| length(minus(minus(p[1], p[0]), mean));
        let tolerance = f64::max(0.01, 0.01 * length(mean));
        let even = self.verdict.problems.iter().all(|p| matches!(p, Problem::Gaps | Problem::Overlap | Problem::Tilted)) && places.windows(2).all(|p| off(p) <= tolerance);
        for (a, row) in affine.iter_mut().take(3).enumerate() {
            row[3] = places[0][a];
            if even && places.len() > 1 {
                row[2] = mean[a];
            }
        }
        let Some(geometry) = Geometry::new(self.geometry.space(), affine) else { return self };
        if even {
            let text = format!("an even part of a series with gaps: {} slices", places.len());
            self.verdict = Verdict { slices: self.verdict.slices, ..Verdict::of(&geometry, &text) };
        }
        self.geometry = geometry;
        self
    }

    /// The header of one frame.
    #[must_use]
    pub fn frame(&self, frame: usize) -> Header {
        let verdict = self.verdict.part(self.nz(), self.frames.count, &(frame..frame + 1), &(0..self.nz()), [0.0; 3]);
        Header { frames: Frames::one(), verdict, ..self.clone() }
    }

    /// Where the first voxel of each plane of a frame lies, mm: as its own slice says, else by the affine; `None` without a scale.
    pub fn places(&self) -> Option<Vec<[f64; 3]>> {
        if !self.geometry.has_scale() {
            return None;
        }
        let slices = self.verdict.planes(self.nz(), self.frames.count);
        let own: Option<Vec<[f64; 3]>> = slices.and_then(|s| s[..self.nz()].iter().map(|s| s.place_mm).collect());
        Some(own.unwrap_or_else(|| (0..self.nz()).map(|k| self.geometry.point([0.0, 0.0, k as f64])).collect()))
    }

    /// Refuses to write a grid that one affine does not describe, unless the user keeps its gaps.
    pub fn even_or_kept(&self) -> Result<()> {
        if self.verdict.uniform == Some(false) && !self.verdict.kept {
            return Err(Error::geometry("slices that are not evenly spaced")
                .found(&self.verdict.text)
                .help("--gaps keep writes them with their true positions in the provenance; the step `regularize` makes an even grid"));
        }
        Ok(())
    }

    /// Refuses a grid that one affine does not describe: what is computed from places would be wrong.
    pub fn even(&self) -> Result<()> {
        if self.verdict.uniform == Some(false) && self.verdict.kept {
            let error = Error::geometry("slices that are not evenly spaced").found(&self.verdict.text);
            return Err(error.help("--gaps keep is for writing them: here the step `regularize` must come first, without it"));
        }
        self.even_or_kept()
    }

    /// Refuses a grid that is not the same: shape, and affine to a thousandth of a voxel where both have one.
    pub fn same_grid(&self, other: &Header, what: &str) -> Result<()> {
        if self.shape != other.shape {
            return Err(Error::geometry(format_args!("{what} has another size")).found(other.size()).expected(self.size()).help("both must lie on one grid"));
        }
        if self.geometry.has_scale() && other.geometry.has_scale() && !self.geometry.near(&other.geometry, self.shape) {
            return Err(Error::geometry(format_args!("{what} lies on another grid")).help("both must lie on one grid"));
        }
        Ok(())
    }
}
