//! The coding of one sample: contexts, prediction errors, run interruptions (T.87, A.3 to A.7).

use crate::bits::Bits;
use crate::markers::Preset;
use crate::{Error, Result};

/// Order of the run lengths' codes (table J, A.2.1).
pub(crate) const RUN_BITS: [u32; 32] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Places for the contexts of gradients whose first non-zero one is positive, and that of none: 365, and as many as a mask
/// of bits lets pass.
const CONTEXTS: usize = 512;

/// Differences between samples, as they are without a sign in 17 bits.
const GRADIENTS: usize = 1 << 17;

/// How often a context was seen, what its errors were, and what follows for the next one.
#[derive(Clone, Copy)]
struct Context {
    /// Sum of their magnitudes.
    sum: i64,
    bias: i32,
    correction: i32,
    count: i32,
    /// Of the next error's code.
    order: u32,
    /// All ones where the next error's sign is coded the other way round (A.5.2).
    flip: i32,
}

/// The same of a run's end.
#[derive(Clone, Copy)]
struct Ending {
    sum: i64,
    count: i32,
    negative: i32,
    order: u32,
}

/// Samples around the next one (figure 3): left, above, above left, above right.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    pub(crate) a: i32,
    pub(crate) b: i32,
    pub(crate) c: i32,
    pub(crate) d: i32,
}

/// What does not change in a scan.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    near: i32,
    /// Between reconstructed samples: 2 NEAR + 1.
    step: i32,
    greatest: i32,
    range: i32,
    reset: i32,
    /// Bits of a mapped error that is written out.
    escape: u32,
    /// Zeros before such an error.
    most: u32,
}

/// The levels of all gradients.
pub(crate) struct Levels(Box<[i8; GRADIENTS]>);

/// What is learnt of a scan as it is decoded.
pub(crate) struct Coder {
    contexts: [Context; CONTEXTS],
    endings: [Ending; 2],
    rules: Rules,
}

/// Bits that hold so many values.
fn bits_for(values: i32) -> u32 {
    (values - 1).max(0).checked_ilog2().map_or(0, |b| b + 1)
}

impl Levels {
    /// Regions of gradients (A.3.3), -4 to 4.
    pub(crate) fn new(preset: &Preset, near: i32) -> Levels {
        let mut levels: Box<[i8; GRADIENTS]> = vec![0; GRADIENTS].try_into().expect("so many were asked for");
        let [t1, t2, t3] = preset.thresholds;
        let bounds = [near + 1, t1, t2, t3, preset.greatest + 1].map(|bound| bound.min(preset.greatest + 1) as usize);
        for (level, bounds) in (1..).zip(bounds.windows(2)) {
            levels[bounds[0]..bounds[1]].fill(level);
            levels[GRADIENTS + 1 - bounds[1]..GRADIENTS + 1 - bounds[0]].fill(-level);
        }
        Levels(levels)
    }

    #[inline(always)]
    pub(crate) fn at(&self, gradient: i32) -> i32 {
        self.0[gradient as usize % GRADIENTS].into()
    }

    /// The gradients around a sample, quantised; 0 in smooth places, where runs are coded (A.3.1 to A.3.4).
    #[inline]
    pub(crate) fn around(&self, Near { a, b, c, d }: Near) -> i32 {
        81 * self.at(d - b) + 9 * self.at(b - c) + self.at(c - a)
    }
}

impl Rules {
    fn new(preset: &Preset, near: i32) -> Rules {
        let step = 2 * near + 1;
        let range = (preset.greatest + 2 * near) / step + 1;
        let bits = bits_for(preset.greatest + 1).max(2);
        let (escape, limit) = (bits_for(range), 2 * (bits + bits.max(8)));
        Rules { near, step, greatest: preset.greatest, range, reset: preset.reset, escape, most: limit - escape - 1 }
    }

    /// Whether samples are all that some bits hold, each as it was: arithmetic modulo the range is a mask.
    pub(crate) fn exact(&self) -> bool {
        self.near == 0 && (self.greatest + 1).count_ones() == 1
    }

    #[inline(always)]
    fn reconstructed<const EXACT: bool>(&self, predicted: i32, error: i32) -> i32 {
        if EXACT {
            return (predicted + error) & self.greatest;
        }
        let value = predicted + error * self.step;
        let whole = self.range * self.step;
        let value = if value < -self.near {
            value + whole
        } else if value > self.greatest + self.near {
            value - whole
        } else {
            value
        };
        value.max(0).min(self.greatest)
    }
}

impl Coder {
    pub(crate) fn new(preset: &Preset, near: i32) -> Coder {
        let rules = Rules::new(preset, near);
        let sum = i64::from(((rules.range + 32) / 64).max(2));
        let mut context = Context { sum, bias: 0, correction: 0, count: 1, order: 0, flip: 0 };
        context.prepare(near);
        Coder { contexts: [context; CONTEXTS], endings: [Ending { sum, count: 1, negative: 0, order: 0 }; 2], rules }
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    /// A sample where it is not smooth (A.4 to A.6); no branch depends on what is read, but for codes that are long.
    #[inline(always)]
    pub(crate) fn regular<const EXACT: bool>(&mut self, rules: &Rules, bits: &mut Bits, gradients: i32, Near { a, b, c, .. }: Near) -> Result<i32> {
        let sign = gradients >> 31;
        let signed = |value: i32| (value ^ sign) - sign;
        let context = &mut self.contexts[signed(gradients) as usize % CONTEXTS];
        let median = (a + b - c).max(a.min(b)).min(a.max(b));
        let predicted = (median + signed(context.correction)).max(0).min(rules.greatest);
        let mapped = bits.mapped(context.order, rules.most, rules.escape)?;
        let error = (mapped >> 1) ^ -(mapped & 1) ^ context.flip;
        context.learn(error * if EXACT { 1 } else { rules.step }, error, rules.reset);
        context.prepare(if EXACT { 0 } else { rules.near });
        Ok(rules.reconstructed::<EXACT>(predicted, signed(error)))
    }

    /// The sample that ends a run, and whose code is shorter by the run's (A.7.2).
    #[inline(always)]
    pub(crate) fn ending(&mut self, bits: &mut Bits, a: i32, b: i32, alike: bool, run_bits: u32) -> Result<i32> {
        let rules = self.rules;
        let kind = i32::from(alike);
        let ending = &mut self.endings[usize::from(alike)];
        let sum = ending.sum + if alike { i64::from(ending.count >> 1) } else { 0 };
        let k = golomb_order(ending.order, ending.count, sum);
        ending.order = k;
        let most = rules.most.checked_sub(run_bits + 1).ok_or(Error::Corrupt("a code without room"))?;
        let mapped = bits.mapped(k, most, rules.escape)?;
        let doubled = mapped + kind;
        let odd = doubled & 1 == 1;
        let size = (doubled + i32::from(odd)) >> 1;
        let error = if (k != 0 || 2 * ending.negative >= ending.count) == odd { -size } else { size };
        ending.learn(error, (mapped + 1 - kind) >> 1, rules.reset);
        let (predicted, sign) = if alike { (a, 1) } else { (b, if b < a { -1 } else { 1 }) };
        Ok(rules.reconstructed::<false>(predicted, sign * error))
    }

    /// Whether neighbours are so close that a run's end is coded as the run (A.7.2.1).
    pub(crate) fn alike(&self, a: i32, b: i32) -> bool {
        (a - b).abs() <= self.rules.near
    }
}

impl Context {
    /// Takes in an error, in steps and in samples (A.6).
    #[inline(always)]
    fn learn(&mut self, apart: i32, error: i32, reset: i32) {
        let (mut count, mut bias, mut sum) = (self.count, self.bias + apart, self.sum + i64::from(error.abs()));
        if count == reset {
            (count, bias, sum) = (count >> 1, bias >> 1, sum >> 1);
        }
        count += 1;
        // All ones where the bias is at most -count, and where it is positive: as good as random, so no branch.
        let (low, high) = ((bias + count - 1) >> 31, -bias >> 31);
        bias = (bias + (count & low) - (count & high)).max(1 - count).min(0);
        self.correction = (self.correction + low - high).clamp(-128, 127);
        (self.count, self.bias, self.sum) = (count, bias, sum);
    }

    /// What the next code needs to know, long before it is read.
    #[inline(always)]
    fn prepare(&mut self, near: i32) {
        self.order = golomb_order(self.order, self.count, self.sum);
        self.flip = if near == 0 { ((2 * self.bias + self.count - 1) & (self.order as i32 - 1)) >> 31 } else { 0 };
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

/// The order of the code that suits what a context has seen (A.5.1): the least with count << k >= sum. It seldom differs from
/// the last one, so that most branches are foreseen.
#[inline(always)]
fn golomb_order(last: u32, count: i32, sum: i64) -> u32 {
    let mut order = last;
    let holds = |order: u32| sum <= i64::from(count) << order;
    while !holds(order) {
        order += 1;
    }
    while order > 0 && holds(order - 1) {
        order -= 1;
    }
    order
}
