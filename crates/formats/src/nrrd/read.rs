//! Opening: from header fields to a source, every claim checked against the bytes there are.

use std::io::Read;
use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Data, Error, Geometry, Header, Result, Rgb8, Source, Type, Verdict, Volume};

use super::axes::{Axes, Other};
use super::data::{self, Files, Skip};
use super::header::Fields;
use super::place::{self, World};
use super::segments;
use crate::channels::Channels;
use crate::format::{self, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::raw::Reordered;
use crate::stored::{Decode, Piece, Stored};
use crate::stream::{Codec, Stream};
use crate::{ascii, embed, nifti};

/// Endings of data files that may be given together with their header.
pub(super) const DATA: [&str; 5] = ["raw", "raw.gz", "raw.bz2", "gz", "txt"];

pub(super) fn open(given: &Given, options: &OpenOptions) -> Result<Scan> {
    let input = format::header_among(given, &["nhdr", "nrrd"], &DATA).ok_or_else(|| Error::unsupported("several NRRD files at once").help("open them one by one"))?;
    open_one(input, options).at(input.path())
}

fn open_one(input: &Input, options: &OpenOptions) -> Result<Scan> {
    let fields = Fields::read(input)?;
    let provenance = fields.provenance().and_then(embed::parse);
    let sizes = fields.sizes()?;
    let world = World::of(&fields, sizes.len())?;
    let axes = Axes::of(&fields, &world)?;
    let mut header = axes.seen(&fields, &world)?;
    let placed = place::place(&fields, &axes, &world)?;
    (header.geometry, header.verdict) = (placed.geometry, placed.verdict);
    if embed::says_voxel(provenance.as_ref()) {
        (header.geometry, header.verdict) = (Geometry::voxel(), Verdict::unknown("written from a volume without scale"));
    } else {
        header.warnings = placed.warnings;
    }
    header.meta.extend(fields.all().map(|(key, value)| (key.clone(), value.clone().into())));
    segments::take(&fields, &mut header);
    embed::obey(provenance.as_ref(), &mut header);
    let files = data::files(&fields, input, &sizes, options.allow_outside)?;
    let mut used = vec![input.clone()];
    if !files.attached {
        used.extend(files.inputs.iter().cloned());
    }
    let source = source(&fields, &axes, header, &files)?;
    Ok(Scan { format: "nrrd", source, files: used, provenance })
}

enum Encoding {
    Raw,
    Packed(Codec),
    Decimal,
    Hex,
}

fn encoding(fields: &Fields) -> Result<Encoding> {
    let name = fields.get("encoding").ok_or_else(|| Error::corrupt("NRRD header").expected("a field encoding"))?;
    Ok(match name.to_lowercase().as_str() {
        "raw" => Encoding::Raw,
        "gz" | "gzip" => Encoding::Packed(Codec::Gzip),
        "bz2" | "bzip2" => Encoding::Packed(Codec::Bzip2),
        "txt" | "text" | "ascii" => Encoding::Decimal,
        "hex" => Encoding::Hex,
        _ => return Err(Error::unsupported("NRRD encoding").found(name).expected("raw, gzip, bzip2, ascii or hex")),
    })
}

fn source(fields: &Fields, axes: &Axes, header: Header, files: &Files) -> Result<Arc<dyn Source>> {
    let stored = axes.stored(&header)?;
    let skip = Skip::of(fields)?;
    let encoding = encoding(fields)?;
    let big = !matches!(encoding, Encoding::Decimal) && fields.big(axes.voxel)?;
    let decode = Decode::kept(axes.voxel, big);
    let inner: Arc<dyn Source> = match (encoding, &files.inputs[..]) {
        (Encoding::Raw, _) => Arc::new(pieces(stored, decode, files, &skip)?),
        (_, inputs) if files.split && inputs.len() > 1 => return Err(Error::unsupported("a list of compressed or text files").help("join them into one .nrrd first")),
        (Encoding::Packed(codec), [one, ..]) => Arc::new(stream(stored, decode, codec, files, one, &skip)?),
        (Encoding::Decimal, [one, ..]) => Arc::new(text(stored, axes, files, one, &skip)?),
        (Encoding::Hex, [one, ..]) => Arc::new(hex(stored, decode, files, one, &skip)?),
        (_, []) => return Err(Error::corrupt("list of data files").found("no name")),
    };
    Ok(match axes.other {
        Other::None | Other::Frames(_) => inner,
        Other::Colours(colour) => Arc::new(Reordered::new(inner, header, colour)),
        Other::Channels { count, together } => {
            let axis = header.frames.clone();
            Arc::new(Channels::new(inner, header, count).together(together).counting(axis))
        }
    })
}

fn bytes(header: &Header) -> u64 {
    header.bytes() as u64
}

fn pieces(header: Header, decode: Decode, files: &Files, skip: &Skip) -> Result<Stored> {
    let planes = header.nz() * header.frames.count;
    let each = planes / files.inputs.len().max(1);
    let stride = header.plane_bytes() as u64;
    if files.inputs.is_empty() || each * files.inputs.len() != planes {
        return Err(Error::unsupported("files that hold part of a plane").found(format_args!("{} files for {planes} planes", files.inputs.len())));
    }
    let piece = |input: &Input| {
        let need = stride * each as u64;
        let offset = match skip.bytes {
            Some(bytes) => skip.after_lines(files, input)?.saturating_add(bytes),
            // An attached header must not be taken for voxels.
            None => input.len().checked_sub(need).filter(|&at| !files.attached || at >= skip.after_lines(files, input).unwrap_or(u64::MAX)).unwrap_or(u64::MAX),
        };
        if !files.attached {
            not_nifti(&mut input.reader(offset), skip, input)?;
        }
        Ok(Piece { input: input.clone(), offset, stride, planes: each })
    };
    Stored::new(header, decode, files.inputs.iter().map(piece).collect::<Result<_>>()?)
}

fn stream(header: Header, decode: Decode, codec: Codec, files: &Files, input: &Input, skip: &Skip) -> Result<Stream> {
    let from = skip.after_lines(files, input)?;
    let bytes = match skip.bytes {
        Some(bytes) => bytes,
        None => data::tail(codec, input, from, bytes(&header))?,
    };
    if !files.attached && bytes == 0 {
        not_nifti(&mut codec.reader(input, from), skip, input)?;
    }
    Stream::new(header, decode, codec, input.clone(), from, bytes)
}

/// Refuses to take another format's header for voxels: then no byte was skipped where some should have been.
fn not_nifti(data: &mut dyn Read, skip: &Skip, input: &Input) -> Result<()> {
    let mut head = Vec::new();
    // What cannot be read is told when voxels are.
    let _ = data.take(348).read_to_end(&mut head);
    if skip.bytes == Some(0) && nifti::begins(&head) {
        return Err(Error::corrupt(format_args!("data file {:?}", input.name()))
            .found("a NIfTI file, whose header would be taken for voxels")
            .expected("voxels, or byte skip: -1 in the NRRD header")
            .help("open the NIfTI file itself"));
    }
    Ok(())
}

/// Where a text begins.
fn begin(files: &Files, input: &Input, skip: &Skip) -> Result<u64> {
    let Some(bytes) = skip.bytes else { return Err(Error::corrupt("byte skip").found(-1).expected("0 or more with data as text")) };
    Ok(skip.after_lines(files, input)?.saturating_add(bytes))
}

fn text(header: Header, axes: &Axes, files: &Files, input: &Input, skip: &Skip) -> Result<Volume> {
    let colour = axes.voxel == Type::Rgb8;
    let count = header.voxels().saturating_mul(header.frames.count).saturating_mul(if colour { 3 } else { 1 });
    let numbers = ascii::numbers(input, begin(files, input, skip)?, count, if colour { Type::U8 } else { axes.voxel })?;
    Volume::new(header, if colour { Data::from_slice::<Rgb8>(bytemuck::cast_slice(numbers.bytes()))? } else { numbers })
}

fn hex(header: Header, decode: Decode, files: &Files, input: &Input, skip: &Skip) -> Result<Stored> {
    let bytes = ascii::hex(input, begin(files, input, skip)?, header.bytes())?;
    Stored::one(header, decode, Input::bytes(input.name(), bytes), 0)
}
