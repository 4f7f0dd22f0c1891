//! XML image data: one piece, arrays inline or appended, as text, base64 or bytes, plain or in zlib blocks.

use std::io::{BufReader, Read};
use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Geometry, Header, Result, Source, Space, Type, Verdict};
use serde_json::Value;

use super::array::{self, Array, Grid, MOST};
use super::packed::{Base64, Blocks, Lengths};
use super::tags::{Tag, Tags};
use super::write::{PROVENANCE, SPACE};
use crate::channels::Channels;
use crate::embed;
use crate::format::Scan;
use crate::input::Input;
use crate::stored::{Decode, Stored};
use crate::stream::Stream;

/// Deflate cannot expand further than this.
const GREATEST_RATIO: u64 = 1032;

/// Where an array's values are.
#[derive(Clone, Copy)]
enum Place {
    /// Numbers as text, from a byte to a byte.
    Text(u64, u64),
    /// Base64, from a byte to a byte.
    Inline(u64, u64),
    /// So many bytes behind the mark of the appended data.
    Appended(u64),
}

/// A file's header.
#[derive(Default)]
struct File {
    big: bool,
    wide: bool,
    zlib: bool,
    extent: Option<[i64; 6]>,
    pieces: usize,
    spacing: Option<[f64; 3]>,
    origin: [f64; 3],
    direction: Option<[f64; 9]>,
    arrays: Vec<Array<Place>>,
    /// The byte behind the mark of the appended data, and whether those are base64.
    appended: Option<(u64, bool)>,
    provenance: Option<Value>,
}

pub(super) fn open(input: &Input) -> Result<Scan> {
    let file = File::read(input).at(input.path())?;
    let provenance = file.provenance.clone();
    let source = source(file, input).at(input.path())?;
    Ok(Scan { format: "vtk", source, files: vec![input.clone()], provenance })
}

impl File {
    fn read(input: &Input) -> Result<File> {
        let mut file = File::default();
        let mut tags = Tags::new(input);
        let mut section = None;
        let mut begun = false;
        while let Some(tag) = tags.next()? {
            match tag.name.as_str() {
                "VTKFile" => {
                    file.begin(&tag)?;
                    begun = true;
                }
                "ImageData" if begun => file.image(&tag)?,
                "Piece" => file.pieces += 1,
                "PointData" if !tag.empty => section = Some(false),
                "CellData" if !tag.empty => section = Some(true),
                "/PointData" | "/CellData" => section = None,
                "DataArray" => file.array(&mut tags, &tag, section, input)?,
                "AppendedData" => {
                    file.append(&tag, input)?;
                    break;
                }
                _ => {}
            }
        }
        if begun { Ok(file) } else { Err(Error::corrupt("VTK file").expected("<VTKFile type=\"ImageData\">").help("the file is cut off, or not a VTK file")) }
    }

    fn begin(&mut self, tag: &Tag) -> Result<()> {
        match tag.get("type") {
            Some("ImageData") => {}
            other => {
                return Err(Error::unsupported(format_args!("a VTK file of {}", other.unwrap_or("no type")))
                    .expected("ImageData")
                    .help("export it as image data, for example with ParaView's Resample To Image"));
            }
        }
        self.big = match tag.get("byte_order") {
            Some("BigEndian") => true,
            Some("LittleEndian") | None => false,
            Some(other) => return Err(Error::corrupt("byte_order").found(other).expected("LittleEndian or BigEndian")),
        };
        self.wide = match tag.get("header_type") {
            Some("UInt64") => true,
            Some("UInt32") | None => false,
            Some(other) => return Err(Error::corrupt("header_type").found(other).expected("UInt32 or UInt64")),
        };
        self.zlib = match tag.get("compressor") {
            Some("vtkZLibDataCompressor") => true,
            None | Some("") => false,
            Some(other) => {
                return Err(Error::unsupported(format_args!("the compressor {other}")).expected("vtkZLibDataCompressor or none").help("save it again with zlib or uncompressed"));
            }
        };
        Ok(())
    }

    fn image(&mut self, tag: &Tag) -> Result<()> {
        self.extent = Some(numbers(tag, "WholeExtent")?.ok_or_else(|| Error::corrupt("ImageData").expected("a WholeExtent"))?);
        self.spacing = numbers(tag, "Spacing")?;
        self.origin = numbers(tag, "Origin")?.unwrap_or_default();
        self.direction = numbers(tag, "Direction")?;
        Ok(())
    }

    fn array(&mut self, tags: &mut Tags<'_>, tag: &Tag, section: Option<bool>, input: &Input) -> Result<()> {
        let mut place = Place::Text(tag.to, tag.to);
        if tag.get("format") == Some("appended") {
            let offset = tag.get("offset").unwrap_or("0");
            place = Place::Appended(offset.trim().parse().map_err(|_| Error::corrupt("offset").found(format_args!("{offset:?}")).expected("a whole number"))?);
        } else if !tag.empty {
            // Values end where the next tag begins, of this element or of one inside.
            let end = tags.next()?.ok_or_else(|| Error::corrupt("DataArray").expected("its end").help("the file is cut off; copy it again"))?.from;
            place = if tag.get("format") == Some("binary") { Place::Inline(tag.to, end) } else { Place::Text(tag.to, end) };
        }
        let name = tag.get("Name").unwrap_or_default().to_string();
        let Some(cells) = section else {
            if let (PROVENANCE, Place::Text(from, to)) = (name.as_str(), place) {
                self.provenance = provenance(input, from, to);
            }
            return Ok(());
        };
        let components = tag.get("NumberOfComponents").map_or(Ok(1), |n| n.trim().parse()).ok().filter(|n| (1..=4096).contains(n));
        let components = components.ok_or_else(|| Error::corrupt("NumberOfComponents").found(tag.get("NumberOfComponents").unwrap_or_default()).expected("1 to 4096"))?;
        if self.arrays.len() >= MOST {
            return Err(Error::corrupt("VTK file").found("more arrays than any image has"));
        }
        self.arrays.push(Array { name, cells, voxel: tag.get("type").and_then(voxel), components, place });
        Ok(())
    }

    fn append(&mut self, tag: &Tag, input: &Input) -> Result<()> {
        let base64 = tag.get("encoding").is_none_or(|e| e == "base64");
        let mut bytes = vec![0; input.len().saturating_sub(tag.to).min(4096) as usize];
        input.read_at(tag.to, &mut bytes)?;
        let mark = bytes.iter().position(|&b| b == b'_').filter(|&at| bytes[..at].iter().all(u8::is_ascii_whitespace));
        let mark = mark.ok_or_else(|| Error::corrupt("AppendedData").expected("an underscore before the data"))?;
        self.appended = Some((tag.to + mark as u64 + 1, base64));
        Ok(())
    }

    fn grid(&self) -> Result<Grid> {
        let e = self.extent.ok_or_else(|| Error::corrupt("VTK file").expected("an element ImageData"))?;
        if self.pieces != 1 {
            return Err(Error::unsupported("VTK image data").found(format_args!("{} pieces", self.pieces)).expected("one piece").help("save it in one piece"));
        }
        let sizes: Option<Vec<usize>> =
            (0..3).map(|axis| e[2 * axis + 1].checked_sub(e[2 * axis])?.checked_add(1).and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0)).collect();
        let points =
            sizes.and_then(|s| s.try_into().ok()).ok_or_else(|| Error::corrupt("WholeExtent").found(format_args!("{e:?}")).expected("first and last point of each axis"))?;
        let d = self.direction.unwrap_or([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let direction = std::array::from_fn(|r| std::array::from_fn(|c| d[3 * r + c]));
        let geometry = self.spacing.and_then(|spacing| {
            // The origin is the point of index 0, which an extent need not begin with.
            let first: [f64; 3] = std::array::from_fn(|axis| e[2 * axis] as f64);
            let base = array::place(self.origin, spacing, direction)?;
            let mut affine = *base.affine()?;
            let origin = base.point(first);
            (0..3).for_each(|r| affine[r][3] = origin[r]);
            Geometry::new(Space::Local, affine)
        });
        Ok(Grid { points, geometry })
    }
}

fn numbers<T: std::str::FromStr + std::fmt::Debug, const N: usize>(tag: &Tag, name: &str) -> Result<Option<[T; N]>> {
    let Some(text) = tag.get(name) else { return Ok(None) };
    let numbers: Vec<T> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    numbers.try_into().map(Some).map_err(|_| Error::corrupt(name).found(format_args!("{text:?}")).expected(format_args!("{N} numbers")))
}

fn voxel(name: &str) -> Option<Type> {
    Some(match name {
        "UInt8" => Type::U8,
        "Int8" => Type::I8,
        "UInt16" => Type::U16,
        "Int16" => Type::I16,
        "UInt32" => Type::U32,
        "Int32" => Type::I32,
        "UInt64" => Type::U64,
        "Int64" => Type::I64,
        "Float32" => Type::F32,
        "Float64" => Type::F64,
        _ => return None,
    })
}

/// Our own provenance: a text is stored as its bytes' numbers.
fn provenance(input: &Input, from: u64, to: u64) -> Option<Value> {
    if to - from > 4 * embed::LONGEST as u64 {
        return None;
    }
    let mut text = vec![0; (to - from) as usize];
    input.read_at(from, &mut text).ok()?;
    let bytes: Option<Vec<u8>> = std::str::from_utf8(&text).ok()?.split_ascii_whitespace().map(|w| w.parse().ok()).collect();
    embed::parse(&String::from_utf8(bytes?).ok()?)
}

fn source(mut file: File, input: &Input) -> Result<Arc<dyn Source>> {
    let grid = file.grid()?;
    let mut warnings = Vec::new();
    let array = array::choose(std::mem::take(&mut file.arrays), &mut warnings)?;
    let (mut header, channels) = array::header(&grid, &array, warnings)?;
    obey(file.provenance.as_ref(), &mut header);
    let mut inner = header.clone();
    if channels > 1 {
        let [z, y, x] = header.shape;
        inner = Header::new([z, y, x * channels], 1, header.voxel)?;
    }
    let source = values(&file, inner, array.place, input)?;
    Ok(if channels > 1 { Arc::new(Channels::new(source, header, channels)) } else { source })
}

/// What an earlier run says of the space, which VTK does not name.
fn obey(provenance: Option<&Value>, header: &mut Header) {
    embed::obey(provenance, header);
    if embed::says_voxel(provenance) {
        (header.geometry, header.verdict) = (Geometry::voxel(), Verdict::unknown("written from a volume without scale"));
    } else if provenance.and_then(|p| p.get(SPACE)).and_then(Value::as_str) == Some(Space::Patient.name())
        && let Some(geometry) = header.geometry.affine().and_then(|a| Geometry::new(Space::Patient, *a))
    {
        header.geometry = geometry;
    }
}

fn values(file: &File, header: Header, place: Place, input: &Input) -> Result<Arc<dyn Source>> {
    let lengths = Lengths { wide: file.wide, big: file.big };
    let (from, to, base64) = match place {
        Place::Text(from, to) => return Ok(Arc::new(array::text(header, input, from..to)?)),
        Place::Inline(from, to) => (from, to, true),
        Place::Appended(offset) => {
            let (mark, base64) =
                file.appended.ok_or_else(|| Error::corrupt("VTK file").found("appended arrays").expected("an element AppendedData").help("the file is cut off; copy it again"))?;
            let from = mark.checked_add(offset).filter(|at| *at < input.len());
            (from.ok_or_else(|| Error::corrupt("offset").found(offset).expected("a place in the file").help("the file is cut off; copy it again"))?, input.len(), base64)
        }
    };
    let decode = Decode::kept(header.voxel, file.big);
    let need = header.bytes() as u64;
    let there = to - from;
    let most = there.saturating_mul(if file.zlib { GREATEST_RATIO } else { 1 });
    if need > most {
        return Err(Error::corrupt("voxel data")
            .found(format_args!("{there} bytes"))
            .expected(format_args!("enough for {need}"))
            .help("the file is cut off or its header is wrong; copy it again"));
    }
    let (data, zlib) = (input.clone(), file.zlib);
    // The values, and how many bytes of them the file says there are.
    let begin = move || -> std::io::Result<(Box<dyn Read + Send>, u64)> {
        let bytes = BufReader::with_capacity(1 << 16, data.reader(from).take(there));
        let mut bytes: Box<dyn Read + Send> = if base64 { Box::new(Base64::new(bytes)) } else { Box::new(bytes) };
        if zlib {
            let blocks = Blocks::new(bytes, lengths, there)?;
            let claimed = blocks.claimed();
            return Ok((Box::new(blocks), claimed));
        }
        let claimed = lengths.read(&mut bytes)?;
        Ok((Box::new(bytes.take(claimed)), claimed))
    };
    let what = if zlib { "length of compressed voxel data" } else { "length of an array" };
    let (_, claimed) = begin().map_err(|e| Error::corrupt(format_args!("{what}: {e}")).help("the file is cut off or damaged; copy it again"))?;
    if claimed != need {
        return Err(Error::corrupt(what).found(format_args!("{claimed} bytes")).expected(need).help("extent, type or offset is wrong"));
    }
    if !base64 && !zlib {
        return Ok(Arc::new(Stored::one(header, decode, input.clone(), from + lengths.bytes())?));
    }
    Ok(Arc::new(Stream::of(header, decode, input.path().to_path_buf(), Box::new(move || begin().map(|(bytes, _)| bytes)))))
}
