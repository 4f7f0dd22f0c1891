//! Transfer syntaxes: how the bytes of one frame become its samples.
//!
//! A codec is given a frame's bytes and memory for exactly its samples; what its stream says of size and precision is held
//! against the header before anything is decoded, so that no stream can ask for more.

mod jpeg;
mod jpeg2000;
mod jpegls;
mod lossless;
mod rle;

use std::io::Read;

use isovox_volume::{Error, Result};

use super::wire::{BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT};

/// What a frame must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Samples of a pixel.
    pub(super) samples: usize,
    /// Bytes of a decoded sample: 1, 2, 4 or 8.
    pub(super) word: usize,
    /// Bits of a sample as they are stored: 1, or eight times [`Layout::word`].
    pub(super) bits: usize,
    /// Whether samples lie plane by plane, not beside each other.
    pub(super) planar: bool,
}

impl Layout {
    /// Pixels of a frame.
    pub(super) fn pixels(self) -> usize {
        self.rows * self.columns
    }

    /// Bytes of a decoded frame.
    pub(super) fn bytes(self) -> usize {
        self.pixels() * self.samples * self.word
    }
}

/// The ways of compression that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// None: one frame after the other.
    Native,
    /// Each frame deflated by itself.
    Deflate,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
}

impl Codec {
    /// Of a transfer syntax; `None` for one that is not read. Source: PS3.6 table A-1.
    pub(super) fn of(syntax: &str) -> Option<Codec> {
        if [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED].contains(&syntax) {
            return Some(Codec::Native);
        }
        match syntax.strip_prefix("1.2.840.10008.1.2.")? {
            "5" => Some(Codec::Rle),
            "8.1" => Some(Codec::Deflate),
            "4.50" | "4.51" | "4.57" | "4.70" => Some(Codec::Jpeg),
            "4.80" | "4.81" => Some(Codec::JpegLs),
            "4.90" | "4.91" | "4.201" | "4.202" | "4.203" => Some(Codec::Jpeg2000),
            _ => None,
        }
    }

    /// Whether bytes may be the first of a frame: fragments are put together by it where no table says.
    pub(super) fn begins(self, first: [u8; 2]) -> bool {
        match self {
            Codec::Jpeg | Codec::JpegLs => first == [0xFF, 0xD8],
            Codec::Jpeg2000 => first == [0xFF, 0x4F] || first == [0, 0],
            _ => true,
        }
    }

    /// Decodes a frame: samples beside each other in the machine's byte order; how many bits the stream says that they have.
    /// `spare` is memory of the thread's.
    pub(super) fn decode(self, stream: &[u8], layout: Layout, spare: &mut Vec<u8>, out: &mut [u8]) -> Result<Option<u16>> {
        match self {
            Codec::Native => {
                native(stream, layout, out);
                Ok(None)
            }
            Codec::Deflate => inflated(stream, layout, out).map(|()| None),
            Codec::Rle => rle::decode(stream, layout, spare, out).map(|()| None),
            Codec::Jpeg => jpeg::decode(stream, layout, out),
            Codec::JpegLs => jpegls::decode(stream, layout, out),
            Codec::Jpeg2000 => jpeg2000::decode(stream, layout, out),
        }
    }
}

/// A frame that its stream says is another.
fn other_size(what: &str, found: impl std::fmt::Display, layout: Layout) -> Error {
    let expected = format_args!("{}x{} of {} samples, as the header says", layout.columns, layout.rows, layout.samples).to_string();
    Error::corrupt(what).found(found).expected(expected)
}

/// Bits to bytes, words to numbers, planes to pixels.
fn native(stream: &[u8], layout: Layout, out: &mut [u8]) {
    if layout.bits == 1 {
        out.iter_mut().enumerate().for_each(|(i, o)| *o = stream[i / 8] >> (i % 8) & 1);
    } else if layout.planar && layout.samples > 1 {
        let plane = layout.pixels() * layout.word;
        for (sample, plane) in stream.chunks_exact(plane).enumerate().take(layout.samples) {
            strided(out, layout, sample, plane);
        }
    } else {
        out.copy_from_slice(&stream[..out.len()]);
    }
    if cfg!(target_endian = "big") {
        out.chunks_exact_mut(layout.word).for_each(<[u8]>::reverse);
    }
}

/// Puts words into the place of one sample in each pixel.
fn strided(out: &mut [u8], layout: Layout, sample: usize, words: &[u8]) {
    let (word, pixel) = (layout.word, layout.word * layout.samples);
    for (out, value) in out.chunks_exact_mut(pixel).zip(words.chunks_exact(word)) {
        out[sample * word..][..word].copy_from_slice(value);
    }
}

/// Puts numbers into words; what is over the word's bits is cut, as where a sign is stated in one place alone.
fn put(out: &mut [u8], layout: Layout, values: impl Iterator<Item = i32>) {
    match layout.word {
        1 => out.iter_mut().zip(values).for_each(|(o, v)| *o = v as u8),
        2 => out.as_chunks_mut().0.iter_mut().zip(values).for_each(|(o, v)| *o = (v as u16).to_ne_bytes()),
        _ => out.as_chunks_mut().0.iter_mut().zip(values).for_each(|(o, v)| *o = v.to_ne_bytes()),
    }
}

fn inflated(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<()> {
    let mut bytes = vec![0; (layout.pixels() * layout.samples * layout.bits).div_ceil(8)];
    let read = flate2::bufread::DeflateDecoder::new(stream).read_exact(&mut bytes);
    read.map_err(|e| Error::corrupt("deflated frame").found(e))?;
    native(&bytes, layout, out);
    Ok(())
}
