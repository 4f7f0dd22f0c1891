//! Scale bars of a round length.

use isovox_volume::Picture;

use crate::picture::text;

/// Draws a bar of about a quarter of the picture's width, with its length, at the lower left.
///
/// `mm_per_pixel` is `None` where the scale is unknown: then the length is in voxels of `voxels_per_pixel`.
pub fn draw(picture: &mut Picture, mm_per_pixel: Option<f64>, voxels_per_pixel: f64, left: usize, bottom: usize, room: usize) {
    let (per_pixel, unit) = match mm_per_pixel {
        Some(mm) if mm * room as f64 / 4.0 >= 0.5 => (mm, "mm"),
        Some(mm) => (mm * 1000.0, "um"),
        None => (voxels_per_pixel, "vox"),
    };
    let length = round(per_pixel * room as f64 / 3.0);
    let pixels = (length / per_pixel).round() as usize;
    if pixels < 4 || bottom < 24 {
        return;
    }
    let top = bottom - 8;
    for (grow, colour) in [(1, [0, 0, 0, 255]), (0, [255, 255, 255, 255])] {
        for y in top as isize - grow..top as isize + 3 + grow {
            for x in left as isize - grow..(left + pixels) as isize + grow {
                picture.set(x, y, colour);
            }
        }
    }
    text::write(picture, &format!("{length} {unit}"), left as isize, top as isize - 12, 1);
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
}
