//! The one orientation that volumes are compared in.

use isovox_macros::Op;
use isovox_volume::{Header, Result};

use super::reorient::turn;
use super::turn::Turned;
use crate::access::Gather;

/// Make x, y, z run to the right, the front and the head (RAS), as near as the index axes do.
///
/// The same as `reorient --to RAS`: one image stored in any of 48 orientations becomes one volume, bit for bit. Nothing is
/// interpolated. Shape: `[z, y, x]` to the same, exchanged. Equal to `nibabel.as_closest_canonical`.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox canonical scan.nii.gz -o ras.nii.gz")]
pub struct Canonical;

impl Gather for Canonical {
    type Plan = Turned;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Turned)> {
        turn(inputs[0], "RAS", "canonical")?.plan(inputs[0])
    }
}
