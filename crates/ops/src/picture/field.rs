//! Smooth fields over voxels, as rays meet them.

/// Numbers from 0 to 1 at voxel centres `[z, y, x]`; outside they are 0.
pub(crate) struct Field {
    /// Voxels along x, y, z.
    pub(crate) n: [usize; 3],
    data: Vec<f32>,
}

/// Voxels of a block's side: what is empty is skipped block by block.
const BLOCK: usize = 8;

impl Field {
    pub(crate) fn new(n: [usize; 3], data: Vec<f32>) -> Field {
        Field { n, data }
    }

    fn voxel(&self, [x, y, z]: [isize; 3]) -> f32 {
        let inside = x >= 0 && y >= 0 && z >= 0 && (x as usize) < self.n[0] && (y as usize) < self.n[1] && (z as usize) < self.n[2];
        if inside { self.data[(z as usize * self.n[1] + y as usize) * self.n[0] + x as usize] } else { 0.0 }
    }

    /// The value at a place, linear between voxels along each axis.
    pub(crate) fn at(&self, p: [f64; 3]) -> f32 {
        let low = p.map(f64::floor);
        let [i, j, k] = low.map(|v| v as isize);
        let [fx, fy, fz] = [0, 1, 2].map(|a| (p[a] - low[a]) as f32);
        let whole = i >= 0 && j >= 0 && k >= 0 && (i as usize) + 1 < self.n[0] && (j as usize) + 1 < self.n[1] && (k as usize) + 1 < self.n[2];
        let corner: [f32; 8] = if whole {
            let (row, plane) = (self.n[0], self.n[0] * self.n[1]);
            let first = (k as usize * self.n[1] + j as usize) * row + i as usize;
            let d = &self.data[first..first + plane + row + 2];
            [d[0], d[1], d[row], d[row + 1], d[plane], d[plane + 1], d[plane + row], d[plane + row + 1]]
        } else {
            std::array::from_fn(|c| self.voxel([i + (c & 1) as isize, j + (c >> 1 & 1) as isize, k + (c >> 2) as isize]))
        };
        let along = |a: usize| corner[a] + (corner[a + 1] - corner[a]) * fx;
        let (near, far) = (along(0) + (along(2) - along(0)) * fy, along(4) + (along(6) - along(4)) * fy);
        near + (far - near) * fz
    }

    /// How the value rises along the index axes, over two voxels.
    pub(crate) fn gradient(&self, p: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| {
            let moved = |by: f64| {
                let mut q = p;
                q[axis] += by;
                f64::from(self.at(q))
            };
            (moved(1.0) - moved(-1.0)) / 2.0
        })
    }

    /// Each voxel and its neighbours along each axis, weighted 1, 2, 1.
    pub(crate) fn smoothed(mut self) -> Field {
        let [nx, ny, nz] = self.n;
        for (axis, stride) in [1, nx, nx * ny].into_iter().enumerate() {
            let length = self.n[axis];
            let mut line = vec![0.0; length + 2];
            for i in 0..nx * ny * nz / length {
                let first = [i * nx, i / nx * nx * ny + i % nx, i][axis];
                (0..length).for_each(|k| line[k + 1] = self.data[first + k * stride]);
                (0..length).for_each(|k| self.data[first + k * stride] = (line[k] + 2.0 * line[k + 1] + line[k + 2]) * 0.25);
            }
        }
        self
    }

    /// The mean of two fields.
    pub(crate) fn mixed(mut self, other: &Field) -> Field {
        self.data.iter_mut().zip(&other.data).for_each(|(a, b)| *a = 0.5 * (*a + *b));
        self
    }

    pub(crate) fn copy(&self) -> Field {
        Field { n: self.n, data: self.data.clone() }
    }

    /// Blocks of `side` voxels: their means, or what `fold` makes of the values from `first` (0) on.
    fn blocks(&self, side: usize, reach: usize, fold: impl Fn(f32, f32) -> f32) -> Field {
        let n = self.n.map(|n| n.div_ceil(side));
        let range = |b: usize, n: usize| b * side..(b * side + reach).min(n);
        let one = |i: usize| {
            let [x, y, z] = [i % n[0], i / n[0] % n[1], i / n[0] / n[1]];
            let rows = range(z, self.n[2]).flat_map(|k| range(y, self.n[1]).map(move |j| (k * self.n[1] + j) * self.n[0]));
            rows.flat_map(|row| &self.data[row + x * side..row + (x * side + reach).min(self.n[0])]).fold(0.0, |a, v| fold(a, *v))
        };
        Field { n, data: (0..n.iter().product()).map(one).collect() }
    }

    /// Means of blocks of 4 voxels a side; what is missing at the far faces counts as 0.
    pub(crate) fn coarse(&self) -> Field {
        self.blocks(4, 4, |a, v| a + v / 64.0)
    }

    /// The greatest value that a place inside each block of 8 voxels a side can have.
    pub(crate) fn greatest(&self) -> Field {
        self.blocks(BLOCK, BLOCK + 1, f32::max)
    }
}

/// A straight way through a field, in index units.
pub(crate) struct Ray {
    pub(crate) from: [f64; 3],
    /// A step of 1.
    pub(crate) along: [f64; 3],
}

impl Ray {
    pub(crate) fn at(&self, t: f64) -> [f64; 3] {
        std::array::from_fn(|a| self.from[a] + t * self.along[a])
    }

    /// Where it enters and leaves the box between two corners.
    pub(crate) fn within(&self, low: [f64; 3], high: [f64; 3]) -> Option<(f64, f64)> {
        let (mut enter, mut leave) = (f64::NEG_INFINITY, f64::INFINITY);
        for a in 0..3 {
            if self.along[a] == 0.0 {
                if self.from[a] < low[a] || self.from[a] > high[a] {
                    return None;
                }
                continue;
            }
            let (p, q) = ((low[a] - self.from[a]) / self.along[a], (high[a] - self.from[a]) / self.along[a]);
            enter = enter.max(p.min(q));
            leave = leave.min(p.max(q));
        }
        (enter < leave).then_some((enter, leave))
    }

    /// Where it leaves the block of 8 that it is in at `t`, if nothing there reaches `least`.
    pub(crate) fn skip(&self, t: f64, greatest: &Field, n: [usize; 3], least: f32) -> Option<f64> {
        let p = self.at(t);
        let block: [usize; 3] = std::array::from_fn(|a| (p[a].max(0.0) as usize / BLOCK).min(greatest.n[a] - 1));
        if greatest.data[(block[2] * greatest.n[1] + block[1]) * greatest.n[0] + block[0]] >= least {
            return None;
        }
        let low = block.map(|b| if b == 0 { -1.0 } else { (b * BLOCK) as f64 });
        let high = std::array::from_fn(|a| if block[a] + 1 == greatest.n[a] { n[a] as f64 } else { ((block[a] + 1) * BLOCK) as f64 });
        self.within(low, high).map(|(_, leave)| leave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Field {
        Field::new([4, 5, 6], (0..120).map(|i| (i % 4 + 10 * (i / 4 % 5) + 100 * (i / 20)) as f32).collect())
    }

    #[test]
    fn between_voxels_it_is_linear() {
        assert_eq!(ramp().at([1.5, 2.25, 3.5]), 1.5 + 22.5 + 350.0);
        assert_eq!(ramp().gradient([1.5, 2.0, 3.0]), [1.0, 10.0, 100.0]);
        // Half a voxel outside stands half of the value and half of nothing.
        assert_eq!(ramp().at([3.5, 0.0, 0.0]), 1.5);
        assert_eq!(ramp().at([-7.0, 0.0, 99.0]), 0.0);
    }

    #[test]
    fn smoothing_keeps_ramps_inside_and_sums_of_spikes() {
        let smooth = ramp().smoothed();
        assert_eq!(smooth.at([1.0, 2.0, 3.0]), 321.0);
        let mut spike = vec![0.0; 125];
        spike[62] = 64.0;
        let smooth = Field::new([5; 3], spike).smoothed();
        assert_eq!((smooth.at([2.0; 3]), smooth.at([1.0, 2.0, 2.0]), smooth.at([1.0, 1.0, 3.0])), (8.0, 4.0, 1.0));
        assert_eq!(smooth.data.iter().sum::<f32>(), 64.0);
    }

    #[test]
    fn empty_blocks_are_skipped_to_their_end() {
        let mut data = vec![0.0; 20 * 20 * 20];
        data[10] = 1.0;
        let field = Field::new([20; 3], data);
        let greatest = field.greatest();
        let ray = Ray { from: [-1.0, 0.5, 0.5], along: [1.0, 0.0, 0.0] };
        assert_eq!(ray.within([-1.0; 3], [20.0; 3]), Some((0.0, 21.0)));
        assert_eq!(ray.skip(0.5, &greatest, field.n, 0.5), Some(9.0));
        assert_eq!(ray.skip(9.5, &greatest, field.n, 0.5), None);
        assert_eq!(ray.skip(18.0, &greatest, field.n, 0.5), Some(21.0));
    }

    #[test]
    fn coarse_values_are_means() {
        let coarse = Field::new([8, 4, 4], (0..128).map(|i| f32::from(u8::from(i % 8 >= 4))).collect()).coarse();
        assert_eq!((coarse.n, coarse.at([0.0; 3]), coarse.at([1.0, 0.0, 0.0])), ([2, 1, 1], 0.0, 1.0));
    }
}
