//! The faces of a volume, and what touches them.

use isovox_volume::{Error, Result, Runs};
use serde_json::{Value as Json, json};

use crate::spec::Value;

/// Faces of a volume: across x, y, z, the first and the last of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faces(pub [[bool; 2]; 3]);

/// Names of the axes, in order.
const AXES: [char; 3] = ['x', 'y', 'z'];

impl Faces {
    /// All six.
    pub const ALL: Faces = Faces([[true; 2]; 3]);
    /// Those around each slice.
    pub const OF_SLICES: Faces = Faces([[true; 2], [true; 2], [false; 2]]);

    /// Which components (by number, `[0]` is none) have a voxel in one of the faces; the runs are of `nz` planes of rows of `nx`.
    pub fn touching(self, runs: &Runs, nz: usize, nx: usize) -> Vec<bool> {
        let Faces([x, y, z]) = self;
        let mut touching = vec![false; runs.count as usize + 1];
        for (p, part) in runs.parts.iter().enumerate() {
            let (numbers, ends, ids) = (runs.of_part(p), &part.ends[..], &part.ids[..]);
            for (row, bounds) in part.rows.windows(2).enumerate() {
                let run = bounds[0] as usize..bounds[1] as usize;
                if run.is_empty() {
                    continue;
                }
                let mut touch = |i: usize| touching[numbers[ids[i] as usize] as usize] = true;
                if at_end(z, part.z.start + row / runs.ny, nz) || at_end(y, row % runs.ny, runs.ny) {
                    run.for_each(touch);
                    continue;
                }
                if x[0] && ends[2 * run.start] == 0 {
                    touch(run.start);
                }
                if x[1] && ends[2 * run.end - 1] as usize == nx {
                    touch(run.end - 1);
                }
            }
        }
        touching
    }
}

/// Whether `at` of `n` places is the first or last one that is asked for.
fn at_end(ends: [bool; 2], at: usize, n: usize) -> bool {
    ends[0] && at == 0 || ends[1] && at + 1 == n
}

impl Value for Faces {
    const KIND: &'static str = "faces";

    fn read(text: &str) -> Result<Self> {
        let wrong = || Error::parameter(format_args!("{text:?}")).expected("x, y, z (both faces of an axis), x- (the first), x+ (the last), with commas between");
        let mut faces = [[false; 2]; 3];
        for word in text.split(',').map(str::trim) {
            let axis = AXES.iter().position(|axis| word.starts_with(*axis)).ok_or_else(wrong)?;
            match &word[1..] {
                "" => faces[axis] = [true; 2],
                "-" => faces[axis][0] = true,
                "+" => faces[axis][1] = true,
                _ => return Err(wrong()),
            }
        }
        Ok(Faces(faces))
    }

    fn json(&self) -> Json {
        let word = |(axis, ends): (&char, &[bool; 2])| match ends {
            [true, true] => Some(axis.to_string()),
            [true, false] => Some(format!("{axis}-")),
            [false, true] => Some(format!("{axis}+")),
            [false, false] => None,
        };
        json!(AXES.iter().zip(&self.0).filter_map(word).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_are_read_back() {
        assert_eq!(Faces::read("x,y,z").unwrap(), Faces::ALL);
        assert_eq!(Faces::read("y , x").unwrap(), Faces::OF_SLICES);
        for text in ["x,y,z", "x-,y+", "z", "x,z-"] {
            assert_eq!(Faces::read(text).unwrap().json(), text);
        }
        assert_eq!(Faces::read("x-,x+").unwrap().json(), "x");
        for text in ["", "x,", "w", "x--", "xy", "\u{301}x"] {
            assert!(Faces::read(text).is_err(), "{text:?}");
        }
    }
}
