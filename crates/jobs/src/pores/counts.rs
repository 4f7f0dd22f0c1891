//! Voxels of a mask, slice by slice.

use isovox_ops::access::{At, Reduce};
use isovox_volume::{Column, Header, Object, Result, Scalar, Table};

/// Counts the voxels that are not 0 in each plane.
pub(super) struct PlaneCounts;

impl Reduce for PlaneCounts {
    type Acc = Vec<(usize, u64)>;
    type Value = Vec<u64>;

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Self::Acc>) -> Self::Acc {
        Vec::new()
    }

    fn observe<T: Scalar>(&self, acc: &mut Self::Acc, at: &At<'_>, plane: &[T]) {
        acc.push((at.z, plane.iter().filter(|v| **v != T::default()).count() as u64));
    }

    fn merge(&self, acc: &mut Self::Acc, next: Self::Acc) {
        acc.extend(next);
    }

    fn finish(&self, acc: Self::Acc, inputs: &[&Header]) -> Result<Vec<u64>> {
        let mut counts = vec![0; inputs[0].nz()];
        acc.into_iter().for_each(|(z, n)| counts[z] = n);
        Ok(counts)
    }

    fn object(&self, value: &Vec<u64>, _inputs: &[&Header]) -> Result<Object> {
        let mut table = Table::default();
        table.push("voxels", Column::ints(value.iter().map(|&n| n as i64)));
        Ok(Object::Table(table))
    }
}
