//! Charts: bars and lines over axes with units, as figures.

use isovox_volume::{Anchor, Figure, Shape, Text, TextSize};

use crate::picture::text::width;
use crate::picture::ticks::{Scale, ticks, written};

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it counts, with its unit: `volume (µm³)`.
    pub title: String,
    /// How values become places.
    pub scale: Scale,
    /// Where it ends; where the data end when not given.
    pub limits: Option<(f64, f64)>,
}

impl Axis {
    /// An axis as long as its data.
    pub fn new(title: impl Into<String>, scale: Scale) -> Axis {
        Axis { title: title.into(), scale, limits: None }
    }
}

/// What is drawn of a series.
#[derive(Clone, Debug)]
pub enum Plot {
    /// `(from, to, height)` along x.
    Bars(Vec<(f64, f64, f64)>),
    /// `(x, y)`; a value that is not finite parts the line.
    Line(Vec<(f64, f64)>),
}

/// Data of one colour.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its line in the legend; without a name it has none.
    pub name: String,
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// The data.
    pub plot: Plot,
}

/// A value of x that is named.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The value.
    pub at: f64,
    /// Its name: `Otsu 75`.
    pub text: String,
}

/// A chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// A line below the title: how many, of what.
    pub note: String,
    /// Across.
    pub x: Axis,
    /// Up.
    pub y: Axis,
    /// From the bottom up.
    pub series: Vec<Series>,
    /// Vertical lines.
    pub markers: Vec<Marker>,
}

/// Colours of series that colour-blind readers tell apart (Okabe and Ito 2008, darker where white is the ground).
pub const COLOURS: [[u8; 3]; 5] = [[86, 138, 190], [213, 94, 0], [0, 140, 105], [180, 100, 150], [60, 60, 60]];

/// The size of a chart for a page, pixels.
pub const SIZE: [usize; 2] = [1000, 600];

const INK: [u8; 3] = [30, 30, 30];
const FAINT: [u8; 3] = [90, 90, 90];
const GRID: [u8; 3] = [226, 226, 226];
const MARK: [u8; 3] = [190, 30, 45];
/// Pixels around everything, and between what stands beside each other.
const PAD: f64 = 14.0;

impl Chart {
    /// The chart, so many pixels across and down (at least 320 x 240).
    pub fn figure(&self, [across, down]: [usize; 2]) -> Figure {
        let (across, down) = (across.max(320), down.max(240));
        let mut figure = Figure { width: across, height: down, title: self.title.clone(), shapes: Vec::new() };
        let limits = self.limits();
        let (w, h) = (across as f64, down as f64);
        let head = self.head(&mut figure, w);
        let bottom = h - PAD - 20.0 - 8.0 - 16.0 - 10.0;
        let labels = |length: f64, scale, (low, high)| spaced(scale, low, high, length, |_| 16.0 + 14.0);
        // The ticks of y decide where the plot begins, where markers stand, and so how many rows their names take: for
        // ticks the head without them is near enough.
        let y_ticks = labels(bottom - head, self.y.scale, limits[1]);
        let widest = y_ticks.iter().map(|t| width(&written(*t), TextSize::Small)).max().unwrap_or(0) as f64;
        let frame = Frame { left: PAD + 20.0 + 8.0 + widest + 10.0, right: w - 2.0 * PAD, top: head, bottom, limits, scales: [self.x.scale, self.y.scale] };
        let frame = Frame { top: self.marker_names(&mut figure, &frame) + 8.0, ..frame };
        frame.grid(&mut figure, &y_ticks);
        self.series.iter().for_each(|s| frame.series(&mut figure, s));
        self.marker_lines(&mut figure, &frame);
        frame.axes(&mut figure, &y_ticks);
        let middle = [f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom)];
        let room = [frame.right - frame.left, frame.bottom - frame.top];
        title(&mut figure, &self.x.title, [middle[0], h - PAD - 10.0], room[0], false);
        title(&mut figure, &self.y.title, [PAD + 10.0, middle[1]], room[1], true);
        figure
    }

    /// Title, note and legend; where they end.
    fn head(&self, figure: &mut Figure, w: f64) -> f64 {
        let mut y = PAD;
        let room = w - 2.0 * PAD;
        let size = [TextSize::Large, TextSize::Medium].into_iter().find(|s| width(&self.title, *s) as f64 <= room).unwrap_or(TextSize::Small);
        for (text, size, colour) in [(&self.title, size, INK), (&self.note, TextSize::Small, FAINT)] {
            if !text.is_empty() {
                let half = size.pixels() as f64 / 2.0;
                write(figure, &cut(text, room, size), [PAD, y + half], Anchor::Start, size, colour);
                y += 2.0 * half + 4.0;
            }
        }
        self.legend(figure, w, y)
    }

    /// A swatch and a name for each named series, in rows; a lone series needs none.
    fn legend(&self, figure: &mut Figure, w: f64, top: f64) -> f64 {
        let named: Vec<&Series> = self.series.iter().filter(|s| !s.name.is_empty()).collect();
        if self.series.len() < 2 || named.is_empty() {
            return top + 4.0;
        }
        let (mut x, mut y) = (PAD, top + 6.0);
        for series in named {
            let long = 24.0 + 6.0 + width(&series.name, TextSize::Small) as f64 + 24.0;
            if x > PAD && x + long > w - PAD {
                (x, y) = (PAD, y + 22.0);
            }
            let colour = series.colour;
            figure.shapes.push(match series.plot {
                Plot::Bars(_) => Shape::Area { from: [x + 4.0, y + 1.0], to: [x + 20.0, y + 15.0], colour },
                Plot::Line(_) => Shape::Line { points: vec![[x, y + 8.0], [x + 24.0, y + 8.0]], width: 2.5, colour },
            });
            write(figure, &cut(&series.name, w - PAD - x - 30.0, TextSize::Small), [x + 30.0, y + 8.0], Anchor::Start, TextSize::Small, INK);
            x += long;
        }
        y + 24.0
    }

    /// The markers' names above the plot, in as many rows as they need; where they end.
    fn marker_names(&self, figure: &mut Figure, frame: &Frame) -> f64 {
        let mut rows: Vec<f64> = Vec::new();
        for (x, text) in self.shown(frame) {
            let long = width(text, TextSize::Small) as f64;
            let left = (x - long / 2.0).min(frame.right - long).max(frame.left);
            let row = rows.iter().position(|end| *end + 12.0 <= left).unwrap_or(rows.len());
            rows.resize(rows.len().max(row + 1), 0.0);
            rows[row] = left + long;
            write(figure, text, [left, frame.top + 18.0 * row as f64 + 8.0], Anchor::Start, TextSize::Small, MARK);
        }
        frame.top + 18.0 * rows.len() as f64
    }

    fn marker_lines(&self, figure: &mut Figure, frame: &Frame) {
        for (x, _) in self.shown(frame) {
            figure.shapes.push(Shape::Line { points: vec![[x, frame.top - 6.0], [x, frame.bottom]], width: 2.0, colour: MARK });
        }
    }

    /// The markers that lie on the axis, from left to right.
    fn shown(&self, frame: &Frame) -> Vec<(f64, &str)> {
        let mut list: Vec<(f64, &str)> = self.markers.iter().map(|m| (frame.place(0, m.at), m.text.as_str())).filter(|(x, _)| (0.0..=1.0).contains(x)).collect();
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        list.into_iter().map(|(x, text)| (frame.left + x * (frame.right - frame.left), text)).collect()
    }

    fn limits(&self) -> [(f64, f64); 2] {
        let given = |axis: &Axis, found: (f64, f64)| axis.limits.unwrap_or(found);
        let x = given(&self.x, range(self.x.scale, self.points().map(|p| p.0)));
        let within = self.points().filter(|p| p.0 >= x.0 && p.0 <= x.1).map(|p| p.1);
        let bars = self.series.iter().any(|s| matches!(s.plot, Plot::Bars(_)));
        let (low, high) = range(self.y.scale, within.chain(bars.then_some(0.0)));
        let y = match self.y.scale {
            // From 0 where that is near enough, with a little air.
            Scale::Linear if low >= 0.0 && low < 0.5 * high => (0.0, high * 1.05),
            Scale::Linear => (low - (high - low) * 0.05, high + (high - low) * 0.05),
            Scale::Log => (low * 0.5, high * 1.5),
        };
        [x, given(&self.y, y)]
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.series.iter().flat_map(|s| match &s.plot {
            Plot::Bars(bars) => bars.iter().flat_map(|b| [(b.0, b.2), (b.1, b.2)]).collect::<Vec<_>>(),
            Plot::Line(points) => points.clone(),
        })
    }
}

/// From least to greatest of what the scale can show, never empty.
fn range(scale: Scale, values: impl Iterator<Item = f64>) -> (f64, f64) {
    let shown = values.filter(|v| v.is_finite() && (scale == Scale::Linear || *v > 0.0));
    let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    match scale {
        _ if low < high => (low, high),
        _ if low > high => (scale.place(1.0, 1.0, 10.0).max(if scale == Scale::Log { 1.0 } else { 0.0 }), 10.0),
        Scale::Linear => (low - low.abs().max(1.0) * 0.5, low + low.abs().max(1.0) * 0.5),
        Scale::Log => (low / 2.0, low * 2.0),
    }
}

/// As many round values as stand side by side over a length.
fn spaced(scale: Scale, low: f64, high: f64, length: f64, long: impl Fn(f64) -> f64) -> Vec<f64> {
    let place = |v: f64| scale.place(v, low, high) * length;
    let fits = |list: &Vec<f64>| list.windows(2).all(|p| place(p[1]) - place(p[0]) >= f64::midpoint(long(p[0]), long(p[1])));
    let lists = (1..=10).rev().map(|most| ticks(scale, low, high, most));
    lists.into_iter().find(fits).unwrap_or_default()
}

fn write(figure: &mut Figure, text: &str, at: [f64; 2], anchor: Anchor, size: TextSize, colour: [u8; 3]) {
    figure.shapes.push(Shape::Text(Text { text: text.into(), at, anchor, size, upward: false, colour }));
}

/// An axis's title, smaller where it would not fit.
fn title(figure: &mut Figure, text: &str, at: [f64; 2], room: f64, upward: bool) {
    let size = if width(text, TextSize::Medium) as f64 <= room { TextSize::Medium } else { TextSize::Small };
    figure.shapes.push(Shape::Text(Text { text: cut(text, room, size), at, anchor: Anchor::Middle, size, upward, colour: INK }));
}

/// A text that fits, its end left out where it must be.
fn cut(text: &str, room: f64, size: TextSize) -> String {
    if width(text, size) as f64 <= room {
        return text.into();
    }
    let mut short: String = text.chars().take(((room / width("0", size) as f64) as usize).saturating_sub(3)).collect();
    short.push_str("...");
    short
}

/// Where the data are drawn.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    limits: [(f64, f64); 2],
    scales: [Scale; 2],
}

impl Frame {
    /// Where on an axis (0 is x) a value lies, 0 to 1.
    fn place(&self, axis: usize, value: f64) -> f64 {
        self.scales[axis].place(value, self.limits[axis].0, self.limits[axis].1)
    }

    /// Shares of the axes as pixels.
    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)]
    }

    fn grid(&self, figure: &mut Figure, y_ticks: &[f64]) {
        for tick in y_ticks {
            let y = sharp(self.at([0.0, self.place(1, *tick)])[1]);
            figure.shapes.push(Shape::Line { points: vec![[self.left, y], [self.right, y]], width: 1.0, colour: GRID });
        }
    }

    fn axes(&self, figure: &mut Figure, y_ticks: &[f64]) {
        let (left, bottom) = (sharp(self.left), sharp(self.bottom));
        let mut line = |from: [f64; 2], to: [f64; 2]| figure.shapes.push(Shape::Line { points: vec![from, to], width: 1.0, colour: INK });
        line([left, self.top], [left, bottom]);
        line([left, bottom], [self.right, bottom]);
        let (low, high) = self.limits[0];
        let x_ticks = spaced(self.scales[0], low, high, self.right - self.left, |v| width(&written(v), TextSize::Small) as f64 + 24.0);
        let places: Vec<f64> = x_ticks.iter().map(|t| sharp(self.at([self.place(0, *t), 0.0])[0])).collect();
        let heights: Vec<f64> = y_ticks.iter().map(|t| sharp(self.at([0.0, self.place(1, *t)])[1])).collect();
        places.iter().for_each(|x| line([*x, bottom], [*x, bottom + 5.0]));
        heights.iter().for_each(|y| line([left - 5.0, *y], [left, *y]));
        x_ticks.iter().zip(places).for_each(|(t, x)| write(figure, &written(*t), [x, bottom + 18.0], Anchor::Middle, TextSize::Small, INK));
        y_ticks.iter().zip(heights).for_each(|(t, y)| write(figure, &written(*t), [left - 9.0, y], Anchor::End, TextSize::Small, INK));
    }

    fn series(&self, figure: &mut Figure, series: &Series) {
        match &series.plot {
            Plot::Bars(bars) => bars.iter().for_each(|bar| self.bar(figure, *bar, series.colour)),
            Plot::Line(points) => self.line(figure, points, series.colour),
        }
    }

    /// A bar from the axis; wide ones stand a pixel apart, narrow ones meet at whole pixels and leave no seam.
    fn bar(&self, figure: &mut Figure, (from, to, height): (f64, f64, f64), colour: [u8; 3]) {
        let base = if self.scales[1] == Scale::Linear { self.place(1, 0.0).clamp(0.0, 1.0) } else { 0.0 };
        let [x0, x1] = [from, to].map(|v| self.place(0, v).clamp(0.0, 1.0));
        let top = self.place(1, height).clamp(0.0, 1.0);
        let ([x0, low], [x1, high]) = (self.at([x0, base.min(top)]), self.at([x1, base.max(top)]));
        let [x0, x1] = if x1 - x0 > 6.0 { [x0 + 0.5, x1 - 0.5] } else { [x0.round(), x1.round()] };
        if x1 > x0 && low > high {
            figure.shapes.push(Shape::Area { from: [x0, high], to: [x1, low], colour });
        }
    }

    /// A line, cut where it leaves the frame.
    fn line(&self, figure: &mut Figure, points: &[(f64, f64)], colour: [u8; 3]) {
        let mut run: Vec<[f64; 2]> = Vec::new();
        let mut lines = Vec::new();
        for pair in points.windows(2) {
            let ends = [pair[0], pair[1]].map(|(x, y)| [self.place(0, x), self.place(1, y)]);
            let Some([a, b]) = clipped(ends) else {
                lines.push(std::mem::take(&mut run));
                continue;
            };
            if run.last() != Some(&self.at(a)) {
                lines.push(std::mem::replace(&mut run, vec![self.at(a)]));
            }
            run.push(self.at(b));
        }
        lines.push(run);
        let long = lines.into_iter().filter(|l| l.len() > 1);
        figure.shapes.extend(long.map(|points| Shape::Line { points, width: 2.5, colour }));
    }
}

/// The middle of a pixel: lines of one pixel are sharp there.
fn sharp(at: f64) -> f64 {
    at.floor() + 0.5
}

/// The part of a stretch inside the unit square (Liang and Barsky 1984).
fn clipped([a, b]: [[f64; 2]; 2]) -> Option<[[f64; 2]; 2]> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for axis in 0..2 {
        let along = b[axis] - a[axis];
        for (gap, out) in [(a[axis], -along), (1.0 - a[axis], along)] {
            if out == 0.0 && gap < 0.0 || !gap.is_finite() || !out.is_finite() {
                return None;
            } else if out < 0.0 {
                from = from.max(gap / out);
            } else if out > 0.0 {
                to = to.min(gap / out);
            }
        }
    }
    let at = |t: f64| {
        if t == 0.0 {
            a
        } else if t == 1.0 {
            b
        } else {
            [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]
        }
    };
    (from < to).then(|| [at(from), at(to)])
}

#[cfg(test)]
mod tests;
