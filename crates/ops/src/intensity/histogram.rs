//! Counts of values.

use isovox_macros::Op;
use isovox_volume::{Column, Header, Object, Result, Scalar, Table};

use crate::access::{At, Reduce};
use crate::intensity::levels::{Levels, check_mask, mask_of};

/// Count how often each value occurs.
///
/// One row a value from the least to the greatest (8 and 16 bit), else --bins equal bins over the finite range, the last
/// one closed. Columns: `from`, `to`, `count`. Equal to `numpy.bincount` and `numpy.histogram`.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Table, also = [within: Mask], example = "isovox histogram scan.tif -o values.csv")]
pub struct Histogram {
    /// Bins for types wider than 16 bit and floats.
    #[op(default = 256, range = 1..=65536)]
    pub bins: usize,
}

impl Reduce for Histogram {
    type Acc = Levels;
    type Value = Levels;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        check_mask(inputs)
    }

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, inputs: &[&Header], before: Option<&Levels>) -> Levels {
        Levels::start(inputs[0].voxel, self.bins, before)
    }

    fn again(&self, acc: &Levels) -> bool {
        acc.again()
    }

    fn observe<T: Scalar>(&self, acc: &mut Levels, at: &At<'_>, plane: &[T]) {
        let mut cache = Vec::new();
        acc.count(plane, mask_of(at, &mut cache));
    }

    fn merge(&self, acc: &mut Levels, next: Levels) {
        acc.merge(&next);
    }

    fn finish(&self, acc: Levels, _inputs: &[&Header]) -> Result<Levels> {
        Ok(acc)
    }

    fn object(&self, levels: &Levels, _inputs: &[&Header]) -> Result<Object> {
        let rows = levels.edges();
        let mut table = Table::default();
        table.push("from", Column::floats(rows.iter().map(|r| r.0)));
        table.push("to", Column::floats(rows.iter().map(|r| r.1)));
        table.push("count", Column::ints(rows.iter().map(|r| r.2 as i64)));
        Ok(Object::Table(table))
    }
}
