//! Pixels on another grid.

/// An output pixel's share of input pixels along one axis: `weights` of those from `first` on, `of` in all.
struct Share {
    first: usize,
    weights: Vec<u64>,
}

/// Shares of `n` outputs that cover `of` inputs; whole numbers, so that every machine gives the same picture.
fn shares(of: usize, n: usize, blend: bool) -> Vec<Share> {
    (0..n)
        .map(|i| {
            if !blend {
                return Share { first: (2 * i + 1) * of / (2 * n), weights: vec![of as u64] };
            }
            let (from, to) = (i * of, (i + 1) * of);
            let (first, last) = (from / n, (to - 1) / n);
            let weights = (first..=last).map(|k| (to.min((k + 1) * n) - from.max(k * n)) as u64).collect();
            Share { first, weights }
        })
        .collect()
}

/// Pixels on another grid over the same field: means over each new pixel's area, or (labels) the pixel at its centre.
pub(super) fn resize(pixels: &[[u8; 4]], [nx, ny]: [usize; 2], [width, height]: [usize; 2], blend: bool) -> Vec<[u8; 4]> {
    let (across, down) = (shares(nx, width, blend), shares(ny, height, blend));
    let mut out = Vec::with_capacity(width * height);
    for v in &down {
        for h in &across {
            if let ([_], [_]) = (&v.weights[..], &h.weights[..]) {
                out.push(pixels[v.first * nx + h.first]);
                continue;
            }
            let mut sums = [0; 4];
            for (y, wy) in (v.first..).zip(&v.weights) {
                for (pixel, wx) in pixels[y * nx + h.first..].iter().zip(&h.weights) {
                    sums.iter_mut().zip(pixel).for_each(|(s, c)| *s += wx * wy * u64::from(*c));
                }
            }
            let area = (nx * ny) as u64;
            out.push(sums.map(|s| ((s + area / 2) / area) as u8));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(greys: &[u8]) -> Vec<[u8; 4]> {
        greys.iter().map(|&g| [g, g, g, 255]).collect()
    }

    #[test]
    fn areas_are_averaged() {
        assert_eq!(resize(&row(&[0, 100, 200, 50]), [4, 1], [2, 1], true), row(&[50, 125]));
        assert_eq!(resize(&row(&[0, 90]), [2, 1], [3, 1], true), row(&[0, 45, 90]));
        assert_eq!(resize(&row(&[1, 2]), [2, 1], [4, 2], true), row(&[1, 1, 2, 2, 1, 1, 2, 2]));
    }

    #[test]
    fn labels_are_never_mixed() {
        assert_eq!(resize(&row(&[0, 90, 7]), [3, 1], [2, 1], false), row(&[0, 7]));
        assert_eq!(resize(&row(&[0, 90]), [2, 1], [3, 1], false), row(&[0, 90, 90]));
    }
}
