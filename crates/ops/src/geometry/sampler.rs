//! Voxels taken one by one from a volume that lies askew.

use std::ops::Range;

use isovox_volume::affine::{Affine, apply};
use isovox_volume::voxel::Real;
use isovox_volume::{Scalar, Voxel};

use super::finish::Finish;
use super::grid::filling;
use super::weights::{Kernel, MOST, inside, snapped};
use crate::access::Held;

/// Where output voxels lie among the input's.
pub(crate) struct Places {
    pub(crate) grid: Affine,
    /// Output voxels along x, y, z, and input voxels.
    pub(crate) out: [usize; 3],
    pub(crate) sides: [usize; 3],
    /// The output planes asked for.
    pub(crate) z: Range<usize>,
}

/// Takes those output voxels that a piece of the input owns.
pub(crate) struct Sampler {
    pub(crate) places: Places,
    pub(crate) own: Range<usize>,
    /// Whether this piece also owns what lies outside the input.
    pub(crate) first: bool,
    pub(crate) kernel: Kernel,
    pub(crate) fill: f64,
}

/// Voxels of one axis and their weights.
struct Line<R> {
    index: [usize; MOST],
    weights: [R; MOST],
    count: usize,
}

impl Sampler {
    /// Calls for each output voxel that this piece owns, with its input index point; `None` outside.
    fn each(&self, mut take: impl FnMut(usize, Option<[f64; 3]>)) {
        let Places { grid, out, sides, z } = &self.places;
        let lines = z.clone().flat_map(|z| (0..out[1]).map(move |y| (z, y)));
        for (line, (z, y)) in lines.enumerate() {
            let base = apply(grid, [0.0, y as f64, z as f64]);
            for x in 0..out[0] {
                let place: [f64; 3] = std::array::from_fn(|r| snapped(base[r] + x as f64 * grid[r][0]));
                if (0..3).all(|a| inside(place[a], sides[a])) {
                    let owner = place[2].floor().clamp(0.0, (sides[2] - 1) as f64) as usize;
                    if self.own.contains(&owner) {
                        take(line * out[0] + x, Some(place));
                    }
                } else if self.first {
                    take(line * out[0] + x, None);
                }
            }
        }
    }

    fn line<R: Real>(&self, axis: usize, place: f64) -> Line<R> {
        let (first, weights, count) = self.kernel.at(place);
        let edge = self.kernel.edge();
        let n = self.places.sides[axis];
        let index = std::array::from_fn(|k| edge.index(first + k as isize, n).expect("edges here repeat voxels"));
        Line { index, weights: weights.map(R::from_f64), count }
    }

    /// Weighted sums of values that lie `strides` apart along x, y, z, of planes from `start` on.
    pub(crate) fn values<V: Scalar, R: Real, T: Scalar>(&self, values: &[V], strides: [usize; 3], start: usize, finish: &Finish<T>, out: &mut [T]) {
        self.each(|at, place| {
            let Some(p) = place else {
                out[at] = finish.fill;
                return;
            };
            let [x, y, z]: [Line<R>; 3] = std::array::from_fn(|a| self.line(a, p[a]));
            let mut sum = R::default();
            for (k, wz) in z.index.iter().zip(z.weights).take(z.count) {
                for (j, wy) in y.index.iter().zip(y.weights).take(y.count) {
                    let row = (k - start) * strides[2] + j * strides[1];
                    let weight = wz * wy;
                    for (i, wx) in x.index.iter().zip(x.weights).take(x.count) {
                        sum = sum + weight * wx * R::from_f64(values[row + i * strides[0]].to_f64());
                    }
                }
            }
            out[at] = finish.one(sum);
        });
    }

    /// The nearest voxels.
    pub(crate) fn nearest<T: Voxel>(&self, held: &Held<'_, T>, out: &mut [T]) {
        let [nx, ny, _] = self.places.sides;
        self.each(|at, place| {
            out[at] = place.map_or_else(
                || filling(self.fill),
                |p| {
                    let [x, y, z]: [usize; 3] = std::array::from_fn(|a| ((p[a] + 0.5).floor().max(0.0) as usize).min(self.places.sides[a] - 1));
                    held.voxels[((z - held.z.start) * ny + y) * nx + x]
                },
            );
        });
    }

    /// The value with most of the linear weights around a place; the least of equals.
    pub(crate) fn vote<T: Scalar>(&self, held: &Held<'_, T>, out: &mut [T]) {
        let [nx, ny, _] = self.places.sides;
        self.each(|at, place| {
            let Some(p) = place else {
                out[at] = filling(self.fill);
                return;
            };
            let lines: [Line<f64>; 3] = std::array::from_fn(|a| self.line(a, p[a]));
            let mut votes = [(T::default(), 0.0); 8];
            let mut count = 0;
            for c in 0..8usize {
                let k = [c & 1, c >> 1 & 1, c >> 2];
                let [x, y, z]: [usize; 3] = std::array::from_fn(|a| lines[a].index[k[a]]);
                let value = held.voxels[((z - held.z.start) * ny + y) * nx + x];
                let weight: f64 = (0..3).map(|a| lines[a].weights[k[a]]).product();
                let slot = votes[..count].iter().position(|v| v.0 == value).unwrap_or(count);
                count = count.max(slot + 1);
                votes[slot] = (value, votes[slot].1 + weight);
            }
            let more = |a: (T, f64), b: (T, f64)| if b.1 > a.1 || b.1 == a.1 && b.0 < a.0 { b } else { a };
            out[at] = votes[..count].iter().copied().reduce(more).expect("eight voxels vote").0;
        });
    }
}
