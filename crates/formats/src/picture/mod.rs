//! Pictures as PNG, figures as SVG too, animations as GIF and animated PNG, with how they were made.

mod film;
mod png;
mod svg;

use std::path::{Path, PathBuf};

use isovox_volume::error::At;
use isovox_volume::{Animation, Error, Figure, Picture, Result};
use serde_json::Value as Json;

pub use self::film::{encode_apng, encode_gif};
pub use self::png::encode;
pub use self::svg::encode as encode_svg;
use crate::staged::{write_file, write_staged};

/// Writes a picture as PNG inside a folder that is itself staged: at once, without a sync of its own.
pub fn write_inside(picture: &Picture, path: &Path) -> Result<()> {
    check_name(path)?;
    write_staged(path, &encode(picture, None)?)
}

/// A picture that [`write_inside`] wrote; without its scale.
///
/// Errors: `NotFound` and `Io` of the file, `Corrupt` where it is no such picture.
pub fn read(path: &Path) -> Result<Picture> {
    png::decode(&std::fs::read(path).at(path)?).map_err(|e| e.within(path))
}

/// Writes a picture as PNG.
pub fn write(picture: &Picture, target: &Path, force: bool, provenance: Option<&str>) -> Result<PathBuf> {
    check_name(target)?;
    write_file(target, force, &encode(picture, provenance)?)
}

/// Writes a figure as SVG, or its pixels as PNG, by the name of the target.
pub fn write_figure(figure: &Figure, pixels: &Picture, target: &Path, force: bool, provenance: Option<&str>) -> Result<PathBuf> {
    check_figure_name(target)?;
    let bytes = if ends(target, "svg") { encode_svg(figure, provenance).into_bytes() } else { encode(pixels, provenance)? };
    write_file(target, force, &bytes)
}

/// Writes an animation as GIF, or as animated PNG, by the name of the target.
pub fn write_animation(animation: &Animation, target: &Path, force: bool, provenance: Option<&str>) -> Result<PathBuf> {
    check_animation_name(target)?;
    let bytes = if ends(target, "gif") { encode_gif(animation, provenance)? } else { encode_apng(animation, provenance)? };
    write_file(target, force, &bytes)
}

/// Refuses a name that no picture is written under.
pub fn check_name(target: &Path) -> Result<()> {
    expect(target, "a picture's name", &["png"])
}

/// Refuses a name that no figure is written under.
pub fn check_figure_name(target: &Path) -> Result<()> {
    expect(target, "a figure's name", &["png", "svg"])
}

/// Refuses a name that no animation is written under.
pub fn check_animation_name(target: &Path) -> Result<()> {
    expect(target, "an animation's name", &["gif", "png"])
}

/// The provenance in a picture that isovox wrote.
pub fn provenance(bytes: &[u8]) -> Option<Json> {
    match bytes.first() {
        Some(b'<') => svg::provenance(bytes),
        Some(b'G') => film::provenance(bytes),
        _ => png::provenance(bytes),
    }
}

/// Whether a file of this name is a picture that may say how it was made.
pub fn is_picture(path: &Path) -> bool {
    ["png", "svg", "gif"].iter().any(|e| ends(path, e))
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

fn expect(target: &Path, what: &str, endings: &[&str]) -> Result<()> {
    if endings.iter().any(|e| ends(target, e)) {
        return Ok(());
    }
    let known: Vec<String> = endings.iter().map(|e| format!(".{e}")).collect();
    Err(Error::parameter(what).found(target.display()).expected(known.join(" or ")))
}
