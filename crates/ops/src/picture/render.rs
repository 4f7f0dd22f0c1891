//! Cuts as pictures: their common scale, and several in one.

use isovox_volume::{Header, Picture};

use crate::picture::bar;
use crate::picture::cuts::{Axis, Cut};
use crate::picture::text::Ink;
use crate::picture::view::View;

/// Pixels that a picture's longest side has at least and at most.
const SIDE: (f64, f64) = (256.0, 2048.0);

/// Pixels a mm (a voxel without a scale) at which three cuts are neither tiny, nor huge side by side.
pub fn scale(header: &Header) -> f64 {
    let [x, y, z] = lengths(header);
    let beside = (x + y).max(x.max(y) + z) / x.max(y).max(z);
    fitting(header, [x, y, z], SIDE.1 / beside)
}

/// The same for one cut.
pub fn scale_of(header: &Header, cut: Cut) -> f64 {
    fitting(header, cut.across().map(|axis| lengths(header)[axis]), SIDE.1)
}

fn lengths(header: &Header) -> [f64; 3] {
    let spacing = header.geometry.spacing().unwrap_or([1.0; 3]);
    [header.nx() as f64 * spacing[0], header.ny() as f64 * spacing[1], header.nz() as f64 * spacing[2]]
}

/// One pixel for the finest voxel side, as far as the longest of some lengths keeps within limits.
fn fitting<const N: usize>(header: &Header, lengths: [f64; N], most: f64) -> f64 {
    within(header, lengths, (SIDE.0, most))
}

/// The same for one cut whose longest side shall have these pixels at least and at most.
pub fn scale_within(header: &Header, cut: Cut, side: (f64, f64)) -> f64 {
    within(header, cut.across().map(|axis| lengths(header)[axis]), side)
}

fn within<const N: usize>(header: &Header, lengths: [f64; N], (least, most): (f64, f64)) -> f64 {
    let finest = header.geometry.spacing().unwrap_or([1.0; 3]).into_iter().fold(f64::INFINITY, f64::min);
    let longest = lengths.into_iter().fold(0.0, f64::max);
    let native = longest / finest;
    // Small volumes are enlarged by a whole factor, so that voxels stay square blocks.
    let wanted = if native < least { (native * (least / native).ceil()).min(most) } else { native.min(most) };
    wanted / longest
}

/// A cut at `scale` pixels a mm, turned as [`View`] says, with letters; no two pixels are mixed.
pub fn cut(header: &Header, cut: Cut, pixels: &[[u8; 4]], scale: f64) -> Picture {
    let view = View::new(header, cut, scale);
    let mut picture = view.draw(pixels, false);
    view.mark(&mut picture);
    picture
}

/// The ground between cuts.
pub const GROUND: [u8; 4] = [16, 16, 20, 255];
/// Pixels between cuts.
pub const GAP: usize = 8;

/// Pixels below three cuts whose corner is too narrow for a scale bar.
const STRIP: usize = 32;

/// Three cuts in one picture: across z, below it across y, beside it across x; a scale bar at the lower right, or below all.
pub fn three(z: &Picture, y: &Picture, x: &Picture, scale: f64) -> Picture {
    let place = Place::of([z, y, x].map(|p| [p.width, p.height]));
    let mut picture = Picture::filled(place.width, place.height, GROUND);
    picture.paste(z, 0, 0);
    picture.paste(y, 0, place.top);
    picture.paste(x, place.left, 0);
    picture.mm_per_pixel = z.mm_per_pixel;
    place.with_bar(picture, scale)
}

/// What [`three`] made of a volume, with the scale bar that its geometry asks for now; nothing else is drawn anew.
///
/// `None` where a volume of this geometry has cuts of other sizes.
pub fn three_with_bar(picture: &Picture, header: &Header) -> Option<Picture> {
    let scale = scale(header);
    let sizes = [Axis::Z, Axis::Y, Axis::X].map(|axis| View::new(header, Cut { axis, index: 0 }, scale).size());
    let place = Place::of(sizes);
    if picture.width != place.width || ![place.height, place.height + STRIP].contains(&picture.height) {
        return None;
    }
    let mut plain = Picture::filled(place.width, place.height, GROUND);
    plain.pixels.copy_from_slice(&picture.pixels[..place.width * place.height]);
    for row in plain.pixels.chunks_exact_mut(place.width).skip(place.top) {
        row[place.left..].fill(GROUND);
    }
    plain.mm_per_pixel = header.geometry.has_scale().then(|| 1.0 / scale);
    Some(place.with_bar(plain, scale))
}

/// Where three cuts lie in one picture.
struct Place {
    /// Columns before the cut across x, which the corner for the scale bar lies below.
    left: usize,
    /// Rows before the cut across y.
    top: usize,
    width: usize,
    height: usize,
}

impl Place {
    /// Of cuts of these widths and heights.
    fn of([z, y, x]: [[usize; 2]; 3]) -> Place {
        let (left, top) = (z[0].max(y[0]) + GAP, z[1].max(x[1]) + GAP);
        Place { left, top, width: left + x[0], height: top + y[1] }
    }

    fn with_bar(&self, mut picture: Picture, scale: f64) -> Picture {
        let (height, room) = (self.height, self.width - self.left);
        if bar::draw(&mut picture, 1.0 / scale, [self.left + 4, height.saturating_sub(6)], room, Ink::LIGHT) {
            return picture;
        }
        let mut taller = Picture { mm_per_pixel: picture.mm_per_pixel, ..Picture::filled(self.width, height + STRIP, GROUND) };
        taller.paste(&picture, 0, 0);
        if bar::draw(&mut taller, 1.0 / scale, [4, height + STRIP - 6], self.width, Ink::LIGHT) { taller } else { picture }
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::{Geometry, Type};

    use super::*;

    fn header(n: [usize; 3], spacing: Option<[f64; 3]>) -> Header {
        let mut header = Header::new(n, 1, Type::U8).unwrap();
        header.geometry = spacing.map_or(Geometry::voxel(), |s| Geometry::local(s).unwrap());
        header
    }

    #[test]
    fn pictures_are_neither_tiny_nor_huge() {
        assert_eq!(scale(&header([1, 1, 1], None)), 256.0);
        assert_eq!(scale(&header([100, 100, 100], None)), 3.0);
        assert_eq!(scale(&header([300, 300, 300], Some([0.5; 3]))), 2.0);
        assert_eq!(scale(&header([4000, 4000, 4000], None)), 0.256);
        let slice = |n, axis| scale_of(&header(n, None), Cut { axis, index: 0 });
        assert_eq!(slice([5000, 512, 512], Axis::Z), 1.0);
        assert_eq!(slice([4096, 512, 512], Axis::Y), 0.5);
    }

    /// A ball of radius 12 mm in voxels of 1 x 1 x 3 mm is as wide as it is high in every view, to a voxel.
    #[test]
    fn a_ball_is_round() {
        let header = header([13, 39, 39], Some([1.0, 1.0, 3.0]));
        let inside = |i: usize, j: usize, k: usize| (i as f64 - 19.0).powi(2) + (j as f64 - 19.0).powi(2) + (3.0 * (k as f64 - 6.0)).powi(2) <= 144.0;
        for (axis, voxel) in [(Axis::Z, [0, 1]), (Axis::Y, [0, 2]), (Axis::X, [1, 2])] {
            let which = Cut { axis, index: [19, 19, 6][axis as usize] };
            let size = [39, 39, 13];
            let pixels: Vec<[u8; 4]> = (0..size[voxel[1]] * size[voxel[0]])
                .map(|i| {
                    let mut at = [19, 19, 6];
                    (at[voxel[0]], at[voxel[1]]) = (i % size[voxel[0]], i / size[voxel[0]]);
                    [255 * u8::from(inside(at[0], at[1], at[2])); 4]
                })
                .collect();
            let scale = scale_of(&header, which);
            let picture = View::new(&header, which, scale).draw(&pixels, false);
            let white: Vec<(usize, usize)> = (0..picture.pixels.len()).filter(|&i| picture.pixels[i][0] > 0).map(|i| (i % picture.width, i / picture.width)).collect();
            let extent = |side: fn(&(usize, usize)) -> usize| white.iter().map(side).max().unwrap() - white.iter().map(side).min().unwrap() + 1;
            let (width, height) = (extent(|p| p.0) as f64 / scale, extent(|p| p.1) as f64 / scale);
            assert!((width - 25.0).abs() <= 0.1 && (height - 25.0).abs() <= 2.1, "{axis:?}: {width} x {height} mm");
            assert_eq!((picture.width as f64 / picture.height as f64 * 100.0).round(), 100.0);
        }
    }

    #[test]
    fn a_corner_too_narrow_for_the_scale_bar_gets_a_strip_below() {
        let plain = |width, height| Picture { mm_per_pixel: Some(0.001), ..Picture::filled(width, height, [9; 4]) };
        let thin = three(&plain(300, 15), &plain(300, 300), &plain(15, 300), 1000.0);
        assert_eq!((thin.width, thin.height), (323, 608 + STRIP));
        assert!(thin.pixels[323 * 608..].contains(&[255; 4]));
        assert_eq!(three(&plain(300, 300), &plain(300, 300), &plain(300, 300), 1000.0).height, 608);
    }

    #[test]
    fn another_scale_draws_the_bar_anew_and_nothing_else() {
        let of = |header: &Header| {
            let scale = scale(header);
            let drawn = [Axis::Z, Axis::Y, Axis::X].map(|axis| cut(header, Cut { axis, index: 0 }, &vec![[90, 90, 90, 255]; 40 * 40], scale));
            three(&drawn[0], &drawn[1], &drawn[2], scale)
        };
        let cube = |spacing| header([40; 3], spacing);
        let wanted = of(&cube(Some([0.02; 3])));
        for before in [None, Some([0.005; 3])] {
            assert_eq!(three_with_bar(&of(&cube(before)), &cube(Some([0.02; 3]))).as_ref(), Some(&wanted));
        }
        assert_eq!(three_with_bar(&wanted, &cube(Some([0.02, 0.02, 0.05]))), None);
    }

    #[test]
    fn three_cuts_fit_into_one_picture() {
        for n in [[1, 1, 1], [1, 1, 9], [700, 1, 3], [64, 64, 64]] {
            let header = header(n, Some([0.01; 3]));
            let scale = scale(&header);
            let drawn = [Axis::Z, Axis::Y, Axis::X].map(|axis| {
                let which = Cut { axis, index: 0 };
                let voxels: usize = which.across().iter().map(|&a| [n[2], n[1], n[0]][a]).product();
                cut(&header, which, &vec![[9, 9, 9, 255]; voxels], scale)
            });
            let picture = three(&drawn[0], &drawn[1], &drawn[2], scale);
            assert_eq!(picture.pixels.len(), picture.width * picture.height);
            assert_eq!(picture.mm_per_pixel, Some(1.0 / scale));
        }
    }
}
