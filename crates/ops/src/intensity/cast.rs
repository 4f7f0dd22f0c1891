//! Other types.

use isovox_macros::Op;
use isovox_volume::{Data, Error, Header, Result, Scalar, Type, Voxel, scalar};

use crate::access::same_grid;
use crate::erased::AnyPoint;

/// Give voxels another type.
///
/// Floats become integers by rounding halves to even. A type that cannot hold every value of the input's type is an
/// error unless --saturate clamps to its range (NaN becomes 0). Equal to `np.rint` and `np.clip` before `astype`.
#[derive(Op)]
#[op(access = Point, input = Scalar, output = Volume, example = "isovox cast mask.tif -o mask.nii.gz --type u16")]
pub struct Cast {
    /// The new type.
    pub r#type: Type,
    /// Clamp what does not fit, instead of refusing.
    #[op(default = false)]
    pub saturate: bool,
}

impl AnyPoint for Cast {
    fn header(&self, input: &Header) -> Result<Header> {
        if !input.voxel.is_scalar() || !self.r#type.is_scalar() {
            return Err(Error::unsupported(format_args!("a cast of {} to {}", input.voxel, self.r#type)).expected("numbers, one a voxel"));
        }
        if !self.saturate && !holds(input.voxel, self.r#type) {
            return Err(Error::value(format_args!("{} cannot hold every {} value", self.r#type, input.voxel)).help("give --saturate to clamp, or choose a wider type"));
        }
        Ok(same_grid(input, self.r#type, None, ""))
    }

    fn apply(&self, input: &Data, out: &mut [u8]) {
        scalar!(input.voxel(), T => scalar!(self.r#type, O => {
            let out = bytemuck::cast_slice_mut::<u8, O>(out);
            for (v, o) in input.as_slice::<T>().iter().zip(out) {
                *o = if T::TYPE.is_integer() && O::TYPE.is_integer() {
                    O::from_i128(v.to_i128())
                } else {
                    O::from_f64(v.to_f64())
                };
            }
        }));
    }
}

/// Whether every value of a type is a value of another.
fn holds(from: Type, to: Type) -> bool {
    let range = |t: Type| scalar!(t, T => (Scalar::to_i128(T::MIN), Scalar::to_i128(T::MAX)));
    match (from.is_float(), to.is_float()) {
        (false, false) => range(to).0 <= range(from).0 && range(from).1 <= range(to).1,
        (false, true) => from.bytes() * 8 <= if to == Type::F32 { 24 } else { 53 },
        (true, true) => from.bytes() <= to.bytes(),
        (true, false) => false,
    }
}
