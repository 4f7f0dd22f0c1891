//! Spheres at exact places, painted plane by plane.

use super::noise::Rng;
use super::pattern::Plane;

/// A ball, or a shell when `inner` is given; voxels, centre `[z, y, x]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sphere {
    pub(super) centre: [f64; 3],
    pub(super) radius: f64,
    pub(super) inner: Option<f64>,
}

/// Rounds to 1/64: coordinates and radii are then exact in binary and free of the last bit of any exponential.
pub(super) fn exact(value: f64) -> f64 {
    (value * 64.0).round_ties_even() / 64.0
}

/// A centre within `low..high` that leaves a voxel between the sphere and each face.
pub(super) fn somewhere(rng: &mut Rng, radius: f64, low: [f64; 3], high: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|a| exact(low[a] + radius + 1.0 + rng.uniform() * (high[a] - low[a] - 2.0 * radius - 2.0)))
}

fn square(v: f64) -> f64 {
    v * v
}

impl Sphere {
    /// A ball.
    pub(super) fn ball(centre: [f64; 3], radius: f64) -> Sphere {
        Sphere { centre, radius, inner: None }
    }

    /// Whether the centre is at least so far away.
    pub(super) fn clears(&self, centre: [f64; 3], distance: f64) -> bool {
        self.square_distance(centre) >= square(distance)
    }

    /// Squared distance from the centre; exact for voxels.
    pub(super) fn square_distance(&self, p: [f64; 3]) -> f64 {
        square(p[0] - self.centre[0]) + square(p[1] - self.centre[1]) + square(p[2] - self.centre[2])
    }

    /// The voxels along an axis that it may reach with its ramp, cut at `end`.
    pub(super) fn reach(&self, axis: usize, end: usize) -> std::ops::Range<usize> {
        let (c, r) = (self.centre[axis], self.radius + 1.0);
        let from = (c - r).floor().max(0.0) as usize;
        from.min(end)..((c + r).ceil() as usize + 1).min(end)
    }

    /// Whether a voxel's centre belongs to it.
    pub(super) fn holds(&self, voxel: [usize; 3]) -> bool {
        self.at(self.square_distance(voxel.map(|v| v as f64)).sqrt()).1
    }

    /// The same, so much further along each axis.
    pub(super) fn moved(&self, by: [usize; 3]) -> Sphere {
        let centre = std::array::from_fn(|a| self.centre[a] + by[a] as f64);
        Sphere { centre, ..self.clone() }
    }

    /// Whether it holds a voxel of a volume, `[z, y, x]`.
    pub(super) fn touches(&self, shape: [usize; 3]) -> bool {
        // A radius of 1 or more holds a voxel wherever the centre is.
        let whole = self.radius >= 1.0 && (0..3).all(|a| self.centre[a] + self.radius <= (shape[a] - 1) as f64);
        whole || self.voxels(shape).any(|voxel| self.holds(voxel))
    }

    /// The voxels of a volume that it may reach.
    pub(super) fn voxels(&self, shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
        let [zs, ys, xs] = [0, 1, 2].map(|a| self.reach(a, shape[a]));
        zs.flat_map(move |z| {
            let xs = xs.clone();
            ys.clone().flat_map(move |y| xs.clone().map(move |x| [z, y, x]))
        })
    }

    /// Paints its cut through plane `z`: coverage with a ramp of one voxel, and the voxels whose centres it holds.
    pub(super) fn paint(&self, z: usize, plane: &mut Plane) {
        let [ny, nx] = plane.shape;
        if !self.reach(0, z + 1).contains(&z) {
            return;
        }
        for y in self.reach(1, ny) {
            for x in self.reach(2, nx) {
                let d = self.square_distance([z as f64, y as f64, x as f64]).sqrt();
                let (cover, inside) = self.at(d);
                let i = y * nx + x;
                plane.cover[i] = plane.cover[i].max(cover);
                plane.inside[i] |= u8::from(inside);
            }
        }
    }

    /// Coverage, and whether it holds the centre, of a voxel at distance `d` from its own.
    fn at(&self, d: f64) -> (f64, bool) {
        let cover = (self.radius - d + 0.5).clamp(0.0, 1.0);
        let inside = d <= self.radius;
        match self.inner {
            None => (cover, inside),
            Some(inner) => (cover.min((d - inner + 0.5).clamp(0.0, 1.0)), inside && d > inner),
        }
    }
}
