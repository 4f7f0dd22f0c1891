//! The log that `SkyScan` scanners and `NRecon` leave beside their slices: sections `[Reconstruction]`, lines `key=value`.
//!
//! There is no public specification: this follows logs of `NRecon` 1.6 and 1.7. What counts is the pixel size of the
//! reconstruction; the one of the projections stands in where it is not stated.

use crate::input::Input;

/// The longest log that is read.
const LONGEST: u64 = 1 << 20;

/// Where a pixel size in micrometres stands, the better one first.
const SIZES: [(&str, &str); 3] = [("reconstruction", "pixel size (um)"), ("acquisition", "scaled image pixel size (um)"), ("acquisition", "image pixel size (um)")];

/// What a log says.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    /// Along x, y, z, mm.
    pub(super) spacing: [f64; 3],
    /// Which line of which file says so.
    pub(super) evidence: String,
}

/// The log of the slices: its name is what theirs begin with.
pub(super) fn beside(slice: &Input) -> Option<(Said, Input)> {
    let base = slice.name().rsplit('/').next().unwrap_or_default().to_lowercase();
    let fits = |name: &String| name.to_lowercase().strip_suffix(".log").is_some_and(|stem| !stem.is_empty() && base.starts_with(stem));
    // The longest name fits best: the scan's own log may lie there too.
    let name = slice.beside().into_iter().filter(fits).max_by_key(String::len)?;
    let log = slice.sibling(&name).ok()?;
    let text = log.all(LONGEST).ok()?;
    parse(&String::from_utf8_lossy(&text), &name).map(|said| (said, log))
}

fn parse(text: &str, name: &str) -> Option<Said> {
    let mut section = String::new();
    let mut lines: Vec<(String, String, &str)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(inside) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = inside.trim().to_lowercase();
        } else if let Some((key, value)) = line.split_once('=') {
            lines.push((section.clone(), key.trim().to_lowercase(), value.trim()));
        }
    }
    let number = |within: &str, key: &str| {
        let line = lines.iter().find(|(s, k, _)| s == within && k == key)?;
        line.2.parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0)
    };
    let (within, key, size) = SIZES.into_iter().find_map(|(within, key)| Some((within, key, number(within, key)?)))?;
    // Slices may be reconstructed at a coarser step than their pixels.
    let step = number("reconstruction", "section to section step").unwrap_or(1.0);
    let mm = size / 1000.0;
    Some(Said { spacing: [mm, mm, mm * step], evidence: format!("{name}, [{within}] {key} = {size}, every {step} sections") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "[System]\r\nScanner=SkyScan1272\r\n[Acquisition]\r\nImage Pixel Size (um)=10.5\r\n[Reconstruction]\r\nPixel Size (um)=8.5\r\nSection to Section Step=2\r\n";

    #[test]
    fn the_reconstruction_s_size_counts() {
        let said = parse(LOG, "a.log").unwrap();
        assert_eq!((said.spacing, said.evidence.contains("pixel size (um) = 8.5")), ([0.0085, 0.0085, 0.017], true));
        assert_eq!(parse("[Acquisition]\nImage Pixel Size (um) = 10.5", "a.log").unwrap().spacing, [0.0105; 3]);
        for other in ["", "Pixel Size (um)=8.5", "[Reconstruction]\nPixel Size (um)=0", "[Reconstruction]\nPixel Size (um)=nan", "[Reconstruction]\nPixel Size (um)=x"] {
            assert_eq!(parse(other, "a.log"), None, "{other}");
        }
    }

    #[test]
    fn the_log_of_these_slices() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("foam.log", "[Acquisition]\nImage Pixel Size (um)=9"), ("foam_rec.log", LOG), ("foam_rec0001.bmp", ""), ("other.log", LOG), ("x.bmp", "")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let of = |name: &str| beside(&Input::file(&folder.path().join(name)).unwrap()).map(|(said, log)| (said.spacing[0], log.name().to_string()));
        assert_eq!(of("foam_rec0001.bmp"), Some((0.0085, "foam_rec.log".into())));
        assert_eq!(of("x.bmp"), None);
    }
}
