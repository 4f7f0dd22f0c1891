//! Blosc 1 containers: blocks, split by the bytes of a value, shuffled.
//!
//! Source: c-blosc's `README_CHUNK_FORMAT.rst`.

use std::io::Read;

use super::lz;

/// Bytes of a container's header.
const HEADER: usize = 16;

/// Values of more bytes are not split.
const MOST_SPLITS: usize = 16;

/// Splits are at least so long.
const LEAST_SPLIT: usize = 128;

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
}

/// How a container is packed.
struct Container<'a> {
    bytes: &'a [u8],
    flags: u8,
    /// Bytes of a value.
    width: usize,
}

/// A container of exactly so many bytes; else why not.
pub(super) fn decode(bytes: &[u8], need: usize) -> Result<Vec<u8>, &'static str> {
    let damaged = "a damaged Blosc container";
    if bytes.len() < HEADER {
        return Err(damaged);
    }
    let (length, block) = (word(bytes, 4).ok_or(damaged)?, word(bytes, 8).ok_or(damaged)?);
    let container = Container { bytes, flags: bytes[2], width: usize::from(bytes[3]).max(1) };
    if length != need {
        return Err("a Blosc container of another length than the chunk's");
    }
    if container.flags & 2 != 0 {
        return bytes.get(HEADER..HEADER + need).map(<[u8]>::to_vec).ok_or(damaged);
    }
    if container.flags >> 5 == 2 || container.flags >> 5 > 4 {
        return Err("Blosc with the compressor Snappy, or one that is unknown");
    }
    if block == 0 {
        return if need == 0 { Ok(Vec::new()) } else { Err(damaged) };
    }
    let mut out = Vec::with_capacity(need.min(1 << 30));
    for number in 0..need.div_ceil(block) {
        let size = block.min(need - number * block);
        let at = HEADER.checked_add(4 * number).and_then(|at| word(bytes, at)).ok_or(damaged)?;
        out.extend(container.block(at, size, size < block).ok_or(damaged)?);
    }
    Ok(out)
}

impl Container<'_> {
    fn block(&self, mut at: usize, size: usize, last: bool) -> Option<Vec<u8>> {
        let splits = self.flags & 0x10 == 0 && !last && self.width <= MOST_SPLITS && size / self.width >= LEAST_SPLIT;
        let parts = if splits { self.width } else { 1 };
        let each = size / parts;
        let mut block = Vec::with_capacity(size);
        for _ in 0..parts {
            let length = word(self.bytes, at)?;
            let packed = self.bytes.get(at + 4..at.checked_add(4)?.checked_add(length)?)?;
            block.extend(if length == each { packed.to_vec() } else { self.part(packed, each)? });
            at += 4 + length;
        }
        (block.len() == size).then(|| self.unshuffled(block))
    }

    fn part(&self, packed: &[u8], need: usize) -> Option<Vec<u8>> {
        match self.flags >> 5 {
            0 => lz::blosclz(packed, need),
            1 => lz::lz4(packed, need),
            3 => exactly(flate2::read::ZlibDecoder::new(packed), need),
            _ => exactly(zstd::Decoder::new(packed).ok()?, need),
        }
    }

    fn unshuffled(&self, block: Vec<u8>) -> Vec<u8> {
        let count = block.len() / self.width;
        if self.flags & 1 != 0 && self.width > 1 {
            let mut out = block.clone();
            for (value, bytes) in out.chunks_exact_mut(self.width).enumerate() {
                bytes.iter_mut().enumerate().for_each(|(j, b)| *b = block[j * count + value]);
            }
            return out;
        }
        if self.flags & 4 != 0 && count > 0 && count.is_multiple_of(8) {
            return self.bits_unshuffled(&block, count);
        }
        block
    }

    /// Of each bit of a value a row, eight values a byte, the lowest bit first.
    fn bits_unshuffled(&self, block: &[u8], count: usize) -> Vec<u8> {
        let mut out = vec![0; block.len()];
        for (row, bits) in block.chunks_exact(count / 8).enumerate().take(self.width * 8) {
            let (byte, bit) = (row / 8, row % 8);
            for (eight, packed) in bits.iter().enumerate() {
                for i in (0..8).filter(|i| packed >> i & 1 == 1) {
                    out[(eight * 8 + i) * self.width + byte] |= 1 << bit;
                }
            }
        }
        let whole = count * self.width;
        out[whole..].copy_from_slice(&block[whole..]);
        out
    }
}

fn exactly(reader: impl Read, need: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    reader.take(need as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() == need).then_some(out)
}
