//! The pore job on phantoms, measured beside true.

use std::path::{Path, PathBuf};

use isovox_engine::{OpenScan, open_scan, write};
use isovox_formats::{Target, table};
use isovox_volume::error::At;
use isovox_volume::{Result, Run, Source};
use serde_json::Value as Json;

use crate::phantom::{Kind, Phantom};
use crate::pores::{Options, Summary, pores};

/// A value beside its truth.
#[derive(Clone, Debug)]
pub struct Check {
    /// The phantom.
    pub phantom: &'static str,
    /// What is measured.
    pub name: &'static str,
    /// Its unit; empty for counts and shares.
    pub unit: &'static str,
    /// What is true.
    pub truth: f64,
    /// What was measured.
    pub measured: f64,
    /// The share of the truth by which it may be off.
    pub tolerance: f64,
}

impl Check {
    /// Whether the truth was met.
    pub fn met(&self) -> bool {
        (self.measured - self.truth).abs() <= self.tolerance * self.truth.abs()
    }
}

/// The spacing of the phantoms, mm.
const SPACING: f64 = 0.005;

/// Phantoms whose pores are counted, and the share by which porosity may be off: a threshold in the grey ramp moves surfaces
/// by a small part of a voxel.
const KINDS: [(Kind, f64); 4] = [(Kind::Rock, 0.02), (Kind::RockEnds, 0.02), (Kind::RockIslands, 0.02), (Kind::Beads, 0.02)];

/// Makes the phantoms in a folder, runs the job on each, and compares.
pub fn demo(run: &Run, folder: &Path) -> Result<Vec<Check>> {
    std::fs::create_dir_all(folder).at(folder)?;
    let mut checks = Vec::new();
    for (kind, tolerance) in KINDS {
        let phantom = Phantom::new(kind, None, None, Some([SPACING; 3]))?;
        let truth = phantom.truth();
        let path = folder.join(format!("{}.tif", kind.name()));
        phantom.prepare(run)?;
        write::volume(run, &phantom, &Target { path: path.clone(), force: true, provenance: None })?;
        let summary = job(run, &path, &folder.join(format!("{}-pores", kind.name())))?;
        checks.extend(compared(kind, tolerance, &truth, &summary, folder)?);
    }
    Ok(checks)
}

fn job(run: &Run, path: &PathBuf, out: &Path) -> Result<Summary> {
    let scan = open_scan(std::slice::from_ref(path), &OpenScan::default())?;
    let name = |p: &Path| p.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
    let command = ["isovox", "pores", &name(path), "-o", &name(out)].map(String::from).to_vec();
    pores(run, &scan, &Options::plain(command), out)
}

fn compared(kind: Kind, tolerance: f64, truth: &Json, summary: &Summary, folder: &Path) -> Result<Vec<Check>> {
    let check = |name, unit, truth, measured, tolerance| Check { phantom: kind.name(), name, unit, truth, measured, tolerance };
    let mut checks = vec![check("porosity", "", truth["porosity"].as_f64().unwrap_or(f64::NAN), summary.porosity, tolerance)];
    checks.push(check("pores", "", truth["components"]["6"].as_f64().unwrap_or(f64::NAN), summary.components as f64, 0.0));
    if let Some(radius) = greatest(truth) {
        let path = folder.join(format!("{}-pores", kind.name())).join("pores.csv");
        let measured = widest(&path)? * 1000.0;
        checks.push(check("largest pore's diameter", "um", 2.0 * radius * SPACING * 1000.0, measured, 0.01));
    }
    Ok(checks)
}

/// Radius of the ball that has the largest pore's volume, voxels; none where the phantom lists no balls.
fn greatest(truth: &Json) -> Option<f64> {
    let volume = |o: &Json| Some(o["r"].as_f64()?.powi(3) - o["inner"].as_f64().unwrap_or(0.0).powi(3));
    let largest = truth["objects"].as_array()?.iter().filter_map(volume).fold(0.0, f64::max);
    (largest > 0.0).then(|| libm::cbrt(largest))
}

fn widest(path: &Path) -> Result<f64> {
    let text = std::fs::read_to_string(path).at(path)?;
    let column = text.lines().next().and_then(|h| h.split(',').position(|c| c == "equivalent_diameter_mm")).unwrap_or(0);
    Ok(text.lines().skip(1).filter_map(|l| l.split(',').nth(column)?.parse::<f64>().ok()).fold(0.0, f64::max))
}

/// The checks as a table file, beside the results.
pub fn save(checks: &[Check], path: &Path) -> Result<PathBuf> {
    use isovox_volume::{Column, Table};
    let mut t = Table::default();
    t.push("phantom", Column::Text(checks.iter().map(|c| Some(c.phantom.into())).collect()));
    t.push("quantity", Column::Text(checks.iter().map(|c| Some(c.name.into())).collect()));
    t.push("unit", Column::Text(checks.iter().map(|c| Some(c.unit.into())).collect()));
    t.push("true", Column::floats(checks.iter().map(|c| c.truth)));
    t.push("measured", Column::floats(checks.iter().map(|c| c.measured)));
    t.push("met", Column::bools(checks.iter().map(Check::met)));
    table::write(&t, path, true)
}
