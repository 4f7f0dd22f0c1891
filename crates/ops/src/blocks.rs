//! Blocks of voxels as one: their mean, or what most of them are.

use std::sync::Arc;

use isovox_volume::{Error, Geometry, Header, Result, Scalar};

/// The grid of blocks of `factors` voxels along x, y, z, the first at the first voxel; at the far faces a block may hold fewer.
///
/// Each voxel lies where the centre of its block does. Errors: `Geometry` where the spacing grows beyond what a number holds.
pub(crate) fn header(input: &Header, factors: [usize; 3]) -> Result<Header> {
    let [fx, fy, fz] = factors;
    let shape = [input.nz().div_ceil(fz), input.ny().div_ceil(fy), input.nx().div_ceil(fx)];
    let mut header = Header { shape, ..input.clone() };
    if factors == [1; 3] {
        return Ok(header);
    }
    // A table of slices tells of the planes as they were.
    header.verdict.slices = Arc::default();
    let Some(fine) = input.geometry.affine() else { return Ok(header) };
    let mut affine = *fine;
    for (row, fine) in affine.iter_mut().zip(fine).take(3) {
        for (axis, factor) in factors.into_iter().enumerate() {
            row[axis] = fine[axis] * factor as f64;
            row[3] += fine[axis] * (factor - 1) as f64 / 2.0;
        }
    }
    let coarse = Geometry::new(input.geometry.space(), affine);
    header.geometry = coarse.ok_or_else(|| Error::geometry("the grid of a reduced copy").found("a spacing that is not finite"))?;
    Ok(header)
}

/// One row of blocks of `side` columns, from all rows that they reach: `majority` of each, else its mean.
///
/// A mean leaves out what is not finite, and is NaN where nothing is finite; of integers it is exact, halves to even.
/// Of values that are equally frequent the least counts, as in `scipy.stats.mode`.
pub(crate) fn row<S: Scalar>(rows: &[&[S]], side: usize, majority: bool, out: &mut [S]) {
    let mut counts = Vec::new();
    for (i, out) in out.iter_mut().enumerate() {
        let block = || rows.iter().flat_map(|row| row[i * side..].iter().take(side).copied());
        *out = match majority {
            true => most_frequent(block(), &mut counts),
            false if S::TYPE.is_float() => mean(block().map(Scalar::to_f64)),
            false => S::from_i128(rounded(block().map(Scalar::to_i128).sum(), block().count() as i128)),
        };
    }
}

fn mean<S: Scalar>(block: impl Iterator<Item = f64>) -> S {
    let (sum, count) = block.filter(|v| v.is_finite()).fold((0.0, 0u64), |(sum, count), v| (sum + v, count + 1));
    S::from_f64(if count == 0 { f64::NAN } else { sum / count as f64 })
}

/// A quotient, halves to even.
fn rounded(sum: i128, n: i128) -> i128 {
    let (whole, rest) = (sum.div_euclid(n), 2 * sum.rem_euclid(n));
    whole + i128::from(rest > n || rest == n && whole % 2 != 0)
}

fn most_frequent<S: Scalar>(block: impl Iterator<Item = S>, counts: &mut Vec<(S, u32)>) -> S {
    counts.clear();
    for v in block {
        // Neighbours are alike: the last one that was counted is looked at first.
        match counts.iter().rposition(|(value, _)| *value == v) {
            Some(at) => counts[at].1 += 1,
            None => counts.push((v, 1)),
        }
    }
    let before = |a: &(S, u32), b: &(S, u32)| a.1 > b.1 || a.1 == b.1 && a.0 < b.0;
    counts.iter().copied().reduce(|a, b| if before(&b, &a) { b } else { a }).map_or_else(S::default, |c| c.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_exact_and_halves_go_to_even() {
        assert_eq!([rounded(-1, 2), rounded(-3, 2), rounded(5, 3)], [0, -2, 2]);
        let mut out = [0u64];
        row(&[&[u64::MAX, u64::MAX - 2][..]], 2, false, &mut out);
        assert_eq!(out, [u64::MAX - 1]);
    }

    #[test]
    fn means_leave_out_what_is_not_finite() {
        let mut out = [0.0f32; 3];
        row(&[&[1.0, f32::NAN, f32::NAN, f32::INFINITY, 2.0][..]], 2, false, &mut out);
        assert_eq!((out[0], out[1].is_nan(), out[2]), (1.0, true, 2.0));
    }

    #[test]
    fn the_least_of_equally_frequent_values() {
        let mut out = [9u8; 2];
        row(&[&[7, 7, 3, 5][..], &[3, 3, 5, 0]], 2, true, &mut out);
        assert_eq!(out, [3, 5]);
        row(&[&[7, 7, 1, 1][..], &[0, 0, 1, 0]], 2, true, &mut out);
        assert_eq!(out, [0, 1]);
    }
}
