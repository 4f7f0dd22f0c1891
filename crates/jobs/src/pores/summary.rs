//! `summary.json`: the volume in numbers.

use isovox_ops::intensity::otsu::number;
use isovox_ops::measure::objects::{Objects, Row};
use isovox_ops::spec::Value;
use isovox_volume::{Header, Runs};
use serde_json::{Value as Json, json};

use super::Options;

/// The volume in numbers; before the size filter where the name does not say kept.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Pore voxels over voxels that count.
    pub porosity: f64,
    /// The same of the pores kept.
    pub porosity_kept: f64,
    /// The share in components that touch a face of the volume.
    pub porosity_open: f64,
    /// The share in components that touch none.
    pub porosity_closed: f64,
    /// The threshold; none for masks.
    pub threshold: Option<f64>,
    /// Connected components.
    pub components: usize,
    /// Those of at least the least size.
    pub components_kept: usize,
    /// 6, 18 or 26.
    pub connectivity: Json,
    /// Whether one component touches both faces, along x, y, z.
    pub percolates: [bool; 3],
    /// The share of pore voxels in each slice.
    pub porosity_z: Vec<f64>,
    /// The spacing, micrometres.
    pub voxel_um: Option<[f64; 3]>,
}

impl Summary {
    pub(super) fn new(header: &Header, threshold: Option<f64>, options: &Options, all: &Objects, kept: &Objects, runs: &Runs, counted: &[u64]) -> Summary {
        let size = [header.nx(), header.ny(), header.nz()];
        let total = counted.iter().sum::<u64>() as f64;
        let voxels = |rows: &[Row]| rows.iter().map(|r| r.voxels).sum::<u64>() as f64;
        let touches = |r: &Row| (0..3).any(|k| r.min[k] == 0 || r.max[k] as usize == size[k] - 1);
        let open: u64 = all.rows.iter().filter(|r| touches(r)).map(|r| r.voxels).sum();
        let spans = |k: usize| all.rows.iter().any(|r| r.min[k] == 0 && r.max[k] as usize == size[k] - 1);
        Summary {
            porosity: voxels(&all.rows) / total,
            porosity_kept: voxels(&kept.rows) / total,
            porosity_open: open as f64 / total,
            porosity_closed: (voxels(&all.rows) - open as f64) / total,
            threshold,
            components: all.rows.len(),
            components_kept: kept.rows.len(),
            connectivity: options.connectivity.json(),
            percolates: [spans(0), spans(1), spans(2)],
            porosity_z: profile(header, runs, counted),
            voxel_um: header.geometry.spacing().map(|s| s.map(|v| v * 1000.0)),
        }
    }

    /// As it is written.
    pub fn json(&self) -> Json {
        let [x, y, z] = self.percolates;
        json!({
            "porosity": self.porosity, "porosity_kept": self.porosity_kept, "porosity_open": self.porosity_open, "porosity_closed": self.porosity_closed,
            "threshold": self.threshold.map(number),
            "components": self.components, "components_kept": self.components_kept, "connectivity": self.connectivity,
            "percolates": {"x": x, "y": y, "z": z}, "porosity_z": self.porosity_z, "voxel_um": self.voxel_um,
        })
    }
}

/// The share of pore voxels in each slice; 0 where none counts.
fn profile(header: &Header, runs: &Runs, counted: &[u64]) -> Vec<f64> {
    let mut counts = vec![0u64; header.nz()];
    for part in &runs.parts {
        for (i, z) in part.z.clone().enumerate() {
            let (from, to) = (part.rows[i * runs.ny] as usize, part.rows[(i + 1) * runs.ny] as usize);
            counts[z] = part.ends[2 * from..2 * to].chunks_exact(2).map(|e| u64::from(e[1] - e[0])).sum();
        }
    }
    counts.into_iter().zip(counted).map(|(n, &of)| if of == 0 { 0.0 } else { n as f64 / of as f64 }).collect()
}
