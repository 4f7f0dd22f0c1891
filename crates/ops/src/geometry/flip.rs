//! Index axes reversed.

use isovox_macros::Op;
use isovox_volume::{Error, Header, Result};

use super::turn::{Turn, Turned};
use crate::access::Gather;

/// Reverse index axes; every voxel keeps its place in the world.
///
/// The affine makes up for the new order, so that the image is stored the other way round and not mirrored. Shape:
/// `[z, y, x]` to the same. Equal to `numpy.flip` with the affine of `SimpleITK.Flip`.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox flip scan.tif -o flipped.tif --axes z")]
pub struct Flip {
    /// The axes to reverse: any of x, y, z.
    pub axes: String,
}

/// Reads axes, as `xz` or `x,z`; none twice.
pub(crate) fn axes(text: &str, flag: &str) -> Result<Vec<usize>> {
    let wrong = || Error::parameter(format_args!("--{flag} {text}")).expected("axes x, y, z, none twice").help(format_args!("for example --{flag} zy"));
    let named = text.to_ascii_lowercase();
    let list: Vec<usize> = named.bytes().filter(|c| *c != b',').map(|c| b"xyz".iter().position(|a| *a == c)).collect::<Option<_>>().ok_or_else(wrong)?;
    let twice = (0..3).any(|axis| list.iter().filter(|a| **a == axis).count() > 1);
    if twice || list.is_empty() { Err(wrong()) } else { Ok(list) }
}

impl Gather for Flip {
    type Plan = Turned;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Turned)> {
        let axes = axes(&self.axes, "axes")?;
        Turn { from: [0, 1, 2], back: std::array::from_fn(|a| axes.contains(&a)) }.plan(inputs[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_read() {
        assert_eq!(axes("zx", "axes").unwrap(), [2, 0]);
        assert_eq!(axes("x,y", "axes").unwrap(), [0, 1]);
        assert!(["", "xx", "i", "x y"].iter().all(|t| axes(t, "axes").is_err()));
    }
}
