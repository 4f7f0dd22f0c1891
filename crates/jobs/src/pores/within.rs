//! The part of a volume that counts.

use std::sync::Arc;

use isovox_engine::Opened;
use isovox_engine::adapt::join::JoinSource;
use isovox_engine::adapt::point::PointSource;
use isovox_engine::adapt::reduce::fold;
use isovox_formats::Input;
use isovox_ops::spec::Values;
use isovox_ops::{Access, find};
use isovox_volume::{Error, Header, Result, Run, Source};

use super::counts::PlaneCounts;
use super::phase::{Phase, histogram, otsu};

/// The part that counts.
pub enum Within {
    /// All voxels.
    All,
    /// Where a mask is not 0.
    Mask(Opened),
    /// The bright phase, its holes filled: a part that lies in air, as a casting does.
    Auto,
}

impl Within {
    /// As `summary.json` names it.
    pub(super) fn name(&self) -> String {
        match self {
            Within::All => "all".into(),
            Within::Auto => "auto".into(),
            Within::Mask(mask) => mask.files.first().map_or("mask".into(), |f| f.name().to_string()),
        }
    }

    /// Its files.
    pub(super) fn files(&self) -> Vec<Input> {
        if let Within::Mask(mask) = self { mask.files.clone() } else { Vec::new() }
    }

    /// The mask, prepared; none where all voxels count.
    pub(super) fn mask(&self, run: &Run, grey: &Arc<dyn Source>) -> Result<Option<Arc<dyn Source>>> {
        let mask: Arc<dyn Source> = match self {
            Within::All => return Ok(None),
            Within::Mask(mask) => {
                grey.header()
                    .same_grid(mask.source.header(), "the mask of --within")
                    .map_err(|e| e.help("--crop and --center cut the scan alone: crop the mask to the same part first (isovox crop)"))?;
                mask.source.clone()
            }
            Within::Auto => filled(run, grey)?,
        };
        mask.prepare(run)?;
        Ok(Some(mask))
    }
}

/// The bright phase with its holes filled.
fn filled(run: &Run, grey: &Arc<dyn Source>) -> Result<Arc<dyn Source>> {
    let threshold = Some(otsu(&histogram(run, grey, None)?)?);
    let bright = PointSource::new(Arc::new(Phase { threshold, dark: false }), grey.clone())?;
    match (find("fill-holes")?.build)(&Values::default())?.access() {
        Access::Join(op) => Ok(Arc::new(JoinSource::new("fill the holes of the bright phase", op, Arc::new(bright))?)),
        _ => Err(Error::unsupported("--within auto")),
    }
}

/// Voxels that count in each slice: those of the mask, or all.
pub(super) fn counted(run: &Run, header: &Header, within: Option<&Arc<dyn Source>>) -> Result<Vec<u64>> {
    let Some(mask) = within else { return Ok(vec![header.plane() as u64; header.nz()]) };
    let value = fold(run, "mask", &PlaneCounts, &[mask.as_ref()])?;
    let counts = value.downcast::<Vec<u64>>().map(|v| *v).map_err(|_| Error::unsupported("counts of another kind"))?;
    if counts.iter().all(|&n| n == 0) {
        return Err(Error::value("the mask of --within is empty").help("it marks the part that counts with values other than 0"));
    }
    Ok(counts)
}
