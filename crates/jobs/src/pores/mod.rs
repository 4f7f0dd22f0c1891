//! The pores of a rock: threshold, label, measure, and show.
//!
//! Definitions: `isovox pores --help` and the project's contract; porosity is pore voxels over all voxels (or those of a
//! mask), a pore is a connected component, numbered in raster order of its first voxel.

mod charts;
mod contours;
mod counts;
mod denoise;
mod doubts;
mod finished;
mod literal;
mod peaks;
mod phase;
mod pictures;
mod report;
mod results;
mod sensitivity;
mod shapes;
mod summary;
mod views;
mod within;

use std::path::Path;
use std::sync::Arc;

use isovox_engine::adapt::join::JoinSource;
use isovox_engine::adapt::labelled::Labelled;
use isovox_engine::adapt::reduce::fold;
use isovox_engine::{Opened, hash};
use isovox_formats::Target;
use isovox_ops::Connectivity;
use isovox_ops::intensity::otsu_profile::OtsuProfile;
use isovox_ops::label::label::Label;
use isovox_ops::measure::measure::Measure;
use isovox_ops::measure::objects::Objects;
use isovox_ops::spec::Value;
use isovox_volume::run::{accounted, human};
use isovox_volume::{Error, Extent, Header, QuantityKind, Result, Run, Runs, Source, Step, Type};
use serde_json::{Value as Json, json};

use crate::folder::Folder;
pub use denoise::{Denoise, Denoised};
pub use finished::{is_finished, resized};
pub use literal::{Literal, literal};
use phase::Pores;
use pictures::{Shown, Window};
use results::{Results, json_file};
pub use sensitivity::Variant;
use summary::Counted;
pub use summary::Summary;
pub use within::Within;

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
    pub within: Within,
    /// How noise is removed first.
    pub denoise: Option<Denoise>,
    /// Whether the published recipe is run beside.
    pub literal: bool,
    /// Whether the surface is that of all voxels, not of a reduced copy.
    pub full_surface: bool,
    /// The ending of the label file.
    pub format: String,
    /// The words of the command, paths by base name.
    pub command: Vec<String>,
}

impl Options {
    /// What a command without flags asks for.
    pub fn plain(command: Vec<String>) -> Options {
        Options {
            threshold: None,
            bright: None,
            connectivity: Connectivity::Faces,
            min_voxels: 1,
            within: Within::All,
            denoise: None,
            literal: false,
            full_surface: false,
            format: "mha".into(),
            command,
        }
    }
}

/// What was found on the way to the labels.
struct Found {
    pores: Pores,
    labels: Arc<Labelled>,
    results: Results,
}

/// Runs the job into a folder.
pub fn pores(run: &Run, scan: &Opened, options: &Options, out: &Path) -> Result<Summary> {
    check(scan.source.header(), options)?;
    room(run)?;
    let folder = Folder::begin(out, "pores")?;
    scan.source.prepare(run)?;
    let found = find(run, scan, options)?;
    write(run, scan, options, &folder, &found)?;
    run.check()?;
    folder.finish()?;
    Ok(found.results.summary)
}

fn check(header: &Header, options: &Options) -> Result<()> {
    if header.voxel == Type::Rgb8 {
        return Err(Error::unsupported("pores of a colour volume").help("give one channel of it, or a grey volume"));
    }
    if header.quantity.kind == QuantityKind::Label {
        return Err(Error::value("pores of a label volume")
            .found("numbers of objects")
            .expected("grey values, or a mask of 0 and 1")
            .help("measure tells the sizes of labelled objects"));
    }
    if header.frames.count > 1 {
        return Err(Error::unsupported(format_args!("pores of {} frames", header.frames.count)).help("choose one with --frame N"));
    }
    if matches!(options.within, Within::Auto) && options.bright == Some(true) {
        return Err(Error::parameter("--within auto with --bright")
            .expected("dark pores: auto is the bright phase, its holes filled")
            .help("give a mask of the part with --within MASK"));
    }
    if options.min_voxels == 0 {
        return Err(Error::parameter("--min-voxels 0").expected("at least 1"));
    }
    match options.threshold {
        Some(t) if !t.is_finite() => Err(Error::parameter(format_args!("--threshold {t}")).expected("a number")),
        _ => Ok(()),
    }
}

/// The least `--memory`: labels, and the pictures that are drawn whole.
const LEAST: usize = 112_000_000;

/// Refuses what the pictures alone would go over.
fn room(run: &Run) -> Result<()> {
    if run.free() >= accounted(LEAST) {
        return Ok(());
    }
    Err(Error::memory("pores, with pictures of the whole volume").found(format_args!("{} free", human(run.free()))).help(format_args!("give --memory {}MB", LEAST / 1_000_000)))
}

fn find(run: &Run, scan: &Opened, options: &Options) -> Result<Found> {
    let header = scan.source.header();
    let grey = options.denoise.map_or_else(|| Ok(scan.source.clone()), |by| by.apply(scan.source.clone()))?;
    grey.prepare(run)?;
    let within = options.within.mask(run, &grey)?;
    let pores = Pores::find(run, grey.clone(), within.clone(), options)?;
    let labelled = Arc::new(JoinSource::new("label", Arc::new(Label { connectivity: options.connectivity, any: true }), pores.phase.clone())?);
    labelled.prepare(run)?;
    let runs = labelled.runs().ok_or_else(|| Error::unsupported("pores of several frames").help("choose one with --frame N"))?;
    let all = measured(run, &labelled)?;
    let total = within::counted(run, header, within.as_ref())?;
    let (kept, map) = keep(&all, &runs, options.min_voxels);
    let mut summary = Summary::new(header, options, pores.threshold, &Counted { all: &all, kept: &kept, runs: &runs, within: &total });
    let voxels = total.iter().sum();
    summary.sensitivity = sensitivity::variants(run, &pores, &labelled, options.connectivity, &all, voxels)?;
    if pores.threshold.is_some() {
        summary.otsu_z = Some(drift(run, grey.as_ref())?);
    }
    if let Some(by) = options.denoise {
        let plain = Pores::find(run, scan.source.clone(), within, options)?;
        let threshold = plain.threshold.filter(|_| options.threshold.is_none());
        summary.denoise = Some(Denoised::compare(run, by, (plain.phase, threshold), pores.phase.as_ref(), options.connectivity, voxels)?);
    }
    summary.warnings.extend(header.warnings.iter().map(|w| sentence(w)));
    summary.warnings.extend(pores.left_out(voxels));
    summary.warnings.extend(pores.doubt.clone());
    let literal = options.literal.then(|| literal(run, &scan.source)).transpose()?;
    let labels = Arc::new(Labelled::new(labelled.header().clone(), Arc::new(runs.renumbered(&map))));
    summary.reduction = reduction(header);
    let results = Results::new(labels.header().clone(), summary, kept, literal);
    Ok(Found { pores, labels, results })
}

/// A warning as `summary.json` and the report have it: a sentence.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.')))
}

fn measured(run: &Run, joined: &JoinSource) -> Result<Objects> {
    let value = fold(run, "measure", &Measure { unit: None, median: false }, &[joined])?;
    value.downcast::<Objects>().map(|o| *o).map_err(|_| Error::unsupported("measures of another kind"))
}

/// Otsu's threshold of each slice.
fn drift(run: &Run, grey: &dyn Source) -> Result<Vec<f64>> {
    let value = fold(run, "otsu of each slice", &OtsuProfile { bins: 256 }, &[grey])?;
    let rows = value.downcast::<Vec<isovox_ops::intensity::otsu_profile::Row>>().map_err(|_| Error::unsupported("thresholds of another kind"))?;
    Ok(rows.iter().map(|r| r.threshold).collect())
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

fn write(run: &Run, scan: &Opened, options: &Options, folder: &Folder, found: &Found) -> Result<()> {
    let provenance = provenance(scan, options, found)?;
    let target = Target { path: folder.path(&format!("labels.{}", options.format)), force: false, provenance: Some(embedded(&provenance)) };
    let factor = found.results.summary.reduction;
    let shown = Shown::new(scan.source.clone(), found.labels.clone(), Window::of(&found.pores.levels));
    pictures::slices(run, &shown, factor, &target, folder)?;
    let bodies = found.results.summary.components_kept > 0;
    let small = shown.reduced(Extent::cube(factor))?;
    shapes::flight(run, &small, folder)?;
    if bodies {
        shapes::surface(run, if options.full_surface { &shown.labels } else { &small.labels }, folder)?;
    }
    // What was kept for views and surface makes room.
    drop(small);
    if bodies {
        shapes::render(run, &shown.labels, folder)?;
    }
    found.results.write(folder)?;
    let mut provenance = provenance;
    crate::clock::timed(run, &mut provenance);
    let name = scan.files.first().map_or("a scan", |f| f.name()).to_string();
    found.results.report(folder, &name, &provenance)?;
    json_file(folder, "provenance.json", &provenance)
}

/// How the labels were made, without times.
fn provenance(scan: &Opened, options: &Options, found: &Found) -> Result<Json> {
    let summary = &found.results.summary;
    let mut steps: Vec<Step> = options.denoise.map(Denoise::step).into_iter().chain(found.pores.steps.iter().cloned()).collect();
    steps.push(Step { op: "label".into(), parameters: json!({"connectivity": options.connectivity.json()}), found: json!({"components": summary.components}) });
    if options.min_voxels > 1 {
        steps.push(Step { op: "remove-small".into(), parameters: json!({"min": format!("{}vox", options.min_voxels)}), found: json!({"components": summary.components_kept}) });
    }
    steps.push(Step { op: "measure".into(), parameters: json!({}), found: Json::Null });
    let mut files = scan.files.clone();
    files.extend(options.within.files());
    let space = scan.source.header().geometry.space().name().to_string();
    Ok(isovox_volume::Provenance { command: options.command.clone(), space, steps, inputs: hash::inputs(&files)?, ..isovox_volume::Provenance::default() }.json())
}

/// What of it stands in the label file: no times.
fn embedded(provenance: &Json) -> String {
    json!({"command": provenance["command"], "space": provenance["space"], "inputs": provenance["inputs"]}).to_string()
}

/// Voxels a side that pictures are drawn from at most.
const SIDE: usize = 256;

/// Voxels along a side of a volume that its pictures show as one.
fn reduction(header: &Header) -> usize {
    header.nx().max(header.ny()).max(header.nz()).div_ceil(SIDE)
}
