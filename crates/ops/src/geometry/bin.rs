//! Blocks of voxels as one.

use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::{Error, Extent, Header, Numbers, QuantityKind, Result, Scalar, Type, Voxel};

use crate::access::{Gather, Held, OnGrid};
use crate::blocks;

/// Make each block of voxels one voxel: its mean, or of masks and labels what most of its voxels are.
///
/// Blocks begin at the first voxel; at the far faces a block may hold fewer. Means of integers are rounded, halves to even,
/// and means leave out what is not finite; among values of a mask or of labels that are equally many, the least wins. The
/// spacing grows by the factor, and each voxel stays where the centre of its block is. Shape: `[z, y, x]` to `[ceil(z / factor), ..]`, of the same type. Colour is refused.
/// Equal to `skimage.measure.block_reduce(image, factor, numpy.mean)` where the shape is a multiple of the factor.
#[derive(Op)]
#[op(access = Gather, input = Scalar, output = SameType, example = "isovox bin scan.tif -o small.tif --factor 2")]
pub struct Bin {
    /// Sides of a block along x, y, z; one number is all three.
    #[op(unit = "voxel", range = 1..=1024, default = Extent::cube(2))]
    pub factor: Extent,
}

/// Blocks of a volume.
pub struct Binned {
    /// Sides of a block along x, y, z.
    sides: [usize; 3],
    input: Header,
}

impl Gather for Bin {
    type Plan = Binned;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Binned)> {
        let input = inputs[0];
        if input.voxel == Type::Rgb8 {
            return Err(Error::unsupported("bin of a colour volume").expected("numbers"));
        }
        input.even()?;
        let sides = [self.factor.x, self.factor.y, self.factor.z];
        Ok((blocks::header(input, sides)?, Binned { sides, input: input.clone() }))
    }
}

impl OnGrid for Binned {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        z.start * self.sides[2]..(z.end * self.sides[2]).min(self.input.nz())
    }

    fn copies(&self) -> bool {
        false
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        T::numbers(Planes { of: self, first: held.z.start, z }, held.voxels, out);
    }
}

/// Planes of blocks.
struct Planes<'a> {
    of: &'a Binned,
    /// The first plane that is there.
    first: usize,
    z: Range<usize>,
}

impl Numbers for Planes<'_> {
    fn fill<S: Scalar>(self, voxels: &[S], out: &mut [S]) {
        let Planes { of: Binned { sides: [fx, fy, fz], input }, first, z } = self;
        let (fx, fy, fz) = (*fx, *fy, *fz);
        let (nx, ny) = (input.nx(), input.ny());
        let kinds = matches!(input.quantity.kind, QuantityKind::Mask | QuantityKind::Label);
        for ((z, y), out) in z.flat_map(|z| (0..ny.div_ceil(fy)).map(move |y| (z, y))).zip(out.chunks_exact_mut(nx.div_ceil(fx))) {
            let planes = z * fz..((z + 1) * fz).min(input.nz());
            let rows = planes.flat_map(|z| (y * fy..((y + 1) * fy).min(ny)).map(move |y| (z, y)));
            let rows: Vec<&[S]> = rows.map(|(z, y)| &voxels[((z - first) * ny + y) * nx..][..nx]).collect();
            blocks::row(&rows, fx, kinds, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{Geometry, Quantity};

    #[track_caller]
    fn check(kind: QuantityKind, shape: [usize; 3], factor: Extent, voxels: &[u8], expect: &[u8]) -> Header {
        let mut header = Header::new(shape, 1, Type::U8).expect("a header").like(Type::U8, Quantity::certain(kind, "a test"));
        header.geometry = Geometry::local([0.5, 1.0, 2.0]).expect("a geometry");
        let op = Bin { factor };
        let (small, plan) = Gather::plan(&op, &[&header]).expect("a plan");
        let mut out = vec![9; small.voxels()];
        let held = Held { z: 0..shape[0], own: 0..shape[0], voxels, range: None };
        plan.planes(&mut (), &held, 0..small.nz(), &mut out);
        assert_eq!(out, expect);
        small
    }

    #[test]
    fn means_round_halves_to_even() {
        let flat = Extent { x: 2, y: 1, z: 1 };
        check(QuantityKind::Stored, [1, 1, 7], flat, &[0, 1, 1, 2, 3, 4, 200], &[0, 2, 4, 200]);
    }

    #[test]
    fn what_most_voxels_are_and_the_least_of_equals() {
        let block = [7, 7, 3, 3, 0, 0, 0, 9];
        check(QuantityKind::Label, [2, 2, 2], Extent::cube(2), &block, &[0]);
        check(QuantityKind::Mask, [1, 2, 2], Extent::cube(2), &[1, 1, 0, 0], &[0]);
    }

    #[test]
    fn voxels_stay_in_the_middle_of_their_blocks() {
        let small = check(QuantityKind::Stored, [2, 2, 2], Extent::cube(2), &[8; 8], &[8]);
        assert_eq!(small.geometry.spacing(), Some([1.0, 2.0, 4.0]));
        assert_eq!(small.geometry.origin(), Some([0.25, 0.5, 1.0]));
    }
}
