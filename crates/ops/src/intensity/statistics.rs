//! Moments and the median.

use isovox_macros::Op;
use isovox_volume::{Column, Header, Object, Result, Scalar, Table, Type};

use crate::access::{At, Reduce};
use crate::intensity::levels::{check_mask, mask_of};

/// Count, range, mean, standard deviation and median of the finite values.
///
/// One row: `count` (finite values), `nan` (the others), `min`, `max`, `mean`, `sd` (divided by n), `median` (the mean of
/// the two middle values of an even count). Integer sums are exact; float sums are folded in blocks of 16 planes. Equal
/// to NumPy within 1e-12.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Table, also = [within: Mask], example = "isovox statistics scan.tif -o values.csv")]
pub struct Statistics {}

/// What one sweep knows and the next one builds on.
#[derive(Clone)]
pub struct Sums {
    count: u64,
    not_finite: u64,
    min: f64,
    max: f64,
    sum: f64,
    whole: i128,
    squares: i128,
    mean: Option<f64>,
    deviation: f64,
    deviations: f64,
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

fn value_of(key: u64, voxel: Type) -> f64 {
    if voxel.is_float() {
        f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
    } else if voxel.is_unsigned() {
        key as f64
    } else {
        (key ^ 1 << 63) as i64 as f64
    }
}

impl Sums {
    fn add<T: Scalar>(&mut self, value: T) {
        let v = value.to_f64();
        if !v.is_finite() {
            self.not_finite += u64::from(self.sweeps == 0);
            return;
        }
        if self.sweeps == 0 {
            self.count += 1;
            self.min = self.min.min(v);
            self.max = self.max.max(v);
            if T::TYPE.is_float() {
                self.sum += v;
            } else {
                self.whole += value.to_i128();
                if small(T::TYPE) {
                    self.squares += value.to_i128() * value.to_i128();
                }
            }
        } else if self.sweeps == 1
            && !small(T::TYPE)
            && let Some(mean) = self.mean
        {
            self.deviation += (v - mean) * (v - mean);
        }
        let (key, known) = (key(value), 16 * self.sweeps);
        for m in &mut self.middle {
            if known == 0 || key >> (64 - known) == m.prefix {
                m.counts[(key >> (48 - known) & 0xffff) as usize] += 1;
            }
        }
    }

    /// What the next sweep starts from: the middle's next sixteen bits, the mean.
    fn next(&self) -> Sums {
        let mut next = self.clone();
        next.sweeps += 1;
        next.deviations = self.deviations + self.deviation;
        next.deviation = 0.0;
        next.mean = Some(self.mean());
        for (which, m) in next.middle.iter_mut().enumerate() {
            let rank = if self.sweeps == 0 { u64::midpoint(self.count - 1, which as u64) } else { m.rank };
            let (digit, before) = digit_at(&m.counts, rank);
            *m = Select { rank: rank - before, prefix: m.prefix << 16 | digit, counts: vec![0; 1 << 16] };
        }
        next
    }

    fn variance(&self, voxel: Type) -> f64 {
        let n = self.count as f64;
        if small(voxel) {
            let count = i128::from(self.count);
            return (count * self.squares - self.whole * self.whole) as f64 / (n * n);
        }
        (self.deviations + self.deviation) / n
    }

    fn mean(&self) -> f64 {
        (self.sum + self.whole as f64) / self.count as f64
    }
}

/// Types whose squares are summed exactly.
fn small(voxel: Type) -> bool {
    voxel.is_integer() && voxel.bytes() <= 2
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
        small(inputs[0].voxel)
    }

    fn start(&self, _inputs: &[&Header], before: Option<&Sums>) -> Sums {
        let empty = Select { rank: 0, prefix: 0, counts: vec![0; 1 << 16] };
        before.map_or_else(
            || Sums {
                count: 0,
                not_finite: 0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
                sum: 0.0,
                whole: 0,
                squares: 0,
                mean: None,
                deviation: 0.0,
                deviations: 0.0,
                middle: [empty.clone(), empty],
                sweeps: 0,
            },
            Sums::next,
        )
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
        if acc.sweeps == 0 {
            acc.count += next.count;
            acc.not_finite += next.not_finite;
            acc.min = acc.min.min(next.min);
            acc.max = acc.max.max(next.max);
            acc.sum += next.sum;
            acc.whole += next.whole;
            acc.squares += next.squares;
        }
        acc.deviation += next.deviation;
        for (a, b) in acc.middle.iter_mut().zip(next.middle) {
            a.counts.iter_mut().zip(b.counts).for_each(|(x, y)| *x += y);
        }
    }

    fn finish(&self, acc: Sums, _inputs: &[&Header]) -> Result<Sums> {
        Ok(acc)
    }

    fn object(&self, s: &Sums, inputs: &[&Header]) -> Result<Object> {
        let known = |v: f64| Column::Float(vec![(s.count > 0).then_some(v)]);
        let mut table = Table::default();
        table.push("count", Column::ints([s.count as i64]));
        table.push("nan", Column::ints([s.not_finite as i64]));
        table.push("min", known(s.min));
        table.push("max", known(s.max));
        table.push("mean", known(s.mean()));
        table.push("sd", known(s.variance(inputs[0].voxel).max(0.0).sqrt()));
        let middle = |m: &Select| value_of(m.prefix << 16 | digit_at(&m.counts, m.rank).0, inputs[0].voxel);
        let median = if s.count == 0 { f64::NAN } else { f64::midpoint(middle(&s.middle[0]), middle(&s.middle[1])) };
        table.push("median", known(median));
        Ok(Object::Table(table))
    }
}
