//! Planes brought to a new grid axis by axis: within the plane as it comes, then across planes.

use std::any::Any;
use std::collections::VecDeque;
use std::ops::Range;

use isovox_volume::Scalar;
use isovox_volume::voxel::Real;

use super::weights::{Axis, coefficients};

/// Sums that stay in registers.
const LANES: usize = 32;

/// Side of the squares in which planes are turned.
const TILE: usize = 16;

/// The axes of a new grid, for sums in `R`.
pub(crate) struct Passes {
    pub(crate) axes: [Axis; 3],
    /// Input voxels along x and y.
    pub(crate) sides: [usize; 2],
    /// Whether planes are made spline coefficients before x and y are summed.
    pub(crate) splines: bool,
}

impl Passes {
    /// Values of a plane on the new grid of x and y; its memory is `[x, y]`.
    pub(crate) fn plane(&self) -> usize {
        self.axes[0].len() * self.axes[1].len()
    }

    /// Values that a plane needs while it is brought there.
    pub(crate) fn scratch(&self) -> usize {
        let [nx, ny] = self.sides;
        nx * ny + 2 * nx * self.axes[1].len()
    }

    fn reduce<T: Scalar, R: Real>(&self, plane: &[T], room: &mut Room<R>, out: &mut [R]) {
        let ([nx, ny], my) = (self.sides, self.axes[1].len());
        room.rows.resize(nx * my, R::default());
        if self.splines {
            room.plane.clear();
            room.plane.extend(plane.iter().map(|v| R::from_f64(v.to_f64())));
            coefficients(&mut room.plane, ny, nx);
            sums(&self.axes[1], &room.plane, nx, &mut room.rows);
        } else {
            sums(&self.axes[1], plane, nx, &mut room.rows);
        }
        room.turned.resize(nx * my, R::default());
        turn(&room.rows, nx, &mut room.turned, my);
        if self.splines {
            coefficients(&mut room.turned, nx, my);
        }
        sums(&self.axes[0], &room.turned, my, out);
    }
}

struct Room<R> {
    plane: Vec<R>,
    rows: Vec<R>,
    turned: Vec<R>,
}

/// Rows of a new axis from rows of `m` values.
fn sums<T: Scalar, R: Real>(axis: &Axis, rows: &[T], m: usize, out: &mut [R]) {
    for (i, out) in out.chunks_exact_mut(m).enumerate() {
        let (start, weights) = axis.of(i);
        let part: Vec<&[T]> = (start..start + weights.len()).map(|k| &rows[k * m..][..m]).collect();
        sum(&part, weights, out);
    }
}

/// A weighted sum of rows, from the lowest up.
fn sum<T: Scalar, R: Real>(rows: &[&[T]], weights: &[f64], out: &mut [R]) {
    let (blocks, rest) = out.as_chunks_mut::<LANES>();
    let whole = blocks.len() * LANES;
    for (i, block) in blocks.iter_mut().enumerate() {
        *block = lanes(rows, weights, i * LANES);
    }
    for (i, one) in rest.iter_mut().enumerate() {
        [*one] = lanes(rows, weights, whole + i);
    }
}

#[inline(always)]
fn lanes<T: Scalar, R: Real, const N: usize>(rows: &[&[T]], weights: &[f64], at: usize) -> [R; N] {
    let mut sums = [R::default(); N];
    for (row, weight) in rows.iter().zip(weights) {
        let (weight, part): (R, &[T; N]) = (R::from_f64(*weight), row[at..].first_chunk().expect("a block lies within its row"));
        for (sum, v) in sums.iter_mut().zip(part) {
            *sum = *sum + weight * R::from_f64(v.to_f64());
        }
    }
    sums
}

/// Columns of `[n, m]` values as rows of `[m, n]`.
pub(crate) fn turn<R: Real>(from: &[R], m: usize, out: &mut [R], n: usize) {
    for r0 in (0..n).step_by(TILE) {
        for c0 in (0..m).step_by(TILE) {
            for c in c0..(c0 + TILE).min(m) {
                let to = &mut out[c * n + r0..c * n + (r0 + TILE).min(n)];
                to.iter_mut().enumerate().for_each(|(r, v)| *v = from[(r0 + r) * m + c]);
            }
        }
    }
}

/// Planes on the new grid of x and y, as a walk keeps them.
#[derive(Default)]
pub struct Ring {
    /// Which input planes they come from.
    have: Range<usize>,
    /// Their values, of a type that the voxels' type decides.
    planes: Option<Box<dyn Any + Send>>,
}

struct Kept<R> {
    planes: VecDeque<Vec<R>>,
    spare: Vec<Vec<R>>,
    room: Room<R>,
}

impl Ring {
    /// Planes of a region that are not kept.
    pub(crate) fn missing(&self, need: Range<usize>) -> Range<usize> {
        let have = &self.have;
        if have.is_empty() || need.is_empty() || need.end <= have.start || need.start >= have.end {
            need
        } else if need.start < have.start {
            // A walk goes one way: what lies on both sides is not kept by halves.
            if need.end > have.end { need } else { need.start..have.start }
        } else {
            have.end.min(need.end)..need.end
        }
    }

    /// Takes the planes of a region that were missing, and gives all of it.
    fn take<T: Scalar, R: Real>(&mut self, passes: &Passes, need: &Range<usize>, new: &Range<usize>, voxels: &[T]) -> &mut Kept<R> {
        let fresh = || Kept::<R> { planes: VecDeque::new(), spare: Vec::new(), room: Room { plane: Vec::new(), rows: Vec::new(), turned: Vec::new() } };
        let kept: &mut Kept<R> = self.planes.get_or_insert_with(|| Box::new(fresh())).downcast_mut().expect("a walk's values are of one type");
        while !self.have.is_empty() && (self.have.start < need.start || new == need) {
            kept.spare.extend(kept.planes.pop_front());
            self.have.start += 1;
        }
        while !self.have.is_empty() && self.have.end > need.end {
            kept.spare.extend(kept.planes.pop_back());
            self.have.end -= 1;
        }
        let below = !self.have.is_empty() && new.end == self.have.start;
        let plane = passes.sides[0] * passes.sides[1];
        let order: &mut dyn Iterator<Item = usize> = if below { &mut (0..new.len()).rev() } else { &mut (0..new.len()) };
        for k in order {
            let mut out = kept.spare.pop().unwrap_or_default();
            out.resize(passes.plane(), R::default());
            passes.reduce(&voxels[k * plane..][..plane], &mut kept.room, &mut out);
            if below { kept.planes.push_front(out) } else { kept.planes.push_back(out) }
        }
        self.have = need.clone();
        kept
    }

    /// Output planes `z`, each `[x, y]`, of the region that they need, the missing planes of which are handed in.
    pub(crate) fn planes<T: Scalar, R: Real>(&mut self, passes: &Passes, new: &Range<usize>, voxels: &[T], z: Range<usize>, mut each: impl FnMut(usize, &[R])) {
        let need = passes.axes[2].region(z.clone());
        let kept = self.take::<T, R>(passes, &need, new, voxels);
        let mut out = vec![R::default(); passes.plane()];
        for z in z {
            let (start, weights) = passes.axes[2].of(z);
            let rows: Vec<&[R]> = (0..weights.len()).map(|k| &kept.planes[start - need.start + k][..]).collect();
            sum(&rows, weights, &mut out);
            each(z, &out);
        }
    }
}
