//! A decoder of JPEG-LS: lossless and near-lossless, 2 to 16 bits, 1 to 4 components, interleaved by nothing, line or
//! sample, with restart intervals and the colour transforms of HP's coder.
//!
//! Bytes in, samples out: nothing is read, and nothing is asked for but two lines of each component and a table of 128 KB. Whoever calls checks
//! [`info`] against what the image should be before it asks for memory.
//! Source: ITU-T Recommendation T.87 (06/98).

mod bits;
mod code;
mod lines;
mod markers;
#[cfg(test)]
mod tests;
mod transform;

use std::fmt;

/// What a stream says of its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Components: 1 to 4.
    pub components: usize,
    /// Bits of a sample: 2 to 16.
    pub bits: u32,
}

impl Info {
    /// Samples of the whole image.
    pub fn samples(&self) -> usize {
        self.width * self.height * self.components
    }
}

/// Why a stream is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It ends too early.
    CutOff,
    /// It says what cannot be.
    Corrupt(&'static str),
    /// It uses what is not decoded.
    Unsupported(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::CutOff => f.write_str("the JPEG-LS stream ends too early"),
            Error::Corrupt(what) => write!(f, "JPEG-LS: {what}"),
            Error::Unsupported(what) => write!(f, "JPEG-LS: {what} is not decoded"),
        }
    }
}

impl std::error::Error for Error {}

/// What a result is here.
pub type Result<T> = std::result::Result<T, Error>;

/// Reads a stream up to its frame header.
///
/// Errors: `CutOff`, `Corrupt`; `Unsupported` for what is no JPEG-LS or of more than 4 components.
pub fn info(stream: &[u8]) -> Result<Info> {
    markers::Reader::new(stream)?.frame()
}

/// Decodes a stream into samples, row by row, components beside each other.
///
/// Cost: one pass; two lines of each component and a table of 128 KB in memory. Near-lossless samples lie within NEAR of the encoded ones.
///
/// Errors: `CutOff`; `Corrupt`, also where `out` is not [`Info::samples`] long; `Unsupported` for point transforms, mapping
/// tables, colour transforms other than HP1 to HP3, and sizes over 16 bits.
pub fn decode(stream: &[u8], out: &mut [u16]) -> Result<Info> {
    let mut reader = markers::Reader::new(stream)?;
    let info = reader.frame()?;
    if out.len() != info.samples() {
        return Err(Error::Corrupt("an image of another size"));
    }
    let mut missing = (1u32 << info.components) - 1;
    while missing != 0 {
        let scan = reader.scan(info)?;
        if scan.components().any(|c| missing & 1 << c == 0) {
            return Err(Error::Corrupt("a component in two scans"));
        }
        let read = lines::scan(reader.rest(), info, &scan, out)?;
        reader.skip(read);
        scan.components().for_each(|c| missing &= !(1 << c));
    }
    reader.transform.undo(info, out)?;
    Ok(info)
}
