//! Rays through a field: where they meet a surface or a cloud, and what light does there.

use isovox_volume::Picture;
use isovox_volume::vector::{Vector, dot};

use crate::picture::camera::{Camera, unit};
use crate::picture::field::{Field, Ray};

/// Rays of a pixel's side: their mean softens edges.
const FINE: usize = 2;
/// The level at which a field is solid.
const SOLID: f32 = 0.5;
/// What a cloud lets through when a ray ends.
const SPENT: f32 = 0.02;

/// Colour and opacity of 256 steps of a field, for a way of one voxel.
pub(crate) type Cloud = Vec<([f32; 3], f32)>;

/// What is seen of a field.
pub(crate) enum Look<'a> {
    /// Its surface at 0.5, in the colour of the voxel behind it.
    Surface(&'a dyn Fn([usize; 3]) -> [u8; 3]),
    /// All of it.
    Cloud(Cloud),
}

/// What is drawn.
pub(crate) struct Scene<'a> {
    /// What rays meet.
    pub(crate) solid: Field,
    /// The same, smooth: which way surfaces face.
    pub(crate) soft: Field,
    pub(crate) look: Look<'a>,
}

/// The picture's frame.
pub(crate) struct Canvas {
    pub(crate) camera: Camera,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// World units a pixel.
    pub(crate) unit: f64,
    /// Where the volume's middle lies, pixels.
    pub(crate) middle: [f64; 2],
}

impl Canvas {
    /// The picture's place of an index place, pixels, and its depth.
    pub(crate) fn place(&self, index: Vector) -> [f64; 3] {
        let [x, y, depth] = self.camera.seen(index);
        [self.middle[0] + x / self.unit, self.middle[1] - y / self.unit, depth]
    }
}

/// A ray's light, its share of which the ground is covered, and how deep it went.
#[derive(Clone, Copy)]
struct Seen {
    light: [f32; 3],
    cover: f32,
    depth: f64,
}

const NOTHING: Seen = Seen { light: [0.0; 3], cover: 0.0, depth: f64::INFINITY };

/// The scene, transparent where nothing is; the volume's edges in a colour, hidden where something stands before them.
pub(crate) fn picture(scene: &Scene<'_>, canvas: &Canvas, edges: Option<[u8; 3]>) -> Picture {
    let caster = Caster::new(scene, canvas);
    let (width, height) = (canvas.width * FINE, canvas.height * FINE);
    let place = |i: usize, middle: f64| ((i as f64 + 0.5) / FINE as f64 - middle) * canvas.unit;
    let mut seen: Vec<Seen> = (0..width * height).map(|i| caster.cast(&canvas.camera.ray(place(i % width, canvas.middle[0]), -place(i / width, canvas.middle[1])))).collect();
    if let Some(colour) = edges {
        draw_edges(&mut seen, canvas, colour, 2.0 * caster.step);
    }
    let mut picture = Picture::filled(canvas.width, canvas.height, [0; 4]);
    for (i, pixel) in picture.pixels.iter_mut().enumerate() {
        let (x, y) = (i % canvas.width * FINE, i / canvas.width * FINE);
        let near = (0..FINE * FINE).map(|k| seen[(y + k / FINE) * width + x + k % FINE]);
        let (light, cover) = near.fold(([0.0f32; 3], 0.0f32), |(light, cover), s| (std::array::from_fn(|c| light[c] + s.light[c]), cover + s.cover));
        if cover > 0.0 {
            let [r, g, b] = light.map(|l| (l / cover).round().clamp(0.0, 255.0) as u8);
            *pixel = [r, g, b, (cover / (FINE * FINE) as f32 * 255.0).round() as u8];
        }
    }
    picture
}

/// The edges of the volume, a pixel and a half wide; what lies up to `before` in front of an edge lies on it.
fn draw_edges(seen: &mut [Seen], canvas: &Canvas, colour: [u8; 3], before: f64) {
    let (width, height) = ((canvas.width * FINE) as isize, (canvas.height * FINE) as isize);
    let ink = colour.map(f32::from);
    for (_, corners) in Camera::edges() {
        let [a, b] = corners.map(|c| canvas.place(canvas.camera.corner(c)));
        let steps = ((b[0] - a[0]).abs().max((b[1] - a[1]).abs()) * FINE as f64).ceil().max(1.0) as usize;
        for s in 0..=steps {
            let share = s as f64 / steps as f64;
            let [x, y, depth] = std::array::from_fn(|k| a[k] + share * (b[k] - a[k]));
            let (x, y) = ((x * FINE as f64).round() as isize, (y * FINE as f64).round() as isize);
            for (x, y) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (x + dx, y + dy))) {
                if x >= 0 && y >= 0 && x < width && y < height && seen[(y * width + x) as usize].depth + before > depth {
                    let below = &mut seen[(y * width + x) as usize];
                    *below = Seen { light: ink, cover: 1.0, depth: below.depth };
                }
            }
        }
    }
}

struct Caster<'a> {
    scene: &'a Scene<'a>,
    camera: &'a Camera,
    greatest: Field,
    coarse: Field,
    /// A step along any ray that is half a voxel at most.
    step: f64,
    /// The depth from which it gets darker, and how far.
    depth: [f64; 2],
    /// The light's direction, towards it, and half way to the eye.
    light: Vector,
    glance: Vector,
    /// The least value that is seen.
    least: f32,
}

impl Caster<'_> {
    fn new<'a>(scene: &'a Scene<'a>, canvas: &'a Canvas) -> Caster<'a> {
        let camera = &canvas.camera;
        let along = camera.index(camera.into).map(f64::abs);
        let (_, [near, far]) = camera.reach();
        let mix = |r: f64, u: f64, i: f64| unit(std::array::from_fn(|k| r * camera.right[k] + u * camera.up[k] + i * camera.into[k]));
        let light = mix(-0.45, 0.6, -0.7);
        let glance = unit(std::array::from_fn(|k| light[k] - camera.into[k]));
        let least = match &scene.look {
            Look::Surface(_) => SOLID,
            Look::Cloud(table) => table.iter().position(|(_, a)| *a > 0.0).map_or(2.0, |i| i as f32 / 255.0),
        };
        Caster {
            scene,
            camera,
            greatest: scene.solid.greatest(),
            coarse: scene.solid.coarse(),
            step: 0.5 / along.into_iter().fold(0.0, f64::max),
            depth: [near, far - near],
            light,
            glance,
            least,
        }
    }

    fn cast(&self, ray: &Ray) -> Seen {
        let n = self.scene.solid.n;
        match ray.within([-1.0; 3], n.map(|n| n as f64)) {
            None => NOTHING,
            Some((enter, leave)) => match &self.scene.look {
                Look::Surface(colour) => self.surface(ray, enter, leave).map_or(NOTHING, |t| self.shaded(ray, t, colour)),
                Look::Cloud(table) => self.cloud(ray, enter, leave, table),
            },
        }
    }

    /// The next place from `t` on that is not in an empty block.
    fn next(&self, ray: &Ray, t: f64) -> Option<f64> {
        ray.skip(t, &self.greatest, self.scene.solid.n, self.least).map(|leave| leave.max(t) + self.step * 0.01)
    }

    /// Where the ray enters what is solid.
    fn surface(&self, ray: &Ray, enter: f64, leave: f64) -> Option<f64> {
        let solid = |t: f64| self.scene.solid.at(ray.at(t)) >= SOLID;
        let (mut t, mut before) = (enter, enter);
        while t < leave {
            if let Some(next) = self.next(ray, t) {
                (before, t) = (next, next);
            } else if solid(t) {
                let (mut low, mut high) = (before, t);
                for _ in 0..6 {
                    let middle = f64::midpoint(low, high);
                    if solid(middle) {
                        high = middle;
                    } else {
                        low = middle;
                    }
                }
                return Some(high);
            } else {
                before = t;
                t += self.step;
            }
        }
        None
    }

    fn shaded(&self, ray: &Ray, t: f64, colour: &dyn Fn([usize; 3]) -> [u8; 3]) -> Seen {
        let p = ray.at(t);
        let gradient = self.scene.soft.gradient(p);
        let normal = if gradient == [0.0; 3] { self.camera.into.map(|v| -v) } else { self.camera.normal(gradient) };
        let steep = gradient.map(f64::abs).into_iter().fold(1e-9, f64::max);
        // A little behind the surface, where the voxel stands that it belongs to.
        let behind: Vector = std::array::from_fn(|a| p[a] + 0.5 * gradient[a] / steep);
        let n = self.scene.solid.n;
        let voxel = std::array::from_fn(|a| (behind[a].round().max(0.0) as usize).min(n[a] - 1));
        let (diffuse, gloss) = self.lit(p, normal, t);
        let light = colour(voxel).map(|c| (f64::from(c) * diffuse + 255.0 * gloss) as f32);
        Seen { light, cover: 1.0, depth: t }
    }

    /// The share of its colour that a surface shows, and of white.
    fn lit(&self, p: Vector, normal: Vector, t: f64) -> (f64, f64) {
        let open = self.open(p, normal);
        let lambert = dot(normal, self.light).max(0.0);
        let around = 0.30 + 0.08 * dot(normal, self.camera.up);
        let glance = dot(normal, self.glance).max(0.0);
        let gloss = (0..5).fold(glance, |g, _| g * g) * 0.12 * open;
        let far = 1.0 - 0.28 * ((t - self.depth[0]) / self.depth[1]).clamp(0.0, 1.0);
        // Eyes and screens see the root of light: shadows are not drowned.
        (((around * open + 0.68 * lambert * (0.5 + 0.5 * open)) * far).max(0.0).sqrt().min(1.0), gloss)
    }

    /// How much of the sky a place sees: what is solid a little and further off along the normal takes some away.
    fn open(&self, p: Vector, normal: Vector) -> f64 {
        let out = self.camera.index(normal);
        let steep = out.map(f64::abs).into_iter().fold(1e-12, f64::max);
        let blocked = |far: f64| {
            let q: Vector = std::array::from_fn(|a| (p[a] + far * out[a] / steep - 1.5) / 4.0);
            f64::from(self.coarse.at(q))
        };
        (1.0 - 0.8 * blocked(4.0) - 0.5 * blocked(10.0)).clamp(0.15, 1.0)
    }

    fn cloud(&self, ray: &Ray, enter: f64, leave: f64, table: &Cloud) -> Seen {
        let mut seen = NOTHING;
        let mut left = 1.0f32;
        let mut t = enter;
        while t < leave && left > SPENT {
            if let Some(next) = self.next(ray, t) {
                t = next;
                continue;
            }
            let p = ray.at(t);
            let (colour, opacity) = table[(self.scene.solid.at(p) * 255.0).round().clamp(0.0, 255.0) as usize];
            if opacity > 0.0 {
                let light = self.glow(p, t);
                for (sum, c) in seen.light.iter_mut().zip(colour) {
                    *sum += c * light * opacity * left;
                }
                left *= 1.0 - opacity;
                if left < 0.5 && seen.depth == f64::INFINITY {
                    seen.depth = t;
                }
            }
            t += self.step;
        }
        Seen { cover: 1.0 - left, ..seen }
    }

    /// Light on a place of a cloud: like a surface where values change, even where they do not.
    fn glow(&self, p: Vector, t: f64) -> f32 {
        let gradient = self.scene.soft.gradient(p);
        let steep = (dot(gradient, gradient).sqrt() * 8.0).min(1.0);
        let (diffuse, _) = self.lit(p, self.camera.normal(gradient), t);
        (0.7 * (1.0 - steep) + steep * diffuse) as f32
    }
}
