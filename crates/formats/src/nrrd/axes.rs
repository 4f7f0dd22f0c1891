//! What each axis of the array is: of space, of frames, or of values side by side.

use isovox_volume::{Error, FrameAxis, Frames, Header, Result, Type};

use super::header::Fields;
use super::place::World;
use crate::raw::Colour;

/// What lies along the axis that is none of space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// There is none, or it has one element.
    None,
    /// The slowest axis: whole volumes behind each other.
    Frames(usize),
    /// An axis before the last of space: so many channels, of each of which `together` values lie side by side.
    Channels { count: usize, together: usize },
    /// Red, green and blue behind an axis of space or two.
    Colours(Colour),
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
    /// As stored: `rgb8` where the fastest axis is red, green and blue of one byte each.
    pub(super) voxel: Type,
    frames: FrameAxis,
}

impl Axes {
    pub(super) fn of(fields: &Fields, world: &World) -> Result<Axes> {
        let (sizes, voxel) = (fields.sizes()?, fields.voxel()?);
        let kinds = fields.words("kinds", sizes.len())?;
        let kind = |axis: usize| kinds.as_ref().map_or("???", |k| k[axis].as_str());
        let spatial = |axis: usize| match world.spatial(axis) {
            // What holds components has no step in space, though some write a number near nothing for it.
            Some(spatial) => spatial && (!world.vanishes(axis) || matches!(kind(axis), "domain" | "space" | "???" | "none")),
            None => match kind(axis) {
                "domain" | "space" => true,
                "???" | "none" => axis < 3,
                _ => false,
            },
        };
        let (space, others): (Vec<usize>, Vec<usize>) = (0..sizes.len()).partition(|&axis| spatial(axis));
        let before = |axis: usize| space.iter().filter(move |&&s| s < axis);
        let painted = |axis: &usize| matches!(kind(*axis), "rgb-color" | "3-color") && (sizes[*axis], voxel) == (3, Type::U8) && before(*axis).count() < 3;
        let colour = others.iter().copied().find(painted);
        let others: Vec<usize> = others.into_iter().filter(|&axis| sizes[axis] > 1 && Some(axis) != colour).collect();
        if space.len() > 3 || others.len() > 1 {
            return Err(Error::unsupported("more than four axes")
                .found(format_args!("sizes {sizes:?}, kinds {}", kinds.as_ref().map_or("not stated".into(), |k| k.join(" "))))
                .expected("up to three of space, and one of frames or channels")
                .help("split it along one of them first"));
        }
        let outer = others.first().copied();
        let beside = || Error::unsupported("colours side by side with other values").found(format_args!("sizes {sizes:?}")).expected("colours alone");
        let other = match outer {
            None => Other::None,
            Some(axis) if before(axis).count() == space.len() => Other::Frames(sizes[axis]),
            Some(_) if colour.is_some() => return Err(beside()),
            Some(axis) => {
                // More than can be counted is refused with the sizes.
                let together = before(axis).fold(1usize, |n, &s| n.saturating_mul(sizes[s]));
                Other::Channels { count: sizes[axis], together }
            }
        };
        let (voxel, other) = match (colour.map(|axis| before(axis).count()), other) {
            (None, other) => (voxel, other),
            (Some(0), other) => (Type::Rgb8, other),
            (Some(1), Other::None) => (voxel, Other::Colours(Colour::Rows)),
            (Some(_), Other::None) => (voxel, Other::Colours(Colour::Planar)),
            (Some(_), _) => return Err(beside()),
        };
        let labels = fields.quoted("labels", sizes.len())?;
        let frames = outer.map_or(FrameAxis::Unknown, |axis| frames_of(kind(axis), labels.as_ref().map(|l| l[axis].as_str())));
        Ok(Axes { sizes, space, other, outer, voxel, frames })
    }

    /// What users see.
    pub(super) fn seen(&self, fields: &Fields, world: &World) -> Result<Header> {
        let size = |i: usize| self.space.get(i).map_or(1, |&axis| self.sizes[axis]);
        let count = match self.other {
            Other::Frames(count) | Other::Channels { count, .. } => count,
            Other::None | Other::Colours(_) => 1,
        };
        let voxel = if matches!(self.other, Other::Colours(_)) { Type::Rgb8 } else { self.voxel };
        let mut header = Header::new([size(2), size(1), size(0)], count, voxel)?;
        if let (Some(axis), true) = (self.outer, count > 1) {
            header.frames = Frames { count, axis: self.frames, values: self.values(fields, world, axis, count)? };
        }
        Ok(header)
    }

    /// Rows as long as the file's, channels side by side.
    pub(super) fn stored(&self, seen: &Header) -> Result<Header> {
        let count = match self.other {
            Other::None | Other::Frames(_) => return Ok(seen.clone()),
            Other::Channels { count, .. } => count,
            Other::Colours(colour) => colour.bytes(),
        };
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
