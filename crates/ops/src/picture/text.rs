//! Text in pictures, from the pixels of Noto Sans Mono: whole numbers alone, so that every machine draws the same.

use isovox_volume::{Picture, TextSize};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// The colours of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Its letters.
    pub letter: [u8; 3],
    /// A rim around them, so that they are read on any ground.
    pub rim: Option<[u8; 3]>,
}

impl Ink {
    /// White with a black rim: on slices.
    pub const LIGHT: Ink = Ink { letter: [255; 3], rim: Some([0; 3]) };
    /// Dark grey with a white rim: on a white ground.
    pub const DARK: Ink = Ink { letter: [40; 3], rim: Some([255; 3]) };
}

/// The size at which a picture of this longer side has readable captions.
pub fn size(side: usize) -> TextSize {
    match side {
        0..=700 => TextSize::Small,
        701..=1100 => TextSize::Medium,
        1101..=1600 => TextSize::Large,
        _ => TextSize::Huge,
    }
}

fn raster(size: TextSize) -> RasterHeight {
    match size {
        TextSize::Small => RasterHeight::Size16,
        TextSize::Medium => RasterHeight::Size20,
        TextSize::Large => RasterHeight::Size24,
        TextSize::Huge => RasterHeight::Size32,
    }
}

/// Pixels that a line is wide; it is [`TextSize::pixels`] high.
pub fn width(text: &str, size: TextSize) -> usize {
    text.chars().count() * get_raster_width(FontWeight::Regular, raster(size))
}

/// Writes a line with its upper left corner at a place.
pub fn write(picture: &mut Picture, text: &str, left: isize, top: isize, size: TextSize, ink: Ink) {
    let cover = Cover::new(text, size, ink);
    cover.ink(left, top, false, ink, |x, y, colour, share| blend(picture, x, y, colour, share));
}

/// Writes a line that runs up, with the upper left corner of its turned box at a place.
pub(crate) fn write_upward(picture: &mut Picture, text: &str, left: isize, top: isize, size: TextSize, ink: Ink) {
    let cover = Cover::new(text, size, ink);
    cover.ink(left, top, true, ink, |x, y, colour, share| blend(picture, x, y, colour, share));
}

/// How much of each pixel of a line its letters cover, 0 to 255.
struct Cover {
    width: usize,
    height: usize,
    shares: Vec<u8>,
}

impl Cover {
    /// A letter that the font lacks is a question mark.
    fn new(text: &str, size: TextSize, ink: Ink) -> Cover {
        let (width, height, letter) = (width(text, size), size.pixels(), get_raster_width(FontWeight::Regular, raster(size)));
        // On a picture thin letters would drown.
        let weight = if ink.rim.is_some() { FontWeight::Bold } else { FontWeight::Regular };
        let mut shares = vec![0; width * height];
        for (i, c) in text.chars().enumerate() {
            let glyph = get_raster(c, weight, raster(size)).or_else(|| get_raster('?', weight, raster(size)));
            for (y, row) in glyph.iter().flat_map(|g| g.rows().enumerate()) {
                shares[y * width + i * letter..][..row.len()].copy_from_slice(row);
            }
        }
        Cover { width, height, shares }
    }

    fn at(&self, x: isize, y: isize) -> u8 {
        let inside = x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height;
        if inside { self.shares[y as usize * self.width + x as usize] } else { 0 }
    }

    /// Each pixel that gets a colour: the rim first, then the letters.
    fn ink(&self, left: isize, top: isize, upward: bool, ink: Ink, mut put: impl FnMut(isize, isize, [u8; 3], u8)) {
        let (w, h) = (self.width as isize, self.height as isize);
        let mut layer = |grow: isize, colour: [u8; 3]| {
            for y in -grow..h + grow {
                for x in -grow..w + grow {
                    let near = (-grow..=grow).flat_map(|dy| (-grow..=grow).map(move |dx| (dx, dy)));
                    let share = near.map(|(dx, dy)| self.at(x + dx, y + dy)).max().unwrap_or(0);
                    let (x, y) = if upward { (y, w - 1 - x) } else { (x, y) };
                    if share > 0 {
                        put(left + x, top + y, colour, share);
                    }
                }
            }
        };
        if let Some(rim) = ink.rim {
            layer(1, rim);
        }
        layer(0, ink.letter);
    }
}

/// Mixes an opaque colour into a pixel by a share of 255; outside is ignored.
pub(crate) fn blend(picture: &mut Picture, x: isize, y: isize, colour: [u8; 3], share: u8) {
    if x < 0 || y < 0 || x as usize >= picture.width || y as usize >= picture.height {
        return;
    }
    let pixel = &mut picture.pixels[y as usize * picture.width + x as usize];
    // Over what is transparent a colour counts alone.
    let (share, below) = (u32::from(share), u32::from(pixel[3]));
    let alpha = share * 255 + below * (255 - share);
    for (p, c) in pixel.iter_mut().zip(colour) {
        *p = ((u32::from(c) * share * 255 + u32::from(*p) * below * (255 - share) + alpha / 2) / alpha.max(1)) as u8;
    }
    pixel[3] = ((alpha + 127) / 255) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_caption_is_drawn() {
        for c in "0123456789.,-+ %µ²³×° abcxyz ABCXYZ ()/".chars().filter(|c| *c != ' ') {
            for size in [TextSize::Small, TextSize::Medium, TextSize::Large, TextSize::Huge] {
                for weight in [FontWeight::Regular, FontWeight::Bold] {
                    assert_eq!(get_raster(c, weight, raster(size)).map(|g| g.width()), Some(width("0", size)), "{c}");
                }
            }
        }
    }

    #[test]
    fn turned_text_is_the_same_text() {
        let ink = Ink { letter: [0; 3], rim: None };
        let (w, h) = (width("L7", TextSize::Small), TextSize::Small.pixels());
        let (mut across, mut up) = (Picture::filled(w, h, [255; 4]), Picture::filled(h, w, [255; 4]));
        write(&mut across, "L7", 0, 0, TextSize::Small, ink);
        write_upward(&mut up, "L7", 0, 0, TextSize::Small, ink);
        assert!(across.pixels.iter().any(|p| p[0] < 50));
        for y in 0..h {
            for x in 0..w {
                assert_eq!(across.pixels[y * w + x], up.pixels[(w - 1 - x) * h + y]);
            }
        }
    }
}
