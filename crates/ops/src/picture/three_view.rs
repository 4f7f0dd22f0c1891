//! Three slices through a point.

use isovox_macros::Op;
use isovox_volume::{Data, Error, Header, Object, Result};
use serde_json::Value as Json;

use crate::access::{AnyReduce, At, RowRuns};
use crate::erased::{Opaque, Partial};
use crate::picture::cuts::{Axis, Cut, Lines, joined, take};
use crate::picture::gathered;
use crate::picture::render::{Window, cut, pixels, scale, three};

/// Draw the three slices through a point, at one scale, with a scale bar.
///
/// Across z at the upper left, across y below it, across x beside it. Voxels keep their proportions; labels are coloured
/// by number; a patient's slices are turned to the radiological view (head up) and lettered.
#[derive(Op)]
#[op(access = Reduce, input = Volume, output = Picture, example = "isovox three-view scan.tif -o views.png")]
pub struct ThreeView {
    /// Index along x; the middle when not given.
    #[op(unit = "voxel")]
    pub x: Option<usize>,
    /// Index along y; the middle when not given.
    #[op(unit = "voxel")]
    pub y: Option<usize>,
    /// Index along z; the middle when not given.
    #[op(unit = "voxel")]
    pub z: Option<usize>,
    /// The value shown black; a value that 1 in 200 voxels of a slice lies below when not given.
    pub low: Option<f64>,
    /// The value shown white; a value that 1 in 200 voxels of a slice lies above when not given.
    pub high: Option<f64>,
}

impl ThreeView {
    fn cuts(&self, header: &Header) -> Result<Vec<Cut>> {
        [(Axis::Z, self.z), (Axis::Y, self.y), (Axis::X, self.x)].into_iter().map(|(axis, index)| Cut::at(header, axis, index)).collect()
    }

    fn draw(&self, lines: &Lines, header: &Header) -> Result<Object> {
        let scale = scale(header);
        let window = Window { low: self.low, high: self.high };
        let cuts = self.cuts(header)?;
        let drawn: Vec<_> = cuts.iter().zip(lines).map(|(&c, l)| cut(header, c, &pixels(header, &joined(l), window), scale)).collect();
        let [z, y, x] = &drawn[..] else { unreachable!("three cuts were asked for") };
        Ok(Object::Picture(three(z, y, x, scale)))
    }
}

gathered!(ThreeView);
