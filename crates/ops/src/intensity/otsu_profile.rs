//! Otsu's threshold along z.

use isovox_macros::Op;
use isovox_volume::{Column, Header, Object, Result, Scalar, Table};

use crate::access::{At, Reduce};
use crate::intensity::otsu::slice_threshold;

/// Tabulate Otsu's threshold of each slice, which shows drift and beam hardening.
///
/// Columns: `slice`, `threshold`, `dark_fraction` (share of voxels at most the threshold), `constant`. Each threshold is
/// OpenCV's `THRESH_OTSU` of that slice.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Table, example = "isovox otsu-profile scan.tif -o drift.csv")]
pub struct OtsuProfile {
    /// Bins for types wider than 16 bit and floats.
    #[op(default = 256, range = 2..=65536)]
    pub bins: usize,
}

/// One slice's row.
pub struct Row {
    frame: usize,
    z: usize,
    /// Otsu's threshold.
    pub threshold: f64,
    dark: f64,
    constant: bool,
}

impl Reduce for OtsuProfile {
    type Acc = Vec<Row>;
    type Value = Vec<Row>;

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Vec<Row>>) -> Vec<Row> {
        Vec::new()
    }

    fn observe<T: Scalar>(&self, acc: &mut Vec<Row>, at: &At<'_>, plane: &[T]) {
        let (threshold, constant) = slice_threshold(plane, None, self.bins);
        let dark = plane.iter().filter(|v| v.to_f64() <= threshold).count() as f64 / plane.len() as f64;
        acc.push(Row { frame: at.frame, z: at.z, threshold, dark, constant });
    }

    fn merge(&self, acc: &mut Vec<Row>, next: Vec<Row>) {
        acc.extend(next);
    }

    fn finish(&self, mut acc: Vec<Row>, _inputs: &[&Header]) -> Result<Vec<Row>> {
        acc.sort_by_key(|r| (r.frame, r.z));
        Ok(acc)
    }

    fn object(&self, rows: &Vec<Row>, inputs: &[&Header]) -> Result<Object> {
        let mut table = Table::default();
        if inputs[0].frames.count > 1 {
            table.push("frame", Column::ints(rows.iter().map(|r| r.frame as i64)));
        }
        table.push("slice", Column::ints(rows.iter().map(|r| r.z as i64)));
        table.push("threshold", Column::floats(rows.iter().map(|r| r.threshold)));
        table.push("dark_fraction", Column::floats(rows.iter().map(|r| r.dark)));
        table.push("constant", Column::bools(rows.iter().map(|r| r.constant)));
        Ok(Object::Table(table))
    }
}
