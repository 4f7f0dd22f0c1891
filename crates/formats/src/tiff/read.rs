//! Opening: pages to a header and a source.

use std::collections::BTreeMap;
use std::sync::Arc;

use isovox_volume::{Error, FrameAxis, Frames, Header, Result, Source, Type};
use serde_json::Value;

use super::page::Picture;
use super::pages::Pages;
use super::place;
use super::scale::Scale;
use super::stack::Stack;
use super::text::{Keys, Layout, Order, Text};
use super::turned::Turned;
use crate::channels::Channels;
use crate::embed;
use crate::format::Scan;
use crate::input::Input;
use crate::open::OpenOptions;
use crate::stored::{Decode, Piece, Stored, Values};

/// Opens a file: all directories, no voxels.
pub(super) fn open(input: &Input, options: &OpenOptions) -> Result<Scan> {
    let mut stack = Stack::read(input)?;
    let voxel = stack.picture.voxel().map_err(|e| e.within(input.path()))?;
    let text = Text::parse(&stack.description).map_err(|e| e.within(input.path()))?;
    let single = single(&stack, &text)?;
    let planes = single.unwrap_or(stack.pages.len() * stack.picture.depth);
    let (layout, warnings) = layout(&text, &stack.picture, planes).map_err(|e| e.within(input.path()))?;
    stack.warnings.extend(warnings);
    let provenance = embed::parse(&stack.software);
    let mut scale = scale(&text, &stack, planes > 1);
    if embed::says_voxel(provenance.as_ref()) {
        scale = Scale::tags(super::scale::Resolution::default());
    }
    stack.warnings.append(&mut scale.warnings);
    let (width, height) = stack.picture.seen();
    let mut header = Header::new([layout.nz, height, width], layout.frames.count, voxel).map_err(|e| e.within(input.path()))?;
    header.frames = layout.frames.clone();
    (header.geometry, header.verdict) = (scale.geometry, scale.verdict);
    embed::obey(provenance.as_ref(), &mut header);
    let invert = inverted(options, &stack, voxel)?;
    if stack.picture.photometric == 0 && !invert {
        stack.warnings.push("white is zero in this file (MinIsWhite): values are as stored; --white-is-zero inverts them".into());
    }
    header.warnings.clone_from(&stack.warnings);
    header.meta = meta(&stack);
    let source = source(header, stack, layout, single.is_some(), invert)?;
    Ok(Scan { format: "tiff", source, files: vec![input.clone()], provenance })
}

/// The number of planes that `ImageJ` or tifffile put behind one directory.
fn single(stack: &Stack, text: &Text) -> Result<Option<usize>> {
    let images = match text {
        Text::ImageJ(keys) => keys.count("images").unwrap_or(1),
        Text::Shaped(shape) if stack.description.contains("\"truncated\": true") => shape_planes(shape, &stack.picture).map_or(1, |s| s.iter().product()),
        _ => 1,
    };
    let (one, coding) = (stack.pages.len() == 1, &stack.codings[0]);
    if !one || images == 1 {
        return Ok(None);
    }
    let whole = matches!(stack.picture.voxel()?.bytes() * 8, n if n == stack.picture.bits as usize || stack.picture.rgb());
    if coding.compression != 1 || coding.separate || coding.tiled || coding.lowest_first || !whole || stack.picture.depth != 1 {
        return Err(Error::unsupported("TIFF")
            .found(format_args!("{images} images said to follow one compressed or packed page"))
            .expected("a directory for each")
            .help("open it in ImageJ and save it again")
            .within(stack.bytes.input.path()));
    }
    Ok(Some(images))
}

fn layout(text: &Text, picture: &Picture, planes: usize) -> Result<(Layout, Vec<String>)> {
    let plain = |warnings| (Layout::stack(planes), warnings);
    let disagrees = |who: &str, says: String| plain(vec![format!("{who} says {says}, the file holds {planes} planes: opened as one stack")]);
    Ok(match text {
        Text::ImageJ(keys) => match imagej(keys, picture, planes)? {
            Some(found) => found,
            None => disagrees("ImageJ's description", format!("{} images", keys.get("images").unwrap_or("other"))),
        },
        Text::Shaped(shape) => match shape_planes(shape, picture) {
            Some(axes) if axes.iter().product::<usize>() == planes => match axes.iter().copied().filter(|&n| n > 1).collect::<Vec<_>>()[..] {
                [] | [_] => plain(Vec::new()),
                [count, nz] => (Layout { nz, frames: Frames { count, ..Frames::one() }, order: Order::Frames }, Vec::new()),
                _ => {
                    return Err(Error::unsupported("TIFF")
                        .found(format_args!("an array of shape {shape:?}"))
                        .expected("at most four axes longer than 1")
                        .help("save its parts as files of their own"));
                }
            },
            _ => disagrees("the description", format!("an array of shape {shape:?}")),
        },
        Text::Ome(ome) => (ome.layout(planes, picture.samples)?, Vec::new()),
        Text::Other => plain(Vec::new()),
    })
}

/// The leading axes of an array of pages; `None` when its pages are not these.
fn shape_planes(shape: &[usize], picture: &Picture) -> Option<Vec<usize>> {
    let mut page = vec![picture.height, picture.width];
    if picture.samples > 1 {
        page.push(picture.samples);
    }
    let leading = shape.strip_suffix(&page[..])?.to_vec();
    leading.iter().try_fold(1usize, |n, &a| n.checked_mul(a))?;
    Some(leading)
}

/// `ImageJ`'s hyperstack: planes in the order channel, slice, time. `None` when its numbers are not the file's.
fn imagej(keys: &Keys, picture: &Picture, planes: usize) -> Result<Option<(Layout, Vec<String>)>> {
    let count = |key| keys.count(key).unwrap_or(1);
    let (channels, frames) = (count("channels"), count("frames"));
    let said = keys.count("slices").or_else(|| channels.checked_mul(frames).filter(|&n| n == 1).map(|_| planes)).unwrap_or(1);
    let product = said.checked_mul(channels).and_then(|n| n.checked_mul(frames));
    if product != Some(planes) {
        return Ok(None);
    }
    if channels > 1 && (frames > 1 || picture.samples > 1) {
        return Err(Error::unsupported("ImageJ hyperstack")
            .found(format_args!("{channels} channels of {frames} time points, {} samples", picture.samples))
            .expected("channels or time points, not both")
            .help("split the channels in ImageJ (Image > Color > Split Channels)"));
    }
    if frames > 1 && picture.samples > 1 && !picture.rgb() {
        return Err(Error::unsupported("ImageJ hyperstack").found(format_args!("{frames} time points of {} samples", picture.samples)).expected("one value or 8-bit RGB a voxel"));
    }
    let number = channels.max(frames);
    let axis = if channels > 1 { FrameAxis::Channel } else { FrameAxis::Time };
    let stated = if number > 1 { Frames { count: number, axis, values: Vec::new() } } else { Frames::one() };
    let layout = Layout { nz: said, frames: keys.frames(number).unwrap_or(stated), order: if channels > 1 { Order::Planes } else { Order::Frames } };
    let warning =
        (said == 1 && frames > 1).then(|| format!("ImageJ's description says {frames} time points of one slice; if they are slices, re-order them in ImageJ (Image > Properties)"));
    Ok(Some((layout, warning.into_iter().collect())))
}

fn scale(text: &Text, stack: &Stack, several: bool) -> Scale {
    match text {
        Text::ImageJ(keys) => Scale::imagej(keys, stack.resolution, several),
        Text::Ome(ome) if ome.spacing.is_some() => {
            let [x, y, z] = ome.spacing.unwrap_or_default();
            Scale::spacing(if stack.picture.orientation.transposed { [y, x, z] } else { [x, y, z] }, "OME-XML's physical size")
        }
        _ => Scale::tags(stack.resolution),
    }
}

fn inverted(options: &OpenOptions, stack: &Stack, voxel: Type) -> Result<bool> {
    if options.white_is_zero && stack.picture.photometric != 0 {
        return Err(Error::parameter("--white-is-zero for a file that does not store white as zero")
            .found(format_args!("PhotometricInterpretation {}", stack.picture.photometric))
            .help("leave it out: it has a meaning for raw data and for TIFF files of interpretation 0 (MinIsWhite)")
            .within(stack.bytes.input.path()));
    }
    if options.white_is_zero && !voxel.is_integer() {
        return Err(Error::parameter(format_args!("--white-is-zero for {voxel} voxels")).expected("an integer type").help("leave it out").within(stack.bytes.input.path()));
    }
    Ok(options.white_is_zero)
}

fn source(header: Header, stack: Stack, layout: Layout, single: bool, invert: bool) -> Result<Arc<dyn Source>> {
    let picture = stack.picture;
    let channels = if picture.rgb() { 1 } else { picture.samples };
    if channels > 1 && header.frames.count > 1 {
        return Err(Error::unsupported("TIFF")
            .found(format_args!("{channels} channels of {} frames", header.frames.count))
            .expected("channels or frames, not both")
            .within(stack.bytes.input.path()));
    }
    let together = |columns: usize, rows: usize| {
        let row = columns.checked_mul(channels).ok_or_else(|| Error::corrupt("TIFF width").found(columns))?;
        Ok(Header { shape: [header.nz(), rows, row], ..header.clone() })
    };
    let inner = together(picture.width, picture.height)?;
    // The count with channels must be addressable too.
    Header::new(inner.shape, inner.frames.count, inner.voxel).map_err(|e| e.within(stack.bytes.input.path()))?;
    let decode = Decode { stored: header.voxel, big: stack.bytes.big, values: if invert { Values::Inverted } else { Values::Kept } };
    let found = if single { Some(behind(&stack, &layout)?) } else { place::pieces(&stack, &layout)? };
    let source: Arc<dyn Source> = match found {
        Some(pieces) => Arc::new(Stored::new(inner, decode, pieces)?),
        None => Arc::new(Pages::new(inner, stack, layout, invert)?),
    };
    let source = if picture.orientation.upright() { source } else { Arc::new(Turned::new(source, together(header.nx(), header.ny())?, picture.orientation, channels)) };
    Ok(if channels > 1 { Arc::new(Channels::new(source, header, channels)) } else { source })
}

/// Planes behind the first strip, without directories: lengths are not to be trusted over 4 GB.
fn behind(stack: &Stack, layout: &Layout) -> Result<Vec<Piece>> {
    let first = stack.pages[0].chunks(&stack.bytes, 0, 1)?[0].0;
    let plane = stack.plane_bytes().unwrap_or(u64::MAX);
    let (frames, nz) = (layout.frames.count, layout.nz);
    let (stride, jump) = if layout.order == Order::Planes { (plane.saturating_mul(frames as u64), plane) } else { (plane, plane.saturating_mul(nz as u64)) };
    let piece = |f: usize| Piece { input: stack.bytes.input.clone(), offset: first.saturating_add(jump.saturating_mul(f as u64)), stride, planes: nz };
    let need = plane.saturating_mul(nz as u64).saturating_mul(frames as u64);
    let held = stack.bytes.input.len().saturating_sub(first);
    if need > held {
        return Err(Error::corrupt("TIFF planes")
            .found(format_args!("{held} bytes behind the directory"))
            .expected(format_args!("{need} for {} images", nz * frames))
            .help("the file is cut off; copy it again")
            .within(stack.bytes.input.path()));
    }
    Ok((0..frames).map(piece).collect())
}

fn meta(stack: &Stack) -> BTreeMap<String, Value> {
    let (picture, coding) = (&stack.picture, &stack.codings[0]);
    let mut meta = BTreeMap::new();
    let mut put = |key: &str, value: Value| meta.insert(key.to_string(), value);
    put("ImageWidth", picture.width.into());
    put("ImageLength", picture.height.into());
    put("ImageDepth", picture.depth.into());
    put("BitsPerSample", picture.bits.into());
    put("SamplesPerPixel", picture.samples.into());
    put("PhotometricInterpretation", picture.photometric.into());
    put("Orientation", picture.orientation.tag.into());
    put("Compression", coding.compression.into());
    put("Predictor", coding.predictor.into());
    put("ByteOrder", if stack.bytes.big { "big" } else { "little" }.into());
    put("BigTIFF", stack.bytes.wide.into());
    put("Pages", stack.pages.len().into());
    put("XResolution", stack.resolution.x.into());
    put("YResolution", stack.resolution.y.into());
    put("ResolutionUnit", stack.resolution.unit.into());
    if !stack.description.is_empty() {
        put("ImageDescription", stack.description.clone().into());
    }
    if !stack.software.is_empty() && embed::parse(&stack.software).is_none() {
        put("Software", stack.software.clone().into());
    }
    meta
}
