//! The pores of a rock: threshold, label, measure, and show.
//!
//! Definitions: `isovox pores --help` and the project's contract; porosity is pore voxels over all voxels (or those of a
//! mask), a pore is a connected component, numbered in raster order of its first voxel.

mod contours;
mod counts;
mod denoise;
mod literal;
mod phase;
mod pictures;
mod sensitivity;
mod summary;
mod views;
mod within;

use std::path::Path;
use std::sync::Arc;

use isovox_engine::adapt::join::JoinSource;
use isovox_engine::adapt::labelled::Labelled;
use isovox_engine::adapt::reduce::fold;
use isovox_engine::{Opened, hash};
use isovox_formats::{Target, table};
use isovox_ops::Connectivity;
use isovox_ops::intensity::otsu_profile::OtsuProfile;
use isovox_ops::label::label::Label;
use isovox_ops::measure::measure::{Measure, Unit};
use isovox_ops::measure::objects::Objects;
use isovox_ops::measure::size_distribution::{Border, Size, SizeDistribution};
use isovox_ops::spec::Value;
use isovox_volume::{Error, Header, QuantityKind, Result, Run, Runs, Source, Step, Type};
use serde_json::{Value as Json, json};

use crate::folder::Folder;
pub use denoise::{Denoise, Denoised};
pub use literal::Literal;
use phase::Pores;
use pictures::Window;
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
            format: "mha".into(),
            command,
        }
    }
}

/// What was found on the way to the labels.
struct Found {
    pores: Pores,
    labels: Labelled,
    kept: Objects,
    summary: Summary,
    literal: Option<Literal>,
}

/// Runs the job into a folder.
pub fn pores(run: &Run, scan: &Opened, options: &Options, out: &Path) -> Result<Summary> {
    check(scan.source.header(), options)?;
    let folder = Folder::begin(out, "pores")?;
    scan.source.prepare(run)?;
    let found = find(run, scan, options)?;
    write(run, scan, options, &folder, &found)?;
    write_provenance(run, scan, options, &folder, &found)?;
    run.check()?;
    folder.finish()?;
    Ok(found.summary)
}

fn check(header: &Header, options: &Options) -> Result<()> {
    if header.voxel == Type::Rgb8 {
        return Err(Error::unsupported("pores of a colour volume").help("give one channel of it, or a grey volume"));
    }
    if header.quantity.kind == QuantityKind::Label {
        return Err(Error::value("pores of a label volume").found("numbers of objects").expected("grey values, or a mask of 0 and 1").help("measure tells the sizes of labelled objects"));
    }
    if header.frames.count > 1 {
        return Err(Error::unsupported(format_args!("pores of {} frames", header.frames.count)).help("choose one with --frame N"));
    }
    if options.min_voxels == 0 {
        return Err(Error::parameter("--min-voxels 0").expected("at least 1"));
    }
    match options.threshold {
        Some(t) if !t.is_finite() => Err(Error::parameter(format_args!("--threshold {t}")).expected("a number")),
        _ => Ok(()),
    }
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
    summary.lognormal = distribution(Size::Volume).of(&kept, header).fit;
    if pores.threshold.is_some() {
        summary.otsu_z = Some(drift(run, grey.as_ref())?);
    }
    if let Some(by) = options.denoise {
        let plain = Pores::find(run, scan.source.clone(), within, options)?;
        let threshold = plain.threshold.filter(|_| options.threshold.is_none());
        summary.denoise = Some(Denoised::compare(run, by, (plain.phase, threshold), pores.phase.as_ref(), options.connectivity, voxels)?);
    }
    summary.warnings.extend(pores.left_out(voxels));
    let literal = options.literal.then(|| literal::literal(run, &scan.source)).transpose()?;
    let labels = Labelled::new(labelled.header().clone(), Arc::new(runs.renumbered(&map)));
    Ok(Found { pores, labels, kept, summary, literal })
}

fn measured(run: &Run, joined: &JoinSource) -> Result<Objects> {
    let value = fold(run, "measure", &Measure { unit: None, median: false }, &[joined])?;
    value.downcast::<Objects>().map(|o| *o).map_err(|_| Error::unsupported("measures of another kind"))
}

/// Sizes of pores that no face cuts, in um where the volume has a scale.
fn distribution(of: Size) -> SizeDistribution {
    SizeDistribution { of, border: Border::LeaveOut, bins: 20, unit: Some(Unit::Um) }
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
    let path = folder.path(&format!("labels.{}", options.format));
    let told = json!({"command": options.command, "space": found.labels.header().geometry.space().name()}).to_string();
    let target = Target { path, force: false, provenance: Some(told) };
    let measure = Measure { unit: None, median: false };
    table::write(&measure.table(&found.kept, &[found.labels.header()]), &folder.path("pores.csv"), false)?;
    json_file(folder, "summary.json", &found.summary.json())?;
    if let Some(literal) = &found.literal {
        json_file(folder, "literal.json", &literal.json())?;
    }
    pictures::write(run, scan.source.as_ref(), Window::of(&found.pores.levels), &found.labels, &target, folder)
}

fn json_file(folder: &Folder, name: &str, json: &Json) -> Result<()> {
    isovox_formats::staged::write_file(&folder.path(name), false, format!("{json:#}\n").as_bytes()).map(|_| ())
}

fn write_provenance(run: &Run, scan: &Opened, options: &Options, folder: &Folder, found: &Found) -> Result<()> {
    let summary = &found.summary;
    let mut steps: Vec<Step> = options.denoise.map(Denoise::step).into_iter().chain(found.pores.steps.iter().cloned()).collect();
    steps.push(Step { op: "label".into(), parameters: json!({"connectivity": options.connectivity.json()}), found: json!({"components": summary.components}) });
    if options.min_voxels > 1 {
        steps.push(Step { op: "remove-small".into(), parameters: json!({"min": format!("{}vox", options.min_voxels)}), found: json!({"components": summary.components_kept}) });
    }
    steps.push(Step { op: "measure".into(), parameters: json!({}), found: Json::Null });
    let mut files = scan.files.clone();
    files.extend(options.within.files());
    let space = scan.source.header().geometry.space().name().to_string();
    let provenance = isovox_volume::Provenance { command: options.command.clone(), space, steps, inputs: hash::inputs(&files)? };
    let mut json = provenance.json();
    let map = json.as_object_mut().expect("made as an object");
    map.insert("created".into(), json!(crate::clock::now()));
    map.insert("phases".into(), run.phases().iter().map(|(name, seconds)| json!({"name": name, "seconds": seconds})).collect());
    map.insert("peak_memory_mb".into(), json!(crate::clock::peak_memory_mb()));
    json_file(folder, "provenance.json", &json)
}
