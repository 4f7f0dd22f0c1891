//! Figures: lines, areas and text, drawn at any size.

/// Letters' heights, pixels; both the vector and the raster form have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSize {
    /// Ticks and notes: lines of 16 pixels.
    Small,
    /// Titles of axes: lines of 20 pixels.
    Medium,
    /// The figure's title: lines of 24 pixels.
    Large,
    /// Lines of 32 pixels.
    Huge,
}

impl TextSize {
    /// A line's height, pixels.
    pub const fn pixels(self) -> usize {
        match self {
            TextSize::Small => 16,
            TextSize::Medium => 20,
            TextSize::Large => 24,
            TextSize::Huge => 32,
        }
    }
}

/// Which part of a text lies at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A text and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// One line.
    pub text: String,
    /// The place, pixels; across the text its middle lies there.
    pub at: [f64; 2],
    /// What of it lies there along the line.
    pub anchor: Anchor,
    /// How large.
    pub size: TextSize,
    /// Whether it runs up instead of right.
    pub upward: bool,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// What a figure is made of; pixels from the upper left corner, x right and y down.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points.
    Line {
        /// Pixels.
        points: Vec<[f64; 2]>,
        /// Pixels.
        width: f64,
        /// Red, green, blue.
        colour: [u8; 3],
    },
    /// A filled rectangle.
    Area {
        /// The upper left corner.
        from: [f64; 2],
        /// The lower right corner.
        to: [f64; 2],
        /// Red, green, blue.
        colour: [u8; 3],
    },
    /// A text.
    Text(Text),
}

/// Shapes on white, the first at the bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// What it shows, in a line: read aloud where nothing can be seen.
    pub title: String,
    /// From the bottom up.
    pub shapes: Vec<Shape>,
}
