//! The voxel size that a file states, and why one that looks stated is not used.

use isovox_volume::{Geometry, Verdict};

use super::text::Keys;
use crate::unit::millimetres;

/// Pixels per inch that programs write when they know nothing.
const PRINT: [f64; 5] = [25.4, 72.0, 96.0, 100.0, 300.0];

/// The resolution tags of the first page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resolution {
    /// Pixels per unit along x.
    pub(super) x: Option<f64>,
    /// Pixels per unit along y.
    pub(super) y: Option<f64>,
    /// 1 none, 2 inch, 3 centimetre.
    pub(super) unit: u64,
}

impl Resolution {
    fn stated(self) -> Option<(f64, f64)> {
        let good = |v: Option<f64>| v.filter(|v| v.is_finite() && *v > 0.0);
        Some((good(self.x)?, good(self.y)?))
    }

    fn print(per_inch: f64) -> bool {
        PRINT.iter().any(|p| (per_inch / p - 1.0).abs() < 1e-3)
    }
}

/// The geometry a file states, its verdict, and warnings.
pub(super) struct Scale {
    pub(super) geometry: Geometry,
    pub(super) verdict: Verdict,
    pub(super) warnings: Vec<String>,
}

impl Scale {
    fn unknown(why: &str, warnings: Vec<String>) -> Scale {
        Scale { geometry: Geometry::voxel(), verdict: Verdict::unknown(why), warnings }
    }

    fn known(geometry: Geometry, text: &str) -> Scale {
        Scale { verdict: Verdict::of(&geometry, text), geometry, warnings: Vec::new() }
    }

    /// From a spacing in mm that the file states in full.
    pub(super) fn spacing(spacing: [f64; 3], text: &str) -> Scale {
        Geometry::local(spacing).map_or_else(|| Scale::unknown("the file states no usable voxel size", Vec::new()), |g| Scale::known(g, text))
    }

    /// From the resolution tags alone: they have no third axis.
    pub(super) fn tags(resolution: Resolution) -> Scale {
        let none = "the file states no voxel size";
        let Some((x, _)) = resolution.stated().filter(|&(x, _)| x != 1.0) else { return Scale::unknown(none, Vec::new()) };
        let warning = match resolution.unit {
            2 if Resolution::print(x) => format!("{} pixels per inch is a print resolution, not a voxel size: not used; give --voxel-size", round(x)),
            3 if Resolution::print(x * 2.54) => format!("{} pixels per centimetre is a print resolution, not a voxel size: not used; give --voxel-size", round(x)),
            2 => format!("{} pixels per inch, but no distance between slices: not used; give --voxel-size", round(x)),
            3 => format!("{} pixels per centimetre, but no distance between slices: not used; give --voxel-size", round(x)),
            _ => format!("a resolution of {} pixels without a unit of length: not used; give --voxel-size", round(x)),
        };
        Scale::unknown(none, vec![warning])
    }

    /// From `ImageJ`'s keys. A stack's missing spacing is 1: `ImageJ` leaves that out.
    pub(super) fn imagej(keys: &Keys, resolution: Resolution, stack: bool) -> Scale {
        let spacing = keys.get("spacing").and_then(|v| v.parse::<f64>().ok()).map(f64::abs);
        let unit = keys.get("unit").unwrap_or("");
        let Some(mm) = length(unit) else { return Scale::nameless(unit, spacing, resolution) };
        let none = "the file states no usable voxel size";
        let Some((x, y)) = resolution.stated() else {
            return Scale::unknown(none, vec![format!("the unit {unit} without a resolution: not used; give --voxel-size")]);
        };
        let inch = mm == 25.4;
        if inch && Resolution::print(x) {
            return Scale::unknown(none, vec![format!("{} pixels per inch is a print resolution, not a voxel size: not used; give --voxel-size", round(x))]);
        }
        let Some(z) = spacing.or((stack && !inch).then_some(1.0)) else {
            return Scale::unknown(none, vec![format!("{} pixels per {unit}, but no distance between slices: not used; give --voxel-size", round(x))]);
        };
        let of = |key: &str| keys.get(key).and_then(length).unwrap_or(mm);
        let mut scale = Scale::spacing([mm / x, of("yunit") / y, of("zunit") * z], "ImageJ's unit, resolution and spacing");
        scale.exact(keys);
        scale
    }

    /// Takes our own affine, where it agrees with what `ImageJ`'s keys say.
    fn exact(&mut self, keys: &Keys) {
        let (Some(own), Some(stated)) = (keys.geometry(), self.geometry.spacing()) else { return };
        let near = own.spacing().is_some_and(|s| s.iter().zip(stated).all(|(a, b)| (a / b - 1.0).abs() < 1e-5));
        if near {
            *self = Scale::known(own, "the affine that isovox wrote into the file");
        } else {
            self.warnings.push("the voxel size was changed after isovox wrote the file: its origin and axes are not used".into());
        }
    }

    fn nameless(unit: &str, spacing: Option<f64>, resolution: Resolution) -> Scale {
        let stated = resolution.stated().filter(|&(x, _)| x != 1.0);
        if stated.is_none() && spacing.is_none_or(|s| s == 1.0) {
            return Scale::unknown("the file states no voxel size", Vec::new());
        }
        let named = if unit.is_empty() { "an empty unit".to_string() } else { format!("the unit {unit:?}") };
        let size = match (stated, spacing) {
            (Some((x, _)), Some(z)) => format!("a resolution of {} pixels and a spacing of {z}", round(x)),
            (Some((x, _)), None) => format!("a resolution of {} pixels", round(x)),
            (None, z) => format!("a spacing of {}", z.unwrap_or(1.0)),
        };
        Scale::unknown("the file states no unit of length", vec![format!("{size} with {named}: not used; give --voxel-size")])
    }
}

fn length(unit: &str) -> Option<f64> {
    match unit.trim().to_lowercase().as_str() {
        "inch" | "in" | "inches" => Some(25.4),
        other => millimetres(other),
    }
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
