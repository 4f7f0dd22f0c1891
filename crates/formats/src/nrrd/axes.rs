//! What each axis of the array is: of space, of frames, or of values side by side.

use isovox_volume::{Error, FrameAxis, Frames, Header, Result, Type};

use super::header::Fields;
use super::place::World;

/// What lies along the axis that is none of space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// There is none, or it has one element.
    None,
    /// The slowest axis: whole volumes behind each other.
    Frames(usize),
    /// The fastest axis: so many values of one voxel side by side.
    Channels(usize),
}

/// The array's axes.
pub(super) struct Axes {
    /// The fastest first.
    pub(super) sizes: Vec<usize>,
    /// The axes of space: x, y, z, as far as there are.
    pub(super) space: Vec<usize>,
    pub(super) other: Other,
    /// The axis that [`Other`] speaks of.
    outer: Option<usize>,
    /// `rgb8` where the fastest axis is red, green and blue of one byte each.
    pub(super) voxel: Type,
    frames: FrameAxis,
}

impl Axes {
    pub(super) fn of(fields: &Fields, world: &World) -> Result<Axes> {
        let (sizes, voxel) = (fields.sizes()?, fields.voxel()?);
        let kinds = fields.words("kinds", sizes.len())?;
        let kind = |axis: usize| kinds.as_ref().map_or("???", |k| k[axis].as_str());
        let spatial = |axis: usize| match world.spatial(axis) {
            Some(spatial) => spatial,
            None => match kind(axis) {
                "domain" | "space" => true,
                "???" | "none" => axis < 3,
                _ => false,
            },
        };
        let colour = !spatial(0) && (kind(0), sizes[0], voxel) == ("rgb-color", 3, Type::U8);
        let (space, others): (Vec<usize>, Vec<usize>) = (usize::from(colour)..sizes.len()).partition(|&axis| spatial(axis));
        let others: Vec<usize> = others.into_iter().filter(|&axis| sizes[axis] > 1).collect();
        if space.len() > 3 || others.len() > 1 {
            return Err(Error::unsupported("more than four axes")
                .found(format_args!("sizes {sizes:?}, kinds {}", kinds.as_ref().map_or("not stated".into(), |k| k.join(" "))))
                .expected("up to three of space, and one of frames or channels")
                .help("split it along one of them first"));
        }
        let outer = others.first().copied();
        let other = match outer {
            None => Other::None,
            Some(axis) if space.iter().all(|&s| s < axis) => Other::Frames(sizes[axis]),
            Some(axis) if space.iter().any(|&s| s < axis && sizes[s] > 1) => {
                return Err(Error::unsupported("an axis of frames or channels between those of space")
                    .found(format_args!("axis {axis} of sizes {sizes:?}"))
                    .expected("the first or the last axis")
                    .help("reorder the axes first, for example with teem's unu permute"));
            }
            Some(_) if colour => return Err(Error::unsupported("colours side by side with other values").found(format_args!("sizes {sizes:?}")).expected("colours alone")),
            Some(axis) => Other::Channels(sizes[axis]),
        };
        let labels = fields.quoted("labels", sizes.len())?;
        let frames = outer.map_or(FrameAxis::Unknown, |axis| frames_of(kind(axis), labels.as_ref().map(|l| l[axis].as_str())));
        Ok(Axes { voxel: if colour { Type::Rgb8 } else { voxel }, sizes, space, other, outer, frames })
    }

    /// What users see.
    pub(super) fn seen(&self, fields: &Fields, world: &World) -> Result<Header> {
        let size = |i: usize| self.space.get(i).map_or(1, |&axis| self.sizes[axis]);
        let count = match self.other {
            Other::Frames(count) | Other::Channels(count) => count,
            Other::None => 1,
        };
        let mut header = Header::new([size(2), size(1), size(0)], count, self.voxel)?;
        if let (Some(axis), true) = (self.outer, count > 1) {
            header.frames = Frames { count, axis: self.frames, values: self.values(fields, world, axis, count)? };
        }
        Ok(header)
    }

    /// Rows as long as the file's, channels side by side.
    pub(super) fn stored(&self, seen: &Header) -> Result<Header> {
        let Other::Channels(count) = self.other else { return Ok(seen.clone()) };
        let [z, y, x] = seen.shape;
        Header::new([z, y, x.saturating_mul(count)], 1, self.voxel)
    }

    /// Where frames lie: the axis's own spacing and first position, or the fourth number of space vectors.
    fn values(&self, fields: &Fields, world: &World, axis: usize, count: usize) -> Result<Vec<f64>> {
        let number = |name: &str| fields.numbers(name, self.sizes.len()).map(|n| n.map(|n| n[axis]));
        let (step, from) = match world.step(axis) {
            Some((step, from)) => (step, from),
            None => (number("spacings")?.unwrap_or(f64::NAN), number("axismins")?.filter(|m| m.is_finite()).unwrap_or(0.0)),
        };
        let seconds = match fields.quoted("units", self.sizes.len()).ok().flatten().map(|u| u[axis].to_lowercase()).as_deref() {
            Some("ms" | "msec" | "milliseconds") if self.frames == FrameAxis::Time => 1e3,
            Some("us" | "usec" | "microseconds") if self.frames == FrameAxis::Time => 1e6,
            _ => 1.0,
        };
        let known = step.is_finite() && step > 0.0 && from.is_finite() && count <= 1 << 20;
        Ok(if known { (0..count).map(|i| (from + i as f64 * step) / seconds).collect() } else { Vec::new() })
    }
}

/// What an axis counts: by its label where that is one of our words, else by its kind.
fn frames_of(kind: &str, label: Option<&str>) -> FrameAxis {
    let ours = [FrameAxis::Time, FrameAxis::Echo, FrameAxis::BValue, FrameAxis::Phase, FrameAxis::Channel];
    let labelled = label.and_then(|l| ours.into_iter().find(|a| a.name() == l));
    labelled.unwrap_or(match kind {
        "time" => FrameAxis::Time,
        "list" | "point" | "domain" | "space" | "???" | "none" | "stub" | "scalar" => FrameAxis::Unknown,
        _ => FrameAxis::Channel,
    })
}
