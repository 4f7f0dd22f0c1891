//! Voxel types and the two macros that turn a type known at run time into a type known to the compiler.

use bytemuck::{Pod, Zeroable};

/// The type of a stored voxel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// Unsigned, 8 bit.
    U8,
    /// Signed, 8 bit.
    I8,
    /// Unsigned, 16 bit.
    U16,
    /// Signed, 16 bit.
    I16,
    /// Unsigned, 32 bit.
    U32,
    /// Signed, 32 bit.
    I32,
    /// Unsigned, 64 bit.
    U64,
    /// Signed, 64 bit.
    I64,
    /// IEEE 754, 32 bit.
    F32,
    /// IEEE 754, 64 bit.
    F64,
    /// Red, green, blue, 8 bit each.
    Rgb8,
}

impl Type {
    /// All types, in the order of the documentation.
    pub const ALL: [Type; 11] = [Type::U8, Type::I8, Type::U16, Type::I16, Type::U32, Type::I32, Type::U64, Type::I64, Type::F32, Type::F64, Type::Rgb8];

    /// The name users write: `u8` … `f64`, `rgb8`.
    pub const fn name(self) -> &'static str {
        match self {
            Type::U8 => "u8",
            Type::I8 => "i8",
            Type::U16 => "u16",
            Type::I16 => "i16",
            Type::U32 => "u32",
            Type::I32 => "i32",
            Type::U64 => "u64",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Rgb8 => "rgb8",
        }
    }

    /// Bytes of one voxel.
    pub const fn bytes(self) -> usize {
        match self {
            Type::U8 | Type::I8 => 1,
            Type::U16 | Type::I16 => 2,
            Type::Rgb8 => 3,
            Type::U32 | Type::I32 | Type::F32 => 4,
            Type::U64 | Type::I64 | Type::F64 => 8,
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|t| t.name() == name)
    }

    /// Whether values are IEEE floats.
    pub const fn is_float(self) -> bool {
        matches!(self, Type::F32 | Type::F64)
    }

    /// Whether values are integers (`rgb8` is not a number).
    pub const fn is_integer(self) -> bool {
        !self.is_float() && !matches!(self, Type::Rgb8)
    }

    /// Whether values are unsigned integers, as label and mask volumes are.
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Type::U8 | Type::U16 | Type::U32 | Type::U64)
    }

    /// Whether values are numbers, one a voxel.
    pub const fn is_scalar(self) -> bool {
        !matches!(self, Type::Rgb8)
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// An 8-bit colour voxel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Rgb8(pub [u8; 3]);

/// A voxel in memory.
pub trait Voxel: Pod + Default + PartialEq + Send + Sync + std::fmt::Debug {
    /// Its type at run time.
    const TYPE: Type;
    /// Does what is done with numbers; nothing with colours, which are none.
    ///
    /// From within code that is generic over voxels, `scalar!` would make it for every pair of types.
    fn numbers<N: Numbers>(numbers: N, voxels: &[Self], out: &mut [Self]);
}

/// What is done with voxels that are numbers.
pub trait Numbers {
    /// Fills `out` from `voxels`, which may be of other sizes.
    fn fill<S: Scalar>(self, voxels: &[S], out: &mut [S]);
}

/// A voxel that is one number.
pub trait Scalar: Voxel + PartialOrd {
    /// The float type that weighted sums of this type are given in: f32, or f64 where f32 would lose digits.
    type Real: Real;
    /// The value as f64; exact but for 64-bit integers beyond 2^53.
    fn to_f64(self) -> f64;
    /// The value as an integer; floats are cut. Exact for every integer type.
    fn to_i128(self) -> i128;
    /// The nearest value of this type: halves to even, clamped to the range; NaN becomes 0 in integers.
    fn from_f64(value: f64) -> Self;
    /// The nearest value of this type: clamped to the range.
    fn from_i128(value: i128) -> Self;
}

macro_rules! scalars {
    ($($t:ident $name:ident $float:literal $real:ident),*) => {$(
        impl Voxel for $t {
            const TYPE: Type = Type::$name;
            #[inline]
            fn numbers<N: Numbers>(numbers: N, voxels: &[Self], out: &mut [Self]) { numbers.fill(voxels, out); }
        }
        impl Scalar for $t {
            type Real = $real;
            #[inline(always)]
            fn to_f64(self) -> f64 { self as f64 }
            #[inline(always)]
            fn to_i128(self) -> i128 { self as i128 }
            #[inline(always)]
            fn from_f64(value: f64) -> Self { if $float { value as $t } else { value.round_ties_even() as $t } }
            #[inline(always)]
            fn from_i128(value: i128) -> Self { if $float { value as $t } else { value.clamp($t::MIN as i128, $t::MAX as i128) as $t } }
        }
    )*};
}
scalars!(
    u8 U8 false f32, i8 I8 false f32, u16 U16 false f32, i16 I16 false f32, u32 U32 false f64, i32 I32 false f64,
    u64 U64 false f64, i64 I64 false f64, f32 F32 true f32, f64 F64 true f64
);

/// A float that weighted sums are made in.
pub trait Real: Scalar + std::ops::Add<Output = Self> + std::ops::Sub<Output = Self> + std::ops::Mul<Output = Self> {}
impl Real for f32 {}
impl Real for f64 {}

impl Voxel for Rgb8 {
    const TYPE: Type = Type::Rgb8;

    fn numbers<N: Numbers>(_numbers: N, _voxels: &[Self], _out: &mut [Self]) {}
}

/// Runs an expression with `$T` standing for the numeric type that a [`Type`] names; `rgb8` is a bug of the caller.
///
/// Operations that take numbers are validated before any kernel runs, so the last arm is never reached.
#[macro_export]
macro_rules! scalar {
    ($t:expr, $T:ident => $body:expr) => {
        match $t {
            $crate::Type::U8 => {
                type $T = u8;
                $body
            }
            $crate::Type::I8 => {
                type $T = i8;
                $body
            }
            $crate::Type::U16 => {
                type $T = u16;
                $body
            }
            $crate::Type::I16 => {
                type $T = i16;
                $body
            }
            $crate::Type::U32 => {
                type $T = u32;
                $body
            }
            $crate::Type::I32 => {
                type $T = i32;
                $body
            }
            $crate::Type::U64 => {
                type $T = u64;
                $body
            }
            $crate::Type::I64 => {
                type $T = i64;
                $body
            }
            $crate::Type::F32 => {
                type $T = f32;
                $body
            }
            $crate::Type::F64 => {
                type $T = f64;
                $body
            }
            $crate::Type::Rgb8 => unreachable!("colour volumes are refused before a numeric kernel runs"),
        }
    };
}

/// Like [`scalar!`], for `rgb8` too.
#[macro_export]
macro_rules! voxel {
    ($t:expr, $T:ident => $body:expr) => {
        match $t {
            $crate::Type::Rgb8 => { type $T = $crate::Rgb8; $body }
            other => $crate::scalar!(other, $T => $body),
        }
    };
}
