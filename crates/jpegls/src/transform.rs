//! The colour transforms of Hewlett-Packard's own coder (HP1 to HP3), which an APP8 segment `mrfx` names and no standard
//! describes. Source: Weinberger, Seroussi, Sapiro, "The LOCO-I Lossless Image Compression Algorithm" (HPL-98-193R1), VI;
//! the offsets are those of HP's coder and of `CharLS`.

use crate::{Error, Info, Result};

/// How three components were made of red, green and blue; all sums are modulo the samples' range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transform {
    None,
    Hp1,
    Hp2,
    Hp3,
}

impl Transform {
    pub(crate) fn of(number: u8) -> Result<Transform> {
        Ok(match number {
            0 => Transform::None,
            1 => Transform::Hp1,
            2 => Transform::Hp2,
            3 => Transform::Hp3,
            _ => return Err(Error::Unsupported("a colour transform that is not HP1 to HP3")),
        })
    }

    /// Red, green and blue in the place of what was decoded.
    pub(crate) fn undo(self, info: Info, samples: &mut [u16]) -> Result<()> {
        if self == Transform::None {
            return Ok(());
        }
        if info.components != 3 || ![8, 16].contains(&info.bits) {
            return Err(Error::Unsupported("a colour transform of other than 3 components of 8 or 16 bits"));
        }
        let range = 1 << info.bits;
        for pixel in samples.as_chunks_mut::<3>().0 {
            *pixel = self.inverse(range, pixel.map(i32::from)).map(|v| v.rem_euclid(range) as u16);
        }
        Ok(())
    }

    fn inverse(self, range: i32, [a, b, c]: [i32; 3]) -> [i32; 3] {
        let half = range / 2;
        match self {
            Transform::None => [a, b, c],
            Transform::Hp1 => [a + b - half, b, c + b - half],
            Transform::Hp2 => {
                let red = (a + b - half).rem_euclid(range);
                [red, b, c + ((red + b) >> 1) - half]
            }
            Transform::Hp3 => {
                let green = a - ((b + c) >> 2) + range / 4;
                [c + green - half, green, b + green - half]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an encoder makes of a pixel.
    fn forward(transform: Transform, range: i32, [r, g, b]: [i32; 3]) -> [u16; 3] {
        let half = range / 2;
        let made = match transform {
            Transform::None => [r, g, b],
            Transform::Hp1 => [r - g + half, g, b - g + half],
            Transform::Hp2 => [r - g + half, g, b - ((r + g) >> 1) + half],
            Transform::Hp3 => {
                let [b, r] = [b - g + half, r - g + half].map(|v| v.rem_euclid(range));
                [g + ((b + r) >> 2) - range / 4, b, r]
            }
        };
        made.map(|v| v.rem_euclid(range) as u16)
    }

    #[test]
    fn each_comes_back() {
        for (number, bits) in [(0, 8), (1, 8), (2, 8), (3, 8), (1, 16), (2, 16), (3, 16)] {
            let (transform, range) = (Transform::of(number).unwrap(), 1 << bits);
            let values = [0, 1, 2, range / 4, range / 2 - 1, range / 2, range - 2, range - 1];
            for i in 0..values.len().pow(3) {
                let pixel = [64, 8, 1].map(|step| values[i / step % 8]);
                let mut samples = forward(transform, range, pixel);
                transform.undo(Info { width: 1, height: 1, components: 3, bits }, &mut samples).unwrap();
                assert_eq!(samples.map(i32::from), pixel, "HP{number}, {bits} bits");
            }
        }
    }

    #[test]
    fn numbers_by_hand() {
        let undone = |number, mut samples: [u16; 3]| {
            Transform::of(number).unwrap().undo(Info { width: 1, height: 1, components: 3, bits: 8 }, &mut samples).unwrap();
            samples
        };
        assert_eq!(undone(1, [138, 20, 158]), [30, 20, 50]);
        assert_eq!(undone(1, [0, 20, 255]), [148, 20, 147]);
        assert_eq!(undone(2, [138, 20, 153]), [30, 20, 50]);
        assert_eq!(undone(3, [30, 158, 138]), [30, 20, 50]);
    }
}
