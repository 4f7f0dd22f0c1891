//! Voxels added around a volume.

use std::ops::Range;

use isovox_macros::{Choice, Op};
use isovox_volume::affine::translation;
use isovox_volume::{Error, Header, Length, Result, Voxel};

use super::crop::sizes;
use super::grid::{fill, filling, regrid};
use crate::access::{Edge, Gather, Held, OnGrid};
use crate::spec::Lengths;

/// What is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Beyond {
    /// One value.
    Fill,
    /// The nearest voxel.
    Nearest,
    /// Mirrored at the face.
    Reflect,
    /// Mirrored at the outermost voxel.
    Mirror,
    /// The other side.
    Wrap,
}

/// Add voxels around a volume; every voxel keeps its place in the world.
///
/// The origin moves to the first voxel added. Lengths are rounded up to whole voxels. What is added is one value, unless
/// --beyond says otherwise: that of --fill, else air (-1024) in a volume of Hounsfield units, else 0. Shape: `[z, y, x]` to
/// `[before + z + after, ..]`, of the same type. Equal to `numpy.pad`.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox pad scan.tif -o wide.tif --before 2vox --after 5,5,0vox")]
pub struct Pad {
    /// Voxels added below the first along x, y, z.
    #[op(default = NONE, range = 0.0..=f64::MAX)]
    pub before: Lengths,
    /// Voxels added above the last along x, y, z.
    #[op(default = NONE, range = 0.0..=f64::MAX)]
    pub after: Lengths,
    /// The size to reach, with the volume in the middle (an odd rest goes above): `XxYxZ`.
    #[op(unit = "voxel")]
    pub to: Option<String>,
    /// What is added.
    #[op(default = Beyond::Fill)]
    pub beyond: Beyond,
    /// The value that is added.
    pub fill: Option<f64>,
}

const NONE: Lengths = Lengths([Length::Voxels(0.0); 3]);

/// Where the input lies in the padded volume.
pub struct Padded {
    /// Output voxels before the input's first, along x, y, z.
    before: [usize; 3],
    /// Input and output voxels along x, y, z.
    sides: [usize; 3],
    out: [usize; 3],
    edge: Option<Edge>,
    fill: f64,
}

impl Pad {
    /// Voxels added before and after, along x, y, z.
    fn added(&self, input: &Header) -> Result<[[usize; 2]; 3]> {
        let whole = |lengths: &Lengths| -> Result<[usize; 3]> { Ok(lengths.voxels(input.geometry.spacing())?.map(|v| (v - 1e-6).ceil().max(0.0) as usize)) };
        let (before, after) = (whole(&self.before)?, whole(&self.after)?);
        let Some(to) = &self.to else { return Ok(std::array::from_fn(|a| [before[a], after[a]])) };
        if (self.before, self.after) != (NONE, NONE) {
            return Err(Error::parameter("--to with --before or --after").expected("one of them"));
        }
        let (to, sides) = (sizes(to)?, [input.nx(), input.ny(), input.nz()]);
        if (0..3).any(|a| to[a] < sides[a]) {
            return Err(Error::parameter("--to").found(self.to.as_deref().unwrap_or_default()).expected(format_args!("at least {}", input.size())).help("crop makes it smaller"));
        }
        Ok(std::array::from_fn(|a| [(to[a] - sides[a]) / 2, (to[a] - sides[a]).div_ceil(2)]))
    }
}

impl Padded {
    /// The input index that stands at an output index; `None` for the fill.
    fn index(&self, axis: usize, at: usize) -> Option<usize> {
        let i = at as isize - self.before[axis] as isize;
        match self.edge {
            Some(edge) => edge.index(i, self.sides[axis]),
            None => usize::try_from(i).ok().filter(|i| *i < self.sides[axis]),
        }
    }

    /// A row: what lies before, within and after the input's.
    fn row<T: Voxel>(&self, from: &[T], out: &mut [T]) {
        let (before, nx) = (self.before[0], self.sides[0]);
        out[before..before + nx].copy_from_slice(from);
        for x in (0..before).chain(before + nx..out.len()) {
            out[x] = self.index(0, x).map_or_else(|| filling(self.fill), |i| from[i]);
        }
    }
}

impl Gather for Pad {
    type Plan = Padded;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Padded)> {
        let input = inputs[0];
        let (added, sides) = (self.added(input)?, [input.nx(), input.ny(), input.nz()]);
        let wide = || Error::parameter("the padded size").expected("a volume that can be addressed");
        let mut out = [0; 3];
        for a in 0..3 {
            out[a] = sides[a].checked_add(added[a][0]).and_then(|n| n.checked_add(added[a][1])).filter(|n| *n < isize::MAX as usize / 4).ok_or_else(wide)?;
        }
        let edge = match self.beyond {
            Beyond::Fill => None,
            Beyond::Nearest => Some(Edge::Nearest),
            Beyond::Reflect => Some(Edge::Reflect),
            Beyond::Mirror => Some(Edge::Mirror),
            Beyond::Wrap => Some(Edge::Wrap),
        };
        if edge.is_some() && self.fill.is_some() {
            return Err(Error::parameter("--fill with --beyond").expected("--fill alone, which adds one value"));
        }
        let before = added.map(|[before, _]| before);
        let header = regrid(input, [out[2], out[1], out[0]], &translation(before.map(|b| 0.0 - b as f64)))?;
        let fill = if edge.is_some() { 0.0 } else { fill(input, self.fill)? };
        Ok((header, Padded { before, sides, out, edge, fill }))
    }
}

impl OnGrid for Padded {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        let planes = || z.clone().filter_map(|z| self.index(2, z));
        planes().min().map_or(0..0, |first| first..planes().max().unwrap_or(first) + 1)
    }

    fn spread(&self) -> Option<usize> {
        // Beyond a face lies the other one: what stands between them is not needed at once.
        (self.edge == Some(Edge::Wrap) && self.out[2] > self.sides[2]).then_some(0)
    }

    fn copies(&self) -> bool {
        true
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        let [nx, ny, _] = self.sides;
        let lines = z.flat_map(|z| (0..self.out[1]).map(move |y| (z, y)));
        for ((z, y), out) in lines.zip(out.chunks_exact_mut(self.out[0])) {
            match (self.index(2, z), self.index(1, y)) {
                (Some(z), Some(y)) if held.own.contains(&z) => self.row(&held.voxels[((z - held.z.start) * ny + y) * nx..][..nx], out),
                // In a piece that is still to come.
                (Some(_), Some(_)) => {}
                _ => out.fill(filling(self.fill)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{Quantity, QuantityKind, Type};

    fn padded(before: Lengths, beyond: Beyond, kind: QuantityKind) -> (Header, Vec<i16>) {
        let mut header = Header::new([1, 1, 3], 1, Type::I16).unwrap();
        header.quantity = Quantity::certain(kind, "said");
        let op = Pad { before, after: Lengths([Length::Voxels(2.0), Length::Voxels(0.0), Length::Voxels(0.0)]), to: None, beyond, fill: None };
        let (out, plan) = op.plan(&[&header]).unwrap();
        let mut voxels = vec![0i16; out.voxels()];
        plan.planes(&mut (), &Held { z: 0..1, own: 0..1, voxels: &[1, 2, 3], range: None }, 0..out.nz(), &mut voxels);
        (out, voxels)
    }

    #[test]
    fn what_is_added_is_named() {
        let x = |v: f64| Lengths([Length::Voxels(v), Length::Voxels(0.0), Length::Voxels(0.0)]);
        assert_eq!(padded(x(1.0), Beyond::Fill, QuantityKind::Hu).1, [-1024, 1, 2, 3, -1024, -1024]);
        assert_eq!(padded(x(0.5), Beyond::Fill, QuantityKind::Stored).1, [0, 1, 2, 3, 0, 0]);
        assert_eq!(padded(x(2.0), Beyond::Mirror, QuantityKind::Stored).1, [3, 2, 1, 2, 3, 2, 1]);
        assert_eq!(padded(x(2.0), Beyond::Wrap, QuantityKind::Stored).1, [2, 3, 1, 2, 3, 1, 2]);
        assert_eq!(padded(Lengths([Length::Voxels(1.0); 3]), Beyond::Nearest, QuantityKind::Stored).0.shape, [2, 2, 6]);
    }
}
