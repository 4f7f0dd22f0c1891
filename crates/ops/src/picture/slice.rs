//! One slice.

use isovox_macros::Op;
use isovox_volume::{Data, Error, Header, Object, Result};
use serde_json::Value as Json;

use crate::access::{AnyReduce, At, RowRuns};
use crate::erased::{Opaque, Partial};
use crate::picture::cuts::{Axis, Cut, Lines, joined, take};
use crate::picture::render::{Window, cut, pixels, scale};
use crate::picture::{bar, gathered};

/// Draw one slice, in the right aspect, with a scale bar.
///
/// Voxels keep their proportions whatever the spacing. Labels are coloured by number, masks are white. A patient's
/// slice is turned to the radiological view and lettered. Grey goes from --low to --high.
#[derive(Op)]
#[op(access = Reduce, input = Volume, output = Picture, example = "isovox slice scan.tif -o middle.png --axis z")]
pub struct Slice {
    /// The axis that the slice is across.
    #[op(default = Axis::Z)]
    pub axis: Axis,
    /// The slice's index, from 0; the middle one when not given.
    #[op(unit = "voxel")]
    pub index: Option<usize>,
    /// The value shown black; a value that 1 in 200 voxels of the slice lies below when not given.
    pub low: Option<f64>,
    /// The value shown white; a value that 1 in 200 voxels of the slice lies above when not given.
    pub high: Option<f64>,
    /// Leave the scale bar out.
    #[op(default = false)]
    pub no_bar: bool,
}

impl Slice {
    fn cuts(&self, header: &Header) -> Result<Vec<Cut>> {
        Ok(vec![Cut::at(header, self.axis, self.index)?])
    }

    fn draw(&self, lines: &Lines, header: &Header) -> Result<Object> {
        let which = self.cuts(header)?[0];
        let scale = scale(header);
        let window = Window { low: self.low, high: self.high };
        let mut picture = cut(header, which, &pixels(header, &joined(&lines[0]), window), scale);
        if !self.no_bar {
            let (height, room) = (picture.height, picture.width);
            let mm = picture.mm_per_pixel;
            bar::draw(&mut picture, mm, 1.0 / scale, 6, height.saturating_sub(6), room);
        }
        Ok(Object::Picture(picture))
    }
}

gathered!(Slice);
