//! One period of a kind: what repeats, and how it turns into grey levels.

use super::Kind;
use super::spheres::Sphere;
use super::{beads, grains, rock};

/// A plane of one period while it is painted.
pub(super) struct Plane {
    /// `[y, x]`.
    pub(super) shape: [usize; 2],
    /// The share of each voxel that the objects cover, 0..=1.
    pub(super) cover: Vec<f64>,
    /// 1 where an object holds the voxel's centre.
    pub(super) inside: Vec<u8>,
}

impl Plane {
    /// An empty plane of a pattern.
    pub(super) fn of(pattern: &Pattern) -> Plane {
        let [_, ny, nx] = pattern.period;
        Plane { shape: [ny, nx], cover: vec![0.0; ny * nx], inside: vec![0; ny * nx] }
    }

    fn clear(&mut self) {
        self.cover.fill(0.0);
        self.inside.fill(0);
    }
}

/// What the objects of a pattern are.
pub(super) enum Shape {
    /// Spheres, and boxes of [`rock::CRACK`] voxels by their first voxel `[z, y, x]`.
    Objects(Vec<Sphere>, Vec<[usize; 3]>),
    /// The space between touching beads.
    Beads,
}

/// One period of a kind; voxels, `[z, y, x]`. No sphere or crack reaches the period's first plane, row or column.
pub(super) struct Pattern {
    pub(super) period: [usize; 3],
    /// The size without `--size`.
    pub(super) size: [usize; 3],
    pub(super) shape: Shape,
    /// Grey levels without and within an object.
    pub(super) levels: [f64; 2],
    /// Grey levels are multiplied by this at a voxel.
    pub(super) gain: Option<fn([usize; 3]) -> f64>,
    /// The noise's seed before the user's.
    pub(super) seed: u64,
    /// Planes of the reference's block that are cut off below: the noise counts them.
    pub(super) below: usize,
}

impl Pattern {
    /// The pattern of a kind.
    pub(super) fn of(kind: Kind) -> Pattern {
        match kind {
            Kind::Beads => beads::pattern(),
            Kind::Grains => grains::pattern(),
            _ => rock::pattern(kind),
        }
    }

    /// Paints plane `z` of the period: coverage and mask.
    pub(super) fn paint(&self, z: usize, plane: &mut Plane) {
        plane.clear();
        match &self.shape {
            Shape::Beads => beads::paint(z, plane),
            Shape::Objects(spheres, cracks) => {
                for sphere in spheres {
                    sphere.paint(z, plane);
                }
                for &crack in cracks {
                    rock::paint_crack(crack, z, plane);
                }
            }
        }
    }

    /// Paints plane `z` of the period and turns its coverage into noiseless grey levels, in place.
    pub(super) fn shade(&self, z: usize, plane: &mut Plane) {
        self.paint(z, plane);
        let [without, within] = self.levels;
        for v in &mut plane.cover {
            *v = without + (within - without) * *v;
        }
        if let Some(gain) = self.gain {
            let nx = plane.shape[1];
            plane.cover.iter_mut().enumerate().for_each(|(i, v)| *v *= gain([z, i / nx, i % nx]));
        }
    }

    /// The mask of a volume of `shape`, `[z, y, x]`, that this repeats through from the origin.
    pub(super) fn mask(&self, shape: [usize; 3], out: &mut [u8]) {
        let [nz, ny, nx] = self.period;
        let mut plane = Plane::of(self);
        for (z, out) in out.chunks_mut(shape[1] * shape[2]).enumerate() {
            self.paint(z % nz, &mut plane);
            for (y, row) in out.chunks_mut(shape[2]).enumerate() {
                let inside = &plane.inside[y % ny * nx..][..nx];
                row.chunks_mut(nx).for_each(|part| part.copy_from_slice(&inside[..part.len()]));
            }
        }
    }
}
