//! splitmix64: noise by flat index, and the sequential generator that places spheres.
//!
//! Integer arithmetic only, so that every machine and the reference script draw the same bits.
//! Source: Steele, Lea and Flood 2014.

const GOLD: u64 = 0x9E37_79B9_7F4A_7C15;
const SEED: u64 = 0xD1B5_4A32_D192_ED03;

/// Grey levels of noise for each unit of the summed lanes: a standard deviation of 8.
const SCALE: f64 = 8.0 / 37837.22;

/// Twice the mean of two 16-bit lanes: what four of them sum to on average.
const MEAN: i32 = 131_070;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The state whose mix is the word of a flat index.
fn state(index: u64, seed: u64) -> u64 {
    index.wrapping_add(1).wrapping_mul(GOLD).wrapping_add(seed.wrapping_mul(SEED))
}

/// The 64-bit word of a flat index.
pub(super) fn word(index: u64, seed: u64) -> u64 {
    mix(state(index, seed))
}

/// The four 16-bit lanes of a word, summed: 0..=262140.
fn lanes(word: u64) -> i32 {
    const EVEN: u64 = 0x0000_FFFF_0000_FFFF;
    let pairs = (word & EVEN) + (word >> 16 & EVEN);
    (pairs as u32 + (pairs >> 32) as u32) as i32
}

/// Grey values of a row: levels, which repeat along it, and near-Gaussian noise of standard deviation 8.
///
/// `index` is the flat index of the row's first voxel. Halves round to even; values are clamped to 0..=255.
pub(super) fn grey(levels: &[f64], index: u64, seed: u64, out: &mut [u8]) {
    let mut state = state(index, seed);
    for stretch in out.chunks_mut(levels.len()) {
        for (value, level) in stretch.iter_mut().zip(levels) {
            let noise = (lanes(mix(state)) - MEAN) as f64 * SCALE;
            *value = nearest(level + noise);
            state = state.wrapping_add(GOLD);
        }
    }
}

/// `round_ties_even` and a clamp to 0..=255, for magnitudes below 2^31.
///
/// Adding 1.5 x 2^52 leaves the rounded integer in the low bits. The standard function is a call per voxel where the
/// baseline instruction set has no rounding: more than the noise itself.
fn nearest(value: f64) -> u8 {
    let bits = (value + 6_755_399_441_055_744.0).to_bits();
    (bits as u32 as i32).clamp(0, 255) as u8
}

/// A sequential generator.
pub(super) struct Rng(u64);

impl Rng {
    /// From a seed.
    pub(super) fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The next number in 0..1, of 53 bits.
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(GOLD);
        (mix(self.0) >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// The next near-normal number: twelve uniform ones less 6.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).fold(0.0, |sum, _| sum + self.uniform()) - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_even_and_clamped() {
        for value in [-300.0, -0.5, 0.5, 1.5, 2.5, 2.500_000_1, 254.5, 255.5, 3.0e4] {
            assert_eq!(f64::from(nearest(value)), value.round_ties_even().clamp(0.0, 255.0), "{value}");
        }
    }
}
