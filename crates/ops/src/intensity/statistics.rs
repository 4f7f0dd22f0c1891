//! Moments and the median.

use isovox_macros::Op;
use isovox_volume::{Column, Header, Object, Result, Scalar, Table, Type};

use crate::access::{At, Reduce};
use crate::intensity::levels::{check_mask, mask_of};

/// Count, range, mean, standard deviation and median of the finite values.
///
/// One row: `count` (finite values), `nan` and `inf` (how many of those are left out), `min`, `max`, `mean`, `sd` (divided
/// by n), `median` (the mean of the two middle values of an even count). Of integers the range and all sums are exact,
/// to 64 bit; float sums are folded in blocks of 16 planes. Equal to NumPy within 1e-12.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Table, also = [within: Mask], example = "isovox statistics scan.tif -o values.csv")]
pub struct Statistics {}

/// What one sweep knows and the next one builds on.
#[derive(Clone)]
pub struct Sums {
    count: u64,
    nan: u64,
    infinite: u64,
    /// Keys of the least and the greatest value.
    range: [u64; 2],
    sum: f64,
    whole: i128,
    mean: f64,
    deviations: f64,
    squares: Squares,
    middle: [Select; 2],
    sweeps: u32,
}

/// The value of a rank, sixteen bits of its order-preserving key a sweep (a radix selection).
#[derive(Clone)]
struct Select {
    rank: u64,
    prefix: u64,
    counts: Vec<u64>,
}

/// Squares of whole numbers about a pivot, summed exactly: `high * 2^128 + low`.
///
/// About the rounded mean, so that little is lost when the square of the mean is taken off.
#[derive(Clone, Default)]
struct Squares {
    pivot: i128,
    low: u128,
    high: u64,
}

impl Squares {
    /// A 64-bit value is less than 2^64 away from a pivot of its range: the square fits.
    fn add(&mut self, value: i128) {
        let away = (value - self.pivot).unsigned_abs();
        self.sum(away * away, 0);
    }

    fn sum(&mut self, low: u128, high: u64) {
        let (sum, carried) = self.low.overflowing_add(low);
        (self.low, self.high) = (sum, self.high + high + u64::from(carried));
    }

    fn value(&self) -> f64 {
        self.high as f64 * (u64::MAX as f64 * u64::MAX as f64) + self.low as f64
    }
}

/// A key whose unsigned order is the value's order.
fn key<T: Scalar>(value: T) -> u64 {
    match T::TYPE {
        Type::F32 | Type::F64 => {
            let bits = value.to_f64().to_bits();
            if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
        }
        _ => (value.to_i128() as u64) ^ if T::TYPE.is_unsigned() { 0 } else { 1 << 63 },
    }
}

fn real_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

fn whole_of(key: u64, voxel: Type) -> i128 {
    if voxel.is_unsigned() { i128::from(key) } else { i128::from((key ^ 1 << 63) as i64) }
}

impl Sums {
    fn empty() -> Sums {
        let middle = Select { rank: 0, prefix: 0, counts: vec![0; 1 << 16] };
        Sums {
            count: 0,
            nan: 0,
            infinite: 0,
            range: [u64::MAX, 0],
            sum: 0.0,
            whole: 0,
            mean: 0.0,
            deviations: 0.0,
            squares: Squares::default(),
            middle: [middle.clone(), middle],
            sweeps: 0,
        }
    }

    fn add<T: Scalar>(&mut self, value: T) {
        if T::TYPE.is_float() && !value.to_f64().is_finite() {
            let count = if value.to_f64().is_nan() { &mut self.nan } else { &mut self.infinite };
            *count += u64::from(self.sweeps == 0);
            return;
        }
        let (key, known) = (key(value), 16 * self.sweeps);
        match self.sweeps {
            0 => {
                self.count += 1;
                self.range = [self.range[0].min(key), self.range[1].max(key)];
                if T::TYPE.is_float() { self.sum += value.to_f64() } else { self.whole += value.to_i128() }
            }
            1 if T::TYPE.is_float() => self.deviations += (value.to_f64() - self.mean) * (value.to_f64() - self.mean),
            1 => self.squares.add(value.to_i128()),
            _ => {}
        }
        for m in &mut self.middle {
            if known == 0 || key >> (64 - known) == m.prefix {
                m.counts[(key >> (48 - known) & 0xffff) as usize] += 1;
            }
        }
    }

    /// What the next sweep starts from: the middle's next sixteen bits, the mean. What is summed already is not summed again.
    fn next(&self) -> Sums {
        let mut next = Sums { sweeps: self.sweeps + 1, ..self.clone() };
        if self.sweeps == 0 {
            next.mean = self.sum / self.count as f64;
            let count = i128::from(self.count);
            next.squares.pivot = (2 * self.whole + count).div_euclid(2 * count);
        }
        for (which, m) in next.middle.iter_mut().enumerate() {
            let rank = if self.sweeps == 0 { u64::midpoint(self.count - 1, which as u64) } else { m.rank };
            let (digit, before) = digit_at(&m.counts, rank);
            *m = Select { rank: rank - before, prefix: m.prefix << 16 | digit, counts: vec![0; 1 << 16] };
        }
        next
    }

    fn variance(&self, voxel: Type) -> f64 {
        let n = self.count as f64;
        if voxel.is_float() {
            return self.deviations / n;
        }
        let off = self.off_pivot();
        self.squares.value() / n - off * off
    }

    fn mean(&self, voxel: Type) -> f64 {
        if voxel.is_float() { self.sum / self.count as f64 } else { self.squares.pivot as f64 + self.off_pivot() }
    }

    /// How far the mean of whole numbers is from the pivot.
    fn off_pivot(&self) -> f64 {
        (self.whole - self.squares.pivot * i128::from(self.count)) as f64 / self.count as f64
    }

    /// An end of the range: a whole number in full, a zero without sign.
    fn end(&self, which: usize, voxel: Type) -> Column {
        let key = (self.count > 0).then_some(self.range[which]);
        match voxel {
            Type::U64 => Column::Natural(vec![key]),
            _ if voxel.is_float() => Column::Float(vec![key.map(|k| real_of(k) + 0.0)]),
            _ => Column::Int(vec![key.map(|k| whole_of(k, voxel) as i64)]),
        }
    }

    fn median(&self, voxel: Type) -> f64 {
        let [a, b] = self.middle.each_ref().map(|m| m.prefix << 16 | digit_at(&m.counts, m.rank).0);
        if voxel.is_float() { f64::midpoint(real_of(a), real_of(b)) } else { (whole_of(a, voxel) + whole_of(b, voxel)) as f64 / 2.0 }
    }
}

fn digit_at(counts: &[u64], rank: u64) -> (u64, u64) {
    let mut before = 0;
    for (digit, &n) in counts.iter().enumerate() {
        if before + n > rank {
            return (digit as u64, before);
        }
        before += n;
    }
    unreachable!("a rank is smaller than the count")
}

impl Reduce for Statistics {
    type Acc = Sums;
    type Value = Sums;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        check_mask(inputs)
    }

    fn exact(&self, inputs: &[&Header]) -> bool {
        inputs[0].voxel.is_integer()
    }

    fn start(&self, _inputs: &[&Header], before: Option<&Sums>) -> Sums {
        before.map_or_else(Sums::empty, Sums::next)
    }

    fn again(&self, acc: &Sums) -> bool {
        acc.count > 0 && acc.sweeps < 3
    }

    fn observe<T: Scalar>(&self, acc: &mut Sums, at: &At<'_>, plane: &[T]) {
        let mut cache = Vec::new();
        match mask_of(at, &mut cache) {
            None => plane.iter().for_each(|v| acc.add(*v)),
            Some(mask) => plane.iter().zip(mask).filter(|(_, m)| **m != 0).for_each(|(v, _)| acc.add(*v)),
        }
    }

    fn merge(&self, acc: &mut Sums, next: Sums) {
        match acc.sweeps {
            0 => {
                acc.count += next.count;
                acc.nan += next.nan;
                acc.infinite += next.infinite;
                acc.range = [acc.range[0].min(next.range[0]), acc.range[1].max(next.range[1])];
                acc.sum += next.sum;
                acc.whole += next.whole;
            }
            1 => {
                acc.deviations += next.deviations;
                acc.squares.sum(next.squares.low, next.squares.high);
            }
            _ => {}
        }
        for (a, b) in acc.middle.iter_mut().zip(next.middle) {
            a.counts.iter_mut().zip(b.counts).for_each(|(x, y)| *x += y);
        }
    }

    fn finish(&self, acc: Sums, _inputs: &[&Header]) -> Result<Sums> {
        Ok(acc)
    }

    fn object(&self, s: &Sums, inputs: &[&Header]) -> Result<Object> {
        let voxel = inputs[0].voxel;
        let known = |value: &dyn Fn() -> f64| Column::Float(vec![(s.count > 0).then(value)]);
        let mut table = Table::default();
        table.push("count", Column::ints([s.count as i64]));
        table.push("nan", Column::ints([s.nan as i64]));
        table.push("inf", Column::ints([s.infinite as i64]));
        table.push("min", s.end(0, voxel));
        table.push("max", s.end(1, voxel));
        table.push("mean", known(&|| s.mean(voxel)));
        table.push("sd", known(&|| s.variance(voxel).max(0.0).sqrt()));
        table.push("median", known(&|| s.median(voxel)));
        Ok(Object::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_row<T: Scalar>(planes: [&[T]; 2]) -> Table {
        let header = Header::new([2, 1, planes[0].len()], 1, T::TYPE).unwrap();
        let inputs = [&header];
        let mut before = None;
        let acc = loop {
            // As the engine folds: a partial a plane.
            let mut acc = Statistics {}.start(&inputs, before.as_ref());
            for (z, plane) in planes.into_iter().enumerate() {
                let mut part = Statistics {}.start(&inputs, before.as_ref());
                Statistics {}.observe(&mut part, &At { inputs: &inputs, frame: 0, z, others: &[] }, plane);
                Statistics {}.merge(&mut acc, part);
            }
            if !(Statistics {}).again(&acc) {
                break acc;
            }
            before = Some(acc);
        };
        let Object::Table(table) = Statistics {}.object(&acc, &inputs).unwrap() else { panic!("a table") };
        table
    }

    #[test]
    fn integers_beyond_f64_stay_exact() {
        // By hand: 2^60 + {0, 3, 5, 12}, mean 2^60 + 5, squares 25 + 4 + 0 + 49.
        let far = 1i64 << 60;
        let table = one_row([&[far, far + 3], &[far + 5, far + 12]]);
        assert_eq!((table.column("min"), table.column("max")), (Some(&Column::ints([far])), Some(&Column::ints([far + 12]))));
        assert_eq!(table.column("sd"), Some(&Column::floats([19.5f64.sqrt()])));
        assert_eq!(table.column("max").map(|c| c.text(0)), Some("1152921504606846988".into()));
        let table = one_row([&[u64::MAX, 0], &[0, u64::MAX]]);
        assert_eq!(table.column("max").map(|c| c.json(0)), Some(serde_json::json!(u64::MAX)));
        // Half of 2^64 - 1, which f64 rounds to 2^63.
        assert_eq!(table.column("sd"), Some(&Column::floats([9_223_372_036_854_775_808.0])));
        assert_eq!(table.column("median"), Some(&Column::floats([9_223_372_036_854_775_808.0])));
    }

    #[test]
    fn what_is_left_out_is_counted_by_kind() {
        let table = one_row([&[f32::NAN, 1.0, f32::INFINITY], &[f32::NEG_INFINITY, 3.0, f32::INFINITY]]);
        let counts = ["count", "nan", "inf"].map(|name| table.column(name).map(|c| c.json(0)));
        assert_eq!(counts, [2, 1, 3].map(|n| Some(serde_json::json!(n))));
        assert_eq!(table.column("sd"), Some(&Column::floats([1.0])));
    }
}
