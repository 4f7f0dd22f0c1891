//! A volume on another grid: the plan and the kernels that `resample` and `transform` share.

use std::ops::Range;

use isovox_macros::Choice;
use isovox_volume::affine::{Affine, IDENTITY, apply, column, nearest_axes, product};
use isovox_volume::vector::{dot, length};
use isovox_volume::voxel::Real;
use isovox_volume::{Error, Header, Numbers, QuantityKind, Result, Scalar, Type, Voxel, scalar};
use serde_json::{Value as Json, json};

use super::finish::Finish;
use super::grid::{between, filling, long, size};
use super::passes::{Passes, Ring};
use super::sampler::{Places, Sampler};
use super::weights::{Axis, Filter, Kernel, Ruler, prefilter_reach};
use crate::access::{Edge, Held, OnGrid};

/// How values between voxels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Interpolation {
    /// Linear; nearest for labels, masks and colours.
    Auto,
    /// The nearest voxel; of two, the upper.
    Nearest,
    /// Linear.
    Linear,
    /// Cubic B-splines through the voxels.
    Cubic,
    /// A sinc under a window of three voxels a side.
    Lanczos,
    /// The label with most of the linear weights; the least of equals.
    Vote,
}

/// What of a sampling is not the grid.
pub(crate) struct Manner {
    pub(crate) interpolation: Interpolation,
    /// Whether a Gaussian takes away what a coarser grid cannot hold.
    pub(crate) smooth: bool,
    /// Whether values beyond the input's range stay.
    pub(crate) overshoot: bool,
    pub(crate) fill: f64,
    /// `scipy.ndimage.zoom` to the letter: splines of a line that repeats its ends, in f64, halves away from zero.
    pub(crate) literal: bool,
}

/// A volume on another grid.
pub struct Sampling {
    voxel: Type,
    /// Input voxels along x, y, z, and output voxels.
    sides: [usize; 3],
    out: [usize; 3],
    grid: Affine,
    kernel: Kernel,
    sigma: [f64; 3],
    manner: Manner,
    how: How,
}

enum How {
    /// Axis by axis.
    Axes(Passes),
    /// Voxel by voxel of nearest voxels, axis by axis.
    Copies([Axis; 3]),
    /// Any affine, of the voxels or of what a filter makes of them.
    Oblique(Option<Passes>),
    /// Any affine, by vote.
    Vote,
}

/// The deviation of the Gaussian before a grid that is coarser by a factor, voxels: the finer grid's point spread of one
/// voxel's width becomes the coarser one's.
///
/// Source: Cardoso et al., "Scale factor point spread function matching", MICCAI 2015.
fn deviation(factor: f64) -> f64 {
    // Full width at half maximum of a Gaussian of deviation 1: 2 sqrt(2 ln 2).
    const WIDTH: f64 = 2.354_820_045_030_949;
    if factor > 1.0 + 1e-6 { (factor * factor - 1.0).sqrt() / WIDTH } else { 0.0 }
}

/// The most voxels along an axis of the new grid: its table of weights is made before any memory is asked for.
const LONGEST: usize = 1 << 20;

/// The kernel, refusing what makes values of labels that no label has.
fn kernel(input: &Header, manner: &Manner) -> Result<Kernel> {
    let asked = if manner.literal { Interpolation::Cubic } else { manner.interpolation };
    let kinds = matches!(input.quantity.kind, QuantityKind::Label | QuantityKind::Mask);
    let whole = kinds || input.voxel == Type::Rgb8;
    match asked {
        Interpolation::Auto if whole => Ok(Kernel::Nearest),
        Interpolation::Nearest => Ok(Kernel::Nearest),
        Interpolation::Vote if input.voxel == Type::Rgb8 => Err(Error::unsupported("a vote of colours").expected("labels or numbers")),
        Interpolation::Vote => Ok(Kernel::Linear),
        _ if whole => Err(Error::unsupported(format_args!("values between {}", if kinds { "labels" } else { "colours" }))
            .expected("--interpolation nearest or, for labels, vote")
            .help("leave --interpolation and --literal-zoom out: labels and colours are then the nearest voxel's")),
        Interpolation::Auto | Interpolation::Linear => Ok(Kernel::Linear),
        Interpolation::Cubic => Ok(Kernel::Cubic),
        Interpolation::Lanczos => Ok(Kernel::Lanczos),
    }
}

/// How many times coarser than the input the output is along each of the input's axes: by the steps, in the input's world,
/// of those output axes that run nearest to them.
fn factors(input: &Header, grid: &Affine) -> [f64; 3] {
    let own = input.geometry.affine().unwrap_or(&IDENTITY);
    let steps = product(own, grid);
    let along = |a: usize, c: usize| dot(column(own, a), column(&steps, c)).abs() / (length(column(own, a)) * length(column(&steps, c)));
    let best = nearest_axes(along);
    std::array::from_fn(|a| length(column(&steps, best[a])) / length(column(own, a)))
}

/// Whether each output axis runs along the same input axis, to a millionth of a voxel over its length.
fn aligned(grid: &Affine, out: [usize; 3]) -> bool {
    (0..3).all(|r| (0..3).all(|c| r == c || grid[r][c].abs() * out[c] as f64 <= 1e-6))
}

impl Sampling {
    /// The sampling of a volume at the input index points that `grid` makes of output indices.
    pub(crate) fn new(input: &Header, out: [usize; 3], grid: Affine, manner: Manner) -> Result<Sampling> {
        let kernel = kernel(input, &manner)?;
        if let Some(long) = out.iter().find(|n| **n > LONGEST) {
            return Err(Error::parameter("the new grid").found(format_args!("{long} voxels along an axis")).expected(format_args!("at most {LONGEST}")).help("is the unit right?"));
        }
        let vote = manner.interpolation == Interpolation::Vote;
        let sides = [input.nx(), input.ny(), input.nz()];
        let smooth = manner.smooth && !vote && !manner.literal && kernel != Kernel::Nearest;
        let sigma = factors(input, &grid).map(|factor| if smooth { deviation(factor) } else { 0.0 });
        if let Some(wide) = sigma.iter().find(|s| **s > 256.0) {
            return Err(Error::parameter("the new grid's spacing")
                .found(format_args!("{:.0} voxels of the input", wide * 2.35))
                .expected("at most 600")
                .help("is the unit right?"));
        }
        let straight = aligned(&grid, out) && !vote;
        let mut plan = Sampling { voxel: input.voxel, sides, out, grid, kernel, sigma, manner, how: How::Vote };
        plan.how = match (straight, kernel) {
            (true, Kernel::Nearest) => How::Copies(std::array::from_fn(|a| Axis::new(&plan.ruler(a), &plan.filter(a, kernel)))),
            (true, _) => How::Axes(plan.passes(kernel, |a| plan.ruler(a))),
            (false, _) if vote => How::Vote,
            (false, _) => {
                let filtered = kernel == Kernel::Cubic || sigma != [0.0; 3];
                How::Oblique(filtered.then(|| plan.passes(Kernel::Same, |a| Ruler::same(sides[a]))))
            }
        };
        Ok(plan)
    }

    fn ruler(&self, a: usize) -> Ruler {
        Ruler { input: self.sides[a], output: self.out[a], first: self.grid[a][3], step: self.grid[a][a] }
    }

    /// Whether sums are made in f64.
    fn wide(&self) -> bool {
        self.manner.literal || self.voxel != Type::Rgb8 && scalar!(self.voxel, T => <<T as Scalar>::Real as Voxel>::TYPE) == Type::F64
    }

    /// Whether values are made of several voxels'.
    fn mixes(&self) -> bool {
        matches!(self.how, How::Axes(_) | How::Oblique(_)) && self.kernel != Kernel::Nearest
    }

    /// Whether planes are made spline coefficients as a whole: lines that are mirrored at their ends are, at once.
    fn splines(&self) -> bool {
        self.kernel == Kernel::Cubic && !self.manner.literal
    }

    fn filter(&self, axis: usize, kernel: Kernel) -> Filter {
        let reach = if self.wide() { prefilter_reach::<f64>() } else { prefilter_reach::<f32>() };
        let cut_off = self.kernel == Kernel::Cubic && (axis == 2 || !self.splines()) && self.sides[axis] > 1;
        let edge = if self.manner.literal { Edge::Nearest } else { self.kernel.edge() };
        Filter { kernel, sigma: self.sigma[axis], prefilter: if cut_off { reach } else { 0 }, edge }
    }

    fn passes(&self, kernel: Kernel, ruler: impl Fn(usize) -> Ruler) -> Passes {
        let axes = std::array::from_fn(|a| Axis::new(&ruler(a), &self.filter(a, kernel)));
        Passes { axes, sides: [self.sides[0], self.sides[1]], splines: self.splines() }
    }

    /// The input index points along an axis between which output planes lie; `None` where these are outside.
    fn between(&self, axis: usize, z: &Range<usize>) -> Option<[f64; 2]> {
        let corner = |c: usize| [(c & 1) * (self.out[0] - 1), (c >> 1 & 1) * (self.out[1] - 1), if c >> 2 == 1 { z.end - 1 } else { z.start }];
        let places = (0..8).map(|c| apply(&self.grid, corner(c).map(|v| v as f64))[axis]);
        let [least, greatest] = places.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], v| [a.min(v), b.max(v)]);
        (greatest >= -0.6 && least <= self.sides[axis] as f64 - 0.4).then_some([least, greatest])
    }

    /// Says so where no voxel of the input can lie in the new grid.
    pub(crate) fn warning(&self) -> Option<String> {
        let missed = (0..3).any(|a| self.between(a, &(0..self.out[2])).is_none());
        missed.then(|| "nothing of the input lies in the new grid: all of it is what stands outside".into())
    }

    fn owners(&self, z: &Range<usize>) -> Range<usize> {
        let Some([least, greatest]) = self.between(2, z) else { return 0..0 };
        let last = (self.sides[2] - 1) as f64;
        least.floor().clamp(0.0, last) as usize..(greatest + 1e-6).floor().clamp(0.0, last) as usize + 1
    }

    fn sampler<T>(&self, held: &Held<'_, T>, z: &Range<usize>) -> Sampler {
        let first = held.own.is_empty() || held.own.start == self.region(z.clone()).start;
        Sampler { places: Places { grid: self.grid, out: self.out, sides: self.sides, z: z.clone() }, own: held.own.clone(), first, kernel: self.kernel, fill: self.manner.fill }
    }

    fn numbers<S: Scalar, R: Real>(&self, ring: &mut Ring, held: &Held<'_, S>, z: Range<usize>, out: &mut [S]) {
        let finish = Finish::new(held.range.filter(|_| self.wants_range()), filling(self.manner.fill), self.manner.literal);
        let plane = self.out[0] * self.out[1];
        match &self.how {
            How::Axes(passes) => {
                let (mut room, first) = (Vec::<R>::new(), z.start);
                let [x, y, deep] = &passes.axes;
                ring.planes::<S, R>(passes, &held.z, held.voxels, z, |z, sums| {
                    let out = &mut out[(z - first) * plane..][..plane];
                    if deep.inside.contains(&z) { finish.plane(sums, x, y, &mut room, out) } else { out.fill(finish.fill) }
                });
            }
            How::Oblique(filter) => {
                let sampler = self.sampler(held, &z);
                match filter {
                    _ if held.own.is_empty() => sampler.values::<S, R, S>(held.voxels, [1, 0, 0], 0, &finish, out),
                    None => sampler.values::<S, R, S>(held.voxels, [1, self.sides[0], self.sides[0] * self.sides[1]], held.z.start, &finish, out),
                    Some(passes) => {
                        let reach = self.kernel.reach();
                        let need = held.own.start.saturating_sub(reach)..(held.own.end + reach).min(self.sides[2]);
                        let values = filtered::<S, R>(passes, held, need.clone());
                        sampler.values::<R, R, S>(&values, [self.sides[1], 1, passes.plane()], need.start, &finish, out);
                    }
                }
            }
            How::Vote => self.sampler(held, &z).vote(held, out),
            How::Copies(_) => unreachable!("copies are made before numbers are"),
        }
    }

    fn copies<T: Voxel>(&self, [x, y, z_axis]: &[Axis; 3], held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        let [nx, ny, _] = self.sides;
        let fill = filling::<T>(self.manner.fill);
        let columns: Vec<usize> = x.inside.clone().map(|i| x.of(i).0).collect();
        let lines = z.flat_map(|z| (0..self.out[1]).map(move |y| (z, y)));
        for ((z, j), out) in lines.zip(out.chunks_exact_mut(self.out[0])) {
            out.fill(fill);
            if !z_axis.inside.contains(&z) || !y.inside.contains(&j) {
                continue;
            }
            let row = &held.voxels[((z_axis.of(z).0 - held.z.start) * ny + y.of(j).0) * nx..][..nx];
            out[x.inside.clone()].iter_mut().zip(&columns).for_each(|(o, i)| *o = row[*i]);
        }
    }
}

impl OnGrid for Sampling {
    type Walk = Ring;

    fn region(&self, z: Range<usize>) -> Range<usize> {
        match &self.how {
            How::Axes(Passes { axes, .. }) | How::Copies(axes) => axes[2].region(z),
            How::Oblique(_) | How::Vote => self.owners(&z),
        }
    }

    fn missing(&self, ring: &Ring, z: Range<usize>) -> Range<usize> {
        match &self.how {
            How::Axes(_) => ring.missing(self.region(z)),
            _ => self.region(z),
        }
    }

    fn spread(&self) -> Option<usize> {
        match &self.how {
            How::Axes(_) | How::Copies(_) => None,
            How::Oblique(None) | How::Vote => Some(self.kernel.reach()),
            How::Oblique(Some(_)) => Some(self.kernel.reach() + self.filter(2, Kernel::Same).reach()),
        }
    }

    fn scratch(&self, planes: usize) -> usize {
        let bytes = if self.wide() { 8 } else { 4 };
        match &self.how {
            How::Copies(_) | How::Oblique(None) | How::Vote => 0,
            How::Axes(p) => (p.plane().saturating_mul(planes + 3)).saturating_add(p.scratch()).saturating_mul(bytes),
            // Planes as they were brought to the grid, and what the filter across them makes of these.
            How::Oblique(Some(p)) => (p.plane().saturating_mul(2 * planes + 3)).saturating_add(p.scratch()).saturating_mul(bytes),
        }
    }

    fn copies(&self) -> bool {
        matches!(self.how, How::Copies(_))
    }

    fn wants_range(&self) -> bool {
        let over = matches!(self.kernel, Kernel::Cubic | Kernel::Lanczos);
        over && !self.manner.overshoot && !self.manner.literal || self.mixes() && long(self.voxel)
    }

    fn takes(&self, range: [f64; 2]) -> Result<()> {
        if self.mixes() && long(self.voxel) { between(range, "values between voxels") } else { Ok(()) }
    }

    fn found(&self) -> Json {
        let kernel = match (self.manner.interpolation, self.kernel) {
            (Interpolation::Vote, _) => "vote",
            (_, Kernel::Nearest | Kernel::Same) => "nearest",
            (_, Kernel::Linear) => "linear",
            (_, Kernel::Cubic) => "cubic",
            (_, Kernel::Lanczos) => "lanczos",
        };
        let [x, y, z] = self.out;
        json!({"size": size([z, y, x]), "interpolation": kernel, "sigma_vox": self.sigma, "outside": self.manner.fill})
    }

    fn planes<T: Voxel>(&self, ring: &mut Ring, held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        if let How::Copies(axes) = &self.how {
            return self.copies(axes, held, z, out);
        }
        if self.kernel == Kernel::Nearest {
            return self.sampler(held, &z).nearest(held, out);
        }
        T::numbers(Sampled { of: self, ring, held: (held.z.clone(), held.own.clone(), held.range), z }, held.voxels, out);
    }
}

/// Planes whose values are made of several.
struct Sampled<'a> {
    of: &'a Sampling,
    ring: &'a mut Ring,
    /// What [`Held`] says of the voxels.
    held: (Range<usize>, Range<usize>, Option<[f64; 2]>),
    z: Range<usize>,
}

impl Numbers for Sampled<'_> {
    fn fill<S: Scalar>(self, voxels: &[S], out: &mut [S]) {
        let Sampled { of, ring, held: (z, own, range), z: planes } = self;
        let held = Held { z, own, voxels, range };
        if of.manner.literal { of.numbers::<S, f64>(ring, &held, planes, out) } else { of.numbers::<S, S::Real>(ring, &held, planes, out) }
    }
}

/// What a filter makes of planes: `[plane, x, y]`.
fn filtered<S: Scalar, R: Real>(passes: &Passes, held: &Held<'_, S>, need: Range<usize>) -> Vec<R> {
    let from = passes.axes[2].region(need.clone());
    let plane = passes.sides[0] * passes.sides[1];
    let voxels = &held.voxels[(from.start - held.z.start) * plane..(from.end - held.z.start) * plane];
    let mut values = Vec::with_capacity(need.len() * passes.plane());
    Ring::default().planes::<S, R>(passes, &from, voxels, need, |_, sums| values.extend_from_slice(sums));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::affine::{inverse, rotation, zoom};
    use isovox_volume::{Geometry, Space};

    #[test]
    fn a_turn_alone_makes_no_grid_coarser() {
        let mut input = Header::new([5, 6, 7], 1, Type::F32).unwrap();
        let own = product(&rotation(1, 0.4), &zoom([0.7, 0.8, 2.5]));
        input.geometry = Geometry::new(Space::Patient, own).unwrap();
        let of = |world: Affine| factors(&input, &product(&inverse(&own).unwrap(), &world));
        let near = |a: [f64; 3], b: [f64; 3]| assert!((0..3).all(|k| (a[k] - b[k]).abs() < 1e-12), "{a:?} is not {b:?}");
        near(of(product(&rotation(2, 0.3), &own)), [1.0; 3]);
        near(of(product(&own, &zoom([2.0, 3.0, 0.5]))), [2.0, 3.0, 0.5]);
        // z, x, y of the input as x, y, z.
        let order = [[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
        near(of(product(&own, &product(&order, &zoom([4.0, 2.0, 3.0])))), [2.0, 3.0, 4.0]);
    }
}
