//! Removal of noise before the threshold, and what it costs: objects that are there without it and gone with it.

use std::sync::Arc;

use isovox_engine::adapt::halo::HaloSource;
use isovox_engine::adapt::join::JoinSource;
use isovox_engine::adapt::reduce::fold;
use isovox_engine::keep::Keep;
use isovox_ops::Access;
use isovox_ops::label::label::Label;
use isovox_ops::measure::measure::Measure;
use isovox_ops::measure::objects::Objects;
use isovox_ops::spec::Values;
use isovox_ops::{Connectivity, find};
use isovox_volume::{Error, Result, Run, Source, Step};
use serde_json::{Value as Json, json};

/// How noise is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denoise {
    /// Non-local means of each slice, as the published recipe names it: h 10, template 7, search 21.
    Nlm,
    /// The median of 3x3x3 voxels.
    Median,
}

impl Denoise {
    /// All of them.
    pub const ALL: [Denoise; 2] = [Denoise::Nlm, Denoise::Median];

    /// The operation's name.
    pub fn name(self) -> &'static str {
        match self {
            Denoise::Nlm => "nlm",
            Denoise::Median => "median",
        }
    }

    /// The volume without noise, kept once it was computed.
    pub(super) fn apply(self, grey: Arc<dyn Source>) -> Result<Arc<dyn Source>> {
        let op = (find(self.name())?.build)(&Values::default())?;
        match op.access() {
            Access::Halo(op) => Ok(Keep::wrap(Arc::new(HaloSource::new(op, grey)?))),
            _ => Err(Error::unsupported(format_args!("--denoise {}", self.name()))),
        }
    }

    /// As provenance tells it.
    pub(super) fn step(self) -> Step {
        Step { op: self.name().into(), parameters: json!({}), found: Json::Null }
    }
}

/// What was there without the removal of noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Denoised {
    /// How noise was removed.
    pub by: String,
    /// Porosity without it.
    pub porosity: f64,
    /// Components without it.
    pub components: usize,
    /// Components without it of which no voxel is a pore with it.
    pub lost: usize,
    /// Their voxels.
    pub lost_voxels: u64,
    /// The threshold without it; none when it was given.
    pub threshold: Option<f64>,
}

impl Denoised {
    /// Compares the pores found with noise with those found without.
    pub(super) fn compare(run: &Run, by: Denoise, plain: (Arc<dyn Source>, Option<f64>), cleaned: &dyn Source, connectivity: Connectivity, total: u64) -> Result<Denoised> {
        let (mask, threshold) = plain;
        let labels = JoinSource::new("label without the removal of noise", Arc::new(Label { connectivity, any: true }), mask)?;
        labels.prepare(run)?;
        let value = fold(run, "what the removal of noise took", &Measure { unit: None, median: false }, &[&labels, cleaned])?;
        let objects = value.downcast::<Objects>().map_err(|_| Error::unsupported("measures of another kind"))?;
        let lost: Vec<u64> = objects.rows.iter().zip(&objects.intensity).filter(|(_, seen)| seen.max == 0.0).map(|(row, _)| row.voxels).collect();
        let voxels: u64 = objects.rows.iter().map(|r| r.voxels).sum();
        Ok(Denoised { by: by.name().into(), porosity: voxels as f64 / total as f64, components: objects.rows.len(), lost: lost.len(), lost_voxels: lost.iter().sum(), threshold })
    }

    /// As `summary.json` tells it.
    pub(super) fn json(&self) -> Json {
        json!({
            "by": self.by, "porosity_without": self.porosity, "components_without": self.components,
            "lost_components": self.lost, "lost_voxels": self.lost_voxels, "threshold_without": self.threshold,
        })
    }

    /// What [`json`](Self::json) told.
    pub(super) fn read(json: &Json) -> Option<Denoised> {
        Some(Denoised {
            by: json["by"].as_str()?.into(),
            porosity: json["porosity_without"].as_f64()?,
            components: json["components_without"].as_u64()? as usize,
            lost: json["lost_components"].as_u64()? as usize,
            lost_voxels: json["lost_voxels"].as_u64()?,
            threshold: json["threshold_without"].as_f64(),
        })
    }
}
