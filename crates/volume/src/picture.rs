//! Pictures: what people look at.

/// RGBA pixels and how large one is.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue, opacity; rows from the top.
    pub pixels: Vec<[u8; 4]>,
    /// Millimetres a pixel, where the picture has one scale.
    pub mm_per_pixel: Option<f64>,
}

impl Picture {
    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, colour: [u8; 4]) -> Picture {
        Picture { width, height, pixels: vec![colour; width * height], mm_per_pixel: None }
    }

    /// Sets a pixel; outside is ignored.
    pub fn set(&mut self, x: isize, y: isize, colour: [u8; 4]) {
        if x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height {
            self.pixels[y as usize * self.width + x as usize] = colour;
        }
    }

    /// Copies another picture to a place; what falls outside is cut.
    pub fn paste(&mut self, other: &Picture, left: usize, top: usize) {
        for y in 0..other.height {
            for x in 0..other.width {
                self.set((left + x) as isize, (top + y) as isize, other.pixels[y * other.width + x]);
            }
        }
    }
}
