//! Opening raw data: who says what it is, whether that fits, and the planes.

use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Geometry, Header, Kind, Quantity, Result, Source, Type, Verdict};
use serde_json::{Value, json};

use super::colour::Reordered;
use super::said::{Layout, Pixel, Said};
use super::{imagej, name, vgi};
use crate::FORMATS;
use crate::format::{Given, Scan};
use crate::input::Input;
use crate::open::{OpenOptions, open_given};
use crate::stored::{Decode, Piece, Stored, Values};

/// What raw data are, and the files that say it.
pub(super) struct Described {
    /// The data file.
    pub(super) data: Input,
    /// A header or settings text beside it.
    pub(super) beside: Option<Input>,
    /// How its planes lie.
    pub(super) layout: Layout,
    /// The header's own keys.
    pub(super) meta: Option<Value>,
}

pub(super) fn open(input: &Input, options: &OpenOptions) -> Result<Scan> {
    if let Some(scan) = by_header(input, options)? {
        return Ok(scan);
    }
    let Described { data, beside, layout, meta } = layout(input, options)?;
    let piece = piece(&data, &layout);
    let mut header = header(&layout, layout.size).at(data.path())?;
    header.meta.extend(meta.map(|meta| ("vgi".to_string(), meta)));
    let source = source(header, &layout, vec![piece]).at(data.path())?;
    Ok(Scan { format: super::NAME, source, files: [Some(data), beside].into_iter().flatten().collect(), provenance: None })
}

/// By a `MetaImage` or NRRD header of the same name that names this file as its data; it states more than the bytes.
fn by_header(input: &Input, options: &OpenOptions) -> Result<Option<Scan>> {
    let raw = &options.raw;
    let told = raw.size.is_some() || raw.offset.is_some() || raw.gap.is_some() || raw.big_endian.is_some() || options.white_is_zero;
    let base = input.name().rsplit('/').next().unwrap_or_default();
    let Some(stem) = base.rfind('.').map(|i| &base[..i]).filter(|_| !told && !input.ends("vgi")) else { return Ok(None) };
    for ending in ["mhd", "nhdr"] {
        let Ok(header) = input.sibling(&format!("{stem}.{ending}")) else { continue };
        let (head, given) = (header.head(512)?, Given::One(header));
        // Named as raw data are, a header that no other format reads would be looked for beside itself, without end.
        if FORMATS.iter().find(|f| f.recognises(&given, &head)).is_none_or(|f| f.name() == super::NAME) {
            continue;
        }
        match open_given(given, options) {
            Ok(scan) if scan.files.iter().any(|f| f.name() == input.name()) => return Ok(Some(scan)),
            Err(e) if e.kind() != Kind::Unsupported => return Err(e.help(format_args!("{stem}.{ending} lies beside the data; give --size and --type to read the data without it"))),
            _ => {}
        }
    }
    Ok(None)
}

/// What headerless data are; fails where nobody says it, or where it does not fit.
pub(super) fn layout(input: &Input, options: &OpenOptions) -> Result<Described> {
    let (data, beside, said, meta) = said(input, options)?;
    let whole = said.unless(options).whole(data.len()).and_then(|layout| layout.check(data.len()));
    let layout = whole.at(data.path())?;
    Ok(Described { data, beside, layout, meta })
}

type Found = (Input, Option<Input>, Said, Option<Value>);

fn said(input: &Input, options: &OpenOptions) -> Result<Found> {
    if input.ends("vgi") {
        let vgi = vgi::read(input)?;
        return Ok((input.sibling(&vgi.name)?, Some(input.clone()), vgi.said, Some(vgi.meta)));
    }
    if options.raw.whole() {
        return Ok((input.clone(), None, Said::default(), None));
    }
    if let Some(text) = imagej::beside(input) {
        let said = imagej::read(&text)?;
        return Ok((input.clone(), Some(text), said, None));
    }
    if let Some((header, vgi)) = vgi_beside(input) {
        return Ok((input.clone(), Some(header), vgi.said, Some(vgi.meta)));
    }
    Ok((input.clone(), None, name::read(input).unwrap_or_default(), None))
}

/// The `.vgi` beside that names this file: of the same name, else any of the folder. In an archive the first only: there
/// every entry is asked, and one that names another is a candidate itself.
fn vgi_beside(input: &Input) -> Option<(Input, vgi::Vgi)> {
    let base = input.name().rsplit('/').next()?;
    let stem = base.rfind('.').map_or(base, |i| &base[..i]);
    let same = [format!("{stem}.vgi"), format!("{stem}.VGI")];
    let others = if input.on_disk() { input.beside() } else { Vec::new() };
    let headers = same.into_iter().chain(others).filter(|n| n.to_lowercase().ends_with(".vgi"));
    let mut read = headers.filter_map(|n| input.sibling(&n).ok()).filter_map(|header| vgi::read(&header).ok().map(|vgi| (header, vgi)));
    read.find(|(_, vgi)| vgi.name == base)
}

/// All planes of one file.
pub(super) fn piece(data: &Input, layout: &Layout) -> Piece {
    // The layout was checked against the file: its plane can be counted.
    let plane = layout.plane().unwrap_or(u64::MAX);
    Piece { input: data.clone(), offset: layout.offset, stride: plane.saturating_add(layout.gap), planes: layout.size[0] }
}

/// The header of a size `[z, y, x]`.
pub(super) fn header(layout: &Layout, size: [usize; 3]) -> Result<Header> {
    let voxel = match layout.pixel {
        Pixel::Plain(voxel) => voxel,
        Pixel::Colour(_) => Type::Rgb8,
    };
    if layout.white && !voxel.is_integer() {
        return Err(Error::parameter(format_args!("white is zero in {voxel} data")).expected("integers").help("open it as it is and invert it by a step"));
    }
    let mut header = Header::new(size, 1, voxel)?;
    header.warnings.clone_from(&layout.warnings);
    header.quantity = Quantity::stored(if layout.white { "stored values, inverted: white is zero" } else { "stored values" });
    if let Some(geometry) = layout.spacing.and_then(Geometry::local) {
        header.geometry = geometry;
        header.verdict = Verdict::uniform(&format!("one voxel size, stated by {}", layout.by));
    }
    let spoken = json!({"by": layout.by, "big_endian": layout.big, "offset": layout.offset, "gap": layout.gap, "white_is_zero": layout.white});
    header.meta.insert("raw".into(), spoken);
    Ok(header)
}

/// The planes of pieces that together have the header's size.
pub(super) fn source(header: Header, layout: &Layout, pieces: Vec<Piece>) -> Result<Arc<dyn Source>> {
    match layout.pixel {
        Pixel::Plain(voxel) => {
            let values = if layout.white { Values::Inverted } else { Values::Kept };
            Ok(Arc::new(Stored::new(header, Decode { stored: voxel, big: layout.big, values }, pieces)?))
        }
        Pixel::Colour(colour) => {
            let [z, y, x] = header.shape;
            let bytes = Header::new([z, y, x.saturating_mul(colour.bytes())], 1, Type::U8)?;
            let inner = Stored::new(bytes, Decode::kept(Type::U8, false), pieces)?;
            Ok(Arc::new(Reordered::new(Arc::new(inner), header, colour)))
        }
    }
}
