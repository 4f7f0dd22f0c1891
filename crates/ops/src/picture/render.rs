//! Voxels of a cut as pixels: window, colours, aspect, letters.

use isovox_volume::{Header, Picture, QuantityKind, Scalar, Type, scalar};

use crate::picture::colours::colour_of;
use crate::picture::cuts::Cut;
use crate::picture::{bar, text};

/// Pixels that a picture's longest side has at least and at most.
const SIDE: (f64, f64) = (256.0, 2048.0);

/// Values shown as black and as white.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Black; the value that 1 in 200 lies below when not given.
    pub low: Option<f64>,
    /// White; the value that 1 in 200 lies above when not given.
    pub high: Option<f64>,
}

impl Window {
    fn limits<T: Scalar>(self, voxels: &[T]) -> (f64, f64) {
        if let (Some(low), Some(high)) = (self.low, self.high) {
            return (low, high);
        }
        let mut values: Vec<f64> = voxels.iter().map(|v| v.to_f64()).filter(|v| v.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(0.0);
        (self.low.unwrap_or_else(|| at(0.005)), self.high.unwrap_or_else(|| at(0.995)))
    }
}

/// The pixels of a cut, one a voxel.
pub fn pixels(header: &Header, bytes: &[u8], window: Window) -> Vec<[u8; 4]> {
    if header.voxel == Type::Rgb8 {
        return bytes.chunks_exact(3).map(|c| [c[0], c[1], c[2], 255]).collect();
    }
    scalar!(header.voxel, T => {
        let voxels: Vec<T> = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>).collect();
        if header.quantity.kind == QuantityKind::Label && header.voxel.is_integer() {
            voxels.iter().map(|v| { let [r, g, b] = colour_of(v.to_i128() as u64); [r, g, b, 255] }).collect()
        } else {
            let (low, high) = if header.quantity.kind == QuantityKind::Mask { (0.0, 1.0) } else { window.limits(&voxels) };
            voxels.iter().map(|v| { let g = grey(v.to_f64(), low, high); [g, g, g, 255] }).collect()
        }
    })
}

fn grey(value: f64, low: f64, high: f64) -> u8 {
    if value.is_nan() {
        return 0;
    }
    if high <= low { u8::from(value > low) * 255 } else { ((value - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8 }
}

/// Pixels a mm (a voxel without a scale) at which the longest of these lengths is neither tiny nor huge.
pub fn scale(header: &Header) -> f64 {
    let spacing = header.geometry.spacing().unwrap_or([1.0; 3]);
    let lengths = [header.nx() as f64 * spacing[0], header.ny() as f64 * spacing[1], header.nz() as f64 * spacing[2]];
    let (longest, finest) = (lengths.into_iter().fold(0.0, f64::max), spacing.into_iter().fold(f64::INFINITY, f64::min));
    let native = longest / finest;
    // Small volumes are enlarged by a whole factor, so that voxels stay square blocks.
    let wanted = if native < SIDE.0 { native * (SIDE.0 / native).ceil() } else { native.min(SIDE.1) };
    wanted / longest
}

/// A cut at `scale` pixels a mm, turned so that a patient's head and front are up and the left is right; with letters where the axes have some.
pub fn cut(header: &Header, cut: Cut, pixels: &[[u8; 4]], scale: f64) -> Picture {
    let spacing = header.geometry.spacing().unwrap_or([1.0; 3]);
    let size = [header.nx(), header.ny(), header.nz()];
    let [a, b] = cut.across();
    let letters = header.geometry.axes().map(|l| l.chars().collect::<Vec<_>>());
    let turned = |axis: usize, away: [char; 3]| letters.as_ref().is_some_and(|l| away.contains(&l[axis]));
    let (mirror, upside) = (turned(a, ['R', 'A', 'S']), turned(b, ['A', 'S', 'R']));
    let side = |axis: usize| ((size[axis] as f64 * spacing[axis] * scale).round() as usize).max(1);
    let (width, height) = (side(a), side(b));
    let at = |i: usize, n: usize, of: usize, flip: bool| {
        let k = ((2 * i + 1) * of / (2 * n)).min(of - 1);
        if flip { of - 1 - k } else { k }
    };
    let pixel = |x: usize, y: usize| pixels[at(y, height, size[b], upside) * size[a] + at(x, width, size[a], mirror)];
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
    let mut picture = Picture { width, height, pixels, mm_per_pixel: header.geometry.has_scale().then_some(1.0 / scale) };
    if let Some(letters) = letters {
        mark(&mut picture, letters[a], letters[b], mirror, upside);
    }
    picture
}

fn opposite(letter: char) -> char {
    "LRPASI".chars().zip("RLAPIS".chars()).find(|(l, _)| *l == letter).map_or(letter, |(_, o)| o)
}

/// Letters at the middle of the four sides.
fn mark(picture: &mut Picture, along: char, down: char, mirror: bool, upside: bool) {
    let (right, left) = if mirror { (opposite(along), along) } else { (along, opposite(along)) };
    let (bottom, top) = if upside { (opposite(down), down) } else { (down, opposite(down)) };
    let (w, h, s) = (picture.width as isize, picture.height as isize, text::SIDE as isize);
    text::write(picture, &left.to_string(), 3, h / 2 - s / 2, 1);
    text::write(picture, &right.to_string(), w - s - 3, h / 2 - s / 2, 1);
    text::write(picture, &top.to_string(), w / 2 - s / 2, 3, 1);
    text::write(picture, &bottom.to_string(), w / 2 - s / 2, h - s - 3, 1);
}

/// The ground between cuts.
pub const GROUND: [u8; 4] = [16, 16, 20, 255];
/// Pixels between cuts.
pub const GAP: usize = 8;

/// Three cuts in one picture: across z, below it across y, beside it across x; a scale bar at the lower right.
pub fn three(z: &Picture, y: &Picture, x: &Picture, scale: f64) -> Picture {
    let (width, height) = (z.width.max(y.width) + GAP + x.width, z.height.max(x.height) + GAP + y.height);
    let mut picture = Picture::filled(width, height, GROUND);
    picture.paste(z, 0, 0);
    picture.paste(y, 0, z.height.max(x.height) + GAP);
    picture.paste(x, z.width.max(y.width) + GAP, 0);
    picture.mm_per_pixel = z.mm_per_pixel;
    let (left, room) = (z.width.max(y.width) + GAP, x.width);
    bar::draw(&mut picture, z.mm_per_pixel, 1.0 / scale, left + 4, height - 6, room);
    picture
}
