//! NIfTI-1 and NIfTI-2: `.nii`, `.hdr` with `.img`, plain or gzip, both byte orders.
//!
//! Sources: `nifti1.h` and `nifti2.h` of the NIfTI Data Format Working Group. Content decides, not the file's name.

mod extensions;
mod header;
pub(crate) mod pair;
mod place;
mod read;
mod write;

#[cfg(test)]
mod tests;

use isovox_volume::{Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::open::OpenOptions;

/// Whether the first 348 bytes of a file, uncompressed, are a NIfTI header's.
pub(crate) fn begins(head: &[u8]) -> bool {
    header::magic(head)
}

/// NIfTI.
pub struct Nifti;

impl Format for Nifti {
    fn name(&self) -> &'static str {
        "nifti"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["nii.gz", "nii"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        pair::recognises(given, head)
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        read::open(&given, options)
    }

    fn takes(&self) -> &'static [&'static str] {
        &["affine"]
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
