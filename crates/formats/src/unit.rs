//! Units of length and time that file headers name.

/// Millimetres in one of a named unit; `None` for anything else.
pub fn millimetres(unit: &str) -> Option<f64> {
    let unit = unit.trim().trim_matches('\0').to_lowercase();
    Some(match unit.as_str() {
        "nm" | "nanometer" | "nanometre" | "nanometers" => 1e-6,
        "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "micrometre" | "micrometers" | "\\u00b5m" => 1e-3,
        "mm" | "millimeter" | "millimetre" | "millimeters" => 1.0,
        "cm" | "centimeter" | "centimetre" | "centimeters" => 10.0,
        "m" | "meter" | "metre" | "meters" => 1000.0,
        _ => return None,
    })
}

/// Seconds in one of a named unit; `None` for anything else.
pub fn seconds(unit: &str) -> Option<f64> {
    Some(match unit.trim().to_lowercase().as_str() {
        "ns" | "nanosecond" | "nanoseconds" => 1e-9,
        "us" | "µs" | "μs" | "usec" | "microsecond" | "microseconds" => 1e-6,
        "ms" | "msec" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "second" | "seconds" => 1.0,
        "min" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}
