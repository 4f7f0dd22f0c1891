//! An even, upright grid made of slices that are neither.

use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::affine::column;
use isovox_volume::vector::{Vector, cross, dot, length};
use isovox_volume::verdict::median_step;
use isovox_volume::{Error, Geometry, Header, Numbers, Problem, QuantityKind, Result, Scalar, Type, Verdict, Voxel};
use serde_json::{Value as Json, json};

use super::finish::Finish;
use super::grid::{between, fill, filling, long, placed};
use super::weights::inside;
use crate::access::{Gather, Held, OnGrid};

/// Make an even, upright grid of slices with gaps, overlaps or a tilt.
///
/// Slices are taken at their true places (those of `info --slices`, else of the affine). Output planes lie from the first
/// slice to the last at equal steps along the normal: that of --step, else the median. A plane within 1 % of the step, or
/// 0.01 mm, of a slice is that slice; any other is linear between its two true neighbours, and is named in the provenance
/// and in a warning. A tilt is corrected by moving each slice within its plane, linearly between voxels; the grid grows so
/// that nothing is cut. What one neighbour alone covers has its value; what none covers is --fill, else air (-1024) in a
/// volume of Hounsfield units, else 0. Labels and masks take the nearest slice's and voxel's value. Slices without proven places, several at one place, or not in line are
/// refused. Shape: `[z, y, x]` to that of the new grid, of the same type. Its definition is this text.
#[derive(Op)]
#[op(access = Gather, input = Scalar, output = SameType, example = "isovox regularize series/ -o even.nii.gz")]
pub struct Regularize {
    /// From one plane to the next [default: the median step].
    #[op(unit = "mm", range = 0.0..=f64::MAX)]
    pub step: Option<f64>,
    /// What stands where no slice is.
    pub fill: Option<f64>,
}

/// The most planes of a grid: more is a wrong unit.
const MOST: usize = 1 << 20;

/// Where an output plane comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plane {
    below: usize,
    /// Of the slice above; 0 where the plane is the slice below.
    weight: f64,
}

/// Slices on their way to an even grid.
pub struct Even {
    planes: Vec<Plane>,
    /// The place of output voxel (0, 0) in each slice, voxels.
    starts: Vec<[f64; 2]>,
    /// Input and output voxels along x and y.
    sides: [usize; 2],
    out: [usize; 2],
    kinds: bool,
    fill: f64,
    step: f64,
    tilt: f64,
    /// Whether integers that a float may not keep are mixed.
    long: bool,
}

/// The slices' axes: along rows, along columns, the normal, and the way for each mm along it.
struct Stack {
    origin: Vector,
    row: Vector,
    column: Vector,
    normal: Vector,
    along: Vector,
    step: f64,
}

impl Stack {
    fn of(input: &Header) -> Result<Stack> {
        let Some(a) = input.geometry.affine() else {
            return Err(Error::geometry("an even grid of slices without geometry").help("name the spacing with --voxel-size"));
        };
        let axis = |c: usize| column(a, c);
        let (row, column, way) = (axis(0), axis(1), axis(2));
        let across = cross(row, column);
        let upright = across.map(|v| v / length(across) * if dot(across, way) < 0.0 { -1.0 } else { 1.0 });
        let step = dot(upright, way);
        Ok(Stack { origin: axis(3), row, column, normal: upright, along: way.map(|v| v / step), step })
    }

    /// A vector within the slices' plane, in voxels along rows and columns.
    fn within(&self, v: Vector) -> [f64; 2] {
        let (rr, rc, cc) = (dot(self.row, self.row), dot(self.row, self.column), dot(self.column, self.column));
        let (vr, vc, d) = (dot(v, self.row), dot(v, self.column), rr * cc - rc * rc);
        [(vr * cc - vc * rc) / d, (vc * rr - vr * rc) / d]
    }
}

/// Places of slices along the normal from the first, mm.
fn places(input: &Header, step: f64) -> Result<Vec<f64>> {
    let (nz, verdict) = (input.nz(), &input.verdict);
    if verdict.problems.iter().any(|p| matches!(p, Problem::Mixed | Problem::SamePosition)) {
        return Err(Error::geometry("slices that are not in one line").found(&verdict.text).help("choose some of them: they make no grid together"));
    }
    if verdict.uniform != Some(false) {
        return Ok((0..nz).map(|k| k as f64 * step).collect());
    }
    let unproven = || Error::geometry("slices whose places are not known").found(&verdict.text).help("regularize must be the first step after the series is opened");
    let rows: Vec<f64> = verdict.slices.iter().filter(|r| r.reason.is_none()).map(|r| r.position_mm).collect::<Option<_>>().ok_or_else(unproven)?;
    if rows.len() != nz * input.frames.count {
        return Err(unproven().found(format_args!("{} places for {} slices", rows.len(), nz * input.frames.count)));
    }
    let first: Vec<f64> = rows[..nz].iter().map(|p| p - rows[0]).collect();
    let alike = rows.chunks(nz).all(|frame| frame.iter().zip(&first).all(|(p, f)| (p - frame[0] - f).abs() < 1e-3));
    let ascending = first.windows(2).all(|w| w[1] > w[0]);
    if alike && ascending { Ok(first) } else { Err(Error::geometry("slices that are not in order, or not alike in each frame").found(&verdict.text)) }
}

/// Planes at equal steps from the first place to the last.
fn planes(places: &[f64], step: f64) -> Vec<Plane> {
    // Never so much that two slices, or two planes, are one.
    let least = places.windows(2).map(|w| w[1] - w[0]).fold(step, f64::min);
    let tolerance = f64::max(0.01, 0.01 * step).min(0.1 * least);
    let reach = places[places.len() - 1];
    let count = ((reach + tolerance) / step).floor() as usize + 1;
    let plane = |m: usize| {
        let at = m as f64 * step;
        let above = places.partition_point(|p| *p <= at);
        let below = above.saturating_sub(1);
        let off = |k: usize| places.get(k).map_or(f64::INFINITY, |p| (p - at).abs());
        let near = if off(above) < off(below) { above } else { below };
        if off(near) <= tolerance || above >= places.len() {
            Plane { below: near, weight: 0.0 }
        } else {
            Plane { below, weight: (at - places[below]) / (places[above] - places[below]) }
        }
    };
    (0..count).map(plane).collect()
}

impl Gather for Regularize {
    type Plan = Even;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Even)> {
        let input = inputs[0];
        if input.voxel == Type::Rgb8 {
            return Err(Error::unsupported("an even grid of colour slices").expected("numbers"));
        }
        let stack = Stack::of(input)?;
        let places = places(input, stack.step)?;
        let step = self.step.or(median_step(&places)).unwrap_or(stack.step);
        let count = places[places.len() - 1] / step;
        // Not so, too, where it is no number.
        if !(step > 0.0 && count < MOST as f64) {
            return Err(Error::parameter("--step").found(step).expected("a length above 0, of the slices' own order").help("is the unit right?"));
        }
        let planes = planes(&places, step);
        let aside: Vector = std::array::from_fn(|a| stack.normal[a] - stack.along[a]);
        let drift = stack.within(aside);
        let upright = input.geometry.shear_deg() <= 0.1;
        let shifts: Vec<[f64; 2]> = places.iter().map(|p| if upright { [0.0; 2] } else { drift.map(|d| d * p) }).collect();
        let side = |a: usize| {
            let least = shifts.iter().map(|s| s[a]).fold(0.0, f64::min);
            let greatest = shifts.iter().map(|s| s[a]).fold(0.0, f64::max);
            ((0.0 - greatest).floor(), (greatest.ceil() - least.floor()) as usize)
        };
        let ((x0, wider), (y0, taller)) = (side(0), side(1));
        if wider.max(taller) > 1 << 20 {
            return Err(Error::geometry("the tilt").found(format_args!("slices that move by {} voxels", wider.max(taller))).expected("slices that overlap"));
        }
        let out = [input.nx() + wider, input.ny() + taller];
        let affine = std::array::from_fn(|r| match r {
            3 => [0.0, 0.0, 0.0, 1.0],
            _ => [stack.row[r], stack.column[r], stack.normal[r] * step, stack.origin[r] + x0 * stack.row[r] + y0 * stack.column[r]],
        });
        let geometry = Geometry::new(input.geometry.space(), affine).ok_or_else(|| Error::geometry("the new grid").expected("an affine whose columns span space"))?;
        let kinds = matches!(input.quantity.kind, QuantityKind::Label | QuantityKind::Mask);
        let even = Even {
            starts: shifts.iter().map(|s| [x0 + s[0], y0 + s[1]]).collect(),
            sides: [input.nx(), input.ny()],
            out,
            kinds,
            fill: if upright { 0.0 } else { fill(input, self.fill)? },
            step,
            tilt: input.geometry.shear_deg(),
            long: long(input.voxel) && !kinds && !(upright && planes.iter().all(|p| p.weight == 0.0)),
            planes,
        };
        let verdict = Verdict::of(&geometry, &format!("made even by regularize: steps of {step:.4} mm along the normal"));
        let mut header = placed(input, [even.planes.len(), out[1], out[0]], geometry, &verdict)?;
        header.warnings.extend(even.told());
        Ok((header, even))
    }
}

/// Runs of planes as users read them: `3, 11-19`.
fn listed(runs: &[Range<usize>]) -> String {
    let one = |run: &Range<usize>| if run.len() == 1 { run.start.to_string() } else { format!("{}-{}", run.start, run.end - 1) };
    runs.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Even {
    /// Planes that are no slice, as runs of neighbours.
    fn between(&self) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for m in (0..self.planes.len()).filter(|m| self.planes[*m].weight > 0.0) {
            match runs.last_mut().filter(|run| run.end == m) {
                Some(run) => run.end = m + 1,
                None => runs.push(m..m + 1),
            }
        }
        runs
    }

    fn told(&self) -> Option<String> {
        let what = if self.kinds { "are copies of their nearest" } else { "are interpolated" };
        let count = self.planes.iter().filter(|p| p.weight > 0.0).count();
        (count > 0).then(|| format!("{count} of {} slices {what}, where there was none: {}", self.planes.len(), listed(&self.between())))
    }

    /// The slice's value at a place within it; `None` outside.
    fn value<S: Scalar>(&self, slice: &[S], [x, y]: [f64; 2]) -> Option<f64> {
        let [nx, ny] = self.sides;
        if !(inside(x, nx) && inside(y, ny)) {
            return None;
        }
        let clamp = |v: f64, n: usize| v.clamp(0.0, (n - 1) as f64) as usize;
        let (x0, y0) = (x.floor(), y.floor());
        let at = |i: f64, j: f64| slice[clamp(j, ny) * nx + clamp(i, nx)].to_f64();
        let row = |j: f64| if x == x0 { at(x0, j) } else { at(x0, j) * (1.0 - (x - x0)) + at(x0 + 1.0, j) * (x - x0) };
        Some(if y == y0 { row(y0) } else { row(y0) * (1.0 - (y - y0)) + row(y0 + 1.0) * (y - y0) })
    }

    /// Moves one slice: the nearest voxels.
    fn nearest<S: Scalar>(&self, slice: &[S], [x0, y0]: [f64; 2], out: &mut [S]) {
        let [nx, ny] = self.sides;
        let place = |i: usize, first: f64, n: usize| {
            let at = i as f64 + first;
            inside(at, n).then(|| ((at + 0.5).floor().max(0.0) as usize).min(n - 1))
        };
        for (j, row) in out.chunks_exact_mut(self.out[0]).enumerate() {
            let from = place(j, y0, ny).map(|y| &slice[y * nx..][..nx]);
            for (i, o) in row.iter_mut().enumerate() {
                *o = from.zip(place(i, x0, nx)).map_or_else(|| filling(self.fill), |(from, x)| from[x]);
            }
        }
    }

    fn plane<S: Scalar>(&self, plane: Plane, slices: impl Fn(usize) -> Range<usize>, voxels: &[S], out: &mut [S]) {
        let Plane { below, weight } = plane;
        let slice = |k: usize| &voxels[slices(k)];
        let whole = |k: usize| self.starts[k].iter().all(|v| *v == v.round());
        if self.kinds || weight == 0.0 && whole(below) {
            let near = if weight > 0.5 { below + 1 } else { below };
            return self.nearest(slice(near), self.starts[near], out);
        }
        let finish = Finish::<S>::new(None, filling(self.fill), false);
        for (j, row) in out.chunks_exact_mut(self.out[0]).enumerate() {
            for (i, o) in row.iter_mut().enumerate() {
                let value = |k: usize| self.value(slice(k), [i as f64 + self.starts[k][0], j as f64 + self.starts[k][1]]);
                let sum = match (value(below), (weight > 0.0).then(|| value(below + 1)).flatten()) {
                    (Some(a), Some(b)) => Some(a * (1.0 - weight) + b * weight),
                    (one, other) => one.or(other),
                };
                *o = sum.map_or(finish.fill, |sum| finish.one(sum));
            }
        }
    }
}

impl OnGrid for Even {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        let part = &self.planes[z];
        let last = part.iter().map(|p| p.below + usize::from(p.weight > 0.0)).max().unwrap_or(0);
        part.iter().map(|p| p.below).min().unwrap_or(0)..last + 1
    }

    fn copies(&self) -> bool {
        false
    }

    fn wants_range(&self) -> bool {
        self.long
    }

    fn takes(&self, range: [f64; 2]) -> Result<()> {
        if self.long { between(range, "slices between slices") } else { Ok(()) }
    }

    fn found(&self) -> Json {
        let between: Vec<[usize; 2]> = self.between().into_iter().map(|run| [run.start, run.end - 1]).collect();
        json!({"step_mm": self.step, "interpolated": between, "tilt_corrected_deg": if self.tilt > 0.1 { json!(self.tilt) } else { Json::Null }})
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        T::numbers(Planes { of: self, first: held.z.start, z }, held.voxels, out);
    }
}

/// Output planes of slices from `first` on.
struct Planes<'a> {
    of: &'a Even,
    first: usize,
    z: Range<usize>,
}

impl Numbers for Planes<'_> {
    fn fill<S: Scalar>(self, voxels: &[S], out: &mut [S]) {
        let Planes { of, first, z } = self;
        let size = of.sides[0] * of.sides[1];
        for (m, out) in z.zip(out.chunks_exact_mut(of.out[0] * of.out[1])) {
            of.plane(of.planes[m], |k| (k - first) * size..(k - first + 1) * size, voxels, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{SliceRow, Space};

    fn series(places: &[f64], tilt: f64) -> Header {
        let mut header = Header::new([places.len(), 6, 8], 1, Type::F64).unwrap();
        let affine = [[1.0, 0.0, 0.0, 5.0], [0.0, 1.0, tilt * 2.0, 6.0], [0.0, 0.0, 2.0, 7.0], [0.0, 0.0, 0.0, 1.0]];
        header.geometry = Geometry::new(Space::Patient, affine).unwrap();
        let row = |p: &f64| SliceRow { position_mm: Some(40.0 + p), ..SliceRow::default() };
        header.verdict = Verdict { uniform: Some(false), slices: places.iter().map(row).collect(), ..Verdict::uniform("said") };
        header
    }

    /// 3 x - y + 10 z of the world where each voxel truly is.
    fn ramp(places: &[f64], tilt: f64) -> Vec<f64> {
        let at = |k: usize, j: usize, i: usize| 3.0 * (5.0 + i as f64) - (6.0 + j as f64 + tilt * places[k]) + 10.0 * (7.0 + places[k]);
        (0..places.len() * 48).map(|n| at(n / 48, n / 8 % 6, n % 8)).collect()
    }

    fn run(header: &Header, voxels: &[f64]) -> (Header, Even, Vec<f64>) {
        let (out, even) = Regularize { step: None, fill: Some(-1e6) }.plan(&[header]).unwrap();
        let mut made = vec![0.0; out.voxels()];
        let held = Held { z: 0..header.nz(), own: 0..header.nz(), voxels, range: None };
        even.planes(&mut (), &held, 0..out.nz(), &mut made);
        (out, even, made)
    }

    #[test]
    fn gaps_are_filled_between_true_neighbours() {
        let places = [0.0, 2.0, 4.0, 8.0, 10.0];
        let (out, even, made) = run(&series(&places, 0.0), &ramp(&places, 0.0));
        assert_eq!((out.shape, listed(&even.between())), ([6, 6, 8], "3".into()));
        assert_eq!(out.verdict.uniform, Some(true));
        assert!(out.warnings[0].ends_with(": 3"), "{:?}", out.warnings);
        assert_eq!(made, ramp(&[0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 0.0));
    }

    #[test]
    fn a_tilt_is_corrected_and_nothing_is_cut() {
        for tilt in [0.3, -0.3] {
            let places = [0.0, 2.0, 4.0, 8.0];
            let (out, _, made) = run(&series(&places, tilt), &ramp(&places, tilt));
            assert_eq!(out.shape, [5, 9, 8]);
            assert!(out.geometry.shear_deg() < 1e-9);
            let mut seen = 0;
            for (n, v) in made.iter().enumerate() {
                let [x, y, z] = out.geometry.point([n % 8, n / 8 % 9, n / 72].map(|i| i as f64));
                // Away from the slices' ends, where the nearest voxel goes on.
                if *v > -1e5 && (6.0..=11.0).contains(&(y - tilt * (z - 7.0))) {
                    seen += 1;
                    let off = (v - (3.0 * x - y + 10.0 * z)).abs();
                    // Between slices one neighbour alone may be there.
                    assert!(off < 1e-9 || z == 13.0, "{tilt}: {off} at {n}");
                    assert!(off < 2.0 * 10.0, "{tilt}: {off} at {n}, where what stands outside was mixed in");
                }
            }
            assert!(seen > 150, "{seen}");
        }
    }

    #[test]
    fn steps_of_micrometres_add_no_plane_and_take_the_nearest() {
        for n in [3, 20] {
            let places: Vec<f64> = (0..n).map(|k| f64::from(k) * 0.005).collect();
            let made = planes(&places, 0.005);
            assert_eq!(made, (0..n as usize).map(|below| Plane { below, weight: 0.0 }).collect::<Vec<_>>());
        }
        // One of four is missing; an ulp below a slice is that slice.
        let [a, b] = [0.001, f64::from_bits(0.003f64.to_bits() + 1)];
        let below: Vec<usize> = planes(&[0.0, a, b, 0.004], 0.001).iter().map(|p| p.below).collect();
        assert_eq!(below, [0, 1, 1, 2, 3]);
        assert!((planes(&[0.0, a, b], 0.001)[2].weight - 0.5).abs() < 1e-9);
    }

    #[test]
    fn long_lists_are_told_as_runs() {
        let header = series(&[0.0, 2.0, 4.0], 0.0);
        let (out, even) = Regularize { step: Some(0.02), fill: None }.plan(&[&header]).unwrap();
        assert_eq!((out.nz(), even.between()), (201, vec![1..100, 101..200]));
        assert!(out.warnings[0].ends_with(": 1-99, 101-199"), "{:?}", out.warnings);
        assert!(Regularize { step: Some(1e-6), fill: None }.plan(&[&header]).is_err());
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let mut header = series(&[0.0, 2.0, 2.0], 0.0);
        assert!(Regularize { step: None, fill: None }.plan(&[&header]).is_err());
        header.verdict.slices = std::sync::Arc::default();
        assert!(Regularize { step: None, fill: None }.plan(&[&header]).is_err());
        header.geometry = Geometry::voxel();
        assert!(Regularize { step: None, fill: None }.plan(&[&header]).is_err());
    }
}
