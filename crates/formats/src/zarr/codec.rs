//! Codecs from bytes to bytes, undone in turn, none to more bytes than it may give.

use std::io::Read;

use isovox_volume::{Error, Result};
use serde_json::Value;

use super::blosc;

/// A codec between the array's bytes and the stored ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zlib,
    Zstd,
    Blosc,
    Crc32c,
}

impl Codec {
    /// By its name in either version.
    pub(super) fn named(name: &str) -> Result<Codec> {
        Ok(match name {
            "gzip" => Codec::Gzip,
            "zlib" | "numcodecs.zlib" => Codec::Zlib,
            "zstd" => Codec::Zstd,
            "blosc" => Codec::Blosc,
            "crc32c" => Codec::Crc32c,
            _ => {
                return Err(Error::unsupported("Zarr codec")
                    .found(format_args!("{name:?}"))
                    .expected("bytes, gzip, zlib, zstd, blosc, crc32c, sharding_indexed")
                    .help("save it again with one of these"));
            }
        })
    }

    /// How many bytes one byte becomes at most.
    fn greatest_ratio(self) -> u64 {
        match self {
            Codec::Crc32c => 1,
            Codec::Gzip | Codec::Zlib => 1032,
            // Blocks of 128 KB of one byte take 4.
            Codec::Zstd | Codec::Blosc => 33_000,
        }
    }

    fn undo(self, bytes: &[u8], most: usize) -> std::result::Result<Vec<u8>, String> {
        match self {
            Codec::Gzip => upto(flate2::read::MultiGzDecoder::new(bytes), most),
            Codec::Zlib => upto(flate2::read::ZlibDecoder::new(bytes), most),
            Codec::Zstd => upto(zstd::Decoder::new(bytes).map_err(|e| e.to_string())?, most),
            Codec::Blosc => blosc::decode(bytes, most).map_err(String::from),
            Codec::Crc32c => {
                let (data, sum) = bytes.split_last_chunk::<4>().ok_or("no checksum")?;
                if crc32c(data) == u32::from_le_bytes(*sum) { Ok(data.to_vec()) } else { Err("a wrong checksum".into()) }
            }
        }
    }
}

fn upto(reader: impl Read, most: usize) -> std::result::Result<Vec<u8>, String> {
    let mut out = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut out).map_err(|e| e.to_string())?;
    if out.len() > most { Err(format!("more than {most} bytes")) } else { Ok(out) }
}

/// Undoes codecs, the last first, to exactly `need` bytes.
pub(super) fn decode(codecs: &[Codec], bytes: Vec<u8>, need: usize) -> Result<Vec<u8>> {
    let ratio = codecs.iter().fold(1u64, |ratio, c| ratio.saturating_mul(c.greatest_ratio()));
    let wrong = |found: String| Error::corrupt("Zarr chunk").found(found).expected(format_args!("{need} bytes")).help("the file is damaged or cut off; copy it again");
    if need as u64 > (bytes.len() as u64).saturating_mul(ratio) {
        return Err(wrong(format!("{} stored bytes", bytes.len())));
    }
    let mut bytes = bytes;
    for (i, codec) in codecs.iter().enumerate().rev() {
        // What is compressed again is hardly longer than what it holds.
        let most = if codecs[..i].iter().any(|c| *c != Codec::Crc32c) { need + need / 8 + 65_536 } else { need + 4 * i };
        // Blosc gives its length; before it stands nothing but checksums.
        let most = if *codec == Codec::Blosc { need } else { most };
        bytes = codec.undo(&bytes, most).map_err(wrong)?;
    }
    if bytes.len() == need { Ok(bytes) } else { Err(wrong(format!("{} bytes", bytes.len()))) }
}

/// The CRC of Castagnoli's polynomial (RFC 3720, B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 }))
}

/// A key that must be there.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value.get(key).and_then(Value::as_str).ok_or_else(|| Error::corrupt("Zarr metadata").found(format_args!("no {key:?}")).expected("a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }
}
