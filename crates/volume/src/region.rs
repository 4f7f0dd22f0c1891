//! Boxes of voxels.

use std::ops::Range;

use crate::error::{Error, Result};

/// A box of voxels, ends excluded; written `x0:x1,y0:y1,z0:z1`, where a side left out is the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Along x.
    pub x: Range<usize>,
    /// Along y.
    pub y: Range<usize>,
    /// Along z.
    pub z: Range<usize>,
}

impl Region {
    /// All of a shape `[z, y, x]`.
    pub fn all(shape: [usize; 3]) -> Region {
        Region { x: 0..shape[2], y: 0..shape[1], z: 0..shape[0] }
    }

    /// Its shape, `[z, y, x]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.z.len(), self.y.len(), self.x.len()]
    }

    /// The middle box of a size `[x, y, z]`; an odd rest goes before it.
    pub fn center(shape: [usize; 3], size: [usize; 3]) -> Result<Region> {
        let side = |n: usize, want: usize, axis: char| {
            if want == 0 || want > n {
                return Err(Error::parameter(format_args!("--center along {axis}")).found(want).expected(format_args!("1 to {n}")));
            }
            let start = (n - want) / 2;
            Ok(start..start + want)
        };
        Ok(Region { x: side(shape[2], size[0], 'x')?, y: side(shape[1], size[1], 'y')?, z: side(shape[0], size[2], 'z')? })
    }

    /// Reads `x0:x1,y0:y1,z0:z1`; either end may be left out, or a side.
    pub fn parse(text: &str, shape: [usize; 3]) -> Result<Region> {
        let wrong = || Error::parameter(format_args!("region {text:?}")).expected("x0:x1,y0:y1,z0:z1, ends excluded").help("for example 0:100,0:100,20:40");
        let parts: Vec<&str> = text.split(',').collect();
        let [x, y, z] = parts[..] else { return Err(wrong()) };
        let side = |part: &str, n: usize, axis: char| -> Result<Range<usize>> {
            if part.trim().is_empty() {
                return Ok(0..n);
            }
            let (from, to) = part.split_once(':').ok_or_else(wrong)?;
            let number = |s: &str, empty: usize| if s.trim().is_empty() { Ok(empty) } else { s.trim().parse().map_err(|_| wrong()) };
            let (from, to) = (number(from, 0)?, number(to, n)?);
            if from >= to || to > n {
                return Err(Error::parameter(format_args!("region along {axis}")).found(format_args!("{from}:{to}")).expected(format_args!("a part of 0:{n}")));
            }
            Ok(from..to)
        };
        Ok(Region { x: side(x, shape[2], 'x')?, y: side(y, shape[1], 'y')?, z: side(z, shape[0], 'z')? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_checked_against_the_shape() {
        let r = Region::parse("1:3,:,2:", [5, 6, 7]).unwrap();
        assert_eq!(r, Region { x: 1..3, y: 0..6, z: 2..5 });
        assert!(Region::parse("1:8,:,:", [5, 6, 7]).is_err());
        assert!(Region::parse("3:3,:,:", [5, 6, 7]).is_err());
        assert_eq!(Region::center([5, 6, 7], [3, 2, 1]).unwrap(), Region { x: 2..5, y: 2..4, z: 2..3 });
    }
}
