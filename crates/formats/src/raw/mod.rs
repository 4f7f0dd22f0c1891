//! Raw data: voxels without a header of their own.
//!
//! What they are is said by the user, by a `MetaImage` or NRRD header, a `VGStudio` `.vgi` or `ImageJ`'s import settings
//! beside them, or by size and type in the file name; and it must fit the byte count exactly.

mod colour;
mod imagej;
mod likely;
mod name;
mod read;
mod said;
mod stack;
mod vgi;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use isovox_volume::{Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::metaimage;
use crate::open::OpenOptions;

pub(crate) use colour::{Colour, Reordered};

/// Raw data.
pub struct Raw;

/// The format's name.
pub(crate) const NAME: &str = "raw";

/// Endings of files that hold headerless voxels, or say how (`.vgi`).
const ENDINGS: [&str; 5] = ["raw", "vol", "vgi", "dat", "bin"];

/// Whether something says what a headerless file holds, so that it fits.
pub(crate) fn described(input: &Input, options: &OpenOptions) -> bool {
    read::layout(input, options).is_ok()
}

/// The data file that a settings text describes; `None` for all other files.
pub(crate) fn told_by(text: &Input) -> Option<String> {
    if !imagej::is_settings(text) {
        return None;
    }
    let base = |name: &str| name.rsplit('/').next().unwrap_or_default().to_string();
    let mut others = text.beside().into_iter().filter(|n| *n != base(text.name()) && ENDINGS.iter().any(|e| n.to_lowercase().ends_with(&format!(".{e}"))));
    let described = others.find(|n| text.sibling(n).is_ok_and(|data| imagej::beside(&data).is_some_and(|t| base(t.name()) == base(text.name()))));
    Some(described.unwrap_or_else(|| format!("{}.raw", base(text.name()).trim_end_matches(".txt").trim_end_matches(".imagej"))))
}

impl Format for Raw {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endings(&self) -> &'static [&'static str] {
        &["raw"]
    }

    fn recognises(&self, given: &Given, _head: &[u8]) -> bool {
        match given {
            Given::One(input) => ENDINGS.iter().any(|e| input.ends(e)) || name::size(input).is_some() || imagej::beside(input).is_some(),
            Given::Many(inputs) => stack::recognises(inputs),
        }
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        match given {
            Given::One(input) => read::open(&input, options),
            Given::Many(inputs) => stack::open(&inputs, options),
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["size", "endian", "offset", "gap", "white-is-zero"]
    }

    fn writes(&self, target: &Path) -> Vec<PathBuf> {
        vec![target.to_path_buf(), target.with_extension("mhd")]
    }

    fn loses(&self, header: &Header) -> Option<String> {
        metaimage::write::loses(header)
    }

    /// In the `MetaImage` header beside it.
    fn embeds(&self) -> bool {
        true
    }

    fn holds(&self, header: &Header) -> Result<()> {
        metaimage::write::holds(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        metaimage::write::pair(target, &target.path.with_extension("mhd"), &target.path, header)
    }
}
