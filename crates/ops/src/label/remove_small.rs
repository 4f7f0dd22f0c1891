//! Components below a size.

use isovox_macros::Op;
use isovox_volume::{Header, Result, Runs, Size};

use crate::access::{Join, Paint, integers};
use crate::components::{Connectivity, Of, Rule, voxels};

/// Remove connected components smaller than a size; the others keep their values.
///
/// A component is kept when its size is at least --min. Labels are not renumbered. Shape and type stay. Agrees with
/// `cc3d.dust(threshold = min)`.
#[derive(Op)]
#[op(access = Join, input = Label, output = SameType, example = "isovox remove-small mask.tif -o clean.tif --min 10vox")]
pub struct RemoveSmall {
    /// The least size kept: voxels (10vox) or a volume (5um3, 0.2mm3).
    pub min: Size,
    /// Which neighbours connect: 6 faces, 18 edges too, 26 corners too.
    #[op(default = Connectivity::Faces)]
    pub connectivity: Connectivity,
}

impl Join for RemoveSmall {
    fn rule(&self) -> Rule {
        Rule::new(Of::EachValue, self.connectivity)
    }

    fn paint(&self) -> Paint {
        Paint::Value
    }

    fn header(&self, input: &Header) -> Result<Header> {
        integers("remove-small", input)?;
        self.min.voxels(input.geometry.voxel_mm3())?;
        Ok(input.clone())
    }

    fn numbers(&self, input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>> {
        let least = self.min.voxels(input.geometry.voxel_mm3())?;
        Ok(Some(voxels(runs).iter().enumerate().map(|(n, &size)| u32::from(n > 0 && size >= least)).collect()))
    }
}
