//! The part of OME-XML that is read: how pages make up one image's z, channels and time, and its voxel size.
//!
//! Source: the OME data model, `Pixels` and `TiffData`; and the OME-TIFF specification.

use isovox_volume::{Error, FrameAxis, Frames, Result};

use super::text::{Layout, Order};
use crate::unit::millimetres;

/// What an OME-XML block says.
pub(super) struct Ome {
    /// z, channels, time.
    sizes: [usize; 3],
    /// The axes behind x and y, the fastest first: 0 for z, 1 for channels, 2 for time.
    order: [usize; 3],
    /// Which pages hold which planes; none where the order says it all.
    data: Vec<Data>,
    /// Seconds between time points.
    step: Option<f64>,
    /// Voxel size, mm, where all three are stated.
    pub(super) spacing: Option<[f64; 3]>,
}

/// A `TiffData` element: planes from `first` on, in the order of dimensions, on pages from `page` on.
struct Data {
    page: usize,
    first: [usize; 3],
    count: Option<usize>,
}

const AXES: [char; 3] = ['Z', 'C', 'T'];

impl Ome {
    /// Reads a block; several images are refused by name.
    pub(super) fn parse(text: &str) -> Result<Ome> {
        let images = elements(text, "Pixels");
        let [pixels] = images[..] else {
            return Err(Error::unsupported("OME-TIFF")
                .found(format_args!("{} images in one file", images.len()))
                .expected("one")
                .help("save the image you want as a TIFF of its own"));
        };
        let sizes = [number(pixels, "SizeZ")?, number(pixels, "SizeC")?, number(pixels, "SizeT")?];
        let mut data = elements(text, "TiffData").into_iter().map(Data::parse).collect::<Result<Vec<_>>>()?;
        // A page alone is one plane, but where nothing else is listed writers mean all that follow.
        if let [one] = &mut data[..] {
            one.count = one.count.filter(|&n| n > 1);
        }
        let seconds = attribute(pixels, "TimeIncrementUnit").is_none_or(|u| u == "s");
        let step = attribute(pixels, "TimeIncrement").and_then(|v| v.parse().ok()).filter(|s: &f64| s.is_finite() && *s > 0.0 && seconds);
        Ok(Ome { sizes, order: order(pixels)?, data, step, spacing: spacing(pixels) })
    }

    /// How so many pages, each of so many samples, make up frames.
    pub(super) fn layout(&self, pages: usize, samples: usize) -> Result<Layout> {
        let mut sizes = self.sizes;
        // Samples of one page count as channels.
        if samples > 1 && sizes[1].is_multiple_of(samples) {
            sizes[1] /= samples;
        }
        let [nz, channels, times] = sizes;
        if channels > 1 && times > 1 {
            return Err(Error::unsupported("OME-TIFF of channels and time points")
                .found(format_args!("{channels} channels, {times} time points"))
                .expected("one of them")
                .help("split it, for example with bfconvert -channel 0 or -timepoint 0"));
        }
        if sizes.iter().try_fold(1usize, |n, &s| n.checked_mul(s)) != Some(pages) {
            return Err(Error::unsupported("OME-TIFF")
                .found(format_args!("{pages} pages"))
                .expected(format_args!("a page for each of {nz} planes, {channels} channels, {times} time points"))
                .help("a set of several OME files: save it as one"));
        }
        let count = channels.max(times);
        let axis = if times > 1 { FrameAxis::Time } else { FrameAxis::Channel };
        let values = self.step.filter(|_| times > 1).map_or(Vec::new(), |step| (0..times).map(|t| t as f64 * step).collect());
        let frames = if count > 1 { Frames { count, axis, values } } else { Frames::one() };
        let table = self.table(sizes, pages)?;
        let plain = table.iter().enumerate().all(|(plane, page)| plane == *page);
        Ok(Layout { nz, frames, order: if plain { Order::Frames } else { Order::Table(table) } })
    }

    /// The page of each plane of each frame.
    fn table(&self, sizes: [usize; 3], pages: usize) -> Result<Vec<usize>> {
        let broken = |found: String| Error::corrupt("OME-XML TiffData").found(found).expected("each plane on one page").help("save it as a plain TIFF stack");
        let mut table = vec![usize::MAX; pages];
        let all = [Data { page: 0, first: [0; 3], count: None }];
        let listed = if self.data.is_empty() { &all[..] } else { &self.data };
        for data in listed {
            let from = self.rank(data.first, sizes).ok_or_else(|| broken(format!("plane {:?}", data.first)))?;
            let count = data.count.unwrap_or(pages - from);
            for i in 0..count {
                let (rank, page) = (from + i, data.page.saturating_add(i));
                if rank >= pages || page >= pages {
                    return Err(broken(format!("plane {rank} on page {page} of {pages}")));
                }
                let [z, c, t] = self.plane(rank, sizes);
                table[c.max(t) * sizes[0] + z] = page;
            }
        }
        if table.contains(&usize::MAX) { Err(broken("planes on no page".into())) } else { Ok(table) }
    }

    /// The place of a plane in the order of dimensions.
    fn rank(&self, plane: [usize; 3], sizes: [usize; 3]) -> Option<usize> {
        let inside = plane.iter().zip(sizes).all(|(&p, n)| p < n);
        inside.then(|| self.order.iter().rev().fold(0, |rank, &axis| rank * sizes[axis] + plane[axis]))
    }

    /// z, channel and time of a place in the order of dimensions.
    fn plane(&self, mut rank: usize, sizes: [usize; 3]) -> [usize; 3] {
        let mut plane = [0; 3];
        for &axis in &self.order {
            plane[axis] = rank % sizes[axis];
            rank /= sizes[axis];
        }
        plane
    }
}

impl Data {
    fn parse(element: &str) -> Result<Data> {
        let number = |key| match attribute(element, key) {
            None => Ok(None),
            Some(value) => value.parse::<usize>().map(Some).map_err(|_| Error::corrupt(format_args!("OME-XML {key}")).found(format_args!("{value:?}")).expected("a whole number")),
        };
        let page = number("IFD")?;
        // A page alone is one plane; without a page all of them are meant.
        let count = number("PlaneCount")?.or(page.map(|_| 1));
        let first = [number("FirstZ")?.unwrap_or(0), number("FirstC")?.unwrap_or(0), number("FirstT")?.unwrap_or(0)];
        Ok(Data { page: page.unwrap_or(0), first, count })
    }
}

/// The axes behind x and y, the fastest first.
fn order(pixels: &str) -> Result<[usize; 3]> {
    let text = attribute(pixels, "DimensionOrder").unwrap_or("XYZCT");
    let axes: Vec<usize> = text.strip_prefix("XY").unwrap_or_default().chars().filter_map(|c| AXES.iter().position(|a| *a == c)).collect();
    let all = (0..3).all(|axis| axes.contains(&axis));
    let three: Option<[usize; 3]> = axes.try_into().ok();
    three.filter(|_| all).ok_or_else(|| Error::corrupt("OME-XML DimensionOrder").found(format_args!("{text:?}")).expected("XYZCT or another order of z, c and t"))
}

fn number(element: &str, key: &str) -> Result<usize> {
    let found = attribute(element, key).and_then(|v| v.parse().ok()).filter(|&n: &usize| n > 0);
    found.ok_or_else(|| Error::corrupt(format_args!("OME-XML {key}")).found(attribute(element, key).unwrap_or("nothing")).expected("a number"))
}

fn spacing(pixels: &str) -> Option<[f64; 3]> {
    let mut spacing = [0.0; 3];
    for (to, axis) in spacing.iter_mut().zip(["X", "Y", "Z"]) {
        let size: f64 = attribute(pixels, &format!("PhysicalSize{axis}"))?.parse().ok()?;
        // The schema's default unit is the micrometre.
        let unit = attribute(pixels, &format!("PhysicalSize{axis}Unit")).unwrap_or("um");
        *to = size * millimetres(&unit.replace("&#181;", "u").replace("&#xB5;", "u"))?;
    }
    spacing.iter().all(|s| s.is_finite() && *s > 0.0).then_some(spacing)
}

/// The start tags of a name.
fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let starts = |at: &usize| text[*at..].trim_start_matches(|c: char| c != ':' && c != '<' && c.is_alphanumeric()).starts_with([' ', '\n', '\r', '\t', '>', '/']);
    text.match_indices(name)
        .filter(|(at, _)| matches!(text[..*at].chars().next_back(), Some('<' | ':')) && starts(&(at + name.len())))
        .filter(|(at, _)| !text[..*at].rsplit('<').next().is_some_and(|before| before.starts_with('/')))
        .filter_map(|(at, _)| text[at..].split('>').next())
        .collect()
}

/// An attribute's value in a start tag.
fn attribute<'a>(element: &'a str, key: &str) -> Option<&'a str> {
    element.match_indices(key).find_map(|(at, _)| {
        let before = element[..at].ends_with(char::is_whitespace);
        let value = element[at + key.len()..].trim_start().strip_prefix('=').filter(|_| before)?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        value[1..].split(quote).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels ID="P" DimensionOrder="XYZCT" SizeC="1" SizeT="1" SizeX="4" SizeY="3" SizeZ="2" PhysicalSizeX="82" PhysicalSizeY="82.0" PhysicalSizeZ="0.5" PhysicalSizeZUnit="mm"><TiffData IFD="0" PlaneCount="2"/></Pixels></Image></OME>"#;

    #[test]
    fn a_plain_stack_has_planes_and_a_size() {
        let ome = Ome::parse(PLAIN).unwrap();
        assert_eq!(ome.layout(2, 1).unwrap(), Layout::stack(2));
        assert_eq!(ome.spacing, Some([0.082, 0.082, 0.5]));
        assert_eq!(Ome::parse(&PLAIN.replace("PhysicalSizeY", "Other")).unwrap().spacing, None);
    }

    /// The pages of 2 planes and 3 channels or time points, by the XML's words for order and data.
    fn pages(order: &str, axis: &str, data: &str) -> Result<(FrameAxis, Vec<usize>)> {
        let text = PLAIN.replace("XYZCT", order).replace(&format!("{axis}=\"1\""), &format!("{axis}=\"3\"")).replace(r#"<TiffData IFD="0" PlaneCount="2"/>"#, data);
        let layout = Ome::parse(&text)?.layout(6, 1)?;
        Ok((layout.frames.axis, (0..6).map(|i| layout.plane(i / 2, i % 2)).collect()))
    }

    #[test]
    fn channels_and_times_in_any_order() {
        assert_eq!(pages("XYZCT", "SizeC", "<TiffData/>").unwrap(), (FrameAxis::Channel, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(pages("XYCZT", "SizeC", "").unwrap(), (FrameAxis::Channel, vec![0, 3, 1, 4, 2, 5]));
        assert_eq!(pages("XYTCZ", "SizeT", "").unwrap(), (FrameAxis::Time, vec![0, 3, 1, 4, 2, 5]));
        // Two by name, the others behind them.
        let data = r#"<TiffData IFD="5" FirstC="0"/><TiffData IFD="0" FirstZ="1" FirstC="0" PlaneCount="5"/>"#;
        assert_eq!(pages("XYZCT", "SizeC", data).unwrap().1, [5, 0, 1, 2, 3, 4]);
        for bad in [
            r#"<TiffData IFD="0"/><TiffData IFD="1"/>"#,
            r#"<TiffData IFD="6" PlaneCount="6"/>"#,
            r#"<TiffData IFD="0" FirstC="3"/>"#,
            r#"<TiffData IFD="0" PlaneCount="99999999999"/>"#,
        ] {
            assert!(pages("XYZCT", "SizeC", bad).is_err(), "{bad}");
        }
        assert!(pages("XYZZT", "SizeC", "").is_err());
    }

    #[test]
    fn colours_of_a_page_are_no_channels() {
        let ome = Ome::parse(&PLAIN.replace("SizeC=\"1\"", "SizeC=\"3\"")).unwrap();
        assert_eq!(ome.layout(2, 3).unwrap(), Layout::stack(2));
        assert!(ome.layout(2, 1).is_err());
    }

    #[test]
    fn what_is_no_image_of_four_axes_is_refused() {
        for (from, to) in [("SizeC=\"1\" SizeT=\"1\"", "SizeC=\"3\" SizeT=\"2\""), ("IFD=\"0\"", "IFD=\"1\""), ("SizeZ=\"2\"", ""), ("</Pixels>", "</Pixels><Pixels />")] {
            let opened = Ome::parse(&PLAIN.replace(from, to)).and_then(|ome| ome.layout(if to.contains("T=") { 12 } else { 2 }, 1));
            assert!(opened.is_err(), "{to}");
        }
    }
}
