//! Writing what was made, with how it was made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use isovox_engine::{hash, mesh as engine_mesh, write as engine_write};
use isovox_formats::open::format_for;
use isovox_formats::{Input, Target, guard, mesh, picture, sequence, table};
use isovox_ops::spec::Kind;
use isovox_volume::error::At;
use isovox_volume::{MeshFound, Object, Provenance, Result, Run, SliceRow, Space, Step};
use serde_json::json;

use super::settings::Settings;
use super::talk;

/// What a chain made.
pub(crate) struct Made<'a> {
    /// The result.
    pub(crate) object: Object,
    /// The chain.
    pub(crate) steps: Vec<Step>,
    /// What was read.
    pub(crate) files: &'a [Input],
    /// Where the main input lies.
    pub(crate) space: Space,
}

/// Refuses a name that this kind of result is not written under, before anything is read.
pub(crate) fn check_name(kind: Kind, out: &Path) -> Result<()> {
    match kind {
        Kind::Table => table::check_name(out),
        Kind::Picture => picture::check_name(out),
        Kind::Figure => picture::check_figure_name(out),
        Kind::Animation => picture::check_animation_name(out),
        Kind::Mesh => mesh::check_name(out),
        _ => format_for(out).map(|_| ()),
    }
}

/// Inputs are never written over: neither by OUT nor by what is written with it.
pub(crate) fn not_inputs(out: &Path, files: &[Input], recipe: Option<&Path>) -> Result<()> {
    // Tables and pictures are one file; their names are no format's.
    let writes = format_for(out).map_or_else(|_| vec![out.to_path_buf()], |format| format.writes(out));
    guard::spare(&writes, files.iter().map(Input::path).chain(recipe))
}

/// Writes the result and its provenance: embedded where the format has room, else beside.
pub(crate) fn write(run: &Run, made: Made<'_>, out: &Path, settings: &Settings) -> Result<Vec<PathBuf>> {
    let mut provenance =
        Provenance { command: settings.told(), space: space(&made.object, made.space), steps: made.steps, inputs: hash::inputs(made.files)?, slices: kept(&made.object) };
    let text = provenance.json().to_string();
    let mut embedded = true;
    let written = match &made.object {
        Object::Volume(source) => {
            let format = format_for(out)?;
            embedded = format.embeds();
            if let Some(lost) = format.loses(source.header()) {
                talk::warn(&lost);
            }
            let target = Target { path: out.to_path_buf(), force: settings.force, provenance: Some(text) };
            engine_write::volume(run, source.as_ref(), &target)?
        }
        Object::Table(t) => {
            embedded = false;
            vec![table::write(t, out, settings.force)?]
        }
        Object::Picture(p) => vec![picture::write(p, out, settings.force, Some(&text))?],
        Object::Figure(figure, pixels) => vec![picture::write_figure(figure, pixels, out, settings.force, Some(&text))?],
        Object::Animation(animation) => vec![picture::write_animation(animation, out, settings.force, Some(&text))?],
        Object::Mesh(source) => {
            embedded = false;
            let found = engine_mesh::write(run, source.as_ref(), out, settings.force)?;
            // What it measures is known once it has flowed.
            provenance.steps.last_mut().expect("a mesh is made by a step").found = found.json();
            talk::say(&told(&found));
            vec![out.to_path_buf()]
        }
    };
    if !embedded {
        beside(run, &provenance, &made.object, &written, out)?;
    }
    Ok(written)
}

/// The slices of a volume that no affine places, and that is written all the same.
fn kept(object: &Object) -> Arc<[SliceRow]> {
    match object {
        Object::Volume(source) if source.header().verdict.kept && source.header().verdict.uniform == Some(false) => source.header().verdict.slices.clone(),
        _ => Arc::default(),
    }
}

fn space(object: &Object, input: Space) -> String {
    match object {
        Object::Volume(source) => source.header().geometry.space().name().into(),
        Object::Mesh(source) => source.world().space().name().into(),
        _ => input.name().into(),
    }
}

/// A mesh in a line.
fn told(found: &MeshFound) -> String {
    let unit = found.world.unit();
    format!("{} triangles, area {} {unit}2, volume {} {unit}3, coordinates in {unit} ({})", found.triangles, found.area, found.volume, found.world.name())
}

/// Whether an output is a folder of slices.
fn is_slices(out: &Path) -> bool {
    out.file_name().is_some_and(|n| n.to_string_lossy().contains('#'))
}

/// Where the provenance of an output lies: `OUT.provenance.json`, or in the folder of a sequence.
fn provenance_of(out: &Path) -> PathBuf {
    if is_slices(out) {
        return out.with_file_name("provenance.json");
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".provenance.json");
    PathBuf::from(name)
}

/// The provenance beside an output, with times; it belongs to OUT and is replaced with it.
fn beside(run: &Run, provenance: &Provenance, object: &Object, written: &[PathBuf], out: &Path) -> Result<()> {
    let name = provenance_of(out);
    let mut json = provenance.json();
    let map = json.as_object_mut().expect("made as an object");
    if let Object::Volume(source) = object {
        // What the file itself has no room for.
        let header = source.header();
        map.insert("quantity".into(), header.quantity.kind.name().into());
        map.insert("affine_mm".into(), json!(header.geometry.affine()));
    }
    if is_slices(out) {
        map.insert(sequence::FILES.into(), sequence::listed(written)?);
    }
    isovox_jobs::clock::timed(run, &mut json);
    isovox_formats::staged::write_file(&name, true, format!("{json:#}\n").as_bytes()).at(out).map(|_| ())
}
