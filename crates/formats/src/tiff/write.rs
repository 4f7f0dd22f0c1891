//! Writing: stacks that `ImageJ` and tifffile read, little-endian, uncompressed, a directory a page.

use std::ops::Range;
use std::path::PathBuf;

use isovox_volume::{Error, FrameAxis, Header, Problem, Result, Sink, Type};

use super::text::{Layout, Order, own};
use crate::embed;
use crate::format::Target;
use crate::staged::Staged;

/// Refuses what a TIFF cannot hold.
pub(crate) fn storable(header: &Header) -> Result<()> {
    if header.nx() > u32::MAX as usize || header.ny() > u32::MAX as usize {
        return Err(Error::unsupported("TIFF page").found(header.size()).expected("at most 4294967295 voxels along x and y").help("write .mha or .raw"));
    }
    if let Some(problem) = header.verdict.problems.iter().find(|p| !header.verdict.kept && matches!(p, Problem::Gaps | Problem::Overlap | Problem::Duplicates | Problem::Mixed)) {
        return Err(Error::geometry(format_args!("a TIFF has one spacing, the slices have {}", problem.name()))
            .found(&header.verdict.text)
            .help("--gaps keep writes true positions into the provenance; regularize resamples to one spacing"));
    }
    Ok(())
}

/// Begins a stack.
pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    let name = target.path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    if name.ends_with(".ome.tif") || name.ends_with(".ome.tiff") {
        return Err(Error::unsupported("writing OME-TIFF").help("name it .tif: an ImageJ stack with its spacing").within(&target.path));
    }
    storable(header)?;
    let plan = Plan::new(header, target.provenance.as_deref(), false)?;
    let staged = Staged::create(&target.path, target.force)?;
    staged.write_at(0, &plan.head)?;
    staged.write_at(plan.tail_at, &plan.tail)?;
    Ok(Box::new(StackSink { staged, data: plan.data, plane: header.plane_bytes(), layout: layout(header) }))
}

/// A whole single-page file of a plane (native-endian bytes), with the volume's scale.
pub(crate) fn picture(header: &Header, plane: &[u8]) -> Result<Vec<u8>> {
    let mut one = header.clone();
    one.shape[0] = 1;
    let plan = Plan::new(&one, None, false)?;
    let mut file = plan.head;
    file.resize(plan.data as usize, 0);
    file.extend_from_slice(plane);
    Ok(file)
}

struct StackSink {
    staged: Staged,
    data: u64,
    plane: usize,
    layout: Layout,
}

impl Sink for StackSink {
    fn ordered(&self) -> bool {
        false
    }

    fn write(&self, frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()> {
        if cfg!(target_endian = "big") {
            return Err(Error::unsupported("writing on a big-endian machine"));
        }
        let at = |z| self.data + (self.layout.plane(frame, z) * self.plane) as u64;
        if self.layout.order == Order::Frames {
            return self.staged.write_at(at(z.start), bytes);
        }
        z.zip(bytes.chunks_exact(self.plane)).try_for_each(|(z, plane)| self.staged.write_at(at(z), plane))
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        Ok(vec![self.staged.finish()?])
    }
}

/// `ImageJ` keeps the channels of a plane together.
fn layout(header: &Header) -> Layout {
    let channels = header.frames.count > 1 && header.frames.axis == FrameAxis::Channel;
    Layout { nz: header.nz(), frames: header.frames.clone(), order: if channels { Order::Planes } else { Order::Frames } }
}

/// Where everything is, and all bytes but the voxels.
struct Plan {
    head: Vec<u8>,
    data: u64,
    tail: Vec<u8>,
    tail_at: u64,
}

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const ASCII: u16 = 2;
const LONG8: u16 = 16;

impl Plan {
    fn new(header: &Header, provenance: Option<&str>, wide: bool) -> Result<Plan> {
        let pages = header.nz() * header.frames.count;
        let mut page = Pages::new(header, provenance, wide);
        let head_len = page.layout();
        let data = head_len.next_multiple_of(16);
        let tail_at = data + (header.plane_bytes() as u64) * pages as u64;
        let end = page.directory(0, 0, false).len() as u64 * pages as u64 + tail_at;
        if !wide && end > u64::from(u32::MAX) {
            return Plan::new(header, provenance, true);
        }
        let place = |n: usize| data + (header.plane_bytes() * n) as u64;
        let each = page.directory(0, 0, false).len() as u64;
        let next = |n: usize| if n + 1 < pages { tail_at + each * n as u64 } else { 0 };
        let mut head = page.header();
        head.extend(page.directory(place(0), next(0), true));
        head.extend(&page.values);
        head.resize(data as usize, 0);
        let tail = (1..pages).flat_map(|n| page.directory(place(n), next(n), false)).collect();
        Ok(Plan { head, data, tail, tail_at })
    }
}

/// The tags that all pages share, and the values too long for a directory.
struct Pages {
    wide: bool,
    tags: Vec<(u16, u16, u64, u64)>,
    first: Vec<(u16, u16, u64, u64)>,
    values: Vec<u8>,
    at: u64,
    texts: [String; 2],
    bits: [u16; 3],
    resolution: [(u32, u32); 2],
}

impl Pages {
    fn new(header: &Header, provenance: Option<&str>, wide: bool) -> Pages {
        let (samples, format) = match header.voxel {
            Type::Rgb8 => (3, 1),
            t if t.is_float() => (1, 3),
            t if t.is_unsigned() => (1, 1),
            _ => (1, 2),
        };
        let bits = (header.voxel.bytes() / samples * 8) as u16;
        let size = header.plane_bytes() as u64;
        let long = if wide { LONG8 } else { LONG };
        let tags = vec![
            (256, LONG, 1, header.nx() as u64),
            (257, LONG, 1, header.ny() as u64),
            (258, SHORT, samples as u64, u64::from(bits)),
            (259, SHORT, 1, 1),
            (262, SHORT, 1, if samples == 3 { 2 } else { 1 }),
            (273, long, 1, 0),
            (277, SHORT, 1, samples as u64),
            (278, LONG, 1, header.ny() as u64),
            (279, long, 1, size),
            (282, RATIONAL, 1, 0),
            (283, RATIONAL, 1, 0),
            (296, SHORT, 1, 1),
            (339, SHORT, 1, format),
        ];
        let software = embed::text(provenance, header).unwrap_or_else(|| format!("isovox/{}", env!("CARGO_PKG_VERSION")));
        let (description, resolution) = description(header);
        Pages { wide, tags, first: Vec::new(), values: Vec::new(), at: 0, texts: [description, software], bits: [bits; 3], resolution }
    }

    /// Places the long values behind the first directory; gives where they end.
    fn layout(&mut self) -> u64 {
        self.first.clone_from(&self.tags);
        for (tag, text) in [(270, 0), (305, 1)] {
            self.first.push((tag, ASCII, self.texts[text].len() as u64 + 1, 0));
        }
        self.first.sort_unstable_by_key(|t| t.0);
        let head = if self.wide { 16 } else { 8 };
        self.at = head + self.directory(0, 0, true).len() as u64;
        let bits: Vec<u8> = self.bits.iter().flat_map(|b| b.to_le_bytes()).collect();
        let rational = |(over, under): (u32, u32)| [over.to_le_bytes(), under.to_le_bytes()].concat();
        let text = |t: &String| [t.as_bytes(), &[0]].concat();
        let long = [(258, bits), (282, rational(self.resolution[0])), (283, rational(self.resolution[1])), (270, text(&self.texts[0])), (305, text(&self.texts[1]))];
        for (tag, bytes) in long {
            self.put(tag, &bytes);
        }
        self.at + self.values.len() as u64
    }

    /// Gives a tag its value: in the directory where it fits, else among the values.
    fn put(&mut self, tag: u16, bytes: &[u8]) {
        let room = if self.wide { 8 } else { 4 };
        let entries = self.first.iter_mut().chain(&mut self.tags).filter(|t| t.0 == tag);
        let at = self.at + self.values.len() as u64;
        let mut outside = false;
        for entry in entries {
            let width = match entry.1 {
                SHORT => 2,
                RATIONAL => 8,
                _ => 1,
            };
            let used = (entry.2 as usize * width).min(bytes.len());
            outside = used > room;
            let mut inline = [0; 8];
            inline[..used.min(8)].copy_from_slice(&bytes[..used.min(8)]);
            entry.3 = if outside { at } else { u64::from_le_bytes(inline) };
        }
        if outside {
            self.values.extend(bytes);
            self.values.resize(self.values.len().next_multiple_of(8), 0);
        }
    }

    fn header(&self) -> Vec<u8> {
        if self.wide { [&b"II+\0\x08\0\0\0"[..], &16u64.to_le_bytes()].concat() } else { b"II*\0\x08\0\0\0".to_vec() }
    }

    fn directory(&self, place: u64, next: u64, first: bool) -> Vec<u8> {
        let tags = if first { &self.first } else { &self.tags };
        let size = if self.wide { 8 } else { 4 };
        let mut bytes = Vec::new();
        bytes.extend(&(tags.len() as u64).to_le_bytes()[..if self.wide { 8 } else { 2 }]);
        for &(tag, kind, count, value) in tags {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(&count.to_le_bytes()[..size]);
            bytes.extend(&if tag == 273 { place } else { value }.to_le_bytes()[..size]);
        }
        bytes.extend(&next.to_le_bytes()[..size]);
        bytes
    }
}

/// `ImageJ`'s keys, our own behind them, and pixels per unit along x and y.
fn description(header: &Header) -> (String, [(u32, u32); 2]) {
    let (nz, frames) = (header.nz(), header.frames.count);
    let mut lines = vec![format!("ImageJ=1.53t\nimages={}", nz * frames)];
    if frames > 1 {
        let axis = if layout(header).order == Order::Planes { "channels" } else { "frames" };
        lines.push(format!("{axis}={frames}\nhyperstack=true\nmode=grayscale"));
    }
    lines.push(format!("slices={nz}"));
    let mut resolution = [(1, 1); 2];
    if let Some(spacing) = header.geometry.spacing() {
        let (unit, mm) = if spacing.iter().all(|&s| s < 0.1) { ("micron", 1e-3) } else { ("mm", 1.0) };
        resolution = [0, 1].map(|axis| rational(mm / spacing[axis]));
        lines.push(format!("unit={unit}\nspacing={}", spacing[2] / mm));
    }
    lines.push(format!("loop=false\n{}", own(header)));
    (lines.join("\n"), resolution)
}

/// The fraction of 32-bit numbers nearest to a positive value, by its continued fraction.
fn rational(value: f64) -> (u32, u32) {
    let most = f64::from(u32::MAX);
    let (mut before, mut last, mut rest) = ((0.0, 1.0), (1.0, 0.0), value);
    loop {
        let whole: f64 = rest.floor();
        let next = (whole * last.0 + before.0, whole * last.1 + before.1);
        if next.0 > most || next.1 > most {
            break;
        }
        (before, last) = (last, next);
        if (last.0 / last.1 - value).abs() <= value * 1e-15 || rest - whole < 1e-12 {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    if last.1 == 0.0 { (u32::MAX, 1) } else { ((last.0 as u32).max(1), last.1 as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_near() {
        for value in [1.0, 0.512, 1.0 / 0.0053, 1000.0 / 5.3, 83.333_333_333_333_33, 1e-6, 1e6, std::f64::consts::PI] {
            let (over, under) = rational(value);
            assert!((f64::from(over) / f64::from(under) / value - 1.0).abs() < 1e-9, "{value}: {over}/{under}");
        }
    }

    #[test]
    fn large_files_have_wide_offsets() {
        let header = Header::new([3, 40_000, 40_000], 1, Type::U8).unwrap();
        let plan = Plan::new(&header, None, false).unwrap();
        assert_eq!(plan.head[..4], *b"II+\0");
        assert_eq!(plan.tail_at, plan.data + 3 * 1_600_000_000);
    }

    #[test]
    fn wide_offsets_read_back() {
        let mut header = Header::new([3, 2, 2], 1, Type::Rgb8).unwrap();
        header.geometry = isovox_volume::Geometry::local([0.5, 0.5, 1.25]).unwrap();
        let plan = Plan::new(&header, Some("{}"), true).unwrap();
        let mut file = plan.head;
        let voxels: Vec<u8> = (0..36).collect();
        file.extend(&voxels);
        file.resize(plan.tail_at as usize, 0);
        file.extend(plan.tail);
        let scan = super::super::open(&crate::Input::bytes("a.tif", file), &crate::OpenOptions::default()).unwrap();
        assert_eq!((scan.source.header().shape, &scan.source.header().geometry), ([3, 2, 2], &header.geometry));
        let run = isovox_volume::Run::here();
        assert_eq!(scan.source.open(&run, 0, 0..3).unwrap().pull(0..3).unwrap().data.bytes(), voxels);
    }
}
