//! Stored values of a plane as the volume's values.

use isovox_volume::{Error, Result, Type};

use super::Plane;

/// A whole number in which slope and intercept are exact.
trait Whole: Copy + Ord {
    const MOST: Self;
    const LEAST: Self;
    fn rescaled(self, slope: Self, intercept: Self) -> Self;
    fn of(value: f64) -> Self;
    fn wide(self) -> i64;
}

macro_rules! whole {
    ($($t:ty),*) => {$(
        impl Whole for $t {
            const MOST: Self = <$t>::MAX;
            const LEAST: Self = <$t>::MIN;
            #[inline(always)]
            fn rescaled(self, slope: Self, intercept: Self) -> Self {
                self * slope + intercept
            }
            fn of(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn wide(self) -> i64 {
                self.into()
            }
        }
    )*};
}
whole!(i32, i64);

impl Plane {
    /// Values of [`super::super::stored::Stored::voxel`] as those of the volume's type.
    ///
    /// Errors: `Value` for one that does not fit.
    pub(super) fn rescaled(&self, values: &[u8], voxel: Type, out: &mut [u8]) -> Result<()> {
        let stored = self.stored.voxel();
        if let Some(Ok(modality)) = &self.stored.modality {
            let table = |i| i32::from(modality.lut.at(i));
            return match stored {
                Type::U8 => self.spread(values, voxel, out, |[b]: [u8; 1]| table(b.into())),
                Type::I8 => self.spread(values, voxel, out, |[b]: [u8; 1]| table((b as i8).into())),
                Type::U16 => self.spread(values, voxel, out, |b| table(u16::from_ne_bytes(b).into())),
                Type::I16 => self.spread(values, voxel, out, |b| table(i16::from_ne_bytes(b).into())),
                Type::U32 => self.spread(values, voxel, out, |b| table(u32::from_ne_bytes(b).into())),
                _ => self.spread(values, voxel, out, |b| table(i32::from_ne_bytes(b).into())),
            };
        }
        match stored {
            Type::Rgb8 => out.copy_from_slice(values),
            Type::F32 => self.floats(values, voxel, out, |b| f64::from(f32::from_ne_bytes(b))),
            Type::F64 => self.floats(values, voxel, out, f64::from_ne_bytes),
            Type::U8 => return self.spread(values, voxel, out, |[b]: [u8; 1]| i32::from(b)),
            Type::I8 => return self.spread(values, voxel, out, |[b]: [u8; 1]| i32::from(b as i8)),
            Type::U16 => return self.spread(values, voxel, out, |b| i32::from(u16::from_ne_bytes(b))),
            Type::I16 => return self.spread(values, voxel, out, |b| i32::from(i16::from_ne_bytes(b))),
            Type::U32 => return self.spread(values, voxel, out, |b| i64::from(u32::from_ne_bytes(b))),
            _ => return self.spread(values, voxel, out, |b| i64::from(i32::from_ne_bytes(b))),
        }
        Ok(())
    }

    /// Real values, calculated in `f64` and rounded once.
    fn floats<const N: usize>(&self, values: &[u8], voxel: Type, out: &mut [u8], number: impl Fn([u8; N]) -> f64) {
        let values = values.as_chunks::<N>().0.iter().map(|&word| self.rescale.at(number(word)));
        match voxel {
            Type::F32 => values.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = (v as f32).to_ne_bytes()),
            _ => values.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = v.to_ne_bytes()),
        }
    }

    fn spread<const N: usize, V: Whole>(&self, values: &[u8], voxel: Type, out: &mut [u8], number: impl Fn([u8; N]) -> V + Copy) -> Result<()> {
        if voxel.is_float() {
            self.floats(values, voxel, out, |word| number(word).wide() as f64);
            return Ok(());
        }
        // Where the type is whole, so are slope and intercept, and what the bits allow is below 2^52.
        if self.certain(voxel) {
            let [slope, intercept] = [self.rescale.slope, self.rescale.intercept].map(|v| v as i64 as u16);
            let words = values.as_chunks::<N>().0.iter().map(|&word| number(word).wide() as u16);
            words.zip(out.as_chunks_mut().0).for_each(|(v, o)| *o = v.wrapping_mul(slope).wrapping_add(intercept).to_ne_bytes());
            return Ok(());
        }
        let narrow = self.rescale.range().iter().all(|v| v.abs() < f64::from(i32::MAX)) && self.rescale.slope.abs() < 32768.0;
        let words = values.as_chunks::<N>().0.iter().map(|&word| number(word));
        if narrow { self.fit_all(words, voxel, out) } else { self.fit_all(words.map(V::wide), voxel, out) }
    }

    /// Whether all that the stored bits allow fits into a type of 16 bits: its arithmetic modulo 2^16 is exact, and no value
    /// need be looked at. A modality LUT may hold entries beyond the bits that it names.
    fn certain(&self, voxel: Type) -> bool {
        let [least, greatest] = self.rescale.range();
        let holds = |low: f64, high: f64| low <= least && greatest <= high;
        let fits = match voxel {
            Type::U16 => holds(0.0, 65535.0),
            Type::I16 => holds(-32768.0, 32767.0),
            _ => false,
        };
        fits && self.stored.modality.is_none()
    }

    fn fit_all<V: Whole>(&self, words: impl Iterator<Item = V>, voxel: Type, out: &mut [u8]) -> Result<()> {
        let (slope, intercept) = (V::of(self.rescale.slope), V::of(self.rescale.intercept));
        let values = words.map(|v| v.rescaled(slope, intercept));
        match voxel {
            Type::U16 => self.fit(values, out.as_chunks_mut().0, [0, 65535], |v| (v as u16).to_ne_bytes()),
            Type::I16 => self.fit(values, out.as_chunks_mut().0, [-32768, 32767], |v| (v as i16).to_ne_bytes()),
            _ => self.fit(values, out.as_chunks_mut().0, [i64::from(i32::MIN), i64::from(i32::MAX)], |v| (v as i32).to_ne_bytes()),
        }
    }

    fn fit<const N: usize, V: Whole>(&self, values: impl Iterator<Item = V>, out: &mut [[u8; N]], [low, high]: [i64; 2], bytes: impl Fn(i64) -> [u8; N]) -> Result<()> {
        let (mut least, mut greatest) = (V::MOST, V::LEAST);
        for (value, out) in values.zip(out) {
            least = least.min(value);
            greatest = greatest.max(value);
            *out = bytes(value.wide());
        }
        let beyond = if least.wide() < low { least.wide() } else { greatest.wide() };
        if low <= beyond && beyond <= high {
            return Ok(());
        }
        let expected = format!("{low} to {high}, as Hounsfield units are kept");
        Err(Error::value("a voxel").found(beyond).expected(expected).help("open it with --type i32").within(self.stored.input.path()))
    }
}
