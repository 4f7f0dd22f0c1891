//! Connected components by runs: rows become runs, a union-find over runs joins those that touch.
//!
//! Source: Rosenfeld and Pfaltz, Sequential operations in digital picture processing, J. ACM 13 (1966); run-based as in
//! He, Chao and Suzuki, A run-based two-scan labeling algorithm, IEEE Trans. Image Process. 17 (2008).
//! Run order is raster order, so components numbered by their first run are numbered by their first voxel.

use std::ops::Range;
use std::sync::Arc;

use isovox_macros::Choice;
use isovox_volume::runs::Words;
use isovox_volume::{Error, Part, Result, Runs, Scalar};

/// Which neighbours connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Connectivity {
    /// Through faces: 6 neighbours (4 in a slice).
    #[choice("6", "faces")]
    Faces,
    /// Through faces and edges: 18 neighbours (8 in a slice).
    #[choice("18", "edges")]
    Edges,
    /// Through faces, edges and corners: 26 neighbours (8 in a slice).
    #[choice("26", "corners")]
    Corners,
}

/// Which voxels make components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of equal values other than 0.
    EachValue,
    /// Those that are not 0, as one.
    NotZero,
    /// Those that are 0.
    Zero,
}

/// What makes a component.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Which voxels.
    pub of: Of,
    /// Which neighbours connect.
    pub connectivity: Connectivity,
    /// Whether components end with their slice.
    pub per_slice: bool,
}

impl Rule {
    /// Components of the whole.
    pub fn new(of: Of, connectivity: Connectivity) -> Rule {
        Rule { of, connectivity, per_slice: false }
    }

    fn before(self) -> impl Iterator<Item = (isize, isize, u32)> {
        self.connectivity.before().iter().copied().filter(move |(dz, _, _)| *dz == 0 || !self.per_slice)
    }
}

impl Connectivity {
    /// What connects the background between objects that are connected so: a surface must part the two.
    #[must_use]
    pub fn complement(self) -> Connectivity {
        match self {
            Connectivity::Faces => Connectivity::Corners,
            Connectivity::Edges | Connectivity::Corners => Connectivity::Faces,
        }
    }

    /// Neighbouring rows that come before a row in raster order: `(dz, dy, reach)`, where runs `reach` voxels apart along x still touch.
    fn before(self) -> &'static [(isize, isize, u32)] {
        match self {
            Connectivity::Faces => &[(0, -1, 0), (-1, 0, 0)],
            Connectivity::Edges => &[(0, -1, 1), (-1, 0, 1), (-1, -1, 0), (-1, 1, 0)],
            Connectivity::Corners => &[(0, -1, 1), (-1, 0, 1), (-1, -1, 1), (-1, 1, 1)],
        }
    }
}

/// Union-find in which the smaller index is the root, so that roots are first voxels.
///
/// `parent[a] <= a`; following it ends at the component's first run.
#[derive(Default)]
struct Union(Vec<u32>);

impl Union {
    fn root(&mut self, mut a: u32) -> u32 {
        while self.0[a as usize] != a {
            let up = self.0[self.0[a as usize] as usize];
            self.0[a as usize] = up;
            a = up;
        }
        a
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        match a.cmp(&b) {
            std::cmp::Ordering::Less => self.0[b as usize] = a,
            std::cmp::Ordering::Greater => self.0[a as usize] = b,
            std::cmp::Ordering::Equal => {}
        }
    }

    /// Unites the runs of a row with those of a row before it that are at most `reach` voxels apart; runs of one row never abut.
    ///
    /// The root of a run is kept while its neighbours pass: most of them have it already, and are not followed further.
    fn unite_rows(&mut self, ends: &[[u32; 2]], before: Range<usize>, now: Range<usize>, reach: u32) {
        let mut others = ends[before.clone()].iter().zip(before.start as u32..).peekable();
        for (&[start, end], b) in ends[now.clone()].iter().zip(now.start as u32..) {
            while others.next_if(|([_, other], _)| other + reach <= start).is_some() {}
            let mut root = self.root(b);
            while let Some(&(&[from, to], a)) = others.peek() {
                if from >= end + reach {
                    break;
                }
                root = self.unite_root(a, root);
                // It reaches beyond this run: the next one may touch it too.
                if to > end {
                    break;
                }
                others.next();
            }
            self.0[b as usize] = root;
        }
    }

    /// Unites an element with a root; the root of both.
    #[inline]
    fn unite_root(&mut self, a: u32, root: u32) -> u32 {
        if self.0[a as usize] == root {
            return root;
        }
        let other = self.root(a);
        let (least, greatest) = (root.min(other), root.max(other));
        self.0[greatest as usize] = least;
        least
    }

    /// Numbers the roots 0.. in order and writes each element's number in its place.
    fn flatten(mut self) -> (Vec<u32>, u32) {
        let mut count = 0;
        for i in 0..self.0.len() {
            let parent = self.0[i] as usize;
            // An ascending pass: the parent is smaller and already holds its number.
            self.0[i] = if parent == i {
                count += 1;
                count - 1
            } else {
                self.0[parent]
            };
        }
        (self.0, count)
    }
}

/// Runs of consecutive planes being read.
pub struct Scan {
    rule: Rule,
    ny: usize,
    z: Range<usize>,
    rows: Vec<u32>,
    ends: Vec<[u32; 2]>,
    values: Option<Vec<u64>>,
    union: Union,
    /// Where voxels of a row change.
    places: Vec<u32>,
}

impl Scan {
    /// A scan that begins at plane `z`; `values` are kept for volumes that hold more than 0 and 1.
    pub fn new(rule: Rule, keep_values: bool, ny: usize, z: usize) -> Scan {
        let values = keep_values.then(Vec::new);
        Scan { rule, ny, z: z..z, rows: vec![0], ends: Vec::new(), values, union: Union::default(), places: Vec::new() }
    }

    /// The next planes.
    pub fn planes<T: Scalar>(&mut self, planes: &[T], nx: usize) -> Result<()> {
        for plane in planes.chunks_exact(self.ny * nx) {
            for row in plane.chunks_exact(nx) {
                self.row(row);
                self.end_row()?;
            }
            self.z.end += 1;
        }
        Ok(())
    }

    /// The next plane, from labelled runs in raster order: `each(y, x0, x1, value)`.
    pub fn plane_of_runs(&mut self, nx: usize, rows: &mut crate::access::RowRuns<'_>) -> Result<()> {
        let (mut y, mut done) = (0, 0);
        let mut fault = Ok(());
        rows(&mut |row, x0, x1, value| {
            while y < row && fault.is_ok() {
                fault = self.end_row_of_runs(&mut done, nx);
                y += 1;
            }
            if value != 0 {
                self.push_run(&mut done, x0, x1, u64::from(value));
            }
        });
        fault?;
        while y < self.ny {
            self.end_row_of_runs(&mut done, nx)?;
            y += 1;
        }
        self.z.end += 1;
        Ok(())
    }

    /// Adds a run, or what is 0 between those before, which end at `done`, and it.
    fn push_run(&mut self, done: &mut u32, x0: u32, x1: u32, value: u64) {
        if self.rule.of != Of::Zero {
            self.push_joined(x0, x1, value);
        } else if *done < x0 {
            self.push(*done, x0, 0);
        }
        *done = x1;
    }

    fn end_row_of_runs(&mut self, done: &mut u32, nx: usize) -> Result<()> {
        let rest = std::mem::take(done);
        if self.rule.of == Of::Zero && rest < nx as u32 {
            self.push(rest, nx as u32, 0);
        }
        self.end_row()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        4 * self.rows.capacity() + 12 * self.ends.len() + self.values.as_ref().map_or(0, |v| 8 * v.len())
    }

    fn row<T: Scalar>(&mut self, row: &[T]) {
        if let (Some(bytes), true) = (bytes_of(row), self.values.is_none()) {
            return self.mask_row(bytes);
        }
        let zero = T::default();
        let mut x = 0;
        while x < row.len() {
            let value = row[x];
            if (value == zero) != (self.rule.of == Of::Zero) {
                x += 1;
                continue;
            }
            let any = self.rule.of == Of::NotZero || self.rule.of == Of::EachValue && self.values.is_none();
            let same = |v: &T| if any { *v != zero } else { *v == value };
            let end = x + row[x..].iter().position(|v| !same(v)).unwrap_or(row.len() - x);
            self.push(x as u32, end as u32, if any { 1 } else { value.to_i128() as u64 });
            x = end;
        }
    }

    /// A row of a mask: the places where voxels change, start and end in turn, are the set bits of a word beside itself.
    fn mask_row(&mut self, row: &[u8]) {
        // Four places are written at a time, those too many are written over.
        self.places.resize(row.len() + 64 + 4, 0);
        let (mut count, mut last) = (0, 0);
        for (w, word) in row.chunks(64).enumerate() {
            let full = if word.len() == 64 { u64::MAX } else { (1 << word.len()) - 1 };
            let bits = if self.rule.of == Of::Zero { !non_zero(word) & full } else { non_zero(word) };
            let mut changes = bits ^ (bits << 1 | last);
            last = bits >> 63;
            let end = count + changes.count_ones() as usize;
            while changes != 0 {
                for place in &mut self.places[count..count + 4] {
                    *place = (64 * w) as u32 + changes.trailing_zeros();
                    changes &= changes.wrapping_sub(1);
                }
                count += 4;
            }
            count = end;
        }
        // The last word's end, where it is the row's: in a shorter word it is a change like others.
        self.places[count] = row.len() as u32;
        count += last as usize;
        let (runs, from) = (self.places[..count].as_chunks::<2>().0, self.ends.len());
        self.ends.extend_from_slice(runs);
        self.union.0.extend(from as u32..self.ends.len() as u32);
    }

    #[inline]
    fn push(&mut self, x0: u32, x1: u32, value: u64) {
        self.union.0.push(self.ends.len() as u32);
        self.ends.push([x0, x1]);
        if let Some(values) = &mut self.values {
            values.push(value);
        }
    }

    /// Adds a run, as part of the one before where both touch and are of one value.
    fn push_joined(&mut self, x0: u32, x1: u32, value: u64) {
        let value = if self.rule.of == Of::NotZero { 1 } else { value };
        let begun = self.ends.len() > self.rows[self.rows.len() - 1] as usize;
        let same = self.values.as_ref().is_none_or(|v| v.last() == Some(&value));
        match self.ends.last_mut() {
            Some(last) if begun && same && last[1] == x0 => last[1] = x1,
            _ => self.push(x0, x1, value),
        }
    }

    /// Unites the row just read with those before it.
    fn end_row(&mut self) -> Result<()> {
        let (from, to) = (self.rows[self.rows.len() - 1], self.ends.len());
        if to >= u32::MAX as usize - 1 {
            return Err(Error::memory("more than 4294967294 runs in one part").help("give a part of the volume with --crop"));
        }
        let row = self.rows.len() - 1;
        self.rows.push(to as u32);
        if from as usize == to {
            return Ok(());
        }
        let (y, plane) = ((row % self.ny) as isize, row / self.ny);
        for (dz, dy, reach) in self.rule.before() {
            let inside = (0..self.ny as isize).contains(&(y + dy)) && (dz == 0 || plane > 0);
            if inside {
                let other = (row as isize + dz * self.ny as isize + dy) as usize;
                self.touch(self.rows[other] as usize..self.rows[other + 1] as usize, from as usize..to, reach);
            }
        }
        Ok(())
    }

    fn touch(&mut self, before: Range<usize>, now: Range<usize>, reach: u32) {
        let (ends, union) = (&self.ends, &mut self.union);
        let Some(values) = self.values.as_deref() else { return union.unite_rows(ends, before, now, reach) };
        pairs(
            |i| ends[i],
            before,
            |i| ends[i],
            now,
            reach,
            |a, b| {
                if values[a] == values[b] {
                    union.unite(a as u32, b as u32);
                }
            },
        );
    }

    /// The part: runs with component numbers of their own.
    pub fn close(self) -> Part {
        let (ids, count) = self.union.flatten();
        let values = self.values.map(|values| {
            let mut words = vec![0; 2 * count as usize];
            for (&id, &v) in ids.iter().zip(&values) {
                words[2 * id as usize] = v as u32;
                words[2 * id as usize + 1] = (v >> 32) as u32;
            }
            Words::Held(words)
        });
        let mut ends = self.ends;
        ends.shrink_to_fit();
        Part { z: self.z, rows: Words::Held(self.rows), ends: Words::Held(flat(ends)), ids: Words::Held(ids), values, count, lease: None }
    }
}

fn flat(ends: Vec<[u32; 2]>) -> Vec<u32> {
    ends.into_flattened()
}

fn bytes_of<T: Scalar>(row: &[T]) -> Option<&[u8]> {
    matches!(T::TYPE, isovox_volume::Type::U8 | isovox_volume::Type::I8).then(|| bytemuck::cast_slice(row))
}

/// Bit `i` says whether byte `i` of at most 64 is not zero.
#[inline]
fn non_zero(bytes: &[u8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let mut bits = 0;
    let mut eights = bytes.chunks_exact(8);
    for (i, eight) in eights.by_ref().enumerate() {
        let w = u64::from_le_bytes(eight.try_into().expect("chunks of eight"));
        // The top bit of each byte: set where the byte is not zero; the product gathers the eight into the top byte.
        let top = (((w & LOW) + LOW) | w) & !LOW;
        bits |= ((top >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
    }
    let done = bytes.len() / 8 * 8;
    for (i, &b) in eights.remainder().iter().enumerate() {
        bits |= u64::from(b != 0) << (done + i);
    }
    bits
}

/// Calls `meet` for each pair of runs of two rows that are at most `reach` voxels apart. Runs are `[start, end)` in order.
#[inline]
fn pairs(one: impl Fn(usize) -> [u32; 2], mut a: Range<usize>, two: impl Fn(usize) -> [u32; 2], mut b: Range<usize>, reach: u32, mut meet: impl FnMut(usize, usize)) {
    while !a.is_empty() && !b.is_empty() {
        let ([a0, a1], [b0, b1]) = (one(a.start), two(b.start));
        if a0 < b1 + reach && b0 < a1 + reach {
            meet(a.start, b.start);
        }
        // Where values abut, runs that end together may each touch the other's next one too.
        if a1 == b1 && b.len() > 1 && two(b.start + 1)[0] < a1 + reach {
            meet(a.start, b.start + 1);
        }
        if a1 <= b1 {
            a.start += 1;
        } else {
            b.start += 1;
        }
    }
}

/// Unites parts across their seams and numbers all components 1.. in raster order of first voxel.
pub fn join(parts: Vec<Arc<Part>>, rule: Rule, ny: usize) -> Result<Runs> {
    let mut offsets = vec![0usize];
    for part in &parts {
        offsets.push(offsets[offsets.len() - 1] + part.count as usize);
    }
    let total = offsets[parts.len()];
    if total >= u32::MAX as usize {
        return Err(Error::memory(format_args!("{total} objects")).expected("fewer than 4294967295").help("filter the mask first, or give a part of the volume with --crop"));
    }
    let mut union = Union((0..total as u32).collect());
    for p in 1..parts.len() {
        seam(&parts[p - 1], offsets[p - 1], &parts[p], offsets[p], rule, ny, &mut union);
    }
    let (mut numbers, count) = union.flatten();
    numbers.iter_mut().for_each(|n| *n += 1);
    Ok(Runs { parts, offsets, numbers: Arc::new(numbers), count, ny, lease: None })
}

fn seam(low: &Part, low_offset: usize, high: &Part, high_offset: usize, rule: Rule, ny: usize, union: &mut Union) {
    let last = (low.z.len() - 1) * ny;
    let range = |part: &Part, row: usize| part.rows[row] as usize..part.rows[row + 1] as usize;
    let end = |part: &Part, i: usize| [part.ends[2 * i], part.ends[2 * i + 1]];
    for (dz, dy, reach) in rule.before() {
        if dz == 0 {
            continue;
        }
        for y in 0..ny as isize {
            if !(0..ny as isize).contains(&(y + dy)) {
                continue;
            }
            let (below, above) = (range(low, last + (y + dy) as usize), range(high, y as usize));
            pairs(
                |i| end(low, i),
                below,
                |i| end(high, i),
                above,
                reach,
                |a, b| {
                    let (ca, cb) = (low.ids[a], high.ids[b]);
                    if low.value(ca) == high.value(cb) {
                        union.unite((low_offset + ca as usize) as u32, (high_offset + cb as usize) as u32);
                    }
                },
            );
        }
    }
}

/// Voxels of each component, by number (`[0]` stays 0).
pub fn voxels(runs: &Runs) -> Vec<u64> {
    let mut sizes = vec![0; runs.count as usize + 1];
    for (p, part) in runs.parts.iter().enumerate() {
        let numbers = runs.of_part(p);
        let mut own = vec![0u64; part.count as usize];
        for (end, &id) in part.ends.chunks_exact(2).zip(part.ids.iter()) {
            own[id as usize] += u64::from(end[1] - end[0]);
        }
        for (&number, n) in numbers.iter().zip(own) {
            sizes[number as usize] += n;
        }
        part.forget();
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mask: &[u8], shape: [usize; 3], connectivity: Connectivity, cut: usize, expect: &[u32]) {
        let [nz, ny, nx] = shape;
        let rule = Rule::new(Of::EachValue, connectivity);
        let parts = (0..nz).step_by(cut).map(|z| {
            let end = (z + cut).min(nz);
            let mut scan = Scan::new(rule, false, ny, z);
            scan.planes(&mask[z * ny * nx..end * ny * nx], nx).unwrap();
            Arc::new(scan.close())
        });
        let runs = join(parts.collect(), rule, ny).unwrap();
        let mut out = vec![0u32; mask.len()];
        runs.paint(0..nz, nx, 0, |_, _, n| n, &mut out);
        assert_eq!(out, expect, "cut {cut}");
    }

    #[test]
    fn corners_connect_only_at_26() {
        let mask = [1, 0, 0, 0, 0, 0, 0, 1];
        for cut in [1, 2] {
            check(&mask, [2, 2, 2], Connectivity::Corners, cut, &[1, 0, 0, 0, 0, 0, 0, 1]);
            check(&mask, [2, 2, 2], Connectivity::Edges, cut, &[1, 0, 0, 0, 0, 0, 0, 2]);
            check(&[1, 0, 0, 1], [1, 2, 2], Connectivity::Edges, cut, &[1, 0, 0, 1]);
            check(&[1, 0, 0, 1], [1, 2, 2], Connectivity::Faces, cut, &[1, 0, 0, 2]);
            check(&[1, 0, 0, 1], [2, 1, 2], Connectivity::Edges, cut, &[1, 0, 0, 1]);
        }
    }

    #[test]
    fn ids_follow_the_first_voxel() {
        // A fork that joins late: the first row's two runs are one object.
        check(&[1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1], [1, 3, 5], Connectivity::Faces, 1, &[1, 0, 1, 0, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 3]);
    }

    #[test]
    fn bits_of_bytes() {
        let mut bytes = [0u8; 64];
        for i in [0, 3, 8, 31, 63] {
            bytes[i] = if i % 2 == 0 { 1 } else { 0x80 };
        }
        assert_eq!(non_zero(&bytes), 1 | 1 << 3 | 1 << 8 | 1 << 31 | 1 << 63);
        assert_eq!(non_zero(&[0, 5, 0]), 2);
    }

    #[test]
    fn long_rows_of_a_mask_cut_at_words() {
        for n in [63usize, 64, 65, 128, 130, 200] {
            let row: Vec<u8> = (0..n).map(|x| u8::from(!(x == 3 || x == 64 || x == 127))).collect();
            let mut scan = Scan::new(Rule::new(Of::EachValue, Connectivity::Faces), false, 1, 0);
            scan.planes(&row, n).unwrap();
            let part = scan.close();
            let painted: Vec<u8> = (0..n as u32).map(|x| u8::from(part.row(0).any(|(a, b, _)| (a..b).contains(&x)))).collect();
            assert_eq!(painted, row, "{n}");
        }
    }
}
