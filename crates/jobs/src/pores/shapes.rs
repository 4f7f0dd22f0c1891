//! Pores as bodies: surface, picture, flight.

use isovox_volume::{Result, Run, Source};

use super::pictures::{Shown, views};
use crate::folder::Folder;

/// Three views and the flight.
pub(super) fn flight(run: &Run, small: &Shown, folder: &Folder) -> Result<()> {
    views(run, small, folder, |_| {})
}

/// Nothing yet.
pub(super) fn write(_run: &Run, _labels: &dyn Source, _folder: &Folder) -> Result<()> {
    Ok(())
}
