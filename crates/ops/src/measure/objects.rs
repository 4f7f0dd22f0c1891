//! Sums of each object, a row for each number that occurs.

use std::collections::HashMap;

use isovox_volume::Scalar;

/// What is summed of an object's voxels.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The object's number.
    pub number: u64,
    /// Voxels.
    pub voxels: u64,
    /// Least index along x, y, z.
    pub min: [u32; 3],
    /// Greatest index along x, y, z.
    pub max: [u32; 3],
    /// Sum of the indices along x, y, z.
    pub sum: [u64; 3],
}

/// What is summed of an object's intensities.
#[derive(Clone, Copy, Debug)]
pub struct Intensity {
    /// Finite values.
    pub count: u64,
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
    /// Sum, exact for integer images of up to 16 bit.
    pub whole: i128,
    /// Sum of squares, exact for integer images of up to 16 bit.
    pub squares: i128,
    /// Sum, of all other images.
    pub sum: f64,
    /// Sum of squares about the object's first value, of all other images.
    pub about: f64,
    /// Sum of differences to the object's first value, of all other images.
    pub shift: f64,
    /// The object's first value: sums of squares about it lose no digits.
    pub pivot: f64,
}

/// Rows by number; memory follows the number of objects, not the greatest number.
#[derive(Default)]
pub struct Objects {
    /// In order of first appearance.
    pub rows: Vec<Row>,
    /// Beside `rows`, when there is an image.
    pub intensity: Vec<Intensity>,
    /// Counts of each value of each object, for medians: `(row, key of the value)`.
    pub values: HashMap<(u32, u64), u64>,
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
    last: Option<(u64, u32)>,
}

const NONE: u32 = u32::MAX;

impl Objects {
    /// The row of a number, made when it is new.
    pub fn row_of(&mut self, number: u64, intensities: bool) -> usize {
        if let Some((last, row)) = self.last
            && last == number
        {
            return row as usize;
        }
        let row = self.find(number).unwrap_or_else(|| self.add(number, intensities));
        self.last = Some((number, row));
        row as usize
    }

    fn find(&self, number: u64) -> Option<u32> {
        match self.dense.get(number as usize) {
            Some(&row) if row != NONE => Some(row),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&number).copied(),
        }
    }

    fn add(&mut self, number: u64, intensities: bool) -> u32 {
        let row = self.rows.len() as u32;
        self.rows.push(Row { number, voxels: 0, min: [u32::MAX; 3], max: [0; 3], sum: [0; 3] });
        if intensities {
            self.intensity.push(Intensity { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, whole: 0, squares: 0, sum: 0.0, about: 0.0, shift: 0.0, pivot: 0.0 });
        }
        // Numbers near the count are looked up in an array, stray large ones in a map.
        if number < 8 * self.rows.len() as u64 + (1 << 16) {
            let at = number as usize;
            if at >= self.dense.len() {
                self.dense.resize((at + 1).max(self.dense.len() * 3 / 2), NONE);
            }
            self.dense[at] = row;
        } else {
            self.sparse.insert(number, row);
        }
        row
    }

    /// Adds a run `x0..x1` of a row.
    #[inline]
    pub fn add_run(&mut self, row: usize, x0: u32, x1: u32, y: u32, z: u32) {
        let r = &mut self.rows[row];
        let n = u64::from(x1 - x0);
        r.voxels += n;
        r.min = [r.min[0].min(x0), r.min[1].min(y), r.min[2].min(z)];
        r.max = [r.max[0].max(x1 - 1), r.max[1].max(y), r.max[2].max(z)];
        r.sum[0] += n * (u64::from(x0) + u64::from(x1) - 1) / 2;
        r.sum[1] += n * u64::from(y);
        r.sum[2] += n * u64::from(z);
    }

    /// Adds the values of a run.
    pub fn add_values<T: Scalar>(&mut self, row: usize, values: &[T], median: bool) {
        let s = &mut self.intensity[row];
        for v in values {
            let f = v.to_f64();
            if !f.is_finite() {
                continue;
            }
            if s.count == 0 {
                s.pivot = f;
            }
            s.count += 1;
            s.min = s.min.min(f);
            s.max = s.max.max(f);
            if T::TYPE.is_integer() && T::TYPE.bytes() <= 2 {
                let i = v.to_i128();
                s.whole += i;
                s.squares += i * i;
            } else {
                s.sum += f;
                s.shift += f - s.pivot;
                s.about += (f - s.pivot) * (f - s.pivot);
            }
            if median {
                *self.values.entry((row as u32, f.to_bits())).or_default() += 1;
            }
        }
    }

    /// Adds the rows of the next planes.
    pub fn merge(&mut self, next: Objects) {
        let intensities = !next.intensity.is_empty();
        let mut at = Vec::with_capacity(next.rows.len());
        for (i, r) in next.rows.iter().enumerate() {
            let row = self.row_of(r.number, intensities);
            at.push(row as u32);
            let own = &mut self.rows[row];
            own.voxels += r.voxels;
            for k in 0..3 {
                own.min[k] = own.min[k].min(r.min[k]);
                own.max[k] = own.max[k].max(r.max[k]);
                own.sum[k] += r.sum[k];
            }
            if intensities {
                self.intensity[row].merge(&next.intensity[i]);
            }
        }
        for ((row, key), n) in next.values {
            *self.values.entry((at[row as usize], key)).or_default() += n;
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.intensity.capacity() * size_of::<Intensity>() + 4 * self.dense.capacity() + 32 * self.sparse.len() + 40 * self.values.len()
    }
}

impl Intensity {
    fn merge(&mut self, next: &Intensity) {
        if next.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *next;
            return;
        }
        // Moves the next part's sums to this part's pivot.
        let (n, d) = (next.count as f64, next.pivot - self.pivot);
        self.about += next.about + 2.0 * d * next.shift + n * d * d;
        self.shift += next.shift + n * d;
        self.sum += next.sum;
        self.count += next.count;
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
        self.whole += next.whole;
        self.squares += next.squares;
    }

    /// Mean and standard deviation (divided by n).
    pub fn mean_and_sd(&self, exact: bool) -> (f64, f64) {
        let n = self.count as f64;
        if exact {
            let count = i128::from(self.count);
            let variance = (count * self.squares - self.whole * self.whole) as f64 / (n * n);
            (self.whole as f64 / n, variance.max(0.0).sqrt())
        } else {
            let shift = self.shift / n;
            (self.sum / n, (self.about / n - shift * shift).max(0.0).sqrt())
        }
    }
}
