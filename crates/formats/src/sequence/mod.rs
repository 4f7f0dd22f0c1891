//! Sequence.
use isovox_volume::Result;
use crate::format::{Format, Given, Scan};
use crate::open::OpenOptions;
/// Sequence.
pub struct Sequence;
impl Format for Sequence {
    fn name(&self) -> &'static str { "sequence" }
    fn endings(&self) -> &'static [&'static str] { &[] }
    fn recognises(&self, _given: &Given, _head: &[u8]) -> bool { false }
    fn open(&self, _given: Given, _options: &OpenOptions) -> Result<Scan> { unreachable!() }
}
