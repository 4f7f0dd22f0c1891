//! `NumPy` arrays: `.npy` (versions 1, 2 and 3) and `.npz` (a ZIP of them).
//!
//! Index order is the array's own: `arr[z, y, x]`, `arr[frame, z, y, x]`, or `arr[y, x]` for one plane. Arrays state no
//! geometry. Source: the documentation of `numpy.lib.format`.

mod dtype;
mod fortran;
mod half;
mod header;
mod literal;
mod npz;
mod read;
mod write;

#[cfg(test)]
mod tests;

use isovox_volume::{Error, Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;

/// One array: `.npy`.
pub struct Npy;

/// Several arrays, of which one is the volume: `.npz`.
pub struct Npz;

fn one(given: Given) -> Result<Input> {
    match given {
        Given::One(input) => Ok(input),
        Given::Many(_) => Err(Error::parameter("several NumPy files at once").expected("one file").help("open them one by one")),
    }
}

/// An array is numbers alone.
fn loses(header: &Header) -> Option<String> {
    header.geometry.has_scale().then(|| "NumPy files hold no geometry: spacing and place stand in the .provenance.json beside it alone".into())
}

impl Format for Npy {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        matches!(given, Given::One(input) if head.starts_with(header::MAGIC) || input.ends("npy"))
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        read::open(&one(given)?)
    }

    fn loses(&self, header: &Header) -> Option<String> {
        loses(header)
    }

    fn holds(&self, _header: &Header) -> Result<()> {
        Ok(())
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::npy(target, header)
    }
}

impl Format for Npz {
    fn name(&self) -> &'static str {
        "npy"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npz"]
    }

    fn recognises(&self, given: &Given, _head: &[u8]) -> bool {
        matches!(given, Given::One(input) if input.ends("npz"))
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        npz::open(&one(given)?, options)
    }

    fn loses(&self, header: &Header) -> Option<String> {
        loses(header)
    }

    fn holds(&self, _header: &Header) -> Result<()> {
        Ok(())
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::npz(target, header)
    }
}
