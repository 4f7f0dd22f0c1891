//! Opening: from header fields to a source, every claim checked against the bytes there are.

use std::io::{BufReader, Read};
use std::sync::Arc;

use isovox_volume::{Error, FrameAxis, Frames, Geometry, Header, Quantity, QuantityKind, Result, Source, Type, Verdict};
use serde_json::json;

use super::extensions::{self, Extensions};
use super::header::{Fields, TWO};
use super::{pair, place};
use crate::channels::Channels;
use crate::embed;
use crate::format::{Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::stored::{Decode, Stored, Values};
use crate::stream::{Codec, Stream};
use isovox_volume::error::At;

/// NIfTI's intent code of a volume whose values are labels.
pub(super) const LABELS: i64 = 1002;

/// The intents of CIFTI: matrices over brain surfaces.
const CIFTI: std::ops::Range<i64> = 3000..3100;

pub(super) fn open(given: &Given, options: &OpenOptions) -> Result<Scan> {
    let input = pair::chosen(given).ok_or_else(|| Error::unsupported("several NIfTI files at once").help("open them one by one"))?;
    let file = pair::header_of(input)?;
    let (fields, mut bytes) = fields(&file).at(file.path())?;
    let image = if fields.single { file.clone() } else { pair::image_of(&file)? };
    let mut files = vec![file.clone()];
    if !fields.single {
        files.push(image.clone());
    }
    let opened = Opened::check(&fields, &file, &image, &mut bytes).at(file.path())?;
    let provenance = opened.extensions.provenance.clone();
    let source = opened.source(&fields, image, options).at(file.path())?;
    Ok(Scan { format: "nifti", source, files, provenance })
}

type Bytes = Box<dyn Read + Send>;

/// The fields, and the reader left behind the header.
fn fields(file: &Input) -> Result<(Fields, Bytes)> {
    let gzip = pair::gzip(&file.head(2)?);
    let bytes = || -> Bytes { if gzip { Codec::Gzip.reader(file, 0) } else { Box::new(BufReader::new(file.reader(0))) } };
    let mut head = Vec::with_capacity(TWO);
    let read = bytes().take(TWO as u64).read_to_end(&mut head);
    let fields = Fields::parse(&head).map_err(|e| match read {
        Err(cut) => Error::corrupt(format_args!("compressed header: {cut}")).help("the file is cut off or damaged; copy it again"),
        Ok(_) => e,
    })?;
    let mut rest = bytes();
    extensions::fill(&mut rest, &mut head[..fields.size() as usize])?;
    Ok((fields, rest))
}

/// What is known before the header is made.
struct Opened {
    shape: [usize; 3],
    frames: Frames,
    stored: Type,
    channels: usize,
    gzip: bool,
    start: u64,
    extensions: Extensions,
    warnings: Vec<String>,
}

impl Opened {
    fn check(fields: &Fields, file: &Input, image: &Input, bytes: &mut Bytes) -> Result<Opened> {
        if CIFTI.contains(&fields.intent) {
            return Err(Error::unsupported("a CIFTI file: values on brain surfaces, not a volume")
                .found(format_args!("intent {}", fields.intent))
                .help("extract a volume with wb_command -cifti-separate"));
        }
        let (shape, frames) = dims(fields)?;
        let (stored, channels) = voxel(fields, frames.count)?;
        let mut warnings = Vec::new();
        let bits = (stored.bytes() * channels * 8) as i64;
        if fields.bitpix != bits {
            warnings.push(format!("bitpix is {}, but datatype {} has {bits}; the datatype is taken", fields.bitpix, fields.datatype));
        }
        let gzip = pair::gzip(&image.head(2)?);
        for (input, gzip) in [(image, gzip), (file, pair::gzip(&file.head(2)?))].iter().take(if fields.single { 1 } else { 2 }) {
            name_warning(input, *gzip, &mut warnings);
        }
        let need = need(shape, frames.count, stored.bytes() * channels)?;
        let (start, extensions) = start(fields, image, gzip, need, bytes, &mut warnings)?;
        Ok(Opened { shape, frames, stored, channels, gzip, start, extensions, warnings })
    }

    fn source(self, fields: &Fields, image: Input, options: &OpenOptions) -> Result<Arc<dyn Source>> {
        let Opened { shape, frames, stored, channels, gzip, start, extensions, mut warnings } = self;
        let values = scaling(fields, stored, &mut warnings)?;
        let mut header = Header::new(shape, frames.count, given_type(stored, values))?;
        header.frames = frames;
        header.quantity = quantity(fields, stored, values);
        let placed = place::place(fields, shape, options.affine)?;
        (header.geometry, header.verdict) = (placed.geometry, placed.verdict);
        if fields.sform_code <= 0 && fields.qform_code <= 0 && embed::says_voxel(extensions.provenance.as_ref()) {
            (header.geometry, header.verdict) = (Geometry::voxel(), Verdict::unknown("written from a volume without scale"));
        } else {
            warnings.extend(placed.warnings);
        }
        embed::obey(extensions.provenance.as_ref(), &mut header);
        header.warnings = warnings;
        meta(&mut header, fields, &extensions);
        let decode = Decode { stored, big: fields.big, values };
        let inner = if channels == 1 { header.clone() } else { wide(&header, channels)? };
        let source: Arc<dyn Source> = if gzip { Arc::new(Stream::new(inner, decode, Codec::Gzip, image, 0, start)?) } else { Arc::new(Stored::one(inner, decode, image, start)?) };
        Ok(if channels == 1 { source } else { Arc::new(Channels::new(source, header, channels)) })
    }
}

/// The same volume with rows as long as the file's, channels side by side.
fn wide(header: &Header, channels: usize) -> Result<Header> {
    let [z, y, x] = header.shape;
    Header::new([z, y, x.saturating_mul(channels)], 1, header.voxel)
}

fn name_warning(input: &Input, gzip: bool, warnings: &mut Vec<String>) {
    match (input.ends("gz"), gzip) {
        (true, false) => warnings.push(format!("{} is named .gz, but its bytes are not compressed", input.name())),
        (false, true) => warnings.push(format!("{} is gzip-compressed, which its name does not say", input.name())),
        _ => {}
    }
}

fn need(shape: [usize; 3], frames: usize, bytes: usize) -> Result<u64> {
    let sizes = shape.iter().chain([&frames, &bytes]);
    sizes.map(|&n| n as u64).try_fold(1u64, u64::checked_mul).ok_or_else(|| {
        Error::corrupt("size").found(format_args!("{}x{}x{} of {bytes} bytes, {frames} times", shape[2], shape[1], shape[0])).expected("a volume whose bytes can be counted")
    })
}

/// Where the voxels begin, and what lies before them.
fn start(fields: &Fields, image: &Input, gzip: bool, need: u64, bytes: &mut Bytes, warnings: &mut Vec<String>) -> Result<(u64, Extensions)> {
    let offset = fields.vox_offset;
    let (size, len) = (fields.size(), image.len());
    let wrong = |expected: &str| Err(Error::corrupt("vox_offset").found(offset).expected(expected).help("the header is damaged; copy the file again"));
    if !(offset.is_finite() && offset >= 0.0 && offset.fract() == 0.0) {
        return wrong("a whole number of bytes");
    }
    let start = offset as u64;
    if !gzip && start.checked_add(need).is_none_or(|end| end > len) {
        return Err(Error::corrupt("voxel data")
            .found(format_args!("{} bytes from byte {start} on", len.saturating_sub(start)))
            .expected(format_args!("{need}"))
            .help("the file is cut off or its header is wrong; copy it again"));
    }
    if !fields.single {
        return Ok((start, extensions::walk(bytes, size, u64::MAX, fields.big)?));
    }
    if start == 0 {
        return unstated(fields, gzip, len.saturating_sub(need), bytes, warnings);
    }
    if start < size + 4 {
        return wrong(&format!("{} or more: it points into the header", size + 4));
    }
    Ok((start, extensions::walk(bytes, size, start, fields.big)?))
}

/// `vox_offset` 0 in a single file: some writers leave it out; the voxels follow the header and its extensions.
fn unstated(fields: &Fields, gzip: bool, latest: u64, bytes: &mut Bytes, warnings: &mut Vec<String>) -> Result<(u64, Extensions)> {
    let first = fields.size() + 4;
    let extensions = extensions::walk(bytes, fields.size(), if gzip { first } else { latest }, fields.big)?;
    if !gzip && latest < first || !extensions.list.is_empty() && extensions.end != latest {
        return Err(Error::corrupt("vox_offset").found(0).expected("the byte where the voxels begin").help("the header is damaged; copy the file again"));
    }
    warnings.push(format!("vox_offset is 0; the voxels are read from byte {}, behind the header", extensions.end));
    Ok((extensions.end, extensions))
}

/// `[z, y, x]` and frames. Dimensions beyond dim[0] are not looked at.
fn dims(fields: &Fields) -> Result<([usize; 3], Frames)> {
    let used = fields.dim[0] as usize;
    let mut size = [1usize; 7];
    for (axis, n) in size.iter_mut().enumerate().take(used) {
        let dim = fields.dim[axis + 1];
        *n = usize::try_from(dim)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| Error::corrupt(format_args!("dim[{}]", axis + 1)).found(dim).expected("at least 1").help("the header is damaged; copy the file again"))?;
    }
    let long: Vec<usize> = (3..7).filter(|&axis| size[axis] > 1).collect();
    let frames = match long[..] {
        [] => Frames::one(),
        [3] => time(fields, size[3]),
        [axis] => Frames { count: size[axis], axis: if axis == 4 { FrameAxis::Channel } else { FrameAxis::Unknown }, values: Vec::new() },
        _ => {
            return Err(Error::unsupported("more than four dimensions")
                .found(format_args!("dim {:?}", &fields.dim[1..=used]))
                .expected("one of dim[4] to dim[7] longer than 1")
                .help("split it by its last dimension first"));
        }
    };
    Ok(([size[2], size[1], size[0]], frames))
}

/// The fourth dimension: time, in seconds where the file says its unit; a spectrum's has no name here.
fn time(fields: &Fields, count: usize) -> Frames {
    let (axis, second) = match fields.units & 0x38 {
        16 => (FrameAxis::Time, 1e3),
        24 => (FrameAxis::Time, 1e6),
        0 | 8 => (FrameAxis::Time, 1.0),
        _ => (FrameAxis::Unknown, 1.0),
    };
    let (step, from) = (fields.pixdim[4], fields.toffset);
    let known = step.is_finite() && step > 0.0 && from.is_finite();
    // A claimed count is not memory yet: values are listed for what a scanner could have taken.
    let values = if known && count <= 1 << 20 { (0..count).map(|i| (from + i as f64 * step) / second).collect() } else { Vec::new() };
    Frames { count, axis, values }
}

/// The stored type, and how many values of it make a voxel.
fn voxel(fields: &Fields, frames: usize) -> Result<(Type, usize)> {
    let refused = |what: &str, help: &str| Err(Error::unsupported(format_args!("{what} voxels")).found(format_args!("datatype {}", fields.datatype)).help(help));
    let scalar = match fields.datatype {
        2 => Type::U8,
        4 => Type::I16,
        8 => Type::I32,
        16 => Type::F32,
        64 => Type::F64,
        128 => Type::Rgb8,
        256 => Type::I8,
        512 => Type::U16,
        768 => Type::U32,
        1024 => Type::I64,
        1280 => Type::U64,
        2304 if frames == 1 => return Ok((Type::U8, 4)),
        1 => return refused("1-bit", "convert to 8 bit first"),
        32 | 1792 | 2048 => return refused("complex", "write magnitude or phase first"),
        1536 => return refused("128-bit float", "convert to 64-bit float first"),
        2304 => return refused("RGBA in several frames", "split the frames, or drop the opacity, first"),
        _ => return refused("unknown", "the header is damaged, or the type is not NIfTI's"),
    };
    Ok((scalar, 1))
}

fn scaling(fields: &Fields, stored: Type, warnings: &mut Vec<String>) -> Result<Values> {
    let (slope, intercept) = (fields.slope, fields.intercept);
    if slope == 0.0 || !slope.is_finite() {
        if slope == 0.0 && intercept != 0.0 && intercept.is_finite() {
            warnings.push(format!("slope 0 means no scaling; the intercept {intercept} is not added"));
        }
        return Ok(Values::Kept);
    }
    if !intercept.is_finite() {
        if slope == 1.0 {
            warnings.push(format!("the intercept is {intercept}; values are as stored"));
            return Ok(Values::Kept);
        }
        return Err(Error::corrupt("scaling").found(format_args!("slope {slope}, intercept {intercept}")).expected("a finite intercept").help("set scl_inter in the header first"));
    }
    if slope == 1.0 && intercept == 0.0 {
        return Ok(Values::Kept);
    }
    if stored == Type::Rgb8 {
        warnings.push(format!("slope {slope} and intercept {intercept} are not applied to colours"));
        return Ok(Values::Kept);
    }
    Ok(Values::Scaled { slope, intercept })
}

/// f32 holds every scaled 8 and 16-bit value; wider ones need f64.
fn given_type(stored: Type, values: Values) -> Type {
    match (values, stored) {
        (Values::Scaled { .. }, Type::U8 | Type::I8 | Type::U16 | Type::I16 | Type::F32) => Type::F32,
        (Values::Scaled { .. }, _) => Type::F64,
        _ => stored,
    }
}

fn quantity(fields: &Fields, stored: Type, values: Values) -> Quantity {
    match values {
        Values::Scaled { slope, intercept } => Quantity::stored(&format!("stored values times {slope} plus {intercept}")),
        _ if fields.intent == LABELS && stored.is_integer() => Quantity::certain(QuantityKind::Label, "NIfTI intent 1002, labels"),
        _ => Quantity::stored("values as stored"),
    }
}

fn meta(header: &mut Header, fields: &Fields, extensions: &Extensions) {
    header.meta.extend(fields.meta().into_iter().map(|(k, v)| (k.to_string(), v)));
    header.meta.insert("extensions".into(), json!(extensions.list));
    let ras = |g: Option<Geometry>| json!(g.and_then(|g| g.affine_ras()));
    header.meta.insert("sform_ras_mm".into(), ras(place::sform(fields)));
    header.meta.insert("qform_ras_mm".into(), ras(place::qform(fields).map(|(g, _)| g)));
}
