//! Animations: pictures of one size, one after the other, in at most 256 colours.

use crate::picture::Picture;

/// The colours that an animation has: fixed ones, so that two runs and all frames agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// All 256 greys, exact.
    Grey,
    /// Six levels of red, green and blue each, and 46 greys.
    Colours,
}

/// Levels of red, green and blue, and the step between them.
const LEVELS: usize = 6;
const STEP: usize = 51;
/// Greys of [`Palette::Colours`]: the six of the cube and eight between each two.
const GREYS: usize = 46;

impl Palette {
    /// Red, green and blue of each number.
    pub fn colours(self) -> Vec<[u8; 3]> {
        if self == Palette::Grey {
            return (0..=255).map(|v| [v; 3]).collect();
        }
        let cube = (0..LEVELS.pow(3)).map(|i| [i / 36, i / 6 % 6, i % 6].map(|level| (level * STEP) as u8));
        // The greys of the cube stand there already.
        let between = (0..GREYS).filter(|g| g % 9 != 0).map(|g| [((g * 255 + 22) / 45) as u8; 3]);
        cube.chain(between).collect()
    }

    /// The number of the nearest colour; opacity is ignored, [`Palette::Grey`] looks at red alone.
    pub fn nearest(self, [r, g, b, _]: [u8; 4]) -> u8 {
        if self == Palette::Grey {
            return r;
        }
        let level = |v: u8| (usize::from(v) + STEP / 2) / STEP;
        if r == g && g == b {
            let grey = (usize::from(r) * 45 + 127) / 255;
            return if grey.is_multiple_of(9) { (grey / 9 * 43) as u8 } else { (LEVELS.pow(3) + grey - grey / 9 - 1) as u8 };
        }
        (level(r) * 36 + level(g) * 6 + level(b)) as u8
    }
}

/// Frames of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Animation {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// What the pixels' numbers mean.
    pub palette: Palette,
    /// Colour numbers, rows from the top.
    pub frames: Vec<Vec<u8>>,
    /// How long a frame is seen, hundredths of a second.
    pub centiseconds: u16,
}

impl Animation {
    /// Appends a picture in the nearest colours; what does not fit the size is cut or left black.
    pub fn push(&mut self, picture: &Picture) {
        let mut whole = Picture::filled(self.width, self.height, [0, 0, 0, 255]);
        whole.paste(picture, 0, 0);
        self.frames.push(whole.pixels.iter().map(|p| self.palette.nearest(*p)).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_palette_has_256_colours_and_finds_each() {
        for palette in [Palette::Grey, Palette::Colours] {
            let colours = palette.colours();
            assert_eq!(colours.len(), 256);
            for (i, [r, g, b]) in colours.into_iter().enumerate() {
                assert_eq!(usize::from(palette.nearest([r, g, b, 255])), i, "{palette:?}");
            }
        }
    }

    #[test]
    fn a_grey_is_off_by_half_a_step_at_most() {
        let colours = Palette::Colours.colours();
        for v in 0..=255u8 {
            let [r, g, b] = colours[usize::from(Palette::Colours.nearest([v, v, v, 255]))];
            assert!(r == g && g == b && r.abs_diff(v) <= 3);
        }
    }
}
