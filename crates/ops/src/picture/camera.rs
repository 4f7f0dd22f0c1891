//! Where a volume is seen from, without perspective.

use isovox_volume::Header;
use isovox_volume::vector::{Vector, cross, dot, length};

use crate::picture::field::Ray;

pub(crate) fn unit(a: Vector) -> Vector {
    let long = length(a);
    if long > 0.0 { a.map(|v| v / long) } else { [0.0; 3] }
}

/// An eye far away. At azimuth and elevation 0 it looks along y, x runs right and z up: a patient is seen from the front.
pub(crate) struct Camera {
    /// Unit vectors of the world: right and up in the picture, and away from the eye.
    pub(crate) right: Vector,
    pub(crate) up: Vector,
    pub(crate) into: Vector,
    /// The world place at the picture's middle.
    centre: Vector,
    /// Index to world, a column an axis, and back.
    columns: [Vector; 3],
    rows: [Vector; 3],
    first: Vector,
    n: [usize; 3],
}

impl Camera {
    /// Angles in degrees: the eye goes to the right around the volume, and up.
    pub(crate) fn new(header: &Header, azimuth: f64, elevation: f64) -> Camera {
        let (a, e) = (azimuth.to_radians(), elevation.to_radians());
        let (sa, ca, se, ce) = (libm::sin(a), libm::cos(a), libm::sin(e), libm::cos(e));
        let right = [ca, sa, 0.0];
        let into = [-sa * ce, ca * ce, -se];
        let n = [header.nx(), header.ny(), header.nz()];
        let first = header.geometry.point([0.0; 3]);
        let columns: [Vector; 3] = std::array::from_fn(|axis| {
            let mut step = [0.0; 3];
            step[axis] = 1.0;
            let p = header.geometry.point(step);
            std::array::from_fn(|r| p[r] - first[r])
        });
        let volume = dot(columns[0], cross(columns[1], columns[2]));
        let rows = [cross(columns[1], columns[2]), cross(columns[2], columns[0]), cross(columns[0], columns[1])].map(|row| row.map(|v| v / volume));
        let centre = header.geometry.point(n.map(|n| (n as f64 - 1.0) / 2.0));
        Camera { right, up: cross(right, into), into, centre, columns, rows, first, n }
    }

    /// Right, up and depth of an index place, from the picture's middle, in world units.
    pub(crate) fn seen(&self, index: Vector) -> Vector {
        let world: Vector = std::array::from_fn(|r| self.first[r] + (0..3).map(|a| self.columns[a][r] * index[a]).sum::<f64>() - self.centre[r]);
        [dot(world, self.right), dot(world, self.up), dot(world, self.into)]
    }

    /// A world direction in index units.
    pub(crate) fn index(&self, world: Vector) -> Vector {
        self.rows.map(|row| dot(row, world))
    }

    /// The unit world vector along which a field falls that rises by `gradient` along the index axes.
    pub(crate) fn normal(&self, gradient: Vector) -> Vector {
        unit(std::array::from_fn(|r| -(0..3).map(|a| self.rows[a][r] * gradient[a]).sum::<f64>()))
    }

    /// The ray through a place of the picture; a step of 1 is a world unit.
    pub(crate) fn ray(&self, right: f64, up: f64) -> Ray {
        let world = std::array::from_fn(|r| self.centre[r] + right * self.right[r] + up * self.up[r] - self.first[r]);
        Ray { from: self.index(world), along: self.index(self.into) }
    }

    /// A corner of the volume: bit `axis` says at which end; the outer faces of the voxels.
    pub(crate) fn corner(&self, which: usize) -> Vector {
        std::array::from_fn(|a| if which >> a & 1 == 1 { self.n[a] as f64 - 0.5 } else { -0.5 })
    }

    /// The picture's half sides that hold the volume, and its nearest and farthest depth.
    pub(crate) fn reach(&self) -> ([f64; 2], [f64; 2]) {
        let mut half = [0.0f64; 2];
        let mut depth = [f64::INFINITY, f64::NEG_INFINITY];
        for [x, y, d] in (0..8).map(|c| self.seen(self.corner(c))) {
            half = [half[0].max(x.abs()), half[1].max(y.abs())];
            depth = [depth[0].min(d), depth[1].max(d)];
        }
        (half, depth)
    }

    /// The twelve edges: the axis, and its corners.
    pub(crate) fn edges() -> impl Iterator<Item = (usize, [usize; 2])> {
        (0..3).flat_map(|axis| (0..8).filter(move |c| c >> axis & 1 == 0).map(move |c| (axis, [c, c | 1 << axis])))
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::{Geometry, Type};

    use super::*;

    fn camera(azimuth: f64, elevation: f64) -> Camera {
        let mut header = Header::new([11, 21, 31], 1, Type::U8).unwrap();
        header.geometry = Geometry::local([1.0, 2.0, 3.0]).unwrap();
        Camera::new(&header, azimuth, elevation)
    }

    #[track_caller]
    fn near(a: Vector, b: Vector) {
        assert!((0..3).all(|i| (a[i] - b[i]).abs() < 1e-9), "{a:?} is not {b:?}");
    }

    #[test]
    fn from_the_front_x_runs_right_and_z_up() {
        let front = camera(0.0, 0.0);
        near(front.seen([16.0, 11.0, 6.0]), [1.0, 3.0, 2.0]);
        let above = camera(0.0, 90.0);
        near(above.seen([16.0, 11.0, 6.0]), [1.0, 2.0, -3.0]);
        let right = camera(90.0, 0.0);
        near(right.seen([16.0, 11.0, 6.0]), [2.0, 3.0, -1.0]);
    }

    #[test]
    fn rays_pass_through_what_is_seen() {
        let camera = camera(37.0, 21.0);
        let place = [4.0, 17.5, 9.0];
        let [x, y, depth] = camera.seen(place);
        near(camera.ray(x, y).at(depth), place);
        near(camera.normal([0.0, 0.0, -3.0]), [0.0, 0.0, 1.0]);
        assert_eq!(Camera::edges().count(), 12);
    }
}
