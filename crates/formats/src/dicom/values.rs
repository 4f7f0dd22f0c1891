//! What the values are: their type, from headers alone, and what they mean.

use isovox_volume::{Error, Quantity, QuantityKind, Result, Type};

use super::slice::Slice;

/// Whole numbers up to here are exact in every step.
const EXACT: f64 = 4_503_599_627_370_496.0;

/// How stored values become values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rescale {
    /// The least and the greatest value before slope and intercept: of the stored bits, or of a modality LUT's entries.
    pub(super) before: [f64; 2],
    pub(super) slope: f64,
    pub(super) intercept: f64,
    /// Whether values before are whole numbers.
    integers: bool,
    /// Whether `f32` would lose bits.
    wide: bool,
}

impl Rescale {
    /// Of a slice: its own slope and intercept, or a dose grid's scaling; neither after a modality LUT, which stands for them
    /// (PS3.3 C.11.1).
    ///
    /// Errors: `Corrupt` for a slope that means nothing.
    pub(super) fn of(slice: &Slice) -> Result<Rescale> {
        let stored = &slice.stored;
        let voxel = stored.voxel();
        let (integers, wide) = (!voxel.is_float(), matches!(voxel, Type::U32 | Type::I32 | Type::F64));
        if let Some(Ok(modality)) = &stored.modality {
            let before = [0.0, ((1u64 << modality.lut.bits) - 1) as f64];
            return Ok(Rescale { before, slope: 1.0, intercept: 0.0, integers, wide: false });
        }
        let [slope, intercept] = stored.dose.as_ref().map(|d| [d.scaling, 0.0]).or(slice.rescale).unwrap_or([1.0, 0.0]);
        if slope == 0.0 {
            return Err(Error::corrupt("RescaleSlope").found(slope).within(slice.input().path()));
        }
        Ok(Rescale { before: stored.bits.range(), slope, intercept, integers, wide })
    }

    /// Whether every value is a whole number.
    fn whole(&self) -> bool {
        self.integers && self.slope.fract() == 0.0 && self.intercept.fract() == 0.0 && self.range().iter().all(|v| v.abs() < EXACT)
    }

    /// The values that the stored bits allow.
    pub(super) fn range(&self) -> [f64; 2] {
        let [a, b] = self.before.map(|v| v * self.slope + self.intercept);
        [a.min(b), a.max(b)]
    }

    /// The value of a stored one.
    pub(super) fn at(&self, stored: f64) -> f64 {
        stored * self.slope + self.intercept
    }
}

/// The type of a series; `asked` is what the user wants to open it as.
///
/// CT with whole slope and intercept is `i16`, unless another is asked for; other whole values the smallest of `u16`,
/// `i16`, `i32` that holds all that the bits allow; else `f32`, `f64` where 32 bits or `f64` are stored. Colours are `rgb8`.
///
/// Errors: `Unsupported` for colours among others.
pub(super) fn voxel(slices: &[Slice], rescales: &[Rescale], asked: Option<Type>) -> Result<Type> {
    let colours = slices.iter().filter(|s| s.stored.voxel() == Type::Rgb8).count();
    if colours > 0 {
        let mixed = || Error::unsupported("colours and grey values in one series").found(format_args!("{colours} of {} slices in colours", slices.len()));
        return if colours == slices.len() { Ok(Type::Rgb8) } else { Err(mixed()) };
    }
    if !rescales.iter().all(Rescale::whole) {
        return Ok(if rescales.iter().any(|r| r.wide) { Type::F64 } else { Type::F32 });
    }
    let ct = slices.iter().all(|s| s.modality == "CT");
    if ct && asked.is_none_or(|t| t == Type::I16) {
        return Ok(Type::I16);
    }
    let least = rescales.iter().fold(0.0, |l: f64, r| l.min(r.range()[0]));
    let greatest = rescales.iter().fold(0.0, |g: f64, r| g.max(r.range()[1]));
    let holds = |low: f64, high: f64| low <= least && greatest <= high;
    Ok(if holds(0.0, 65535.0) {
        Type::U16
    } else if holds(-32768.0, 32767.0) {
        Type::I16
    } else if holds(f64::from(i32::MIN), f64::from(i32::MAX)) {
        Type::I32
    } else {
        Type::F64
    })
}

/// What the values mean.
pub(super) fn quantity(slices: &[Slice]) -> Quantity {
    let first = &slices[0];
    let kind = |s: &Slice| unit(s).to_string();
    let alike = slices.iter().all(|s| kind(s) == kind(first));
    let told = kind(first);
    let unit = Some(told.clone()).filter(|t| alike && !t.is_empty() && t != "US");
    let rescaled = slices.iter().all(|s| s.rescale.is_some());
    let by_table = slices.iter().all(|s| s.stored.modality.is_some());
    if slices.iter().any(|s| s.stored.voxel() == Type::Rgb8) {
        return Quantity::stored(&format!("DICOM: colours, modality {}", first.modality));
    }
    if first.modality == "CT" && (rescaled || by_table) && alike && matches!(told.as_str(), "HU" | "") {
        let said = match (by_table, told.as_str()) {
            (true, "HU") => "a modality LUT of HU",
            (true, _) => "a modality LUT of a CT image",
            (false, "HU") => "RescaleType HU",
            (false, _) => "slope and intercept of a CT image",
        };
        return Quantity { unit: Some("HU".into()), ..Quantity::certain(QuantityKind::Hu, &format!("DICOM CT: {said}")) };
    }
    let evidence = if slices.iter().all(|s| s.stored.dose.is_some()) {
        "DICOM: stored values by DoseGridScaling"
    } else if by_table {
        "DICOM: stored values by their modality LUT"
    } else if rescaled {
        "DICOM: stored values by their slope and intercept"
    } else {
        "DICOM: stored values, no slope and intercept"
    };
    Quantity { unit, ..Quantity::stored(&format!("{evidence}, modality {}", first.modality)) }
}

/// What its values are said to be.
fn unit(slice: &Slice) -> &str {
    match (&slice.stored.modality, &slice.stored.dose) {
        (Some(Ok(modality)), _) => &modality.kind,
        (_, Some(dose)) => &dose.unit,
        _ => &slice.rescale_type,
    }
}
