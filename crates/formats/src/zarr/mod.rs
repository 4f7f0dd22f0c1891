//! Zarr 2 and 3, plain arrays and OME-Zarr 0.4 and 0.5: folders, or the same in ZIP archives. The full size is opened.
//!
//! Sources: the Zarr specifications, versions 2 and 3 with its codecs, and the OME-NGFF specification. Every chunk is decoded
//! into no more than its metadata say, whatever its bytes claim.

mod array;
mod blosc;
mod codec;
mod lz;
mod multiscales;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;

use isovox_volume::{Error, Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;

/// Zarr.
pub struct Zarr;

/// Files that say what a folder of a store is, in the order they are looked for.
const MARKS: [&str; 4] = ["zarr.json", ".zarray", ".zattrs", ".zgroup"];

/// Attributes of our own: provenance, and the place where OME's scale and translation cannot say it.
const PROVENANCE: &str = "isovox";
const SPACE: &str = "isovox_space";
const AFFINE: &str = "isovox_affine_mm";

/// The mark of a folder that is a Zarr store, or a part of one.
pub(crate) fn mark(folder: &Path) -> Option<Input> {
    MARKS.iter().find_map(|name| Input::file(&folder.join(name)).ok())
}

/// The mark of the outermost store among an archive's entries.
pub(crate) fn outermost(names: &[String]) -> Option<&String> {
    let marked = names.iter().filter(|n| MARKS.contains(&n.rsplit('/').next().unwrap_or(n)));
    let rank = |name: &str| MARKS.iter().position(|m| name.ends_with(m));
    marked.min_by_key(|n| (n.matches('/').count(), rank(n)))
}

impl Format for Zarr {
    fn name(&self) -> &'static str {
        "zarr"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ome.zarr", "zarr"]
    }

    fn recognises(&self, given: &Given, _head: &[u8]) -> bool {
        matches!(given, Given::One(input) if MARKS.contains(&input.name().rsplit('/').next().unwrap_or_default()))
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        match given {
            Given::One(input) => read::open(&input),
            Given::Many(_) => Err(Error::unsupported("several Zarr stores at once").help("open them one by one")),
        }
    }

    fn embeds(&self) -> bool {
        true
    }

    fn holds(&self, header: &Header) -> Result<()> {
        write::holds(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::create(target, header)
    }
}
