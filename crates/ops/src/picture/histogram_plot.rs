//! The histogram as a chart.

use isovox_macros::Op;
use isovox_volume::{Error, Header, Object, QuantityKind, Result, Scalar};
use serde_json::{Value as Json, json};

use crate::access::{At, Reduce};
use crate::intensity::levels::{Levels, check_mask, mask_of};
use crate::intensity::otsu::{number, separate};
use crate::picture::chart::{Axis, COLOURS, Chart, Marker, Plot, SIZE, Series};
use crate::picture::raster::raster;
use crate::picture::ticks::{Scale, counted, written};

/// Bars of a chart at most: more would be thinner than three pixels.
const BARS: usize = 256;

/// Draw how often each value occurs, as PNG or SVG by the name of OUT.
///
/// A bar a value, or a bar for several where there are more than 256 values; as `histogram` counts them. --otsu marks
/// the threshold that `otsu` finds. Shape: a chart of 1000 x 600 pixels; the axis names what the values are.
#[derive(Op)]
#[op(access = Reduce, input = Scalar, output = Figure, also = [within: Mask], example = "isovox histogram-plot scan.tif -o values.svg --otsu")]
pub struct HistogramPlot {
    /// Bins for types wider than 16 bit and floats.
    #[op(default = 256, range = 1..=65536)]
    pub bins: usize,
    /// Counts on a logarithmic axis: rare values are seen.
    #[op(default = false)]
    pub log: bool,
    /// Mark Otsu's threshold of the whole volume.
    #[op(default = false)]
    pub otsu: bool,
    /// Where the axis begins; at the least value when not given.
    pub low: Option<f64>,
    /// Where the axis ends; at the greatest value when not given.
    pub high: Option<f64>,
}

impl Reduce for HistogramPlot {
    type Acc = Levels;
    type Value = Levels;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        match (self.low, self.high) {
            (Some(low), Some(high)) if low >= high => Err(Error::parameter("--low not below --high").found(format_args!("{low} and {high}"))),
            _ => check_mask(inputs),
        }
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
        if acc.occurring().is_empty() {
            return Err(Error::value("a histogram of no values").found("none that is finite, or an empty mask"));
        }
        Ok(acc)
    }

    fn found(&self, levels: &Levels) -> Json {
        json!({"otsu": self.threshold(levels).map(number)})
    }

    fn object(&self, levels: &Levels, inputs: &[&Header]) -> Result<Object> {
        let figure = self.chart(levels, inputs).figure(SIZE);
        let picture = raster(&figure);
        Ok(Object::Figure(figure, picture))
    }
}

impl HistogramPlot {
    fn threshold(&self, levels: &Levels) -> Option<f64> {
        if self.otsu { separate(&levels.occurring()) } else { None }
    }

    /// The chart of counts: for pages that show a histogram among other things.
    pub fn chart(&self, levels: &Levels, inputs: &[&Header]) -> Chart {
        let (bars, per_bar) = grouped(levels, self.low, self.high);
        let total: u64 = levels.edges().iter().map(|e| e.2).sum();
        let scale = if self.log { Scale::Log } else { Scale::Linear };
        let mut x = Axis::new(quantity(inputs[0]), Scale::Linear);
        let ends = [bars.first().map_or(0.0, |b| b.0), bars.last().map_or(1.0, |b| b.1)];
        let (low, high) = (self.low.unwrap_or(ends[0]), self.high.unwrap_or(ends[1]));
        x.limits = (low < high).then_some((low, high));
        let marker = |t: f64| Marker { at: t, text: format!("Otsu {}", written(t)) };
        Chart {
            title: format!("Histogram{}", if inputs.len() > 1 { " within the mask" } else { "" }),
            note: format!("{} voxels{}", counted(total), if per_bar.is_empty() { String::new() } else { format!(", {per_bar}") }),
            x,
            y: Axis::new("voxels", scale),
            series: vec![Series { name: String::new(), colour: COLOURS[0], plot: Plot::Bars(bars) }],
            markers: self.threshold(levels).map(marker).into_iter().collect(),
        }
    }
}

/// What the values are, with their unit, as far as the file says.
pub fn quantity(header: &Header) -> String {
    let name = match header.quantity.kind {
        QuantityKind::Hu => return "HU".into(),
        QuantityKind::Label => "label",
        QuantityKind::Mask => "mask",
        QuantityKind::Stored | QuantityKind::Unknown => "grey value",
    };
    header.quantity.unit.as_ref().map_or_else(|| name.into(), |unit| format!("{name} ({unit})"))
}

/// Bars of the counts within limits, neighbours together where there are too many, and how wide a bar is.
fn grouped(levels: &Levels, low: Option<f64>, high: Option<f64>) -> (Vec<(f64, f64, f64)>, String) {
    let whole = !matches!(levels, Levels::Bins { .. });
    // A value is drawn as wide as the step to its neighbours.
    let half = if whole { 0.5 } else { 0.0 };
    let shown = |e: &(f64, f64, u64)| low.is_none_or(|low| e.1 >= low) && high.is_none_or(|high| e.0 <= high);
    let edges: Vec<(f64, f64, u64)> = levels.edges().into_iter().filter(shown).collect();
    let each = edges.len().div_ceil(BARS).max(1);
    let bar = |part: &[(f64, f64, u64)]| (part[0].0 - half, part[part.len() - 1].1 + half, part.iter().map(|e| e.2).sum::<u64>() as f64);
    let text = if whole && each > 1 { format!("a bar is {each} values") } else { String::new() };
    (edges.chunks(each).map(bar).collect(), text)
}

#[cfg(test)]
mod tests {
    use isovox_volume::Type;

    use super::*;

    fn levels_of(values: &[u16]) -> Levels {
        let mut levels = Levels::start(Type::U16, 256, None);
        levels.count(values, None);
        levels
    }

    #[test]
    fn bars_hold_all_voxels() {
        let values: Vec<u16> = (0..3000).map(|v| v * 7 % 2000).collect();
        let levels = levels_of(&values);
        let (bars, text) = grouped(&levels, None, None);
        assert!(bars.len() <= BARS && bars.iter().map(|b| b.2).sum::<f64>() == 3000.0);
        assert_eq!(text, "a bar is 8 values");
        assert_eq!((bars[0].0, bars[0].1), (-0.5, 7.5));
        let (part, _) = grouped(&levels, Some(10.0), Some(19.0));
        assert_eq!((part.len(), part[0].0, part[9].1), (10, 9.5, 19.5));
    }

    #[test]
    fn the_threshold_is_marked_where_it_lies() {
        let op = HistogramPlot { otsu: true, ..HistogramPlot::default() };
        let header = Header::new([1, 1, 4], 1, Type::U16).unwrap();
        let chart = op.chart(&levels_of(&[10, 10, 90, 90]), &[&header]);
        assert_eq!((chart.markers[0].at, chart.markers[0].text.as_str()), (10.0, "Otsu 10"));
        assert!(HistogramPlot::default().chart(&levels_of(&[10]), &[&header]).markers.is_empty());
    }

    #[test]
    fn no_value_at_all_is_said() {
        let header = Header::new([1, 1, 1], 1, Type::F32).unwrap();
        let op = HistogramPlot::default();
        let mut levels = Reduce::start(&op, &[&header], None);
        levels.count(&[f32::NAN], None);
        assert!(Reduce::finish(&op, levels, &[&header]).is_err());
    }
}
