//! Limits.

use isovox_macros::Op;
use isovox_volume::{Error, Header, QuantityKind, Result, Scalar};

use crate::access::Point;

/// Mark the voxels whose value lies between two limits, both included.
///
/// Either limit may be left out. NaN lies nowhere. Shape: `[z, y, x]` to the same, 0 or 1 (u8).
#[derive(Op)]
#[op(access = Point, input = Scalar, output = Mask, example = "isovox threshold scan.tif -o mask.tif --lower 80")]
pub struct Threshold {
    /// Least value inside.
    pub lower: Option<f64>,
    /// Greatest value inside.
    pub upper: Option<f64>,
}

impl Point for Threshold {
    type Out<T: Scalar> = u8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Mask);

    fn check(&self, _input: &Header) -> Result<()> {
        match (self.lower, self.upper) {
            (None, None) => Err(Error::parameter("threshold needs --lower, --upper or both").help("otsu finds a threshold by itself")),
            (Some(lower), Some(upper)) if lower > upper => Err(Error::parameter("--lower above --upper").found(format_args!("{lower} > {upper}"))),
            _ => Ok(()),
        }
    }

    fn apply<T: Scalar>(&self, input: &[T], out: &mut [u8]) {
        let (lower, upper) = (self.lower.unwrap_or(f64::NEG_INFINITY), self.upper.unwrap_or(f64::INFINITY));
        match limits::<T>(lower, upper) {
            Some((lower, upper)) => input.iter().zip(out).for_each(|(v, o)| *o = u8::from(*v >= lower && *v <= upper)),
            None => out.fill(0),
        }
    }
}

/// The limits as values of the type: exact, since integers between two numbers are those from the ceiling to the floor.
pub(crate) fn limits<T: Scalar>(lower: f64, upper: f64) -> Option<(T, T)> {
    if T::TYPE.is_float() {
        // A limit that f32 cannot hold is moved inwards to the next value that it can.
        let (mut a, mut b) = (T::from_f64(lower), T::from_f64(upper));
        if T::TYPE == isovox_volume::Type::F32 {
            a = T::from_f64(inward(lower, true));
            b = T::from_f64(inward(upper, false));
        }
        return (a <= b).then_some((a, b));
    }
    let (lower, upper) = (lower.ceil(), upper.floor());
    let (a, b) = (T::from_f64(lower), T::from_f64(upper));
    // A limit beyond the type's range is clamped; if that moved it to the wrong side, nothing lies inside.
    (a <= b && lower <= a.to_f64() && upper >= b.to_f64()).then_some((a, b))
}

fn inward(limit: f64, up: bool) -> f64 {
    let near = limit as f32;
    let wrong = if up { f64::from(near) < limit } else { f64::from(near) > limit };
    f64::from(match (wrong, up) {
        (false, _) => near,
        (true, true) => near.next_up(),
        (true, false) => near.next_down(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: Scalar>(input: &[T], lower: Option<f64>, upper: Option<f64>, expect: &[u8]) {
        let mut out = vec![9; input.len()];
        Threshold { lower, upper }.apply(input, &mut out);
        assert_eq!(out, expect);
    }

    #[test]
    fn limits_are_included() {
        check(&[1u8, 2, 3, 4], Some(2.0), Some(3.0), &[0, 1, 1, 0]);
        check(&[1u8, 2, 3, 4], Some(1.5), Some(2.5), &[0, 1, 0, 0]);
        check(&[0u8, 255], Some(300.0), None, &[0, 0]);
        check(&[0u8, 255], None, Some(-1.0), &[0, 0]);
        check(&[0u8, 255], Some(-5.0), Some(1e9), &[1, 1]);
        check(&[f32::NAN, 0.1, f32::INFINITY], None, Some(f64::from(0.1f32)), &[0, 1, 0]);
        check(&[0.1f32], Some(0.1), None, &[1]);
        check(&[0.1f32], None, Some(0.1), &[0]);
    }
}
