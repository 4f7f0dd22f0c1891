//! Pictures as PNG, with their physical scale.

use isovox_volume::{Error, Kind, Picture, Result};

/// The keyword of the text chunk that holds the provenance.
pub(super) const KEYWORD: &str = "isovox";

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
pub(super) fn broken(error: png::EncodingError) -> Error {
    Error::new(Kind::Io, format_args!("cannot encode the picture: {error}"))
}

/// A picture as PNG bytes: RGB where nothing is transparent.
pub fn encode(picture: &Picture, provenance: Option<&str>) -> Result<Vec<u8>> {
    let opaque = picture.pixels.iter().fold(255, |all, p| all & p[3]) == 255;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    // Pictures are many and large; a third more bytes cost less than ten times the time.
    encoder.set_compression(png::Compression::Fast);
    if let Some(mm) = picture.mm_per_pixel {
        let per_meter = (1000.0 / mm).round().clamp(1.0, f64::from(u32::MAX)) as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_meter, yppu: per_meter, unit: png::Unit::Meter }));
    }
    if let Some(text) = provenance {
        encoder.add_itxt_chunk(KEYWORD.into(), text.into()).map_err(broken)?;
    }
    let mut writer = encoder.write_header().map_err(broken)?;
    if opaque {
        let mut data = vec![0; picture.pixels.len() * 3];
        data.chunks_exact_mut(3).zip(&picture.pixels).for_each(|(d, p)| d.copy_from_slice(&p[..3]));
        writer.write_image_data(&data).map_err(broken)?;
    } else {
        writer.write_image_data(picture.pixels.as_flattened()).map_err(broken)?;
    }
    writer.finish().map_err(broken)?;
    Ok(bytes)
}

/// A picture from PNG bytes of 8 bit RGB or RGBA, as [`encode`] writes them; without its scale.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture> {
    let damaged = |e: png::DecodingError| Error::corrupt(e).help("the picture is damaged, or not one that isovox wrote");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().map_err(damaged)?;
    let info = reader.info();
    let (width, height, channels) = (info.width as usize, info.height as usize, info.bytes_per_pixel());
    let known = info.bit_depth == png::BitDepth::Eight && (channels == 3 || channels == 4);
    // A row of a compressed picture takes no fewer than a thousandth of its pixels.
    if !known || width.saturating_mul(height) > bytes.len().saturating_mul(1100) {
        return Err(Error::corrupt("picture").found(format_args!("{width} x {height} pixels of {channels} bytes")).expected("8 bit RGB"));
    }
    let mut data = vec![0; width * height * channels];
    reader.next_frame(&mut data).map_err(damaged)?;
    let pixels = data.chunks_exact(channels).map(|p| [p[0], p[1], p[2], if channels == 4 { p[3] } else { 255 }]).collect();
    Ok(Picture { width, height, pixels, mm_per_pixel: None })
}

/// The provenance in a PNG that isovox wrote.
pub(super) fn provenance(bytes: &[u8]) -> Option<serde_json::Value> {
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().ok()?;
    let text = reader.info().utf8_text.iter().find(|t| t.keyword == KEYWORD)?;
    serde_json::from_str(&text.get_text().ok()?).ok()
}
