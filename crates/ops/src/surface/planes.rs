//! A plane as bits, and where along its edges the surface passes.

use isovox_volume::Scalar;

/// A vertex keeps this share of its edge from either end: none coincide, not even in the f32 of a file.
const LEAST: f64 = 1.0 / 1024.0;

/// Which voxels of a plane are inside, and where in its piece the vertices of each row begin.
///
/// Rows and voxels are counted from one, for what lies beyond the faces is outside: bit `x + 1` of row `y + 1` is voxel `(x, y)`.
#[derive(Default)]
pub(super) struct Plane {
    bits: Vec<u64>,
    words: usize,
    /// The first vertex on the edges along x of each row.
    pub(super) along_x: Vec<u32>,
    /// The first vertex on the edges along y that begin in each row.
    pub(super) along_y: Vec<u32>,
}

impl Plane {
    /// A plane that is outside everywhere.
    pub(super) fn outside(ny: usize, nx: usize) -> Plane {
        let words = (nx + 2).div_ceil(64);
        Plane { bits: vec![0; (ny + 2) * words], words, along_x: vec![0; ny + 2], along_y: vec![0; ny + 2] }
    }

    /// Outside everywhere again.
    pub(super) fn clear(&mut self) {
        self.bits.fill(0);
    }

    /// The bits of a row.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..(row + 1) * self.words]
    }

    /// Marks the voxels that are inside.
    pub(super) fn mark<T: Scalar>(&mut self, plane: &[T], nx: usize, inside: impl Fn(T) -> bool + Copy) {
        for (row, out) in plane.chunks_exact(nx).zip(self.bits.chunks_exact_mut(self.words).skip(1)) {
            let mut carry = 0;
            let mut words = out.iter_mut();
            for part in row.chunks(64) {
                let bits = gather(part, inside);
                *words.next().expect("a row has room for its voxels") = bits << 1 | carry;
                carry = bits >> 63;
            }
            words.for_each(|w| *w = std::mem::take(&mut carry));
        }
    }
}

/// A bit for each of up to 64 voxels.
#[inline(always)]
fn gather<T: Scalar>(part: &[T], inside: impl Fn(T) -> bool + Copy) -> u64 {
    let mut flags = [0u8; 64];
    flags.iter_mut().zip(part).for_each(|(f, v)| *f = u8::from(inside(*v)));
    // Eight bytes of 0 or 1 become eight bits: the product brings each to its place in the topmost byte.
    let byte = |eight: &[u8]| u64::from_le_bytes(eight.try_into().expect("eight bytes")).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    flags.chunks_exact(8).rev().fold(0, |bits, eight| bits << 8 | byte(eight))
}

/// A row moved by one voxel: bit `x` is what bit `x + 1` was.
#[inline(always)]
pub(super) fn moved(row: &[u64], word: usize) -> u64 {
    row[word] >> 1 | row.get(word + 1).map_or(0, |next| next << 63)
}

/// Calls for each bit that is set, with its number.
#[inline(always)]
pub(super) fn each(mut bits: u64, word: usize, mut call: impl FnMut(usize)) {
    while bits != 0 {
        call(64 * word + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// Bits that differ between two rows.
pub(super) fn differ(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Bits that differ from the next of the same row.
pub(super) fn change(row: &[u64]) -> u32 {
    (0..row.len()).map(|w| (row[w] ^ moved(row, w)).count_ones()).sum()
}

/// Where the level lies between two values, one of which is inside: a share of the way from the first to the second.
///
/// Halfway without a level, and where a value is not finite.
#[inline(always)]
pub(super) fn share<T: Scalar>(level: Option<f64>, a: T, b: T) -> f64 {
    let Some(level) = level else { return 0.5 };
    let (a, b) = (a.to_f64(), b.to_f64());
    let t = (level - a) / (b - a);
    if t.is_finite() { t.clamp(LEAST, 1.0 - LEAST) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_voxels() {
        for nx in [1, 7, 61, 62, 63, 64, 65, 126, 127, 128, 200] {
            let voxels: Vec<u8> = (0..2 * nx).map(|i| u8::from(i * i % 7 < 3)).collect();
            let mut plane = Plane::outside(2, nx);
            plane.mark(&voxels, nx, |v| v != 0);
            for y in 0..4 {
                let row = plane.row(y);
                for x in 0..64 * row.len() {
                    let expect = (1..=2).contains(&y) && (1..=nx).contains(&x) && voxels[(y - 1) * nx + x - 1] != 0;
                    assert_eq!(row[x / 64] >> (x % 64) & 1 == 1, expect, "{nx}: {x} {y}");
                    assert_eq!(moved(row, x / 64) >> (x % 64) & 1, row.get((x + 1) / 64).map_or(0, |w| w >> ((x + 1) % 64) & 1));
                }
            }
        }
    }

    #[test]
    fn vertices_keep_off_the_ends() {
        assert_eq!(share(Some(2.0), 1.0, 5.0), 0.25);
        assert_eq!(share(Some(5.0), 1.0, 5.0), 1.0 - LEAST);
        assert_eq!(share(Some(5.0), 5u8, 1), LEAST);
        assert_eq!(share(Some(5.0), f32::NAN, 5.0), 0.5);
        assert_eq!(share(None, 0u8, 1), 0.5);
    }
}
