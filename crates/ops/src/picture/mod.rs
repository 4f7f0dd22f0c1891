//! Pictures of volumes.

pub mod bar;
pub mod colours;
pub mod cuts;
pub mod render;
pub mod slice;
pub mod text;
pub mod three_view;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<slice::Slice>(), Entry::of::<three_view::ThreeView>()];

/// A picture made from cuts: colour volumes are welcome, so the erased trait is written once for all of them.
macro_rules! gathered {
    ($op:ident) => {
        impl AnyReduce for $op {
            fn exact(&self, _inputs: &[&Header]) -> bool {
                true
            }

            fn takes_runs(&self) -> bool {
                false
            }

            fn check(&self, inputs: &[&Header]) -> Result<()> {
                if inputs[0].frames.count > 1 {
                    return Err(Error::unsupported(format_args!("a picture of {} frames", inputs[0].frames.count)).help("choose one with --frame N"));
                }
                self.cuts(inputs[0]).map(|_| ())
            }

            fn start(&self, inputs: &[&Header], _before: Option<&Partial>) -> Partial {
                let lines: Lines = vec![Default::default(); self.cuts(inputs[0]).map_or(0, |c| c.len())];
                Box::new(lines)
            }

            fn again(&self, _acc: &Partial) -> bool {
                false
            }

            fn observe(&self, acc: &mut Partial, at: &At<'_>, plane: &Data) {
                let lines = acc.downcast_mut::<Lines>().expect("an operation is given only its own partials");
                let cuts = self.cuts(at.inputs[0]).expect("checked before any plane flows");
                take(lines, &cuts, at.inputs[0], at.z, plane);
            }

            fn observe_runs(&self, _acc: &mut Partial, _at: &At<'_>, _rows: &mut RowRuns<'_>) {
                unreachable!("only called where runs are taken")
            }

            fn merge(&self, acc: &mut Partial, next: Partial) {
                let lines = acc.downcast_mut::<Lines>().expect("an operation is given only its own partials");
                let next = next.downcast::<Lines>().expect("an operation is given only its own partials");
                lines.iter_mut().zip(*next).for_each(|(a, b)| a.extend(b));
            }

            fn bytes(&self, acc: &Partial) -> usize {
                acc.downcast_ref::<Lines>().map_or(0, |l| l.iter().flat_map(|m| m.values()).map(Vec::len).sum())
            }

            fn finish(&self, acc: Partial, _inputs: &[&Header]) -> Result<Opaque> {
                Ok(acc)
            }

            fn found(&self, _value: &Opaque) -> Json {
                Json::Null
            }

            fn object(&self, value: &Opaque, inputs: &[&Header]) -> Result<Object> {
                self.draw(value.downcast_ref::<Lines>().expect("an operation is given only its own values"), inputs[0])
            }
        }
    };
}
pub(crate) use gathered;
