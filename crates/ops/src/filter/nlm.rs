//! Means of what looks alike.

use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::{Certainty, Error, Header, QuantityKind, Result, Scalar, Type};

use crate::access::{Edge, Halo, Near};

/// Denoise 8-bit slices by non-local means: a mean of the voxels whose surroundings look alike.
///
/// Each slice by itself. A voxel becomes the mean of the `search` x `search` voxels around it. The more the `template` x
/// `template` voxels around such a voxel differ from those around its own place, the less it weighs: `exp(-d / h^2)`,
/// where `d` is their mean squared difference, and nothing below 0.001. Slices are mirrored at their outermost voxels.
/// Weights and means are integers as OpenCV's `fastNlMeansDenoising` has them: equal to it, bit for bit. Shape:
/// `[z, y, x]` to the same, u8. Cost: grows with the square of --search.
#[derive(Op)]
#[op(
    access = Halo, input = Scalar, output = SameType, example = "isovox nlm scan.tif -o smooth.tif --h 10",
    references = ["Buades, Coll, Morel, Non-local means denoising, Image Processing On Line 1 (2011)", "Darbon, Cunha, Chan, Osher, Jensen, Fast nonlocal filtering applied to electron cryomicroscopy, ISBI (2008)"]
)]
pub struct Nlm {
    /// Strength: about the standard deviation of the noise; more removes details too.
    #[op(unit = "grey values", default = 10.0, range = 0.0..=10_000.0)]
    pub h: f64,
    /// Width of the surroundings that are compared; odd.
    #[op(unit = "voxel", default = 7, range = 1..=181)]
    pub template: usize,
    /// Width of the window that is searched; odd.
    #[op(unit = "voxel", default = 21, range = 1..=255)]
    pub search: usize,
}

impl Halo for Nlm {
    type Out<T: Scalar> = T;

    fn check(&self, input: &Header) -> Result<()> {
        if let Some((name, width)) = [("template", self.template), ("search", self.search)].into_iter().find(|(_, width)| width % 2 == 0) {
            return Err(Error::parameter(format_args!("--{name}")).found(width).expected("an odd number").help("a window has a middle"));
        }
        if input.voxel != Type::U8 {
            let found = Error::unsupported(format_args!("nlm of {} voxels", input.voxel)).expected("grey values of 8 bit (u8)");
            return Err(found.help("bring the values to 0..255, then cast --type u8"));
        }
        if input.quantity.kind == QuantityKind::Label && input.quantity.certain == Certainty::Certain {
            return Err(Error::unsupported("a mean of labels").expected("grey values").help("denoise the scan before it is labelled"));
        }
        Ok(())
    }

    fn halo(&self, _input: &Header) -> usize {
        0
    }

    fn rows<T: Scalar>(&self, _input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [T]) {
        let slice = Near { planes: &[bytemuck::cast_slice(near.planes[0])], ny: near.ny, nx: near.nx };
        let (weights, out) = (Weights::new(self), bytemuck::cast_slice_mut(out));
        match (weights.end_within(u16::MAX), u16::try_from(weights.one).is_ok()) {
            (true, true) => self.tiles::<u16, u16>(&weights, &slice, y, out),
            (true, false) => self.tiles::<u16, u32>(&weights, &slice, y, out),
            (false, true) => self.tiles::<u32, u16>(&weights, &slice, y, out),
            (false, false) => self.tiles::<u32, u32>(&weights, &slice, y, out),
        }
    }
}

/// Weights by difference: whole numbers, so that sums of them are exact.
struct Weights {
    /// The weight of what is equal.
    one: u32,
    /// A sum of squared differences, `shift` bits shorter, is the place of its weight.
    shift: u32,
    /// As far as they are not zero.
    list: Vec<u32>,
}

/// The part of `one` below which a weight counts as zero.
const LEAST: f64 = 0.001;

/// The greatest squared difference of two voxels.
const FARTHEST: f64 = 255.0 * 255.0;

impl Weights {
    fn new(op: &Nlm) -> Weights {
        // The greatest weight with which a sum over the whole window, times the greatest voxel, is still an i32.
        let one = i32::MAX as u32 / (op.search * op.search * 255) as u32;
        let area = op.template * op.template;
        // A shift stands for the division by the area: by the next power of two, which the weights make up for.
        let shift = area.next_power_of_two().trailing_zeros();
        let step = (1u64 << shift) as f64 / area as f64;
        let places = (FARTHEST / step + 1.0) as usize;
        let square = f64::from(op.h as f32 * op.h as f32);
        let weight = |place: usize| {
            let part = libm::exp(-(place as f64 * step) / square);
            // Without strength nothing but equal surroundings counts.
            (f64::from(one) * if part.is_nan() { 1.0 } else { part }).round_ties_even()
        };
        let list = (0..places).map(weight).take_while(|w| *w >= LEAST * f64::from(one)).map(|w| w as u32).collect();
        Weights { one, shift, list }
    }

    /// Whether all sums of at least `most` weigh nothing: sums may then be cut off there.
    fn end_within(&self, most: u16) -> bool {
        self.shift == 0 || self.list.len() <= usize::from(most >> self.shift)
    }
}

/// Sums of squared differences.
trait Sum: Copy + Default {
    fn of(square: u16) -> Self;
    fn plus(self, other: Self) -> Self;
    /// Its place among the weights; sums of whole windows have one below 2^16, for `2^shift` is at least their area.
    fn place(self, shift: u32) -> usize;
}

/// Twice as many at a time; what is cut off weighs nothing.
impl Sum for u16 {
    #[inline(always)]
    fn of(square: u16) -> u16 {
        square
    }
    #[inline(always)]
    fn plus(self, other: u16) -> u16 {
        self.saturating_add(other)
    }
    #[inline(always)]
    fn place(self, shift: u32) -> usize {
        usize::from(self >> shift)
    }
}

impl Sum for u32 {
    #[inline(always)]
    fn of(square: u16) -> u32 {
        u32::from(square)
    }
    #[inline(always)]
    fn plus(self, other: u32) -> u32 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn place(self, shift: u32) -> usize {
        usize::from((self >> shift) as u16)
    }
}

/// A weight: small windows have weights beyond u16.
trait Weight: Copy + Default + Into<u32> + TryFrom<u32> {}
impl Weight for u16 {}
impl Weight for u32 {}

/// Rows and columns of a tile: what is used again and again stays in the cache.
const TILE: [usize; 2] = [128, 512];

/// Rows whose weights are made at a time.
const ROWS: usize = 16;

/// Offsets, neighbours along x, whose weights are made at a time.
const OFFSETS: usize = 3;

/// Sums that are made at a time.
const LANES: usize = 32;

impl Nlm {
    fn tiles<S: Sum, W: Weight>(&self, weights: &Weights, slice: &Near<'_, u8>, y: Range<usize>, out: &mut [u8]) {
        let listed = weights.list.iter().map(|weight| W::try_from(*weight).unwrap_or_default());
        let table: Vec<W> = listed.chain(std::iter::repeat(W::default())).take(1 << 16).collect();
        let table = table.first_chunk().expect("as long as it was made");
        for rows in stretches(y.clone(), TILE[0]) {
            for columns in stretches(0..slice.nx, TILE[1]) {
                // Offsets that are weighed together have one stretch of voxels: of some it is a little longer than they need.
                let margin = self.search / 2 + self.template / 2 + OFFSETS - 1;
                let around = Around::new(slice, &rows, &columns, margin);
                let means = self.tile(weights, Alike::<S, W>::new(&around, self, weights.shift, table));
                for (line, row) in rows.clone().enumerate() {
                    means.row(line, &mut out[(row - y.start) * slice.nx..][columns.clone()]);
                }
            }
        }
    }

    /// Every offset of one half of the window: the likeness of two voxels' surroundings weighs either for the other.
    fn tile<S: Sum, W: Weight>(&self, weights: &Weights, mut alike: Alike<'_, S, W>) -> Means {
        let (reach, around) = ((self.search / 2) as isize, alike.around);
        let (ny, nx) = (around.ny as isize, around.nx as isize);
        let mut means = Means::new(around, weights.one);
        for dy in 0..=reach {
            for first in (if dy == 0 { 1 } else { -reach }..=reach).step_by(OFFSETS) {
                // The last offsets may lie beyond the window: they weigh nothing, at a place that can be read.
                let dx: [isize; OFFSETS] = std::array::from_fn(|k| (first + k as isize).min(reach));
                let used = (reach + 1 - first).min(OFFSETS as isize) as usize;
                let x = -dx[OFFSETS - 1].max(0)..nx - first.min(0);
                for y in stretches(0..(ny + dy) as usize, ROWS) {
                    let y = y.start as isize - dy..y.end as isize - dy;
                    alike.weigh(dy, &dx[..used], &y, &x);
                    means.add(&alike, dy, dx, &y, &x);
                }
            }
        }
        means
    }
}

fn stretches(all: Range<usize>, step: usize) -> impl Iterator<Item = Range<usize>> {
    all.clone().step_by(step).map(move |start| start..(start + step).min(all.end))
}

/// A tile's voxels and those around it, mirrored beyond the slice; places are counted from the tile's first voxel.
struct Around {
    voxels: Vec<u16>,
    margin: usize,
    ny: usize,
    nx: usize,
}

impl Around {
    fn new(slice: &Near<'_, u8>, y: &Range<usize>, x: &Range<usize>, margin: usize) -> Around {
        let places = |all: &Range<usize>, n: usize| -> Vec<usize> {
            let inside = |i: usize| Edge::Mirror.index(i as isize - margin as isize, n).expect("a mirror has no end");
            (all.start..all.end + 2 * margin).map(inside).collect()
        };
        let columns = places(x, slice.nx);
        let rows = places(y, slice.ny).into_iter().map(|y| slice.row(0, y));
        let voxels = rows.flat_map(|row| columns.iter().map(|&x| u16::from(row[x]))).collect();
        Around { voxels, margin, ny: y.len(), nx: x.len() }
    }

    /// `n` voxels of a row.
    fn row(&self, y: isize, x: isize, n: usize) -> &[u16] {
        let margin = self.margin as isize;
        let at = (y + margin) as usize * (self.nx + 2 * self.margin) + (x + margin) as usize;
        &self.voxels[at..at + n]
    }
}

/// How much voxels weigh for those at an offset.
struct Alike<'a, S, W> {
    around: &'a Around,
    table: &'a [W; 1 << 16],
    shift: u32,
    template: usize,
    /// Of a row of squares and of sums: whole lanes, what stands in the last of them is not used.
    stride: usize,
    squares: Vec<S>,
    /// Of two rows.
    columns: [Vec<S>; 2],
    boxes: Vec<S>,
    /// Of `ROWS` rows, for `OFFSETS` offsets.
    weights: [Vec<W>; OFFSETS],
}

impl<'a, S: Sum, W: Weight> Alike<'a, S, W> {
    fn new(around: &'a Around, op: &Nlm, shift: u32, table: &'a [W; 1 << 16]) -> Alike<'a, S, W> {
        let widest = around.nx + op.search / 2 + OFFSETS;
        let stride = (widest.next_multiple_of(LANES) + op.template).next_multiple_of(LANES);
        let row = || vec![S::default(); stride];
        Alike {
            around,
            table,
            shift,
            template: op.template,
            stride,
            squares: vec![S::default(); stride * (ROWS + op.template)],
            columns: [row(), row()],
            boxes: row(),
            weights: std::array::from_fn(|_| vec![W::default(); ROWS * widest]),
        }
    }

    /// Weighs voxels `y`, `x` for those at each offset.
    fn weigh(&mut self, dy: isize, dx: &[isize], y: &Range<isize>, x: &Range<isize>) {
        for (k, dx) in dx.iter().enumerate() {
            self.square([dy, *dx], y, x);
            for line in (0..y.len()).step_by(2) {
                self.sum_columns(line, x.len());
                for (line, columns) in (line..y.len()).zip(&self.columns) {
                    let boxes = &mut self.boxes[..x.len().next_multiple_of(LANES)];
                    for (i, sums) in boxes.as_chunks_mut().0.iter_mut().enumerate() {
                        *sums = sum(columns, i * LANES, 1, self.template);
                    }
                    let weights = &mut self.weights[k][line * x.len()..][..x.len()];
                    look_up(boxes, self.shift, self.table, weights);
                }
            }
        }
        self.weights[dx.len()..].iter_mut().for_each(|unused| unused.fill(W::default()));
    }

    /// Squared differences to the voxels at an offset, as far as templates reach.
    fn square(&mut self, [dy, dx]: [isize; 2], y: &Range<isize>, x: &Range<isize>) {
        let (r, n) = ((self.template / 2) as isize, x.len() + self.template - 1);
        for (row, out) in (y.start - r..y.end + r).zip(self.squares.chunks_exact_mut(self.stride)) {
            let (here, there) = (self.around.row(row, x.start - r, n), self.around.row(row + dy, x.start - r + dx, n));
            for ((o, a), b) in out.iter_mut().zip(here).zip(there) {
                let difference = a.wrapping_sub(*b);
                *o = S::of(difference.wrapping_mul(difference));
            }
        }
    }

    /// Sums along y for a line and the one after, which share all rows but one.
    fn sum_columns(&mut self, line: usize, n: usize) {
        let wide = (n.next_multiple_of(LANES) + self.template - 1).next_multiple_of(LANES);
        let [one, two] = &mut self.columns;
        let both = one[..wide].as_chunks_mut().0.iter_mut().zip(two[..wide].as_chunks_mut().0);
        for (i, (one, two)) in both.enumerate() {
            let at = line * self.stride + i * LANES;
            let shared = sum(&self.squares, at + self.stride, self.stride, self.template - 1);
            *one = plus(shared, &self.squares, at);
            *two = plus(shared, &self.squares, at + self.template * self.stride);
        }
    }
}

/// The sum of `count` stretches of `LANES`, `step` apart.
#[inline(always)]
fn sum<S: Sum>(all: &[S], first: usize, step: usize, count: usize) -> [S; LANES] {
    (0..count).fold([S::default(); LANES], |sums, k| plus(sums, all, first + k * step))
}

#[inline(always)]
fn plus<S: Sum>(mut sums: [S; LANES], all: &[S], at: usize) -> [S; LANES] {
    let more: &[S; LANES] = lanes(all, at);
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.plus(*more));
    sums
}

/// Apart, so that nothing else is in the registers: it takes a quarter of the time.
#[inline(never)]
fn look_up<S: Sum, W: Weight>(sums: &[S], shift: u32, table: &[W; 1 << 16], out: &mut [W]) {
    for (weight, sum) in out.iter_mut().zip(sums) {
        *weight = table[sum.place(shift)];
    }
}

/// Weighted means in the making.
struct Means {
    /// Sums of voxels times weights, and of weights.
    sums: Vec<u32>,
    weights: Vec<u32>,
    ny: usize,
    nx: usize,
}

impl Means {
    /// Each voxel weighs `one` for itself.
    fn new(around: &Around, one: u32) -> Means {
        let rows = (0..around.ny as isize).flat_map(|y| around.row(y, 0, around.nx));
        let sums = rows.map(|v| one * u32::from(*v)).collect();
        Means { sums, weights: vec![one; around.ny * around.nx], ny: around.ny, nx: around.nx }
    }

    /// Adds voxels `y`, `x` to those at the offsets, and those to them.
    fn add<S: Sum, W: Weight>(&mut self, alike: &Alike<'_, S, W>, dy: isize, dx: [isize; OFFSETS], y: &Range<isize>, x: &Range<isize>) {
        let nx = self.nx;
        for (line, row) in y.clone().enumerate() {
            let weights = |k: usize, at: isize| &alike.weights[k][line * x.len() + (at - x.start) as usize..][..nx];
            let voxels = |y: isize, x: isize| alike.around.row(y, x, nx);
            if row >= 0 {
                self.add_to(row as usize, dx.map(|dx| voxels(row + dy, dx)), std::array::from_fn(|k| weights(k, 0)));
            }
            if row + dy < self.ny as isize {
                self.add_to((row + dy) as usize, dx.map(|dx| voxels(row, -dx)), std::array::from_fn(|k| weights(k, -dx[k])));
            }
        }
    }

    fn add_to<W: Weight>(&mut self, row: usize, voxels: [&[u16]; OFFSETS], weights: [&[W]; OFFSETS]) {
        let all = row * self.nx..(row + 1) * self.nx;
        let (sums, rest) = self.sums[all.clone()].as_chunks_mut::<8>();
        let (totals, rest_of_totals) = self.weights[all].as_chunks_mut::<8>();
        let whole = sums.len() * 8;
        for (i, (sum, total)) in sums.iter_mut().zip(totals).enumerate() {
            add_lanes(voxels, weights, i * 8, sum, total);
        }
        for (i, (sum, total)) in rest.iter_mut().zip(rest_of_totals).enumerate() {
            add_lanes(voxels, weights, whole + i, std::array::from_mut(sum), std::array::from_mut(total));
        }
    }

    /// The means of a row: halves are rounded up.
    fn row(&self, row: usize, out: &mut [u8]) {
        let all = row * self.nx..(row + 1) * self.nx;
        for ((o, sum), total) in out.iter_mut().zip(&self.sums[all.clone()]).zip(&self.weights[all]) {
            *o = ((sum + total / 2) / total) as u8;
        }
    }
}

/// Sums stay within u32 by the choice of the weights' unit; on copies, so that they stay in registers.
#[inline(always)]
fn add_lanes<W: Weight, const N: usize>(voxels: [&[u16]; OFFSETS], weights: [&[W]; OFFSETS], at: usize, sums: &mut [u32; N], totals: &mut [u32; N]) {
    let (mut sum, mut total) = (*sums, *totals);
    for (voxels, weights) in voxels.into_iter().zip(weights) {
        let (voxels, weights): (&[u16; N], &[W; N]) = (lanes(voxels, at), lanes(weights, at));
        for k in 0..N {
            let weight: u32 = weights[k].into();
            sum[k] = sum[k].wrapping_add(weight.wrapping_mul(u32::from(voxels[k])));
            total[k] = total[k].wrapping_add(weight);
        }
    }
    (*sums, *totals) = (sum, total);
}

#[inline(always)]
fn lanes<T, const N: usize>(row: &[T], at: usize) -> &[T; N] {
    row[at..].first_chunk().expect("rows hold whole lanes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(h: f64, template: usize, search: usize) -> Nlm {
        Nlm { h, template, search }
    }

    fn denoised(op: &Nlm, slice: &[u8], nx: usize, y: Range<usize>) -> Vec<u8> {
        let ny = slice.len() / nx;
        let mut out = vec![0; y.len() * nx];
        op.rows(&Header::new([1, ny, nx], 1, Type::U8).unwrap(), &Near { planes: &[slice], ny, nx }, y, &mut out);
        out
    }

    fn noise(n: usize) -> Vec<u8> {
        (0..n as u32).map(|i| (100 + (i.wrapping_mul(0x9E37_79B9) >> 26) + i % 7) as u8).collect()
    }

    /// The definition, a voxel at a time.
    fn by_definition(op: &Nlm, slice: &[u8], nx: usize) -> Vec<u8> {
        let (ny, weights) = ((slice.len() / nx) as isize, Weights::new(op));
        let at = |y: isize, x: isize| i64::from(slice[Edge::Mirror.index(y, ny as usize).unwrap() * nx + Edge::Mirror.index(x, nx).unwrap()]);
        let (r, reach) = ((op.template / 2) as isize, (op.search / 2) as isize);
        let square = |half: isize| (-half..=half).flat_map(move |y| (-half..=half).map(move |x| (y, x)));
        let mean = |y: isize, x: isize| {
            let (mut sum, mut total) = (0, 0);
            for (dy, dx) in square(reach) {
                let d: i64 = square(r).map(|(j, i)| (at(y + j, x + i) - at(y + dy + j, x + dx + i)).pow(2)).sum();
                let weight = weights.list.get((d >> weights.shift) as usize).map_or(0, |w| i64::from(*w));
                sum += weight * at(y + dy, x + dx);
                total += weight;
            }
            ((sum + total / 2) / total) as u8
        };
        (0..ny).flat_map(|y| (0..nx as isize).map(move |x| (y, x))).map(|(y, x)| mean(y, x)).collect()
    }

    #[test]
    fn slices_of_any_size_equal_the_definition() {
        // Sums of 16 and of 32 bits, weights of 16 and of 32 bits, windows larger than the slice.
        for (h, template, search) in [(10.0, 7, 21), (10.0, 3, 5), (60.0, 5, 13), (40.0, 7, 3), (0.0, 3, 5), (300.0, 1, 1), (5.0, 1, 7), (25.0, 9, 11)] {
            for (ny, nx) in [(1, 1), (1, 9), (6, 2), (19, 40)] {
                let (op, slice) = (op(h, template, search), noise(ny * nx));
                assert_eq!(denoised(&op, &slice, nx, 0..ny), by_definition(&op, &slice, nx), "{h} {template} {search} of {ny} x {nx}");
            }
        }
    }

    #[test]
    fn tiles_leave_no_seams() {
        let (op, ny, nx) = (op(12.0, 3, 5), TILE[0] + 3, TILE[1] + 5);
        let slice = noise(ny * nx);
        let whole = denoised(&op, &slice, nx, 0..ny);
        assert_eq!(whole, by_definition(&op, &slice, nx));
        assert_eq!(denoised(&op, &slice, nx, 2..ny - 1), whole[2 * nx..(ny - 1) * nx]);
    }
}
