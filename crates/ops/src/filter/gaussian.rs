//! Weighted means under a bell curve.

use std::ops::Range;

use isovox_macros::{Choice, Op};
use isovox_volume::{Extent, Header, Length, Result, Scalar};

use crate::access::{Edge, Halo, Near};
use crate::spec::Lengths;

/// What stands beyond the volume's faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Boundary {
    /// The nearest voxel.
    Nearest,
    /// Mirrored at the face.
    Reflect,
    /// Mirrored at the outermost voxel.
    Mirror,
    /// The other side.
    Wrap,
    /// Zero.
    Constant,
}

impl Boundary {
    fn edge(self) -> Edge {
        match self {
            Boundary::Nearest => Edge::Nearest,
            Boundary::Reflect => Edge::Reflect,
            Boundary::Mirror => Edge::Mirror,
            Boundary::Wrap => Edge::Wrap,
            Boundary::Constant => Edge::Zero,
        }
    }
}

/// Smooth with a Gaussian, or take its derivative along an axis.
///
/// Separable weights, cut off at --truncate sigmas, in z, y, x order. Floats come out: f32, or f64 for 32-bit and larger
/// integers and f64. Within 1e-5 of the range of `scipy.ndimage.gaussian_filter`.
#[derive(Op)]
#[op(access = Halo, input = Scalar, output = Volume, example = "isovox gaussian scan.tif -o smooth.nii.gz --sigma 1.5vox")]
pub struct Gaussian {
    /// Standard deviation: one length, or three as x,y,z; bare numbers are mm where the volume has a scale, else voxels.
    #[op(unit = "mm or voxel", range = 0.0..=1000.0)]
    pub sigma: Lengths,
    /// Sigmas at which the weights are cut off.
    #[op(default = 4.0, range = 0.5..=10.0)]
    pub truncate: f64,
    /// Order of the derivative along x, y, z.
    #[op(unit = "order", default = Extent::cube(0), range = 0..=2)]
    pub order: Extent,
    /// What stands beyond the faces.
    #[op(default = Boundary::Reflect)]
    pub boundary: Boundary,
}

/// The widest cut-off, voxels: wider ones mean that the unit was mistaken.
const WIDEST: f64 = 512.0;

impl Gaussian {
    fn sigmas(&self, input: &Header) -> Result<[f64; 3]> {
        self.sigma.voxels(input.geometry.spacing())
    }

    fn weights<R: Scalar>(&self, input: &Header, axis: usize) -> Vec<R> {
        let sigma = self.sigmas(input).map_or(0.0, |s| s[axis]);
        let order = [self.order.x, self.order.y, self.order.z][axis];
        weights(sigma, order, radius(sigma, self.truncate)).into_iter().map(R::from_f64).collect()
    }
}

fn radius(sigma: f64, truncate: f64) -> usize {
    (truncate * sigma + 0.5) as usize
}

/// Weights of the order-th derivative, as `scipy.ndimage` makes them: the Gaussian times a polynomial.
fn weights(sigma: f64, order: usize, radius: usize) -> Vec<f64> {
    if sigma <= 0.0 {
        return vec![if order == 0 { 1.0 } else { 0.0 }];
    }
    let square = sigma * sigma;
    let bell: Vec<f64> = (0..=2 * radius).map(|i| i as f64 - radius as f64).map(|x| libm::exp(-0.5 / square * x * x)).collect();
    let sum: f64 = bell.iter().sum();
    let polynomial = |x: f64| match order {
        0 => 1.0,
        // Weights are applied from the lower side up, so that a rising ramp has a positive derivative.
        1 => x / square,
        _ => (x * x / square - 1.0) / square,
    };
    bell.iter().enumerate().map(|(i, b)| b / sum * polynomial(i as f64 - radius as f64)).collect()
}

impl Halo for Gaussian {
    type Out<T: Scalar> = T::Real;

    fn check(&self, input: &Header) -> Result<()> {
        let sigmas = self.sigmas(input)?;
        match sigmas.into_iter().find(|s| s * self.truncate > WIDEST) {
            Some(sigma) => Err(isovox_volume::Error::parameter("--sigma").found(Length::Voxels(sigma)).expected(format_args!("a cut-off of at most {WIDEST} voxels")).help("is the unit right? 2vox is two voxels")),
            None => Ok(()),
        }
    }

    fn halo(&self, input: &Header) -> usize {
        self.weights::<f64>(input, 2).len() / 2
    }

    fn edge(&self) -> Edge {
        self.boundary.edge()
    }

    fn rows<T: Scalar>(&self, input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [T::Real]) {
        let (nx, ny) = (near.nx, near.ny);
        let along: [Vec<T::Real>; 3] = std::array::from_fn(|axis| self.weights(input, axis));
        let zero = T::Real::default();
        let mut plane = vec![zero; ny * nx];
        for (weight, source) in along[2].iter().zip(near.planes) {
            plane.iter_mut().zip(*source).for_each(|(o, v)| *o = *o + *weight * real(*v));
        }
        let (reach_y, reach_x) = (along[1].len() / 2, along[0].len() / 2);
        let mut row = vec![zero; nx + 2 * reach_x];
        for (y, out) in y.zip(out.chunks_exact_mut(nx)) {
            row.fill(zero);
            for (k, weight) in along[1].iter().enumerate() {
                if let Some(from) = self.edge().index(y as isize + k as isize - reach_y as isize, ny) {
                    let source = &plane[from * nx..(from + 1) * nx];
                    row[reach_x..reach_x + nx].iter_mut().zip(source).for_each(|(o, v)| *o = *o + *weight * *v);
                }
            }
            self.pad(&mut row, reach_x, nx);
            out.fill(zero);
            for (k, weight) in along[0].iter().enumerate() {
                out.iter_mut().zip(&row[k..k + nx]).for_each(|(o, v)| *o = *o + *weight * *v);
            }
        }
    }
}

impl Gaussian {
    /// Fills both ends of a row with what stands beyond it.
    fn pad<R: Scalar>(&self, row: &mut [R], reach: usize, nx: usize) {
        for i in (0..reach).chain(reach + nx..nx + 2 * reach) {
            let from = self.edge().index(i as isize - reach as isize, nx);
            row[i] = from.map_or(R::default(), |x| row[reach + x]);
        }
    }
}

fn real<T: Scalar>(value: T) -> T::Real {
    T::Real::from_f64(value.to_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(line: &[f64], sigma: f64, edge: Edge) -> Vec<f64> {
        let r = radius(sigma, 4.0);
        let w = weights(sigma, 0, r);
        let at = |i: isize| edge.index(i, line.len()).map_or(0.0, |k| line[k]);
        (0..line.len()).map(|x| w.iter().enumerate().map(|(k, w)| w * at(x as isize + k as isize - r as isize)).sum()).collect()
    }

    #[test]
    fn a_row_equals_the_definition_at_every_boundary() {
        let line = [3.0f64, -1.0, 4.0, 1.0, 5.0];
        let header = Header::new([1, 1, 5], 1, isovox_volume::Type::F64).unwrap();
        for boundary in [Boundary::Nearest, Boundary::Reflect, Boundary::Mirror, Boundary::Wrap, Boundary::Constant] {
            let op = Gaussian { sigma: Lengths([Length::Voxels(1.3), Length::Voxels(0.0), Length::Voxels(0.0)]), truncate: 4.0, order: Extent::cube(0), boundary };
            let mut out = [0.0; 5];
            op.rows(&header, &Near { planes: &[&line[..]], ny: 1, nx: 5 }, 0..1, &mut out);
            let expect = naive(&line, 1.3, boundary.edge());
            assert!(out.iter().zip(&expect).all(|(a, b)| (a - b).abs() < 1e-12), "{boundary:?}: {out:?} {expect:?}");
        }
    }

    #[test]
    fn a_ramp_has_its_slope() {
        let w = weights(1.5, 1, 6);
        let slope: f64 = w.iter().enumerate().map(|(i, w)| w * 3.0 * (i as f64 - 6.0)).sum();
        assert!((slope - 3.0).abs() < 1e-3, "{slope}");
        assert!((weights(1.5, 0, 6).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
