//! What an `ImageDescription` says of a stack: `ImageJ`'s keys, tifffile's shape, OME-XML's sizes, and our own lines.

use isovox_volume::geometry::Affine;
use isovox_volume::{FrameAxis, Frames, Geometry, Header, Result, Space};
use serde_json::Value;

use super::ome;

/// How pages make up frames.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Planes of a frame.
    pub(super) nz: usize,
    /// Frames.
    pub(super) frames: Frames,
    /// How pages follow each other.
    pub(super) order: Order,
}

/// How pages follow each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    /// The planes of one frame, then those of the next.
    Frames,
    /// The frames of one plane (`ImageJ`'s channels), then those of the next.
    Planes,
    /// As a table says: the page of each plane of the first frame, then of the next.
    Table(Vec<usize>),
}

impl Layout {
    /// One frame of so many planes.
    pub(super) fn stack(nz: usize) -> Layout {
        Layout { nz, frames: Frames::one(), order: Order::Frames }
    }

    /// The page-wise number of a plane.
    pub(super) fn plane(&self, frame: usize, z: usize) -> usize {
        match &self.order {
            Order::Frames => frame * self.nz + z,
            Order::Planes => z * self.frames.count + frame,
            Order::Table(pages) => pages[frame * self.nz + z],
        }
    }
}

/// A description, by who wrote it.
pub(super) enum Text {
    /// `ImageJ`'s `key=value` lines.
    ImageJ(Keys),
    /// tifffile's `{"shape": [...]}`.
    Shaped(Vec<usize>),
    /// OME-XML.
    Ome(ome::Ome),
    /// Anything else.
    Other,
}

impl Text {
    /// Reads a description.
    pub(super) fn parse(text: &str) -> Result<Text> {
        if text.starts_with("ImageJ=") {
            return Ok(Text::ImageJ(Keys(text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.trim().into(), v.trim().into())).collect())));
        }
        if text.trim_start().starts_with('<') && text.contains("<OME") {
            return ome::Ome::parse(text).map(Text::Ome);
        }
        let shape = text.starts_with("{\"shape\"").then(|| serde_json::from_str::<Value>(text).ok()).flatten();
        let axes = shape.as_ref().and_then(|v| v.get("shape")?.as_array()?.iter().map(|n| Some(n.as_u64()? as usize)).collect());
        Ok(axes.map_or(Text::Other, Text::Shaped))
    }
}

/// `key=value` lines.
pub(super) struct Keys(Vec<(String, String)>);

impl Keys {
    /// A value.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A number of planes, time points or channels.
    pub(super) fn count(&self, key: &str) -> Option<usize> {
        self.get(key)?.parse().ok().filter(|&n| n > 0)
    }

    /// Our own affine and space, where the lines are there and make sense.
    pub(super) fn geometry(&self) -> Option<Geometry> {
        let space = match self.get("isovox_space")? {
            "patient" => Space::Patient,
            "local" => Space::Local,
            _ => return None,
        };
        let numbers: Vec<f64> = self.get("isovox_affine")?.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
        let rows: [f64; 12] = numbers.try_into().ok()?;
        let mut affine: Affine = [[0.0, 0.0, 0.0, 1.0]; 4];
        for (row, numbers) in affine.iter_mut().zip(rows.chunks_exact(4)) {
            row.copy_from_slice(numbers);
        }
        Geometry::new(space, affine)
    }

    /// Our own axis of frames and the values on it.
    pub(super) fn frames(&self, count: usize) -> Option<Frames> {
        let line: Value = serde_json::from_str(self.get("isovox_frames")?).ok()?;
        let name = line.get("axis")?.as_str()?;
        let axis = [FrameAxis::Time, FrameAxis::Echo, FrameAxis::BValue, FrameAxis::Phase, FrameAxis::Channel, FrameAxis::Unknown].into_iter().find(|a| a.name() == name)?;
        let values: Vec<f64> = line.get("values")?.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
        (values.is_empty() || values.len() == count).then_some(Frames { count, axis, values })
    }
}

/// Our own lines for a header: what `ImageJ`'s keys have no room for.
pub(crate) fn own(header: &Header) -> String {
    let mut lines = Vec::new();
    if let Some(affine) = header.geometry.affine() {
        let numbers: Vec<String> = affine[..3].iter().flatten().map(f64::to_string).collect();
        lines.push(format!("isovox_space={}\nisovox_affine={}\n", header.geometry.space().name(), numbers.join(",")));
    }
    if header.frames.count > 1 {
        lines.push(format!("isovox_frames={}\n", serde_json::json!({"axis": header.frames.axis.name(), "values": header.frames.values})));
    }
    lines.concat()
}

/// The geometry in lines of our own, in a text of any file.
pub(crate) fn own_geometry(text: &str) -> Option<Geometry> {
    Keys(text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()).geometry()
}
