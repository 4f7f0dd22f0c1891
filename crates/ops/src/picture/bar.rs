//! Scale bars of a round length.

use isovox_volume::Picture;

use crate::picture::text;

/// Draws a bar of at most a third of `room` pixels, with its length above it, up from a lower left corner.
///
/// Where the picture has no scale the length is in voxels of `voxels_per_pixel`. Without room there is no bar.
pub fn draw(picture: &mut Picture, voxels_per_pixel: f64, left: usize, bottom: usize, room: usize) {
    let (per_pixel, unit) = match picture.mm_per_pixel {
        Some(mm) if mm * room as f64 / 3.0 >= 1.0 => (mm, "mm"),
        Some(mm) => (mm * 1000.0, "µm"),
        None => (voxels_per_pixel, "vox"),
    };
    let length = round(per_pixel * room as f64 / 3.0);
    let caption = format!("{length} {unit}");
    let (pixels, scale) = ((length / per_pixel).round() as usize, text::scale(picture.width.max(picture.height)));
    let thick = 3 * scale as isize;
    let high = thick as usize + (text::SIDE + 3) * scale;
    if pixels < 4 || text::width(&caption, scale) > room || high > bottom {
        return;
    }
    let top = bottom as isize - thick;
    for (grow, colour) in [(1, [0, 0, 0, 255]), (0, [255, 255, 255, 255])] {
        for y in top - grow..top + thick + grow {
            for x in left as isize - grow..(left + pixels) as isize + grow {
                picture.set(x, y, colour);
            }
        }
    }
    text::write(picture, &caption, left as isize, top - ((text::SIDE + 3) * scale) as isize, scale);
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
        draw(&mut picture, 1.0, 10, 50, 280);
        // A third of 28 mm holds 5 mm: 50 pixels.
        let row = &picture.pixels[48 * 300..49 * 300];
        assert_eq!(row.iter().filter(|p| **p == [255; 4]).count(), 50);
    }

    #[test]
    fn without_room_there_is_no_bar() {
        let mut picture = Picture::filled(256, 1, [90, 90, 90, 255]);
        draw(&mut picture, 1.0, 4, 0, 256);
        assert!(picture.pixels.iter().all(|p| *p == [90, 90, 90, 255]));
    }
}
