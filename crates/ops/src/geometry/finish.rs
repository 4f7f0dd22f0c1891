//! Sums as voxels: clipped, rounded halves to even.

use isovox_volume::voxel::Real;
use isovox_volume::{Scalar, Type, Voxel};

use super::passes::turn;
use super::weights::Axis;

/// How sums become voxels.
#[derive(Clone, Copy)]
pub(crate) struct Finish<T> {
    /// The range that they are brought to.
    range: Option<[f64; 2]>,
    /// What stands outside.
    pub(crate) fill: T,
    /// Halves go away from zero, as `scipy.ndimage` rounds.
    away: bool,
}

impl<T: Scalar> Finish<T> {
    pub(crate) fn new(range: Option<[f64; 2]>, fill: T, away: bool) -> Finish<T> {
        Finish { range, fill, away }
    }

    /// One sum as a voxel.
    #[inline(always)]
    pub(crate) fn one<R: Real>(&self, sum: R) -> T {
        let mut v = sum.to_f64();
        if let Some([least, greatest]) = self.range {
            // Comparisons with NaN are false: it passes both.
            v = if v < least { least } else { v };
            v = if v > greatest { greatest } else { v };
        }
        if T::TYPE.is_float() {
            return T::from_f64(v);
        }
        if self.away {
            return T::from_f64(libm::trunc(v + if v > 0.0 { 0.5 } else { -0.5 }));
        }
        if T::TYPE.bytes() <= 2 {
            // Adding and taking away this number rounds halves to even, without a call; these types' values are far below it.
            const WHOLE: f64 = 6_755_399_441_055_744.0;
            return T::from_i32((v.clamp(-1e6, 1e6) + WHOLE - WHOLE) as i32);
        }
        T::from_f64(v)
    }

    /// A plane of sums `[x, y]` as rows of voxels.
    pub(crate) fn plane<R: Real>(&self, sums: &[R], x: &Axis, y: &Axis, room: &mut Vec<R>, out: &mut [T]) {
        let (mx, my) = (x.len(), y.len());
        room.resize(mx * my, R::default());
        turn(sums, my, room, mx);
        for (j, (row, out)) in room.chunks_exact(mx).zip(out.chunks_exact_mut(mx)).enumerate() {
            if !y.inside.contains(&j) {
                out.fill(self.fill);
                continue;
            }
            out.iter_mut().zip(row).for_each(|(o, v)| *o = self.one(*v));
            out[..x.inside.start].fill(self.fill);
            out[x.inside.end..].fill(self.fill);
        }
    }
}

/// Small integers of any type.
trait FromI32 {
    fn from_i32(value: i32) -> Self;
}

impl<T: Scalar> FromI32 for T {
    #[inline(always)]
    fn from_i32(v: i32) -> T {
        match <T as Voxel>::TYPE {
            Type::U8 => bytemuck::cast_slice::<u8, T>(&[v.clamp(0, 255) as u8])[0],
            Type::I8 => bytemuck::cast_slice::<i8, T>(&[v.clamp(-128, 127) as i8])[0],
            Type::U16 => bytemuck::cast_slice::<u16, T>(&[v.clamp(0, 65535) as u16])[0],
            Type::I16 => bytemuck::cast_slice::<i16, T>(&[v.clamp(-32768, 32767) as i16])[0],
            _ => T::from_f64(f64::from(v)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_even_and_stay_in_the_type() {
        let even = Finish::<i16>::new(None, 0, false);
        assert_eq!([-0.5f32, 0.5, 1.5, 2.5, 1e9, -1e9].map(|v| even.one(v)), [0, 0, 2, 2, 32767, -32768]);
        assert_eq!(Finish::<u8>::new(Some([3.0, 200.0]), 0, false).one(-7.0f32), 3);
        assert_eq!([-0.5f64, 0.5, 2.5].map(|v| Finish::<i32>::new(None, 0, true).one(v)), [-1, 1, 3]);
        assert!(Finish::<f32>::new(Some([0.0, 1.0]), 0.0, false).one(f32::NAN).is_nan());
    }
}
