//! `summary.json`: the volume in numbers.

use isovox_ops::intensity::otsu::number;
use isovox_ops::measure::lognormal::Lognormal;
use isovox_ops::measure::objects::{Objects, Row};
use isovox_ops::measure::size_distribution::touches;
use isovox_ops::spec::Value;
use isovox_volume::{Header, Runs};
use serde_json::{Value as Json, json};

use super::Options;
use super::denoise::Denoised;
use super::sensitivity::Variant;

/// The volume in numbers; before the size filter where the name does not say kept.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Voxels along x, y, z.
    pub size: [usize; 3],
    /// The spacing, micrometres.
    pub voxel_um: Option<[f64; 3]>,
    /// Which voxels are pore: `dark`, `bright` or `mask`.
    pub pores: String,
    /// The part that counts: `all`, `auto`, or the name of its mask.
    pub within: String,
    /// The least size kept, voxels.
    pub min_voxels: u64,
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
    /// Of those, the ones that a face of the volume cuts.
    pub components_cut: usize,
    /// 6, 18 or 26.
    pub connectivity: Json,
    /// Whether one component touches both faces, along x, y, z.
    pub percolates: [bool; 3],
    /// The share of pore voxels in each slice.
    pub porosity_z: Vec<f64>,
    /// Otsu's threshold of each slice; none for masks.
    pub otsu_z: Option<Vec<f64>>,
    /// The log-normal fit of the volumes of pores kept and not cut, um3 or voxels; none where there are fewer than three sizes.
    pub lognormal: Option<Lognormal>,
    /// The result under other choices.
    pub sensitivity: Vec<Variant>,
    /// What the removal of noise changed.
    pub denoise: Option<Denoised>,
    /// Voxels along a side of the volume that pictures show as one.
    pub reduction: usize,
    /// What to doubt that the file itself gives rise to.
    pub warnings: Vec<String>,
}

/// What a volume's objects tell of its pores.
pub(super) struct Counted<'a> {
    pub(super) all: &'a Objects,
    pub(super) kept: &'a Objects,
    pub(super) runs: &'a Runs,
    /// Voxels that count, in each slice.
    pub(super) within: &'a [u64],
}

impl Summary {
    /// All but what further steps find.
    pub(super) fn new(header: &Header, options: &Options, threshold: Option<f64>, counted: &Counted<'_>) -> Summary {
        let size = [header.nx(), header.ny(), header.nz()];
        let total = counted.within.iter().sum::<u64>() as f64;
        let voxels = |rows: &[Row]| rows.iter().map(|r| r.voxels).sum::<u64>() as f64;
        let (all, kept) = (&counted.all.rows, &counted.kept.rows);
        let open: u64 = all.iter().filter(|r| touches(r, size)).map(|r| r.voxels).sum();
        let spans = |k: usize| all.iter().any(|r| r.min[k] == 0 && r.max[k] as usize == size[k] - 1);
        Summary {
            size,
            voxel_um: header.geometry.spacing().map(|s| s.map(|v| v * 1000.0)),
            pores: if threshold.is_none() {
                "mask"
            } else if options.bright == Some(true) {
                "bright"
            } else {
                "dark"
            }
            .into(),
            within: options.within.name(),
            min_voxels: options.min_voxels,
            porosity: voxels(all) / total,
            porosity_kept: voxels(kept) / total,
            porosity_open: open as f64 / total,
            porosity_closed: (voxels(all) - open as f64) / total,
            threshold,
            components: all.len(),
            components_kept: kept.len(),
            components_cut: kept.iter().filter(|r| touches(r, size)).count(),
            connectivity: options.connectivity.json(),
            percolates: [spans(0), spans(1), spans(2)],
            porosity_z: profile(header, counted),
            otsu_z: None,
            lognormal: None,
            sensitivity: Vec::new(),
            denoise: None,
            reduction: 1,
            warnings: Vec::new(),
        }
    }

    /// As it is written.
    pub fn json(&self) -> Json {
        let [x, y, z] = self.percolates;
        let voxel_um3 = self.voxel_um.map(|v| v.iter().product());
        json!({
            "porosity": self.porosity, "porosity_kept": self.porosity_kept, "porosity_open": self.porosity_open, "porosity_closed": self.porosity_closed,
            "threshold": self.threshold.map(number),
            "components": self.components, "components_kept": self.components_kept, "components_cut": self.components_cut, "connectivity": self.connectivity,
            "percolates": {"x": x, "y": y, "z": z}, "porosity_z": self.porosity_z, "voxel_um": self.voxel_um,
            "lognormal": self.lognormal.map(|f| f.json()),
            "sensitivity": self.sensitivity.iter().map(|v| v.json(voxel_um3)).collect::<Vec<_>>(),
            "denoise": self.denoise.as_ref().map(Denoised::json),
            "otsu_z": self.otsu_z, "size": self.size, "pores": self.pores, "within": self.within, "min_voxels": self.min_voxels,
            "reduction": self.reduction, "warnings": self.warnings,
        })
    }

    /// What [`json`](Self::json) told; none of what is no summary.
    pub fn read(json: &Json) -> Option<Summary> {
        let real = |key: &str| json[key].as_f64();
        let count = |key: &str| json[key].as_u64();
        let reals = |key: &str| Some(json[key].as_array()?.iter().filter_map(Json::as_f64).collect::<Vec<f64>>());
        let size: Vec<usize> = json["size"].as_array()?.iter().filter_map(|n| Some(n.as_u64()? as usize)).collect();
        let percolates = ["x", "y", "z"].map(|axis| json["percolates"][axis].as_bool());
        Some(Summary {
            size: size.try_into().ok()?,
            voxel_um: reals("voxel_um").and_then(|v| v.try_into().ok()),
            pores: json["pores"].as_str()?.into(),
            within: json["within"].as_str()?.into(),
            min_voxels: count("min_voxels")?,
            porosity: real("porosity")?,
            porosity_kept: real("porosity_kept")?,
            porosity_open: real("porosity_open")?,
            porosity_closed: real("porosity_closed")?,
            threshold: real("threshold"),
            components: count("components")? as usize,
            components_kept: count("components_kept")? as usize,
            components_cut: count("components_cut")? as usize,
            connectivity: json["connectivity"].clone(),
            percolates: [percolates[0]?, percolates[1]?, percolates[2]?],
            porosity_z: reals("porosity_z")?,
            otsu_z: reals("otsu_z"),
            lognormal: None,
            sensitivity: json["sensitivity"].as_array()?.iter().filter_map(Variant::read).collect(),
            denoise: Denoised::read(&json["denoise"]),
            reduction: count("reduction")? as usize,
            warnings: json["warnings"].as_array()?.iter().filter_map(|w| Some(w.as_str()?.to_string())).collect(),
        })
    }
}

/// The share of pore voxels in each slice; 0 where none counts.
fn profile(header: &Header, counted: &Counted<'_>) -> Vec<f64> {
    let runs = counted.runs;
    let mut counts = vec![0u64; header.nz()];
    for part in &runs.parts {
        for (i, z) in part.z.clone().enumerate() {
            let (from, to) = (part.rows[i * runs.ny] as usize, part.rows[(i + 1) * runs.ny] as usize);
            counts[z] = part.ends[2 * from..2 * to].chunks_exact(2).map(|e| u64::from(e[1] - e[0])).sum();
        }
        part.forget();
    }
    counts.into_iter().zip(counted.within).map(|(n, &of)| if of == 0 { 0.0 } else { n as f64 / of as f64 }).collect()
}
