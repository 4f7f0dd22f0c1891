//! Figures as pixels, with soft edges.

use isovox_volume::{Anchor, Figure, Picture, Shape, Text};

use crate::picture::text::{self, Ink, blend};

/// A figure on white, one pixel a unit.
pub fn raster(figure: &Figure) -> Picture {
    let mut picture = Picture::filled(figure.width, figure.height, [255; 4]);
    for shape in &figure.shapes {
        match shape {
            Shape::Line { points, width, colour } => line(&mut picture, points, *width, *colour),
            Shape::Area { from, to, colour } => area(&mut picture, *from, *to, *colour),
            Shape::Text(text) => write(&mut picture, text),
        }
    }
    picture
}

fn write(picture: &mut Picture, text: &Text) {
    let (long, high) = (text::width(&text.text, text.size) as f64, text.size.pixels() as f64);
    let before = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => long / 2.0,
        Anchor::End => long,
    };
    let ink = Ink { letter: text.colour, rim: None };
    let [x, y] = text.at;
    if text.upward {
        text::write_upward(picture, &text.text, (x - high / 2.0).round() as isize, (y - long + before).round() as isize, text.size, ink);
    } else {
        text::write(picture, &text.text, (x - before).round() as isize, (y - high / 2.0).round() as isize, text.size, ink);
    }
}

/// Each pixel by the share of it that is covered.
fn area(picture: &mut Picture, from: [f64; 2], to: [f64; 2], colour: [u8; 3]) {
    let covered = |i: usize, axis: usize| (to[axis].min(i as f64 + 1.0) - from[axis].max(i as f64)).clamp(0.0, 1.0);
    for y in pixels(from[1], to[1], picture.height) {
        for x in pixels(from[0], to[0], picture.width) {
            blend(picture, x as isize, y as isize, colour, (covered(x, 0) * covered(y, 1) * 255.0).round() as u8);
        }
    }
}

/// The pixels that a stretch touches.
fn pixels(from: f64, to: f64, n: usize) -> std::ops::Range<usize> {
    // Casts of what lies outside stop at the ends.
    (from.floor() as usize).min(n)..(to.ceil() as usize).min(n)
}

/// Each pixel by how far its centre lies from the line: parts of one line never darken each other.
fn line(picture: &mut Picture, points: &[[f64; 2]], width: f64, colour: [u8; 3]) {
    let reach = width / 2.0 + 0.5;
    let span = |axis: usize, n: usize| {
        let (low, high) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p[axis]), b.max(p[axis])));
        pixels(low - reach, high + reach, n)
    };
    let (across, down) = (span(0, picture.width), span(1, picture.height));
    let mut shares = vec![0u8; across.len() * down.len()];
    for ends in points.windows(2) {
        let (a, b) = (ends[0], ends[1]);
        for y in pixels(a[1].min(b[1]) - reach, a[1].max(b[1]) + reach, picture.height) {
            for x in pixels(a[0].min(b[0]) - reach, a[0].max(b[0]) + reach, picture.width) {
                let near = (reach - distance([x as f64 + 0.5, y as f64 + 0.5], a, b)).clamp(0.0, 1.0);
                let share = &mut shares[(y - down.start) * across.len() + x - across.start];
                *share = (*share).max((near * 255.0).round() as u8);
            }
        }
    }
    let wide = across.len();
    for (i, share) in shares.into_iter().enumerate().filter(|(_, s)| *s > 0) {
        blend(picture, (across.start + i % wide) as isize, (down.start + i / wide) as isize, colour, share);
    }
}

/// How far a point lies from the stretch between two others.
fn distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let squared = along[0] * along[0] + along[1] * along[1];
    let share = if squared > 0.0 { (((p[0] - a[0]) * along[0] + (p[1] - a[1]) * along[1]) / squared).clamp(0.0, 1.0) } else { 0.0 };
    let gap = [p[0] - a[0] - share * along[0], p[1] - a[1] - share * along[1]];
    (gap[0] * gap[0] + gap[1] * gap[1]).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(shape: Shape) -> Picture {
        raster(&Figure { width: 20, height: 20, title: String::new(), shapes: vec![shape] })
    }

    /// Darkness of a black shape, in whole pixels.
    fn covered(picture: &Picture) -> f64 {
        picture.pixels.iter().map(|p| f64::from(255 - p[0])).sum::<f64>() / 255.0
    }

    #[test]
    fn an_area_covers_what_it_is_large() {
        let picture = drawn(Shape::Area { from: [2.25, 3.5], to: [7.75, 5.0], colour: [0; 3] });
        assert!((covered(&picture) - 5.5 * 1.5).abs() < 0.05);
        assert_eq!(picture.pixels[4 * 20 + 4], [0, 0, 0, 255]);
        assert_eq!(picture.pixels[3 * 20 + 4], [127, 127, 127, 255]);
    }

    #[test]
    fn a_line_through_pixel_centres_is_sharp() {
        let picture = drawn(Shape::Line { points: vec![[-5.0, 8.5], [30.0, 8.5]], width: 1.0, colour: [0; 3] });
        assert_eq!(covered(&picture), 20.0);
    }

    #[test]
    fn a_slanted_line_is_as_wide_as_it_says() {
        let picture = drawn(Shape::Line { points: vec![[-9.0, -9.0], [29.0, 29.0]], width: 3.0, colour: [0; 3] });
        let across: f64 = (0..20).map(|x| f64::from(255 - picture.pixels[10 * 20 + x][0]) / 255.0).sum();
        assert!((across - 3.0 * std::f64::consts::SQRT_2).abs() < 0.1, "{across}");
    }

    #[test]
    fn what_lies_outside_is_cut() {
        let far = Shape::Line { points: vec![[f64::NAN, 3.0], [1e9, -1e9], [-1e300, 4.0]], width: 2.0, colour: [0; 3] };
        assert_eq!(drawn(far).pixels.len(), 400);
        assert_eq!(covered(&drawn(Shape::Area { from: [30.0, 30.0], to: [50.0, 50.0], colour: [0; 3] })), 0.0);
    }
}
