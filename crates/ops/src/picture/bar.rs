//! Scale bars of a round length.

use isovox_volume::Picture;

use crate::picture::text::{self, Ink};

/// Draws a bar of at most a third of `room` pixels, with its length above it, up from a lower left corner.
///
/// Where the picture has no scale the length is in voxels of `voxels_per_pixel`. Without room there is no bar, and it says so.
pub fn draw(picture: &mut Picture, voxels_per_pixel: f64, [left, bottom]: [usize; 2], room: usize, ink: Ink) -> bool {
    let (per_pixel, unit) = match picture.mm_per_pixel {
        Some(mm) if mm * room as f64 / 3.0 >= 1.0 => (mm, "mm"),
        Some(mm) => (mm * 1000.0, "µm"),
        None => (voxels_per_pixel, "vox"),
    };
    let length = round(per_pixel * room as f64 / 3.0);
    let caption = format!("{length} {unit}");
    let (pixels, size) = ((length / per_pixel).round() as usize, text::size(picture.width.max(picture.height)));
    let thick = size.pixels() / 6;
    let high = thick + size.pixels() + 1;
    if pixels < 4 || text::width(&caption, size) > room || high > bottom {
        return false;
    }
    let (left, top, [width, thick]) = (left as isize, (bottom - thick) as isize, [pixels as isize, thick as isize]);
    for (grow, colour) in ink.rim.map(|rim| (1, rim)).into_iter().chain([(0, ink.letter)]) {
        for y in top - grow..top + thick + grow {
            for x in left - grow..left + width + grow {
                text::blend(picture, x, y, colour, 255);
            }
        }
    }
    text::write(picture, &caption, left, (bottom - high) as isize, size, ink);
    true
}

/// The greatest of 1, 2, 5 times a power of ten that is not above a value.
fn round(value: f64) -> f64 {
    let power = (-9..=9).map(|e| libm::pow(10.0, f64::from(e))).rfind(|p| *p <= value).unwrap_or(1e-9);
    let step = [5.0, 2.0, 1.0].into_iter().find(|s| s * power <= value).unwrap_or(1.0);
    // Written through text, so that 3 x 0.1 does not become 0.30000000000000004.
    format!("{:.9}", step * power).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_round() {
        assert_eq!([0.0123, 0.7, 1.0, 4.9, 73.0].map(round), [0.01, 0.5, 1.0, 2.0, 50.0]);
    }

    #[test]
    fn a_bar_has_the_length_that_it_says() {
        let mut picture = Picture { mm_per_pixel: Some(0.1), ..Picture::filled(300, 60, [90, 90, 90, 255]) };
        assert!(draw(&mut picture, 1.0, [10, 50], 280, Ink::LIGHT));
        // A third of 28 mm holds 5 mm: 50 pixels.
        let row = &picture.pixels[49 * 300..50 * 300];
        assert_eq!(row.iter().filter(|p| **p == [255; 4]).count(), 50);
    }

    #[test]
    fn without_room_there_is_no_bar() {
        let mut picture = Picture::filled(256, 1, [90, 90, 90, 255]);
        assert!(!draw(&mut picture, 1.0, [4, 0], 256, Ink::LIGHT));
        assert!(picture.pixels.iter().all(|p| *p == [90, 90, 90, 255]));
    }
}
