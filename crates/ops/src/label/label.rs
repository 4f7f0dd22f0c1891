//! Connected components.

use isovox_macros::Op;
use isovox_volume::{Header, QuantityKind, Result, Runs, Type};

use crate::access::{Join, Paint, integers, same_grid};
use crate::components::{Connectivity, Of, Rule};

/// Number the connected components of equal, non-zero voxels.
///
/// Ids are 1..=n in raster order of each component's first voxel: threads and slabs cannot change them. Frames are
/// labelled apart. Shape: `[z, y, x]` to the same, u32 (u64 from 2^33 voxels on). Cost: the input is read once; its runs
/// (12 bytes each) are kept. Agrees with cc3d and scipy.ndimage.label once renumbered.
#[derive(Op)]
#[op(
    access = Join, input = Label, output = Label, example = "isovox label mask.tif -o labels.mha --connectivity 26",
    references = ["Rosenfeld and Pfaltz, Sequential operations in digital picture processing, J. ACM 13 (1966)"]
)]
pub struct Label {
    /// Which neighbours connect: 6 faces, 18 edges too, 26 corners too.
    #[op(default = Connectivity::Faces)]
    pub connectivity: Connectivity,
    /// Treat all values other than 0 as one.
    #[op(default = false)]
    pub any: bool,
}

/// Voxels from which ids are 64-bit.
const WIDE: usize = 1 << 33;

impl Join for Label {
    fn rule(&self) -> Rule {
        Rule::new(if self.any { Of::NotZero } else { Of::EachValue }, self.connectivity)
    }

    fn paint(&self) -> Paint {
        Paint::Number
    }

    fn header(&self, input: &Header) -> Result<Header> {
        integers("label", input)?;
        let voxel = if input.voxels() >= WIDE { Type::U64 } else { Type::U32 };
        Ok(same_grid(input, voxel, Some(QuantityKind::Label), "numbered by label"))
    }

    fn numbers(&self, _input: &Header, _runs: &Runs) -> Result<Option<Vec<u32>>> {
        Ok(None)
    }
}
