//! How much the result depends on what was chosen: the threshold, the connectivity, the border, a voxel more or less.

use std::ops::Range;
use std::sync::Arc;

use isovox_engine::adapt::halo::HaloSource;
use isovox_engine::adapt::join::JoinSource;
use isovox_ops::Connectivity;
use isovox_ops::access::{Halo, Near};
use isovox_ops::components::voxels;
use isovox_ops::label::label::Label;
use isovox_ops::measure::objects::Objects;
use isovox_ops::measure::size_distribution::touches;
use isovox_ops::spec::Value;
use isovox_volume::{Header, QuantityKind, Result, Run, Scalar, Source};
use serde_json::{Value as Json, json};

use super::phase::Pores;

/// The result under another choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What was chosen.
    pub what: String,
    /// Pore voxels over voxels that count.
    pub porosity: f64,
    /// Connected components.
    pub components: usize,
    /// The median size of a component, voxels; NaN without components.
    pub median_voxels: f64,
}

impl Variant {
    fn new(what: String, mut sizes: Vec<u64>, total: u64) -> Variant {
        sizes.sort_unstable();
        let n = sizes.len();
        let median_voxels = if n == 0 { f64::NAN } else { (sizes[(n - 1) / 2] + sizes[n / 2]) as f64 / 2.0 };
        Variant { what, porosity: sizes.iter().sum::<u64>() as f64 / total as f64, components: n, median_voxels }
    }

    /// As `summary.json` tells it: the median in um3 where a voxel has a volume, else in voxels.
    pub(super) fn json(&self, voxel_um3: Option<f64>) -> Json {
        json!({
            "what": self.what, "porosity": self.porosity, "components": self.components,
            "median_volume": self.median_voxels * voxel_um3.unwrap_or(1.0), "median_voxels": self.median_voxels,
        })
    }

    /// What [`json`](Self::json) told.
    pub(super) fn read(json: &Json) -> Option<Variant> {
        let median_voxels = json["median_voxels"].as_f64().unwrap_or(f64::NAN);
        Some(Variant { what: json["what"].as_str()?.into(), porosity: json["porosity"].as_f64()?, components: json["components"].as_u64()? as usize, median_voxels })
    }
}

/// All variants of a job whose pores are labelled: `all` are its objects, `total` the voxels that count.
pub(super) fn variants(run: &Run, pores: &Pores, labelled: &Arc<JoinSource>, chosen: Connectivity, all: &Objects, total: u64) -> Result<Vec<Variant>> {
    let mut variants = Vec::new();
    if let (Some(threshold), Some(bin)) = (pores.threshold, pores.bin) {
        for steps in [-2.0, -1.0, 0.0, 1.0, 2.0] {
            let what = format!("threshold {steps:+} bins");
            let moved = pores.at(threshold + steps * bin)?;
            variants.push(if steps == 0.0 { here(what, all, total) } else { counted(run, what, moved, chosen, total)? });
        }
    }
    for connectivity in [Connectivity::Faces, Connectivity::Edges, Connectivity::Corners] {
        let what = format!("connectivity {}", connectivity.json());
        // Runs that are labelled already are joined anew: no voxel is read.
        variants.push(if connectivity == chosen { here(what, all, total) } else { counted(run, what, labelled.clone(), connectivity, total)? });
    }
    let header = pores.phase.header();
    let faces = [header.nx(), header.ny(), header.nz()];
    let whole = all.rows.iter().filter(|r| !touches(r, faces)).map(|r| r.voxels).collect();
    variants.push(Variant::new("border excluded".into(), whole, total));
    let eroded = Arc::new(HaloSource::new(Arc::new(Eroded), pores.phase.clone())?);
    variants.push(counted(run, "eroded by one voxel".into(), eroded, chosen, total)?);
    Ok(variants)
}

fn here(what: String, all: &Objects, total: u64) -> Variant {
    Variant::new(what, all.rows.iter().map(|r| r.voxels).collect(), total)
}

fn counted(run: &Run, what: String, mask: Arc<dyn Source>, connectivity: Connectivity, total: u64) -> Result<Variant> {
    let joined = JoinSource::new(&what, Arc::new(Label { connectivity, any: true }), mask)?;
    joined.prepare(run)?;
    let sizes = joined.runs().map_or(Vec::new(), |runs| voxels(&runs)[1..].to_vec());
    Ok(Variant::new(what, sizes, total))
}

/// A mask less the voxels that face one outside it; what lies beyond the volume erodes nothing.
struct Eroded;

impl Halo for Eroded {
    type Out<T: Scalar> = u8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Mask);

    fn halo(&self, _input: &Header) -> usize {
        1
    }

    fn rows<T: Scalar>(&self, _input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [u8]) {
        let (zero, nx) = (T::default(), near.nx);
        for (row, out) in y.zip(out.chunks_exact_mut(nx)) {
            let own = near.row(0, row);
            let beside = [near.row(-1, row), near.row(1, row), near.row(0, row.saturating_sub(1)), near.row(0, (row + 1).min(near.ny - 1))];
            for (x, out) in out.iter_mut().enumerate() {
                let along = own[x.saturating_sub(1)] != zero && own[(x + 1).min(nx - 1)] != zero;
                *out = u8::from(own[x] != zero && along && beside.iter().all(|r| r[x] != zero));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erosion_takes_what_faces_the_outside_of_the_mask() {
        let (full, holed) = ([1u8; 9], [1u8, 1, 1, 1, 0, 1, 1, 1, 1]);
        let header = Header::new([3, 3, 3], 1, isovox_volume::Type::U8).expect("a header");
        let eroded = |planes: [&[u8]; 3]| {
            let mut out = [9; 9];
            Eroded.rows(&header, &Near { planes: &planes, ny: 3, nx: 3 }, 0..3, &mut out);
            out
        };
        assert_eq!(eroded([&full, &full, &full]), full);
        assert_eq!(eroded([&full, &holed, &full]), [1, 0, 1, 0, 0, 0, 1, 0, 1]);
        assert_eq!(eroded([&full, &full, &holed]), holed);
    }

    #[test]
    fn medians_are_numpys() {
        let variant = Variant::new("x".into(), vec![4, 1, 10, 3], 100);
        assert_eq!((variant.porosity, variant.components, variant.median_voxels), (0.18, 4, 3.5));
        assert_eq!(Variant::read(&variant.json(Some(8.0))), Some(variant));
    }
}
