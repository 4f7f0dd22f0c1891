//! Slices in files of their own: TIFF, PNG, JPEG and BMP pictures, one plane each, in the natural order of their names.
//!
//! A single PNG, JPEG or BMP is a sequence of one.

mod bmp;
mod jpeg;
mod names;
mod picture;
mod png;
mod read;
mod skyscan;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use isovox_volume::{Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::open::OpenOptions;
use crate::tiff;

pub(crate) use names::{missing, runs};
pub use write::{FILES, listed};

/// The file of a folder of slices that tells how they were made.
const PROVENANCE: &str = "provenance.json";

/// Slices in files of their own.
pub struct Sequence;

impl Format for Sequence {
    fn name(&self) -> &'static str {
        "sequence"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["png", "jpg", "jpeg", "bmp"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        match given {
            Given::One(input) => matches!(picture::sniff(head), Some("png" | "jpeg")) || picture::sniff(head) == Some("bmp") && input.ends("bmp"),
            Given::Many(inputs) => {
                let pictures: Vec<_> = inputs.iter().filter(|i| names::kind(i).is_some()).collect();
                // One picture beside something larger is its preview.
                pictures.len() > 1 || pictures.first().is_some_and(|p| inputs.iter().all(|i| i.len() <= p.len()))
            }
        }
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        read::open(given, options)
    }

    fn takes(&self) -> &'static [&'static str] {
        &["white-is-zero"]
    }

    fn writes(&self, target: &Path) -> Vec<PathBuf> {
        let slices = target.file_name().is_some_and(|n| n.to_string_lossy().contains('#'));
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        vec![if slices { folder.to_path_buf() } else { target.to_path_buf() }]
    }

    fn holds(&self, header: &Header) -> Result<()> {
        tiff::storable(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::create(target, header)
    }
}
