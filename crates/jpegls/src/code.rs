//! The coding of one sample: contexts, prediction errors, run interruptions (T.87, A.3 to A.7).

use crate::bits::Bits;
use crate::markers::Preset;
use crate::{Error, Result};

/// Order of the run lengths' codes (table J, A.2.1).
pub(crate) const RUN_BITS: [u32; 32] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Contexts of gradients whose first non-zero one is positive, and that of none.
const CONTEXTS: usize = 365;

/// How often a context was seen, and what its errors were.
#[derive(Clone, Copy)]
struct Context {
    /// Sum of their magnitudes.
    sum: i64,
    bias: i32,
    correction: i32,
    count: i32,
}

/// The same of a run's end.
#[derive(Clone, Copy)]
struct Ending {
    sum: i64,
    count: i32,
    negative: i32,
}

/// Samples around the next one (figure 3): left, above, above left, above right.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    pub(crate) a: i32,
    pub(crate) b: i32,
    pub(crate) c: i32,
    pub(crate) d: i32,
}

/// What is learnt of a scan as it is decoded.
pub(crate) struct Coder {
    contexts: [Context; CONTEXTS],
    endings: [Ending; 2],
    near: i32,
    /// Between reconstructed samples: 2 NEAR + 1.
    step: i32,
    greatest: i32,
    range: i32,
    thresholds: [i32; 3],
    reset: i32,
    /// Bits of a mapped error that is written out.
    escape: u32,
    limit: u32,
}

/// Bits that hold so many values.
fn bits_for(values: i32) -> u32 {
    (values - 1).max(0).checked_ilog2().map_or(0, |b| b + 1)
}

impl Coder {
    pub(crate) fn new(preset: &Preset, near: i32) -> Coder {
        let step = 2 * near + 1;
        let range = (preset.greatest + 2 * near) / step + 1;
        let sum = i64::from(((range + 32) / 64).max(2));
        let bits = bits_for(preset.greatest + 1).max(2);
        Coder {
            contexts: [Context { sum, bias: 0, correction: 0, count: 1 }; CONTEXTS],
            endings: [Ending { sum, count: 1, negative: 0 }; 2],
            near,
            step,
            greatest: preset.greatest,
            range,
            thresholds: preset.thresholds,
            reset: preset.reset,
            escape: bits_for(range),
            limit: 2 * (bits + bits.max(8)),
        }
    }

    /// The gradients around a sample, quantised; 0 in smooth places, where runs are coded (A.3.1 to A.3.4).
    #[inline]
    pub(crate) fn gradients(&self, around: Near) -> i32 {
        81 * self.quantised(around.d - around.b) + 9 * self.quantised(around.b - around.c) + self.quantised(around.c - around.a)
    }

    #[inline]
    fn quantised(&self, gradient: i32) -> i32 {
        let size = gradient.abs();
        let [t1, t2, t3] = self.thresholds;
        let level = i32::from(size > self.near) + i32::from(size >= t1) + i32::from(size >= t2) + i32::from(size >= t3);
        if gradient < 0 { -level } else { level }
    }

    /// A sample where it is not smooth; `gradients` is not 0 (A.4 to A.6).
    #[inline]
    pub(crate) fn regular(&mut self, bits: &mut Bits, gradients: i32, around: Near) -> Result<i32> {
        let sign = if gradients < 0 { -1 } else { 1 };
        let context = &mut self.contexts[gradients.unsigned_abs() as usize];
        let Near { a, b, c, .. } = around;
        let predicted = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        let predicted = (predicted + sign * context.correction).clamp(0, self.greatest);
        let k = golomb_order(context.count, context.sum);
        let mapped = mapped(bits, k, self.limit, self.escape)?;
        let flipped = self.near == 0 && k == 0 && 2 * context.bias <= -context.count;
        let half = mapped >> 1;
        let error = if (mapped & 1 == 1) == flipped { half } else { -half - 1 };
        context.learn(error, self.step, self.reset);
        Ok(self.reconstructed(predicted, sign * error))
    }

    /// The sample that ends a run, and whose code is shorter by the run's (A.7.2).
    pub(crate) fn ending(&mut self, bits: &mut Bits, a: i32, b: i32, alike: bool, run_bits: u32) -> Result<i32> {
        let kind = i32::from(alike);
        let ending = &mut self.endings[usize::from(alike)];
        let sum = ending.sum + if alike { i64::from(ending.count >> 1) } else { 0 };
        let k = golomb_order(ending.count, sum);
        let mapped = mapped(bits, k, self.limit - run_bits - 1, self.escape)?;
        let doubled = mapped + kind;
        let odd = doubled & 1 == 1;
        let size = (doubled + i32::from(odd)) >> 1;
        let error = if (k != 0 || 2 * ending.negative >= ending.count) == odd { -size } else { size };
        ending.learn(error, (mapped + 1 - kind) >> 1, self.reset);
        let (predicted, sign) = if alike { (a, 1) } else { (b, if b < a { -1 } else { 1 }) };
        Ok(self.reconstructed(predicted, sign * error))
    }

    /// Whether neighbours are so close that a run's end is coded as the run (A.7.2.1).
    pub(crate) fn alike(&self, a: i32, b: i32) -> bool {
        (a - b).abs() <= self.near
    }

    #[inline]
    fn reconstructed(&self, predicted: i32, error: i32) -> i32 {
        let value = predicted + error * self.step;
        let whole = self.range * self.step;
        let value = if value < -self.near {
            value + whole
        } else if value > self.greatest + self.near {
            value - whole
        } else {
            value
        };
        value.clamp(0, self.greatest)
    }
}

impl Context {
    #[inline]
    fn learn(&mut self, error: i32, step: i32, reset: i32) {
        self.bias += error * step;
        self.sum += i64::from(error.abs());
        if self.count == reset {
            self.sum >>= 1;
            self.bias >>= 1;
            self.count >>= 1;
        }
        self.count += 1;
        if self.bias <= -self.count {
            self.bias = (self.bias + self.count).max(1 - self.count);
            self.correction = (self.correction - 1).max(-128);
        } else if self.bias > 0 {
            self.bias = (self.bias - self.count).min(0);
            self.correction = (self.correction + 1).min(127);
        }
    }
}

impl Ending {
    fn learn(&mut self, error: i32, size: i32, reset: i32) {
        self.negative += i32::from(error < 0);
        self.sum += i64::from(size);
        if self.count == reset {
            self.sum >>= 1;
            self.count >>= 1;
            self.negative >>= 1;
        }
        self.count += 1;
    }
}

/// The order of the code that suits what a context has seen (A.5.1).
#[inline]
fn golomb_order(count: i32, sum: i64) -> u32 {
    let mut k = 0;
    while k < 24 && (i64::from(count) << k) < sum {
        k += 1;
    }
    k
}

/// An error as it is coded: its high bits in unary, or all of it where that would be long (A.5.3).
#[inline]
fn mapped(bits: &mut Bits, k: u32, limit: u32, escape: u32) -> Result<i32> {
    let most = limit.checked_sub(escape + 1).ok_or(Error::Corrupt("a code without room"))?;
    let high = bits.zeros(most)?;
    let mapped = if high < most { (high << k) | bits.take(k)? } else { bits.take(escape)? + 1 };
    // An encoder takes errors modulo the range, which `escape` bits hold.
    if mapped <= 2 << escape { Ok(mapped as i32) } else { Err(Error::Corrupt("an error beyond the samples' range")) }
}
