//! The three middle cuts of a volume, in one picture.

use isovox_volume::{Header, Picture};

/// Cuts through the middle, gathered from the planes as they pass.
pub(super) struct Cuts {
    middle: [usize; 3],
    xy: Option<Picture>,
    /// Rows of the cut across y, by z.
    xz: Picture,
    /// Columns of the cut across x, by z.
    yz: Picture,
}

const BACKGROUND: [u8; 4] = [16, 16, 20, 255];
const GAP: usize = 8;
/// Pixels that the longest side of a cut has at least, and at most.
const SIDE: (usize, usize) = (256, 1024);

impl Cuts {
    /// Empty cuts of a volume.
    pub(super) fn new(header: &Header) -> Cuts {
        let (nx, ny, nz) = (header.nx(), header.ny(), header.nz());
        Cuts { middle: [nx / 2, ny / 2, nz / 2], xy: None, xz: Picture::filled(nx, nz, BACKGROUND), yz: Picture::filled(ny, nz, BACKGROUND) }
    }

    /// Takes what lies on the cuts from plane `z`.
    pub(super) fn take(&mut self, z: usize, plane: &Picture) {
        let nx = plane.width;
        let row = self.middle[1] * nx;
        self.xz.pixels[z * nx..(z + 1) * nx].copy_from_slice(&plane.pixels[row..row + nx]);
        for y in 0..plane.height {
            self.yz.pixels[z * plane.height + y] = plane.pixels[y * nx + self.middle[0]];
        }
        if z == self.middle[2] {
            self.xy = Some(plane.clone());
        }
    }

    /// The cuts side by side at one scale: across z, below it across y, beside it across x turned upright.
    pub(super) fn compose(self, header: &Header) -> Picture {
        let spacing = header.geometry.spacing().unwrap_or([1.0; 3]);
        let [nx, ny, nz] = [header.nx(), header.ny(), header.nz()];
        let size = [nx as f64 * spacing[0], ny as f64 * spacing[1], nz as f64 * spacing[2]];
        let longest = size.into_iter().fold(0.0, f64::max);
        let finest = spacing.into_iter().fold(f64::INFINITY, f64::min);
        let pixels = (longest / finest).clamp(SIDE.0 as f64, SIDE.1 as f64);
        let per_mm = pixels / longest;
        let [w, h, d] = size.map(|s| ((s * per_mm).round() as usize).max(1));
        let mut picture = Picture::filled(w + GAP + d, h + GAP + d, BACKGROUND);
        if let Some(xy) = &self.xy {
            picture.paste(&scaled(xy, w, h), 0, 0);
        }
        picture.paste(&scaled(&self.xz, w, d), 0, h + GAP);
        picture.paste(&scaled(&turned(&self.yz), d, h), w + GAP, 0);
        picture.mm_per_pixel = header.geometry.has_scale().then_some(1.0 / per_mm);
        picture
    }
}

/// Rows become columns.
fn turned(p: &Picture) -> Picture {
    let pixels = (0..p.width).flat_map(|x| (0..p.height).map(move |y| p.pixels[y * p.width + x])).collect();
    Picture { width: p.height, height: p.width, pixels, mm_per_pixel: None }
}

/// The nearest pixel of each place.
fn scaled(p: &Picture, width: usize, height: usize) -> Picture {
    let at = |i: usize, n: usize, of: usize| ((2 * i + 1) * of / (2 * n)).min(of - 1);
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| p.pixels[at(y, height, p.height) * p.width + at(x, width, p.width)])).collect();
    Picture { width, height, pixels, mm_per_pixel: None }
}
