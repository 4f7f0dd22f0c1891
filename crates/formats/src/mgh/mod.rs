//! `FreeSurfer`'s MGH: `.mgh`, and `.mgz` which is the same through gzip. Read only.
//!
//! Source: `FreeSurfer`'s `MghFormat` page and `mri.h`. Big-endian; world coordinates are RAS, lengths mm.

mod header;
mod read;

#[cfg(test)]
mod tests;

use isovox_volume::Result;

use crate::format::{Format, Given, Scan};
use crate::open::OpenOptions;

/// MGH.
pub struct Mgh;

const ENDINGS: [&str; 3] = ["mgz", "mgh", "mgh.gz"];

impl Format for Mgh {
    fn name(&self) -> &'static str {
        "mgh"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognises(&self, given: &Given, _head: &[u8]) -> bool {
        matches!(given, Given::One(input) if ENDINGS.iter().any(|e| input.ends(e)))
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        read::open(&given)
    }
}
