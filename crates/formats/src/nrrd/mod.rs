//! NRRD: `.nrrd` (header and voxels) and `.nhdr` (header beside the voxels).
//!
//! Source: "Definition of NRRD File Format" of Teem, versions NRRD0001 to NRRD0005. Lengths are mm where no unit is named.

mod axes;
mod data;
mod header;
mod place;
mod read;
mod segments;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use isovox_volume::{Header, Result, Sink};

use crate::format::{self, Format, Given, Scan, Target};
use crate::open::OpenOptions;

/// NRRD.
pub struct Nrrd;

impl Format for Nrrd {
    fn name(&self) -> &'static str {
        "nrrd"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["nrrd", "nhdr"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        let header = format::header_among(given, &["nhdr", "nrrd"], &read::DATA);
        header.is_some_and(|input| head.starts_with(b"NRRD") || input.ends("nrrd") || input.ends("nhdr"))
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        read::open(&given, options)
    }

    fn takes(&self) -> &'static [&'static str] {
        &["allow-outside"]
    }

    fn writes(&self, target: &Path) -> Vec<PathBuf> {
        [Some(target.to_path_buf()), write::detached(target).then(|| target.with_extension("raw"))].into_iter().flatten().collect()
    }

    fn embeds(&self) -> bool {
        true
    }

    fn holds(&self, header: &Header) -> Result<()> {
        format::even(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::create(target, header)
    }
}
