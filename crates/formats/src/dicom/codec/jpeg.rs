//! JPEG: 8 bit by one library, 12 bit by another, neither of which decides colours; lossless here (ITU-T T.81).

use isovox_volume::{Error, Result};
use jpeg_decoder::{ColorTransform, Decoder};
use libjpeg_turbo_rs::DecodeLimits;
use libjpeg_turbo_rs::precision::decompress_12bit_with_limits;

use super::{Layout, lossless, other_size, put};

/// What a frame header says.
struct Frame {
    marker: u8,
    precision: u8,
    rows: usize,
    columns: usize,
    components: usize,
}

pub(super) fn decode(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<Option<u16>> {
    let frame = frame(stream)?;
    if (frame.rows, frame.columns, frame.components) != (layout.rows, layout.columns, layout.samples) {
        return Err(other_size("JPEG frame", format_args!("{}x{} of {} samples", frame.columns, frame.rows, frame.components), layout));
    }
    if usize::from(frame.precision.div_ceil(8)) > layout.word {
        return Err(Error::corrupt("JPEG precision").found(frame.precision).expected(format_args!("at most {} bits", 8 * layout.word)));
    }
    match (frame.marker, frame.precision) {
        (0xC1, 12) => twelve(stream, layout, out)?,
        (0xC0..=0xC2, _) => eight(stream, layout, out)?,
        (0xC3, _) => lossless::decode(stream, layout, out)?,
        (marker, precision) => {
            let found = format_args!("frame type {} of {precision} bits", marker - 0xC0).to_string();
            return Err(Error::unsupported("a JPEG frame").found(found).expected("baseline, extended or lossless, Huffman coded"));
        }
    }
    Ok(Some(u16::from(frame.precision)))
}

/// The first frame header (T.81, B.2.2).
fn frame(stream: &[u8]) -> Result<Frame> {
    let bad = || Error::corrupt("JPEG stream").found("no frame header");
    let mut rest = stream.strip_prefix(&[0xFF, 0xD8]).ok_or_else(bad)?;
    loop {
        let [0xFF, marker, after @ ..] = rest else { return Err(bad()) };
        if *marker == 0xFF {
            rest = &rest[1..];
            continue;
        }
        let length = after.first_chunk().map(|b| usize::from(u16::from_be_bytes(*b))).ok_or_else(bad)?;
        let segment = after.get(2..length.max(2)).ok_or_else(bad)?;
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let [precision, y0, y1, x0, x1, components, ..] = *segment else { return Err(bad()) };
            return Ok(Frame {
                marker: *marker,
                precision,
                rows: usize::from(u16::from_be_bytes([y0, y1])),
                columns: usize::from(u16::from_be_bytes([x0, x1])),
                components: usize::from(components),
            });
        }
        rest = &after[length.max(2)..];
    }
}

fn eight(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<()> {
    let fault = |e: jpeg_decoder::Error| match e {
        jpeg_decoder::Error::Unsupported(what) => Error::unsupported("a JPEG frame").found(format_args!("{what:?}")),
        other => Error::corrupt("JPEG stream").found(other),
    };
    let mut decoder = Decoder::new(stream);
    decoder.set_max_decoding_buffer_size(layout.bytes().max(layout.pixels() * layout.samples));
    // As they are: the library's `None` is for planes beside each other.
    decoder.set_color_transform(if layout.samples == 3 { ColorTransform::RGB } else { ColorTransform::Grayscale });
    decoder.read_info().map_err(fault)?;
    let samples = decoder.decode().map_err(fault)?;
    if samples.len() != layout.pixels() * layout.samples {
        return Err(other_size("JPEG frame", format_args!("{} bytes, 8 bit", samples.len()), layout));
    }
    put(out, layout, samples.iter().map(|&b| i32::from(b)));
    Ok(())
}

/// One sample a pixel: the library would turn colours of 12 bits into red, green and blue.
fn twelve(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<()> {
    if layout.samples != 1 {
        return Err(Error::unsupported("a JPEG frame").found("colours of 12 bits"));
    }
    let limits = DecodeLimits {
        max_width: layout.columns,
        max_height: layout.rows,
        max_pixels: layout.pixels() as u64,
        max_scans: 1,
        // Padded planes, upsampled planes and the image, two bytes a sample each.
        max_memory: Some(layout.pixels() as u64 * 6 + (layout.rows + layout.columns + 64) as u64 * 64 * 2),
    };
    let image = decompress_12bit_with_limits(stream, &limits).map_err(|e| Error::corrupt("JPEG stream of 12 bits").found(e))?;
    if image.data.len() != layout.pixels() {
        return Err(other_size("JPEG frame", format_args!("{} samples", image.data.len()), layout));
    }
    put(out, layout, image.data.iter().map(|&v| i32::from(v)));
    Ok(())
}
