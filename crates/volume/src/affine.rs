//! Affines: composed from rotations, zooms, shears and shifts, inverted, and taken apart.
//!
//! A point is a column, so that `product(a, b)` applies `b` first.

use crate::vector::{Vector, dot, length};

/// A 4x4 affine, rows outermost.
pub type Affine = [[f64; 4]; 4];

/// The affine that changes nothing.
pub const IDENTITY: Affine = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

/// `a` after `b`.
pub fn product(a: &Affine, b: &Affine) -> Affine {
    std::array::from_fn(|r| std::array::from_fn(|c| (0..4).map(|k| a[r][k] * b[k][c]).sum()))
}

/// Where a point goes.
pub fn apply(a: &Affine, p: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|r| a[r][0] * p[0] + a[r][1] * p[1] + a[r][2] * p[2] + a[r][3])
}

/// Determinant of the linear part.
pub fn determinant(a: &Affine) -> f64 {
    a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0])
}

/// The way back; `None` where the linear part does not span space.
pub fn inverse(a: &Affine) -> Option<Affine> {
    let d = determinant(a);
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        a[r1][c1] * a[r2][c2] - a[r1][c2] * a[r2][c1]
    };
    let linear = from_linear(std::array::from_fn(|r| std::array::from_fn(|c| minor(c, r) / d)));
    let back = product(&linear, &translation(std::array::from_fn(|r| 0.0 - a[r][3])));
    back.iter().flatten().all(|v| v.is_finite()).then_some(back)
}

/// Where a step along an index axis leads; of axis 3, where index 0 lies.
pub fn column(a: &Affine, axis: usize) -> Vector {
    [a[0][axis], a[1][axis], a[2][axis]]
}

/// For each axis of one kind the nearest of another, each used once, by how much `along` says that they run along each other.
pub fn nearest_axes(along: impl Fn(usize, usize) -> f64) -> [usize; 3] {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let fit = |o: &[usize; 3]| (0..3).map(|a| along(a, o[a])).sum::<f64>();
    orders.into_iter().reduce(|a, b| if fit(&b) > fit(&a) + 1e-12 { b } else { a }).expect("six orders")
}

/// The affine of a linear part, rows outermost.
pub fn from_linear(linear: [[f64; 3]; 3]) -> Affine {
    let mut a = IDENTITY;
    a.iter_mut().zip(linear).for_each(|(row, part)| row[..3].copy_from_slice(&part));
    a
}

/// A shift.
pub fn translation(by: [f64; 3]) -> Affine {
    let mut a = IDENTITY;
    (0..3).for_each(|r| a[r][3] = by[r]);
    a
}

/// Factors along x, y, z.
pub fn zoom(by: [f64; 3]) -> Affine {
    let mut a = IDENTITY;
    (0..3).for_each(|r| a[r][r] = by[r]);
    a
}

/// Shears xy, xz, yz: `x + xy y + xz z`, `y + yz z`.
pub fn shear([xy, xz, yz]: [f64; 3]) -> Affine {
    let mut a = IDENTITY;
    (a[0][1], a[0][2], a[1][2]) = (xy, xz, yz);
    a
}

/// A turn about an axis (0 x, 1 y, 2 z) by an angle in radians: from y to z, from z to x, from x to y.
pub fn rotation(axis: usize, angle: f64) -> Affine {
    let (sin, cos) = (libm::sin(angle), libm::cos(angle));
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut a = IDENTITY;
    (a[u][u], a[u][v], a[v][u], a[v][v]) = (cos, 0.0 - sin, sin, cos);
    a
}

/// What an affine is made of: `translation * rotation * zooms * shears`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// The shift.
    pub translation: [f64; 3],
    /// A turn without reflection, rows outermost.
    pub rotation: [[f64; 3]; 3],
    /// Factors along x, y, z; the first is negative where the affine reflects.
    pub zooms: [f64; 3],
    /// Shears xy, xz, yz.
    pub shears: [f64; 3],
}

impl Parts {
    /// The parts of an affine whose columns span space, by orthogonalising its columns in turn.
    ///
    /// Source: Thomas, "Decomposing a matrix into simple transformations", Graphics Gems II, 1991; agrees with
    /// `transforms3d.affines.decompose44`.
    pub fn of(a: &Affine) -> Option<Parts> {
        inverse(a)?;
        let column = |c: usize| column(a, c);
        let less = |p: Vector, by: f64, q: Vector| std::array::from_fn(|r| p[r] - by * q[r]);
        let unit = |p: Vector| (length(p), p.map(|v| v / length(p)));
        let (mut zx, mut x) = unit(column(0));
        let xy = dot(x, column(1));
        let (zy, y) = unit(less(column(1), xy, x));
        let (xz, yz) = (dot(x, column(2)), dot(y, column(2)));
        let (zz, z) = unit(less(less(column(2), xz, x), yz, y));
        let shears = [xy / zx, xz / zx, yz / zy];
        if determinant(a) < 0.0 {
            (zx, x) = (-zx, x.map(|v| 0.0 - v));
        }
        Some(Parts { translation: column(3), rotation: std::array::from_fn(|r| [x[r], y[r], z[r]]), zooms: [zx, zy, zz], shears })
    }

    /// The affine that they make.
    pub fn whole(&self) -> Affine {
        let turn = from_linear(self.rotation);
        product(&translation(self.translation), &product(&turn, &product(&zoom(self.zooms), &shear(self.shears))))
    }

    /// Angles in radians about x, y, z, applied in the order z, y, x: `rotation = X * Y * Z`, as `nibabel.eulerangles` has them.
    pub fn angles(&self) -> [f64; 3] {
        let r = &self.rotation;
        let level = (r[2][2] * r[2][2] + r[1][2] * r[1][2]).sqrt();
        let y = libm::atan2(r[0][2], level);
        if level > 4.0 * f64::EPSILON {
            return [libm::atan2(0.0 - r[1][2], r[2][2]), y, libm::atan2(0.0 - r[0][1], r[0][0])];
        }
        // Looking along y, turns about x and z are one: all of it is z's.
        [0.0, y, libm::atan2(r[1][0], r[1][1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(a: &Affine, b: &Affine) {
        let off = a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        assert!(off < 1e-12, "{a:?} is not {b:?}");
    }

    fn made() -> Affine {
        let turned = product(&rotation(2, 0.3), &product(&rotation(1, -0.7), &rotation(0, 1.1)));
        product(&translation([5.0, -6.0, 7.0]), &product(&turned, &product(&zoom([0.5, 2.0, 3.0]), &shear([0.1, -0.2, 0.3]))))
    }

    #[test]
    fn parts_make_the_whole_again() {
        let parts = Parts::of(&made()).unwrap();
        near(&parts.whole(), &made());
        assert!((0..3).all(|k| (parts.zooms[k] - [0.5, 2.0, 3.0][k]).abs() < 1e-12 && (parts.shears[k] - [0.1, -0.2, 0.3][k]).abs() < 1e-12));
        let mirrored = product(&made(), &zoom([1.0, -1.0, 1.0]));
        near(&Parts::of(&mirrored).unwrap().whole(), &mirrored);
        assert!(Parts::of(&mirrored).unwrap().zooms[0] < 0.0 && Parts::of(&zoom([1.0, 0.0, 1.0])).is_none());
    }

    #[test]
    fn angles_turn_again() {
        for [x, y, z] in [[0.1, 0.2, 0.3], [-1.0, 1.2, 2.9], [0.0, std::f64::consts::FRAC_PI_2, 0.4]] {
            let turned = product(&rotation(0, x), &product(&rotation(1, y), &rotation(2, z)));
            let [a, b, c] = Parts::of(&turned).unwrap().angles();
            near(&product(&rotation(0, a), &product(&rotation(1, b), &rotation(2, c))), &turned);
        }
    }

    #[test]
    fn the_way_back_is_the_inverse() {
        near(&product(&made(), &inverse(&made()).unwrap()), &IDENTITY);
        assert!(inverse(&zoom([1.0, 0.0, 1.0])).is_none());
    }
}
