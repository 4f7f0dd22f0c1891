//! The distribution of sizes as a chart.

use isovox_macros::Op;
use isovox_volume::{Header, Object, Result, Scalar};
use serde_json::Value as Json;

use crate::access::{At, Reduce, RowRuns};
use crate::measure::lognormal::Lognormal;
use crate::measure::measure::Unit;
use crate::measure::objects::Objects;
use crate::measure::size_distribution::{Border, Distribution, Size, SizeDistribution};
use crate::picture::chart::{Axis, COLOURS, Chart, Marker, Plot, SIZE, Series};
use crate::picture::raster::raster;
use crate::picture::ticks::{Scale, written};

/// Draw how the sizes of objects are distributed, as PNG or SVG by the name of OUT.
///
/// Bars: the share of the number in each class of `size-distribution`; a line: the share of the volume; a curve: the
/// log-normal distribution that fits best; the median is marked. Sizes stand on a logarithmic axis. Shape: a chart of
/// 1000 x 600 pixels.
#[derive(Op)]
#[op(access = Reduce, input = Label, output = Figure, example = "isovox size-distribution-plot labels.mha -o sizes.svg --unit um")]
pub struct SizeDistributionPlot {
    /// Which size: the equivalent diameter, or the volume.
    #[op(default = Size::Diameter)]
    pub of: Size,
    /// What happens to objects that the volume's faces cut.
    #[op(default = Border::LeaveOut)]
    pub border: Border,
    /// Classes.
    #[op(default = 20, range = 1..=1000)]
    pub bins: usize,
    /// The sizes' unit; mm where the volume has a scale, else vox.
    pub unit: Option<Unit>,
}

impl SizeDistributionPlot {
    fn table(&self) -> SizeDistribution {
        SizeDistribution { of: self.of, border: self.border, bins: self.bins, unit: self.unit }
    }
}

impl Reduce for SizeDistributionPlot {
    const RUNS: bool = true;
    type Acc = Objects;
    type Value = Distribution;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        Reduce::check(&self.table(), inputs)
    }

    fn exact(&self, inputs: &[&Header]) -> bool {
        Reduce::exact(&self.table(), inputs)
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Objects>) -> Objects {
        Objects::default()
    }

    fn observe<T: Scalar>(&self, acc: &mut Objects, at: &At<'_>, plane: &[T]) {
        Reduce::observe(&self.table(), acc, at, plane);
    }

    fn observe_runs(&self, acc: &mut Objects, at: &At<'_>, rows: &mut RowRuns<'_>) {
        Reduce::observe_runs(&self.table(), acc, at, rows);
    }

    fn merge(&self, acc: &mut Objects, next: Objects) {
        acc.merge(next);
    }

    fn bytes(&self, acc: &Objects) -> usize {
        acc.bytes()
    }

    fn finish(&self, acc: Objects, inputs: &[&Header]) -> Result<Distribution> {
        Reduce::finish(&self.table(), acc, inputs)
    }

    fn found(&self, value: &Distribution) -> Json {
        Reduce::found(&self.table(), value)
    }

    fn object(&self, value: &Distribution, _inputs: &[&Header]) -> Result<Object> {
        let figure = chart(value).figure(SIZE);
        let picture = raster(&figure);
        Ok(Object::Figure(figure, picture))
    }
}

/// Points of the curve of a fit.
const POINTS: usize = 200;

/// Shares of number and of volume by size, and the fit: for pages that show sizes among other things.
pub fn chart(of: &Distribution) -> Chart {
    let bars = |shares: &[f64]| Plot::Bars(of.limits.windows(2).zip(shares).map(|(w, share)| (w[0], w[1], 100.0 * share)).collect());
    let outline = |shares: &[f64]| Plot::Line(of.limits.windows(2).zip(shares).flat_map(|(w, s)| [(w[0], 100.0 * s), (w[1], 100.0 * s)]).collect());
    let mut series = vec![
        Series { name: "share of the number".into(), colour: COLOURS[0], plot: bars(&of.number) },
        Series { name: "share of the volume".into(), colour: COLOURS[1], plot: outline(&of.volume) },
    ];
    series.extend(of.fit.map(|fit| Series { name: "log-normal fit, by number".into(), colour: COLOURS[2], plot: Plot::Line(curve(&fit, &of.limits)) }));
    let counted: u64 = of.objects.iter().sum();
    let cut = if of.cut > 0 { format!("; {} that a face of the volume cuts are left out", of.cut) } else { String::new() };
    Chart {
        title: "Sizes".into(),
        note: format!("{counted} objects{cut}"),
        x: Axis::new(if of.of == Size::Volume { format!("volume ({})", unit(&of.unit)) } else { format!("equivalent diameter ({})", unit(&of.unit)) }, Scale::Log),
        y: Axis::new("share (%)", Scale::Linear),
        series,
        markers: if of.median.is_finite() { vec![Marker { at: of.median, text: format!("median {} {}", written(rounded(of.median)), unit(&of.unit)) }] } else { Vec::new() },
    }
}

/// Four digits.
fn rounded(v: f64) -> f64 {
    let step = libm::pow(10.0, libm::floor(libm::log10(v)) - 3.0);
    libm::round(v / step) * step
}

/// What the fit has in a class of the histogram's width around each size.
fn curve(fit: &Lognormal, limits: &[f64]) -> Vec<(f64, f64)> {
    let (low, high) = (limits[0], limits[limits.len() - 1]);
    let half = libm::sqrt(limits[1] / limits[0]);
    let at = |i: usize| low * libm::pow(high / low, i as f64 / POINTS as f64);
    (0..=POINTS).map(at).map(|x| (x, 100.0 * (fit.below(x * half) - fit.below(x / half)))).collect()
}

/// The unit as people write it.
pub fn unit(name: &str) -> &str {
    match name {
        "um" => "µm",
        "um3" => "µm³",
        "mm3" => "mm³",
        "vox" | "vox3" => "voxels",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::Type;

    #[test]
    fn a_chart_shows_number_volume_and_fit() {
        let header = Header::new([40, 40, 40], 1, Type::U32).unwrap();
        let mut objects = Objects::default();
        for (i, n) in [1u32, 2, 4, 8, 9, 20].into_iter().enumerate() {
            let row = objects.row_of(i as u64 + 1, false);
            objects.add_run(row, 1, 1 + n, 1 + i as u32, 1);
        }
        let op = SizeDistribution { of: Size::Volume, border: Border::LeaveOut, bins: 5, unit: None };
        let drawn = chart(&op.of(&objects, &header));
        assert_eq!((drawn.series.len(), drawn.x.title.as_str(), drawn.note.as_str()), (3, "volume (voxels)", "6 objects"));
        assert_eq!((drawn.markers[0].at, drawn.markers[0].text.as_str()), (6.0, "median 6 voxels"));
        let Plot::Bars(bars) = &drawn.series[0].plot else { panic!("bars") };
        assert!((bars.iter().map(|b| b.2).sum::<f64>() - 100.0).abs() < 1e-9);
    }
}
