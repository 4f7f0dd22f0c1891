//! One sweep over the grey volume and its labels: the label file, a picture of each slice, the three views.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use isovox_engine::adapt::labelled::Labelled;
use isovox_engine::sweep::{Cut, Work, sweep};
use isovox_formats::{Target, create, picture};
use isovox_ops::intensity::levels::Levels;
use isovox_ops::picture::colours::colour_of;
use isovox_volume::{Data, Header, Picture, Result, Run, Scalar, Sink, Slab, Source, Type, scalar};

use super::views::Cuts;
use crate::folder::Folder;

/// Writes labels and pictures.
pub(super) fn write(run: &Run, grey: &dyn Source, window: Window, labels: &Labelled, target: &Target, folder: &Folder) -> Result<()> {
    let header = grey.header();
    let sink = create(target, labels.header())?;
    let slices = folder.sub("slices")?;
    run.begin("labels and slices", header.nz() as u64);
    let sources: [&dyn Source; 2] = [grey, labels];
    let cut = Cut::new(run, header, &sources, false);
    let cut = if sink.ordered() { cut.at_most(cut.step) } else { cut };
    let views = Mutex::new(Cuts::new(header));
    let work = Drawing { sink: sink.as_ref(), slices: &slices, digits: (header.nz() - 1).to_string().len(), header, window, views: &views };
    sweep(run, header.nz(), &sources, 0..1, cut, &work, |late| late.into_iter().try_for_each(|s: Slab| sink.write(0, s.z.clone(), s.data.bytes())))?;
    sink.finish()?;
    let views = views.into_inner().unwrap_or_else(PoisonError::into_inner).compose(header);
    picture::write_inside(&views, &folder.path("views.png"))
}

/// Grey values between black and white.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    low: f64,
    high: f64,
}

impl Window {
    /// From the value that one in a thousand voxels lies below to the one that one lies above.
    pub(super) fn of(levels: &Levels) -> Window {
        let occur = levels.occurring();
        let total: u64 = occur.iter().map(|(_, n)| n).sum();
        let at = |share: f64| {
            let mut below = 0;
            occur
                .iter()
                .find(|(_, n)| {
                    below += n;
                    below as f64 >= share * total as f64
                })
                .map_or(0.0, |(v, _)| *v)
        };
        Window { low: at(0.001), high: at(0.999) }
    }

    /// Opaque grey pixels; bytes through a table.
    fn pixels(self, voxels: &Data) -> Vec<[u8; 4]> {
        let pixel = |g: u8| [g, g, g, 255];
        if voxels.voxel() == Type::U8 {
            let table: Vec<[u8; 4]> = (0..=255u8).map(|v| pixel(self.grey(v))).collect();
            return voxels.bytes().iter().map(|&v| table[v as usize]).collect();
        }
        scalar!(voxels.voxel(), T => voxels.as_slice::<T>().iter().map(|v| pixel(self.grey(*v))).collect())
    }

    fn grey<T: Scalar>(self, value: T) -> u8 {
        let span = self.high - self.low;
        if span <= 0.0 { u8::from(value.to_f64() > self.low) * 255 } else { ((value.to_f64() - self.low) / span * 255.0).round().clamp(0.0, 255.0) as u8 }
    }
}

/// A slice in grey, its pores coloured by number.
fn drawn(grey: &Data, labels: &Data, window: Window, nx: usize) -> Picture {
    let mut pixels = window.pixels(grey);
    scalar!(labels.voxel(), L => {
        for (pixel, label) in pixels.iter_mut().zip(labels.as_slice::<L>()).filter(|(_, l)| **l != L::default()) {
            let [r, g, b] = colour_of(label.to_i128() as u64);
            *pixel = [r, g, b, 255];
        }
    });
    Picture { width: nx, height: pixels.len() / nx, pixels, mm_per_pixel: None }
}

struct Drawing<'a> {
    sink: &'a dyn Sink,
    slices: &'a Path,
    digits: usize,
    header: &'a Header,
    window: Window,
    views: &'a Mutex<Cuts>,
}

impl Drawing<'_> {
    fn plane(&self, z: usize, grey: &Data, labels: &Data) -> Result<()> {
        let mut picture = drawn(grey, labels, self.window, self.header.nx());
        picture.mm_per_pixel = self.header.geometry.spacing().filter(|s| (s[0] - s[1]).abs() <= 1e-6 * s[0]).map(|s| s[0]);
        self.views.lock().unwrap_or_else(PoisonError::into_inner).take(z, &picture);
        let name = format!("slice_{z:0digits$}.png", digits = self.digits);
        picture::write_inside(&picture, &self.slices.join(name))
    }
}

impl Work for Drawing<'_> {
    type State = Vec<Slab>;
    type Part = Vec<Slab>;

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<Vec<Slab>> {
        Ok(Vec::new())
    }

    fn step(&self, late: &mut Vec<Slab>, frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        for z in z.clone() {
            self.plane(z, &slabs[0].sub(z..z + 1).data, &slabs[1].sub(z..z + 1).data)?;
        }
        if self.sink.ordered() {
            late.push(slabs[1].clone());
            return Ok(());
        }
        self.sink.write(frame, z, slabs[1].data.bytes())
    }

    fn end(&self, late: Vec<Slab>) -> Result<Vec<Slab>> {
        Ok(late)
    }
}
