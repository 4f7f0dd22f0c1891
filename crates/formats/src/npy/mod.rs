//! Npy.
use isovox_volume::Result;
use crate::format::{Format, Given, Scan};
use crate::open::OpenOptions;
/// Npy.
pub struct Npy;
impl Format for Npy {
    fn name(&self) -> &'static str { "npy" }
    fn endings(&self) -> &'static [&'static str] { &[] }
    fn recognises(&self, _given: &Given, _head: &[u8]) -> bool { false }
    fn open(&self, _given: Given, _options: &OpenOptions) -> Result<Scan> { unreachable!() }
}
/// NPZ.
pub struct Npz;
impl Format for Npz {
    fn name(&self) -> &'static str { "npz" }
    fn endings(&self) -> &'static [&'static str] { &[] }
    fn recognises(&self, _given: &Given, _head: &[u8]) -> bool { false }
    fn open(&self, _given: Given, _options: &OpenOptions) -> Result<Scan> { unreachable!() }
}
