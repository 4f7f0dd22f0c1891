//! What operations that move voxels have in common: the header of a new grid, and what stands where nothing was.

use std::sync::Arc;

use isovox_volume::affine::Affine;
use isovox_volume::{Error, Geometry, Header, Numbers, QuantityKind, Result, Rgb8, Scalar, Space, Type, Verdict, Voxel, scalar};

/// The value of air, in a volume of Hounsfield units.
pub(crate) const AIR: f64 = -1024.0;

/// The header of a grid whose index points are those of the input that `from` makes of them.
///
/// Fails where the input is no one grid, or where the result would be none.
pub(crate) fn regrid(input: &Header, shape: [usize; 3], from: &Affine) -> Result<Header> {
    input.even()?;
    let geometry = input.geometry.of_index(from).ok_or_else(|| Error::geometry("the new grid").expected("an affine whose columns span space"))?;
    placed(input, shape, geometry, &input.verdict)
}

/// The header of a grid that is known.
///
/// Fails where its size is none.
pub(crate) fn placed(input: &Header, shape: [usize; 3], geometry: Geometry, verdict: &Verdict) -> Result<Header> {
    Header::new(shape, input.frames.count, input.voxel).map_err(|_| Error::parameter("the new size").found(size(shape)).expected("a volume that can be addressed"))?;
    // A table of slices tells of the planes as they were.
    let verdict = Verdict { slices: Arc::default(), ..verdict.clone() };
    Ok(Header { shape, geometry, verdict, ..input.clone() })
}

/// `XxYxZ` of a shape.
pub(crate) fn size([z, y, x]: [usize; 3]) -> String {
    format!("{x}x{y}x{z}")
}

/// What stands outside the input: what was given, else air in Hounsfield units, else 0; it must be a value of the type.
pub(crate) fn fill(input: &Header, given: Option<f64>) -> Result<f64> {
    let value = given.unwrap_or(if input.quantity.kind == QuantityKind::Hu { AIR } else { 0.0 });
    let held = if input.voxel == Type::Rgb8 { u8::try_from(value as i64).is_ok_and(|v| f64::from(v) == value) } else { scalar!(input.voxel, T => same::<T>(value)) };
    if held {
        return Ok(value);
    }
    let error = Error::parameter("what stands outside").found(value).expected(format_args!("a value of {}", input.voxel));
    Err(error.help("name it with --fill, or cast the volume first"))
}

/// The greatest integer up to which a float has all.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether integers of a type may be greater than what a float keeps.
pub(crate) fn long(voxel: Type) -> bool {
    matches!(voxel, Type::I64 | Type::U64)
}

/// Refuses to make values between integers that a float does not keep.
pub(crate) fn between(range: [f64; 2], what: &str) -> Result<()> {
    if range.iter().all(|v| v.abs() <= EXACT) {
        return Ok(());
    }
    let error = Error::value(format_args!("{what} of integers beyond 2^53")).found(format_args!("values from {} to {}", range[0], range[1]));
    Err(error.help("--interpolation nearest keeps each as it is; or cast them to f64 first, rounded"))
}

fn same<T: Scalar>(value: f64) -> bool {
    // A number of the command line is a float: from here on it may stand for its neighbour.
    if long(T::TYPE) && value.abs() >= EXACT {
        return false;
    }
    T::from_f64(value).to_f64() == value || T::TYPE == Type::F32 && value.abs() <= f64::from(f32::MAX)
}

/// That value as a voxel; of colours a grey.
pub(crate) fn filling<T: Voxel>(value: f64) -> T {
    if T::TYPE == Type::Rgb8 {
        return bytemuck::cast_slice::<Rgb8, T>(&[Rgb8([value as u8; 3])])[0];
    }
    let mut one = [T::default()];
    T::numbers(Filling(value), &[], &mut one);
    one[0]
}

struct Filling(f64);

impl Numbers for Filling {
    fn fill<S: Scalar>(self, _voxels: &[S], out: &mut [S]) {
        out.fill(S::from_f64(self.0));
    }
}

/// Refuses letters and anatomical names where axes mean nothing anatomical.
pub(crate) fn anatomical(input: &Header, what: &str) -> Result<String> {
    input.geometry.axes().ok_or_else(|| {
        let space = match input.geometry.space() {
            Space::Local => "a local space, whose axes mean nothing anatomical",
            _ => "a volume without geometry",
        };
        Error::geometry(format_args!("{what} by letters")).found(space).expected("a patient's space").help("turn it by its index axes: flip --axes x, transpose --order zyx")
    })
}
