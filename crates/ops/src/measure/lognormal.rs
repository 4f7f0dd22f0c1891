//! The log-normal distribution that fits best, and how well it fits.

use libm::{cos, log, sqrt};
use serde_json::{Value as Json, json};

use super::quantile::{chi_squared_at, normal, student_at};

/// Samples drawn from the fitted distribution.
const BOOTSTRAPS: usize = 999;

/// Values of a drawn sample at most; the statistic of larger ones is scaled by Stephens' factor.
const SAMPLE: usize = 5000;

/// A log-normal distribution fitted to positive values by maximum likelihood, with 95 % intervals and a test.
///
/// `mu` and `sigma` are mean and standard deviation (divided by n) of the logarithms: `scipy.stats.lognorm.fit(v, floc=0)`.
/// Intervals are those of a normal sample: Student's t for `mu`, chi-squared for `sigma`. `ks` is the Kolmogorov-Smirnov
/// distance between the values and the fit; its `p` comes from 999 samples of the fitted distribution, each fitted in turn
/// (a table of the plain test would be wrong: the parameters are not known but fitted). A small `p` speaks against the fit.
///
/// Source: Lilliefors, J. Am. Stat. Assoc. 62 (1967); Stephens, J. Am. Stat. Assoc. 69 (1974), for samples over 5000 values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    /// Values.
    pub n: usize,
    /// Mean of the logarithms.
    pub mu: f64,
    /// Standard deviation of the logarithms.
    pub sigma: f64,
    /// 95 % interval of `mu`.
    pub mu_ci95: [f64; 2],
    /// 95 % interval of `sigma`.
    pub sigma_ci95: [f64; 2],
    /// Greatest distance between the cumulative distributions.
    pub ks: f64,
    /// Share of samples of the fitted distribution that lie as far off.
    pub p: f64,
}

impl Lognormal {
    /// The fit; none for fewer than three values, or where all are equal. All values are over 0.
    pub fn fit(values: &[f64]) -> Option<Lognormal> {
        let n = values.len();
        let mut logs: Vec<f64> = values.iter().map(|v| log(*v)).collect();
        logs.sort_unstable_by(f64::total_cmp);
        if n < 3 || logs[0] == logs[n - 1] {
            return None;
        }
        let (mu, sigma) = mean_and_sd(&logs);
        let ks = distance(&logs, mu, sigma);
        let (count, freedom) = (n as f64, n as f64 - 1.0);
        let half = student_at(0.975, freedom) * sigma / sqrt(freedom);
        let spread = |p: f64| sigma * sqrt(count / chi_squared_at(p, freedom));
        Some(Lognormal { n, mu, sigma, mu_ci95: [mu - half, mu + half], sigma_ci95: [spread(0.975), spread(0.025)], ks, p: p_value(ks, n) })
    }

    /// The fit of values that count by weights over 0; nothing is then known of intervals, distance and p (NaN).
    pub fn weighted(values: &[f64], weights: &[f64]) -> Option<Lognormal> {
        let total: f64 = weights.iter().sum();
        let mean_of = |f: &dyn Fn(f64) -> f64| values.iter().zip(weights).map(|(v, w)| w * f(log(*v))).sum::<f64>() / total;
        let mu = mean_of(&|v| v);
        let sigma = sqrt(mean_of(&|v| (v - mu) * (v - mu)));
        let none = f64::NAN;
        (values.len() >= 3 && sigma > 0.0).then_some(Lognormal { n: values.len(), mu, sigma, mu_ci95: [none; 2], sigma_ci95: [none; 2], ks: none, p: none })
    }

    /// The share of the fitted distribution below a value.
    pub fn below(&self, value: f64) -> f64 {
        normal((log(value) - self.mu) / self.sigma)
    }

    /// As `summary.json` and provenance tell it.
    pub fn json(&self) -> Json {
        json!({"n": self.n, "mu": self.mu, "sigma": self.sigma, "mu_ci95": self.mu_ci95, "sigma_ci95": self.sigma_ci95, "ks": self.ks, "p": self.p})
    }
}

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, sqrt(squares / n))
}

/// The Kolmogorov-Smirnov distance of sorted values to a normal distribution.
fn distance(sorted: &[f64], mean: f64, sd: f64) -> f64 {
    let n = sorted.len() as f64;
    sorted.iter().enumerate().fold(0.0, |worst: f64, (i, v)| {
        let below = normal((v - mean) / sd);
        worst.max((i as f64 + 1.0) / n - below).max(below - i as f64 / n)
    })
}

/// The factor that makes distances of samples of different sizes comparable (Stephens' table 1A, case 3).
fn factor(n: usize) -> f64 {
    let root = sqrt(n as f64);
    root - 0.01 + 0.85 / root
}

/// The share of drawn samples at least as far from their fit; the distance does not depend on what the fitted parameters are.
fn p_value(ks: f64, n: usize) -> f64 {
    let size = n.min(SAMPLE);
    let worst = ks * factor(n) / factor(size);
    let mut state = 0;
    let mut sample = vec![0.0; size];
    let as_far = (0..BOOTSTRAPS).filter(|_| {
        sample.iter_mut().for_each(|v| *v = drawn(&mut state));
        sample.sort_unstable_by(f64::total_cmp);
        let (mean, sd) = mean_and_sd(&sample);
        distance(&sample, mean, sd) >= worst
    });
    (as_far.count() + 1) as f64 / (BOOTSTRAPS + 1) as f64
}

/// A normal number, by Box and Muller's method (Ann. Math. Stat. 29, 1958).
fn drawn(state: &mut u64) -> f64 {
    // Over 0, so that its logarithm is finite.
    let radius = (uniform(state) + 1.0) / (1u64 << 53) as f64;
    let turn = uniform(state) / (1u64 << 53) as f64;
    sqrt(-2.0 * log(radius)) * cos(std::f64::consts::TAU * turn)
}

/// 53 bits of splitmix64 (Steele, Lea and Flood, OOPSLA 2014), seed 0.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.log`, `scipy.stats.t`, `chi2` and `kstest` 1.17.1 of the values 1, 2, 3, 5, 8, 13, 21, 34, 55, 89.
    #[test]
    fn scipys_fit() {
        let fit = Lognormal::fit(&[1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0]).expect("a fit");
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        near(fit.mu, FIT[0]);
        near(fit.sigma, FIT[1]);
        near(fit.mu_ci95[0], FIT[2]);
        near(fit.mu_ci95[1], FIT[3]);
        near(fit.sigma_ci95[0], FIT[4]);
        near(fit.sigma_ci95[1], FIT[5]);
        near(fit.ks, FIT[6]);
    }

    #[test]
    fn samples_of_the_distribution_pass_and_others_fail() {
        let mut state = 77;
        let mut fits = (0..20).map(|_| Lognormal::fit(&(0..500).map(|_| libm::exp(1.5 + 0.7 * drawn(&mut state))).collect::<Vec<f64>>()).expect("a fit"));
        let rejected = fits.by_ref().filter(|f| f.p < 0.05 || (f.mu - 1.5).abs() > 0.15 || (f.sigma - 0.7).abs() > 0.1).count();
        // One in twenty is expected.
        assert!(rejected <= 3, "{rejected} of 20");
        let even: Vec<f64> = (1..=4000).map(f64::from).collect();
        assert_eq!(Lognormal::fit(&even).expect("a fit").p, 0.001);
        let mut many = || Lognormal::fit(&(0..20_000).map(|_| libm::exp(drawn(&mut state))).collect::<Vec<f64>>()).expect("a fit").p;
        assert!((0..3).filter(|_| many() < 0.05).count() <= 1);
    }

    #[test]
    fn too_few_values_have_no_fit() {
        assert_eq!(Lognormal::fit(&[]), None);
        assert_eq!(Lognormal::fit(&[1.0, 2.0]), None);
        assert_eq!(Lognormal::fit(&[3.0; 9]), None);
    }

    const FIT: [f64; 7] = [2.3112440798107725, 1.4026102051615708, 1.2536025057374036, 3.368885653884141, 1.0169512654413737, 2.6991299181831794, 0.10684405090845106];
}
