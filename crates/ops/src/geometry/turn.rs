//! Index axes exchanged and reversed: every voxel keeps its value and its place in the world.

use std::ops::Range;

use isovox_volume::affine::Affine;
use isovox_volume::{Header, Result, Voxel};

use super::grid::regrid;
use crate::access::{Held, OnGrid};

/// Bytes of a side of the squares in which planes are turned: both sides' cache lines are used whole.
const LINES: usize = 128;

/// Which input axis each output axis (x, y, z) comes from, and whether it runs backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The input axis that each comes from.
    pub from: [usize; 3],
    /// Whether it runs backwards.
    pub back: [bool; 3],
}

/// A turn of a volume of a known size.
pub struct Turned {
    turn: Turn,
    /// Input voxels along x, y, z.
    sides: [usize; 3],
}

impl Turn {
    /// All 48, the plainest first.
    pub fn all() -> Vec<Turn> {
        let orders = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]];
        let mut backs: Vec<[bool; 3]> = (0..8).map(|b| [b & 1 == 1, b & 2 == 2, b & 4 == 4]).collect();
        backs.sort_by_key(|b| b.iter().filter(|v| **v).count());
        orders.iter().flat_map(|&from| backs.iter().map(move |&back| Turn { from, back })).collect()
    }

    /// Voxels along x, y, z of what has so many before it is turned.
    pub fn sides(&self, before: [usize; 3]) -> [usize; 3] {
        self.from.map(|axis| before[axis])
    }

    /// The affine from an index of the turned volume to one of what has so many voxels along x, y, z.
    pub fn affine(&self, before: [usize; 3]) -> Affine {
        let mut from: Affine = [[0.0; 4]; 4];
        from[3][3] = 1.0;
        for (out, &axis) in self.from.iter().enumerate() {
            from[axis][out] = if self.back[out] { -1.0 } else { 1.0 };
            from[axis][3] = if self.back[out] { (before[axis] - 1) as f64 } else { 0.0 };
        }
        from
    }

    /// The header of the turned volume, and the turn.
    pub(crate) fn plan(self, input: &Header) -> Result<(Header, Turned)> {
        let sides = [input.nx(), input.ny(), input.nz()];
        let [x, y, z] = self.sides(sides);
        Ok((regrid(input, [z, y, x], &self.affine(sides))?, Turned { turn: self, sides }))
    }
}

impl Turned {
    /// Output indices along an axis that come from input indices, or the other way round.
    fn mirrored(&self, out: usize, range: Range<usize>) -> Range<usize> {
        let n = self.sides[self.turn.from[out]];
        if self.turn.back[out] { n - range.end..n - range.start } else { range }
    }
}

impl OnGrid for Turned {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        if self.turn.from[2] == 2 { self.mirrored(2, z) } else { 0..self.sides[2] }
    }

    fn spread(&self) -> Option<usize> {
        (self.turn.from[2] != 2).then_some(0)
    }

    fn copies(&self) -> bool {
        true
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        let Turn { from, back } = self.turn;
        let sides = from.map(|axis| self.sides[axis]);
        let steps = [1, self.sides[0] as isize, (self.sides[0] * self.sides[1]) as isize];
        let strides: [isize; 3] = std::array::from_fn(|a| if back[a] { -steps[from[a]] } else { steps[from[a]] });
        let first: isize = (0..3).filter(|&a| back[a]).map(|a| (sides[a] as isize - 1) * steps[from[a]]).sum::<isize>() - held.z.start as isize * steps[2];
        let mut ranges = [0..sides[0], 0..sides[1], z.clone()];
        let deep = from.iter().position(|&axis| axis == 2).expect("three axes");
        if deep != 2 {
            ranges[deep] = self.mirrored(deep, held.own.clone());
        }
        let copy = Copy { from: held.voxels, first, strides, row: sides[0], plane: sides[0] * sides[1], z: z.start };
        if strides[0].abs() == 1 { copy.rows(&ranges, out) } else { copy.tiles(&ranges, out) }
    }
}

/// Voxels `first + x strides[0] + y strides[1] + z strides[2]` of the input to `[z, y, x]` of the output.
struct Copy<'a, T> {
    from: &'a [T],
    first: isize,
    strides: [isize; 3],
    row: usize,
    plane: usize,
    /// The first plane of the output's memory.
    z: usize,
}

impl<T: Voxel> Copy<'_, T> {
    fn at(&self, x: usize, y: usize, z: usize) -> usize {
        let [sx, sy, sz] = self.strides;
        (self.first + x as isize * sx + y as isize * sy + z as isize * sz) as usize
    }

    fn to(&self, x: usize, y: usize, z: usize) -> usize {
        (z - self.z) * self.plane + y * self.row + x
    }

    /// Rows that stay rows.
    fn rows(&self, [x, y, z]: &[Range<usize>; 3], out: &mut [T]) {
        for (z, y) in z.clone().flat_map(|z| y.clone().map(move |y| (z, y))) {
            let to = &mut out[self.to(x.start, y, z)..][..x.len()];
            if self.strides[0] == 1 {
                to.copy_from_slice(&self.from[self.at(x.start, y, z)..][..x.len()]);
            } else {
                let from = &self.from[self.at(x.end - 1, y, z)..][..x.len()];
                to.iter_mut().zip(from.iter().rev()).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// Rows that become columns: squares of output x and of the axis along which the input runs.
    fn tiles(&self, [x, y, z]: &[Range<usize>; 3], out: &mut [T]) {
        let upright = self.strides[2].abs() == 1;
        let (rest, run) = if upright { (y, z) } else { (z, y) };
        let side = (LINES / size_of::<T>()).clamp(16, 64);
        let mut square = vec![T::default(); side * side];
        for r in rest.clone() {
            for r0 in run.clone().step_by(side) {
                let run = r0..(r0 + side).min(run.end);
                for x0 in x.clone().step_by(side) {
                    let x = x0..(x0 + side).min(x.end);
                    self.tile(x, run.clone(), r, upright, &mut square, out);
                }
            }
        }
    }

    /// Through a square that stays in the cache: planes of a power of two of bytes, read a voxel each in turn, would put each
    /// other out of it.
    fn tile(&self, x: Range<usize>, run: Range<usize>, rest: usize, upright: bool, square: &mut [T], out: &mut [T]) {
        let side = square.len().isqrt();
        let place = |u: usize| if upright { [rest, u] } else { [u, rest] };
        for (x, line) in x.clone().zip(square.chunks_exact_mut(side)) {
            let [first, last] = [run.start, run.end - 1].map(|u| self.at(x, place(u)[0], place(u)[1]));
            let from = &self.from[first.min(last)..][..run.len()];
            if first <= last {
                line[..run.len()].copy_from_slice(from);
            } else {
                line.iter_mut().zip(from.iter().rev()).for_each(|(to, from)| *to = *from);
            }
        }
        for (column, u) in run.enumerate() {
            let to = &mut out[self.to(x.start, place(u)[0], place(u)[1])..][..x.len()];
            to.iter_mut().zip(square[column..].iter().step_by(side)).for_each(|(to, from)| *to = *from);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use isovox_volume::{Geometry, Space, Type};

    pub(crate) fn oblique() -> Header {
        let mut header = Header::new([5, 40, 37], 1, Type::U16).unwrap();
        let tilted = [[0.8, -0.6, 0.02, 7.0], [0.6, 0.8, 0.1, -3.0], [0.0, 0.0, 2.5, 11.0], [0.0, 0.0, 0.0, 1.0]];
        header.geometry = Geometry::new(Space::Patient, tilted).unwrap();
        header
    }

    #[test]
    fn values_and_places_stay_together() {
        let input = oblique();
        let voxels: Vec<u16> = (0..input.voxels()).map(|i| i as u16).collect();
        for turn in Turn::all() {
            let (header, turned) = turn.plan(&input).unwrap();
            let mut out = vec![0u16; header.voxels()];
            // In pieces, where the region may come in pieces.
            let cut = if turned.spread().is_some() { 2 } else { 5 };
            for own in [0..cut, cut..5].into_iter().filter(|own| !own.is_empty()) {
                let held = Held { z: own.clone(), own: own.clone(), voxels: &voxels[own.start * input.plane()..own.end * input.plane()], range: None };
                turned.planes(&mut (), &held, 0..header.nz(), &mut out);
            }
            for (at, &value) in out.iter().enumerate().step_by(7) {
                let place = |h: &Header, i: usize| h.geometry.point([i % h.nx(), i / h.nx() % h.ny(), i / h.plane()].map(|v| v as f64));
                let (here, there) = (place(&header, at), place(&input, value as usize));
                assert!((0..3).all(|r| (here[r] - there[r]).abs() < 1e-9), "{turn:?}, voxel {at}: {here:?} {there:?}");
            }
        }
    }
}
