//! MetaImage.
use isovox_volume::Result;
use crate::format::{Format, Given, Scan};
use crate::open::OpenOptions;
/// MetaImage.
pub struct MetaImage;
impl Format for MetaImage {
    fn name(&self) -> &'static str { "metaimage" }
    fn endings(&self) -> &'static [&'static str] { &[] }
    fn recognises(&self, _given: &Given, _head: &[u8]) -> bool { false }
    fn open(&self, _given: Given, _options: &OpenOptions) -> Result<Scan> { unreachable!() }
}
