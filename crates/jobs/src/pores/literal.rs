//! The published recipe, number for number: Otsu in each slice, contours over 10 pixels filled, components through faces, and
//! what its lines print. It is kept to be compared with, not to be believed: see the report for where it differs and why.

use std::sync::Arc;

use isovox_engine::adapt::decide::DecideSource;
use isovox_engine::adapt::halo::HaloSource;
use isovox_engine::adapt::join::JoinSource;
use isovox_engine::adapt::labelled::Labelled;
use isovox_engine::adapt::point::PointSource;
use isovox_engine::hash;
use isovox_engine::keep::Keep;
use isovox_ops::Connectivity;
use isovox_ops::access::Point;
use isovox_ops::components::voxels;
use isovox_ops::intensity::otsu::{Otsu, number};
use isovox_ops::label::label::Label;
use isovox_volume::{Error, Quantity, QuantityKind, Result, Run, Scalar, Source, Type};
use serde_json::{Value as Json, json};

use super::contours::Contours;

/// Contours of at most this area are not drawn, pixels.
const AREA: u64 = 10;

/// What the recipe prints and saves.
#[derive(Clone, Debug)]
pub struct Literal {
    /// Otsu's threshold of each slice.
    pub thresholds: Vec<f64>,
    /// White voxels over all.
    pub porosity: f64,
    /// Components; the recipe prints one fewer.
    pub components: u64,
    /// Voxels of label 0, 1, .. without the last label.
    pub areas: Vec<u64>,
    /// Edges of the histogram of areas.
    pub hist_edges: Vec<f64>,
    /// The histogram of areas, background left out.
    pub hist_counts: Vec<u64>,
    /// SHA-256 of the mask, 0 and 255 (u8).
    pub mask_sha256: String,
    /// SHA-256 of the labels (i32), numbered by first voxel.
    pub labels_sha256: String,
}

/// Runs the recipe on an 8-bit volume, or on a 16-bit one as OpenCV reads it: 8 bits, `v / 256`.
///
/// Errors: `Unsupported` for other voxels and for several frames; those of reading.
pub fn literal(run: &Run, scan: &Arc<dyn Source>) -> Result<Literal> {
    let grey: Arc<dyn Source> = match scan.header().voxel {
        Type::U8 => scan.clone(),
        Type::U16 => Arc::new(PointSource::new(Arc::new(HighByte), scan.clone())?),
        other => {
            return Err(Error::unsupported(format_args!("--literal of {other} voxels"))
                .expected("u8, or u16 (read as 8 bits, as the recipe does)")
                .help("leave --literal out, or cast the volume to u8 first"));
        }
    };
    let otsu = Otsu { dark: true, per_slice: true, bins: 256 };
    let binary = Arc::new(DecideSource::new("otsu of each slice", Arc::new(otsu), vec![grey])?);
    let drawn = Keep::wrap(Arc::new(HaloSource::new(Arc::new(Contours { area: AREA }), binary.clone())?));
    let labels = JoinSource::new("label of the recipe", Arc::new(Label { connectivity: Connectivity::Faces, any: true }), drawn.clone())?;
    labels.prepare(run)?;
    let runs = labels.runs().ok_or_else(|| Error::unsupported("the recipe on several frames").help("choose one with --frame N"))?;
    let sizes = sizes(&voxels(&runs), drawn.header().voxels());
    let hist_edges = edges();
    let painted = labels.header().like(Type::I32, Quantity::certain(QuantityKind::Label, "components"));
    Ok(Literal {
        thresholds: binary.found()["thresholds"].as_array().into_iter().flatten().filter_map(Json::as_f64).collect(),
        porosity: sizes[1..].iter().sum::<u64>() as f64 / drawn.header().voxels() as f64,
        components: u64::from(runs.count),
        hist_counts: histogram(&sizes[1..sizes.len() - usize::from(runs.count > 0)], &hist_edges),
        areas: sizes[..runs.count as usize].to_vec(),
        hist_edges,
        mask_sha256: hash::voxels(run, drawn.as_ref())?,
        labels_sha256: hash::voxels(run, &Labelled::new(painted, runs))?,
    })
}

impl Literal {
    /// `literal.json`.
    pub fn json(&self) -> Json {
        json!({
            "thresholds": self.thresholds.iter().map(|t| number(*t)).collect::<Vec<_>>(),
            "porosity": self.porosity, "components": self.components, "numbers": self.components as i64 - 1,
            "areas": self.areas, "hist_edges": self.hist_edges, "hist_counts": self.hist_counts,
            "mask_sha256": self.mask_sha256, "labels_sha256": self.labels_sha256,
        })
    }

    /// What [`json`](Self::json) told.
    pub(super) fn read(json: &Json) -> Option<Literal> {
        let reals = |key: &str| Some(json[key].as_array()?.iter().filter_map(Json::as_f64).collect::<Vec<f64>>());
        let counts = |key: &str| Some(json[key].as_array()?.iter().filter_map(Json::as_u64).collect::<Vec<u64>>());
        Some(Literal {
            thresholds: reals("thresholds")?,
            porosity: json["porosity"].as_f64()?,
            components: json["components"].as_u64()?,
            areas: counts("areas")?,
            hist_edges: reals("hist_edges")?,
            hist_counts: counts("hist_counts")?,
            mask_sha256: json["mask_sha256"].as_str()?.into(),
            labels_sha256: json["labels_sha256"].as_str()?.into(),
        })
    }
}

/// Voxels of each label, background first.
fn sizes(pores: &[u64], total: usize) -> Vec<u64> {
    let mut sizes = pores.to_vec();
    sizes[0] = total as u64 - pores.iter().sum::<u64>();
    sizes
}

/// `numpy.logspace(0, 6, 20)`.
fn edges() -> Vec<f64> {
    (0..20).map(|i| if i == 19 { 1e6 } else { libm::pow(10.0, f64::from(i) * (6.0 / 19.0)) }).collect()
}

/// `numpy.histogram`: a bin holds its lower edge, the last one its upper edge too; what lies outside is in none.
fn histogram(sizes: &[u64], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() - 1];
    for &size in sizes {
        let below = edges.partition_point(|e| *e <= size as f64);
        let last = below == edges.len() && size as f64 == edges[edges.len() - 1];
        if last || (1..edges.len()).contains(&below) {
            counts[below.min(edges.len() - 1) - 1] += 1;
        }
    }
    counts
}

/// OpenCV's reading of 16 bits as 8.
struct HighByte;

impl Point for HighByte {
    type Out<T: Scalar> = u8;

    fn apply<T: Scalar>(&self, input: &[T], out: &mut [u8]) {
        input.iter().zip(out).for_each(|(v, o)| *o = (v.to_i128() >> 8) as u8);
    }
}
