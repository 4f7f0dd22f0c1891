//! PNG slices: 1 to 16 bit grey, 8-bit RGB, palettes as indices; written with the same crate.

use std::io::BufReader;

use isovox_volume::{Error, Geometry, Header, Result, Type};
use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use crate::input::{Input, Reader};
use crate::{order, tiff};

/// Deflate cannot expand further than this.
const GREATEST_RATIO: u64 = 1032;

/// The key of our own lines among a file's texts.
const KEY: &str = "isovox";

/// Bits of a stored value.
#[derive(Clone, Copy)]
pub(super) struct Depth(u16);

/// A header.
pub(super) struct Found {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) voxel: Type,
    pub(super) depth: Depth,
    pub(super) geometry: Geometry,
    pub(super) warnings: Vec<String>,
}

/// Bytes read at once: for the chunks before the voxels, and for all.
const HEADER: u64 = 1 << 12;
const WHOLE: u64 = 1 << 19;

fn decoder(input: &Input, limit: usize, ahead: u64) -> Decoder<BufReader<Reader>> {
    let reader = BufReader::with_capacity(ahead.min(input.len()) as usize, input.reader(0));
    let mut decoder = Decoder::new_with_limits(reader, Limits { bytes: limit });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

fn broken(error: &png::DecodingError) -> Error {
    Error::corrupt(format_args!("PNG: {error}")).help("the file is cut off or damaged; copy it again")
}

/// Reads everything before the voxels.
pub(super) fn read(input: &Input) -> Result<Found> {
    let limit = (input.len() as usize).saturating_add(1 << 20);
    let mut decoder = decoder(input, limit, HEADER);
    let info = decoder.read_header_info().map_err(|e| broken(&e))?;
    // The crate holds a row or two while it reads the header.
    let (width, height) = (info.width as usize, info.height as usize);
    let bytes = (info.raw_row_length_from_width(info.width) as u64).saturating_mul(u64::from(info.height));
    if bytes > input.len().saturating_mul(GREATEST_RATIO) {
        return Err(Error::corrupt("PNG size")
            .found(format_args!("{width}x{height} in {} bytes", input.len()))
            .expected("a size that the file can hold")
            .help("the file is cut off or damaged; copy it again"));
    }
    let reader = decoder.read_info().map_err(|e| broken(&e))?;
    let info = reader.info();
    if info.animation_control().is_some() {
        return Err(Error::unsupported("animated PNG").expected("one picture a file"));
    }
    let bits = info.bit_depth as u16;
    let (voxel, warning) = match (info.color_type, info.bit_depth) {
        (ColorType::Grayscale, BitDepth::Sixteen) => (Type::U16, None),
        (ColorType::Grayscale, _) => (Type::U8, None),
        (ColorType::Indexed, _) => (Type::U8, Some("the file has a colour palette: values are the stored indices")),
        (ColorType::Rgb, BitDepth::Eight) => (Type::Rgb8, None),
        (color, _) => {
            return Err(Error::unsupported("PNG")
                .found(format_args!("{bits}-bit {color:?}"))
                .expected("grey, 8-bit RGB or a palette")
                .help("save it without transparency, as grey or 8-bit RGB"));
        }
    };
    let own = info.uncompressed_latin1_text.iter().find(|t| t.keyword == KEY).and_then(|t| tiff::own_geometry(&t.text));
    Ok(Found { width, height, voxel, depth: Depth(bits), geometry: own.unwrap_or_else(Geometry::voxel), warnings: warning.map(String::from).into_iter().collect() })
}

/// Decodes a picture whose header was read before.
pub(super) fn decode(input: &Input, depth: Depth, width: usize, out: &mut [u8]) -> Result<()> {
    let changed = || Error::corrupt("PNG").found("another size than before").help("the file was changed while it was read");
    let limit = (input.len() as usize).saturating_add(out.len()).saturating_add(1 << 20);
    let mut reader = decoder(input, limit, WHOLE).read_info().map_err(|e| broken(&e))?;
    let need = reader.output_buffer_size().ok_or_else(changed)?;
    if depth.0 < 8 {
        let mut packed = vec![0; need];
        let line = reader.output_line_size(reader.info().width).ok_or_else(changed)?;
        if line.checked_mul(out.len() / width) != Some(need) {
            return Err(changed());
        }
        reader.next_frame(&mut packed).map_err(|e| broken(&e))?;
        packed.chunks_exact(line).zip(out.chunks_exact_mut(width)).for_each(|(row, to)| tiff::unpack(row, depth.0, to));
    } else {
        if need != out.len() {
            return Err(changed());
        }
        reader.next_frame(out).map_err(|e| broken(&e))?;
    }
    reader.finish().map_err(|e| broken(&e))?;
    if depth.0 == 16 && cfg!(target_endian = "little") {
        order::swap(out, 2);
    }
    Ok(())
}

/// Whether PNG slices hold voxels of a type.
pub(super) fn holds(voxel: Type) -> Result<()> {
    match voxel {
        Type::U8 | Type::U16 | Type::Rgb8 => Ok(()),
        other => Err(Error::unsupported(format_args!("{other} voxels in PNG slices")).expected("u8, u16 or rgb8").help("write slice_####.tif, or cast first")),
    }
}

/// A whole file of a plane (native-endian bytes).
pub(super) fn write(header: &Header, plane: &[u8]) -> Result<Vec<u8>> {
    let failed = |e: png::EncodingError| Error::unsupported(format_args!("PNG: {e}"));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, header.nx() as u32, header.ny() as u32);
    encoder.set_color(if header.voxel == Type::Rgb8 { ColorType::Rgb } else { ColorType::Grayscale });
    encoder.set_depth(if header.voxel == Type::U16 { BitDepth::Sixteen } else { BitDepth::Eight });
    if header.geometry.has_scale() {
        encoder.add_text_chunk(KEY.into(), tiff::own(header)).map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    if header.voxel == Type::U16 && cfg!(target_endian = "little") {
        let mut swapped = plane.to_vec();
        order::swap(&mut swapped, 2);
        writer.write_image_data(&swapped).map_err(failed)?;
    } else {
        writer.write_image_data(plane).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(file)
}
