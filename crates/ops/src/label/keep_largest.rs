//! The largest components.

use isovox_macros::Op;
use isovox_volume::{Header, Result, Runs};

use crate::access::{Join, Paint, integers};
use crate::components::{Connectivity, Of, Rule, voxels};

/// Keep the largest connected components; they keep their values.
///
/// Of equally large ones the one whose first voxel comes first is kept. Shape and type stay. Agrees with `cc3d.largest_k`.
#[derive(Op)]
#[op(access = Join, input = Label, output = SameType, example = "isovox keep-largest mask.tif -o body.tif --count 2")]
pub struct KeepLargest {
    /// How many are kept.
    #[op(default = 1, range = 1..=4_294_967_295)]
    pub count: usize,
    /// Which neighbours connect: 6 faces, 18 edges too, 26 corners too.
    #[op(default = Connectivity::Faces)]
    pub connectivity: Connectivity,
}

impl Join for KeepLargest {
    fn rule(&self) -> Rule {
        Rule::new(Of::EachValue, self.connectivity)
    }

    fn paint(&self) -> Paint {
        Paint::Value
    }

    fn header(&self, input: &Header) -> Result<Header> {
        integers("keep-largest", input)?;
        Ok(input.clone())
    }

    fn numbers(&self, _input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>> {
        let sizes = voxels(runs);
        let mut order: Vec<u32> = (1..=runs.count).collect();
        let rank = |n: &u32| (std::cmp::Reverse(sizes[*n as usize]), *n);
        let kept = self.count.min(order.len());
        if kept < order.len() && kept > 0 {
            order.select_nth_unstable_by_key(kept - 1, rank);
        }
        let mut numbers = vec![0; sizes.len()];
        order[..kept].iter().for_each(|&n| numbers[n as usize] = 1);
        Ok(Some(numbers))
    }
}
