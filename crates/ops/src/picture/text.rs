//! Captions on pictures, in an 8 x 8 bitmap font.

use font8x8::UnicodeFonts;
use isovox_volume::Picture;

/// Pixels of a letter's side at scale 1.
pub const SIDE: usize = 8;

/// The scale at which a picture of this longer side has readable captions.
pub fn scale(side: usize) -> usize {
    side.div_ceil(800)
}

/// Writes a line with its upper left corner at a place; every letter has a dark rim, so that it is read on any ground.
pub fn write(picture: &mut Picture, text: &str, left: isize, top: isize, scale: usize) {
    for (rim, colour) in [(true, [0, 0, 0, 255]), (false, [255, 255, 255, 255])] {
        let mut x = left;
        for letter in text.chars() {
            glyph(picture, letter, (x, top), scale, rim, colour);
            x += (SIDE * scale) as isize;
        }
    }
}

fn glyph(picture: &mut Picture, letter: char, (left, top): (isize, isize), scale: usize, rim: bool, colour: [u8; 4]) {
    let rows = font8x8::BASIC_FONTS.get(letter).or_else(|| font8x8::LATIN_FONTS.get(letter)).unwrap_or([0; SIDE]);
    let grow = isize::from(rim);
    for (row, bits) in rows.iter().enumerate() {
        for column in (0..SIDE).filter(|c| bits >> c & 1 == 1) {
            let (x, y) = (left + (column * scale) as isize, top + (row * scale) as isize);
            for dy in -grow..scale as isize + grow {
                for dx in -grow..scale as isize + grow {
                    picture.set(x + dx, y + dy, colour);
                }
            }
        }
    }
}

/// Pixels that a line is wide.
pub fn width(text: &str, scale: usize) -> usize {
    text.chars().count() * SIDE * scale
}
