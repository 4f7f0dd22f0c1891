//! Histograms with one bin a value (8 and 16 bit) or bins over the finite range (all else).

use isovox_volume::{Header, Scalar, Type};

/// Counts of values.
#[derive(Clone, Debug, PartialEq)]
pub enum Levels {
    /// One bin a value: `counts[v - low]`.
    Each {
        /// The type's least value.
        low: i64,
        /// A count for each value of the type.
        counts: Vec<u64>,
    },
    /// The finite range, before it is cut into bins.
    Range {
        /// Least finite value.
        min: f64,
        /// Greatest finite value.
        max: f64,
    },
    /// Equal bins over the finite range, the last one closed (as `numpy.histogram`).
    Bins {
        /// Least finite value.
        min: f64,
        /// Greatest finite value.
        max: f64,
        /// A count for each bin.
        counts: Vec<u64>,
    },
}

impl Levels {
    /// Empty counts for a volume's type; bins only once the range is known.
    pub fn start(voxel: Type, bins: usize, before: Option<&Levels>) -> Levels {
        match (voxel, before) {
            (Type::U8, _) => Levels::Each { low: 0, counts: vec![0; 1 << 8] },
            (Type::I8, _) => Levels::Each { low: i64::from(i8::MIN), counts: vec![0; 1 << 8] },
            (Type::U16, _) => Levels::Each { low: 0, counts: vec![0; 1 << 16] },
            (Type::I16, _) => Levels::Each { low: i64::from(i16::MIN), counts: vec![0; 1 << 16] },
            (_, Some(Levels::Range { min, max })) => Levels::Bins { min: *min, max: *max, counts: vec![0; bins] },
            _ => Levels::Range { min: f64::INFINITY, max: f64::NEG_INFINITY },
        }
    }

    /// Whether the range is known and bins are still to be filled.
    pub fn again(&self) -> bool {
        matches!(self, Levels::Range { min, max } if min <= max)
    }

    /// Counts a plane; with a mask, only where it is not 0.
    pub fn count<T: Scalar>(&mut self, plane: &[T], within: Option<&[u8]>) {
        match within {
            None if T::TYPE == Type::U8 => self.count_bytes(bytemuck::cast_slice(plane)),
            None => plane.iter().for_each(|v| self.add(*v)),
            Some(mask) => plane.iter().zip(mask).filter(|(_, m)| **m != 0).for_each(|(v, _)| self.add(*v)),
        }
    }

    /// Four tables, so that equal neighbours do not wait for each other.
    fn count_bytes(&mut self, plane: &[u8]) {
        let Levels::Each { counts, .. } = self else { unreachable!("bytes have one bin a value") };
        let mut tables = [[0u32; 256]; 4];
        for part in plane.chunks(1 << 30) {
            let mut fours = part.chunks_exact(4);
            for four in fours.by_ref() {
                for (table, &v) in tables.iter_mut().zip(four) {
                    table[v as usize] += 1;
                }
            }
            fours.remainder().iter().for_each(|&v| tables[0][v as usize] += 1);
            for (v, count) in counts.iter_mut().enumerate() {
                *count += tables.iter_mut().map(|t| u64::from(std::mem::take(&mut t[v]))).sum::<u64>();
            }
        }
    }

    #[inline(always)]
    fn add<T: Scalar>(&mut self, value: T) {
        match self {
            Levels::Each { low, counts } => counts[(value.to_i128() as i64 - *low) as usize] += 1,
            Levels::Range { min, max } => {
                let v = value.to_f64();
                if v.is_finite() {
                    *min = min.min(v);
                    *max = max.max(v);
                }
            }
            Levels::Bins { min, max, counts } => {
                let v = value.to_f64();
                if v.is_finite() {
                    let at = bin(v, *min, *max, counts.len());
                    counts[at] += 1;
                }
            }
        }
    }

    /// Adds the counts of another part of the same volume.
    pub fn merge(&mut self, next: &Levels) {
        match (self, next) {
            (Levels::Each { counts, .. }, Levels::Each { counts: more, .. }) | (Levels::Bins { counts, .. }, Levels::Bins { counts: more, .. }) => {
                counts.iter_mut().zip(more).for_each(|(a, b)| *a += b);
            }
            (Levels::Range { min, max }, Levels::Range { min: low, max: high }) => {
                *min = min.min(*low);
                *max = max.max(*high);
            }
            _ => unreachable!("parts of one volume are counted alike"),
        }
    }

    /// `(value or bin centre, count)` from the first to the last level that occurs; empty when nothing was counted.
    pub fn occurring(&self) -> Vec<(f64, u64)> {
        let (centre, counts): (Box<dyn Fn(usize) -> f64>, &[u64]) = match self {
            Levels::Each { low, counts } => (Box::new(move |i| (*low + i as i64) as f64), counts),
            Levels::Bins { min, max, counts } => {
                let width = (max - min) / counts.len() as f64;
                (Box::new(move |i| min + (i as f64 + 0.5) * width), counts)
            }
            Levels::Range { .. } => return Vec::new(),
        };
        let (Some(first), Some(last)) = (counts.iter().position(|&c| c > 0), counts.iter().rposition(|&c| c > 0)) else { return Vec::new() };
        (first..=last).map(|i| (centre(i), counts[i])).collect()
    }

    /// Lower and upper edge of each bin, and its count.
    pub fn edges(&self) -> Vec<(f64, f64, u64)> {
        match self {
            Levels::Bins { min, max, counts } => {
                let edge = |i: usize| if i == counts.len() { *max } else { min + (max - min) * i as f64 / counts.len() as f64 };
                counts.iter().enumerate().map(|(i, &c)| (edge(i), edge(i + 1), c)).collect()
            }
            _ => self.occurring().into_iter().map(|(v, c)| (v, v, c)).collect(),
        }
    }
}

fn bin(v: f64, min: f64, max: f64, bins: usize) -> usize {
    if max > min { (((v - min) / (max - min) * bins as f64) as usize).min(bins - 1) } else { 0 }
}

/// The mask of a further input's plane, if there is one.
pub(crate) fn mask_of<'a>(at: &'a crate::access::At<'_>, cache: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let slab = at.others.first()?;
    if slab.data.voxel() == Type::U8 {
        return Some(slab.data.as_slice::<u8>());
    }
    cache.clear();
    isovox_volume::scalar!(slab.data.voxel(), T => cache.extend(slab.data.as_slice::<T>().iter().map(|v| u8::from(*v != T::default()))));
    Some(cache)
}

/// Refuses a mask on another grid.
pub(crate) fn check_mask(inputs: &[&Header]) -> isovox_volume::Result<()> {
    inputs.get(1).map_or(Ok(()), |mask| inputs[0].same_grid(mask, "the mask of --within"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_follow_the_range() {
        let values = [0.0f32, 1.0, 2.0, 3.0, f32::NAN, f32::INFINITY];
        let mut range = Levels::start(Type::F32, 3, None);
        range.count(&values, None);
        assert!(range.again());
        let mut bins = Levels::start(Type::F32, 3, Some(&range));
        bins.count(&values, None);
        assert_eq!(bins.edges(), vec![(0.0, 1.0, 1), (1.0, 2.0, 1), (2.0, 3.0, 2)]);
    }

    #[test]
    fn masked_values_do_not_count() {
        let mut levels = Levels::start(Type::I16, 0, None);
        levels.count(&[-3i16, 5, 5, 7], Some(&[1, 0, 1, 1]));
        assert_eq!(levels.occurring().into_iter().filter(|(_, c)| *c > 0).collect::<Vec<_>>(), vec![(-3.0, 1), (5.0, 1), (7.0, 1)]);
    }
}
