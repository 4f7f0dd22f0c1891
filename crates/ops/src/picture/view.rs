//! How a cut lies in a picture: which axis runs right and down, at what size.

use isovox_volume::{Header, Picture};

use crate::picture::cuts::{Axis, Cut};
use crate::picture::resize::resize;
use crate::picture::text::{self, Ink};

/// A cut as it is drawn.
///
/// A patient is seen from the feet and from the front, head or front up: a picture's right side is the patient's left, or
/// back. Oblique axes count as the nearest ones. Without a patient x runs right, y and z run down.
#[derive(Clone, Debug)]
pub struct View {
    /// The index axes that run across and down.
    axes: [usize; 2],
    /// Whether those run against their index.
    flipped: [bool; 2],
    /// Voxels across and down.
    voxels: [usize; 2],
    /// Pixels across and down.
    pixels: [usize; 2],
    /// What the axes increase to: patient letters, or names.
    letters: [char; 2],
    patient: bool,
    mm_per_pixel: Option<f64>,
}

/// Letters that a picture's right and lower side have, the first choice first.
const RIGHT: [char; 2] = ['L', 'P'];
const DOWN: [char; 2] = ['P', 'I'];

fn opposite(letter: char) -> char {
    "LRPASI".chars().zip("RLAPIS".chars()).find(|(l, _)| *l == letter).map_or(letter, |(_, o)| o)
}

/// The letters of the index axes, where they have some.
fn letters(header: &Header) -> Option<[char; 3]> {
    let letters: Vec<char> = header.geometry.axes()?.chars().collect();
    letters.try_into().ok()
}

/// Index axes in the order of axial, coronal and sagittal cuts: across the head's, the back's and the left's axis.
pub fn anatomical(header: &Header) -> [Axis; 3] {
    let index = [Axis::X, Axis::Y, Axis::Z];
    match letters(header) {
        None => [Axis::Z, Axis::Y, Axis::X],
        Some(letters) => ["SI", "PA", "LR"].map(|pair| index[letters.iter().position(|l| pair.contains(*l)).expect("each axis has a letter of its own")]),
    }
}

impl View {
    /// A cut at `scale` pixels a mm (a voxel without a scale).
    pub fn new(header: &Header, cut: Cut, scale: f64) -> View {
        let spacing = header.geometry.spacing().unwrap_or([1.0; 3]);
        let size = [header.nx(), header.ny(), header.nz()];
        let (mut axes, patient) = (cut.across(), letters(header));
        let named = patient.unwrap_or(['x', 'y', 'z']);
        // Left and right run across if they are in the picture, head and feet down.
        let across = |axis: usize| ["LR", "PA", "SI"].iter().position(|pair| pair.contains(named[axis]));
        if across(axes[0]) > across(axes[1]) {
            axes.swap(0, 1);
        }
        let side = |axis: usize| ((size[axis] as f64 * spacing[axis] * scale).round() as usize).max(1);
        let turned = |letter: char, wanted: [char; 2]| patient.is_some() && !wanted.contains(&letter);
        View {
            axes,
            flipped: [turned(named[axes[0]], RIGHT), turned(named[axes[1]], DOWN)],
            voxels: axes.map(|a| size[a]),
            pixels: axes.map(side),
            letters: axes.map(|a| named[a]),
            patient: patient.is_some(),
            mm_per_pixel: header.geometry.has_scale().then_some(1.0 / scale),
        }
    }

    /// The picture of a cut's pixels, one a voxel, the lower index axis along a row; `blend` mixes pixels that meet in one.
    pub fn draw(&self, pixels: &[[u8; 4]], blend: bool) -> Picture {
        let [nx, ny] = self.voxels;
        let turned = |i: usize, n: usize, flip: bool| if flip { n - 1 - i } else { i };
        let at = |x: usize, y: usize| if self.axes[0] < self.axes[1] { y * nx + x } else { x * ny + y };
        let places = (0..ny).flat_map(|y| (0..nx).map(move |x| (x, y)));
        let upright: Vec<[u8; 4]> = places.map(|(x, y)| pixels[at(turned(x, nx, self.flipped[0]), turned(y, ny, self.flipped[1]))]).collect();
        let [width, height] = self.pixels;
        Picture { width, height, pixels: resize(&upright, self.voxels, self.pixels, blend), mm_per_pixel: self.mm_per_pixel }
    }

    /// The pixel at the centre of index `k` of an axis, and whether that axis runs across; `None` for the axis that is cut.
    fn place(&self, axis: Axis, k: usize) -> Option<(usize, bool)> {
        let side = self.axes.iter().position(|&a| a == axis as usize)?;
        let k = if self.flipped[side] { self.voxels[side] - 1 - k } else { k };
        Some(((2 * k + 1) * self.pixels[side] / (2 * self.voxels[side]), side == 0))
    }

    /// Lines through an index of each axis.
    pub fn cross(&self, picture: &mut Picture, point: [usize; 3]) {
        const LINE: [u8; 4] = [255, 200, 0, 255];
        for (axis, k) in [Axis::X, Axis::Y, Axis::Z].into_iter().zip(point) {
            match self.place(axis, k) {
                Some((x, true)) => (0..picture.height).for_each(|y| picture.set(x as isize, y as isize, LINE)),
                Some((y, false)) => (0..picture.width).for_each(|x| picture.set(x as isize, y as isize, LINE)),
                None => {}
            }
        }
    }

    /// Pixels across and down.
    pub fn size(&self) -> [usize; 2] {
        self.pixels
    }

    /// A patient's letters; without a patient nothing.
    pub fn mark_patient(&self, picture: &mut Picture) {
        if self.patient {
            self.mark(picture);
        }
    }

    /// Letters in the middle of the sides, where there is room: a patient's on all four, else the axes' names where they lead.
    pub fn mark(&self, picture: &mut Picture) {
        let size = text::size(picture.width.max(picture.height));
        let [w, h, across, down] = [picture.width, picture.height, text::width("R", size), size.pixels()].map(|n| n as isize);
        let edge = down / 5;
        if w < 5 * down || h < 5 * down {
            return;
        }
        let ends = |side: usize| if self.flipped[side] { [self.letters[side], opposite(self.letters[side])] } else { [opposite(self.letters[side]), self.letters[side]] };
        let ([left, right], [top, bottom]) = (ends(0), ends(1));
        let mut write = |letter: char, x: isize, y: isize| text::write(picture, &letter.to_string(), x, y, size, Ink::LIGHT);
        write(right, w - across - edge, (h - down) / 2);
        write(bottom, (w - across) / 2, h - down - edge);
        if self.patient {
            write(left, edge, (h - down) / 2);
            write(top, (w - across) / 2, edge);
        }
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::{Geometry, Space, Type};

    use super::*;

    /// The pixels (greys) of a 2x3x4 volume's cut, where voxel `(i, j, k)` has the value `100 k + 10 j + i`.
    #[track_caller]
    fn check(direction: Option<[[f64; 3]; 3]>, axis: Axis, expect: &[&[u8]], letters: &str) {
        let mut header = Header::new([2, 3, 4], 1, Type::U8).unwrap();
        if let Some(direction) = direction {
            header.geometry = Geometry::from_parts(Space::Patient, [1.0; 3], [0.0; 3], direction).unwrap();
        }
        let cut = Cut { axis, index: 0 };
        let [a, b] = cut.across();
        let size = [4, 3, 2];
        let value = |p: usize, q: usize| (p * [1, 10, 100][a] + q * [1, 10, 100][b]) as u8;
        let pixels: Vec<[u8; 4]> = (0..size[b]).flat_map(|q| (0..size[a]).map(move |p| (p, q))).map(|(p, q)| [value(p, q), 0, 0, 255]).collect();
        let view = View::new(&header, cut, 1.0);
        let picture = view.draw(&pixels, true);
        let rows: Vec<Vec<u8>> = picture.pixels.chunks(picture.width).map(|r| r.iter().map(|p| p[0]).collect()).collect();
        assert_eq!(rows, expect);
        assert_eq!(view.letters.iter().collect::<String>(), letters);
    }

    const LPS: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    const RAS: [[f64; 3]; 3] = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]];
    /// Rows run to the back, columns to the feet, planes to the left: a sagittal series.
    const PIL: [[f64; 3]; 3] = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];

    #[test]
    fn without_a_patient_nothing_is_turned() {
        check(None, Axis::Z, &[&[0, 1, 2, 3], &[10, 11, 12, 13], &[20, 21, 22, 23]], "xy");
        check(None, Axis::Y, &[&[0, 1, 2, 3], &[100, 101, 102, 103]], "xz");
        check(None, Axis::X, &[&[0, 10, 20], &[100, 110, 120]], "yz");
    }

    #[test]
    fn a_patient_lies_with_the_left_on_the_right_and_the_head_up() {
        check(Some(LPS), Axis::Z, &[&[0, 1, 2, 3], &[10, 11, 12, 13], &[20, 21, 22, 23]], "LP");
        check(Some(LPS), Axis::Y, &[&[100, 101, 102, 103], &[0, 1, 2, 3]], "LS");
        check(Some(LPS), Axis::X, &[&[100, 110, 120], &[0, 10, 20]], "PS");
        check(Some(RAS), Axis::Z, &[&[23, 22, 21, 20], &[13, 12, 11, 10], &[3, 2, 1, 0]], "RA");
    }

    #[test]
    fn a_sagittal_series_gives_the_same_views() {
        check(Some(PIL), Axis::Z, &[&[0, 1, 2, 3], &[10, 11, 12, 13], &[20, 21, 22, 23]], "PI");
        check(Some(PIL), Axis::Y, &[&[0, 100], &[1, 101], &[2, 102], &[3, 103]], "LP");
        let mut header = Header::new([2, 3, 4], 1, Type::U8).unwrap();
        header.geometry = Geometry::from_parts(Space::Patient, [1.0; 3], [0.0; 3], PIL).unwrap();
        assert_eq!(anatomical(&header), [Axis::Y, Axis::X, Axis::Z]);
    }

    #[test]
    fn crosses_meet_at_the_voxel() {
        let mut header = Header::new([2, 3, 4], 1, Type::U8).unwrap();
        header.geometry = Geometry::from_parts(Space::Patient, [1.0; 3], [0.0; 3], RAS).unwrap();
        let view = View::new(&header, Cut { axis: Axis::Z, index: 0 }, 3.0);
        assert_eq!(view.place(Axis::X, 0), Some((10, true)));
        assert_eq!(view.place(Axis::Y, 1), Some((4, false)));
        assert_eq!(view.place(Axis::Z, 1), None);
    }
}
