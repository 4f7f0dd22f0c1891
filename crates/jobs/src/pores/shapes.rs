//! Pores as bodies: surface, picture, flight.

use std::sync::Arc;

use isovox_engine::adapt::facet::FacetSource;
use isovox_engine::mesh;
use isovox_ops::surface::surface::{Axes, Surface};
use isovox_volume::{Result, Run, Source};

use super::pictures::{Shown, views};
use crate::folder::Folder;

/// Three views and the flight.
pub(super) fn flight(run: &Run, small: &Shown, folder: &Folder) -> Result<()> {
    views(run, small, folder, |_| {})
}

/// The surface and the picture of labelled pores; there is at least one.
pub(super) fn write(run: &Run, labels: &Arc<dyn Source>, folder: &Folder) -> Result<()> {
    labels.prepare(run)?;
    let surface = FacetSource::new("surface", Arc::new(Surface { level: None, label: None, world: Axes::Lps }), labels.clone())?;
    mesh::write(run, &surface, &folder.path("surface.stl"), false).map(|_| ())
}
