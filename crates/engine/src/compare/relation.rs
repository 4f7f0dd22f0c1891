//! How one volume follows from another: axes exchanged and reversed, shifts, grids that were mistaken.

use std::ops::Range;
use std::sync::Arc;

use isovox_ops::geometry::turn::Turn;
use isovox_volume::affine::{Affine, product, zoom};
use isovox_volume::{Header, Result, Run, Source, Volume};

use crate::collect::collect;

/// What came of looking.
pub(crate) enum Looked {
    Found(String),
    None,
    /// Why nothing was looked for.
    Unknown(String),
}

/// Whole voxels up to which shifts are looked for.
const FAR: isize = 4;

/// Voxels of a kind that a relation must hold for before all are looked at.
const SOME: usize = 1999;

const NAMES: [&str; 3] = ["x", "y", "z"];

/// Looks for a relation of values of volumes that differ.
pub(crate) fn of_values(run: &Run, a: &Arc<dyn Source>, b: &Arc<dyn Source>) -> Result<Looked> {
    let (one, other) = (a.header(), b.header());
    let mut sides = [one.shape, other.shape];
    sides.iter_mut().for_each(|s| s.sort_unstable());
    if sides[0] != sides[1] {
        return Ok(Looked::None);
    }
    if one.voxel != other.voxel || one.frames.count != 1 || other.frames.count != 1 {
        let why = if one.voxel == other.voxel { "there are several frames: --frame 0 compares the first" } else { "their types differ: cast one of them" };
        return Ok(Looked::Unknown(format!("how the values are related was not looked for: {why}")));
    }
    // Volumes in memory and what sweeps them.
    if one.bytes().saturating_add(other.bytes()) > run.free() / 4 * 3 {
        return Ok(Looked::Unknown(format!("how the values are related was not looked for: both volumes ({} bytes) do not fit the memory", one.bytes() + other.bytes())));
    }
    let (a, b) = (collect(run, a.as_ref(), "compare")?, collect(run, b.as_ref(), "compare")?);
    let pair = Pair::new(a.volume(), b.volume());
    let found = match pair.turned(run)? {
        Some(turn) => Some(named(&turn)),
        None => pair.shifts(run)?.map(shifted),
    };
    Ok(found.map_or(Looked::None, |what| Looked::Found(format!("B is A {what}"))))
}

fn named(turn: &Turn) -> String {
    let moved: Vec<usize> = (0..3).filter(|&a| turn.from[a] != a).collect();
    let flips: Vec<&str> = (0..3).filter(|&a| turn.back[a]).map(|a| NAMES[a]).collect();
    let order = turn.from.map(|a| NAMES[a]).join(", ");
    let exchange = match moved[..] {
        [] => None,
        [p, q] => Some(format!("with axes {} and {} swapped", NAMES[p], NAMES[q])),
        _ => Some(format!("with axes {order} as x, y, z")),
    };
    let flip = (!flips.is_empty()).then(|| format!("flipped in {}", flips.join(" and ")));
    exchange.into_iter().chain(flip).collect::<Vec<_>>().join(", ")
}

fn shifted(by: [isize; 3]) -> String {
    let parts: Vec<String> = (0..3).filter(|&a| by[a] != 0).map(|a| format!("{} in {}", voxels(by[a] as f64), NAMES[a])).collect();
    format!("shifted by {}", parts.join(", "))
}

/// A way from voxels of B to voxels of A: `(x, y, z)` to the voxel `first + x steps[0] + y steps[1] + z steps[2]` in memory.
struct Way {
    first: isize,
    steps: [isize; 3],
    /// The part of B that it leads from, along x, y, z.
    part: [Range<usize>; 3],
}

impl Way {
    fn turn(turn: &Turn, from: [usize; 3]) -> Way {
        let strides = [1, from[0] as isize, (from[0] * from[1]) as isize];
        let affine = turn.affine(from);
        let first = (0..3).map(|a| affine[a][3] as isize * strides[a]).sum();
        let steps = std::array::from_fn(|out| if turn.back[out] { -strides[turn.from[out]] } else { strides[turn.from[out]] });
        Way { first, steps, part: turn.sides(from).map(|n| 0..n) }
    }

    fn shift(by: [isize; 3], sides: [usize; 3]) -> Way {
        let steps = [1, sides[0] as isize, (sides[0] * sides[1]) as isize];
        let part = std::array::from_fn(|a| by[a].max(0) as usize..(sides[a] as isize + by[a].min(0)) as usize);
        Way { first: (0..3).map(|a| -by[a] * steps[a]).sum(), steps, part }
    }

    fn to(&self, [x, y, z]: [usize; 3]) -> usize {
        (self.first + x as isize * self.steps[0] + y as isize * self.steps[1] + z as isize * self.steps[2]) as usize
    }
}

/// Two volumes of one type in memory.
struct Pair<'a> {
    a: &'a [u8],
    b: &'a [u8],
    width: usize,
    /// Voxels along x, y, z.
    from: [usize; 3],
    to: [usize; 3],
    /// Voxels of B that tell ways apart.
    some: Vec<usize>,
}

impl<'a> Pair<'a> {
    fn new(a: &'a Volume, b: &'a Volume) -> Pair<'a> {
        let sides = |h: &Header| [h.nx(), h.ny(), h.nz()];
        let (from, to) = (sides(a.header()), sides(b.header()));
        let mut pair = Pair { a: a.data().bytes(), b: b.data().bytes(), width: b.header().voxel.bytes(), from, to, some: Vec::new() };
        let count = b.header().voxels();
        let differ = |i: &usize| from == to && pair.voxel(pair.a, *i) != pair.voxel(pair.b, *i);
        let edges = |i: &usize| *i > 0 && pair.voxel(pair.b, *i) != pair.voxel(pair.b, i - 1);
        pair.some = [spread(count, differ), spread(count, edges)].concat();
        pair
    }

    fn voxel(&self, bytes: &'a [u8], i: usize) -> &'a [u8] {
        &bytes[i * self.width..][..self.width]
    }

    fn index(&self, i: usize) -> [usize; 3] {
        [i % self.to[0], i / self.to[0] % self.to[1], i / (self.to[0] * self.to[1])]
    }

    /// Whether each voxel of B that a way leads from is like that of A: some first, then all.
    fn holds(&self, run: &Run, way: &Way) -> Result<bool> {
        run.check()?;
        let within = |i: &usize| self.index(*i).iter().zip(&way.part).all(|(v, part)| part.contains(v));
        if self.some.iter().filter(|i| within(i)).any(|&i| self.voxel(self.b, i) != self.voxel(self.a, way.to(self.index(i)))) {
            return Ok(false);
        }
        let [x, y, z] = &way.part;
        for z in z.clone() {
            run.check()?;
            for y in y.clone() {
                let row = &self.b[((z * self.to[1] + y) * self.to[0] + x.start) * self.width..][..x.len() * self.width];
                if !self.row(row, way.to([x.start, y, z]), way.steps[0]) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether a row is like voxels of A, from one of them on by steps.
    fn row(&self, row: &[u8], first: usize, step: isize) -> bool {
        match self.width {
            _ if step == 1 => row == &self.a[first * self.width..][..row.len()],
            1 => like::<1>(row, self.a, first, step),
            2 => like::<2>(row, self.a, first, step),
            3 => like::<3>(row, self.a, first, step),
            4 => like::<4>(row, self.a, first, step),
            _ => like::<8>(row, self.a, first, step),
        }
    }

    /// The first turn that makes B of A, the plainest first.
    fn turned(&self, run: &Run) -> Result<Option<Turn>> {
        for turn in Turn::all().into_iter().skip(1).filter(|t| t.sides(self.from) == self.to) {
            if self.holds(run, &Way::turn(&turn, self.from))? {
                return Ok(Some(turn));
            }
        }
        Ok(None)
    }

    /// The shift by whole voxels that makes B of A, as far as they overlap; the shortest.
    fn shifts(&self, run: &Run) -> Result<Option<[isize; 3]>> {
        if self.from != self.to {
            return Ok(None);
        }
        let reach = |a: usize| FAR.min(self.to[a] as isize / 2);
        let mut list: Vec<[isize; 3]> = Vec::new();
        for z in -reach(2)..=reach(2) {
            for y in -reach(1)..=reach(1) {
                list.extend((-reach(0)..=reach(0)).map(|x| [x, y, z]));
            }
        }
        list.sort_by_key(|by| by.iter().map(|v| v * v).sum::<isize>());
        for by in list.into_iter().skip(1) {
            let way = Way::shift(by, self.to);
            if self.holds(run, &way)? && self.varied(&way.part) {
                return Ok(Some(by));
            }
        }
        Ok(None)
    }

    /// Whether a part of B is more than one value.
    fn varied(&self, [x, y, z]: &[Range<usize>; 3]) -> bool {
        let at = |x: usize, y: usize, z: usize| self.voxel(self.b, (z * self.to[1] + y) * self.to[0] + x);
        let first = at(x.start, y.start, z.start);
        z.clone().any(|z| y.clone().any(|y| x.clone().any(|x| at(x, y, z) != first)))
    }
}

/// Some of the numbers below `count` that are meant, evenly spread among them.
fn spread(count: usize, meant: impl Fn(&usize) -> bool) -> Vec<usize> {
    let all = (0..count).filter(&meant).count();
    (0..count).filter(meant).step_by((all / SOME).max(1)).collect()
}

/// Whether a row of voxels of `W` bytes is like others, from one on by steps.
fn like<const W: usize>(row: &[u8], others: &[u8], first: usize, step: isize) -> bool {
    let (row, others) = (row.as_chunks::<W>().0, others.as_chunks::<W>().0);
    row.iter().enumerate().all(|(i, v)| *v == others[(first as isize + i as isize * step) as usize])
}

/// How the grids of two volumes are related, where that has a name.
pub(crate) fn of_grids(a: &Header, b: &Header) -> Option<String> {
    let (one, other) = (a.geometry.affine()?, b.geometry.affine()?);
    let same = |p: &Affine, q: &Affine| p.iter().flatten().zip(q.iter().flatten()).all(|(p, q)| (p - q).abs() <= 1e-4 * (1.0 + p.abs().max(q.abs())));
    if same(&product(&zoom([-1.0, -1.0, 1.0]), one), other) && one != other {
        return Some("the world of B is that of A with x and y negated: LPS was taken for RAS, or RAS for LPS".into());
    }
    let step = product(&a.geometry.back(), other);
    let linear = |f: f64| (0..3).all(|r| (0..3).all(|c| (step[r][c] - if r == c { f } else { 0.0 }).abs() < 1e-4 * f.abs()));
    let shift: [f64; 3] = std::array::from_fn(|r| step[r][3]);
    if linear(1.0) {
        return lies(shift);
    }
    let factor = step[0][0];
    if factor > 0.0 && linear(factor) {
        return Some(format!("the spacing of B is {} times that of A", (factor * 1e6).round() / 1e6));
    }
    let sides = |h: &Header| [h.nx(), h.ny(), h.nz()];
    let turn = Turn::all().into_iter().skip(1).find(|t| t.sides(sides(a)) == sides(b) && near(&t.affine(sides(a)), &step))?;
    Some(format!("the grid of B is that of A {}: each voxel stays where it is", named(&turn)))
}

/// Whether an affine between indices is another, to a thousandth of a voxel.
fn near(a: &Affine, b: &Affine) -> bool {
    (0..3).all(|r| (0..4).all(|c| (a[r][c] - b[r][c]).abs() < if c < 3 { 1e-4 } else { 1e-3 }))
}

/// A number of voxels, in words.
fn voxels(n: f64) -> String {
    format!("{n} voxel{}", if n.abs() == 1.0 { "" } else { "s" })
}

/// A shift in voxels, in words.
fn lies(shift: [f64; 3]) -> Option<String> {
    let parts: Vec<String> = (0..3)
        .filter(|&a| shift[a].abs() > 1e-3)
        .map(|a| {
            let whole = shift[a].round();
            let size = if (shift[a].abs() - 0.5).abs() < 1e-3 {
                "half a voxel".to_string()
            } else if (shift[a] - whole).abs() < 1e-3 {
                voxels(whole)
            } else {
                format!("{:.3} voxels", shift[a])
            };
            (size, a)
        })
        .map(|(size, a)| format!("{size} from A in {}", NAMES[a]))
        .collect();
    (!parts.is_empty()).then(|| format!("B lies {}", parts.join(", ")))
}
