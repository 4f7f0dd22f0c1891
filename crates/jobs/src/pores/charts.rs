//! The job's charts: the profile along z, the drift of the threshold.

use isovox_ops::picture::chart::{Axis, COLOURS, Chart, Plot, Series};
use isovox_ops::picture::ticks::Scale;

use super::Summary;

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
