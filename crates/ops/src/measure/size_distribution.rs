//! How large objects are: classes of equal ratio, weighted by number and by volume, and a log-normal fit.

use isovox_macros::{Choice, Op};
use isovox_volume::{Column, Error, Header, Object, Result, Scalar, Table};
use serde_json::{Value as Json, json};

use crate::access::{At, Reduce, RowRuns};
use crate::measure::lognormal::Lognormal;
use crate::measure::measure::{Measure, Unit, equivalent_diameter};
use crate::measure::objects::{Objects, Row};

/// Which size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Size {
    /// The diameter of the ball of the same volume.
    #[choice("diameter")]
    Diameter,
    /// The volume.
    #[choice("volume")]
    Volume,
}

/// What happens to objects that a face of the volume cuts: a part of them is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Border {
    /// They are left out. Large objects are cut more often: the distribution leans to small ones.
    #[choice("leave-out")]
    LeaveOut,
    /// They are left out, and each other one counts for those that were cut in its stead (Miles and Lantuejoul).
    #[choice("weight")]
    Weight,
    /// They count like any other.
    #[choice("keep")]
    Keep,
}

/// Tell how the sizes of objects are distributed.
///
/// A line a class; the limits of classes have equal ratios, from the smallest to the largest object. Columns: `lower_mm`,
/// `upper_mm` (`_mm3` of volumes; the last class holds its upper limit), `objects`, `number_share`, `volume_share` (of all
/// objects that count; each sums to 1), and `fit_share`, what the log-normal distribution that fits the sizes best has in the
/// class. The provenance holds the fit: mean and standard deviation of the logarithm with 95 % intervals, its
/// Kolmogorov-Smirnov distance and p (999 samples of the fit); with --border weight no p and no intervals are given. Equal to
/// `scipy.stats.lognorm.fit(sizes, floc=0)`.
#[derive(Op)]
#[op(
    access = Reduce, input = Label, output = Table, example = "isovox size-distribution labels.mha -o sizes.csv --unit um",
    references = ["Miles, On the elimination of edge effects in planar sampling, in: Stochastic Geometry, Wiley (1974)", "Lilliefors, J. Am. Stat. Assoc. 62 (1967)"]
)]
pub struct SizeDistribution {
    /// Which size: the equivalent diameter, or the volume.
    #[op(default = Size::Diameter)]
    pub of: Size,
    /// What happens to objects that the volume's faces cut.
    #[op(default = Border::LeaveOut)]
    pub border: Border,
    /// Classes.
    #[op(default = 20, range = 1..=1000)]
    pub bins: usize,
    /// The sizes' unit; mm where the volume has a scale, else vox.
    pub unit: Option<Unit>,
}

/// Classes of sizes.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Which size.
    pub of: Size,
    /// The unit, as in names of columns: `um`, `um3`.
    pub unit: String,
    /// Limits of the classes, one more than there are classes.
    pub limits: Vec<f64>,
    /// Objects in each class.
    pub objects: Vec<u64>,
    /// The share of the number in each class.
    pub number: Vec<f64>,
    /// The share of the volume in each class.
    pub volume: Vec<f64>,
    /// The fit, where there is one.
    pub fit: Option<Lognormal>,
    /// The median size, by number.
    pub median: f64,
    /// Objects that were left out.
    pub cut: usize,
}

struct Sized {
    size: f64,
    volume: f64,
    weight: f64,
}

impl SizeDistribution {
    fn measure(&self) -> Measure {
        Measure { unit: self.unit, median: false }
    }

    /// The distribution of measured objects.
    pub fn of(&self, objects: &Objects, header: &Header) -> Distribution {
        let (unit, voxel) = self.measure().voxel(header);
        let faces = [header.nx(), header.ny(), header.nz()];
        let whole = |r: &&Row| self.border == Border::Keep || !touches(r, faces);
        let sized = |r: &Row| {
            let volume = r.voxels as f64 * voxel;
            let size = if self.of == Size::Volume { volume } else { equivalent_diameter(volume) };
            Sized { size, volume, weight: if self.border == Border::Weight { inside(r, faces) } else { 1.0 } }
        };
        let mut sizes: Vec<Sized> = objects.rows.iter().filter(whole).map(sized).collect();
        sizes.sort_by(|a, b| a.size.total_cmp(&b.size));
        let cut = objects.rows.len() - sizes.len();
        let name = if self.of == Size::Volume { format!("{unit}3") } else { unit.to_string() };
        Distribution { of: self.of, cut, ..classes(&sizes, self.bins, name, self.border == Border::Weight) }
    }
}

/// Whether a face of the volume may cut an object.
pub fn touches(row: &Row, faces: [usize; 3]) -> bool {
    (0..3).any(|k| row.min[k] == 0 || row.max[k] as usize == faces[k] - 1)
}

/// The volume over the volume of places where an object of this box lies inside.
fn inside(row: &Row, faces: [usize; 3]) -> f64 {
    (0..3).map(|k| faces[k] as f64 / (faces[k] as f64 - f64::from(row.max[k] - row.min[k]))).product()
}

fn classes(sizes: &[Sized], bins: usize, unit: String, weighted: bool) -> Distribution {
    let limits = limits(sizes, bins);
    let (mut objects, mut number, mut volume) = (vec![0; bins], vec![0.0; bins], vec![0.0; bins]);
    for s in sizes {
        let class = limits[1..bins].partition_point(|limit| *limit <= s.size);
        objects[class] += 1;
        number[class] += s.weight;
        volume[class] += s.weight * s.volume;
    }
    share(&mut number);
    share(&mut volume);
    Distribution { of: Size::Diameter, unit, limits, objects, number, volume, fit: fit(sizes, weighted), median: median(sizes), cut: 0 }
}

fn share(sums: &mut [f64]) {
    let total: f64 = sums.iter().sum();
    if total > 0.0 {
        sums.iter_mut().for_each(|s| *s /= total);
    }
}

/// Limits of equal ratio; without objects, or where all are of one size, there is one class around it.
fn limits(sizes: &[Sized], bins: usize) -> Vec<f64> {
    let (low, high) = sizes.first().zip(sizes.last()).map_or((1.0, 2.0), |(a, b)| (a.size, b.size));
    let (low, high) = if low == high { (low / 2.0, high * 2.0) } else { (low, high) };
    let ratio = libm::log(high / low);
    let at = |i: usize| low * libm::exp(ratio * i as f64 / bins as f64);
    (0..=bins).map(|i| if i == bins { high } else { at(i) }).collect()
}

fn median(sizes: &[Sized]) -> f64 {
    let n = sizes.len();
    if n == 0 { f64::NAN } else { f64::midpoint(sizes[(n - 1) / 2].size, sizes[n / 2].size) }
}

fn fit(sizes: &[Sized], weighted: bool) -> Option<Lognormal> {
    let values: Vec<f64> = sizes.iter().map(|s| s.size).collect();
    if !weighted {
        return Lognormal::fit(&values);
    }
    let weights: Vec<f64> = sizes.iter().map(|s| s.weight).collect();
    Lognormal::weighted(&values, &weights)
}

impl Distribution {
    /// The share of the fit in each class.
    pub fn fitted(&self) -> Vec<f64> {
        let below = |v: f64| self.fit.map_or(f64::NAN, |fit| fit.below(v));
        self.limits.windows(2).map(|w| below(w[1]) - below(w[0])).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::default();
        table.push(format!("lower_{}", self.unit), Column::floats(self.limits[..self.objects.len()].iter().copied()));
        table.push(format!("upper_{}", self.unit), Column::floats(self.limits[1..].iter().copied()));
        table.push("objects", Column::ints(self.objects.iter().map(|&n| n as i64)));
        table.push("number_share", Column::floats(self.number.iter().copied()));
        table.push("volume_share", Column::floats(self.volume.iter().copied()));
        table.push("fit_share", Column::floats(self.fitted()));
        table
    }
}

impl Reduce for SizeDistribution {
    const RUNS: bool = true;
    type Acc = Objects;
    type Value = Distribution;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        Reduce::check(&self.measure(), inputs)
    }

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Objects>) -> Objects {
        Objects::default()
    }

    fn observe<T: Scalar>(&self, acc: &mut Objects, at: &At<'_>, plane: &[T]) {
        Reduce::observe(&self.measure(), acc, at, plane);
    }

    fn observe_runs(&self, acc: &mut Objects, at: &At<'_>, rows: &mut RowRuns<'_>) {
        Reduce::observe_runs(&self.measure(), acc, at, rows);
    }

    fn merge(&self, acc: &mut Objects, next: Objects) {
        acc.merge(next);
    }

    fn bytes(&self, acc: &Objects) -> usize {
        acc.bytes()
    }

    fn finish(&self, acc: Objects, inputs: &[&Header]) -> Result<Distribution> {
        let faces = [inputs[0].nx(), inputs[0].ny(), inputs[0].nz()];
        if acc.rows.is_empty() {
            return Err(Error::value("size-distribution of a volume without objects").found("0 everywhere").help("label a mask first: label"));
        }
        if self.border != Border::Keep && acc.rows.iter().all(|r| touches(r, faces)) {
            return Err(Error::value("size-distribution: every object touches a face of the volume").help("let them count: --border keep"));
        }
        Ok(self.of(&acc, inputs[0]))
    }

    fn found(&self, value: &Distribution) -> Json {
        json!({"unit": value.unit, "median": value.median, "lognormal": value.fit.map(|f| f.json()), "objects_left_out": value.cut})
    }

    fn object(&self, value: &Distribution, _inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Table(value.table()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::Type;

    fn header() -> Header {
        Header::new([10, 10, 10], 1, Type::U32).expect("a header")
    }

    /// Bars along x of so many voxels, away from the faces; the last one touches a face.
    fn bars(lengths: &[u32]) -> Objects {
        let mut objects = Objects::default();
        for (i, &n) in lengths.iter().enumerate() {
            let row = objects.row_of(i as u64 + 1, false);
            let x = u32::from(i + 1 != lengths.len());
            objects.add_run(row, x, x + n, 1 + i as u32, 1);
        }
        objects
    }

    #[test]
    fn classes_have_equal_ratios_and_shares_sum_to_one() {
        let op = SizeDistribution { of: Size::Volume, border: Border::LeaveOut, bins: 3, unit: None };
        let found = op.of(&bars(&[1, 2, 4, 8, 9]), &header());
        assert_eq!((found.unit.as_str(), found.cut, found.median), ("vox3", 1, 3.0));
        assert_eq!(found.objects, [1, 1, 2]);
        assert_eq!(found.number, [0.25, 0.25, 0.5]);
        assert_eq!(found.volume, [1.0 / 15.0, 2.0 / 15.0, 12.0 / 15.0]);
        assert!((found.limits[1] - 2.0).abs() < 1e-12 && (found.limits[2] - 4.0).abs() < 1e-12);
        let fit = found.fit.expect("a fit");
        assert!((fit.mu - 1.5 * std::f64::consts::LN_2).abs() < 1e-12, "{fit:?}");
    }

    #[test]
    fn weights_stand_for_objects_that_were_cut() {
        let op = SizeDistribution { of: Size::Volume, border: Border::Weight, bins: 1, unit: None };
        // A bar of 6 voxels fits at 5 of 10 places along x, at all along y and z.
        let found = op.of(&bars(&[1, 2, 6, 3]), &header());
        let weights = [1.0, 10.0 / 9.0, 2.0];
        let mu = (weights[1] * libm::log(2.0) + weights[2] * libm::log(6.0)) / weights.iter().sum::<f64>();
        assert!((found.fit.expect("a fit").mu - mu).abs() < 1e-12);
    }

    #[test]
    fn one_size_has_a_class_and_no_fit() {
        let op = SizeDistribution { of: Size::Diameter, border: Border::Keep, bins: 20, unit: None };
        let found = op.of(&bars(&[5, 5, 5]), &header());
        assert_eq!((found.objects.iter().sum::<u64>(), found.fit), (3, None));
    }
}
