//! Where the voxels are: IPP, IOP and `PixelSpacing` as one affine (PS3.3 C.7.6.2.1.1).

use isovox_volume::vector::{dot, length};
use isovox_volume::verdict::median_step;
use isovox_volume::{Geometry, Space};

use super::order::Ordered;
use super::slice::Slice;

/// The straight way from the first position to the last.
pub(super) struct Line {
    first: [f64; 3],
    /// The way for each mm along the normal.
    along: [f64; 3],
    normal: [f64; 3],
    place: f64,
    /// Positions on it.
    count: usize,
    /// mm along the normal from the first to the last.
    reach: f64,
    /// The median step along the normal, mm; 0 for one position.
    pub(super) step: f64,
    /// Angle between the way and the normal.
    pub(super) tilt_deg: f64,
}

impl Line {
    /// Through positions and their ascending places along the normal.
    pub(super) fn through(positions: &[[f64; 3]], places: &[f64], normal: [f64; 3]) -> Line {
        let last = positions.len() - 1;
        let reach = places[last] - places[0];
        let way: [f64; 3] = std::array::from_fn(|a| positions[last][a] - positions[0][a]);
        let along = if reach > 0.0 { way.map(|v| v / reach) } else { normal };
        let aside: [f64; 3] = std::array::from_fn(|a| along[a] - normal[a]);
        let tilt_deg = libm::atan(length(aside)).to_degrees();
        Line { first: positions[0], along, normal, place: places[0], count: positions.len(), reach, step: median_step(places).unwrap_or(0.0), tilt_deg }
    }

    /// The even steps nearest to slices, of each the number of its plane and its position, where these lie off them by no more
    /// than their last decimal leaves open; and that decimal, mm.
    pub(super) fn even(&self, slices: &[(usize, [f64; 3])]) -> Option<(Line, f64)> {
        let (last, n) = (slices.iter().map(|s| s.0).max().filter(|last| *last > 1)? as f64, slices.len() as f64);
        // Differences: a writer may count in tenths from an odd place.
        let whole = |v: f64| (v - v.round()).abs() < 0.01;
        let written = |unit: f64| slices.iter().all(|(_, p)| (0..3).all(|a| whole((p[a] - slices[0].1[a]) / unit)));
        let unit = [0.1, 0.01, 0.001].into_iter().find(|unit| written(*unit))?;
        let middle = slices.iter().map(|s| s.0 as f64).sum::<f64>() / n;
        let spread: f64 = slices.iter().map(|s| (s.0 as f64 - middle) * (s.0 as f64 - middle)).sum();
        let way: [f64; 3] = std::array::from_fn(|a| slices.iter().map(|(k, p)| (*k as f64 - middle) * p[a]).sum::<f64>() / spread);
        let mean: [f64; 3] = std::array::from_fn(|a| slices.iter().map(|(_, p)| p[a]).sum::<f64>() / n);
        let at = |k: f64| std::array::from_fn(|a| mean[a] + way[a] * (k - middle));
        // Half of it is what rounding takes; the fit is not that exact.
        let within = slices.iter().all(|&(k, p)| (0..3).all(|a| (p[a] - at(k as f64)[a]).abs() <= 0.625 * unit));
        let step = dot(way, self.normal);
        let ends = [at(0.0), at(last)];
        (within && step > 0.0).then(|| (Line { count: self.count, step, ..Line::through(&ends, &ends.map(|p| dot(p, self.normal)), self.normal) }, unit))
    }

    /// How far along the normal a position lies, mm.
    pub(super) fn along(&self, position: [f64; 3]) -> f64 {
        dot(position, self.normal)
    }

    /// The place so many mm along the normal from a position.
    pub(super) fn further(&self, position: [f64; 3], mm: f64) -> [f64; 3] {
        std::array::from_fn(|a| position[a] + self.along[a] * mm)
    }

    /// How far a position lies beside it, mm.
    pub(super) fn off(&self, position: [f64; 3]) -> f64 {
        let t = dot(position, self.normal) - self.place;
        length(std::array::from_fn(|a| position[a] - self.first[a] - self.along[a] * t))
    }

    /// From one plane to the next, mm: where steps are equal their mean, so that the last slice lies where its file says;
    /// else their median.
    fn plane(&self, uniform: bool) -> Option<[f64; 3]> {
        let step = if uniform { self.reach / (self.count.max(2) - 1) as f64 } else { self.step };
        (self.count > 1).then(|| self.along.map(|v| v * step))
    }
}

/// The geometry of an ordered series, and what is to be said of it.
pub(super) fn of(ordered: &Ordered) -> (Geometry, Option<String>) {
    let first = &ordered.planes[0];
    let Some(line) = &ordered.line else { return (Geometry::voxel(), None) };
    let spacing = match first.pixel() {
        Ok(spacing) => spacing,
        Err(why) => return (Geometry::voxel(), Some(format!("{why}: the scale is unknown; name it with --voxel-size"))),
    };
    let (across, warning) = match line.plane(ordered.verdict.uniform == Some(true)) {
        Some(plane) => (plane, None),
        None => single(first, line.normal),
    };
    let [row, column] = first.orientation.unwrap_or_default();
    let affine = std::array::from_fn(|r| match r {
        3 => [0.0, 0.0, 0.0, 1.0],
        _ => [row[r] * spacing[1], column[r] * spacing[0], across[r], line.first[r]],
    });
    match Geometry::new(Space::Patient, affine) {
        Some(geometry) => (geometry, warning),
        None => (Geometry::voxel(), Some("position, orientation and spacing do not span space: the scale is unknown".into())),
    }
}

/// What stands for the step where there is one position.
fn single(slice: &Slice, normal: [f64; 3]) -> ([f64; 3], Option<String>) {
    match slice.thickness.filter(|t| *t > 0.0) {
        Some(thickness) => (normal.map(|v| v * thickness), Some("one position: SliceThickness stands for the spacing across the slice".into())),
        None => (normal, Some("one position and no SliceThickness: 1 mm stands for the spacing across the slice".into())),
    }
}
