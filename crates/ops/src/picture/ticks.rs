//! Where the ticks of an axis stand, and how numbers are written beside them.

/// How a value becomes a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps are equal differences.
    Linear,
    /// Equal steps are equal factors (base 10); values must be above 0.
    Log,
}

impl Scale {
    /// Where between `low` (0) and `high` (1) a value lies; on a log axis what is not above 0 lies at -1.
    pub fn place(self, value: f64, low: f64, high: f64) -> f64 {
        match self {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log if value <= 0.0 => -1.0,
            Scale::Log => libm::log10(value / low) / libm::log10(high / low),
        }
    }
}

/// About `most` round values within limits: 1, 2 or 5 times a power of ten apart; on a log axis powers of ten, or 1, 2, 5.
pub fn ticks(scale: Scale, low: f64, high: f64, most: usize) -> Vec<f64> {
    match scale {
        Scale::Linear => linear(low, high, most),
        Scale::Log => log(low, high, most),
    }
}

fn linear(low: f64, high: f64, most: usize) -> Vec<f64> {
    let least = (high - low) / most.max(1) as f64;
    if !(least > 0.0 && least.is_finite()) {
        return vec![low];
    }
    let exponent = libm::log10(least).floor() as i32;
    let steps = (exponent..=exponent + 1).flat_map(|e| [1.0, 2.0, 5.0].map(|d| (d, e)));
    let (digit, exponent) = steps.clone().find(|(d, e)| power(*d, *e) >= least * (1.0 - 1e-9)).unwrap_or((10.0, exponent));
    let step = power(digit, exponent);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    // Whole multiples, so that 3 x 0.1 is 0.3.
    (first..=last).map(|k| power(k as f64 * digit, exponent)).collect()
}

/// `digit` times a power of ten, as near as a number comes to it.
fn power(digit: f64, exponent: i32) -> f64 {
    if exponent < 0 { digit / libm::pow(10.0, f64::from(-exponent)) } else { digit * libm::pow(10.0, f64::from(exponent)) }
}

fn log(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (first, last) = (libm::log10(low).floor() as i32, libm::log10(high).ceil() as i32);
    let within = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9);
    let fine: Vec<f64> = (first..=last).flat_map(|e| [1.0, 2.0, 5.0].map(|d| power(d, e))).filter(within).collect();
    let decades: Vec<f64> = (first..=last).map(|e| power(1.0, e)).filter(within).collect();
    if fine.len() <= most && decades.len() < 4 {
        return fine;
    }
    let every = decades.len().div_ceil(most.max(1)).max(1);
    decades.into_iter().step_by(every).collect()
}

/// A number as it stands beside a tick: `0.25`, `120`, `25 000`, `2e6`.
pub fn written(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e6).contains(&size) {
        // Six digits tell ticks apart and hide what is past them.
        let text = format!("{value:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
        return format!("{digits}e{exponent}");
    }
    let whole = format!("{value:.6}");
    let text = whole.trim_end_matches('0').trim_end_matches('.');
    if size >= 1e4 { grouped(text) } else { text.to_string() }
}

/// A count in full: `1 179 648`.
pub fn counted(n: u64) -> String {
    grouped(&n.to_string())
}

/// Thousands apart, as SI writes them.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_once('.').map_or((text, String::new()), |(w, r)| (w, format!(".{r}")));
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if i > 0 && left.is_multiple_of(3) && !out.ends_with('-') {
            out.push(' ');
        }
        out.push(c);
    }
    out + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scale: Scale, low: f64, high: f64, expect: &[f64]) {
        assert_eq!(ticks(scale, low, high, 8), expect);
    }

    #[test]
    fn linear_ticks_are_round() {
        check(Scale::Linear, 0.0, 255.0, &[0.0, 50.0, 100.0, 150.0, 200.0, 250.0]);
        check(Scale::Linear, -1000.0, 3000.0, &[-1000.0, -500.0, 0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0]);
        check(Scale::Linear, 0.0, 0.8, &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
        check(Scale::Linear, 7.0, 7.0, &[7.0]);
        assert!(ticks(Scale::Linear, f64::MIN, f64::MAX, 8).len() <= 2);
    }

    #[test]
    fn log_ticks_are_powers_of_ten() {
        check(Scale::Log, 1.0, 1e6, &[1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6]);
        check(Scale::Log, 0.3, 8.0, &[0.5, 1.0, 2.0, 5.0]);
        check(Scale::Log, 1e-12, 1e12, &[1e-12, 1e-8, 1e-4, 1.0, 1e4, 1e8, 1e12]);
    }

    #[test]
    fn numbers_are_short() {
        let text = [0.0, 3.0 * 0.1, 120.0, -25_000.0, 250_000.0, 2e6, 1.5e-7, -1e300].map(written);
        assert_eq!(counted(1_179_648), "1 179 648");
        assert_eq!(text, ["0", "0.3", "120", "-25 000", "250 000", "2e6", "1.5e-7", "-1e300"]);
    }

    #[test]
    fn places_run_from_0_to_1() {
        assert_eq!([Scale::Linear.place(5.0, 0.0, 10.0), Scale::Log.place(10.0, 1.0, 100.0), Scale::Log.place(0.0, 1.0, 100.0)], [0.5, 0.5, -1.0]);
    }
}
