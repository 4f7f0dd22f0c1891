//! Pores as bodies: surface, picture, flight.

use isovox_formats::picture;
use isovox_volume::{Result, Run, Source};

use crate::folder::Folder;

/// Nothing yet.
pub(super) fn write(_run: &Run, _labels: &dyn Source, _folder: &Folder) -> Result<()> {
    let _ = picture::write_inside;
    Ok(())
}
