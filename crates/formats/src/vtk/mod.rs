//! VTK images: legacy `.vtk` files of structured points, and XML image data, `.vti`. Written as `.vti`.
//!
//! Sources: "VTK File Formats" of the VTK User's Guide, and VTK's XML readers and writers. The axes mean nothing anatomical.

mod array;
mod legacy;
mod packed;
mod tags;
mod vti;
mod window;
mod write;

#[cfg(test)]
mod tests;

use isovox_volume::{Error, Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::open::OpenOptions;

/// VTK images.
pub struct Vtk;

const LEGACY: &[u8] = b"# vtk DataFile";

impl Format for Vtk {
    fn name(&self) -> &'static str {
        "vtk"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["vti"]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        let Given::One(input) = given else { return false };
        let xml = head.starts_with(b"<") && head.windows(8).any(|w| w == b"<VTKFile");
        head.starts_with(LEGACY) || xml || input.ends("vti") || input.ends("vtk")
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        let Given::One(input) = given else { return Err(Error::unsupported("several VTK files at once").help("open them one by one")) };
        if input.head(LEGACY.len())? == LEGACY { legacy::open(&input) } else { vti::open(&input) }
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
