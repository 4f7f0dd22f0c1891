//! Pictures of volumes.

pub mod bar;
mod camera;
pub mod chart;
pub mod colours;
pub mod cuts;
mod field;
pub mod fly_through;
pub mod histogram_plot;
pub mod montage;
pub mod raster;
mod rays;
pub mod render;
mod resize;
pub mod shrink;
pub mod size_distribution_plot;
pub mod slice;
pub mod text;
pub mod three_view;
pub mod ticks;
pub mod view;
pub mod volume_render;
pub mod window;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[
    Entry::of::<slice::Slice>(),
    Entry::of::<three_view::ThreeView>(),
    Entry::of::<montage::Montage>(),
    Entry::of::<fly_through::FlyThrough>(),
    Entry::of::<volume_render::Render>(),
    Entry::of::<histogram_plot::HistogramPlot>(),
    Entry::of::<size_distribution_plot::SizeDistributionPlot>(),
];

/// A picture made from cuts: colour volumes are welcome, so the erased trait is written once for all of them.
///
/// The operation has `cuts(&self, &Header) -> Result<Vec<Cut>>`, `window(&self) -> Window` and
/// `draw(&self, &Gathered, &[&Header]) -> Result<Picture>`; a further input is labels, which are drawn over the volume.
macro_rules! gathered {
    ($op:ident) => {
        impl $crate::access::AnyReduce for $op {
            fn exact(&self, _inputs: &[&Header]) -> bool {
                true
            }

            fn takes_runs(&self) -> bool {
                false
            }

            fn check(&self, inputs: &[&Header]) -> Result<()> {
                $crate::picture::cuts::check(inputs)?;
                self.window().check(inputs[0])?;
                self.cuts(inputs[0]).map(|_| ())
            }

            fn start(&self, inputs: &[&Header], _before: Option<&$crate::erased::Partial>) -> $crate::erased::Partial {
                let lines: Lines = vec![Default::default(); self.cuts(inputs[0]).map_or(0, |c| c.len()) * inputs.len()];
                Box::new(lines)
            }

            fn again(&self, _acc: &$crate::erased::Partial) -> bool {
                false
            }

            fn observe(&self, acc: &mut $crate::erased::Partial, at: &$crate::access::At<'_>, plane: &isovox_volume::Data) {
                let lines = acc.downcast_mut::<Lines>().expect($crate::erased::OWN);
                let cuts = self.cuts(at.inputs[0]).expect("checked before any plane flows");
                let planes = std::iter::once(plane).chain(at.others.iter().map(|slab| &slab.data));
                for ((lines, header), plane) in lines.chunks_mut(cuts.len()).zip(at.inputs).zip(planes) {
                    $crate::picture::cuts::take(lines, &cuts, header, at.z, plane);
                }
            }

            fn observe_runs(&self, _acc: &mut $crate::erased::Partial, _at: &$crate::access::At<'_>, _rows: &mut $crate::access::RowRuns<'_>) {
                unreachable!("only called where runs are taken")
            }

            fn merge(&self, acc: &mut $crate::erased::Partial, next: $crate::erased::Partial) {
                let lines = acc.downcast_mut::<Lines>().expect($crate::erased::OWN);
                let next = next.downcast::<Lines>().expect($crate::erased::OWN);
                lines.iter_mut().zip(*next).for_each(|(a, b)| a.extend(b));
            }

            fn bytes(&self, acc: &$crate::erased::Partial) -> usize {
                acc.downcast_ref::<Lines>().map_or(0, |l| l.iter().flat_map(|m| m.values()).map(Vec::len).sum())
            }

            fn finish(&self, acc: $crate::erased::Partial, inputs: &[&Header]) -> Result<$crate::erased::Opaque> {
                let lines = acc.downcast::<Lines>().expect($crate::erased::OWN);
                Ok(Box::new(Gathered::new(inputs, &lines, self.window())))
            }

            fn found(&self, value: &$crate::erased::Opaque) -> serde_json::Value {
                value.downcast_ref::<Gathered>().expect($crate::erased::OWN).found()
            }

            fn object(&self, value: &$crate::erased::Opaque, inputs: &[&Header]) -> Result<isovox_volume::Object> {
                self.draw(value.downcast_ref::<Gathered>().expect($crate::erased::OWN), inputs).map(isovox_volume::Object::Picture)
            }
        }
    };
}
pub(crate) use gathered;
