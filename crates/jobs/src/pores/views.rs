//! The three middle cuts of a volume, in one picture.

use isovox_ops::picture::cuts::{Axis, Cut};
use isovox_ops::picture::render::{cut, scale, three};
use isovox_volume::{Header, Picture};

/// Pixels of the middle cuts, gathered from the planes as they pass.
pub(super) struct Cuts {
    middle: [usize; 3],
    xy: Vec<[u8; 4]>,
    xz: Vec<[u8; 4]>,
    yz: Vec<[u8; 4]>,
}

impl Cuts {
    /// Empty cuts of a volume.
    pub(super) fn new(header: &Header) -> Cuts {
        let (nx, ny, nz) = (header.nx(), header.ny(), header.nz());
        let empty = |n| vec![[0, 0, 0, 255]; n];
        Cuts { middle: [nx / 2, ny / 2, nz / 2], xy: Vec::new(), xz: empty(nx * nz), yz: empty(ny * nz) }
    }

    /// Takes what lies on the cuts from plane `z`.
    pub(super) fn take(&mut self, z: usize, plane: &Picture) {
        let (nx, ny) = (plane.width, plane.height);
        let row = self.middle[1] * nx;
        self.xz[z * nx..(z + 1) * nx].copy_from_slice(&plane.pixels[row..row + nx]);
        for (y, pixel) in self.yz[z * ny..(z + 1) * ny].iter_mut().enumerate() {
            *pixel = plane.pixels[y * nx + self.middle[0]];
        }
        if z == self.middle[2] {
            self.xy.clone_from(&plane.pixels);
        }
    }

    /// The cuts at one scale, with a scale bar.
    pub(super) fn compose(&self, header: &Header) -> Picture {
        let scale = scale(header);
        let [x, y, z] = self.middle;
        let drawn = |axis, index, pixels| cut(header, Cut { axis, index }, pixels, scale);
        three(&drawn(Axis::Z, z, &self.xy), &drawn(Axis::Y, y, &self.xz), &drawn(Axis::X, x, &self.yz), scale)
    }
}
