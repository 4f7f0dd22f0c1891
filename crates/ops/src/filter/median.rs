//! Medians of boxes.

use std::cmp::Ordering;
use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::{Extent, Header, Scalar};

use crate::access::{Edge, Halo, Near};
use crate::filter::network::{Network, WIDTH, greatest, least};

/// Replace each voxel by the median of its box neighbourhood.
///
/// The box has `2 radius + 1` voxels along each axis; edges repeat the nearest voxel. NaN counts as greater than every
/// number, and a zero has no sign. Equal to `scipy.ndimage.median_filter(mode="nearest")`, bit for bit (scipy rounds
/// 64-bit integers beyond 2^53; here they stay exact). Shape: `[z, y, x]` to the same, of the same type. Cost: sorting
/// networks up to 7x7x7 (5x5x7 for 8 bit), beyond that and with NaN a moving histogram.
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
        if count <= most && !(T::TYPE.is_float() && has_nan(near, near_rows(r, near, &y))) {
            Sorted::new(r, near).rows(y, out);
        } else {
            moving_histogram(r, near, y, out);
        }
        if T::TYPE.is_float() {
            // Which of two equal zeros is in the middle depends on the way there; only -0 + 0 changes anything.
            for v in out {
                *v = T::from_f64(v.to_f64() + 0.0);
            }
        }
    }
}

/// The rows that rows `y` of the output need.
fn near_rows<T>(r: Extent, near: &Near<'_, T>, y: &Range<usize>) -> Range<usize> {
    y.start.saturating_sub(r.y)..(y.end + r.y).min(near.ny)
}

/// Whether a value is none: minima and maxima would then depend on their order.
#[expect(clippy::eq_op, clippy::needless_bitwise_bool, reason = "only NaN differs from itself; without a branch the lanes go together")]
fn has_nan<T: Scalar>(near: &Near<'_, T>, rows: Range<usize>) -> bool {
    let part = rows.start * near.nx..rows.end * near.nx;
    near.planes.iter().any(|plane| plane[part.clone()].chunks(4096).any(|part| part.iter().fold(false, |nan, v| nan | (v != v))))
}

/// Rows of sorted values, rank by rank.
type List<T> = Vec<T>;

/// Medians by networks. Neighbouring outputs, two along y and two along x, share all of their boxes but one row or column:
/// what they share is merged once.
///
/// Even voxels of a row stand before the odd ones, so that a step's lanes are every second voxel and none is made twice.
/// Along x, place `p` is voxel `p - r.x`, repeated beyond the ends: outputs `2i` and `2i + 1` share places `2i + 1 ..= 2i + 2 r.x`.
struct Sorted<'a, T> {
    r: Extent,
    near: &'a Near<'a, T>,
    /// Lanes of the even (or odd) voxels of a row.
    pairs: usize,
    /// Lanes of the even (or odd) places of a row; two rows stand side by side, the even places of both first.
    half: usize,
    plan: Plan,
    lanes: Vec<T>,
    split: Vec<T>,
    shared: Vec<T>,
    paired: List<T>,
    even: Vec<T>,
    odd: Vec<T>,
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
        let lists = if r.x == 1 { vec![column; 2] } else { vec![2 * column; r.x] };
        let middle = (2 * r.x * column).saturating_sub(column) / 2;
        let kept = if r.x == 0 { 0..0 } else { middle..middle + column + 1 };
        Plan {
            along_z: last(&vec![1; row], r.x == 0 && r.y == 0),
            two_rows: full(&[row, row]),
            shared_rows: full(&if r.y == 1 { vec![row; 2] } else { vec![2 * row; r.y] }),
            column: last(&[2 * r.y * row, row], r.x == 0 && r.y > 0),
            two_columns: full(&[column, column]),
            shared_columns: Network::merge(&lists, kept),
        }
    }
}

/// Bytes that a network works on at a time: a part of a core's nearest cache.
const BLOCK: usize = 40 << 10;

/// Makes room; what is there is written before it is read.
fn grow<T: Copy + Default>(lanes: &mut Vec<T>, n: usize) {
    if lanes.len() < n {
        lanes.resize(n, T::default());
    }
}

/// A block of lanes of one of the rows `stride` apart.
fn lanes<'a, T>(rows: &'a [T], stride: usize, row: usize, block: &Range<usize>) -> &'a [T] {
    &rows[row * stride + block.start..row * stride + block.end]
}

/// Puts the kept ranks into rows `stride` apart.
fn store<T: Copy>(lanes: &[T], kept: &[usize], rows: &mut [T], stride: usize, block: &Range<usize>) {
    for (row, &k) in rows.chunks_exact_mut(stride).zip(kept) {
        row[block.clone()].copy_from_slice(&lanes[k * block.len()..(k + 1) * block.len()]);
    }
}

impl<'a, T: Scalar> Sorted<'a, T> {
    fn new(r: Extent, near: &'a Near<'a, T>) -> Self {
        let whole = |lanes: usize| lanes.next_multiple_of(WIDTH);
        let pairs = whole(near.nx.div_ceil(2));
        let half = whole(pairs + r.x);
        let plan = Plan::new(r);
        let paired = vec![T::default(); if r.x > 1 { plan.two_columns.len() * 2 * half } else { 0 }];
        let row = vec![T::default(); half + pairs];
        Sorted { r, near, pairs, half, plan, lanes: Vec::new(), split: Vec::new(), shared: Vec::new(), paired, even: row.clone(), odd: row }
    }

    /// Blocks of lanes that cover `n` of them, for a network of so many values.
    fn blocks(n: usize, network: &Network) -> impl Iterator<Item = Range<usize>> + use<T> {
        let most = (BLOCK / size_of::<T>() / network.inputs().max(1)).next_multiple_of(WIDTH);
        let block = n.div_ceil(n.div_ceil(most)).next_multiple_of(WIDTH);
        (0..n).step_by(block).map(move |at| at..(at + block).min(n))
    }

    /// Output rows, two at a time. Sorted rows and pairs of rows wait in rings until the last output has used them.
    fn rows(&mut self, y: Range<usize>, out: &mut [T]) {
        let r = self.r.y as isize;
        let ring = 2 * self.r.y + 2;
        let list = |n: usize| -> List<T> { vec![T::default(); n * 2 * self.pairs] };
        let mut sorted = vec![list(self.plan.along_z.len()); ring];
        let mut paired = vec![list(self.plan.two_rows.len()); if r > 1 { self.r.y } else { 0 }];
        let mut columns = list(self.plan.column.len());
        let mut places = vec![T::default(); self.plan.column.len().max(self.plan.along_z.len()) * 4 * self.half];
        let slot = |row: isize| row.rem_euclid(ring as isize) as usize;
        let mut next = y.start as isize - r;
        let mut next_pair = y.start as isize + 1 - r;
        for (at, out) in y.step_by(2).zip(out.chunks_mut(2 * self.near.nx)) {
            let at = at as isize;
            while next <= at + 1 + r {
                self.sort_row(next, &mut sorted[slot(next)]);
                next += 1;
            }
            while r > 1 && next_pair < at + r {
                let into = next_pair.div_euclid(2).rem_euclid(r) as usize;
                self.pair_rows([&sorted[slot(next_pair)], &sorted[slot(next_pair + 1)]], &mut paired[into]);
                next_pair += 2;
            }
            if r == 1 {
                self.share_rows(&[&sorted[slot(at)], &sorted[slot(at + 1)]]);
            } else {
                self.share_rows(&paired.iter().collect::<Vec<_>>());
            }
            for (row, own) in [at - r, at + 1 + r].into_iter().enumerate() {
                let own = &sorted[slot(own)];
                if r > 0 {
                    self.columns(own, &mut columns);
                }
                self.spread(if r > 0 { &columns } else { own }, &mut places[row * self.half..]);
            }
            self.along_x(&places);
            for (row, out) in out.chunks_mut(self.near.nx).enumerate() {
                let at = row * self.half;
                together(&self.even[at..at + self.pairs], &self.odd[at..at + self.pairs], out);
            }
        }
    }

    /// Sorts a row's planes at each place.
    fn sort_row(&mut self, row: isize, into: &mut List<T>) {
        let y = row.clamp(0, self.near.ny as isize - 1) as usize;
        let (width, r, network) = (2 * self.pairs, self.r.z as isize, &self.plan.along_z);
        grow(&mut self.lanes, network.inputs() * width);
        grow(&mut self.split, network.inputs() * width);
        for (dz, row) in (-r..=r).zip(self.split.chunks_exact_mut(width)) {
            split(self.near.row(dz, y), row);
        }
        network.run(|i| lanes(&self.split, width, i, &(0..width)), &mut self.lanes, width);
        store(&self.lanes, network.kept(), into, width, &(0..width));
    }

    fn pair_rows(&mut self, rows: [&List<T>; 2], into: &mut List<T>) {
        let (width, network) = (2 * self.pairs, &self.plan.two_rows);
        for block in Self::blocks(width, network) {
            grow(&mut self.lanes, network.inputs() * block.len());
            let each = network.inputs() / 2;
            network.run(|i| lanes(rows[i / each], width, i % each, &block), &mut self.lanes, block.len());
            store(&self.lanes, network.kept(), into, width, &block);
        }
    }

    /// Merges the rows that two neighbouring output rows share.
    fn share_rows(&mut self, rows: &[&List<T>]) {
        let (width, network) = (2 * self.pairs, &self.plan.shared_rows);
        grow(&mut self.shared, network.len() * width);
        for block in Self::blocks(width, network) {
            grow(&mut self.lanes, network.inputs() * block.len());
            let each = network.inputs() / rows.len().max(1);
            network.run(|i| lanes(rows[i / each], width, i % each, &block), &mut self.lanes, block.len());
            store(&self.lanes, network.kept(), &mut self.shared, width, &block);
        }
    }

    /// An output row's sorted columns: what it shares, and its own row.
    fn columns(&mut self, own: &List<T>, into: &mut List<T>) {
        let (width, network) = (2 * self.pairs, &self.plan.column);
        for block in Self::blocks(width, network) {
            grow(&mut self.lanes, network.inputs() * block.len());
            let before = self.plan.shared_rows.len();
            let row = |i: usize| if i < before { lanes(&self.shared, width, i, &block) } else { lanes(own, width, i - before, &block) };
            network.run(row, &mut self.lanes, block.len());
            store(&self.lanes, network.kept(), into, width, &block);
        }
    }

    /// From voxels to places: the first and the last voxel are repeated.
    fn spread(&self, columns: &List<T>, places: &mut [T]) {
        let (r, n, half) = (self.r.x, self.near.nx, self.half);
        for (row, places) in columns.chunks_exact(2 * self.pairs).zip(places.chunks_mut(4 * half)) {
            let (even, odd) = row.split_at(self.pairs);
            let last = if n % 2 == 1 { even[n / 2] } else { odd[n / 2 - 1] };
            // Place 2i is voxel 2i - r.
            let (first, second) = if r.is_multiple_of(2) { (even, odd) } else { (odd, even) };
            let (evens, odds) = if r.is_multiple_of(2) { (n.div_ceil(2), n / 2) } else { (n / 2, n.div_ceil(2)) };
            shift(&first[..evens], r.div_ceil(2), [even[0], last], &mut places[..half]);
            shift(&second[..odds], r / 2, [even[0], last], &mut places[2 * half..3 * half]);
        }
    }

    /// The medians of two rows from their sorted columns.
    fn along_x(&mut self, columns: &[T]) {
        let (odd_places, width) = (2 * self.half, 4 * self.half);
        if self.r.x == 0 {
            self.even.copy_from_slice(&columns[..self.half + self.pairs]);
            self.odd.copy_from_slice(&columns[odd_places..][..self.half + self.pairs]);
            return;
        }
        if self.r.x > 1 {
            self.pair_columns(columns);
        }
        for block in Self::blocks(self.half + self.pairs, &self.plan.shared_columns) {
            self.share_columns(columns, &block);
            let row = |first: usize| columns.chunks_exact(width).map(move |row| &row[first..]);
            let (even, odd) = (row(block.start), row(odd_places + self.r.x + block.start));
            let kept = Kept { lanes: &self.lanes, at: self.plan.shared_columns.kept(), stride: block.len() };
            kept.middle(even, &mut self.even[block.clone()]);
            kept.middle(odd, &mut self.odd[block]);
        }
    }

    /// Merges the columns that a block of pairs of outputs share.
    fn share_columns(&mut self, columns: &[T], block: &Range<usize>) {
        let network = &self.plan.shared_columns;
        grow(&mut self.lanes, network.inputs() * block.len());
        if self.r.x == 1 {
            let pair = pair_of(columns, 2 * self.half, block);
            network.run(|i| pair(i, network.inputs() / 2), &mut self.lanes, block.len());
        } else {
            let each = self.plan.two_columns.len();
            let shifted = |k: usize| block.start + k..block.end + k;
            network.run(|i| lanes(&self.paired, 2 * self.half, i % each, &shifted(i / each)), &mut self.lanes, block.len());
        }
    }

    /// Merges columns `2i + 1` and `2i + 2`.
    fn pair_columns(&mut self, columns: &[T]) {
        let (odd_places, network) = (2 * self.half, &self.plan.two_columns);
        for block in Self::blocks(odd_places, network) {
            grow(&mut self.lanes, network.inputs() * block.len());
            let pair = pair_of(columns, odd_places, &block);
            network.run(|i| pair(i, network.inputs() / 2), &mut self.lanes, block.len());
            store(&self.lanes, network.kept(), &mut self.paired, odd_places, &block);
        }
    }
}

/// Ranks of columns `2i + 1`, `each` of them, and then of columns `2i + 2`, for a block of `i`.
fn pair_of<'a, T>(columns: &'a [T], odd_places: usize, block: &Range<usize>) -> impl Fn(usize, usize) -> &'a [T] {
    let (odd, even) = (block.start + odd_places..block.end + odd_places, block.start + 1..block.end + 1);
    move |i, each| if i < each { lanes(columns, 2 * odd_places, i, &odd) } else { lanes(columns, 2 * odd_places, i - each, &even) }
}

/// Even voxels before odd ones; lanes beyond the end have some value of the row.
fn split<T: Scalar>(row: &[T], into: &mut [T]) {
    let (even, odd) = into.split_at_mut(into.len() / 2);
    let (pairs, rest) = row.as_chunks::<2>();
    let n = pairs.len();
    apart(pairs, &mut even[..n], &mut odd[..n]);
    even[n..].fill(*rest.first().unwrap_or(&row[0]));
    odd[n..].fill(row[0]);
}

// Of its own, so that compilers know that the slices are apart; so is `interleave`.
#[inline(never)]
fn apart<T: Scalar>(pairs: &[[T; 2]], even: &mut [T], odd: &mut [T]) {
    if T::TYPE.bytes() == 1 {
        // Compilers do not see that bytes two apart are halves of words.
        let word = |two: &[T; 2]| u16::from_le_bytes(bytemuck::cast(*two));
        pairs.iter().zip(even).for_each(|(two, even)| *even = bytemuck::cast(word(two) as u8));
        pairs.iter().zip(odd).for_each(|(two, odd)| *odd = bytemuck::cast((word(two) >> 8) as u8));
    } else {
        pairs.iter().zip(even.iter_mut().zip(odd)).for_each(|(two, (even, odd))| (*even, *odd) = (two[0], two[1]));
    }
}

/// A row `by` places later, with one value before it and one after it.
fn shift<T: Copy>(row: &[T], by: usize, [before, after]: [T; 2], into: &mut [T]) {
    into[..by].fill(before);
    into[by..by + row.len()].copy_from_slice(row);
    into[by + row.len()..].fill(after);
}

/// Sorted values where a network left them.
struct Kept<'a, T> {
    lanes: &'a [T],
    at: &'a [usize],
    stride: usize,
}

impl<T: Scalar> Kept<'_, T> {
    fn rank(&self, k: usize) -> &[T] {
        &self.lanes[self.at[k] * self.stride..][..self.stride]
    }

    /// The middle one of these `n + 1` values and `n` sorted ones of a column: the least of the greater ones of all pairs
    /// whose ranks add up to it.
    fn middle<'b>(&self, column: impl Iterator<Item = &'b [T]>, out: &mut [T]) {
        let n = self.at.len() - 1;
        out.copy_from_slice(self.rank(n));
        for (k, row) in (0..n).rev().zip(column) {
            least_of_greater(out, self.rank(k), row);
        }
    }
}

#[inline(never)]
fn least_of_greater<T: Scalar>(best: &mut [T], a: &[T], b: &[T]) {
    for ((best, a), b) in best.iter_mut().zip(a).zip(b) {
        *best = least(*best, greatest(*a, *b));
    }
}

/// Even and odd outputs in turn.
fn together<T: Copy>(even: &[T], odd: &[T], out: &mut [T]) {
    let (pairs, last) = out.as_chunks_mut::<2>();
    if let [last] = last {
        *last = even[pairs.len()];
    }
    interleave(even, odd, pairs);
}

#[inline(never)]
fn interleave<T: Copy>(even: &[T], odd: &[T], pairs: &mut [[T; 2]]) {
    for ((two, even), odd) in pairs.iter_mut().zip(even).zip(odd) {
        *two = [*even, *odd];
    }
}

/// Medians from counts of ranks that follow the box along each row.
fn moving_histogram<T: Scalar>(r: Extent, near: &Near<'_, T>, y: Range<usize>, out: &mut [T]) {
    let rows = near_rows(r, near, &y);
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
    let planes: Vec<&[T]> = near.planes.iter().map(|plane| &plane[rows.start * near.nx..rows.end * near.nx]).collect();
    if T::TYPE.bytes() <= 2 {
        return few_ranks(&planes);
    }
    let mut values: Vec<T> = planes.concat();
    values.sort_unstable_by(order);
    values.dedup_by(|a, b| order(a, b).is_eq());
    let rank = |v: &T| values.partition_point(|w| order(w, v).is_lt()) as u32;
    let places = planes.iter().map(|p| p.iter().map(rank).collect()).collect();
    (values, places)
}

/// The same for types of few values, by a table of all: bands of few rows then cost little more than whole planes.
fn few_ranks<T: Scalar>(planes: &[&[T]]) -> (Vec<T>, Vec<Vec<u32>>) {
    let least = if T::TYPE.is_unsigned() { 0 } else { -1i64 << (8 * T::TYPE.bytes() - 1) };
    let at = |v: &T| (v.to_i128() as i64 - least) as usize;
    let mut table = vec![0u32; 1 << (8 * T::TYPE.bytes())];
    planes.iter().for_each(|p| p.iter().for_each(|v| table[at(v)] = 1));
    let mut values = Vec::new();
    for (i, rank) in table.iter_mut().enumerate().filter(|(_, seen)| **seen > 0) {
        *rank = values.len() as u32;
        values.push(T::from_i128(i128::from(least + i as i64)));
    }
    let places = planes.iter().map(|p| p.iter().map(|v| table[at(v)]).collect()).collect();
    (values, places)
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
