//! A finished folder gets a voxel size: what has a unit is written anew, voxels are not computed again.

use std::path::Path;

use isovox_engine::{OpenScan, open_scan, write};
use isovox_formats::Target;
use isovox_ops::measure::objects::Objects;
use isovox_ops::spec::Lengths;
use isovox_volume::error::At;
use isovox_volume::{Error, Result, Run};
use serde_json::{Value as Json, json};

use super::literal::Literal;
use super::results::{Results, json_file};
use super::summary::Summary;
use super::{embedded, pictures, pictures::reduced, room, shapes};
use crate::folder::Folder;

/// Holds no length.
const FLIGHT: &str = "flythrough.gif";

/// Whether a folder is a finished job's.
pub fn is_finished(folder: &Path) -> bool {
    read(folder, "provenance.json").is_ok_and(|p| p["command"][1] == "pores") && folder.join("summary.json").is_file()
}

/// Rewrites a finished folder with a voxel size, as a run with that size would have written it.
pub fn resized(run: &Run, at: &Path, size: &Lengths, words: &str) -> Result<Summary> {
    room(run)?;
    let old = read(at, "provenance.json")?;
    let mut summary = Summary::read(&read(at, "summary.json")?).ok_or_else(|| damaged(at, "summary.json"))?;
    let labels = labels(at)?;
    let scan = open_scan(&[at.join(&labels)], &OpenScan { voxel_size: Some(*size), ..OpenScan::default() })?;
    scan.source.prepare(run)?;
    let header = scan.source.header().clone();
    summary.voxel_um = header.geometry.spacing().map(|s| s.map(|v| v * 1000.0));
    let literal = at.join("literal.json").is_file().then(|| read(at, "literal.json")).transpose()?.and_then(|j| Literal::read(&j));
    let kept = objects(at)?;
    // What asked for the size that is given now.
    summary.warnings.retain(|w| !w.contains("--voxel-size"));
    let results = Results::new(header.clone(), summary, kept, literal);
    let folder = Folder::begin(at, "pores")?;
    copy(&at.join(FLIGHT), &folder.path(FLIGHT))?;
    let before = open_scan(&[at.join(&labels)], &OpenScan::default())?;
    pictures::remeasured(run, at, &folder, [before.source.header(), &header], results.summary.reduction)?;
    let provenance = told(&old, words, header.geometry.space().name());
    let target = Target { path: folder.path(&labels), force: false, provenance: Some(embedded(&provenance)) };
    write::volume(run, scan.source.as_ref(), &target)?;
    if results.summary.components_kept > 0 {
        let full = old["command"].as_array().is_some_and(|words| words.iter().any(|w| w == "--full-surface"));
        let surface = if full { scan.source.clone() } else { reduced(&scan.source, results.summary.reduction)? };
        shapes::surface(run, &surface, &folder)?;
        shapes::render(run, &scan.source, &folder)?;
    }
    results.write(&folder)?;
    let name = old["inputs"][0]["name"].as_str().unwrap_or("a scan").to_string();
    results.report(&folder, &name, &provenance)?;
    json_file(&folder, "provenance.json", &provenance)?;
    run.check()?;
    folder.finish()?;
    Ok(results.summary)
}

fn damaged(at: &Path, name: &str) -> Error {
    Error::corrupt(format_args!("{name} is not what isovox pores writes")).help("run the job anew").within(at)
}

fn read(folder: &Path, name: &str) -> Result<Json> {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).at(&path)?;
    serde_json::from_str(&text).map_err(|_| damaged(folder, name))
}

/// The name of the label file.
fn labels(at: &Path) -> Result<String> {
    let names = std::fs::read_dir(at).at(at)?.flatten().filter_map(|e| e.file_name().into_string().ok());
    names.filter(|n| n.starts_with("labels.") && !n.ends_with(".provenance.json")).min().ok_or_else(|| Error::not_found("no label file").help("run the job anew").within(at))
}

/// Pores, from what the table says in voxels.
fn objects(at: &Path) -> Result<Objects> {
    let path = at.join("pores.csv");
    let text = std::fs::read_to_string(&path).at(&path)?;
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap_or_default();
    let column = |name: &str| head.iter().position(|h| *h == name).ok_or_else(|| damaged(at, "pores.csv"));
    let wanted = ["label", "voxels", "min_i", "min_j", "min_k", "max_i", "max_j", "max_k", "centroid_i", "centroid_j", "centroid_k"];
    let columns = wanted.iter().map(|name| column(name)).collect::<Result<Vec<_>>>()?;
    let mut objects = Objects::default();
    for cells in lines {
        let v: Vec<f64> = columns.iter().filter_map(|&c| cells.get(c)?.parse().ok()).collect();
        let &[label, voxels, i0, j0, k0, i1, j1, k1, ci, cj, ck] = v.as_slice() else { return Err(damaged(at, "pores.csv")) };
        let row = objects.row_of(label as u64, false);
        let row = &mut objects.rows[row];
        row.voxels = voxels as u64;
        (row.min, row.max) = ([i0, j0, k0].map(|v| v as u32), [i1, j1, k1].map(|v| v as u32));
        // The sum of whole indices: the mean reads back equal, so its product is off by less than a half.
        row.sum = [ci, cj, ck].map(|c| (c * voxels).round() as u64);
    }
    Ok(objects)
}

/// The provenance of the run that would have had this size.
fn told(old: &Json, words: &str, space: &str) -> Json {
    let mut json = old.clone();
    if let Some(command) = json["command"].as_array_mut() {
        if let Some(at) = command.iter().position(|w| w == "--voxel-size") {
            command.drain(at..(at + 2).min(command.len()));
        }
        command.extend([json!("--voxel-size"), json!(words)]);
    }
    json["space"] = json!(space);
    json["created"] = json!(crate::clock::now());
    json
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() { std::fs::copy(from, to).at(from).map(|_| ()) } else { Ok(()) }
}
