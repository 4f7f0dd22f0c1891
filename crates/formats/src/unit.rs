//! Units of length that file headers name.

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
