//! What to doubt, in words: what the numbers themselves give away.

use isovox_ops::measure::objects::Objects;
use isovox_ops::measure::size_distribution::{Distribution, touches};

use isovox_ops::measure::lognormal::Lognormal;

use super::report::{count, percent, probability};
use super::summary::Summary;

/// A Kolmogorov-Smirnov distance that no eye sees in a chart.
const CLOSE: f64 = 0.05;

/// Voxels below which an object is hardly told from noise: a cube of two.
const SMALL: u64 = 8;

/// A share of the volume that one pore of a rock seldom fills.
const AIR: f64 = 0.3;

/// Sentences, the gravest first; never none.
pub(super) fn doubts(s: &Summary, kept: &Objects, sizes: &Distribution) -> Vec<String> {
    let all = [
        scale(s),
        emptiness(s),
        flat(s),
        air(s, kept),
        s.warnings.clone(),
        threshold(s),
        drift(s),
        resolution(s),
        network(s, kept),
        noise(kept),
        connectivity(s),
        border(s, kept),
        fit(s, sizes),
        pictures(s),
    ];
    let list: Vec<String> = all.into_iter().flatten().collect();
    if list.is_empty() { vec!["Nothing in these numbers gives rise to doubt; whether the threshold parts what you call a pore is for your eyes to judge.".into()] } else { list }
}

fn one(when: bool, text: impl FnOnce() -> String) -> Vec<String> {
    if when { vec![text()] } else { Vec::new() }
}

fn scale(s: &Summary) -> Vec<String> {
    one(s.voxel_um.is_none(), || {
        "The size of a voxel is unknown: all sizes are in voxels. isovox pores FOLDER --voxel-size 5.3um gives this folder a scale without computing anew.".into()
    })
}

fn emptiness(s: &Summary) -> Vec<String> {
    one(s.porosity == 1.0, || "Everything is pore: the threshold lies above every value, or the mask is full.".into())
}

/// One slice has no third dimension.
fn flat(s: &Summary) -> Vec<String> {
    one(s.size.contains(&1), || "The volume is one slice: open, closed, percolating and cut say little of pores that go on above and below it.".into())
}

/// A pore that is more of the volume than pores are, and reaches its faces, may be what lies around the sample.
fn air(s: &Summary, kept: &Objects) -> Vec<String> {
    let greatest = kept.rows.iter().max_by_key(|r| r.voxels).filter(|r| s.within == "all" && touches(r, s.size));
    let share = greatest.map_or(0.0, |r| r.voxels as f64 / s.size.iter().product::<usize>() as f64);
    one(share > AIR && s.porosity < 1.0, || {
        format!(
            "One pore fills {} of the volume and reaches its faces: where it is the air around the sample, --within auto, --within MASK or --crop counts the sample alone.",
            percent(share)
        )
    })
}

/// How far one bin moves the porosity, as a share of it.
fn threshold(s: &Summary) -> Vec<String> {
    let at = |what: &str| s.sensitivity.iter().find(|v| v.what == what).map(|v| v.porosity);
    let (Some(low), Some(high)) = (at("threshold -1 bins"), at("threshold +1 bins")) else { return Vec::new() };
    let step = (low - s.porosity).abs().max((high - s.porosity).abs());
    // Between two values any threshold gives the same, beyond them all or nothing.
    if [low, high].iter().all(|p| *p == s.porosity || *p == 0.0 || *p == 1.0) {
        return Vec::new();
    }
    one(s.porosity > 0.0 && step > 0.02 * s.porosity, || {
        format!(
            "One grey value more or less moves the porosity by up to {} ({:.0} % of it): pore and solid overlap in grey, and the threshold decides.",
            percent(step),
            100.0 * step / s.porosity
        )
    })
}

fn drift(s: &Summary) -> Vec<String> {
    let (Some(z), Some(threshold)) = (&s.otsu_z, s.threshold) else { return Vec::new() };
    let mut sorted = z.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let (low, high) = (at(0.05), at(0.95));
    one(z.len() > 4 && high - low > 0.1 * threshold.abs().max(1.0), || {
        format!("Single slices would put the threshold between {low} and {high} (nine in ten of them): brightness changes along z, or some slices hold little but one phase.")
    })
}

fn resolution(s: &Summary) -> Vec<String> {
    let eroded = s.sensitivity.iter().find(|v| v.what == "eroded by one voxel").map_or(s.porosity, |v| v.porosity);
    one(s.porosity > 0.0 && eroded < 0.5 * s.porosity, || {
        format!(
            "{:.0} % of the pore volume lies within one voxel of the solid: many pores are near the resolution, and their volumes are uncertain by as much.",
            100.0 * (1.0 - eroded / s.porosity)
        )
    })
}

fn network(s: &Summary, kept: &Objects) -> Vec<String> {
    let total: u64 = kept.rows.iter().map(|r| r.voxels).sum();
    let greatest = kept.rows.iter().filter(|r| touches(r, s.size)).map(|r| r.voxels).max().unwrap_or(0);
    one(s.components_kept > 1 && greatest * 2 > total, || {
        format!(
            "One pore holds {} of the pores' volume: a network, not a pore among others. Its size says how large the sample is; the sizes of the others describe what is not connected to it.",
            percent(greatest as f64 / total as f64)
        )
    })
}

fn noise(kept: &Objects) -> Vec<String> {
    let small = kept.rows.iter().filter(|r| r.voxels < SMALL).count();
    one(small * 4 > kept.rows.len(), || {
        format!(
            "{} of {} have fewer than {SMALL} voxels and are hardly told from noise; --min-voxels {SMALL} leaves them out, --denoise weighs the removal of noise.",
            small,
            count(kept.rows.len(), "pore")
        )
    })
}

fn connectivity(s: &Summary) -> Vec<String> {
    let counts: Vec<usize> = s.sensitivity.iter().filter(|v| v.what.starts_with("connectivity")).map(|v| v.components).collect();
    let (low, high) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    one(high > 10 && low * 10 < high * 9, || {
        format!("The number of pores hangs on what connects: {high} through faces alone, {low} through corners too. Give the connectivity with the number.")
    })
}

fn border(s: &Summary, kept: &Objects) -> Vec<String> {
    one(s.components_cut * 5 > kept.rows.len() && !kept.rows.is_empty(), || {
        let verb = if s.components_kept == 1 { "is" } else { "are" };
        format!("{} of {} {verb} cut by a face of the volume: large pores are cut more often, so the sizes lean to small ones.", s.components_cut, count(s.components_kept, "pore"))
    })
}

fn fit(s: &Summary, sizes: &Distribution) -> Vec<String> {
    let poor = s.lognormal.filter(|f| f.p < 0.05 && sizes.objects.iter().sum::<u64>() > 0);
    let close = |f: &Lognormal| if f.ks < CLOSE { ", though close to it" } else { "" };
    poor.map(|f| {
        let (close, p) = (close(&f), probability(f.p));
        format!("The sizes are not log-normal{close}: the shares of smaller pores differ by up to {:.1} % ({p}). Do not draw conclusions from µ and σ alone.", 100.0 * f.ks)
    })
    .into_iter()
    .collect()
}

fn pictures(s: &Summary) -> Vec<String> {
    one(s.reduction > 1, || {
        format!(
            "Pictures and surface show a copy reduced by {0}: {0} voxels a side as one, so that thin pores are thinner there or missing. Table and numbers do not.",
            s.reduction
        )
    })
}
