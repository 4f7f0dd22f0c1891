//! The range of the finite values.

use isovox_volume::{Header, Object, Result, Scalar, Table};

use crate::access::{At, Reduce};

/// Folds a volume into its least and greatest finite value.
pub struct ValueRange;

impl Reduce for ValueRange {
    type Acc = Option<[f64; 2]>;
    type Value = Option<[f64; 2]>;

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Self::Acc>) -> Self::Acc {
        None
    }

    fn observe<T: Scalar>(&self, acc: &mut Self::Acc, _at: &At<'_>, plane: &[T]) {
        let finite = plane.iter().map(|v| v.to_f64()).filter(|v| v.is_finite());
        let [least, greatest] = finite.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], v| [a.min(v), b.max(v)]);
        self.merge(acc, (least <= greatest).then_some([least, greatest]));
    }

    fn merge(&self, acc: &mut Self::Acc, next: Self::Acc) {
        *acc = match (*acc, next) {
            (Some([a, b]), Some([c, d])) => Some([a.min(c), b.max(d)]),
            (one, other) => one.or(other),
        };
    }

    fn finish(&self, acc: Self::Acc, _inputs: &[&Header]) -> Result<Self::Value> {
        Ok(acc)
    }

    fn object(&self, _value: &Self::Value, _inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Table(Table::default()))
    }
}
