//! Lengths that say whether they are millimetres or voxels, and extents in voxels.

use crate::error::{Error, Result};

/// A length in millimetres or in voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Millimetres.
    Mm(f64),
    /// Voxels.
    Voxels(f64),
    /// A bare number: millimetres where the volume has a scale, else voxels.
    Bare(f64),
}

impl Length {
    /// Reads `5.3um`, `0.5mm`, `1cm`, `2vox` or a bare number.
    pub fn parse(text: &str) -> Result<Length> {
        let wrong = || Error::parameter(format_args!("length {text:?}")).expected("a number with um, mm, cm or vox").help("for example 5.3um or 2vox");
        let text = text.trim();
        let split = text.find(|c: char| c.is_alphabetic() && c != 'e' && c != 'E' || c == 'µ').unwrap_or(text.len());
        let value: f64 = text[..split].trim().parse().map_err(|_| wrong())?;
        let length = match text[split..].trim() {
            "" => Length::Bare(value),
            "um" | "µm" | "μm" | "micron" | "microns" => Length::Mm(value / 1000.0),
            "mm" => Length::Mm(value),
            "nm" => Length::Mm(value / 1e6),
            "cm" => Length::Mm(value * 10.0),
            "vox" | "voxel" | "voxels" => Length::Voxels(value),
            _ => return Err(wrong()),
        };
        // Asked of the result: a finite number of centimetres can be more millimetres than there are numbers.
        let (Length::Mm(found) | Length::Voxels(found) | Length::Bare(found)) = length;
        if found.is_finite() { Ok(length) } else { Err(wrong()) }
    }

    /// Voxels along an axis of this spacing (mm), `None` where the volume has no scale.
    pub fn voxels(self, spacing: Option<f64>) -> Result<f64> {
        match (self, spacing) {
            (Length::Voxels(v), _) | (Length::Bare(v), None) => Ok(v),
            (Length::Mm(v) | Length::Bare(v), Some(s)) => Ok(v / s),
            (Length::Mm(_), None) => {
                Err(Error::geometry("a length in millimetres for a volume of unknown spacing").help("give it in voxels (2vox), or name the spacing with --voxel-size 5.3um"))
            }
        }
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Length::Mm(v) => write!(f, "{v}mm"),
            Length::Voxels(v) => write!(f, "{v}vox"),
            Length::Bare(v) => write!(f, "{v}"),
        }
    }
}

/// Half widths of a box along x, y, z, voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Along x.
    pub x: usize,
    /// Along y.
    pub y: usize,
    /// Along z.
    pub z: usize,
}

impl Extent {
    /// The same along each axis.
    pub const fn cube(r: usize) -> Extent {
        Extent { x: r, y: r, z: r }
    }
}

/// A limit of an object's size: voxels, or a volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// Voxels.
    Voxels(f64),
    /// Cubic millimetres.
    Mm3(f64),
}

/// Part of a voxel by which quotients of lengths may miss the whole number that was meant.
const SLACK: f64 = 1e-9;

impl Size {
    /// Reads `10vox`, `10`, `5um3`, `0.2mm3`.
    pub fn parse(text: &str) -> Result<Size> {
        let wrong = || Error::parameter(format_args!("size {text:?}")).expected("a number with vox, um3 or mm3").help("for example 10vox or 5um3");
        let text = text.trim();
        let split = text.find(|c: char| c.is_alphabetic() && c != 'e' && c != 'E' || c == 'µ').unwrap_or(text.len());
        let value: f64 = text[..split].trim().parse().map_err(|_| wrong())?;
        if !(value.is_finite() && value >= 0.0) {
            return Err(wrong());
        }
        match text[split..].trim() {
            "" | "vox" | "voxel" | "voxels" => Ok(Size::Voxels(value)),
            "um3" | "µm3" => Ok(Size::Mm3(value * 1e-9)),
            "mm3" => Ok(Size::Mm3(value)),
            _ => Err(wrong()),
        }
    }

    /// The least count of voxels of this volume (mm3 each) that reaches the size.
    pub fn voxels(self, voxel_mm3: Option<f64>) -> Result<u64> {
        Ok((self.measured(voxel_mm3)? - SLACK).ceil().max(0.0) as u64)
    }

    /// The greatest count of voxels of this volume (mm3 each) that does not exceed the size.
    pub fn voxels_within(self, voxel_mm3: Option<f64>) -> Result<u64> {
        Ok((self.measured(voxel_mm3)? + SLACK).floor() as u64)
    }

    fn measured(self, voxel_mm3: Option<f64>) -> Result<f64> {
        match (self, voxel_mm3) {
            (Size::Voxels(v), _) => Ok(v),
            (Size::Mm3(v), Some(one)) => Ok(v / one),
            (Size::Mm3(_), None) => {
                Err(Error::geometry("a size in cubic millimetres for a volume of unknown spacing").help("give it in voxels (10vox), or name the spacing with --voxel-size"))
            }
        }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Size::Voxels(v) => write!(f, "{v}vox"),
            Size::Mm3(v) => write!(f, "{v}mm3"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_carry_their_unit() {
        assert_eq!(Length::parse("5.3um").unwrap(), Length::Mm(0.0053));
        assert_eq!(Length::parse("2vox").unwrap(), Length::Voxels(2.0));
        assert_eq!(Length::parse("1e-3").unwrap(), Length::Bare(0.001));
        assert!(Length::parse("5 parsec").is_err());
        assert!(Length::Mm(1.0).voxels(None).is_err());
        assert_eq!(Size::parse("5um3").unwrap().voxels(Some(1e-9)).unwrap(), 5);
        assert_eq!(Size::parse("5um3").unwrap().voxels_within(Some(1e-9)).unwrap(), 5);
        assert_eq!(Size::parse("10").unwrap().voxels(None).unwrap(), 10);
        assert_eq!(Size::parse("10.5").unwrap().voxels(None).unwrap(), 11);
        assert_eq!(Size::parse("10.5").unwrap().voxels_within(None).unwrap(), 10);
    }
}
