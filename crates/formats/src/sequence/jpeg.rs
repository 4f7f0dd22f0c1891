//! JPEG slices: 8-bit grey and colour.

use isovox_volume::{Error, Result, Type};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::input::Input;

/// Each 8x8 block of a component takes at least one bit.
const MOST_PIXELS_PER_BYTE: u64 = 512;

/// A JPEG file longer than this is somebody's mistake.
const LONGEST: u64 = 2 << 30;

fn decoder(bytes: &[u8]) -> Result<(JpegDecoder<ZCursor<&[u8]>>, Type)> {
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| broken(&e))?;
    let (space, voxel) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, Type::U8),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => (ColorSpace::RGB, Type::Rgb8),
        other => {
            return Err(Error::unsupported("JPEG colours")
                .found(format_args!("{:?}", other.unwrap_or(ColorSpace::Unknown)))
                .expected("grey, YCbCr or RGB")
                .help("save it as grey or RGB"));
        }
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    Ok((decoder, voxel))
}

fn broken(error: &impl std::fmt::Debug) -> Error {
    Error::corrupt(format_args!("JPEG: {error:?}")).help("the file is cut off, damaged, or of a kind that is not read (12 bit, lossless)")
}

/// Width, height and type.
pub(super) fn read(input: &Input) -> Result<(usize, usize, Type)> {
    let bytes = input.all(LONGEST)?;
    let (decoder, voxel) = decoder(&bytes)?;
    let info = decoder.info().ok_or_else(|| Error::corrupt("JPEG").found("no frame header"))?;
    let pixels = u64::from(info.width) * u64::from(info.height);
    if pixels == 0 || pixels > input.len().saturating_mul(MOST_PIXELS_PER_BYTE) {
        return Err(Error::corrupt("JPEG size")
            .found(format_args!("{}x{} in {} bytes", info.width, info.height, input.len()))
            .expected("a size that the file can hold")
            .help("the file is cut off or damaged; copy it again"));
    }
    Ok((usize::from(info.width), usize::from(info.height), voxel))
}

/// Decodes a picture; one that ends before its end marker is refused.
pub(super) fn decode(input: &Input, voxel: Type, out: &mut [u8]) -> Result<()> {
    let bytes = input.all(LONGEST)?;
    if !bytes.windows(2).rev().any(|w| w == [0xff, 0xd9]) {
        return Err(Error::corrupt("JPEG").found("no end marker").expected("one").help("the file is cut off; copy it again"));
    }
    let (mut decoder, found) = decoder(&bytes)?;
    if found != voxel || decoder.output_buffer_size() != Some(out.len()) {
        return Err(Error::corrupt("JPEG").found("another size than before").help("the file was changed while it was read"));
    }
    decoder.decode_into(out).map_err(|e| broken(&e))
}
