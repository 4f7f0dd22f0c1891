//! Dates in UTC, and the memory that a process came to hold.

use std::time::{SystemTime, UNIX_EPOCH};

use isovox_volume::Run;
use serde_json::{Value, json};

/// Adds to what tells how something was made when that was, how long its phases took, and the memory that it came to hold.
pub fn timed(run: &Run, told: &mut Value) {
    told["created"] = json!(now());
    told["phases"] = run.phases().iter().map(|(name, seconds)| json!({"name": name, "seconds": seconds})).collect();
    told["peak_memory_mb"] = json!(peak_memory_mb());
}

/// The time, UTC, as ISO 8601.
pub fn now() -> String {
    iso(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}

/// The greatest resident size of this process so far, MB; none where the system does not tell.
pub fn peak_memory_mb() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: f64 = text.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Seconds since 1970 as `2026-11-21T05:53:40Z` (days to civil date as in Hinnant, chrono-compatible low-level date algorithms).
pub fn iso(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let z = days as i64 + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_795_240_420), "2026-11-21T05:53:40Z");
    }
}
