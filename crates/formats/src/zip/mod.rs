//! ZIP archives of one scan in any of the other formats, read without unpacking them to a folder.
//!
//! Source: PKWARE's APPNOTE 6.3; stored and deflated entries, ZIP64.

mod bytes;
mod choose;
mod directory;

#[cfg(test)]
mod tests;

use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use crate::format::{Format, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;

pub(crate) use directory::Directory;

/// Its name in `info`.
pub(crate) const NAME: &str = "zip";

/// A ZIP archive.
pub struct Zip;

/// The inputs of the one scan that an archive holds.
pub(crate) fn inside(input: &Input, options: &OpenOptions) -> Result<Given> {
    choose::inside(input, options).map(|(_, given, _)| given)
}

/// Whether bytes begin as a ZIP archive does, an empty one included.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

impl Format for Zip {
    fn name(&self) -> &'static str {
        NAME
    }

    /// None: volumes are not written into archives.
    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        matches!(given, Given::One(input) if is_zip(head) || input.ends("zip"))
    }

    /// All: what it holds may be of any format, which is asked again.
    fn takes(&self) -> &'static [&'static str] {
        &["size", "endian", "offset", "gap", "white-is-zero", "affine", "series", "padding"]
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        match given {
            Given::One(input) => choose::open(&input, options).at(input.path()),
            Given::Many(_) => Err(Error::parameter("several archives at once").expected("one")),
        }
    }
}
