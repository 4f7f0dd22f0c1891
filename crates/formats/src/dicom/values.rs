//! What the values are: their type, from headers alone, and what they mean.

use isovox_volume::{Error, Quantity, QuantityKind, Result, Type};

use super::slice::Slice;
use super::stored::Bits;

/// Whole numbers up to here are exact in every step.
const EXACT: f64 = 4_503_599_627_370_496.0;

/// How stored values become values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rescale {
    pub(super) bits: Bits,
    pub(super) slope: f64,
    pub(super) intercept: f64,
}

impl Rescale {
    /// Of a slice. Errors: `Corrupt` for a slope that means nothing.
    pub(super) fn of(slice: &Slice) -> Result<Rescale> {
        let bits = slice.stored.bits;
        let [slope, intercept] = slice.rescale.unwrap_or([1.0, 0.0]);
        if slope == 0.0 {
            return Err(Error::corrupt("RescaleSlope").found(slope).within(slice.input().path()));
        }
        Ok(Rescale { bits, slope, intercept })
    }

    /// Whether every value is a whole number.
    fn whole(&self) -> bool {
        self.slope.fract() == 0.0 && self.intercept.fract() == 0.0 && self.range().iter().all(|v| v.abs() < EXACT)
    }

    /// The values that the stored bits allow.
    pub(super) fn range(&self) -> [f64; 2] {
        let [a, b] = self.bits.range().map(|v| v * self.slope + self.intercept);
        [a.min(b), a.max(b)]
    }
}

/// The type of a series; `asked` is what the user wants to open it as.
///
/// CT with whole slope and intercept is `i16`, unless another is asked for; other whole values the smallest of `u16`,
/// `i16`, `i32` that holds all that the bits allow; else `f32`, `f64` where 32 bits are stored.
pub(super) fn voxel(slices: &[Slice], rescales: &[Rescale], asked: Option<Type>) -> Type {
    if rescales.iter().all(Rescale::whole) {
        let ct = slices.iter().all(|s| s.modality == "CT");
        if ct && asked.is_none_or(|t| t == Type::I16) {
            return Type::I16;
        }
        let least = rescales.iter().fold(0.0, |l: f64, r| l.min(r.range()[0]));
        let greatest = rescales.iter().fold(0.0, |g: f64, r| g.max(r.range()[1]));
        let holds = |low: f64, high: f64| low <= least && greatest <= high;
        return if holds(0.0, 65535.0) {
            Type::U16
        } else if holds(-32768.0, 32767.0) {
            Type::I16
        } else if holds(f64::from(i32::MIN), f64::from(i32::MAX)) {
            Type::I32
        } else {
            Type::F64
        };
    }
    if rescales.iter().any(|r| r.bits.allocated == 32) { Type::F64 } else { Type::F32 }
}

/// What the values mean.
pub(super) fn quantity(slices: &[Slice]) -> Quantity {
    let first = &slices[0];
    let unit = Some(first.rescale_type.clone()).filter(|t| !t.is_empty() && t != "US");
    let rescaled = slices.iter().all(|s| s.rescale.is_some());
    let alike = slices.iter().all(|s| s.rescale_type == first.rescale_type);
    if first.modality == "CT" && rescaled && alike && matches!(first.rescale_type.as_str(), "HU" | "") {
        let said = if unit.is_some() { "RescaleType HU" } else { "slope and intercept of a CT image" };
        return Quantity { unit: Some("HU".into()), ..Quantity::certain(QuantityKind::Hu, &format!("DICOM CT: {said}")) };
    }
    let evidence = if rescaled { "DICOM: stored values by their slope and intercept" } else { "DICOM: stored values, no slope and intercept" };
    Quantity { unit: unit.filter(|_| alike), ..Quantity::stored(&format!("{evidence}, modality {}", first.modality)) }
}
