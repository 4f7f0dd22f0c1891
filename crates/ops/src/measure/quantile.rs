//! Distribution functions and their inverses: normal, chi-squared, Student's t. Portable: the same bits on every machine.

use libm::{exp, fabs, lgamma, log, log1p};

/// Iterations after which a series or fraction is as good as it gets.
const MOST: usize = 1_000_000;
const TINY: f64 = 1e-300;

/// The share of a standard normal distribution that lies below `x`.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value that a share `p` of a chi-squared distribution lies below.
pub(crate) fn chi_squared_at(p: f64, freedom: f64) -> f64 {
    inverse(p, 0.0, freedom.max(1.0), |x| lower_gamma(freedom / 2.0, x / 2.0))
}

/// The value that a share `p` (over one half) of Student's t distribution lies below.
pub(crate) fn student_at(p: f64, freedom: f64) -> f64 {
    inverse(p, 0.0, 1.0, |t| 1.0 - 0.5 * beta(freedom / 2.0, 0.5, freedom / (freedom + t * t)))
}

/// Where an increasing function takes a value, by bisection down to neighbouring floats.
fn inverse(p: f64, mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    while f(high) < p && high < 1e300 {
        high *= 2.0;
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if f(middle) < p { low = middle } else { high = middle }
    }
}

/// The regularised lower incomplete gamma function P(a, x): the series of DLMF 8.11.4, beyond `a + 1` the fraction of 8.9.2.
fn lower_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = exp(a * log(x) - x - lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..MOST {
            term *= x / (a + n as f64);
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return front * sum;
    }
    let fraction = continued(x + 1.0 - a, |n| {
        let n = n as f64;
        (-n * (n - a), x + 2.0 * n + 1.0 - a)
    });
    1.0 - front / fraction
}

/// The regularised incomplete beta function `I_x(a, b)`, by the fraction of DLMF 8.17.22.
fn beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta(b, a, 1.0 - x);
    }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a;
    let fraction = continued(1.0, |n| {
        let m = (n / 2) as f64;
        let top = if n % 2 == 0 { m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)) } else { -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)) };
        (top, 1.0)
    });
    front / fraction
}

/// The continued fraction `first + top(1) / (bottom(1) + top(2) / (bottom(2) + ..` by Lentz's method.
fn continued(first: f64, step: impl Fn(usize) -> (f64, f64)) -> f64 {
    let whole = |v: f64| if fabs(v) < TINY { TINY } else { v };
    let mut value = whole(first);
    let (mut c, mut d) = (value, 0.0);
    for n in 1..MOST {
        let (top, bottom) = step(n);
        d = 1.0 / whole(bottom + top * d);
        c = whole(bottom + top / c);
        value *= c * d;
        if fabs(c * d - 1.0) < f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} is not {expected}");
    }

    /// `scipy.stats` 1.17.1: `norm.cdf`, `chi2.ppf`, `t.ppf`.
    #[test]
    fn scipys_values() {
        near(normal(-1.96), 0.024997895148220435);
        near(normal(0.5), 0.6914624612740131);
        near(chi_squared_at(0.025, 9.0), CHI[0]);
        near(chi_squared_at(0.975, 9.0), CHI[1]);
        near(chi_squared_at(0.975, 1999.0), CHI[2]);
        near(chi_squared_at(0.025, 1e6), CHI[3]);
        near(student_at(0.975, 1.0), T[0]);
        near(student_at(0.975, 9.0), T[1]);
        near(student_at(0.975, 1e6), T[2]);
    }

    const CHI: [f64; 4] = [2.7003894999803584, 19.02276779864163, 2124.81130603695, 997230.0871432901];
    const T: [f64; 3] = [12.706204736174694, 2.262157162798205, 1.959966356814107];
}
