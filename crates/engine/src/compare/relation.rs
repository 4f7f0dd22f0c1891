//! How one volume follows from another: axes exchanged and reversed, shifts, grids that were mistaken.

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

/// Voxels that a relation must hold for before all are looked at.
const SOME: usize = 1999;

const NAMES: [&str; 3] = ["x", "y", "z"];

/// Looks for a relation of values of volumes that differ.
pub(crate) fn of_values(run: &Run, a: &Arc<dyn Source>, b: &Arc<dyn Source>) -> Result<Looked> {
    let (one, other) = (a.header(), b.header());
    if one.voxel != other.voxel || one.frames.count != 1 || other.frames.count != 1 {
        return Ok(Looked::None);
    }
    let mut sides = [one.shape, other.shape];
    sides.iter_mut().for_each(|s| s.sort_unstable());
    if sides[0] != sides[1] {
        return Ok(Looked::None);
    }
    // Volumes in memory and what sweeps them.
    if one.bytes().saturating_add(other.bytes()) > run.free() / 4 * 3 {
        return Ok(Looked::Unknown(format!("how the values are related was not looked for: both volumes ({} bytes) do not fit the memory", one.bytes() + other.bytes())));
    }
    let (a, b) = (collect(run, a.as_ref(), "compare")?, collect(run, b.as_ref(), "compare")?);
    let pair = Pair::new(a.volume(), b.volume());
    let turn = turns().into_iter().skip(1).find(|t| pair.turned(t)).map(|t| named(&t));
    let found = turn.or_else(|| pair.shifts().map(shifted));
    Ok(found.map_or(Looked::None, |what| Looked::Found(format!("B is A {what}"))))
}

/// All turns, the plainest first.
fn turns() -> Vec<Turn> {
    let orders = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]];
    let mut backs: Vec<[bool; 3]> = (0..8).map(|b| [b & 1 == 1, b & 2 == 2, b & 4 == 4]).collect();
    backs.sort_by_key(|b| b.iter().filter(|v| **v).count());
    orders.iter().flat_map(|&from| backs.iter().map(move |&back| Turn { from, back })).collect()
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
    let parts: Vec<String> = (0..3).filter(|&a| by[a] != 0).map(|a| format!("{} voxels in {}", by[a], NAMES[a])).collect();
    format!("shifted by {}", parts.join(", "))
}

/// Two volumes of one type in memory.
struct Pair<'a> {
    a: &'a [u8],
    b: &'a [u8],
    width: usize,
    /// Voxels along x, y, z.
    from: [usize; 3],
    to: [usize; 3],
}

impl<'a> Pair<'a> {
    fn new(a: &'a Volume, b: &'a Volume) -> Pair<'a> {
        let sides = |h: &Header| [h.nx(), h.ny(), h.nz()];
        Pair { a: a.data().bytes(), b: b.data().bytes(), width: a.header().voxel.bytes(), from: sides(a.header()), to: sides(b.header()) }
    }

    fn voxel(&self, bytes: &'a [u8], sides: [usize; 3], [x, y, z]: [usize; 3]) -> &'a [u8] {
        let at = ((z * sides[1] + y) * sides[0] + x) * self.width;
        &bytes[at..at + self.width]
    }

    fn index(&self, i: usize) -> [usize; 3] {
        [i % self.to[0], i / self.to[0] % self.to[1], i / (self.to[0] * self.to[1])]
    }

    /// Whether each voxel of B that has a voxel of A is like it: some first, then all.
    fn holds(&self, source: impl Fn([usize; 3]) -> Option<[usize; 3]>) -> bool {
        let count: usize = self.to.iter().product();
        let like = |i: usize| source(self.index(i)).is_none_or(|from| self.voxel(self.b, self.to, self.index(i)) == self.voxel(self.a, self.from, from));
        (0..count).step_by((count / SOME).max(1)).all(like) && (0..count).all(like)
    }

    fn turned(&self, turn: &Turn) -> bool {
        let fits = (0..3).all(|a| self.to[a] == self.from[turn.from[a]]);
        fits && self.holds(|to| {
            let mut from = [0; 3];
            for a in 0..3 {
                from[turn.from[a]] = if turn.back[a] { self.to[a] - 1 - to[a] } else { to[a] };
            }
            Some(from)
        })
    }

    /// The shift by whole voxels that makes B of A, as far as they overlap; the shortest.
    fn shifts(&self) -> Option<[isize; 3]> {
        if self.from != self.to {
            return None;
        }
        let reach = |a: usize| FAR.min(self.to[a] as isize / 2);
        let mut list: Vec<[isize; 3]> = Vec::new();
        for z in -reach(2)..=reach(2) {
            for y in -reach(1)..=reach(1) {
                list.extend((-reach(0)..=reach(0)).map(|x| [x, y, z]));
            }
        }
        list.sort_by_key(|by| by.iter().map(|v| v * v).sum::<isize>());
        list.into_iter().skip(1).find(|by| self.holds(|to| self.before(to, *by)) && self.varied(*by))
    }

    fn before(&self, to: [usize; 3], by: [isize; 3]) -> Option<[usize; 3]> {
        let from: [isize; 3] = std::array::from_fn(|a| to[a] as isize - by[a]);
        (0..3).all(|a| (0..self.from[a] as isize).contains(&from[a])).then(|| from.map(|v| v as usize))
    }

    /// Whether what overlaps is more than one value.
    fn varied(&self, by: [isize; 3]) -> bool {
        let mut seen = (0..self.to.iter().product()).map(|i| self.index(i)).filter(|to| self.before(*to, by).is_some()).map(|to| self.voxel(self.b, self.to, to));
        seen.next().is_some_and(|first| seen.any(|v| v != first))
    }
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
    let turn = turns().into_iter().skip(1).find(|t| turned_shape(t, a) == b.shape && near(t, a, &step))?;
    Some(format!("the grid of B is that of A {}: each voxel stays where it is", named(&turn)))
}

/// The shape of a turned volume.
fn turned_shape(turn: &Turn, a: &Header) -> [usize; 3] {
    let sides = [a.nx(), a.ny(), a.nz()];
    let [x, y, z] = turn.from.map(|axis| sides[axis]);
    [z, y, x]
}

/// Whether an affine from B's indices to A's is a turn's.
fn near(turn: &Turn, a: &Header, step: &Affine) -> bool {
    let sides = [a.nx(), a.ny(), a.nz()];
    (0..3).all(|out| {
        let axis = turn.from[out];
        let sign = if turn.back[out] { -1.0 } else { 1.0 };
        let first = if turn.back[out] { (sides[axis] - 1) as f64 } else { 0.0 };
        (0..3).all(|c| (step[axis][c] - if c == out { sign } else { 0.0 }).abs() < 1e-4) && (step[axis][3] - first).abs() < 1e-3
    })
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
                format!("{whole} voxels")
            } else {
                format!("{:.3} voxels", shift[a])
            };
            (size, a)
        })
        .map(|(size, a)| format!("{size} from A in {}", NAMES[a]))
        .collect();
    (!parts.is_empty()).then(|| format!("B lies {}", parts.join(", ")))
}
