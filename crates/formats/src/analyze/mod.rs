//! Analyze 7.5: a header (`.hdr`) and an image (`.img`), each plain or gzip, both byte orders. Read only.
//!
//! Source: `dbh.h` of the Mayo Clinic's ANALYZE 7.5 file format document; types of SPM's extension. It states no
//! orientation that its writers agree on, so the space is local.

mod read;

#[cfg(test)]
mod tests;

use isovox_volume::Result;

use crate::format::{Format, Given, Scan};
use crate::nifti::pair;
use crate::open::OpenOptions;

/// Analyze 7.5.
pub struct Analyze;

impl Format for Analyze {
    fn name(&self) -> &'static str {
        "analyze"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    /// What NIfTI, which is asked first, leaves of its pairs' names.
    fn recognises(&self, given: &Given, _head: &[u8]) -> bool {
        pair::chosen(given).is_some_and(pair::is_pair)
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        read::open(&given)
    }
}
