//! Counting the components of a small mask.

/// Components of the non-zero voxels of a mask, `[z, y, x]` of `shape`; a step changes at most `axes` coordinates
/// (1, 2, 3: connectivity 6, 18, 26).
///
/// Cost: a byte and at most a stack entry a voxel; for blocks of a period, not for scans.
pub(super) fn count(mask: &[u8], shape: [usize; 3], axes: usize) -> usize {
    let steps = steps(axes);
    let mut left = mask.to_vec();
    let mut stack = Vec::new();
    let mut found = 0;
    for seed in 0..left.len() {
        if left[seed] == 0 {
            continue;
        }
        found += 1;
        left[seed] = 0;
        stack.push(seed);
        while let Some(i) = stack.pop() {
            for j in steps.iter().filter_map(|s| neighbour(i, *s, shape)) {
                if left[j] != 0 {
                    left[j] = 0;
                    stack.push(j);
                }
            }
        }
    }
    found
}

fn steps(axes: usize) -> Vec<[isize; 3]> {
    let all = (0..27).map(|n| [n / 9 - 1, n / 3 % 3 - 1, n % 3 - 1]);
    all.filter(|s| (1..=axes).contains(&s.iter().filter(|&&v| v != 0).count())).collect()
}

fn neighbour(i: usize, step: [isize; 3], [nz, ny, nx]: [usize; 3]) -> Option<usize> {
    let z = (i / (ny * nx)).checked_add_signed(step[0]).filter(|&z| z < nz)?;
    let y = (i / nx % ny).checked_add_signed(step[1]).filter(|&y| y < ny)?;
    let x = (i % nx).checked_add_signed(step[2]).filter(|&x| x < nx)?;
    Some((z * ny + y) * nx + x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_and_edges_join_where_they_should() {
        let corner = [1, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!([1, 2, 3].map(|axes| count(&corner, [2, 2, 2], axes)), [2, 2, 1]);
        let edge = [1, 0, 0, 1, 0, 0, 0, 0];
        assert_eq!([1, 2, 3].map(|axes| count(&edge, [2, 2, 2], axes)), [2, 1, 1]);
    }
}
