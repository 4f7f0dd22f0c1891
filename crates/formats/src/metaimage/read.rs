//! Opening: from header lines to a source, every claim checked against the bytes there are.

use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Data, Error, FrameAxis, Frames, Geometry, Header, Result, Source, Type, Verdict, Volume};

use super::data::{self, Files};
use super::header::{Fields, PROVENANCE};
use super::place;
use crate::channels::Channels;
use crate::format::{self, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::stored::{Decode, Piece, Stored};
use crate::stream::{Codec, Stream};
use crate::{ascii, embed};

/// The header that is meant: one file, or an `.mhd` given together with its raw data.
pub(super) fn chosen(given: &Given) -> Option<&Input> {
    format::header_among(given, &["mhd", "mha"], &["raw", "zraw"])
}

pub(super) fn open(given: &Given, options: &OpenOptions) -> Result<Scan> {
    let input = chosen(given).ok_or_else(|| Error::unsupported("several MetaImage files at once").help("open them one by one"))?;
    open_one(input, options).at(input.path())
}

fn open_one(input: &Input, options: &OpenOptions) -> Result<Scan> {
    let fields = Fields::read(input)?;
    if let Some(kind) = fields.get(&["ObjectType"]).filter(|k| *k != "Image") {
        return Err(Error::unsupported("a MetaIO object that is no image")
            .found(format_args!("ObjectType = {kind}"))
            .expected("ObjectType = Image")
            .help("if it is a scene or group that holds an image, save that as a file of its own, for example with ITK"));
    }
    let provenance = fields.provenance().as_deref().and_then(embed::parse);
    let shape = Shape::of(&fields)?;
    let header = header(&fields, &shape, provenance.as_ref())?;
    let files = data::files(&fields, input, &shape.sizes, options.allow_outside)?;
    let mut used = vec![input.clone()];
    if files.split || files.from == 0 {
        used.extend(files.inputs.iter().cloned());
    }
    let source = source(&fields, &shape, header, &files)?;
    Ok(Scan { format: "metaimage", source, files: used, provenance })
}

/// Sizes and types of the data.
struct Shape {
    /// As the file has them, x first.
    sizes: Vec<usize>,
    element: Type,
    /// Values side by side that become frames; 1 for colours.
    channels: usize,
    voxel: Type,
}

impl Shape {
    fn of(fields: &Fields) -> Result<Shape> {
        let (sizes, element) = (fields.sizes()?, fields.element()?);
        let claimed = fields.whole("ElementNumberOfChannels")?.unwrap_or(1);
        let channels =
            usize::try_from(claimed).ok().filter(|c| (1..=4096).contains(c)).ok_or_else(|| Error::corrupt("ElementNumberOfChannels").found(claimed).expected("1 to 4096"))?;
        if (channels, element) == (3, Type::U8) {
            return Ok(Shape { sizes, element, channels: 1, voxel: Type::Rgb8 });
        }
        if channels > 1 && sizes.len() == 4 && sizes[3] > 1 {
            return Err(Error::unsupported("channels of a four-dimensional image")
                .found(format_args!("{channels} channels, DimSize {sizes:?}"))
                .help("split it along its fourth dimension first"));
        }
        Ok(Shape { sizes, element, channels, voxel: element })
    }

    /// Rows as long as the file's, channels side by side.
    fn stored(&self) -> Result<Header> {
        let size = |axis: usize| self.sizes.get(axis).copied().unwrap_or(1);
        Header::new([size(2), size(1), size(0).saturating_mul(self.channels)], size(3), self.voxel)
    }

    /// What users see.
    fn seen(&self) -> Result<Header> {
        let mut header = self.stored()?;
        header.shape[2] /= self.channels;
        Ok(header)
    }
}

fn header(fields: &Fields, shape: &Shape, provenance: Option<&serde_json::Value>) -> Result<Header> {
    let mut header = shape.seen()?;
    header.frames = frames(fields, &shape.sizes)?;
    let placed = place::place(fields, shape.sizes.len())?;
    (header.geometry, header.verdict) = (placed.geometry, placed.verdict);
    if embed::says_voxel(provenance) {
        (header.geometry, header.verdict) = (Geometry::voxel(), Verdict::unknown("written from a volume without scale"));
    } else {
        header.warnings = placed.warnings;
    }
    embed::obey(provenance, &mut header);
    let slope = fields.numbers(&["ElementToIntensityFunctionSlope"], 1)?.map_or(1.0, |v| v[0]);
    let offset = fields.numbers(&["ElementToIntensityFunctionOffset"], 1)?.map_or(0.0, |v| v[0]);
    if (slope, offset) != (1.0, 0.0) {
        header.warnings.push(format!("ElementToIntensityFunction {slope}, {offset} is not applied: values are as stored, as ITK reads them"));
    }
    for (key, value) in fields.keys().filter(|(k, _)| !k.starts_with(PROVENANCE)) {
        header.meta.insert(key.clone(), value.clone().into());
    }
    Ok(header)
}

/// The fourth dimension; MetaImage does not say what it counts.
fn frames(fields: &Fields, sizes: &[usize]) -> Result<Frames> {
    let Some(&count) = sizes.get(3) else { return Ok(Frames::one()) };
    let step = fields.numbers(&["ElementSpacing", "ElementSize"], 4)?.map_or(0.0, |s| s[3]);
    let from = fields.numbers(&["Offset", "Position", "Origin"], 4)?.map_or(0.0, |o| o[3]);
    let known = step.is_finite() && step > 0.0 && from.is_finite() && (2..=1 << 20).contains(&count);
    let values = if known { (0..count).map(|i| from + i as f64 * step).collect() } else { Vec::new() };
    Ok(Frames { count, axis: FrameAxis::Unknown, values })
}

fn source(fields: &Fields, shape: &Shape, header: Header, files: &Files) -> Result<Arc<dyn Source>> {
    let stored = Header { shape: shape.stored()?.shape, ..header.clone() };
    let big = fields.flag(&["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])?.unwrap_or(false);
    let decode = Decode::kept(shape.voxel, big);
    let compressed = fields.flag(&["CompressedData"])?.unwrap_or(false);
    let text = !fields.flag(&["BinaryData"])?.unwrap_or(true);
    let at = Start::of(fields, files)?;
    let inner: Arc<dyn Source> = match (&files.inputs[..], compressed, text) {
        (_, true, true) => return Err(Error::corrupt("BinaryData").found("False, with CompressedData = True").expected("one of them")),
        ([one], true, false) if !files.split => Arc::new(stream(fields, stored, decode, one, at)?),
        ([one], false, true) if !files.split => Arc::new(read_text(stored, shape, one, at)?),
        (_, true, false) | (_, false, true) => return Err(Error::unsupported("a list of compressed or text files").help("join them into one .mha first")),
        (inputs, false, false) => Arc::new(pieces(stored, decode, inputs, at)?),
    };
    Ok(if shape.channels == 1 { inner } else { Arc::new(Channels::new(inner, header, shape.channels)) })
}

/// Where a file's voxels begin.
#[derive(Clone, Copy)]
enum Start {
    Byte(u64),
    /// `HeaderSize = -1`: the voxels are the end of the file.
    Tail,
}

impl Start {
    fn of(fields: &Fields, files: &Files) -> Result<Start> {
        match fields.whole("HeaderSize")?.unwrap_or(0) {
            0 => Ok(Start::Byte(files.from)),
            -1 => Ok(Start::Tail),
            // For LOCAL data MetaIO counts from the file's first byte.
            n if n > 0 && n as u64 >= files.from => Ok(Start::Byte(n as u64)),
            n => Err(Error::corrupt("HeaderSize").found(n).expected(format_args!("-1, 0, or {} or more", files.from.max(1)))),
        }
    }

    fn byte(self, input: &Input, need: u64) -> Result<u64> {
        let found = match self {
            Start::Byte(at) => return Ok(at),
            Start::Tail => input.len().checked_sub(need),
        };
        found.ok_or_else(|| {
            Error::corrupt("voxel data")
                .found(format_args!("{} bytes", input.len()))
                .expected(need)
                .help("the file is cut off or its header is wrong; copy it again")
                .within(input.path())
        })
    }
}

fn pieces(header: Header, decode: Decode, inputs: &[Input], at: Start) -> Result<Stored> {
    let planes = header.nz() * header.frames.count;
    let each = planes / inputs.len();
    let stride = header.plane_bytes() as u64;
    if each * inputs.len() != planes {
        return Err(Error::unsupported("files that hold part of a plane").found(format_args!("{} files for {planes} planes", inputs.len())));
    }
    let piece = |input: &Input| Ok(Piece { input: input.clone(), offset: at.byte(input, stride * each as u64)?, stride, planes: each });
    Stored::new(header, decode, inputs.iter().map(piece).collect::<Result<_>>()?)
}

fn stream(fields: &Fields, header: Header, decode: Decode, input: &Input, at: Start) -> Result<Stream> {
    let claimed = fields.whole("CompressedDataSize")?;
    let from = match (at, claimed) {
        (Start::Byte(from), _) => from,
        (Start::Tail, Some(size)) => at.byte(input, u64::try_from(size).unwrap_or(u64::MAX))?,
        (Start::Tail, None) => return Err(Error::corrupt("HeaderSize").found(-1).expected("CompressedDataSize with it: a compressed tail has no other length")),
    };
    let there = input.len().saturating_sub(from);
    if claimed.is_some_and(|size| u64::try_from(size).is_ok_and(|s| s > there) || size < 0) {
        return Err(Error::corrupt("CompressedDataSize")
            .found(format_args!("{}", claimed.unwrap_or(0)))
            .expected(format_args!("at most the {there} bytes there are"))
            .help("the file is cut off; copy it again")
            .within(input.path()));
    }
    let mut magic = [0; 2];
    if there >= 2 {
        input.read_at(from, &mut magic)?;
    }
    let codec = if magic == [0x1f, 0x8b] { Codec::Gzip } else { Codec::Zlib };
    Stream::new(header, decode, codec, input.clone(), from, 0)
}

fn read_text(header: Header, shape: &Shape, input: &Input, at: Start) -> Result<Volume> {
    let Start::Byte(from) = at else { return Err(Error::corrupt("HeaderSize").found(-1).expected("0 with BinaryData = False")) };
    let voxels = header.voxels() * header.frames.count;
    let values = ascii::numbers(input, from, voxels * (shape.voxel.bytes() / shape.element.bytes()), shape.element)?;
    let data = if shape.voxel == Type::Rgb8 { colours(&values)? } else { values };
    Volume::new(header, data)
}

fn colours(values: &Data) -> Result<Data> {
    Data::from_slice::<isovox_volume::Rgb8>(bytemuck::cast_slice(values.bytes()))
}
