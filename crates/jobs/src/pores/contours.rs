//! The contour step of the published recipe, slice by slice, as an exact rule on components instead of contours.
//!
//! `findContours`, `contourArea(c) > 10` and a filled `drawContours` for each contour amount to: components of 8 neighbours, their
//! holes filled, kept where the area is over 10. OpenCV's area is that of the polygon through the pixel centres: the number of
//! full blocks of 2x2 pixels, and half for each block of which exactly three pixels are set (Pick's theorem).

use std::ops::Range;

use isovox_ops::Connectivity;
use isovox_ops::access::{Halo, Near};
use isovox_ops::components::{Of, Rule, Scan};
use isovox_volume::{Header, Part, QuantityKind, Result, Scalar};

/// Keeps what OpenCV would draw: 255, else 0.
pub(super) struct Contours {
    /// A component is kept when its area is greater, pixels.
    pub(super) area: u64,
}

impl Halo for Contours {
    type Out<T: Scalar> = u8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Stored);

    fn halo(&self, _input: &Header) -> usize {
        0
    }

    fn rows<T: Scalar>(&self, _input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [u8]) {
        let mut plane: Vec<u8> = near.planes[0].iter().map(|v| u8::from(*v != T::default())).collect();
        fill_holes(&mut plane, near.nx, near.ny);
        let part = runs(&plane, Connectivity::Edges, near.nx, near.ny);
        let areas = doubled_areas(&part, near.ny);
        out.fill(0);
        for row in y.clone() {
            let line = &mut out[(row - y.start) * near.nx..][..near.nx];
            for (x0, x1, _) in part.row(row).filter(|run| areas[run.2 as usize] > 2 * self.area) {
                line[x0 as usize..x1 as usize].fill(255);
            }
        }
    }
}

/// The components of one plane.
fn runs(plane: &[u8], connectivity: Connectivity, nx: usize, ny: usize) -> Part {
    let mut scan = Scan::new(Rule::new(Of::NotZero, connectivity), false, ny, 0);
    let read: Result<()> = scan.planes(plane, nx);
    read.expect("a plane has fewer runs than a part holds");
    scan.close()
}

/// Fills what 4 neighbours do not join to the plane's edge.
fn fill_holes(plane: &mut [u8], nx: usize, ny: usize) {
    let background: Vec<u8> = plane.iter().map(|v| 1 - v).collect();
    let part = runs(&background, Connectivity::Faces, nx, ny);
    let mut outside = vec![false; part.count as usize];
    for y in 0..ny {
        for (x0, x1, id) in part.row(y) {
            outside[id as usize] |= y == 0 || y == ny - 1 || x0 == 0 || x1 as usize == nx;
        }
    }
    for y in 0..ny {
        for (x0, x1, _) in part.row(y).filter(|run| !outside[run.2 as usize]) {
            plane[y * nx + x0 as usize..y * nx + x1 as usize].fill(1);
        }
    }
}

/// Twice the area of each component.
fn doubled_areas(part: &Part, ny: usize) -> Vec<u64> {
    let mut areas = vec![0; part.count as usize];
    for y in 1..ny {
        let (mut above, mut below) = (part.row(y - 1).peekable(), part.row(y).peekable());
        while let (Some(&(a0, a1, id)), Some(&(b0, b1, _))) = (above.peek(), below.peek()) {
            let (start, end) = (a0.max(b0), a1.min(b1));
            if start < end {
                // Where one row goes on beyond the overlap, the block there holds three pixels.
                areas[id as usize] += 2 * u64::from(end - start - 1) + u64::from(a0 != b0) + u64::from(a1 != b1);
            }
            if a1 <= b1 {
                above.next();
            } else {
                below.next();
            }
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(rows: &[&str]) -> Vec<String> {
        let plane: Vec<u8> = rows.iter().flat_map(|r| r.bytes().map(|b| u8::from(b == b'#'))).collect();
        let (nx, ny) = (rows[0].len(), rows.len());
        let mut out = vec![9; plane.len()];
        let header = Header::new([1, ny, nx], 1, isovox_volume::Type::U8).unwrap();
        Contours { area: 10 }.rows(&header, &Near { planes: &[&plane], ny, nx }, 0..ny, &mut out);
        out.chunks(nx).map(|r| r.iter().map(|v| if *v == 255 { '#' } else { '.' }).collect()).collect()
    }

    /// `contourArea` of OpenCV 5.0: 3x6 has 10 and goes, 4x5 has 12 and stays; a line has none.
    #[test]
    fn areas_are_those_of_polygons_through_pixel_centres() {
        for (h, w, stays) in [(3, 6, false), (3, 7, true), (4, 4, false), (4, 5, true), (2, 11, false), (2, 12, true), (1, 100, false)] {
            let mut rows = vec![".".repeat(w + 2)];
            rows.extend(vec![format!(".{}.", "#".repeat(w)); h]);
            rows.push(".".repeat(w + 2));
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            let left: usize = kept(&rows).iter().map(|r| r.matches('#').count()).sum();
            assert_eq!(left, if stays { h * w } else { 0 }, "{h}x{w}");
        }
    }

    #[test]
    fn slanted_edges_count_by_half() {
        // Area 4 + 12 halves = 10 for the disc of radius 2.5 without its corners: 21 pixels, of which 8 lie on corners.
        let disc = [".......", "..###..", ".#####.", ".#####.", ".#####.", "..###..", "......."];
        assert_eq!(kept(&disc), disc);
        let smaller = [".......", "...#...", "..###..", ".#####.", "..###..", "...#...", "......."];
        assert_eq!(kept(&smaller), vec!["......."; 7]);
    }

    #[test]
    fn holes_are_filled_and_corners_join() {
        let ring = ["#####.", "#...#.", "#.#.#.", "#...#.", "#####.", ".....#"];
        assert_eq!(kept(&ring), ["#####.", "#####.", "#####.", "#####.", "#####.", ".....#"]);
        let open = ["#####.", "#...#.", "#.#.#.", "#...#.", "###.#.", "......"];
        assert_eq!(kept(&open), vec!["......"; 6]);
    }
}
