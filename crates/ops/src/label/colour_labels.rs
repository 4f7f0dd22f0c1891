//! Labels as colours.

use isovox_macros::Op;
use isovox_volume::{Header, QuantityKind, Result, Rgb8, Scalar};

use crate::access::{Point, integers};
use crate::picture::colours::colour_of;

/// Give each label a colour: the same in every picture and run, 0 black, none near black.
///
/// A colour depends on the number alone. Two numbers less than 100 apart never have the same colour, and those that follow
/// each other are 138 degrees of hue apart, and at least 70 of 255 in red, green or blue. Objects that touch and whose
/// numbers lie further apart may look alike: no table of neighbours is made. Shape: `[z, y, x]` to the same, rgb8.
#[derive(Op)]
#[op(access = Point, input = Label, output = Volume, example = "isovox colour-labels labels.mha -o colours.tif")]
pub struct ColourLabels {}

impl Point for ColourLabels {
    type Out<T: Scalar> = Rgb8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Unknown);

    fn check(&self, input: &Header) -> Result<()> {
        integers("colour-labels", input)
    }

    fn apply<T: Scalar>(&self, input: &[T], out: &mut [Rgb8]) {
        // Voxels come in runs of one label: its colour is made once.
        let (mut label, mut colour) = (T::default(), Rgb8::default());
        for (v, o) in input.iter().zip(out) {
            if *v != label {
                (label, colour) = (*v, Rgb8(colour_of(v.to_i128() as u64)));
            }
            *o = colour;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn coloured<T: Scalar>(labels: &[T]) -> Vec<[u8; 3]> {
        let mut out = vec![Rgb8([9; 3]); labels.len()];
        ColourLabels {}.apply(labels, &mut out);
        out.into_iter().map(|c| c.0).collect()
    }

    #[test]
    fn background_is_black_and_nothing_else_is_dark() {
        let labels: Vec<u32> = (0..100_000).collect();
        let colours = coloured(&labels);
        assert_eq!(colours[0], [0; 3]);
        assert!(colours[1..].iter().all(|c| c.iter().max() >= Some(&170)));
        assert_eq!(coloured(&[0u8, 5, 5, 0, 7]), [[0; 3], colours[5], colours[5], [0; 3], colours[7]]);
        assert!(coloured(&[-1i8, i8::MIN]).iter().all(|c| *c != [0; 3]));
    }

    #[test]
    fn near_numbers_have_other_colours() {
        let mut last: BTreeMap<[u8; 3], usize> = BTreeMap::new();
        let colours = coloured(&(0..300_000).collect::<Vec<u32>>());
        let nearest = colours.iter().enumerate().skip(1).filter_map(|(i, c)| last.insert(*c, i).map(|before| i - before)).min();
        assert!(nearest >= Some(100), "{nearest:?}");
        let apart = |a: &[u8; 3], b: &[u8; 3]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(colours.windows(2).all(|pair| apart(&pair[0], &pair[1]) >= Some(70)));
    }
}
