//! What the job shows of its slices: a picture of each, the three views, a flight. Volumes of more than 256 voxels a side are
//! shown by a copy in which whole blocks of voxels are one.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use isovox_engine::adapt::gather::GatherSource;
use isovox_engine::keep::Keep;
use isovox_engine::sweep::{Cut, Work, sweep};
use isovox_formats::{Target, create, picture};
use isovox_ops::access::Gather;
use isovox_ops::geometry::bin::Bin;
use isovox_ops::intensity::levels::Levels;
use isovox_ops::picture::colours::colour_of;
use isovox_ops::picture::render::three_with_bar;
use isovox_volume::error::At;
use isovox_volume::{Data, Extent, Geometry, Header, Picture, Result, Run, Scalar, Sink, Slab, Source, Type, scalar};

use super::views::Cuts;
use crate::folder::Folder;

/// A grey volume and the pores in it.
pub(super) struct Shown {
    grey: Arc<dyn Source>,
    pub(super) labels: Arc<dyn Source>,
    window: Window,
}

impl Shown {
    /// Both lie on one grid.
    pub(super) fn new(grey: Arc<dyn Source>, labels: Arc<dyn Source>, window: Window) -> Shown {
        Shown { grey, labels, window }
    }

    /// The same in blocks of voxels, kept once they were made.
    pub(super) fn reduced(&self, factor: Extent) -> Result<Shown> {
        Ok(Shown { grey: binned(&self.grey, factor)?, labels: binned(&self.labels, factor)?, window: self.window })
    }
}

/// A volume in blocks of voxels.
fn binned(source: &Arc<dyn Source>, factor: Extent) -> Result<Arc<dyn Source>> {
    if factor == Extent::cube(1) {
        return Ok(source.clone());
    }
    Ok(Keep::always(Arc::new(GatherSource::new(&Bin { factor }, source.clone())?)))
}

/// Labels as pictures show them.
pub(super) fn reduced(labels: &Arc<dyn Source>, factor: usize) -> Result<Arc<dyn Source>> {
    binned(labels, Extent::cube(factor))
}

/// Writes the label file and a picture of each slice, in blocks of `factor` voxels in the slice.
pub(super) fn slices(run: &Run, shown: &Shown, factor: usize, target: &Target, folder: &Folder) -> Result<()> {
    let header = shown.labels.header();
    let mut sink = create(target, header)?;
    sink.watch(run);
    let slices = folder.sub("slices")?;
    let drawn = shown.reduced(Extent { x: factor, y: factor, z: 1 })?;
    let sources = [shown.labels.as_ref(), drawn.grey.as_ref(), drawn.labels.as_ref()];
    sources.iter().try_for_each(|s| s.prepare(run))?;
    run.begin("labels and slices", header.nz() as u64);
    let cut = Cut::new(run, header, &sources, false);
    let cut = if sink.ordered() { cut.at_most(cut.step) } else { cut };
    let work = Slices { sink: sink.as_ref(), folder: &slices, digits: (header.nz() - 1).to_string().len(), header: drawn.grey.header(), window: shown.window };
    sweep(run, header.nz(), &sources, 0..1, cut, &work, |late| late.into_iter().try_for_each(|s: Slab| sink.write(0, s.z.clone(), s.data.bytes())))?;
    sink.finish().map(|_| ())
}

/// Writes the three middle cuts, and gives every slice to `each` in order.
pub(super) fn views(run: &Run, shown: &Shown, folder: &Folder, mut each: impl FnMut(&Picture) + Send) -> Result<()> {
    let header = shown.grey.header();
    let sources = [shown.grey.as_ref(), shown.labels.as_ref()];
    sources.iter().try_for_each(|s| s.prepare(run))?;
    run.begin("views", header.nz() as u64);
    let cut = Cut::new(run, header, &sources, false);
    let mut cuts = Cuts::new(header);
    sweep(run, header.nz(), &sources, 0..1, cut.at_most(cut.step), &Drawing { window: shown.window, header }, |drawn| {
        drawn.iter().for_each(|(z, picture)| {
            cuts.take(*z, picture);
            each(picture);
        });
        Ok(())
    })?;
    picture::write_inside(&cuts.compose(header), &folder.path("views.png"))
}

/// Pictures of a finished folder on the grid that they get now; `from` and `to` are the volume's headers.
///
/// Slices are those of a run with this geometry where their voxels were square or keep their shape. The views get another
/// scale bar; where voxels change their shape they stay as they were drawn, with a bar in voxels.
pub(super) fn remeasured(run: &Run, at: &Path, folder: &Folder, [from, to]: [&Header; 2], factor: usize) -> Result<()> {
    let slices = folder.sub("slices")?;
    let flat = Bin { factor: Extent { x: factor, y: factor, z: 1 } };
    let whole = Bin { factor: Extent::cube(factor) };
    let shape = |h: &Header| h.geometry.spacing().map_or(1.0, |[x, y, _]| y / x);
    let (square, same, now) = (shape(from) == 1.0, shape(from) == shape(to), flat.plan(&[to])?.0);
    let names =
        std::fs::read_dir(at.join("slices")).at(at)?.flatten().filter_map(|e| e.file_name().into_string().ok()).filter(|n| Path::new(n).extension().is_some_and(|e| e == "png"));
    for name in names {
        run.check()?;
        let picture = picture::read(&at.join("slices").join(&name))?;
        let mm_per_pixel = upright(&Picture::filled(now.nx(), now.ny(), [0; 4]), &now).mm_per_pixel;
        let drawn = if square && !same { upright(&picture, &now) } else { Picture { mm_per_pixel: mm_per_pixel.filter(|_| same), ..picture } };
        picture::write_inside(&drawn, &slices.join(&name))?;
    }
    let views = picture::read(&at.join("views.png"))?;
    let drawn = match three_with_bar(&views, &whole.plan(&[to])?.0) {
        Some(drawn) => drawn,
        None => without_bar(views, &whole.plan(&[from])?.0),
    };
    picture::write_inside(&drawn, &folder.path("views.png"))
}

/// Views with a bar in voxels.
fn without_bar(views: Picture, from: &Header) -> Picture {
    let voxels = Header { geometry: Geometry::voxel(), ..from.clone() };
    if from.geometry.has_scale() { three_with_bar(&views, &voxels).unwrap_or(views) } else { views }
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

/// Draws slices.
struct Drawing<'a> {
    window: Window,
    header: &'a Header,
}

impl Work for Drawing<'_> {
    type State = Vec<(usize, Picture)>;
    type Part = Vec<(usize, Picture)>;

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<Self::State> {
        Ok(Vec::new())
    }

    fn step(&self, done: &mut Self::State, _frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        done.extend(z.map(|z| (z, drawn(&slabs[0].sub(z..z + 1).data, &slabs[1].sub(z..z + 1).data, self.window, self.header.nx()))));
        Ok(())
    }

    fn end(&self, done: Self::State) -> Result<Self::Part> {
        Ok(done)
    }
}

/// Writes labels, and a picture of each slice.
struct Slices<'a> {
    sink: &'a dyn Sink,
    folder: &'a Path,
    digits: usize,
    /// Of what is drawn.
    header: &'a Header,
    window: Window,
}

impl Slices<'_> {
    fn plane(&self, z: usize, grey: &Data, labels: &Data) -> Result<()> {
        let square = upright(&drawn(grey, labels, self.window, self.header.nx()), self.header);
        picture::write_inside(&square, &self.folder.join(format!("slice_{z:0digits$}.png", digits = self.digits)))
    }
}

/// Pixels of a slice's longer side at most, where voxels are far from square.
const LONGEST: f64 = 4096.0;

/// A picture of a slice whose pixels are square in the world: rows or columns are repeated.
pub(super) fn upright(slice: &Picture, header: &Header) -> Picture {
    let [x, y, _] = header.geometry.spacing().unwrap_or([1.0; 3]);
    let (across, down) = (slice.width as f64 * x, slice.height as f64 * y);
    let fine = x.min(y).max(across.max(down) / LONGEST);
    let [width, height] = [across, down].map(|length| (length / fine).round().max(1.0) as usize);
    let mm_per_pixel = header.geometry.spacing().map(|_| fine);
    if (width, height) == (slice.width, slice.height) {
        return Picture { mm_per_pixel, ..slice.clone() };
    }
    let rows = (0..height).flat_map(|row| (0..width).map(move |column| (row * slice.height / height, column * slice.width / width)));
    Picture { width, height, pixels: rows.map(|(y, x)| slice.pixels[y * slice.width + x]).collect(), mm_per_pixel }
}

impl Work for Slices<'_> {
    type State = Vec<Slab>;
    type Part = Vec<Slab>;

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<Vec<Slab>> {
        Ok(Vec::new())
    }

    fn step(&self, late: &mut Vec<Slab>, frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        for z in z.clone() {
            self.plane(z, &slabs[1].sub(z..z + 1).data, &slabs[2].sub(z..z + 1).data)?;
        }
        if self.sink.ordered() {
            late.push(slabs[0].clone());
            return Ok(());
        }
        self.sink.write(frame, z, slabs[0].data.bytes())
    }

    fn end(&self, late: Vec<Slab>) -> Result<Vec<Slab>> {
        Ok(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::Geometry;

    #[test]
    fn pixels_are_square_in_the_world() {
        let mut header = Header::new([1, 2, 2], 1, Type::U8).expect("a header");
        header.geometry = Geometry::local([1.0, 2.0, 1.0]).expect("a geometry");
        let slice = Picture { width: 2, height: 2, pixels: [1, 2, 3, 4].map(|v| [v; 4]).to_vec(), mm_per_pixel: None };
        let square = upright(&slice, &header);
        assert_eq!((square.width, square.height, square.mm_per_pixel), (2, 4, Some(1.0)));
        assert_eq!(square.pixels.iter().map(|p| p[0]).collect::<Vec<_>>(), [1, 2, 1, 2, 3, 4, 3, 4]);
    }
}
