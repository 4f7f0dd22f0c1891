//! Pores as bodies: surface, picture, flight.

use std::sync::Arc;

use isovox_engine::adapt::facet::FacetSource;
use isovox_engine::collect::collect;
use isovox_engine::mesh;
use isovox_formats::picture;
use isovox_ops::picture::volume_render::Render;
use isovox_ops::surface::surface::{Axes, Surface};
use isovox_volume::{Animation, Palette, Result, Run, Source};

use super::pictures::{Shown, reduced, upright, views};
use crate::folder::Folder;

/// Frames of the flight at most: a report holds it.
const FRAMES: usize = 100;

/// Hundredths of a second that a frame is seen.
const FRAME: u16 = 8;

/// Voxels a side of what is rendered at most, and pixels of its picture: both are held whole.
const BODY: usize = 128;
const PIXELS: usize = 420;

/// Three views, and the flight along z.
pub(super) fn flight(run: &Run, small: &Shown, folder: &Folder) -> Result<()> {
    let header = small.labels.header();
    let every = header.nz().div_ceil(FRAMES);
    let mut film: Option<Animation> = None;
    let mut z = 0;
    views(run, small, folder, |slice| {
        if z % every == 0 {
            let frame = upright(slice, header);
            film.get_or_insert_with(|| Animation { width: frame.width, height: frame.height, palette: Palette::Colours, frames: Vec::new(), centiseconds: FRAME }).push(&frame);
        }
        z += 1;
    })?;
    film.map_or(Ok(()), |film| picture::write_animation(&film, &folder.path("flythrough.gif"), false, None).map(|_| ()))
}

/// The surface of labelled pores; there is at least one.
pub(super) fn surface(run: &Run, labels: &Arc<dyn Source>, folder: &Folder) -> Result<()> {
    labels.prepare(run)?;
    let surface = FacetSource::new("surface", Arc::new(Surface { level: None, label: None, world: Axes::Lps }), labels.clone())?;
    mesh::write(run, &surface, &folder.path("surface.stl"), false).map(|_| ())
}

/// The picture of labelled pores from outside.
pub(super) fn render(run: &Run, labels: &Arc<dyn Source>, folder: &Folder) -> Result<()> {
    let header = labels.header();
    let factor = header.nx().max(header.ny()).max(header.nz()).div_ceil(BODY);
    let body = reduced(labels, factor)?;
    body.prepare(run)?;
    let whole = collect(run, body.as_ref(), "render")?;
    drop(body);
    let drawn = Render { size: PIXELS, ..Render::default() }.picture(whole.volume(), factor);
    picture::write_inside(&drawn, &folder.path("render.png"))
}
