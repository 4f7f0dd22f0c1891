//! Index axes exchanged.

use isovox_macros::Op;
use isovox_volume::{Error, Header, Result};

use super::flip::axes;
use super::turn::{Turn, Turned};
use crate::access::Gather;

/// Exchange index axes; every voxel keeps its place in the world.
///
/// The affine makes up for the new order. Shape: `[z, y, x]` to the same, exchanged. Equal to `SimpleITK.PermuteAxes`, and to
/// `numpy.transpose` with the axes named from the last to the first.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox transpose scan.tif -o turned.tif --order zyx")]
pub struct Transpose {
    /// The input axes that become x, y, z.
    pub order: String,
}

impl Gather for Transpose {
    type Plan = Turned;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Turned)> {
        let order = axes(&self.order, "order")?;
        let from =
            <[usize; 3]>::try_from(order).map_err(|_| Error::parameter(format_args!("--order {}", self.order)).expected("all of x, y, z").help("for example --order zyx"))?;
        Turn { from, back: [false; 3] }.plan(inputs[0])
    }
}
