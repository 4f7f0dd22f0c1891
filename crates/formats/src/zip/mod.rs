//! Zip.
use isovox_volume::Result;
use crate::format::{Format, Given, Scan};
use crate::open::OpenOptions;
/// Zip.
pub struct Zip;
impl Format for Zip {
    fn name(&self) -> &'static str { "zip" }
    fn endings(&self) -> &'static [&'static str] { &[] }
    fn recognises(&self, _given: &Given, _head: &[u8]) -> bool { false }
    fn open(&self, _given: Given, _options: &OpenOptions) -> Result<Scan> { unreachable!() }
}
