//! Whether a volume's values are of two kinds at all: Otsu's method parts any volume, one of a single phase too.

use isovox_ops::intensity::levels::Levels;

/// Bins in which peaks are looked for.
const BINS: usize = 64;

/// A valley this high beside the lower peak is none.
const SHALLOW: f64 = 0.9;

/// What the values say against a threshold of Otsu's; nothing where a valley parts two peaks.
pub(super) fn doubt(levels: &Levels, threshold: f64) -> Option<String> {
    let occur: Vec<(f64, u64)> = levels.occurring().into_iter().filter(|(_, n)| *n > 0).collect();
    if let [(low, _), (high, _)] = occur[..] {
        return Some(format!("The volume holds two values, {low} and {high}: it was segmented before, and what was lost then does not show in these numbers."));
    }
    (depth(&occur, threshold)? > SHALLOW).then(|| {
        "The grey values have one peak, and no valley where Otsu's method parts them: it parts any volume, and here it may split the noise of one phase. Look at the views; --threshold T, or a part that holds both phases, decides.".into()
    })
}

/// The lowest count between the peaks on both sides of a threshold, over the lower peak's; none where a side is empty.
fn depth(occur: &[(f64, u64)], threshold: f64) -> Option<f64> {
    let (first, last) = (occur.first()?.0, occur.last()?.0);
    let wide = (last - first) / BINS as f64;
    if wide <= 0.0 || occur.len() < 3 {
        return None;
    }
    // Values that are fewer than the bins would leave gaps between them.
    let bins = BINS.min(occur.len());
    let bin = |v: f64| (((v - first) / (last - first) * bins as f64) as usize).min(bins - 1);
    let mut counts = vec![0.0; bins];
    occur.iter().for_each(|(v, n)| counts[bin(*v)] += *n as f64);
    let smooth: Vec<f64> = (0..bins).map(|i| counts[i.saturating_sub(1)] + 2.0 * counts[i] + counts[(i + 1).min(bins - 1)]).collect();
    let middle = bin(threshold) + 1;
    let highest = |range: std::ops::Range<usize>| range.max_by(|&a, &b| smooth[a].total_cmp(&smooth[b]));
    let (low, high) = (highest(0..middle)?, highest(middle..bins)?);
    let valley = smooth[low..=high].iter().copied().fold(f64::INFINITY, f64::min);
    Some(valley / smooth[low].min(smooth[high]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bell(centre: f64, height: f64) -> impl Fn(f64) -> f64 {
        move |v| height * libm::exp(-(v - centre) * (v - centre) / 128.0)
    }

    fn values(height: impl Fn(f64) -> f64) -> Vec<(f64, u64)> {
        (0..256).map(|v| (f64::from(v), height(f64::from(v)) as u64)).filter(|(_, n)| *n > 0).collect()
    }

    #[test]
    fn one_bell_has_no_valley() {
        assert!(depth(&values(bell(170.0, 1e5)), 170.0).unwrap() > SHALLOW);
    }

    #[test]
    fn two_bells_have_one_however_unlike() {
        let (rare, common) = (bell(70.0, 1e3), bell(150.0, 1e5));
        assert!(depth(&values(|v| rare(v) + common(v)), 110.0).unwrap() < 0.2);
    }

    #[test]
    fn two_values_were_segmented() {
        let counts = vec![10u64, 0, 0, 5];
        assert!(doubt(&Levels::Each { low: 0, counts }, 0.0).unwrap().contains("two values, 0 and 3"));
    }
}
