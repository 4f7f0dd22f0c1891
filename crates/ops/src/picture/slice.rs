//! One slice.

use isovox_macros::Op;
use isovox_volume::{Header, Picture, Result};

use crate::picture::cuts::{Axis, Cut, Gathered, Lines};
use crate::picture::render::scale_of;
use crate::picture::text::Ink;
use crate::picture::view::View;
use crate::picture::window::Window;
use crate::picture::{bar, gathered};

/// Draw one slice, in the right aspect, with a scale bar.
///
/// Voxels keep their proportions whatever the spacing. Labels are coloured by number, masks are white. A patient's
/// slice is turned to the radiological view and lettered. With --labels objects are coloured on top. Grey goes from --low to --high, NaN is black.
/// Shape: a picture of 256 to 2048 pixels along its longer side; small slices are enlarged by a whole factor.
#[derive(Op)]
#[op(access = Reduce, input = Volume, output = Picture, also = [labels: Label], example = "isovox slice scan.tif -o middle.png --axis z")]
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
    /// Leave the scale bar and the letters out.
    #[op(default = false)]
    pub plain: bool,
}

impl Slice {
    fn window(&self) -> Window {
        Window { low: self.low, high: self.high }
    }

    fn cuts(&self, header: &Header) -> Result<Vec<Cut>> {
        Ok(vec![Cut::at(header, self.axis, self.index)?])
    }

    fn draw(&self, gathered: &Gathered, inputs: &[&Header]) -> Result<Picture> {
        let header = inputs[0];
        let which = self.cuts(header)?[0];
        let scale = scale_of(header, which);
        let view = View::new(header, which, scale);
        let mut picture = view.draw(&gathered.pixels(inputs, 0), gathered.shades.blend());
        if !self.plain {
            view.mark(&mut picture);
            let (bottom, room) = (picture.height.saturating_sub(6), picture.width.saturating_sub(12));
            bar::draw(&mut picture, 1.0 / scale, [6, bottom], room, Ink::LIGHT);
        }
        Ok(picture)
    }
}

gathered!(Slice);

#[cfg(test)]
mod tests {
    use isovox_volume::{Data, Object, Rgb8, Type, Voxel};

    use super::*;
    use crate::access::{AnyReduce, At};

    /// The picture of planes that come in two parts, the upper one first.
    fn picture<T: Voxel>(op: &Slice, shape: [usize; 3], voxels: &[T]) -> Picture {
        let header = Header::new(shape, 1, T::TYPE).unwrap();
        let inputs = [&header];
        op.check(&inputs).unwrap();
        let data = Data::from_slice(voxels).unwrap();
        let part = |z: std::ops::Range<usize>| {
            let mut acc = op.start(&inputs, None);
            z.for_each(|z| op.observe(&mut acc, &At { inputs: &inputs, frame: 0, z, others: &[] }, &data.sub(z * header.plane(), header.plane())));
            acc
        };
        let mut acc = part(shape[0] / 2..shape[0]);
        op.merge(&mut acc, part(0..shape[0] / 2));
        let value = op.finish(acc, &inputs).unwrap();
        match op.object(&value, &inputs).unwrap() {
            Object::Picture(picture) => picture,
            other => panic!("a {} instead of a picture", other.name()),
        }
    }

    #[test]
    fn planes_may_come_in_any_order() {
        let voxels: Vec<u8> = (0..2 * 2 * 4).map(|v| v * 17).collect();
        let op = Slice { axis: Axis::Y, index: Some(1), low: Some(0.0), high: Some(255.0), plain: true };
        let drawn = picture(&op, [2, 2, 4], &voxels);
        assert_eq!((drawn.width, drawn.height), (256, 128));
        let at = |x: usize, y: usize| drawn.pixels[y * 256 + x][0];
        assert_eq!([at(0, 0), at(255, 0), at(0, 127), at(255, 127)], [4 * 17, 7 * 17, 12 * 17, 15 * 17]);
    }

    #[test]
    fn colours_stay_as_they_are() {
        let drawn = picture(&Slice { plain: true, ..Slice::default() }, [1, 1, 2], &[Rgb8([1, 2, 3]), Rgb8([9, 8, 7])]);
        assert_eq!((drawn.pixels[0], drawn.pixels[255]), ([1, 2, 3, 255], [9, 8, 7, 255]));
    }

    #[test]
    fn the_smallest_volumes_are_drawn() {
        for shape in [[1, 1, 1], [1, 1, 7], [1, 7, 1], [7, 1, 1]] {
            for axis in [Axis::X, Axis::Y, Axis::Z] {
                let drawn = picture(&Slice { axis, ..Slice::default() }, shape, &vec![f32::NAN; shape.iter().product()]);
                assert!(drawn.width.max(drawn.height) >= 256 && drawn.pixels.len() == drawn.width * drawn.height);
            }
        }
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        let header = Header::new([2, 3, 4], 1, Type::U8).unwrap();
        assert!(Slice { index: Some(2), ..Slice::default() }.check(&[&header]).is_err());
        assert!(Slice { low: Some(2.0), high: Some(2.0), ..Slice::default() }.check(&[&header]).is_err());
        let frames = Header::new([2, 3, 4], 5, Type::U8).unwrap();
        assert!(Slice::default().check(&[&frames]).is_err());
        let colours = Header::new([2, 3, 4], 1, Type::Rgb8).unwrap();
        assert!(Slice { low: Some(2.0), ..Slice::default() }.check(&[&colours]).is_err());
    }
}
