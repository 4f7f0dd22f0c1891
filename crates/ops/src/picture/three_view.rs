//! Three slices through a point.

use isovox_macros::Op;
use isovox_volume::{Header, Picture, Result};

use crate::picture::cuts::{Cut, Gathered, Lines};
use crate::picture::gathered;
use crate::picture::render::{scale, three};
use crate::picture::view::{View, anatomical};
use crate::picture::window::Window;

/// Draw the three slices through a point, at one scale and with one window, with a scale bar.
///
/// Across z at the upper left, across y below it, across x beside it; for a patient axial, coronal and sagittal, turned to
/// the radiological view (head up) and lettered. With --labels objects are coloured on top. Voxels keep their proportions; labels are coloured by number.
/// Shape: a picture of at most 2048 pixels a side and the gap; small volumes are enlarged by a whole factor.
#[derive(Op)]
#[op(access = Reduce, input = Volume, output = Picture, also = [labels: Label], example = "isovox three-view scan.tif -o views.png")]
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
    /// The value shown black; a value that 1 in 200 of the voxels shown lies below when not given.
    pub low: Option<f64>,
    /// The value shown white; a value that 1 in 200 of the voxels shown lies above when not given.
    pub high: Option<f64>,
    /// Draw lines through the point.
    #[op(default = false)]
    pub crosshair: bool,
}

impl ThreeView {
    fn window(&self) -> Window {
        Window { low: self.low, high: self.high }
    }

    fn cuts(&self, header: &Header) -> Result<Vec<Cut>> {
        let index = [self.x, self.y, self.z];
        anatomical(header).into_iter().map(|axis| Cut::at(header, axis, index[axis as usize])).collect()
    }

    fn draw(&self, gathered: &Gathered, inputs: &[&Header]) -> Result<Picture> {
        let header = inputs[0];
        let scale = scale(header);
        let cuts = self.cuts(header)?;
        let mut point = [0; 3];
        cuts.iter().for_each(|cut| point[cut.axis as usize] = cut.index);
        let one = |(i, &cut): (usize, &Cut)| {
            let view = View::new(header, cut, scale);
            let mut picture = view.draw(&gathered.pixels(inputs, i), gathered.shades.blend());
            if self.crosshair {
                view.cross(&mut picture, point);
            }
            view.mark(&mut picture);
            picture
        };
        let drawn: Vec<Picture> = cuts.iter().enumerate().map(one).collect();
        let [axial, coronal, sagittal] = &drawn[..] else { unreachable!("three cuts were asked for") };
        Ok(three(axial, coronal, sagittal, scale))
    }
}

gathered!(ThreeView);
