//! Nifti.
use isovox_volume::Result;
use crate::format::{Format, Given, Scan};
use crate::open::OpenOptions;
/// Nifti.
pub struct Nifti;
impl Format for Nifti {
    fn name(&self) -> &'static str { "nifti" }
    fn endings(&self) -> &'static [&'static str] { &[] }
    fn recognises(&self, _given: &Given, _head: &[u8]) -> bool { false }
    fn open(&self, _given: Given, _options: &OpenOptions) -> Result<Scan> { unreachable!() }
}
