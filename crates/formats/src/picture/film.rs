//! Animations as GIF (89a) and as animated PNG (its third edition): without end, in the animation's own palette.

use std::borrow::Cow;

use isovox_volume::{Animation, Error, Kind, Result};

use super::png::{KEYWORD, broken};

/// Bytes before a GIF's first block: signature, screen, a palette of 256 colours.
const HEAD: usize = 13 + 3 * 256;
/// A comment's introducer and label.
const COMMENT: [u8; 2] = [0x21, 0xFE];

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(Kind::Io, format_args!("cannot encode the animation: {error}"))
}

/// Sides as 16-bit numbers, as both formats' blocks hold them.
fn sides(animation: &Animation) -> Result<(u16, u16)> {
    let side = |n: usize| u16::try_from(n).map_err(|_| Error::unsupported("an animation's side").found(n).expected("at most 65535 pixels"));
    Ok((side(animation.width)?, side(animation.height)?))
}

/// An animation as GIF bytes; what made it stands in a comment.
pub fn encode_gif(animation: &Animation, provenance: Option<&str>) -> Result<Vec<u8>> {
    let (width, height) = sides(animation)?;
    let palette = animation.palette.colours().concat();
    let mut encoder = gif::Encoder::new(Vec::new(), width, height, &palette).map_err(wrong)?;
    if let Some(text) = provenance {
        let parts: Vec<&[u8]> = text.as_bytes().chunks(255).collect();
        encoder.write_raw_extension(gif::AnyExtension(COMMENT[1]), &parts).map_err(wrong)?;
    }
    encoder.set_repeat(gif::Repeat::Infinite).map_err(wrong)?;
    for pixels in &animation.frames {
        let frame = gif::Frame { delay: animation.centiseconds, width, height, buffer: Cow::Borrowed(pixels), ..gif::Frame::default() };
        encoder.write_frame(&frame).map_err(wrong)?;
    }
    encoder.into_inner().map_err(wrong)
}

/// An animation as PNG bytes; programs that know no animation show the first frame.
pub fn encode_apng(animation: &Animation, provenance: Option<&str>) -> Result<Vec<u8>> {
    let (width, height) = sides(animation)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::from(width), u32::from(height));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(animation.palette.colours().concat());
    encoder.set_animated(animation.frames.len() as u32, 0).map_err(broken)?;
    encoder.set_frame_delay(animation.centiseconds, 100).map_err(broken)?;
    if let Some(text) = provenance {
        encoder.add_itxt_chunk(KEYWORD.into(), text.into()).map_err(broken)?;
    }
    let mut writer = encoder.write_header().map_err(broken)?;
    animation.frames.iter().try_for_each(|pixels| writer.write_image_data(pixels)).map_err(broken)?;
    writer.finish().map_err(broken)?;
    Ok(bytes)
}

/// The provenance in a GIF that isovox wrote.
pub(super) fn provenance(bytes: &[u8]) -> Option<serde_json::Value> {
    let mut rest = bytes.get(HEAD..)?.strip_prefix(&COMMENT)?;
    let mut text = Vec::new();
    while let Some((&long, after)) = rest.split_first().filter(|(long, _)| **long > 0) {
        text.extend(after.get(..usize::from(long))?);
        rest = &after[usize::from(long)..];
    }
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use isovox_volume::Palette;

    use super::*;

    fn animation(palette: Palette) -> Animation {
        let frames = (0..3u8).map(|f| (0..20 * 9u32).map(|i| (i as u8).wrapping_mul(7).wrapping_add(f * 31)).collect()).collect();
        Animation { width: 20, height: 9, palette, frames, centiseconds: 8 }
    }

    #[test]
    fn a_gif_is_read_back() {
        for palette in [Palette::Grey, Palette::Colours] {
            let made = animation(palette);
            let bytes = encode_gif(&made, Some("{\"a\": 1}")).unwrap();
            let mut decoder = gif::DecodeOptions::new().read_info(&bytes[..]).unwrap();
            assert_eq!(decoder.global_palette().unwrap(), palette.colours().concat());
            assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
            for pixels in &made.frames {
                let frame = decoder.read_next_frame().unwrap().unwrap();
                assert_eq!((frame.width, frame.height, frame.delay, &frame.buffer[..]), (20, 9, 8, &pixels[..]));
            }
            assert!(decoder.read_next_frame().unwrap().is_none());
        }
    }

    #[test]
    fn an_animated_png_is_read_back() {
        let made = animation(Palette::Colours);
        let bytes = encode_apng(&made, None).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control.unwrap().num_frames, 3);
        for pixels in &made.frames {
            let mut out = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut out).unwrap();
            assert_eq!(&out, pixels);
        }
    }

    #[test]
    fn provenance_is_read_back_from_a_gif() {
        let told = serde_json::json!({"command": ["isovox", "x".repeat(3000)]});
        let bytes = encode_gif(&animation(Palette::Grey), Some(&told.to_string())).unwrap();
        assert_eq!(provenance(&bytes), Some(told));
        for end in [0, 5, HEAD, HEAD + 2, HEAD + 3, HEAD + 100] {
            assert_eq!(provenance(&bytes[..end]), None);
        }
        assert_eq!(provenance(&encode_gif(&animation(Palette::Grey), None).unwrap()), None);
    }
}
