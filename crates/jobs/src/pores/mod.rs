//! The pores of a rock: threshold, label, measure, and show.
//!
//! Definitions: `isovox pores --help` and the project's contract; porosity is pore voxels over all voxels (or those of a
//! mask), a pore is a connected component, numbered in raster order of its first voxel.

mod counts;
mod phase;
mod pictures;
mod summary;
mod views;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use isovox_engine::adapt::join::JoinSource;
use isovox_engine::adapt::labelled::Labelled;
use isovox_engine::adapt::point::PointSource;
use isovox_engine::adapt::reduce::fold;
use isovox_engine::{Opened, hash};
use isovox_formats::{Target, table};
use isovox_ops::Connectivity;
use isovox_ops::intensity::histogram::Histogram;
use isovox_ops::intensity::levels::Levels;
use isovox_ops::intensity::otsu::{number, separate};
use isovox_ops::label::label::Label;
use isovox_ops::measure::measure::Measure;
use isovox_ops::measure::objects::Objects;
use isovox_ops::spec::Value;
use isovox_volume::error::At;
use isovox_volume::{Error, Header, Quantity, QuantityKind, Result, Run, Runs, Source, Step, Type};
use serde_json::{Value as Json, json};

use crate::folder::Folder;
use counts::PlaneCounts;
use phase::{Inside, Phase};
use pictures::Window;
pub use summary::Summary;

/// What the user asked for.
pub struct Options {
    /// The threshold; Otsu's of the whole volume when not given.
    pub threshold: Option<f64>,
    /// Which side is pore, when the user says so; dark otherwise.
    pub bright: Option<bool>,
    /// What connects.
    pub connectivity: Connectivity,
    /// The least size kept, voxels.
    pub min_voxels: u64,
    /// The part that counts.
    pub within: Option<Opened>,
    /// The ending of the label file.
    pub format: String,
    /// The words of the command, paths by base name.
    pub command: Vec<String>,
}

/// What was found on the way, and the runs of the pores.
struct Found {
    threshold: Option<f64>,
    pores: Arc<dyn Source>,
    steps: Vec<Step>,
    window: Window,
}

/// Runs the job into a folder.
pub fn pores(run: &Run, scan: &Opened, options: &Options, out: &Path) -> Result<Summary> {
    let header = scan.source.header();
    check(header, options)?;
    let folder = Folder::begin(out, "pores")?;
    scan.source.prepare(run)?;
    if let Some(mask) = &options.within {
        header.same_grid(mask.source.header(), "the mask of --within")?;
        mask.source.prepare(run)?;
    }
    let found = find(run, scan, options)?;
    let label = Label { connectivity: options.connectivity, any: true };
    let joined = JoinSource::new("label", Arc::new(label), found.pores.clone())?;
    joined.prepare(run)?;
    let runs = joined.runs().ok_or_else(|| Error::unsupported("pores of several frames").help("choose one with --frame N"))?;
    let all = measured(run, &joined)?;
    let total = counted(run, scan, options)?;
    let (kept, map) = keep(&all, &runs, options.min_voxels);
    let summary = Summary::new(header, found.threshold, options, &all, &kept, &runs, &total);
    let labels = Labelled::new(joined.header().clone(), Arc::new(runs.renumbered(&map)));
    write(run, scan, options, &folder, &labels, &kept, (&summary, found.window))?;
    write_provenance(run, scan, options, &folder, found, &summary)?;
    run.check()?;
    folder.finish()?;
    Ok(summary)
}

fn check(header: &Header, options: &Options) -> Result<()> {
    if header.voxel == Type::Rgb8 {
        return Err(Error::unsupported("pores of a colour volume").help("convert it to grey first"));
    }
    if header.frames.count > 1 {
        return Err(Error::unsupported(format_args!("pores of {} frames", header.frames.count)).help("choose one with --frame N"));
    }
    if options.min_voxels == 0 {
        return Err(Error::parameter("--min-voxels 0").expected("at least 1"));
    }
    Ok(())
}

/// The pore phase: the mask as it stands, or what a threshold parts.
fn find(run: &Run, scan: &Opened, options: &Options) -> Result<Found> {
    let header = scan.source.header();
    let given = options.threshold.is_some() || options.bright.is_some();
    let levels = counts(run, scan, options)?;
    let mask = header.quantity.kind == QuantityKind::Mask || header.voxel.is_integer() && only_zero_and_one(&levels);
    if mask && given {
        return Err(Error::parameter("--threshold, --dark or --bright with a mask")
            .found("a volume of 0 and 1")
            .help("a mask is the pores as it stands (1 = pore): leave the flag out"));
    }
    let (threshold, step) = if mask {
        (None, None)
    } else if let Some(t) = options.threshold {
        (Some(t), Some(("threshold", json!({"threshold": number(t)}))))
    } else {
        let t = separate(&levels.occurring()).ok_or_else(|| constant(&levels))?;
        (Some(t), Some(("otsu", json!({"threshold": number(t)}))))
    };
    let dark = !options.bright.unwrap_or(false);
    let phase = PointSource::new(Arc::new(Phase { threshold, dark }), scan.source.clone())?;
    let pores: Arc<dyn Source> = match &options.within {
        Some(mask) => Arc::new(Inside::new(Arc::new(phase), mask.source.clone())),
        None => Arc::new(phase),
    };
    let steps = step.into_iter().map(|(op, found)| Step { op: op.into(), parameters: json!({"dark": dark}), found }).collect();
    Ok(Found { threshold, pores, steps, window: Window::of(&levels) })
}

fn constant(levels: &Levels) -> Error {
    let value = levels.occurring().first().map_or("no value at all".to_string(), |(v, _)| format!("{v} everywhere"));
    Error::value("otsu of a constant volume").found(value).expected("at least two values").help("check the file, or give --threshold T")
}

fn only_zero_and_one(levels: &Levels) -> bool {
    let occur: Vec<f64> = levels.occurring().into_iter().filter(|(_, n)| *n > 0).map(|(v, _)| v).collect();
    match levels {
        Levels::Each { .. } => !occur.is_empty() && occur.iter().all(|v| *v == 0.0 || *v == 1.0) && occur.contains(&1.0),
        Levels::Bins { min, max, .. } => *min == 0.0 && *max == 1.0,
        Levels::Range { .. } => false,
    }
}

/// The histogram of the volume, or of the part that counts.
fn counts(run: &Run, scan: &Opened, options: &Options) -> Result<Levels> {
    let mut inputs: Vec<&dyn Source> = vec![scan.source.as_ref()];
    inputs.extend(options.within.iter().map(|m| m.source.as_ref()));
    let value = fold(run, "histogram", &Histogram { bins: 256 }, &inputs)?;
    value.downcast::<Levels>().map(|l| *l).map_err(|_| Error::unsupported("a histogram of another kind"))
}

fn measured(run: &Run, joined: &JoinSource) -> Result<Objects> {
    let value = fold(run, "measure", &Measure { unit: None, median: false }, &[joined])?;
    value.downcast::<Objects>().map(|o| *o).map_err(|_| Error::unsupported("measures of another kind"))
}

/// Voxels that count in each slice: those of the mask, or all.
fn counted(run: &Run, scan: &Opened, options: &Options) -> Result<Vec<u64>> {
    let header = scan.source.header();
    let Some(mask) = &options.within else { return Ok(vec![header.plane() as u64; header.nz()]) };
    let value = fold(run, "mask", &PlaneCounts, &[mask.source.as_ref()])?;
    let counts = value.downcast::<Vec<u64>>().map(|v| *v).map_err(|_| Error::unsupported("counts of another kind"))?;
    if counts.iter().all(|&n| n == 0) {
        return Err(Error::value("the mask of --within is empty").help("it marks the part that counts with values other than 0"));
    }
    Ok(counts)
}

/// The objects of at least a size, numbered 1.. again, and the new number of each old one.
fn keep(all: &Objects, runs: &Runs, least: u64) -> (Objects, Vec<u32>) {
    let mut order: Vec<usize> = (0..all.rows.len()).filter(|&i| all.rows[i].voxels >= least).collect();
    order.sort_unstable_by_key(|&i| all.rows[i].number);
    let mut map = vec![0; runs.count as usize + 1];
    let mut kept = Objects::default();
    for (n, &i) in order.iter().enumerate() {
        let mut row = all.rows[i];
        map[row.number as usize] = n as u32 + 1;
        row.number = n as u64 + 1;
        kept.rows.push(row);
    }
    (kept, map)
}

fn write(run: &Run, scan: &Opened, options: &Options, folder: &Folder, labels: &Labelled, kept: &Objects, (summary, window): (&Summary, Window)) -> Result<()> {
    let path = folder.path(&format!("labels.{}", options.format));
    let told = json!({"command": options.command, "space": labels.header().geometry.space().name()}).to_string();
    let target = Target { path, force: false, provenance: Some(told) };
    let measure = Measure { unit: None, median: false };
    table::write(&measure.table(kept, &[labels.header()]), &folder.path("pores.csv"), false)?;
    let text = format!("{:#}\n", summary.json());
    isovox_formats::staged::write_file(&folder.path("summary.json"), false, text.as_bytes())?;
    pictures::write(run, scan.source.as_ref(), window, labels, &target, folder)
}

fn write_provenance(run: &Run, scan: &Opened, options: &Options, folder: &Folder, found: Found, summary: &Summary) -> Result<()> {
    let mut steps = found.steps;
    steps.push(Step { op: "label".into(), parameters: json!({"connectivity": options.connectivity.json()}), found: json!({"components": summary.components}) });
    if options.min_voxels > 1 {
        steps.push(Step { op: "remove-small".into(), parameters: json!({"min": format!("{}vox", options.min_voxels)}), found: json!({"components": summary.components_kept}) });
    }
    steps.push(Step { op: "measure".into(), parameters: json!({}), found: Json::Null });
    let mut files = scan.files.clone();
    files.extend(options.within.iter().flat_map(|m| m.files.clone()));
    let space = scan.source.header().geometry.space().name().to_string();
    let provenance = isovox_volume::Provenance { command: options.command.clone(), space, steps, inputs: hash::inputs(&files)? };
    let mut json = provenance.json();
    let map = json.as_object_mut().expect("made as an object");
    map.insert("created".into(), json!(crate::clock::now()));
    map.insert("phases".into(), run.phases().iter().map(|(name, seconds)| json!({"name": name, "seconds": seconds})).collect());
    map.insert("peak_memory_mb".into(), json!(crate::clock::peak_memory_mb()));
    isovox_formats::staged::write_file(&folder.path("provenance.json"), false, format!("{json:#}\n").as_bytes()).at(folder.target()).map(|_: PathBuf| ())
}

/// The header of a mask on a grid.
fn mask_header(header: &Header) -> Header {
    header.like(Type::U8, Quantity::certain(QuantityKind::Mask, "the pore phase"))
}
