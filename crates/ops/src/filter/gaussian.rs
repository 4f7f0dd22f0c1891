//! Weighted means under a bell curve.

use std::ops::Range;

use isovox_macros::{Choice, Op};
use isovox_volume::voxel::Real;
use isovox_volume::{Certainty, Error, Extent, Header, Length, QuantityKind, Result, Scalar};

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
/// Separable weights, cut off at --truncate sigmas, along z, y, x in turn; an axis of sigma 0 is left alone. Derivatives
/// are by voxel, not by mm. Floats come out: f32, or f64 for 32-bit and larger integers and f64. Smoothed
/// masks and derivatives are values of unknown meaning; labels are refused. Agrees with
/// `scipy.ndimage.gaussian_filter` in f64 within 1e-5 of the range. Shape: `[z, y, x]` to the same.
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

    fn orders(&self) -> [usize; 3] {
        [self.order.x, self.order.y, self.order.z]
    }

    /// Weights along x, y, z.
    fn weights<R: Real>(&self, input: &Header) -> [Weights<R>; 3] {
        let sigmas = self.sigmas(input).unwrap_or_default();
        std::array::from_fn(|axis| Weights::new(sigmas[axis], self.orders()[axis], self.truncate))
    }
}

fn radius(sigma: f64, truncate: f64) -> usize {
    (truncate * sigma + 0.5) as usize
}

/// Weights of the order-th derivative, as `scipy.ndimage` makes them: the Gaussian times a polynomial.
fn weights(sigma: f64, order: usize, radius: usize) -> Vec<f64> {
    if sigma <= 0.0 {
        return vec![1.0];
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

/// Weights of one axis: those of both sides are equal, or opposite for the first derivative.
struct Weights<R> {
    middle: R,
    /// From the nearest to the farthest.
    sides: Vec<R>,
    opposite: bool,
}

impl<R: Real> Weights<R> {
    fn new(sigma: f64, order: usize, truncate: f64) -> Weights<R> {
        let all = weights(sigma, order, radius(sigma, truncate));
        let radius = all.len() / 2;
        Weights { middle: R::from_f64(all[radius]), sides: all[radius + 1..].iter().map(|w| R::from_f64(*w)).collect(), opposite: order == 1 }
    }

    fn radius(&self) -> usize {
        self.sides.len()
    }

    /// Weighted sums of `2 radius + 1` rows, from the middle outwards.
    fn sum<T: Scalar>(&self, rows: &[&[T]], out: &mut [R]) {
        if self.opposite { self.sum_sides(rows, out, |a, b| b - a) } else { self.sum_sides(rows, out, |a, b| a + b) }
    }

    fn sum_sides<T: Scalar>(&self, rows: &[&[T]], out: &mut [R], both: impl Fn(R, R) -> R) {
        let (blocks, rest) = out.as_chunks_mut::<LANES>();
        let whole = blocks.len() * LANES;
        for (i, block) in blocks.iter_mut().enumerate() {
            *block = self.block(rows, i * LANES, &both);
        }
        for (i, one) in rest.iter_mut().enumerate() {
            [*one] = self.block(rows, whole + i, &both);
        }
    }

    /// Sums that stay in registers while the rows pass.
    #[inline(always)]
    fn block<T: Scalar, const N: usize>(&self, rows: &[&[T]], at: usize, both: &impl Fn(R, R) -> R) -> [R; N] {
        let reach = self.sides.len();
        let part = |row: usize| -> &[T; N] { rows[row][at..].first_chunk().expect("a block lies within its row") };
        let mut sums: [R; N] = [R::default(); N];
        for (sum, v) in sums.iter_mut().zip(part(reach)) {
            *sum = self.middle * real(*v);
        }
        for (k, &weight) in self.sides.iter().enumerate() {
            let (below, above) = (part(reach - k - 1), part(reach + k + 1));
            for ((sum, a), b) in sums.iter_mut().zip(below).zip(above) {
                *sum = *sum + weight * both(real(*a), real(*b));
            }
        }
        sums
    }
}

/// Sums that are made at a time.
const LANES: usize = 32;

impl Halo for Gaussian {
    type Out<T: Scalar> = T::Real;

    fn check(&self, input: &Header) -> Result<()> {
        let sigmas = self.sigmas(input)?;
        if let Some(sigma) = sigmas.into_iter().find(|s| s * self.truncate > WIDEST) {
            let wide = Error::parameter("--sigma").found(Length::Voxels(sigma));
            return Err(wide.expected(format_args!("a cut-off of at most {WIDEST} voxels")).help("is the unit right? 2vox is two voxels"));
        }
        if sigmas.into_iter().zip(self.orders()).any(|(sigma, order)| order > 0 && sigma <= 0.0) {
            return Err(Error::parameter("a derivative along an axis of --sigma 0").help("give that axis a sigma"));
        }
        if input.quantity.kind == QuantityKind::Label && input.quantity.certain == Certainty::Certain {
            return Err(Error::unsupported("a mean of labels").expected("values or a mask").help("threshold makes a mask of labels"));
        }
        Ok(())
    }

    fn means(&self, input: &Header) -> Option<QuantityKind> {
        let derived = self.orders() != [0; 3];
        (derived || matches!(input.quantity.kind, QuantityKind::Mask | QuantityKind::Label)).then_some(QuantityKind::Unknown)
    }

    fn halo(&self, input: &Header) -> usize {
        self.weights::<f64>(input)[2].radius()
    }

    fn edge(&self) -> Edge {
        self.boundary.edge()
    }

    fn rows<T: Scalar>(&self, input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [T::Real]) {
        let [x_axis, y_axis, z_axis] = &self.weights::<T::Real>(input);
        let (nx, reach) = (near.nx, y_axis.radius());
        // Rows summed along z wait in a ring until no output needs them; it is small enough for the nearest cache.
        let mut ring = vec![vec![T::Real::default(); nx]; 2 * reach + 1];
        let mut padded = vec![T::Real::default(); nx + 2 * x_axis.radius()];
        let mut outs = out.chunks_exact_mut(nx);
        for (step, row) in (y.start as isize - reach as isize..(y.end + reach) as isize).enumerate() {
            let slot = step % ring.len();
            match self.edge().index(row, near.ny) {
                Some(row) => {
                    let planes: Vec<&[T]> = near.planes.iter().map(|plane| &plane[row * nx..(row + 1) * nx]).collect();
                    z_axis.sum(&planes, &mut ring[slot]);
                }
                None => ring[slot].fill(T::Real::default()),
            }
            if step < 2 * reach {
                continue;
            }
            let rows: Vec<&[T::Real]> = (0..ring.len()).map(|k| &ring[(slot + 1 + k) % ring.len()][..]).collect();
            y_axis.sum(&rows, &mut padded[x_axis.radius()..][..nx]);
            self.pad(&mut padded, x_axis.radius(), nx);
            let shifted: Vec<&[T::Real]> = (0..=2 * x_axis.radius()).map(|k| &padded[k..k + nx]).collect();
            x_axis.sum(&shifted, outs.next().expect("one row of output for each row asked for"));
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

#[inline(always)]
fn real<T: Scalar, R: Real>(value: T) -> R {
    R::from_f64(value.to_f64())
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
