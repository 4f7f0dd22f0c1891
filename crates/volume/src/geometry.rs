//! Where voxels are: one affine from index to millimetres, and the space it leads to.

use crate::affine::{self, IDENTITY};

pub use crate::affine::Affine;

/// What the millimetres of an affine mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// A patient: x to the left, y to the back, z to the head (LPS, as DICOM and ITK).
    Patient,
    /// The scale is known, the axes mean nothing anatomical (micro-CT, microscopy).
    Local,
    /// No scale: voxels only.
    Voxel,
}

impl Space {
    /// The word in `info`.
    pub const fn name(self) -> &'static str {
        match self {
            Space::Patient => "patient",
            Space::Local => "local",
            Space::Voxel => "voxel",
        }
    }
}

/// The affine from voxel index `(i, j, k, 1)` to millimetres (LPS where the space is a patient's), shear allowed.
///
/// Integer indices are voxel centres. Spacing, origin, direction, axis letters and field of view are derived, never stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    space: Space,
    affine: Affine,
}

impl Geometry {
    /// No geometry: indices are all there is.
    pub fn voxel() -> Geometry {
        Geometry { space: Space::Voxel, affine: IDENTITY }
    }

    /// An affine to millimetres; `None` when it is not finite or its columns do not span space (no geometry at all).
    pub fn new(space: Space, affine: Affine) -> Option<Geometry> {
        let finite = affine.iter().flatten().all(|v| v.is_finite());
        let g = Geometry { space, affine };
        let scale: f64 = g.spacing_raw().iter().product();
        (space != Space::Voxel && finite && scale > 0.0 && g.determinant().abs() > 1e-9 * scale && affine::inverse(&affine).is_some()).then_some(g)
    }

    /// A box grid of a spacing (x, y, z), mm, with index 0 at the origin.
    pub fn local(spacing: [f64; 3]) -> Option<Geometry> {
        Geometry::from_parts(Space::Local, spacing, [0.0; 3], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    }

    /// From spacing, origin and direction (`direction[row][axis]`: column `axis` is the unit vector along that index axis).
    pub fn from_parts(space: Space, spacing: [f64; 3], origin: [f64; 3], direction: [[f64; 3]; 3]) -> Option<Geometry> {
        let mut affine = IDENTITY;
        for r in 0..3 {
            for c in 0..3 {
                affine[r][c] = direction[r][c] * spacing[c];
            }
            affine[r][3] = origin[r];
        }
        Geometry::new(space, affine)
    }

    /// The space.
    pub fn space(&self) -> Space {
        self.space
    }

    /// Whether millimetres are known.
    pub fn has_scale(&self) -> bool {
        self.space != Space::Voxel
    }

    /// Index to mm; `None` without a scale.
    pub fn affine(&self) -> Option<&Affine> {
        self.has_scale().then_some(&self.affine)
    }

    /// Index to RAS mm (x right, y front), patients only.
    pub fn affine_ras(&self) -> Option<Affine> {
        (self.space == Space::Patient).then(|| {
            let mut a = self.affine;
            for row in &mut a[..2] {
                for v in row.iter_mut() {
                    *v = 0.0 - *v;
                }
            }
            a
        })
    }

    /// The affine from RAS instead of LPS millimetres.
    pub fn from_ras(affine: Affine) -> Option<Geometry> {
        let mut a = affine;
        for row in &mut a[..2] {
            for v in row.iter_mut() {
                *v = 0.0 - *v;
            }
        }
        Geometry::new(Space::Patient, a)
    }

    fn spacing_raw(&self) -> [f64; 3] {
        std::array::from_fn(|c| (0..3).map(|r| self.affine[r][c] * self.affine[r][c]).sum::<f64>().sqrt())
    }

    /// Distance between neighbouring voxel centres along x, y, z, mm.
    pub fn spacing(&self) -> Option<[f64; 3]> {
        self.has_scale().then(|| self.spacing_raw())
    }

    /// mm of the centre of voxel (0, 0, 0).
    pub fn origin(&self) -> Option<[f64; 3]> {
        self.has_scale().then(|| std::array::from_fn(|r| self.affine[r][3]))
    }

    /// Unit vectors along the index axes as columns: `direction[row][axis]`.
    pub fn direction(&self) -> Option<[[f64; 3]; 3]> {
        let s = self.spacing()?;
        Some(std::array::from_fn(|r| std::array::from_fn(|c| self.affine[r][c] / s[c])))
    }

    /// Volume of a voxel, mm3.
    pub fn voxel_mm3(&self) -> Option<f64> {
        self.has_scale().then(|| self.determinant().abs())
    }

    /// Determinant of the linear part; negative for left-handed index axes.
    pub fn determinant(&self) -> f64 {
        affine::determinant(&self.affine)
    }

    /// mm of an index point; the index itself without a scale.
    pub fn point(&self, ijk: [f64; 3]) -> [f64; 3] {
        affine::apply(&self.affine, ijk)
    }

    /// The index point of mm; the point itself without a scale.
    pub fn index(&self, mm: [f64; 3]) -> [f64; 3] {
        affine::apply(&self.back(), mm)
    }

    /// The affine from mm to index.
    pub fn back(&self) -> Affine {
        affine::inverse(&self.affine).expect("a geometry has a way back")
    }

    /// The grid whose index points are those of this grid that `from` makes of them; `None` where that is no geometry.
    ///
    /// Without a scale the result has none either.
    pub fn of_index(&self, from: &Affine) -> Option<Geometry> {
        if !self.has_scale() {
            return Some(self.clone());
        }
        Geometry::new(self.space, affine::product(&self.affine, from))
    }

    /// The place of the sub-grid that starts at an index.
    #[must_use]
    pub fn shifted(&self, ijk: [usize; 3]) -> Geometry {
        if self.has_scale() { self.at(self.point(ijk.map(|v| v as f64))) } else { self.clone() }
    }

    /// The same grid with its first voxel's centre at another place, mm; without a scale nothing has a place.
    #[must_use]
    pub fn at(&self, place: [f64; 3]) -> Geometry {
        let mut g = self.clone();
        if g.has_scale() {
            g.affine.iter_mut().zip(place).for_each(|(row, p)| row[3] = p);
        }
        g
    }

    /// Letters of where i, j, k increase to (the nearest axis, each used once), patients only.
    pub fn axes(&self) -> Option<String> {
        if self.space != Space::Patient {
            return None;
        }
        let d = self.direction()?;
        let best = affine::nearest_axes(|c, world| d[world][c].abs());
        Some((0..3).map(|c| [["L", "R"], ["P", "A"], ["S", "I"]][best[c]][usize::from(d[best[c]][c] < 0.0)]).collect())
    }

    /// The largest angle by which two index axes fail to be perpendicular, degrees.
    pub fn shear_deg(&self) -> f64 {
        let Some(d) = self.direction() else { return 0.0 };
        let off = |a: usize, b: usize| (0..3).map(|r| d[r][a] * d[r][b]).sum::<f64>().abs().min(1.0).asin().to_degrees();
        off(0, 1).max(off(0, 2)).max(off(1, 2))
    }

    /// Whether two grids of this shape lie within a thousandth of a voxel of each other at every corner.
    pub fn near(&self, other: &Geometry, shape: [usize; 3]) -> bool {
        let limit = self.spacing_raw().into_iter().fold(f64::INFINITY, f64::min) * 1e-3;
        (0..8).all(|c| {
            let ijk = std::array::from_fn(|a| if c >> a & 1 == 1 { (shape[2 - a] - 1) as f64 } else { 0.0 });
            let (p, q) = (self.point(ijk), other.point(ijk));
            (0..3).all(|r| (p[r] - q[r]).abs() <= limit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_follow_the_affine() {
        let lps = Geometry::from_parts(Space::Patient, [1.0, 2.0, 3.0], [0.0; 3], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).unwrap();
        assert_eq!(lps.axes().unwrap(), "LPS");
        assert_eq!(lps.spacing().unwrap(), [1.0, 2.0, 3.0]);
        assert_eq!(lps.voxel_mm3().unwrap(), 6.0);
        let ras = Geometry::from_ras(IDENTITY).unwrap();
        assert_eq!(ras.axes().unwrap(), "RAS");
        assert!(Geometry::local([1.0, 1.0, 1.0]).unwrap().axes().is_none());
        assert_eq!(Geometry::from_ras(lps.affine_ras().unwrap()).unwrap(), lps);
    }

    #[test]
    fn a_flat_affine_is_no_geometry() {
        let mut a = IDENTITY;
        a[2] = a[1];
        assert!(Geometry::new(Space::Patient, a).is_none());
        assert!(Geometry::local([1.0, 0.0, 1.0]).is_none());
        assert!(Geometry::local([1.0, f64::NAN, 1.0]).is_none());
    }
}
