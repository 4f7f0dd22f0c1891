//! Writing what was made, with how it was made.

use std::path::{Path, PathBuf};

use isovox_engine::{hash, mesh as engine_mesh, write as engine_write};
use isovox_formats::open::format_for;
use isovox_formats::{Input, Target, mesh, picture, table};
use isovox_ops::spec::Kind;
use isovox_volume::error::At;
use isovox_volume::{MeshFound, Object, Provenance, Result, Run, Step};
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

/// Writes the result and its provenance: embedded where the format has room, else beside.
pub(crate) fn write(run: &Run, made: Made<'_>, out: &Path, settings: &Settings) -> Result<Vec<PathBuf>> {
    let mut provenance = Provenance { command: settings.told(), space: space(&made.object), steps: made.steps, inputs: hash::inputs(made.files)? };
    let text = provenance.json().to_string();
    let mut embedded = true;
    let written = match &made.object {
        Object::Volume(source) => {
            embedded = format_for(out)?.embeds();
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
        beside(run, &provenance, out)?;
    }
    Ok(written)
}

fn space(object: &Object) -> String {
    match object {
        Object::Volume(source) => source.header().geometry.space().name().into(),
        Object::Mesh(source) => source.world().space().name().into(),
        _ => String::new(),
    }
}

/// A mesh in a line.
fn told(found: &MeshFound) -> String {
    let unit = found.world.unit();
    format!("{} triangles, area {} {unit}2, volume {} {unit}3, coordinates in {unit} ({})", found.triangles, found.area, found.volume, found.world.name())
}

/// Where the provenance of an output lies: `OUT.provenance.json`, or in the folder of a sequence.
fn provenance_of(out: &Path) -> PathBuf {
    if out.file_name().is_some_and(|n| n.to_string_lossy().contains('#')) {
        return out.with_file_name("provenance.json");
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".provenance.json");
    PathBuf::from(name)
}

/// The provenance beside an output, with times; it belongs to OUT and is replaced with it.
fn beside(run: &Run, provenance: &Provenance, out: &Path) -> Result<()> {
    let name = provenance_of(out);
    let mut json = provenance.json();
    let map = json.as_object_mut().expect("made as an object");
    map.insert("created".into(), json!(isovox_jobs::clock::now()));
    map.insert("phases".into(), run.phases().iter().map(|(name, seconds)| json!({"name": name, "seconds": seconds})).collect());
    map.insert("peak_memory_mb".into(), json!(isovox_jobs::clock::peak_memory_mb()));
    isovox_formats::staged::write_file(&name, true, format!("{json:#}\n").as_bytes()).at(out).map(|_| ())
}
