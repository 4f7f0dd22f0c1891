//! Holes of masks.

use isovox_macros::Op;
use isovox_volume::{Certainty, Error, Header, QuantityKind, Result, Runs, Size, Type};

use crate::access::{Join, Paint, integers, same_grid};
use crate::components::{Connectivity, Of, Rule, voxels};
use crate::morphology::faces::Faces;

/// Fill the holes of a mask: what is 0 and not connected to a face of the volume becomes 1.
///
/// The background connects the other way than the mask: through faces alone where the mask connects through edges or
/// corners (26, 18), through corners too where the mask connects through faces alone (6). With --per-slice holes are
/// those of each slice, and its four sides are the faces. All values other than 0 are the mask. Shape: `[z, y, x]` to the
/// same, 0 or 1 (u8). Equal to `scipy.ndimage.binary_fill_holes`, bit for bit (its default is 26; a structure of ones is 6).
#[derive(Op)]
#[op(access = Join, input = Mask, output = Mask, example = "isovox fill-holes mask.tif -o solid.tif --max 500vox")]
pub struct FillHoles {
    /// The greatest hole that is filled: voxels (10vox) or a volume (5um3, 0.2mm3); all when left out.
    pub max: Option<Size>,
    /// Which neighbours connect the mask: 6 faces, 18 edges too, 26 corners too.
    #[op(default = Connectivity::Corners)]
    pub connectivity: Connectivity,
    /// Look at each slice by itself.
    #[op(default = false)]
    pub per_slice: bool,
}

impl FillHoles {
    fn most(&self, input: &Header) -> Result<u64> {
        self.max.map_or(Ok(u64::MAX), |max| max.voxels_within(input.geometry.voxel_mm3()))
    }
}

impl Join for FillHoles {
    fn rule(&self) -> Rule {
        Rule { of: Of::Zero, connectivity: self.connectivity.complement(), per_slice: self.per_slice }
    }

    fn paint(&self) -> Paint {
        Paint::Filled
    }

    fn header(&self, input: &Header) -> Result<Header> {
        integers("fill-holes", input)?;
        if input.quantity.kind == QuantityKind::Label && input.quantity.certain == Certainty::Certain {
            return Err(Error::unsupported("fill-holes of labels").expected("a mask").help("threshold --lower 1 makes one, label numbers its objects again"));
        }
        self.most(input)?;
        Ok(same_grid(input, Type::U8, Some(QuantityKind::Mask), "a mask without holes"))
    }

    fn numbers(&self, input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>> {
        let faces = if self.per_slice { Faces::OF_SLICES } else { Faces::ALL };
        let mut holes: Vec<u32> = faces.touching(runs, input.nz(), input.nx()).into_iter().map(|touches| u32::from(!touches)).collect();
        if self.max.is_some() {
            let most = self.most(input)?;
            holes.iter_mut().zip(voxels(runs)).for_each(|(hole, size)| *hole &= u32::from(size <= most));
        }
        holes[0] = 0;
        Ok(Some(holes))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::components::{Scan, join};

    fn filled(op: &FillHoles, mask: &[u8], [nz, ny, nx]: [usize; 3]) -> Vec<u8> {
        let rule = op.rule();
        let parts = (0..nz).map(|z| {
            let mut scan = Scan::new(rule, false, ny, z);
            scan.planes(&mask[z * ny * nx..(z + 1) * ny * nx], nx).unwrap();
            Arc::new(scan.close())
        });
        let runs = join(parts.collect(), rule, ny).unwrap();
        let runs = runs.renumbered(&op.numbers(&Header::new([nz, ny, nx], 1, Type::U8).unwrap(), &runs).unwrap().unwrap());
        let mut out = vec![0; mask.len()];
        runs.paint(0..nz, nx, 1, |_, _, number| u8::from(number != 0), &mut out);
        out
    }

    fn op(connectivity: Connectivity, per_slice: bool, max: Option<f64>) -> FillHoles {
        FillHoles { max: max.map(Size::Voxels), connectivity, per_slice }
    }

    /// A box of 5x5x5 with a shell of one voxel around what `inside` says.
    fn shell(without: &[usize]) -> Vec<u8> {
        let inside = |i: usize| [i % 5, i / 5 % 5, i / 25].iter().all(|k| (1..4).contains(k));
        (0..125).map(|i| u8::from(!inside(i) && !without.contains(&i))).collect()
    }

    #[test]
    fn a_hollow_box_becomes_solid() {
        assert_eq!(filled(&op(Connectivity::Corners, false, None), &shell(&[]), [5; 3]), [1; 125]);
        assert_eq!(filled(&op(Connectivity::Corners, false, Some(27.0)), &shell(&[]), [5; 3]), [1; 125]);
        assert_eq!(filled(&op(Connectivity::Corners, false, Some(26.0)), &shell(&[]), [5; 3]), shell(&[]));
    }

    #[test]
    fn a_gap_in_the_corner_opens_it_for_a_background_that_goes_through_corners() {
        // Voxel (0, 0, 0) touches the cavity only by a corner.
        let open = shell(&[0]);
        let solid: Vec<u8> = (0..125).map(|i| u8::from(i != 0)).collect();
        assert_eq!(filled(&op(Connectivity::Corners, false, None), &open, [5; 3]), solid);
        assert_eq!(filled(&op(Connectivity::Faces, false, None), &open, [5; 3]), open);
    }

    #[test]
    fn slices_are_filled_by_themselves() {
        // The middle of z's first face is out: every slice but that one still has a ring around its hole.
        let open = shell(&[12]);
        assert_eq!(filled(&op(Connectivity::Corners, false, None), &open, [5; 3]), open);
        assert_eq!(filled(&op(Connectivity::Corners, true, None), &open, [5; 3]), [1; 125]);
        // One slice has its faces on both sides along z.
        let ring = [1, 1, 1, 1, 0, 1, 1, 1, 1];
        assert_eq!(filled(&op(Connectivity::Corners, false, None), &ring, [1, 3, 3]), ring);
        assert_eq!(filled(&op(Connectivity::Corners, true, None), &ring, [1, 3, 3]), [1; 9]);
    }
}
