//! From values to shades: windows, and colours of labels.

use isovox_volume::{Error, Header, QuantityKind, Result, Scalar, Type, scalar};
use serde_json::{Value as Json, json};

use crate::picture::colours::colour_of;

/// Values shown as black and as white.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Window {
    /// Black; the value that 1 in 200 of the voxels shown lies below when not given.
    pub low: Option<f64>,
    /// White; the value that 1 in 200 of the voxels shown lies above when not given.
    pub high: Option<f64>,
}

impl Window {
    /// Refuses limits in the wrong order, and a window of colours.
    pub fn check(self, header: &Header) -> Result<()> {
        match (self.low, self.high) {
            (Some(low), Some(high)) if low >= high => Err(Error::parameter("--low not below --high").found(format_args!("{low} and {high}"))),
            (None, None) => Ok(()),
            _ if header.voxel == Type::Rgb8 => Err(Error::unsupported("--low or --high of a colour volume (rgb8)").expected("one number a voxel")),
            _ => Ok(()),
        }
    }

    /// The limits for voxels in bytes.
    pub(crate) fn of(self, header: &Header, cuts: &[Vec<u8>]) -> (f64, f64) {
        self.limits(scalar!(header.voxel, T => cuts.iter().flat_map(|c| voxels::<T>(c)).map(Scalar::to_f64).collect()))
    }

    /// The limits for voxels of several cuts; where nearly all values are equal, least and greatest.
    fn limits(self, mut values: Vec<f64>) -> (f64, f64) {
        values.retain(|v| v.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| values.get((values.len().saturating_sub(1) as f64 * share).round() as usize).copied().unwrap_or(0.0);
        let narrow = at(0.005) >= at(0.995);
        let (least, greatest) = if narrow { (at(0.0), at(1.0)) } else { (at(0.005), at(0.995)) };
        (self.low.unwrap_or(least), self.high.unwrap_or(greatest))
    }
}

/// How the voxels of a picture are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shades {
    /// From black to white; NaN is black.
    Grey {
        /// Black.
        low: f64,
        /// White.
        high: f64,
    },
    /// Each number in its colour.
    Labels,
    /// The colours that the voxels are.
    Colours,
}

impl Shades {
    /// Labels and 32-bit unsigned integers in colours unless a window is given, masks white on black, all else grey.
    pub fn new(header: &Header, cuts: &[Vec<u8>], window: Window) -> Shades {
        let kind = header.quantity.kind;
        if header.voxel == Type::Rgb8 {
            Shades::Colours
        } else if window == Window::default() && Shades::are_numbers(header) {
            Shades::Labels
        } else if window == Window::default() && kind == QuantityKind::Mask {
            Shades::Grey { low: 0.0, high: 1.0 }
        } else {
            let (low, high) = window.of(header, cuts);
            Shades::Grey { low, high }
        }
    }

    /// Whether voxels are numbers of objects: said so, or 32-bit unsigned integers of no other meaning.
    pub fn are_numbers(header: &Header) -> bool {
        match header.quantity.kind {
            QuantityKind::Label => header.voxel.is_integer(),
            QuantityKind::Hu | QuantityKind::Mask => false,
            QuantityKind::Stored | QuantityKind::Unknown => header.voxel == Type::U32,
        }
    }

    /// The pixels of a cut, one a voxel.
    pub fn pixels(self, voxel: Type, bytes: &[u8]) -> Vec<[u8; 4]> {
        match self {
            Shades::Colours => bytes.chunks_exact(3).map(|c| [c[0], c[1], c[2], 255]).collect(),
            Shades::Labels => scalar!(voxel, T => voxels::<T>(bytes).map(|v| opaque(colour_of(v.to_i128() as u64))).collect()),
            Shades::Grey { low, high } => scalar!(voxel, T => voxels::<T>(bytes).map(|v| opaque([grey(v.to_f64(), low, high); 3])).collect()),
        }
    }

    /// What stands in the provenance.
    pub fn found(self) -> Json {
        match self {
            Shades::Grey { low, high } => json!({"low": low, "high": high}),
            Shades::Labels | Shades::Colours => Json::Null,
        }
    }

    /// Whether shades between two are shades too: between two labels there is none.
    pub fn blend(self) -> bool {
        !matches!(self, Shades::Labels)
    }
}

/// Colours the pixels whose label is not 0.
pub fn overlay(pixels: &mut [[u8; 4]], voxel: Type, labels: &[u8]) {
    scalar!(voxel, T => {
        for (pixel, label) in pixels.iter_mut().zip(voxels::<T>(labels)).filter(|(_, l)| *l != T::default()) {
            *pixel = opaque(colour_of(label.to_i128() as u64));
        }
    });
}

/// The voxels in bytes that need not be aligned for their type.
pub(crate) fn voxels<T: Scalar>(bytes: &[u8]) -> impl Iterator<Item = T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>)
}

fn opaque([r, g, b]: [u8; 3]) -> [u8; 4] {
    [r, g, b, 255]
}

/// The shade of a value; where all values are equal, a middle one.
pub fn grey(value: f64, low: f64, high: f64) -> u8 {
    if value.is_nan() {
        0
    } else if high > low {
        ((value - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8
    } else {
        [0, 128, 255][usize::from(value >= low) + usize::from(value > high)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: Vec<f64>, low: Option<f64>, high: Option<f64>, expect: (f64, f64)) {
        assert_eq!(Window { low, high }.limits(values), expect);
    }

    #[test]
    fn limits_leave_outliers_out() {
        let mut values: Vec<f64> = (0..=1000).map(f64::from).collect();
        check(values.clone(), None, None, (5.0, 995.0));
        check(values.clone(), Some(-3.0), None, (-3.0, 995.0));
        values.extend([f64::NAN, f64::INFINITY]);
        check(values, None, None, (5.0, 995.0));
        check(vec![f64::NAN], None, None, (0.0, 0.0));
    }

    #[test]
    fn a_rare_value_is_seen() {
        let mut values = vec![0.0; 1000];
        values.push(1.0);
        check(values, None, None, (0.0, 1.0));
    }

    #[test]
    fn shades_end_at_black_and_white() {
        assert_eq!([-9.0, 0.0, 0.5, 1.0, 9.0, f64::NAN].map(|v| grey(v, 0.0, 1.0)), [0, 0, 128, 255, 255, 0]);
        assert_eq!(grey(7.0, 7.0, 7.0), 128);
        assert_eq!(grey(f64::INFINITY, 7.0, 7.0), 255);
    }

    #[test]
    fn labels_are_coloured_unless_a_window_is_given() {
        let header = Header::new([1, 1, 3], 1, Type::U32).unwrap();
        let bytes: Vec<u8> = bytemuck::cast_slice(&[0u32, 7, 7]).to_vec();
        let cuts = [bytes.clone()];
        let shades = Shades::new(&header, &cuts, Window::default());
        let pixels = shades.pixels(Type::U32, &bytes);
        assert_eq!(pixels[0], [0, 0, 0, 255]);
        assert_eq!(pixels[1], opaque(colour_of(7)));
        assert_eq!(Shades::new(&header, &cuts, Window { low: Some(0.0), high: None }), Shades::Grey { low: 0.0, high: 7.0 });
    }
}
