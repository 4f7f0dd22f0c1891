//! TIFF (revision 6.0) and `BigTIFF`: stacks of pages, as microscopes, `ImageJ` and `tifffile` write them.
//!
//! Values are those stored. Pages are planes; `ImageJ`'s time points and channels become frames. A voxel size is taken
//! only where a unit of length is stated.

mod ahead;
mod bits;
mod codec;
mod ifd;
mod lzw;
mod ome;
mod page;
mod pages;
mod place;
mod predictor;
mod read;
mod scale;
mod stack;
#[cfg(test)]
mod tests;
mod text;
mod turned;
mod write;

use isovox_volume::{Error, Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;

pub(crate) use bits::{half, unpack};
pub(crate) use text::{own, own_geometry};
pub(crate) use write::{picture, storable};

/// TIFF and `BigTIFF`.
pub struct Tiff;

/// Whether bytes begin as a TIFF file does.
pub(crate) fn is_tiff(head: &[u8]) -> bool {
    matches!(head.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
}

/// Opens one TIFF file.
pub(crate) fn open(input: &Input, options: &OpenOptions) -> Result<Scan> {
    read::open(input, options)
}

impl Format for Tiff {
    fn name(&self) -> &'static str {
        "tiff"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["tif", "tiff"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        matches!(given, Given::One(_)) && is_tiff(head)
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        match given {
            Given::One(input) => open(&input, options),
            Given::Many(_) => Err(Error::parameter("several files as one TIFF").expected("one file")),
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["white-is-zero"]
    }

    fn embeds(&self) -> bool {
        true
    }

    fn holds(&self, header: &Header) -> Result<()> {
        storable(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::create(target, header)
    }
}
