//! A volume in three dimensions.

use isovox_macros::{Choice, Op};
use isovox_volume::{Error, Header, Object, Picture, QuantityKind, Result, Scalar, TextSize, Volume, scalar};
use serde_json::{Value as Json, json};

use crate::access::{At, Reduce};
use crate::intensity::otsu::{number, slice_threshold};
use crate::picture::bar;
use crate::picture::camera::Camera;
use crate::picture::colours::colour_of;
use crate::picture::cuts::one_frame;
use crate::picture::field::Field;
use crate::picture::rays::{Canvas, Cloud, Look, Scene, picture};
use crate::picture::shrink::{Shrink, Shrinking, Shrunk};
use crate::picture::text::{self, Ink};
use crate::picture::ticks::written;
use crate::picture::window::{Shades, Window, voxels};

/// Voxels that a side of what is drawn has at most.
pub const MOST: usize = 256;
/// The colour of surfaces that have no number.
const STONE: [u8; 3] = [222, 206, 182];

/// What stands behind the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Background {
    /// For pages.
    White,
    /// For slides.
    Black,
    /// Nothing.
    Transparent,
}

/// Colours and opacities of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Preset {
    /// Bone: from 200 HU.
    Bone,
    /// Airways, vessels and lung: -950 to -200 HU.
    Lung,
    /// Skin, muscles and bone.
    Soft,
    /// Bright voxels of any volume: the solid of a micro-CT scan.
    Rock,
}

/// Draw a volume in three dimensions, from any side.
///
/// Labels have their colours, masks one; of grey volumes the surface at --level (Otsu's threshold when not given), or all
/// of it by --preset. Without perspective, so that the scale bar holds everywhere; the box shows the volume's edges. At
/// azimuth and elevation 0 the eye looks along y, x to the right and z up; a patient is seen from the front. Volumes of
/// more than 256 voxels a side are reduced by a whole factor that the provenance names: means, of labels the most
/// frequent. Shape: a picture --size pixels wide.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Picture, example = "isovox render labels.mha -o pores.png --azimuth 40")]
pub struct Render {
    /// Degrees that the eye goes to the right around the volume.
    #[op(default = 30.0, unit = "degree", range = -360.0..=360.0)]
    pub azimuth: f64,
    /// Degrees that the eye goes up.
    #[op(default = 25.0, unit = "degree", range = -90.0..=90.0)]
    pub elevation: f64,
    /// Pixels across.
    #[op(default = 800, range = 64..=2048)]
    pub size: usize,
    /// Draw the surface at this value, the brighter side solid.
    pub level: Option<f64>,
    /// Draw all values, in these colours.
    pub preset: Option<Preset>,
    /// What stands behind.
    #[op(default = Background::White)]
    pub background: Background,
    /// Leave the box, the captions and the scale bar out.
    #[op(default = false)]
    pub plain: bool,
}

impl Render {
    /// The picture of a volume in memory; `factor` is what it was reduced by.
    pub fn picture(&self, volume: &Volume, factor: usize) -> Picture {
        let header = volume.header();
        let number = |[x, y, z]: [usize; 3]| scalar!(header.voxel, T => volume.data().as_slice::<T>()[(z * header.ny() + y) * header.nx() + x].to_i128() as u64);
        let coloured = |at: [usize; 3]| match number(at) {
            0 => STONE,
            n => colour_of(n),
        };
        let (field, look) = match self.style(header) {
            Style::Labels => (occupied(volume), Look::Surface(&coloured)),
            Style::Surface => (risen(volume, self.threshold(volume)), Look::Surface(&|_| STONE)),
            Style::Cloud(preset) => {
                let (low, high) = preset.window(volume);
                (between(volume, low, high), Look::Cloud(preset.cloud(low, high)))
            }
        };
        let smooth = field.copy().smoothed();
        let (solid, soft) = match self.style(header) {
            // Half smoothed: voxels' corners go, and a single voxel stays.
            Style::Labels => (field.mixed(&smooth), smooth.smoothed().smoothed()),
            Style::Surface | Style::Cloud(_) => (field, smooth),
        };
        let canvas = self.canvas(header, factor);
        let edges = (!self.plain).then_some(if self.background == Background::Black { [150; 3] } else { [110; 3] });
        let mut drawn = picture(&Scene { solid, soft, look }, &canvas, edges);
        self.ground(&mut drawn);
        drawn.mm_per_pixel = header.geometry.has_scale().then_some(canvas.unit);
        if !self.plain {
            self.captions(&mut drawn, &canvas, header, factor);
        }
        drawn
    }

    fn style(&self, header: &Header) -> Style {
        match (self.preset, self.level) {
            (Some(preset), _) => Style::Cloud(preset),
            (None, None) if Shades::are_numbers(header) => Style::Labels,
            (None, None) if header.quantity.kind == QuantityKind::Mask => Style::Labels,
            _ => Style::Surface,
        }
    }

    /// The value of the surface.
    fn threshold(&self, volume: &Volume) -> f64 {
        let otsu = || scalar!(volume.header().voxel, T => slice_threshold(volume.data().as_slice::<T>(), None, 256).0);
        self.level.unwrap_or_else(otsu)
    }

    fn canvas(&self, header: &Header, factor: usize) -> Canvas {
        let camera = Camera::new(header, self.azimuth, self.elevation);
        let ([half_x, half_y], _) = camera.reach();
        let width = self.size;
        let pad = if self.plain { 2.0 } else { (width as f64 * 0.06).max(4.0) };
        let strip = if self.plain { 0.0 } else { width as f64 * 0.05 };
        // Upright edges have their caption on the left.
        let beside = if self.captioned() { text::width(&length(header, 2, factor), TextSize::Small) as f64 + 16.0 } else { 0.0 };
        let room = [width as f64 - 2.0 * pad.max(beside), width as f64 - 2.0 * pad - strip];
        let unit = (2.0 * half_x / room[0]).max(2.0 * half_y / room[1]);
        let height = ((2.0 * half_y / unit + 2.0 * pad + strip).ceil() as usize).clamp(1, width);
        let middle = [width as f64 / 2.0, (height as f64 - strip) / 2.0];
        Canvas { camera, width, height, unit, middle }
    }

    fn captioned(&self) -> bool {
        !self.plain && self.size >= 400
    }

    fn ground(&self, picture: &mut Picture) {
        let ground = match self.background {
            Background::White => 255,
            Background::Black => 0,
            Background::Transparent => return,
        };
        for pixel in &mut picture.pixels {
            let share = u32::from(pixel[3]);
            let mixed = [pixel[0], pixel[1], pixel[2]].map(|c| ((u32::from(c) * share + ground * (255 - share) + 127) / 255) as u8);
            *pixel = [mixed[0], mixed[1], mixed[2], 255];
        }
    }

    /// The scale bar, and beside one edge of each axis its name and length.
    fn captions(&self, picture: &mut Picture, canvas: &Canvas, header: &Header, factor: usize) {
        let ink = if self.background == Background::White { Ink::DARK } else { Ink::LIGHT };
        let (bottom, room) = (picture.height.saturating_sub(8), picture.width.saturating_sub(16));
        bar::draw(picture, canvas.unit * factor as f64, [8, bottom], room, ink);
        if !self.captioned() {
            return;
        }
        for axis in 0..3 {
            let caption = length(header, axis, factor);
            // Of the four edges of an axis the lowest is free of the others; of upright ones the leftmost.
            let ends = Camera::edges().filter(|(a, _)| *a == axis).map(|(_, corners)| corners.map(|c| canvas.place(canvas.camera.corner(c))));
            let middles = ends.map(|[a, b]| ([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])], (b[1] - a[1]).abs() > (b[0] - a[0]).abs()));
            let best = middles.max_by(|(p, upright), (q, _)| if *upright { q[0].total_cmp(&p[0]) } else { p[1].total_cmp(&q[1]) });
            if let Some((at, _)) = best {
                beside(picture, &caption, at, canvas.middle, ink);
            }
        }
    }
}

/// Writes a caption beside a place, away from the middle, if there is room.
fn beside(picture: &mut Picture, caption: &str, at: [f64; 2], middle: [f64; 2], ink: Ink) {
    let size = TextSize::Small;
    let (long, high) = (text::width(caption, size) as f64, size.pixels() as f64);
    let away = [at[0] - middle[0], at[1] - middle[1]];
    let far = (away[0] * away[0] + away[1] * away[1]).sqrt().max(1.0);
    let left = at[0] + away[0] / far * (long / 2.0 + 8.0) - long / 2.0;
    let top = at[1] + away[1] / far * (high / 2.0 + 8.0) - high / 2.0;
    let left = left.clamp(2.0, (picture.width as f64 - long - 2.0).max(2.0));
    if top >= 0.0 && top + high <= picture.height as f64 {
        text::write(picture, caption, left.round() as isize, top.round() as isize, size, ink);
    }
}

/// `x 0.68 mm`, of a patient `R-L 250 mm`.
fn length(header: &Header, axis: usize, factor: usize) -> String {
    let opposite = |letter: char| "LRPASI".chars().zip("RLAPIS".chars()).find(|(l, _)| *l == letter).map_or(letter, |(_, o)| o);
    let letter = header.geometry.axes().and_then(|axes| axes.chars().nth(axis));
    let name = letter.map_or_else(|| ["x", "y", "z"][axis].to_string(), |l| format!("{}-{l}", opposite(l)));
    let n = [header.nx(), header.ny(), header.nz()][axis] as f64;
    let three = |v: f64| {
        let digits = 100.0 / libm::pow(10.0, libm::log10(v).floor().min(2.0));
        written((v * digits).round() / digits)
    };
    match header.geometry.spacing() {
        None => format!("{name} {} vox", written(n * factor as f64)),
        Some(spacing) if n * spacing[axis] < 1.0 => format!("{name} {} µm", three(n * spacing[axis] * 1000.0)),
        Some(spacing) => format!("{name} {} mm", three(n * spacing[axis])),
    }
}

enum Style {
    Labels,
    Surface,
    Cloud(Preset),
}

fn field<T>(volume: &Volume, value: impl Fn(f64) -> T) -> Field
where
    f32: From<T>,
{
    let header = volume.header();
    let data = scalar!(header.voxel, V => voxels::<V>(volume.data().bytes()).map(|v| f32::from(value(v.to_f64()))).collect());
    Field::new([header.nx(), header.ny(), header.nz()], data)
}

/// 1 where there is an object.
fn occupied(volume: &Volume) -> Field {
    field(volume, |v| u8::from(v != 0.0))
}

/// 0.5 at a level, 0 and 1 where most values are.
fn risen(volume: &Volume, level: f64) -> Field {
    let (low, high) = limits(volume);
    let contrast = (high - low).max(f64::MIN_POSITIVE);
    field(volume, |v| if v.is_nan() { 0.0 } else { (0.5 + (v - level) / contrast).clamp(0.0, 1.0) as f32 })
}

fn between(volume: &Volume, low: f64, high: f64) -> Field {
    let contrast = (high - low).max(f64::MIN_POSITIVE);
    field(volume, |v| if v.is_nan() { 0.0 } else { ((v - low) / contrast).clamp(0.0, 1.0) as f32 })
}

/// The values that 1 in 200 voxels lie below and above, of every eighth plane.
fn limits(volume: &Volume) -> (f64, f64) {
    let (bytes, plane) = (volume.data().bytes(), volume.header().plane_bytes());
    let planes: Vec<Vec<u8>> = bytes.chunks(plane).step_by(8).map(<[u8]>::to_vec).collect();
    Window::default().of(volume.header(), &planes)
}

impl Preset {
    /// `(value, red, green, blue, opacity of a voxel)`: HU, or shares of the window.
    fn points(self) -> &'static [(f64, [u8; 3], f64)] {
        match self {
            Preset::Bone => &[(150.0, [190, 130, 100], 0.0), (250.0, [215, 170, 130], 0.12), (500.0, [240, 225, 200], 0.5), (1500.0, [255, 252, 242], 0.9)],
            Preset::Lung => {
                &[(-950.0, [150, 185, 225], 0.0), (-850.0, [160, 185, 220], 0.008), (-600.0, [215, 170, 160], 0.03), (-400.0, [225, 110, 90], 0.15), (-200.0, [225, 90, 75], 0.0)]
            }
            Preset::Soft => {
                &[(-250.0, [230, 185, 160], 0.0), (-80.0, [230, 185, 160], 0.04), (30.0, [205, 105, 90], 0.14), (180.0, [225, 190, 160], 0.4), (700.0, [250, 245, 232], 0.9)]
            }
            Preset::Rock => &[(0.0, [150, 120, 95], 0.0), (0.45, [165, 135, 105], 0.0), (0.6, [200, 176, 146], 0.12), (0.8, [228, 214, 192], 0.5), (1.0, [250, 246, 238], 0.9)],
        }
    }

    fn window(self, volume: &Volume) -> (f64, f64) {
        if self == Preset::Rock {
            return limits(volume);
        }
        let points = self.points();
        (points[0].0, points[points.len() - 1].0)
    }

    /// The table of a window, opacities for half a voxel's way.
    fn cloud(self, low: f64, high: f64) -> Cloud {
        let points = self.points();
        let value = |i: f64| if self == Preset::Rock { i / 255.0 } else { low + (high - low) * i / 255.0 };
        let one = |i: u8| {
            let v = value(f64::from(i));
            let above = points.iter().position(|p| p.0 >= v - 1e-9).unwrap_or(points.len() - 1).max(1);
            let (a, b) = (points[above - 1], points[above]);
            let share = ((v - a.0) / (b.0 - a.0)).clamp(0.0, 1.0);
            let colour = std::array::from_fn(|c| (f64::from(a.1[c]) + share * (f64::from(b.1[c]) - f64::from(a.1[c]))) as f32);
            (colour, (1.0 - (1.0 - (a.2 + share * (b.2 - a.2))).sqrt()) as f32)
        };
        (0..=255).map(one).collect()
    }
}

impl Reduce for Render {
    type Acc = Shrinking;
    type Value = Shrunk;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        one_frame(inputs[0])?;
        match (self.preset, self.level) {
            (Some(_), Some(_)) => Err(Error::parameter("--level and --preset").help("a surface or all values: leave one out")),
            (Some(preset), _) if preset != Preset::Rock && inputs[0].quantity.kind != QuantityKind::Hu => Err(Error::unsupported("a preset in Hounsfield units")
                .found(format_args!("{} values", inputs[0].quantity.kind.name()))
                .help("--preset rock, or a surface with --level")),
            _ => Ok(()),
        }
    }

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, inputs: &[&Header], _before: Option<&Shrinking>) -> Shrinking {
        Shrink::to(inputs[0], MOST).begin(inputs[0])
    }

    fn observe<T: Scalar>(&self, acc: &mut Shrinking, at: &At<'_>, plane: &[T]) {
        acc.take(at.z, bytemuck::cast_slice(plane));
    }

    fn merge(&self, acc: &mut Shrinking, next: Shrinking) {
        acc.join(next);
    }

    fn bytes(&self, acc: &Shrinking) -> usize {
        // Two fields of 4 bytes a voxel stand beside the copy when it is drawn.
        acc.bytes() + acc.voxels() * 8
    }

    fn finish(&self, acc: Shrinking, _inputs: &[&Header]) -> Result<Shrunk> {
        acc.end()
    }

    fn found(&self, copy: &Shrunk) -> Json {
        let level = match self.style(copy.volume.header()) {
            Style::Surface => number(self.threshold(&copy.volume)),
            Style::Labels | Style::Cloud(_) => Json::Null,
        };
        json!({"factor": copy.factors[0], "level": level})
    }

    fn object(&self, copy: &Shrunk, _inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Picture(self.picture(&copy.volume, copy.factors[0])))
    }
}

#[cfg(test)]
mod tests;
