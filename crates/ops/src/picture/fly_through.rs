//! All slices, one after the other.

use isovox_macros::Op;
use isovox_volume::{Animation, Header, Object, Palette, Result, Scalar, Volume};
use serde_json::{Value as Json, json};

use crate::access::{At, Reduce};
use crate::picture::bar;
use crate::picture::cuts::{self, Axis, Cut, of_volume};
use crate::picture::montage::caption;
use crate::picture::render::scale_within;
use crate::picture::shrink::{Shrink, Shrinking, Shrunk};
use crate::picture::text::Ink;
use crate::picture::view::View;
use crate::picture::window::{Shades, Window, overlay};

/// Pixels that a frame's longer side has at least.
const LEAST: f64 = 256.0;
/// Frames from whose values the window is found.
const SAMPLED: usize = 16;

/// Fly through the slices: an animation, as GIF or animated PNG by the name of OUT.
///
/// Where there are more slices than --frames, or more voxels across than --size, blocks of voxels become one: means, of
/// labels the most frequent; the provenance names the factors. Voxels keep their proportions, labels are coloured by
/// number; with --labels objects are coloured on top, in 216 colours and 46 greys, else greys are exact. Each frame names
/// its slice and has a scale bar; a patient's are turned to the radiological view and lettered.
/// Shape: at most --frames pictures of at most --size pixels a side.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Animation, also = [labels: Label], example = "isovox fly-through scan.tif -o scan.gif --fps 10")]
pub struct FlyThrough {
    /// The axis that the slices are across.
    #[op(default = Axis::Z)]
    pub axis: Axis,
    /// Frames at most.
    #[op(default = 200, range = 1..=2000)]
    pub frames: usize,
    /// Pixels of a frame's longer side at most.
    #[op(default = 512, range = 64..=2048)]
    pub size: usize,
    /// Frames a second.
    #[op(default = 12.0, range = 1.0..=50.0)]
    pub fps: f64,
    /// The value shown black; a value that 1 in 200 voxels of 16 slices lies below when not given.
    pub low: Option<f64>,
    /// The value shown white; a value that 1 in 200 voxels of 16 slices lies above when not given.
    pub high: Option<f64>,
}

impl FlyThrough {
    fn window(&self) -> Window {
        Window { low: self.low, high: self.high }
    }

    /// What a volume is reduced to: as [`FlyThrough::animation`] takes it.
    pub fn shrink(&self, header: &Header) -> Shrink {
        let mut most = [self.size; 3];
        most[self.axis as usize] = self.frames;
        Shrink::to_each(header, most)
    }

    /// The animation of a volume in memory and of labels on its grid; `whole` is what both were reduced from by `factors`.
    pub fn animation(&self, volume: &Volume, labels: Option<&Volume>, whole: &Header, factors: [usize; 3]) -> Animation {
        let header = volume.header();
        let cuts = self.cuts(header);
        let shades = self.shades(volume, &cuts);
        let scale = scale_within(header, cuts[0], (LEAST.min(self.size as f64), self.size as f64));
        let [width, height] = View::new(header, cuts[0], scale).size();
        let grey = labels.is_none() && matches!(shades, Shades::Grey { .. });
        let palette = if grey { Palette::Grey } else { Palette::Colours };
        let centiseconds = (100.0 / self.fps).round().clamp(2.0, 100.0) as u16;
        let mut animation = Animation { width, height, palette, frames: Vec::new(), centiseconds };
        for cut in cuts {
            let mut pixels = shades.pixels(header.voxel, &of_volume(volume, cut));
            if let Some(labels) = labels {
                overlay(&mut pixels, labels.header().voxel, &of_volume(labels, cut));
            }
            let view = View::new(header, cut, scale);
            let mut picture = view.draw(&pixels, shades.blend());
            view.mark_patient(&mut picture);
            let factor = factors[self.axis as usize];
            let n = [whole.nx(), whole.ny(), whole.nz()][self.axis as usize];
            caption(&mut picture, whole, Cut { axis: self.axis, index: (cut.index * factor + (factor - 1) / 2).min(n - 1) });
            bar::draw(&mut picture, voxels_per_pixel(factors, self.axis, scale), [5, height.saturating_sub(5)], width.saturating_sub(10), Ink::LIGHT);
            animation.push(&picture);
        }
        animation
    }

    /// All slices, or every n-th of a copy that has more than there are frames.
    fn cuts(&self, header: &Header) -> Vec<Cut> {
        let n = [header.nx(), header.ny(), header.nz()][self.axis as usize];
        (0..n).step_by(n.div_ceil(self.frames)).map(|index| Cut { axis: self.axis, index }).collect()
    }

    /// One way for all frames, from a few of them.
    fn shades(&self, volume: &Volume, cuts: &[Cut]) -> Shades {
        let sampled: Vec<Vec<u8>> = cuts.iter().step_by(cuts.len().div_ceil(SAMPLED)).map(|cut| of_volume(volume, *cut)).collect();
        Shades::new(volume.header(), &sampled, self.window())
    }
}

/// Voxels of the whole volume a pixel; only said where it has no scale, where all axes of a slice have one factor.
fn voxels_per_pixel(factors: [usize; 3], axis: Axis, scale: f64) -> f64 {
    let across = (Cut { axis, index: 0 }).across();
    factors[across[0]] as f64 / scale
}

impl Reduce for FlyThrough {
    type Acc = Vec<Shrinking>;
    type Value = Vec<Shrunk>;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        cuts::check(inputs)?;
        self.window().check(inputs[0])
    }

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, inputs: &[&Header], _before: Option<&Vec<Shrinking>>) -> Vec<Shrinking> {
        inputs.iter().map(|header| Shrink { majority: Shrink::to(header, 1).majority, ..self.shrink(inputs[0]) }.begin(header)).collect()
    }

    fn observe<T: Scalar>(&self, acc: &mut Vec<Shrinking>, at: &At<'_>, plane: &[T]) {
        let planes = std::iter::once(bytemuck::cast_slice(plane)).chain(at.others.iter().map(|slab| slab.data.bytes()));
        acc.iter_mut().zip(planes).for_each(|(copy, plane)| copy.take(at.z, plane));
    }

    fn merge(&self, acc: &mut Vec<Shrinking>, next: Vec<Shrinking>) {
        acc.iter_mut().zip(next).for_each(|(copy, next)| copy.join(next));
    }

    fn bytes(&self, acc: &Vec<Shrinking>) -> usize {
        // A frame's pixels stand beside the copies when they are drawn.
        acc.iter().map(Shrinking::bytes).sum::<usize>() + acc[0].voxels()
    }

    fn finish(&self, acc: Vec<Shrinking>, _inputs: &[&Header]) -> Result<Vec<Shrunk>> {
        acc.into_iter().map(Shrinking::end).collect()
    }

    fn found(&self, copies: &Vec<Shrunk>) -> Json {
        let volume = &copies[0].volume;
        let window = self.shades(volume, &self.cuts(volume.header())).found();
        json!({"factors": copies[0].factors, "window": window})
    }

    fn object(&self, copies: &Vec<Shrunk>, inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Animation(self.animation(&copies[0].volume, copies.get(1).map(|c| &c.volume), inputs[0], copies[0].factors)))
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::Type;

    use super::*;

    fn animation(op: &FlyThrough, shape: [usize; 3], labels: Option<&Volume>) -> Animation {
        let voxels: Vec<u8> = (0..shape.iter().product::<usize>()).map(|v| v as u8).collect();
        let volume = Volume::from_slice(shape, &voxels).unwrap();
        op.animation(&volume, labels, &volume.header().clone(), [1; 3])
    }

    #[test]
    fn a_frame_for_each_slice() {
        for (axis, frames) in [(Axis::X, 7), (Axis::Y, 5), (Axis::Z, 3)] {
            let made = animation(&FlyThrough { axis, ..FlyThrough::default() }, [3, 5, 7], None);
            assert_eq!((made.frames.len(), made.palette), (frames, Palette::Grey));
            assert!(made.frames.iter().all(|f| f.len() == made.width * made.height));
        }
    }

    #[test]
    fn frames_are_no_larger_than_asked_for() {
        let op = FlyThrough { frames: 10, size: 100, ..FlyThrough::default() };
        let header = Header::new([35, 90, 250], 1, Type::U8).unwrap();
        let shrink = op.shrink(&header);
        assert_eq!(shrink.factors, [3, 1, 4]);
        let made = animation(&op, [35, 90, 84], None);
        assert!(made.width.max(made.height) <= 100 && made.frames.len() == 9);
    }

    #[test]
    fn labels_bring_colours() {
        let labels = Volume::from_slice([2, 8, 8], &[1u32; 128]).unwrap();
        let made = animation(&FlyThrough::default(), [2, 8, 8], Some(&labels));
        assert_eq!(made.palette, Palette::Colours);
        let [r, g, b] = crate::picture::colours::colour_of(1);
        let expect = Palette::Colours.nearest([r, g, b, 255]);
        assert_eq!(made.frames[1][made.width * made.height / 2 + made.width / 2], expect);
    }
}
