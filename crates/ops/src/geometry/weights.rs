//! What each output voxel of an axis takes of the input's voxels: interpolation, smoothing and B-spline prefilter in one.

use std::ops::Range;

use isovox_volume::voxel::Real;

use crate::access::Edge;

/// How values between voxels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// The nearest voxel; of two, the upper.
    Nearest,
    /// Straight lines.
    Linear,
    /// Cubic B-splines through the voxels.
    Cubic,
    /// A sinc under a window of three voxels a side (Lanczos).
    Lanczos,
    /// The voxel itself: smoothing and prefilter alone.
    Same,
}

/// The pole of the cubic B-spline: `sqrt(3) - 2`.
const POLE: f64 = -0.267_949_192_431_122_7;

/// Taps of the Lanczos kernel on each side.
const LOBES: usize = 3;

/// A filter of one axis: weights of voxels `first..first + weights.len()`, before edges are met.
#[derive(Clone)]
struct Taps {
    first: isize,
    weights: Vec<f64>,
}

/// The most voxels that a kernel takes.
pub(crate) const MOST: usize = 2 * LOBES;

impl Kernel {
    /// Weights at a place between voxels: the first voxel, the weights from there on, and how many count.
    pub(crate) fn at(self, place: f64) -> (isize, [f64; MOST], usize) {
        let base = place.floor();
        let (f, base) = (place - base, base as isize);
        let mut weights = [0.0; MOST];
        let (first, count) = match self {
            Kernel::Nearest | Kernel::Same => {
                weights[0] = 1.0;
                ((place + 0.5).floor() as isize, 1)
            }
            Kernel::Linear => {
                weights[..2].copy_from_slice(&[1.0 - f, f]);
                (base, 2)
            }
            Kernel::Cubic => {
                weights[..4].copy_from_slice(&cubic(f));
                (base - 1, 4)
            }
            Kernel::Lanczos => {
                weights = lanczos(f);
                (base + 1 - LOBES as isize, MOST)
            }
        };
        (first, weights, count)
    }

    fn taps(self, place: f64) -> Taps {
        let (first, weights, count) = self.at(place);
        Taps { first, weights: weights[..count].to_vec() }
    }

    /// What stands beyond the faces: splines go on mirrored, so that the prefilter has an end.
    pub(crate) fn edge(self) -> Edge {
        if self == Kernel::Cubic { Edge::Mirror } else { Edge::Nearest }
    }

    /// Planes beyond the one below a place that its value takes.
    pub(crate) fn reach(self) -> usize {
        match self {
            Kernel::Same => 0,
            Kernel::Nearest | Kernel::Linear => 1,
            Kernel::Cubic => 2,
            Kernel::Lanczos => LOBES,
        }
    }
}

/// Cubic B-spline weights of the four coefficients around a place, `f` beyond the second.
///
/// Source: Unser, Aldroubi and Eden 1993.
pub(crate) fn cubic(f: f64) -> [f64; 4] {
    let g = 1.0 - f;
    [g * g * g / 6.0, (4.0 - 6.0 * f * f + 3.0 * f * f * f) / 6.0, (4.0 - 6.0 * g * g + 3.0 * g * g * g) / 6.0, f * f * f / 6.0]
}

/// Lanczos weights, made to sum to 1.
fn lanczos(f: f64) -> [f64; MOST] {
    // At whole numbers a sine of pi is not quite 0: there the value is a voxel's own.
    let sinc = |x: f64| if x == x.floor() { f64::from(u8::from(x == 0.0)) } else { libm::sin(std::f64::consts::PI * x) / (std::f64::consts::PI * x) };
    let reach = LOBES as f64;
    let raw: [f64; MOST] = std::array::from_fn(|k| f + reach - 1.0 - k as f64).map(|x: f64| if x.abs() < reach { sinc(x) * sinc(x / reach) } else { 0.0 });
    let sum: f64 = raw.iter().sum();
    raw.map(|w| w / sum)
}

/// A filter that is the same on both sides.
fn symmetric(reach: usize, weight: impl Fn(usize) -> f64) -> Taps {
    let raw: Vec<f64> = (-(reach as isize)..=reach as isize).map(|k| weight(k.unsigned_abs())).collect();
    let sum: f64 = raw.iter().sum();
    Taps { first: -(reach as isize), weights: raw.iter().map(|w| w / sum).collect() }
}

/// Voxels at which a Gaussian is cut off.
fn blur_reach(sigma: f64) -> usize {
    if sigma > 0.0 { (4.0 * sigma + 0.5) as usize } else { 0 }
}

fn blur(sigma: f64) -> Taps {
    symmetric(blur_reach(sigma), |k| if k == 0 { 1.0 } else { libm::exp(-0.5 * (k * k) as f64 / (sigma * sigma)) })
}

/// Voxels at which the spline prefilter, which has no end, is cut off: what is left out is less than a rounding.
pub(crate) const fn prefilter_reach<R: Real>() -> usize {
    match R::TYPE {
        isovox_volume::Type::F32 => 13,
        _ => 28,
    }
}

/// A power of the pole, by products: the same on every machine.
fn power(k: usize) -> f64 {
    (0..k).fold(1.0, |p, _| p * POLE)
}

fn prefilter(reach: usize) -> Taps {
    symmetric(reach, power)
}

/// One filter after another.
fn after(a: &Taps, b: &Taps) -> Taps {
    let mut weights = vec![0.0; a.weights.len() + b.weights.len() - 1];
    for (i, a) in a.weights.iter().enumerate() {
        for (k, b) in b.weights.iter().enumerate() {
            weights[i + k] += a * b;
        }
    }
    Taps { first: a.first + b.first, weights }
}

/// How the places of an axis are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ruler {
    /// Input voxels.
    pub(crate) input: usize,
    /// Output voxels.
    pub(crate) output: usize,
    /// The place of the first output voxel, input voxels.
    pub(crate) first: f64,
    /// From one output voxel to the next.
    pub(crate) step: f64,
}

impl Ruler {
    /// The axis as it is.
    pub(crate) fn same(n: usize) -> Ruler {
        Ruler { input: n, output: n, first: 0.0, step: 1.0 }
    }

    fn place(&self, i: usize) -> f64 {
        snapped(self.first + i as f64 * self.step)
    }

    /// Output voxels whose centres lie in the input's extent.
    fn inside(&self) -> Range<usize> {
        let is = |i: &usize| inside(self.place(*i), self.input);
        let first = (0..self.output).find(is).unwrap_or(self.output);
        let last = (first..self.output).rev().find(is).map_or(first, |i| i + 1);
        first..last
    }
}

/// A place that is meant to be a voxel is one: roundings of an affine make no weights.
pub(crate) fn snapped(place: f64) -> f64 {
    let whole = place.round();
    if (place - whole).abs() < 1e-9 { whole } else { place }
}

/// Whether a place lies in the extent of `n` voxels, faces included.
pub(crate) fn inside(place: f64, n: usize) -> bool {
    place >= -0.5 - 1e-6 && place <= n as f64 - 0.5 + 1e-6
}

/// What beside interpolation is done along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    pub(crate) kernel: Kernel,
    /// Of the Gaussian before it, input voxels; 0 for none.
    pub(crate) sigma: f64,
    /// Where the spline prefilter is cut off; 0 where it is done elsewhere.
    pub(crate) prefilter: usize,
    pub(crate) edge: Edge,
}

impl Filter {
    /// Voxels beyond those that the kernel takes.
    pub(crate) fn reach(&self) -> usize {
        blur_reach(self.sigma) + self.prefilter
    }
}

/// The weights of one axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// Output voxels inside; the others have no weights.
    pub(crate) inside: Range<usize>,
    /// The first input voxel of each output voxel.
    starts: Vec<usize>,
    /// Where its weights begin.
    from: Vec<usize>,
    weights: Vec<f64>,
}

impl Axis {
    pub(crate) fn new(ruler: &Ruler, filter: &Filter) -> Axis {
        let mut axis = Axis { inside: ruler.inside(), starts: Vec::new(), from: vec![0], weights: Vec::new() };
        let smooth = (filter.sigma > 0.0).then(|| blur(filter.sigma));
        let sharp = (filter.prefilter > 0).then(|| prefilter(filter.prefilter));
        let both = [smooth, sharp].into_iter().flatten().reduce(|a, b| after(&a, &b));
        for i in 0..ruler.output {
            if !axis.inside.contains(&i) {
                axis.push(0, &[]);
                continue;
            }
            let taps = filter.kernel.taps(ruler.place(i));
            let taps = match &both {
                Some(filter) => after(&taps, filter),
                None => taps,
            };
            axis.fold(&taps, ruler.input, filter.edge);
        }
        axis
    }

    /// Weights of voxels beyond the faces go to those that stand for them.
    fn fold(&mut self, taps: &Taps, n: usize, edge: Edge) {
        let index = |k: usize| edge.index(taps.first + k as isize, n).expect("edges here repeat voxels");
        let kept = || (0..taps.weights.len()).filter(|k| taps.weights[*k] != 0.0);
        let start = kept().map(index).min().unwrap_or(0);
        let end = kept().map(index).max().unwrap_or(0) + 1;
        let mut weights = vec![0.0; end - start];
        kept().for_each(|k| weights[index(k) - start] += taps.weights[k]);
        self.push(start, &weights);
    }

    fn push(&mut self, start: usize, weights: &[f64]) {
        self.starts.push(start);
        self.weights.extend_from_slice(weights);
        self.from.push(self.weights.len());
    }

    /// Output voxels.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The first input voxel of an output voxel, and the weights from there on; none outside.
    pub(crate) fn of(&self, i: usize) -> (usize, &[f64]) {
        (self.starts[i], &self.weights[self.from[i]..self.from[i + 1]])
    }

    /// Input voxels that output voxels need.
    pub(crate) fn region(&self, range: Range<usize>) -> Range<usize> {
        let parts = || range.clone().map(|i| self.of(i)).filter(|(_, w)| !w.is_empty());
        let start = parts().map(|(s, _)| s).min().unwrap_or(0);
        start..parts().map(|(s, w)| s + w.len()).max().unwrap_or(0)
    }
}

/// Makes spline coefficients of `n` rows of `m` values, along the rows' number: the recursive filter with mirrored ends.
///
/// Source: Unser, Aldroubi and Eden 1993; agrees with `scipy.ndimage.spline_filter1d(mode="mirror")`.
pub(crate) fn coefficients<R: Real>(rows: &mut [R], n: usize, m: usize) {
    if n < 2 {
        return;
    }
    let pole = R::from_f64(POLE);
    let gain = R::from_f64(6.0);
    rows.iter_mut().for_each(|v| *v = *v * gain);
    // The first value is the sum over the mirrored line, as far as it counts.
    let line = |i: usize| i * m..(i + 1) * m;
    let mut first = vec![R::default(); m];
    for k in 0..=prefilter_reach::<R>() {
        let (weight, from) = (R::from_f64(power(k)), Edge::Mirror.index(k as isize, n).expect("a mirror repeats voxels"));
        first.iter_mut().zip(&rows[line(from)]).for_each(|(sum, v)| *sum = *sum + weight * *v);
    }
    rows[..m].copy_from_slice(&first);
    for i in 1..n {
        let (done, rest) = rows.split_at_mut(i * m);
        let before = &done[(i - 1) * m..];
        rest[..m].iter_mut().zip(before).for_each(|(v, b)| *v = *v + pole * *b);
    }
    let last = R::from_f64(POLE / (POLE * POLE - 1.0));
    let (done, end) = rows.split_at_mut((n - 1) * m);
    let before = &done[(n - 2) * m..];
    end.iter_mut().zip(before).for_each(|(v, b)| *v = last * (pole * *b + *v));
    for i in (0..n - 1).rev() {
        let (done, rest) = rows.split_at_mut((i + 1) * m);
        done[i * m..].iter_mut().zip(&rest[..m]).for_each(|(v, above)| *v = pole * (*above - *v));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [f64; 7] = [3.0, -1.0, 4.0, 1.0, 5.0, -9.0, 2.0];

    fn run(axis: &Axis, line: &[f64]) -> Vec<f64> {
        (0..axis.len()).map(|i| axis.of(i)).map(|(s, w)| w.iter().zip(&line[s..]).map(|(w, v)| w * v).sum()).collect()
    }

    fn filter(kernel: Kernel, prefilter: usize) -> Filter {
        Filter { kernel, sigma: 0.0, prefilter, edge: kernel.edge() }
    }

    #[test]
    fn the_recursive_filter_is_the_cut_off_one() {
        for n in [2, 3, 7] {
            let mut line = LINE[..n].to_vec();
            coefficients(&mut line, n, 1);
            let cut = Filter { kernel: Kernel::Same, sigma: 0.0, prefilter: 28, edge: Edge::Mirror };
            let axis = Axis::new(&Ruler::same(n), &cut);
            let other = run(&axis, &LINE[..n]);
            assert!(line.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-12), "{n}: {line:?} {other:?}");
        }
    }

    #[test]
    fn kernels_go_through_the_voxels() {
        for kernel in [Kernel::Nearest, Kernel::Linear, Kernel::Cubic, Kernel::Lanczos] {
            let axis = Axis::new(&Ruler::same(7), &filter(kernel, if kernel == Kernel::Cubic { 28 } else { 0 }));
            assert!(run(&axis, &LINE).iter().zip(LINE).all(|(a, b)| (a - b).abs() < 1e-12), "{kernel:?}");
        }
    }

    #[test]
    fn weights_sum_to_one_and_end_at_the_extent() {
        let ruler = Ruler { input: 7, output: 21, first: -1.9, step: 0.45 };
        for kernel in [Kernel::Nearest, Kernel::Linear, Kernel::Cubic, Kernel::Lanczos] {
            let axis = Axis::new(&ruler, &Filter { sigma: 0.8, ..filter(kernel, 13) });
            assert_eq!(axis.inside, 4..19, "{kernel:?}");
            for i in 0..21 {
                let sum: f64 = axis.of(i).1.iter().sum();
                assert!((sum - f64::from(u8::from(axis.inside.contains(&i)))).abs() < 1e-12);
            }
        }
    }
}
