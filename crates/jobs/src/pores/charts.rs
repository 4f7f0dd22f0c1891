//! The job's charts: sizes, the profile along z, the drift of the threshold.

use isovox_ops::measure::lognormal::Lognormal;
use isovox_ops::measure::size_distribution::Distribution;
use isovox_ops::picture::chart::{Axis, COLOURS, Chart, Marker, Plot, Series};
use isovox_ops::picture::ticks::Scale;

use super::Summary;
use super::report::short;

/// Points of the curve of a fit.
const POINTS: usize = 200;

/// Shares of number and of volume by size, and the fit.
pub(super) fn sizes(of: &Distribution) -> Chart {
    let bars = |shares: &[f64]| Plot::Bars(of.limits.windows(2).zip(shares).map(|(w, share)| (w[0], w[1], 100.0 * share)).collect());
    let outline = |shares: &[f64]| Plot::Line(of.limits.windows(2).zip(shares).flat_map(|(w, s)| [(w[0], 100.0 * s), (w[1], 100.0 * s)]).collect());
    let mut series = vec![
        Series { name: "share of the number".into(), colour: COLOURS[0], plot: bars(&of.number) },
        Series { name: "share of the volume".into(), colour: COLOURS[1], plot: outline(&of.volume) },
    ];
    series.extend(of.fit.map(|fit| Series { name: "log-normal fit, by number".into(), colour: COLOURS[2], plot: Plot::Line(curve(&fit, &of.limits)) }));
    let counted: u64 = of.objects.iter().sum();
    Chart {
        title: "Sizes of pores".into(),
        note: format!("{counted} pores; {} that a face of the volume cuts are left out", of.cut),
        x: Axis::new(format!("equivalent diameter ({})", unit(&of.unit)), Scale::Log),
        y: Axis::new("share (%)", Scale::Linear),
        series,
        markers: if of.median.is_finite() { vec![Marker { at: of.median, text: format!("median {} {}", short(of.median), unit(&of.unit)) }] } else { Vec::new() },
    }
}

/// What the fit has in a class of the histogram's width around each size.
fn curve(fit: &Lognormal, limits: &[f64]) -> Vec<(f64, f64)> {
    let (low, high) = (limits[0], limits[limits.len() - 1]);
    let half = libm::sqrt(limits[1] / limits[0]);
    let at = |i: usize| low * libm::pow(high / low, i as f64 / POINTS as f64);
    (0..=POINTS).map(at).map(|x| (x, 100.0 * (fit.below(x * half) - fit.below(x / half)))).collect()
}

/// The porosity of each slice.
pub(super) fn profile(summary: &Summary) -> Chart {
    let z = |k: usize| summary.voxel_um.map_or(k as f64, |v| k as f64 * v[2] / 1000.0);
    let line = summary.porosity_z.iter().enumerate().map(|(k, p)| (z(k), 100.0 * p)).collect();
    Chart {
        title: "Porosity along z".into(),
        note: format!("the whole volume: {:.2} %", 100.0 * summary.porosity),
        x: along(summary),
        y: Axis::new("porosity (%)", Scale::Linear),
        series: vec![Series { name: "porosity of the slice".into(), colour: COLOURS[0], plot: Plot::Line(line) }],
        markers: Vec::new(),
    }
}

/// Otsu's threshold of each slice, beside the one of the volume.
pub(super) fn drift(summary: &Summary) -> Option<Chart> {
    let (thresholds, threshold) = (summary.otsu_z.as_ref()?, summary.threshold?);
    let z = |k: usize| summary.voxel_um.map_or(k as f64, |v| k as f64 * v[2] / 1000.0);
    let line = thresholds.iter().enumerate().map(|(k, t)| (z(k), *t)).collect();
    let last = z(thresholds.len() - 1);
    Some(Chart {
        title: "Otsu's threshold along z".into(),
        note: "one threshold for all slices is used; this is where each slice alone would put it".into(),
        x: along(summary),
        y: Axis::new("threshold (grey value)", Scale::Linear),
        series: vec![
            Series { name: "of the slice".into(), colour: COLOURS[0], plot: Plot::Line(line) },
            Series { name: "used".into(), colour: COLOURS[1], plot: Plot::Line(vec![(0.0, threshold), (last, threshold)]) },
        ],
        markers: Vec::new(),
    })
}

fn along(summary: &Summary) -> Axis {
    Axis::new(if summary.voxel_um.is_some() { "z (mm)" } else { "z (slice)" }, Scale::Linear)
}

/// The unit as people write it.
pub(super) fn unit(name: &str) -> &str {
    match name {
        "um" => "µm",
        "vox" => "voxels",
        other => other,
    }
}
