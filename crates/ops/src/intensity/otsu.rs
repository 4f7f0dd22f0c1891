//! Otsu's threshold.

use isovox_macros::Op;
use isovox_volume::{Column, Error, Header, Object, QuantityKind, Result, Scalar, Table};
use serde_json::{Value as Json, json};

use crate::access::{At, Decide, Reduce};
use crate::intensity::levels::{Levels, check_mask, mask_of};

/// Threshold at the value that best separates two classes (Otsu).
///
/// One threshold of the whole volume, from its 3-D histogram: one bin a value for 8 and 16 bit, else --bins over the
/// finite range, where the threshold is a bin's centre. The threshold is a value of the lower class: bright is `v > t`,
/// dark is `v <= t`. A constant volume is an error. With --per-slice each slice has its own threshold, as OpenCV's; a
/// constant slice gets OpenCV's 0. Equal to scikit-image `threshold_otsu` and OpenCV `THRESH_OTSU` for integers.
#[derive(Op)]
#[op(
    access = Decide, input = Scalar, output = Mask, also = [within: Mask],
    example = "isovox otsu scan.tif -o pores.tif --dark",
    references = ["Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9 (1979)"]
)]
pub struct Otsu {
    /// Mark the dark class (v <= t) instead of the bright one.
    #[op(default = false)]
    pub dark: bool,
    /// A threshold for each slice.
    #[op(default = false)]
    pub per_slice: bool,
    /// Bins for types wider than 16 bit and floats.
    #[op(default = 256, range = 2..=65536)]
    pub bins: usize,
}

/// What the planes gave: counts of all, or a threshold for each.
pub enum Found {
    /// Of the whole volume.
    Global(Levels),
    /// `(frame, z, threshold, constant)` of each slice.
    Slices(Vec<(usize, usize, f64, bool)>),
}

/// One threshold, or one a slice.
pub enum Thresholds {
    /// Of the whole volume.
    Global(f64),
    /// Of each slice: `[frame][z]`, and whether the slice was constant.
    Slices(Vec<Vec<(f64, bool)>>),
}

impl Thresholds {
    /// The threshold of a slice.
    pub fn at(&self, frame: usize, z: usize) -> f64 {
        match self {
            Thresholds::Global(t) => *t,
            Thresholds::Slices(t) => t[frame][z].0,
        }
    }
}

impl Reduce for Otsu {
    type Acc = Found;
    type Value = Thresholds;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        check_mask(inputs)
    }

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, inputs: &[&Header], before: Option<&Found>) -> Found {
        let before = before.and_then(|b| if let Found::Global(levels) = b { Some(levels) } else { None });
        if self.per_slice { Found::Slices(Vec::new()) } else { Found::Global(Levels::start(inputs[0].voxel, self.bins, before)) }
    }

    fn again(&self, acc: &Found) -> bool {
        matches!(acc, Found::Global(levels) if levels.again())
    }

    fn observe<T: Scalar>(&self, acc: &mut Found, at: &At<'_>, plane: &[T]) {
        let mut cache = Vec::new();
        let within = mask_of(at, &mut cache);
        match acc {
            Found::Global(levels) => levels.count(plane, within),
            Found::Slices(slices) => {
                let (threshold, constant) = slice_threshold(plane, within, self.bins);
                slices.push((at.frame, at.z, threshold, constant));
            }
        }
    }

    fn merge(&self, acc: &mut Found, next: Found) {
        match (acc, next) {
            (Found::Global(levels), Found::Global(more)) => levels.merge(&more),
            (Found::Slices(slices), Found::Slices(more)) => slices.extend(more),
            _ => unreachable!("parts of one volume are folded alike"),
        }
    }

    fn finish(&self, acc: Found, inputs: &[&Header]) -> Result<Thresholds> {
        match acc {
            Found::Global(levels) => separate(&levels.occurring()).map(Thresholds::Global).ok_or_else(|| {
                let value = levels.occurring().first().map_or("no value at all".to_string(), |(v, _)| format!("{v} everywhere"));
                Error::value("otsu of a constant volume").found(value).expected("at least two values").help("check the file, or give a threshold: threshold --upper T")
            }),
            Found::Slices(list) => {
                let mut slices = vec![vec![(0.0, true); inputs[0].nz()]; inputs[0].frames.count];
                list.into_iter().for_each(|(frame, z, t, constant)| slices[frame][z] = (t, constant));
                Ok(Thresholds::Slices(slices))
            }
        }
    }

    fn found(&self, value: &Thresholds) -> Json {
        match value {
            Thresholds::Global(t) => json!({"threshold": number(*t)}),
            Thresholds::Slices(s) => {
                let all: Vec<Json> = s.iter().flatten().map(|(t, _)| number(*t)).collect();
                let constant: Vec<usize> = s.iter().flatten().enumerate().filter(|(_, (_, c))| *c).map(|(i, _)| i).collect();
                json!({"thresholds": all, "constant_slices": constant})
            }
        }
    }

    fn object(&self, value: &Thresholds, inputs: &[&Header]) -> Result<Object> {
        let mut table = Table::default();
        let nz = inputs[0].nz();
        table.push("slice", Column::ints(0..nz as i64));
        table.push("threshold", Column::floats((0..nz).map(|z| value.at(0, z))));
        Ok(Object::Table(table))
    }
}

/// A whole number without its `.0`, as JSON.
pub fn number(v: f64) -> Json {
    if v.fract() == 0.0 && v.abs() < 9e15 { json!(v as i64) } else { json!(v) }
}

impl Decide for Otsu {
    type Out<T: Scalar> = u8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Mask);
    type Fold = Otsu;

    fn fold(&self) -> &Otsu {
        self
    }

    fn apply<T: Scalar>(&self, value: &Thresholds, frame: usize, z: usize, input: &[T], out: &mut [u8]) {
        split(input, value.at(frame, z), self.dark, out);
    }
}

/// Dark is `v <= t`, bright `v > t`; NaN is neither.
pub fn split<T: Scalar>(input: &[T], threshold: f64, dark: bool, out: &mut [u8]) {
    if T::TYPE.is_float() {
        input.iter().zip(out).for_each(|(v, o)| *o = u8::from(if dark { v.to_f64() <= threshold } else { v.to_f64() > threshold }));
        return;
    }
    // For integers v <= t means v <= floor(t); a threshold below the type's range leaves nothing dark.
    let floor = threshold.floor();
    let limit = T::from_f64(floor);
    if limit.to_f64() > floor {
        out.fill(u8::from(!dark));
    } else if dark {
        input.iter().zip(out).for_each(|(v, o)| *o = u8::from(*v <= limit));
    } else {
        input.iter().zip(out).for_each(|(v, o)| *o = u8::from(*v > limit));
    }
}

/// The level that maximises the variance between the classes `<= level` and `> level`; the first of equals.
///
/// `None` when fewer than two levels occur. Whole levels (those of 8 and 16 bit) are compared exactly, others in f64.
pub fn separate(levels: &[(f64, u64)]) -> Option<f64> {
    let total: u64 = levels.iter().map(|(_, c)| c).sum();
    let low = levels.first()?.0;
    let whole = levels.iter().all(|(v, _)| v.fract() == 0.0 && (0.0..=65535.0).contains(&(v - low))) && total < 1 << 48;
    if whole { first_greatest(levels, &Exact::sums(levels, total), Exact::exceeds) } else { first_greatest(levels, &rounded(levels, total), |a, b| a > b) }
}

/// The level of the first of the greatest variances; of a level with nothing on one side there is none.
fn first_greatest<V>(levels: &[(f64, u64)], variances: &[Option<V>], exceeds: impl Fn(&V, &V) -> bool) -> Option<f64> {
    let known = levels.iter().zip(variances).filter_map(|(level, variance)| Some((level.0, variance.as_ref()?)));
    known.reduce(|best, next| if exceeds(next.1, best.1) { next } else { best }).map(|(level, _)| level)
}

/// Variances, times the square of the total.
fn rounded(levels: &[(f64, u64)], total: u64) -> Vec<Option<f64>> {
    let sum: f64 = levels.iter().map(|(v, c)| v * *c as f64).sum();
    let (mut below, mut sum_below) = (0u64, 0.0);
    let variance = |&(value, count): &(f64, u64)| {
        below += count;
        sum_below += value * count as f64;
        let above = total - below;
        let gap = sum_below / below as f64 - (sum - sum_below) / above as f64;
        (below > 0 && above > 0).then_some(below as f64 * above as f64 * gap * gap)
    };
    levels.iter().map(variance).collect()
}

/// A variance as a fraction of whole numbers, `root^2 / under`: with `n` values that add up to `s`, of which `m` below add
/// up to `b`, the variance times `n^2` is `(b n - s m)^2 / (m (n - m))`.
struct Exact {
    root: u128,
    under: u128,
}

impl Exact {
    /// Values are counted from the lowest level: below 2^16, of fewer than 2^48 voxels, no product outgrows 128 bit.
    fn sums(levels: &[(f64, u64)], total: u64) -> Vec<Option<Exact>> {
        let above_lowest = |value: f64| (value - levels[0].0) as u128;
        let (n, s) = (u128::from(total), levels.iter().map(|(v, c)| above_lowest(*v) * u128::from(*c)).sum::<u128>());
        let (mut m, mut b) = (0, 0);
        let variance = |&(value, count): &(f64, u64)| {
            m += u128::from(count);
            b += above_lowest(value) * u128::from(count);
            (m > 0 && m < n).then(|| Exact { root: (s * m).abs_diff(b * n), under: m * (n - m) })
        };
        levels.iter().map(variance).collect()
    }

    fn exceeds(&self, other: &Exact) -> bool {
        product([self.root, self.root, other.under]) > product([other.root, other.root, self.under])
    }
}

/// The product in full, its words from the highest down.
fn product(factors: [u128; 3]) -> [u64; 6] {
    let mut words = [0u64; 6];
    words[5] = 1;
    for factor in factors {
        let mut next = [0u64; 6];
        for (place, half) in [factor as u64, (factor >> 64) as u64].into_iter().enumerate() {
            let mut carry = 0u128;
            for at in (place..6).rev() {
                let sum = u128::from(words[at]) * u128::from(half) + u128::from(next[at - place]) + carry;
                next[at - place] = sum as u64;
                carry = sum >> 64;
            }
        }
        words = next;
    }
    words
}

/// The threshold of one slice, as OpenCV computes it, and whether the slice was constant.
pub(crate) fn slice_threshold<T: Scalar>(plane: &[T], within: Option<&[u8]>, bins: usize) -> (f64, bool) {
    let mut levels = Levels::start(T::TYPE, bins, None);
    levels.count(plane, within);
    if levels.again() {
        let range = levels;
        levels = Levels::start(T::TYPE, bins, Some(&range));
        levels.count(plane, within);
    }
    let constant = levels.occurring().iter().filter(|(_, c)| *c > 0).count() < 2;
    let (counts, value): (&[u64], Box<dyn Fn(usize) -> f64>) = match &levels {
        Levels::Each { low, counts } => (counts, Box::new(move |i| (*low + i as i64) as f64)),
        Levels::Bins { min, max, counts } => {
            let width = (max - min) / counts.len() as f64;
            (counts, Box::new(move |i| min + (i as f64 + 0.5) * width))
        }
        Levels::Range { .. } => return (0.0, true),
    };
    (value(opencv(counts)), constant)
}

/// OpenCV's own order of operations (`getThreshVal_Otsu`), so that ties and rounding fall as there.
fn opencv(counts: &[u64]) -> usize {
    let scale = 1.0 / counts.iter().sum::<u64>() as f64;
    let mean = counts.iter().enumerate().map(|(i, &c)| i as f64 * c as f64).fold(0.0, |a, b| a + b) * scale;
    let epsilon = f64::from(f32::EPSILON);
    let (mut mean_below, mut below, mut best, mut at) = (0.0, 0.0, 0.0, 0);
    for (i, &count) in counts.iter().enumerate() {
        let share = count as f64 * scale;
        mean_below *= below;
        below += share;
        let above = 1.0 - below;
        if below.min(above) < epsilon || below.max(above) > 1.0 - epsilon {
            continue;
        }
        mean_below = (mean_below + i as f64 * share) / below;
        let mean_above = (mean - below * mean_below) / above;
        let variance = below * above * (mean_below - mean_above) * (mean_below - mean_above);
        if variance > best {
            (best, at) = (variance, i);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_part_at_the_lower_one() {
        assert_eq!(separate(&[(3.0, 5), (9.0, 1)]), Some(3.0));
        assert_eq!(separate(&[(3.0, 5)]), None);
        // Every level of the gap separates as well; the first counts.
        assert_eq!(separate(&[(3.0, 5), (4.0, 0), (5.0, 0), (9.0, 5)]), Some(3.0));
    }

    #[test]
    fn the_first_of_equals_is_found_exactly() {
        // Symmetric counts: a level and its mirror separate equally well, whatever f64 makes of their fractions.
        for n in 2..40u64 {
            for k in 1..40u64 {
                let counts = [n, k, 3 * k, k, n];
                let levels: Vec<(f64, u64)> = counts.iter().enumerate().map(|(i, c)| (i as f64 - 2.0, *c)).collect();
                assert!(separate(&levels).is_some_and(|t| t < 0.0), "{counts:?}");
            }
        }
    }

    #[test]
    fn products_are_whole() {
        assert_eq!(product([3, 5, 7]), [0, 0, 0, 0, 0, 105]);
        // (2^128 - 1)^2 = 2^256 - 2^129 + 1.
        assert_eq!(product([u128::MAX, u128::MAX, 1]), [0, 0, u64::MAX, u64::MAX - 1, 0, 1]);
        assert_eq!(product([1 << 100, 1 << 100, 1 << 100]), [0, 1 << 44, 0, 0, 0, 0]);
    }

    #[test]
    fn dark_is_at_most_the_threshold() {
        let mut out = [0; 3];
        split(&[2u8, 3, 4], 3.0, true, &mut out);
        assert_eq!(out, [1, 1, 0]);
        split(&[2u8, 3, 4], 3.0, false, &mut out);
        assert_eq!(out, [0, 0, 1]);
        split(&[0u8, 3, 255], -1.0, true, &mut out);
        assert_eq!(out, [0, 0, 0]);
        split(&[f32::NAN, 1.0, 2.0], 1.0, true, &mut out);
        assert_eq!(out, [0, 1, 0]);
    }

    #[test]
    fn a_constant_slice_gets_opencvs_zero() {
        assert_eq!(slice_threshold(&[7u8; 20], None, 256), (0.0, true));
        assert_eq!(slice_threshold(&[1u8, 1, 200, 200], None, 256), (1.0, false));
    }
}
