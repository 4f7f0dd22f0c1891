//! Medians of boxes.

use std::cmp::Ordering;
use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::{Extent, Header, Scalar};

use crate::access::{Edge, Halo, Near};
use crate::filter::network::{LANES, Lanes, Network, greatest, least};

/// Replace each voxel by the median of its box neighbourhood.
///
/// The box has `2 radius + 1` voxels along each axis; edges repeat the nearest voxel. NaN counts as greater than every
/// number, and a zero has no sign. Equal to `scipy.ndimage.median_filter(mode="nearest")`, bit for bit. Shape:
/// `[z, y, x]` to the same, of the same type. Cost: sorting networks up to 7x7x7, else a moving histogram.
#[derive(Op)]
#[op(
    access = Halo, input = Scalar, output = SameType, example = "isovox median scan.tif -o smooth.tif --radius 1",
    references = ["Adams, Fast median filters using separable sorting networks, ACM Trans. Graph. 40 (2021)", "Huang, Yang, Tang, A fast two-dimensional median filtering algorithm, IEEE Trans. ASSP 27 (1979)"]
)]
pub struct Median {
    /// Half width of the box along x, y, z.
    #[op(unit = "voxel", range = 0..=15, default = Extent::cube(1))]
    pub radius: Extent,
}

/// Voxels of the largest box that networks are faster for than histograms.
const NETWORK: usize = 343;

/// The same for 8 bit, whose histograms are small.
const NETWORK_8_BIT: usize = 200;

impl Halo for Median {
    type Out<T: Scalar> = T;

    fn halo(&self, _input: &Header) -> usize {
        self.radius.z
    }

    fn rows<T: Scalar>(&self, _input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [T]) {
        let r = self.radius;
        let count = (2 * r.x + 1) * (2 * r.y + 1) * (2 * r.z + 1);
        let most = if T::TYPE.bytes() == 1 { NETWORK_8_BIT } else { NETWORK };
        if count <= most && !(T::TYPE.is_float() && has_nan(near)) {
            Sorted::new(r, near).rows(y, out);
        } else {
            moving_histogram(r, near, y, out);
        }
        if T::TYPE.is_float() {
            // Which of two equal zeros is in the middle depends on the way there; only -0 + 0 changes anything.
            out.iter_mut().for_each(|v| *v = T::from_f64(v.to_f64() + 0.0));
        }
    }
}

/// Whether a value is none: minima and maxima would then depend on their order.
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn has_nan<T: Scalar>(near: &Near<'_, T>) -> bool {
    near.planes.iter().any(|plane| plane.chunks(4096).any(|part| part.iter().fold(false, |nan, v| nan | (v != v))))
}

/// Rows of sorted values: rank by rank, and in each the even places before the odd ones.
type List<T> = Vec<T>;

/// Medians by networks. Neighbouring outputs, two along y and two along x, share all of their boxes but one row or column:
/// what they share is merged once.
///
/// Along x, place `p` of a padded row is voxel `p - r.x`; outputs `2i` and `2i + 1` share places `2i + 1 ..= 2i + 2 r.x`.
/// Even and odd places are kept apart, so that the lanes of a step are every second voxel and no step is made twice.
struct Sorted<'a, T> {
    r: Extent,
    near: &'a Near<'a, T>,
    /// Pairs of outputs of a row; at least the lanes of a step.
    pairs: usize,
    /// Even (or odd) places of a row.
    half: usize,
    plan: Plan,
    padded: Vec<T>,
    lanes: Vec<Lanes<T>>,
    core: Vec<Lanes<T>>,
}

/// The networks of a box.
struct Plan {
    /// The planes of a row.
    along_z: Network,
    /// Two neighbouring rows.
    two_rows: Network,
    /// The rows that two outputs share.
    shared_rows: Network,
    /// Those, and the row that they do not share.
    column: Network,
    /// Two neighbouring columns.
    two_columns: Network,
    /// The columns that two outputs share, as far as the median can lie there.
    shared_columns: Network,
}

impl Plan {
    fn new(r: Extent) -> Plan {
        let (row, column) = (2 * r.z + 1, (2 * r.z + 1) * (2 * r.y + 1));
        let full = |lengths: &[usize]| Network::merge(lengths, 0..lengths.iter().sum());
        let median = |lengths: &[usize]| {
            let n: usize = lengths.iter().sum();
            Network::merge(lengths, n / 2..n / 2 + 1)
        };
        // Without neighbours along x a column's median is the box's.
        let last = |lengths: &[usize], is_last: bool| if is_last { median(lengths) } else { full(lengths) };
        let middle = (2 * r.x * column).saturating_sub(column) / 2;
        Plan {
            along_z: last(&vec![1; row], r.x == 0 && r.y == 0),
            two_rows: full(&[row, row]),
            shared_rows: full(&vec![2 * row; r.y]),
            column: last(&[2 * r.y * row, row], r.x == 0 && r.y > 0),
            two_columns: full(&[column, column]),
            shared_columns: if r.x == 0 { full(&[]) } else { Network::merge(&vec![2 * column; r.x], middle..middle + column + 1) },
        }
    }

    fn most(&self) -> usize {
        [&self.along_z, &self.two_rows, &self.shared_rows, &self.column, &self.two_columns, &self.shared_columns].iter().map(|n| n.inputs()).fold(0, usize::max)
    }
}

/// Starts of blocks of lanes that cover `n >= LANES` places; the last one overlaps.
fn blocks(n: usize) -> impl Iterator<Item = usize> {
    (0..n.div_ceil(LANES)).map(move |b| (b * LANES).min(n - LANES))
}

fn block<T>(row: &[T], at: usize) -> &Lanes<T> {
    row[at..].first_chunk().expect("rows are padded to whole blocks")
}

fn block_mut<T>(row: &mut [T], at: usize) -> &mut Lanes<T> {
    row[at..].first_chunk_mut().expect("rows are padded to whole blocks")
}

impl<'a, T: Scalar> Sorted<'a, T> {
    fn new(r: Extent, near: &'a Near<'a, T>) -> Self {
        let pairs = near.nx.div_ceil(2).max(LANES);
        let plan = Plan::new(r);
        let lanes = vec![[T::default(); LANES]; plan.most()];
        Sorted { r, near, pairs, half: pairs + r.x, plan, padded: Vec::new(), core: lanes.clone(), lanes }
    }

    fn width(&self) -> usize {
        2 * self.half
    }

    /// Output rows, two at a time. Sorted rows and pairs of rows wait in rings until the last output has used them.
    fn rows(&mut self, y: Range<usize>, out: &mut [T]) {
        let r = self.r.y as isize;
        let ring = 2 * self.r.y + 2;
        let list = |n: usize| -> List<T> { vec![T::default(); n * self.width()] };
        let mut sorted = vec![list(self.plan.along_z.len()); ring];
        let mut paired = vec![list(self.plan.two_rows.len()); self.r.y];
        let mut columns = [list(self.plan.column.len().max(1)), list(self.plan.column.len().max(1))];
        let slot = |row: isize| row.rem_euclid(ring as isize) as usize;
        let mut next = y.start as isize - r;
        let mut next_pair = y.start as isize + 1 - r;
        for (at, out) in y.step_by(2).zip(out.chunks_mut(2 * self.near.nx)) {
            let at = at as isize;
            while next <= at + 1 + r {
                self.sort_row(next, &mut sorted[slot(next)]);
                next += 1;
            }
            while r > 0 && next_pair < at + r {
                let into = next_pair.div_euclid(2).rem_euclid(r) as usize;
                self.pair_rows([&sorted[slot(next_pair)], &sorted[slot(next_pair + 1)]], &mut paired[into]);
                next_pair += 2;
            }
            if r == 0 {
                columns[0].clone_from(&sorted[slot(at)]);
                columns[1].clone_from(&sorted[slot(at + 1)]);
            } else {
                self.columns(&paired, [&sorted[slot(at - r)], &sorted[slot(at + 1 + r)]], &mut columns);
            }
            for (column, out) in columns.iter().zip(out.chunks_mut(self.near.nx)) {
                self.along_x(column, out);
            }
        }
    }

    /// Sorts a row's planes at each place.
    fn sort_row(&mut self, row: isize, into: &mut List<T>) {
        let y = row.clamp(0, self.near.ny as isize - 1) as usize;
        let (half, width, r) = (self.half, self.width(), self.r.z as isize);
        let mut planes: List<T> = vec![T::default(); self.plan.along_z.inputs() * width];
        for (dz, plane) in (-r..=r).zip(planes.chunks_exact_mut(width)) {
            pad(self.near.row(dz, y), self.r.x, &mut self.padded, width);
            let (even, odd) = plane.split_at_mut(half);
            for ((two, even), odd) in self.padded.chunks_exact(2).zip(even).zip(odd) {
                (*even, *odd) = (two[0], two[1]);
            }
        }
        self.merge_rows(|plan| &plan.along_z, &[&planes], into);
    }

    fn pair_rows(&mut self, rows: [&List<T>; 2], into: &mut List<T>) {
        self.merge_rows(|plan| &plan.two_rows, &[rows[0], rows[1]], into);
    }

    fn merge_rows(&mut self, network: impl Fn(&Plan) -> &Network, lists: &[&List<T>], into: &mut List<T>) {
        let (width, network) = (self.width(), network(&self.plan));
        for at in blocks(width) {
            load(lists.iter().flat_map(|l| l.chunks_exact(width)), at, &mut self.lanes);
            network.run(&mut self.lanes);
            for (row, &k) in into.chunks_exact_mut(width).zip(network.kept()) {
                *block_mut(row, at) = self.lanes[k];
            }
        }
    }

    /// The columns of two neighbouring output rows.
    fn columns(&mut self, shared: &[List<T>], own: [&List<T>; 2], into: &mut [List<T>; 2]) {
        let width = self.width();
        for at in blocks(width) {
            load(shared.iter().flat_map(|l| l.chunks_exact(width)), at, &mut self.core);
            self.plan.shared_rows.run(&mut self.core);
            for (own, into) in own.into_iter().zip(into.iter_mut()) {
                let kept = self.plan.shared_rows.kept();
                kept.iter().zip(&mut self.lanes).for_each(|(&k, lane)| *lane = self.core[k]);
                load(own.chunks_exact(width), at, &mut self.lanes[kept.len()..]);
                self.plan.column.run(&mut self.lanes);
                for (row, &k) in into.chunks_exact_mut(width).zip(self.plan.column.kept()) {
                    *block_mut(row, at) = self.lanes[k];
                }
            }
        }
    }

    /// A row's medians from its sorted columns.
    fn along_x(&mut self, columns: &List<T>, out: &mut [T]) {
        let (half, width, r) = (self.half, self.width(), self.r.x);
        let mut medians = std::mem::take(&mut self.padded);
        medians.resize(2 * self.pairs, T::default());
        if r == 0 {
            for at in blocks(self.pairs) {
                interleave(block(columns, at), block(&columns[half..], at), &mut medians[2 * at..]);
            }
        } else {
            let paired = self.pair_columns(columns);
            let stride = self.pairs + r - 1;
            for at in blocks(self.pairs) {
                let shifts = (0..r).flat_map(|k| paired.chunks_exact(stride).map(move |row| &row[k..]));
                load(shifts, at, &mut self.lanes);
                let shared = &self.plan.shared_columns;
                shared.run(&mut self.lanes);
                let first = middle(&self.lanes, shared.kept(), columns.chunks_exact(width).map(|row| block(row, at)));
                let second = middle(&self.lanes, shared.kept(), columns.chunks_exact(width).map(|row| block(row, half + r + at)));
                interleave(&first, &second, &mut medians[2 * at..]);
            }
        }
        out.copy_from_slice(&medians[..out.len()]);
        self.padded = medians;
    }

    /// Columns `2i + 1` and `2i + 2`, merged.
    fn pair_columns(&mut self, columns: &List<T>) -> List<T> {
        let (half, width, network) = (self.half, self.width(), &self.plan.two_columns);
        let stride = self.pairs + self.r.x - 1;
        let mut paired = vec![T::default(); network.len() * stride];
        for at in blocks(stride) {
            let (odd, even) = (columns.chunks_exact(width).map(|row| &row[half..]), columns.chunks_exact(width).map(|row| &row[1..]));
            load(odd.chain(even), at, &mut self.lanes);
            network.run(&mut self.lanes);
            for (row, &k) in paired.chunks_exact_mut(stride).zip(network.kept()) {
                *block_mut(row, at) = self.lanes[k];
            }
        }
        paired
    }
}

fn load<'a, T: Copy + 'a>(rows: impl Iterator<Item = &'a [T]>, at: usize, lanes: &mut [Lanes<T>]) {
    lanes.iter_mut().zip(rows).for_each(|(lane, row)| *lane = *block(row, at));
}

/// A row with its ends repeated, `length` places in all.
fn pad<T: Scalar>(row: &[T], before: usize, into: &mut Vec<T>, length: usize) {
    into.clear();
    into.resize(before, row[0]);
    into.extend_from_slice(row);
    into.resize(length.max(before + row.len()), row[row.len() - 1]);
}

/// The middle one of `n + 1` sorted values at `kept` and `n` sorted ones: the least of the greater ones of all pairs whose
/// ranks add up to it.
fn middle<'a, T: Scalar>(lanes: &[Lanes<T>], kept: &[usize], column: impl DoubleEndedIterator<Item = &'a Lanes<T>>) -> Lanes<T> {
    let mut best = lanes[kept[kept.len() - 1]];
    for (&k, other) in kept.iter().zip(column.rev()) {
        for ((best, a), b) in best.iter_mut().zip(&lanes[k]).zip(other) {
            *best = least(*best, greatest(*a, *b));
        }
    }
    best
}

fn interleave<T: Copy>(even: &Lanes<T>, odd: &Lanes<T>, out: &mut [T]) {
    for ((two, even), odd) in out.chunks_exact_mut(2).zip(even).zip(odd) {
        (two[0], two[1]) = (*even, *odd);
    }
}

/// Medians from counts of ranks that follow the box along each row.
fn moving_histogram<T: Scalar>(r: Extent, near: &Near<'_, T>, y: Range<usize>, out: &mut [T]) {
    let rows = y.start.saturating_sub(r.y)..(y.end + r.y).min(near.ny);
    let (values, planes) = ranks(near, &rows);
    let mut counts = Counts::new(values.len());
    for (at, out) in y.zip(out.chunks_exact_mut(near.nx)) {
        let inside: Vec<&[u32]> = planes
            .iter()
            .flat_map(|plane| (-(r.y as isize)..=r.y as isize).map(move |dy| (plane, dy)))
            .map(|(plane, dy)| {
                let row = Edge::Nearest.index(at as isize + dy, near.ny).map_or(0, |y| y - rows.start);
                &plane[row * near.nx..(row + 1) * near.nx]
            })
            .collect();
        let place = |x: isize| x.clamp(0, near.nx as isize - 1) as usize;
        counts.clear();
        (-(r.x as isize)..=r.x as isize).for_each(|x| counts.add(&inside, place(x)));
        for (x, out) in out.iter_mut().enumerate() {
            *out = values[counts.median()];
            let x = x as isize;
            counts.remove(&inside, place(x - r.x as isize));
            counts.add(&inside, place(x + 1 + r.x as isize));
        }
    }
}

/// The values of these rows of all planes, sorted, each once; and each plane's rows as places in that list.
fn ranks<T: Scalar>(near: &Near<'_, T>, rows: &Range<usize>) -> (Vec<T>, Vec<Vec<u32>>) {
    let part = |plane: &&[T]| plane[rows.start * near.nx..rows.end * near.nx].to_vec();
    let planes: Vec<Vec<T>> = near.planes.iter().map(part).collect();
    let mut values: Vec<T> = planes.concat();
    values.sort_unstable_by(order);
    values.dedup_by(|a, b| order(a, b).is_eq());
    let rank = |v: &T| values.partition_point(|w| order(w, v).is_lt()) as u32;
    let planes = if T::TYPE.bytes() <= 2 {
        // Few values: a table is faster than a search a voxel.
        let low = values[0].to_i128();
        let mut table = vec![0; (values[values.len() - 1].to_i128() - low) as usize + 1];
        values.iter().enumerate().for_each(|(i, v)| table[(v.to_i128() - low) as usize] = i as u32);
        planes.iter().map(|p| p.iter().map(|v| table[(v.to_i128() - low) as usize]).collect()).collect()
    } else {
        planes.iter().map(|p| p.iter().map(rank).collect()).collect()
    };
    (values, planes)
}

#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn order<T: Scalar>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| (a != a).cmp(&(b != b)))
}

/// How often each rank lies in the box, in two levels.
struct Counts {
    fine: Vec<u16>,
    coarse: Vec<u16>,
    /// Ranks of a coarse count, as a power of two.
    shift: u32,
    total: usize,
    /// The coarse count of the last median, and all that is below it.
    at: usize,
    below: usize,
}

impl Counts {
    fn new(ranks: usize) -> Counts {
        let shift = (usize::BITS - ranks.leading_zeros()).div_ceil(2);
        Counts { fine: vec![0; ranks.next_multiple_of(1 << shift)], coarse: vec![0; (ranks >> shift) + 1], shift, total: 0, at: 0, below: 0 }
    }

    fn clear(&mut self) {
        self.fine.fill(0);
        self.coarse.fill(0);
        (self.total, self.at, self.below) = (0, 0, 0);
    }

    fn add(&mut self, rows: &[&[u32]], x: usize) {
        self.total += rows.len();
        for row in rows {
            let rank = row[x] as usize;
            self.fine[rank] += 1;
            self.coarse[rank >> self.shift] += 1;
            self.below += usize::from(rank >> self.shift < self.at);
        }
    }

    fn remove(&mut self, rows: &[&[u32]], x: usize) {
        self.total -= rows.len();
        for row in rows {
            let rank = row[x] as usize;
            self.fine[rank] -= 1;
            self.coarse[rank >> self.shift] -= 1;
            self.below -= usize::from(rank >> self.shift < self.at);
        }
    }

    /// The middle rank of an odd number of them.
    fn median(&mut self) -> usize {
        let middle = self.total / 2;
        while self.below > middle {
            self.at -= 1;
            self.below -= self.coarse[self.at] as usize;
        }
        while self.below + self.coarse[self.at] as usize <= middle {
            self.below += self.coarse[self.at] as usize;
            self.at += 1;
        }
        let first = self.at << self.shift;
        let mut left = middle - self.below;
        for (i, &n) in self.fine[first..].iter().enumerate() {
            if left < n as usize {
                return first + i;
            }
            left -= n as usize;
        }
        unreachable!("a coarse count is the sum of its fine ones")
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::Type;

    use super::*;

    fn noise(n: usize, seed: u64) -> impl Iterator<Item = u64> {
        let mut state = seed;
        (0..n).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        })
    }

    /// The definition, voxel by voxel.
    fn by_definition<T: Scalar>(near: &Near<'_, T>, r: Extent) -> Vec<T> {
        let place = |i: usize, d: isize, n: usize| (i as isize + d).clamp(0, n as isize - 1) as usize;
        let around = |r: usize| -(r as isize)..=r as isize;
        (0..near.ny * near.nx)
            .map(|i| {
                let mut all: Vec<T> = Vec::new();
                for dz in around(r.z) {
                    for dy in around(r.y) {
                        all.extend(around(r.x).map(|dx| near.row(dz, place(i / near.nx, dy, near.ny))[place(i % near.nx, dx, near.nx)]));
                    }
                }
                all.sort_by(order);
                all[all.len() / 2]
            })
            .collect()
    }

    #[track_caller]
    fn check<T: Scalar>(nx: usize, ny: usize, radius: Extent, value: impl Fn(u64) -> T) {
        let voxels: Vec<Vec<T>> = (0..=2 * radius.z).map(|z| noise(nx * ny, z as u64 + 1).map(&value).collect()).collect();
        let planes: Vec<&[T]> = voxels.iter().map(Vec::as_slice).collect();
        let near = Near { planes: &planes, ny, nx };
        let header = Header::new([1, ny, nx], 1, T::TYPE).unwrap();
        let expect = by_definition(&near, radius);
        let same = |a: &[T], b: &[T]| a.iter().zip(b).all(|(a, b)| order(a, b).is_eq());
        let mut out = vec![T::default(); nx * ny];
        Median { radius }.rows(&header, &near, 0..ny, &mut out);
        assert!(same(&out, &expect), "{} {nx}x{ny} {radius:?}", T::TYPE);
        let (from, to) = (ny / 3, ny - ny / 4);
        let mut part = vec![T::default(); nx * (to - from)];
        Median { radius }.rows(&header, &near, from..to, &mut part);
        assert!(same(&part, &expect[from * nx..to * nx]), "rows {from}..{to}");
        moving_histogram(radius, &near, 0..ny, &mut out);
        assert!(same(&out, &expect), "histogram {} {nx}x{ny} {radius:?}", T::TYPE);
    }

    fn every_type(nx: usize, ny: usize, r: Extent) {
        check(nx, ny, r, |v| v as u8);
        check(nx, ny, r, |v| v as i8);
        check(nx, ny, r, |v| v as u16 % 999);
        check(nx, ny, r, |v| v as i16);
        check(nx, ny, r, |v| v as u32);
        check(nx, ny, r, |v| v as i32 - (1 << 30));
        check(nx, ny, r, |v| u64::MAX - v);
        check(nx, ny, r, |v| v as i64 - (1 << 30));
        check(nx, ny, r, |v| v as f32 / 1000.0 - 9.0);
        check(nx, ny, r, |v| if v % 7 == 0 { f32::NAN } else { v as f32 });
        check(nx, ny, r, |v| v as f64 / 7.0);
    }

    #[test]
    fn every_type_and_shape_is_the_definition() {
        for (nx, ny) in [(1, 1), (1, 7), (9, 1), (2, 2), (31, 5), (70, 6), (131, 3)] {
            every_type(nx, ny, Extent::cube(1));
        }
    }

    #[test]
    fn boxes_of_every_kind_are_the_definition() {
        for (x, y, z) in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0), (2, 2, 2), (3, 1, 2), (1, 3, 0), (0, 2, 1), (2, 0, 3), (4, 0, 0)] {
            check(37, 9, Extent { x, y, z }, |v| v as u8);
            check(66, 4, Extent { x, y, z }, |v| v as u16);
        }
        check(20, 12, Extent::cube(5), |v| v as u8);
        check(20, 12, Extent::cube(4), |v| v as f32);
    }

    #[test]
    fn a_zero_has_no_sign() {
        let planes = [&[-0.0f32, -0.0, -0.0][..]];
        let mut out = [1.0f32; 3];
        let header = Header::new([1, 1, 3], 1, Type::F32).unwrap();
        Median { radius: Extent { x: 1, y: 0, z: 0 } }.rows(&header, &Near { planes: &planes, ny: 1, nx: 3 }, 0..1, &mut out);
        assert_eq!(out.map(f32::to_bits), [0; 3]);
    }
}
