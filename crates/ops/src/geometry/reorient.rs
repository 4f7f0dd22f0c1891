//! Index axes along anatomical ones.

use isovox_macros::Op;
use isovox_volume::{Error, Header, Result};

use super::grid::anatomical;
use super::turn::{Turn, Turned};
use crate::access::Gather;

/// Exchange and reverse index axes, so that they run to three letters; every voxel keeps its place.
///
/// Letters say where x, y, z increase to, nearest to them in an oblique volume: R or L, A or P, S or I, one of each pair,
/// in any of the 48 orders (`LPS`, `RAS`, `PIR`). No value changes, nothing is interpolated; the affine makes up for it, so
/// that every voxel stays where it is. A volume without anatomical axes is refused: `flip` and `transpose` go by index
/// axes. Shape: `[z, y, x]` to the same, exchanged. Equal to `nibabel.orientations.apply_orientation`.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox reorient scan.nii.gz -o turned.nii.gz --to RAS")]
pub struct Reorient {
    /// Where x, y, z are to increase to: three letters of R L, A P, S I.
    pub to: String,
}

/// Pairs of opposite letters, by anatomical axis.
const PAIRS: [[u8; 2]; 3] = [*b"LR", *b"PA", *b"SI"];

/// The anatomical axis of a letter, and whether it is the second of its pair.
fn letter(c: u8) -> Option<(usize, bool)> {
    let axis = PAIRS.iter().position(|pair| pair.contains(&c))?;
    Some((axis, PAIRS[axis][1] == c))
}

/// The anatomical axis and side of each index axis.
fn letters(text: &str) -> Result<[(usize, bool); 3]> {
    let wrong = || Error::parameter(format_args!("--to {text}")).expected("three letters, one of R L, one of A P, one of S I").help("for example --to RAS or --to LPS");
    let found: Vec<(usize, bool)> = text.trim().to_ascii_uppercase().bytes().map(letter).collect::<Option<_>>().ok_or_else(wrong)?;
    let list = <[(usize, bool); 3]>::try_from(found).map_err(|_| wrong())?;
    if (0..3).all(|axis| list.iter().any(|l| l.0 == axis)) { Ok(list) } else { Err(wrong()) }
}

/// The turn that makes index axes run to letters.
pub(crate) fn turn(input: &Header, to: &str, what: &str) -> Result<Turn> {
    let to = letters(to)?;
    let now = letters(&anatomical(input, what)?)?;
    let from = to.map(|(axis, _)| now.iter().position(|n| n.0 == axis).expect("each axis is named once"));
    Ok(Turn { from, back: std::array::from_fn(|a| now[from[a]].1 != to[a].1) })
}

impl Gather for Reorient {
    type Plan = Turned;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Turned)> {
        turn(inputs[0], &self.to, "reorient")?.plan(inputs[0])
    }
}

#[cfg(test)]
mod tests {
    use super::super::turn::tests::oblique;
    use super::*;

    #[test]
    fn letters_are_reached_from_each_of_the_48() {
        for t in Turn::all() {
            let (header, _) = t.plan(&oblique()).unwrap();
            for to in ["LPS", "RAS", "PIR", "SLA"] {
                assert_eq!(turn(&header, to, "reorient").unwrap().plan(&header).unwrap().0.geometry.axes().unwrap(), to);
            }
        }
    }

    #[test]
    fn wrong_letters_are_refused() {
        for to in ["RA", "RRS", "RASS", "XYZ", "", "RLS"] {
            assert!(turn(&oblique(), to, "reorient").is_err(), "{to}");
        }
        let error = turn(&Header::new([1, 2, 3], 1, isovox_volume::Type::U8).unwrap(), "RAS", "reorient").unwrap_err();
        assert!(error.next_step().is_some_and(|s| s.contains("flip")));
    }
}
