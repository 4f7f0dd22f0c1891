//! Opening: from the header's fields to a source, every claim checked against the bytes there are.

use std::io::Read;
use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, FrameAxis, Geometry, Header, Result, Source, Type, Verdict};
use serde_json::json;

use crate::format::{Given, Scan};
use crate::input::Input;
use crate::nifti::pair;
use crate::stored::{Decode, Stored};
use crate::stream::{Codec, Stream};
use crate::unit::millimetres;

/// Bytes of a header.
const SIZE: usize = 348;

pub(super) fn open(given: &Given) -> Result<Scan> {
    let input = pair::chosen(given).ok_or_else(|| Error::unsupported("several Analyze files at once").help("open them one by one"))?;
    let file = pair::header_of(input)?;
    let fields = Fields::read(&file).at(file.path())?;
    let image = pair::image_of(&file)?;
    let source = source(&fields, &image).at(file.path())?;
    Ok(Scan { format: "analyze", source, files: vec![file, image], provenance: None })
}

/// A header's bytes, and their order.
struct Fields {
    bytes: Vec<u8>,
    big: bool,
}

impl Fields {
    fn read(file: &Input) -> Result<Fields> {
        let mut bytes = Vec::new();
        if pair::gzip(&file.head(2)?) {
            let cut = |e: std::io::Error| Error::corrupt(format_args!("compressed header: {e}")).help("the file is cut off or damaged; copy it again");
            Codec::Gzip.reader(file, 0).take(SIZE as u64).read_to_end(&mut bytes).map_err(cut)?;
        } else {
            bytes = file.head(SIZE)?;
        }
        if bytes.len() < SIZE {
            return Err(Error::corrupt("Analyze header").found(format_args!("{} bytes", bytes.len())).expected(SIZE).help("the file is cut off; copy it again"));
        }
        let size = |order: fn([u8; 4]) -> i32| order(bytes[..4].try_into().expect("four bytes"));
        let big = match (size(i32::from_le_bytes), size(i32::from_be_bytes)) {
            (348, _) => false,
            (_, 348) => true,
            (found, _) => {
                return Err(Error::unsupported("neither a NIfTI nor an Analyze header")
                    .found(format_args!("a size of {found}"))
                    .expected("348 in either byte order")
                    .help("other programs use the ending .hdr too: give --size and --type with the data file"));
            }
        };
        Ok(Fields { bytes, big })
    }

    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = self.bytes[at..at + N].try_into().expect("a slice of N bytes");
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn short(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.take(at))
    }

    fn real(&self, at: usize) -> f64 {
        f32::from_le_bytes(self.take(at)).into()
    }

    fn text(&self, at: usize, length: usize) -> String {
        let text = &self.bytes[at..at + length];
        let end = text.iter().position(|&b| b == 0).unwrap_or(length);
        String::from_utf8_lossy(&text[..end]).trim().to_string()
    }

    /// `[z, y, x]` and frames.
    fn sizes(&self) -> Result<([usize; 3], usize)> {
        let dims = self.short(40);
        if !(1..=7).contains(&dims) {
            return Err(Error::corrupt("number of dimensions, dim[0]").found(dims).expected("1 to 7").help("this is not an Analyze header, or it is damaged"));
        }
        let mut sizes = [1; 7];
        for (axis, size) in sizes.iter_mut().enumerate().take(dims as usize) {
            let dim = self.short(42 + 2 * axis);
            // Writers leave 0 in dimensions that they do not use.
            let unused = axis >= 3 && dim == 0;
            *size = if unused {
                1
            } else {
                usize::try_from(dim).ok().filter(|&n| n > 0).ok_or_else(|| Error::corrupt(format_args!("dim[{}]", axis + 1)).found(dim).expected("at least 1"))?
            };
        }
        if sizes[4..].iter().any(|&n| n > 1) {
            return Err(Error::unsupported("more than four dimensions").found(format_args!("{sizes:?}")).help("split it by its last dimension first"));
        }
        Ok(([sizes[2], sizes[1], sizes[0]], sizes[3]))
    }

    fn voxel(&self) -> Result<Type> {
        let refused = |what: &str, help: &str| Err(Error::unsupported(format_args!("{what} voxels")).found(format_args!("datatype {}", self.short(70))).help(help));
        Ok(match self.short(70) {
            2 => Type::U8,
            4 => Type::I16,
            8 => Type::I32,
            16 => Type::F32,
            64 => Type::F64,
            130 => Type::I8,
            132 => Type::U16,
            136 => Type::U32,
            1 => return refused("1-bit", "convert to 8 bit first"),
            32 => return refused("complex", "write magnitude or phase first"),
            128 => return refused("colour", "Analyze does not say how its colours lie: convert it with the program that wrote it"),
            _ => return refused("unknown", "the header is damaged, or the type is not Analyze's"),
        })
    }

    /// Where the image begins; some writers keep it as a real number.
    fn start(&self) -> Result<u64> {
        let offset = self.real(108);
        if offset.is_finite() && offset >= 0.0 && offset.fract() == 0.0 {
            return Ok(offset as u64);
        }
        Err(Error::corrupt("vox_offset").found(offset).expected("a whole number of bytes").help("the header is damaged; copy the file again"))
    }
}

fn source(fields: &Fields, image: &Input) -> Result<Arc<dyn Source>> {
    let (shape, frames) = fields.sizes()?;
    let mut header = Header::new(shape, frames, fields.voxel()?)?;
    if frames > 1 {
        header.frames.axis = FrameAxis::Time;
    }
    place(fields, &mut header);
    said(fields, &mut header);
    let decode = Decode::kept(header.voxel, fields.big);
    let start = fields.start()?;
    Ok(if pair::gzip(&image.head(2)?) {
        Arc::new(Stream::new(header, decode, Codec::Gzip, image.clone(), 0, start)?)
    } else {
        Arc::new(Stored::one(header, decode, image.clone(), start)?)
    })
}

fn place(fields: &Fields, header: &mut Header) {
    let unit = fields.text(56, 4);
    let mm = millimetres(&unit).unwrap_or(1.0);
    let spacing = std::array::from_fn(|i| fields.real(80 + 4 * i).abs() * mm);
    if let Some(geometry) = Geometry::local(spacing) {
        header.verdict = Verdict::uniform("the voxel size alone: Analyze 7.5 states no orientation");
        header.warnings.push("Analyze 7.5 states no orientation that its writers agree on: left and right are unknown".into());
        header.geometry = geometry;
    } else {
        let why = format!("pixdim is {spacing:?}: spacing unknown");
        header.verdict = Verdict::unknown(&why);
        header.warnings.push(why);
    }
}

/// What programs keep in unused fields, named and not applied; and the rest of the header.
fn said(fields: &Fields, header: &mut Header) {
    let (scale, offset) = (fields.real(112), fields.real(116));
    if scale.is_finite() && (scale, offset) != (0.0, 0.0) && (scale, offset) != (1.0, 0.0) {
        header.warnings.push(format!("SPM's scale factor {scale} and offset {offset} are not applied: values are as stored"));
    }
    let origin: [i16; 3] = std::array::from_fn(|i| fields.short(253 + 2 * i));
    if origin != [0; 3] {
        header.warnings.push(format!("SPM's origin, voxel {origin:?}, is not applied"));
    }
    let shorts = |at: usize| std::array::from_fn::<i16, 8, _>(|i| fields.short(at + 2 * i));
    let reals = std::array::from_fn::<f64, 8, _>(|i| fields.real(76 + 4 * i));
    let meta = [
        ("endian", json!(if fields.big { "big" } else { "little" })),
        ("dim", json!(shorts(40))),
        ("datatype", json!(fields.short(70))),
        ("bitpix", json!(fields.short(72))),
        ("pixdim", json!(reals)),
        ("vox_units", json!(fields.text(56, 4))),
        ("funused1", json!(scale)),
        ("descrip", json!(fields.text(148, 80))),
        ("orient", json!(fields.bytes[252])),
    ];
    header.meta.extend(meta.map(|(key, value)| (key.to_string(), value)));
}
