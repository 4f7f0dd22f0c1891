//! Many slices in one picture.

use isovox_macros::Op;
use isovox_volume::{Error, Header, Picture, Result, TextSize};

use crate::picture::cuts::{Axis, Cut, Gathered, Lines};
use crate::picture::render::{GAP, GROUND, scale_within};
use crate::picture::text::{self, Ink};
use crate::picture::ticks::written;
use crate::picture::view::View;
use crate::picture::window::Window;
use crate::picture::{bar, gathered};

/// Pixels that a montage's longer side has at most.
const SIDE: f64 = 2400.0;
/// Pixels that a tile's longer side has at least, where there is room.
const TILE: f64 = 240.0;
/// Tiles at most: more could not be told apart.
const MOST: usize = 400;
/// The ratio of sides that is aimed at.
const ASPECT: f64 = 1.4;

/// Draw slices side by side, at one scale and with one window, with their numbers and one scale bar.
///
/// Row by row; each tile names its index and, where the volume has a scale, its distance from the first slice. Voxels keep
/// their proportions, labels are coloured by number; with --labels objects are coloured on top. A patient's slices are
/// turned to the radiological view, the first is lettered. Shape: a picture of at most about 2400 pixels a side.
#[derive(Op)]
#[op(access = Reduce, input = Volume, output = Picture, also = [labels: Label], example = "isovox montage scan.tif -o montage.png --count 20")]
pub struct Montage {
    /// The axis that the slices are across.
    #[op(default = Axis::Z)]
    pub axis: Axis,
    /// How many slices, evenly spread; all where there are fewer.
    #[op(default = 16, range = 1..=400)]
    pub count: usize,
    /// Every n-th slice instead, from the first one.
    #[op(unit = "voxel", range = 1..=65536)]
    pub every: Option<usize>,
    /// Tiles a row; as many as give a picture a little wider than high when not given.
    #[op(range = 1..=400)]
    pub columns: Option<usize>,
    /// The value shown black; a value that 1 in 200 of the voxels shown lies below when not given.
    pub low: Option<f64>,
    /// The value shown white; a value that 1 in 200 of the voxels shown lies above when not given.
    pub high: Option<f64>,
}

impl Montage {
    fn window(&self) -> Window {
        Window { low: self.low, high: self.high }
    }

    fn cuts(&self, header: &Header) -> Result<Vec<Cut>> {
        let n = [header.nx(), header.ny(), header.nz()][self.axis as usize];
        let list: Vec<usize> = match self.every {
            Some(every) => (0..n).step_by(every.max(1)).collect(),
            None => spread(n, self.count.max(1)),
        };
        if list.len() > MOST {
            let error = Error::parameter(format_args!("--every {}", self.every.unwrap_or(1))).found(format_args!("{} slices", list.len()));
            return Err(error.expected(format_args!("at most {MOST}")).help(format_args!("--every {} or more", n.div_ceil(MOST))));
        }
        Ok(list.into_iter().map(|index| Cut { axis: self.axis, index }).collect())
    }

    fn draw(&self, gathered: &Gathered, inputs: &[&Header]) -> Result<Picture> {
        let (header, cuts) = (inputs[0], self.cuts(inputs[0])?);
        let one = |scale: f64| View::new(header, cuts[0], scale).size();
        let columns = self.columns.unwrap_or_else(|| columns(cuts.len(), one(scale_within(header, cuts[0], (TILE, TILE))))).min(cuts.len());
        let rows = cuts.len().div_ceil(columns);
        let most = (SIDE / columns.max(rows) as f64).floor();
        let scale = scale_within(header, cuts[0], (TILE.min(most), most));
        let [width, height] = one(scale);
        let mut picture = Picture::filled(columns * (width + GAP) - GAP, rows * (height + GAP) - GAP, GROUND);
        for (i, &cut) in cuts.iter().enumerate() {
            let tile = tile(header, cut, &gathered.pixels(inputs, i), scale, gathered.shades.blend(), i == 0);
            picture.mm_per_pixel = tile.mm_per_pixel;
            picture.paste(&tile, i % columns * (width + GAP), i / columns * (height + GAP));
        }
        let bottom = picture.height.saturating_sub(5);
        bar::draw(&mut picture, 1.0 / scale, [5, bottom], width.saturating_sub(10), Ink::LIGHT);
        Ok(picture)
    }
}

/// The middles of equal parts; all where there are fewer.
fn spread(n: usize, count: usize) -> Vec<usize> {
    let count = count.min(n);
    (0..count).map(|i| (2 * i + 1) * n / (2 * count)).collect()
}

/// As many columns as bring the picture's sides nearest to [`ASPECT`].
fn columns(tiles: usize, [width, height]: [usize; 2]) -> usize {
    let off = |columns: usize| {
        let ratio = (columns * (width + GAP)) as f64 / (tiles.div_ceil(columns) * (height + GAP)) as f64;
        (ratio / ASPECT).max(ASPECT / ratio)
    };
    // Gaps in the last row count too: full rows look better than the best ratio.
    let empty = |columns: usize| 1.0 + 1.2 * (tiles.div_ceil(columns) * columns - tiles) as f64 / tiles as f64;
    (1..=tiles).min_by(|&a, &b| (off(a) * empty(a)).total_cmp(&(off(b) * empty(b)))).unwrap_or(1)
}

/// A slice with its number, which is shortened or left out where it would not fit.
fn tile(header: &Header, cut: Cut, pixels: &[[u8; 4]], scale: f64, blend: bool, marked: bool) -> Picture {
    let view = View::new(header, cut, scale);
    let mut picture = view.draw(pixels, blend);
    if marked {
        view.mark_patient(&mut picture);
    }
    caption(&mut picture, header, cut);
    picture
}

/// Writes which slice it is into the upper left corner: its index, and how far it lies from the first.
pub(crate) fn caption(picture: &mut Picture, header: &Header, cut: Cut) {
    let name = ["x", "y", "z"][cut.axis as usize];
    let place = header.geometry.spacing().map(|spacing| {
        let mm = cut.index as f64 * spacing[cut.axis as usize];
        let long = [header.nx(), header.ny(), header.nz()][cut.axis as usize] as f64 * spacing[cut.axis as usize];
        // Three digits of the whole axis are enough to tell slices apart.
        let (value, unit) = if long >= 2.0 { (mm, "mm") } else { (mm * 1000.0, "µm") };
        format!("{name} {}  {} {unit}", cut.index, written((value * 10.0).round() / 10.0))
    });
    let texts = place.into_iter().chain([format!("{name} {}", cut.index), cut.index.to_string()]);
    let room = |t: &String| text::width(t, TextSize::Small) + 8 <= picture.width && TextSize::Small.pixels() + 4 <= picture.height;
    if let Some(caption) = texts.into_iter().find(room) {
        text::write(picture, &caption, 4, 2, TextSize::Small, Ink::LIGHT);
    }
}

gathered!(Montage);

#[cfg(test)]
mod tests {
    use isovox_volume::Type;

    use super::*;
    use crate::access::AnyReduce;

    #[test]
    fn slices_are_spread_evenly() {
        assert_eq!(spread(72, 4), [9, 27, 45, 63]);
        assert_eq!(spread(3, 16), [0, 1, 2]);
        let header = Header::new([10, 4, 4], 1, Type::U8).unwrap();
        let every = Montage { every: Some(4), ..Montage::default() };
        assert_eq!(every.cuts(&header).unwrap().iter().map(|c| c.index).collect::<Vec<_>>(), [0, 4, 8]);
    }

    #[test]
    fn rows_are_full_where_they_can_be() {
        assert_eq!([columns(16, [200, 200]), columns(12, [200, 200]), columns(1, [9, 9]), columns(20, [200, 200])], [4, 4, 1, 5]);
        assert!(columns(16, [400, 100]) <= 3);
    }

    #[test]
    fn too_many_tiles_are_refused_with_a_number_that_is_not() {
        let header = Header::new([1000, 4, 4], 1, Type::U8).unwrap();
        let error = Montage { every: Some(1), ..Montage::default() }.check(&[&header]).unwrap_err();
        assert_eq!(error.next_step(), Some("--every 3 or more"));
        assert!(Montage { every: Some(3), ..Montage::default() }.check(&[&header]).is_ok());
    }

    #[test]
    fn labels_lie_over_the_volume() {
        let (header, labels) = (Header::new([1, 1, 2], 1, Type::U8).unwrap(), Header::new([1, 1, 2], 1, Type::U16).unwrap());
        let op = Montage { low: Some(0.0), high: Some(255.0), ..Montage::default() };
        let lines: Lines = vec![[(0, vec![100u8, 50])].into(), [(0, vec![0u8, 0, 7, 0])].into()];
        let gathered = Gathered::new(&[&header, &labels], &lines, op.window());
        let [r, g, b] = crate::picture::colours::colour_of(7);
        assert_eq!(gathered.pixels(&[&header, &labels], 0), [[100, 100, 100, 255], [r, g, b, 255]]);
        let float = Header::new([1, 1, 2], 1, Type::F32).unwrap();
        assert!(op.check(&[&header, &float]).is_err());
    }
}
