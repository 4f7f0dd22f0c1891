//! MetaImage: `.mha` (header and voxels) and `.mhd` (header beside the voxels).
//!
//! Source: the MetaIO documentation and what ITK's MetaIO reads and writes. World coordinates are LPS, lengths mm.

mod data;
mod header;
mod place;
mod read;
pub mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use isovox_volume::{Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::open::OpenOptions;

/// MetaImage.
pub struct MetaImage;

impl Format for MetaImage {
    fn name(&self) -> &'static str {
        "metaimage"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["mha", "mhd"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        read::chosen(given).is_some_and(|input| header::looks(head) || input.ends("mha") || input.ends("mhd"))
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        read::open(&given, options)
    }

    fn takes(&self) -> &'static [&'static str] {
        &["allow-outside"]
    }

    fn writes(&self, target: &Path) -> Vec<PathBuf> {
        let two = target.extension().is_some_and(|e| e.eq_ignore_ascii_case("mhd"));
        [Some(target.to_path_buf()), two.then(|| target.with_extension("raw"))].into_iter().flatten().collect()
    }

    fn loses(&self, header: &Header) -> Option<String> {
        write::loses(header)
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
