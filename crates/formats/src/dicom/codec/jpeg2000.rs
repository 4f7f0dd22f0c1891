//! JPEG 2000 and its high-throughput coding, by `OpenJPEG` (ITU-T T.800, T.814).

use isovox_volume::{Error, Result};
use jpeg2k::{DecodeParameters, Image};

use super::{Layout, other_size, put};

/// Begins a codestream: its start and the marker of its size.
const CODESTREAM: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];

/// The least pixels that a tile has on average; the library holds some kilobytes for each tile and 100 bytes for each precinct.
const TILE: usize = 1024;

/// The least sides of a precinct, as a power of 2.
const PRECINCT: u8 = 3;

pub(super) fn decode(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<Option<u16>> {
    let inner = codestream(stream)?;
    check(inner, layout)?;
    whole(inner)?;
    // With its boxes, which may say that channels stand in another order. Not strictly: the library would not set right a
    // wrong number of tile parts, and leave some out.
    let image = Image::from_bytes_with(stream, DecodeParameters::new()).map_err(|e| Error::corrupt("JPEG 2000 stream").found(e))?;
    let components = image.components();
    let complete = components.len() == layout.samples && components.iter().all(|c| c.data().len() == layout.pixels());
    if !complete {
        return Err(other_size("JPEG 2000 frame", format_args!("{} components", components.len()), layout));
    }
    let precision = components.iter().map(jpeg2k::ImageComponent::precision).max().unwrap_or(0);
    if precision as usize > 8 * layout.word {
        return Err(Error::corrupt("JPEG 2000 precision").found(precision).expected(format_args!("at most {} bits", 8 * layout.word)));
    }
    put(out, layout, (0..layout.pixels()).flat_map(|i| components.iter().map(move |c| c.data()[i])));
    Ok(Some(precision as u16))
}

/// The codestream, bare or in the boxes of a JP2 file (T.800, annex I).
fn codestream(stream: &[u8]) -> Result<&[u8]> {
    if stream.starts_with(&CODESTREAM) {
        return Ok(stream);
    }
    let mut rest = stream;
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if head[4..] == *b"jp2c" && after.starts_with(&CODESTREAM) {
            return Ok(if length > 8 { &after[..after.len().min(length - 8)] } else { after });
        }
        rest = rest.get(length.max(8)..).unwrap_or_default();
    }
    Err(Error::corrupt("JPEG 2000 stream").found("no codestream"))
}

/// Holds its size, tiles and precincts against what the frame must be, before the library asks for memory by them.
fn check(stream: &[u8], layout: Layout) -> Result<()> {
    let cut = || Error::corrupt("JPEG 2000 stream").found("its end within its header");
    let size = stream.get(8..40).ok_or_else(cut)?;
    let number = |i: usize| u32::from_be_bytes([size[4 * i], size[4 * i + 1], size[4 * i + 2], size[4 * i + 3]]);
    let [x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0] = [0, 1, 2, 3, 4, 5, 6, 7].map(number);
    let count = stream.get(40..42).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]]))).ok_or_else(cut)?;
    let (columns, rows) = (x.wrapping_sub(x0) as usize, y.wrapping_sub(y0) as usize);
    if (rows, columns, count) != (layout.rows, layout.columns, layout.samples) {
        return Err(other_size("JPEG 2000 frame", format_args!("{columns}x{rows} of {count} samples"), layout));
    }
    let components = stream.get(42..42 + 3 * count).ok_or_else(cut)?;
    if components.chunks_exact(3).any(|c| c[1] != 1 || c[2] != 1) {
        return Err(Error::unsupported("a JPEG 2000 frame").found("subsampled components"));
    }
    let tiles = |from: u32, to: u32, step: u32| (to.saturating_sub(from) as usize).div_ceil(step.max(1) as usize);
    let tiles = tiles(tile_x0, x, tile_x).saturating_mul(tiles(tile_y0, y, tile_y));
    if tiles > 1 + layout.pixels() / TILE {
        return Err(Error::unsupported("a JPEG 2000 frame").found(format_args!("{tiles} tiles in {} pixels", layout.pixels())));
    }
    precincts(stream)
}

/// Refuses precincts of few pixels, in each marker that sets them before the first tile part (T.800, A.6.1 and A.6.2).
fn precincts(stream: &[u8]) -> Result<()> {
    let mut at = 2;
    while let Some([0xFF, marker, a, b]) = stream.get(at..at + 4) {
        let held = stream.get(at + 4..at + 2 + usize::from(u16::from_be_bytes([*a, *b]))).unwrap_or_default();
        let sizes = match marker {
            0x90 => return Ok(()),
            0x52 if held.first().is_some_and(|s| s & 1 == 1) => held.get(10..).unwrap_or_default(),
            0x53 if held.get(1).is_some_and(|s| s & 1 == 1) => held.get(7..).unwrap_or_default(),
            _ => &[],
        };
        if sizes.iter().any(|s| s & 15 < PRECINCT || s >> 4 < PRECINCT) {
            return Err(Error::unsupported("a JPEG 2000 frame").found("precincts of few pixels"));
        }
        at += 2 + usize::from(u16::from_be_bytes([*a, *b]));
    }
    Ok(())
}

/// Refuses a stream that ends within a tile part: the library would give an image with a smooth end (T.800, A.4.2).
fn whole(stream: &[u8]) -> Result<()> {
    let mut at = 2;
    while let Some([0xFF, marker, a, b]) = stream.get(at..at + 4) {
        let mut length = 2 + usize::from(u16::from_be_bytes([*a, *b]));
        if *marker == 0x90 {
            let told = stream.get(at + 6..at + 10).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize);
            // A part of no length is the last and takes the rest.
            length = if told == 0 { stream.len() - at } else { told.max(length) };
        }
        if length > stream.len() - at {
            return Err(Error::corrupt("JPEG 2000 stream").found("its end within a tile part").help("the file is cut off; copy it again"));
        }
        at += length;
    }
    Ok(())
}
