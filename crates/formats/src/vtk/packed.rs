//! Values as VTK's XML files keep them: base64 or bytes, behind a length, in blocks that may be compressed.

use std::io::{Error, ErrorKind, Read, Result};

use flate2::read::ZlibDecoder;

/// Base64 decoded; blanks count nothing, and padding may stand between pieces.
pub(super) struct Base64<R> {
    inner: R,
    group: Vec<u8>,
    ready: [u8; 3],
    left: usize,
}

impl<R: Read> Base64<R> {
    pub(super) fn new(inner: R) -> Base64<R> {
        Base64 { inner, group: Vec::with_capacity(4), ready: [0; 3], left: 0 }
    }

    /// The bytes of the next four letters; false at the end.
    fn next(&mut self) -> Result<bool> {
        self.group.clear();
        let mut byte = [0];
        while self.group.len() < 4 {
            if self.inner.read(&mut byte)? == 0 {
                return if self.group.is_empty() { Ok(false) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
            if !byte[0].is_ascii_whitespace() {
                self.group.push(byte[0]);
            }
        }
        let padding = self.group.iter().rev().take_while(|b| **b == b'=').count();
        let letters = 4 - padding;
        let mut bits = 0u32;
        for (at, letter) in self.group.iter().enumerate() {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if at >= letters => 0,
                _ => return Err(Error::new(ErrorKind::InvalidData, format!("{:?} is no letter of base64", char::from(*letter)))),
            };
            bits = bits << 6 | u32::from(value);
        }
        if padding > 2 {
            return Err(Error::new(ErrorKind::InvalidData, "base64 of padding alone"));
        }
        let bytes = bits.to_be_bytes();
        self.ready[..3 - padding].copy_from_slice(&bytes[1..4 - padding]);
        // What is ready is taken from the end.
        self.ready[..3 - padding].reverse();
        self.left = 3 - padding;
        Ok(true)
    }
}

impl<R: Read> Read for Base64<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < out.len() {
            if self.left == 0 && !self.next()? {
                break;
            }
            self.left -= 1;
            out[done] = self.ready[self.left];
            done += 1;
        }
        Ok(done)
    }
}

/// How lengths are written.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    /// 8 bytes, else 4.
    pub(super) wide: bool,
    pub(super) big: bool,
}

impl Lengths {
    pub(super) fn bytes(self) -> u64 {
        if self.wide { 8 } else { 4 }
    }

    pub(super) fn read(self, reader: &mut dyn Read) -> Result<u64> {
        let mut bytes = [0; 8];
        let used = &mut bytes[..self.bytes() as usize];
        reader.read_exact(used)?;
        if self.big {
            used.reverse();
        }
        Ok(u64::from_le_bytes(bytes))
    }
}

/// Blocks of zlib behind their table: count, length, length of the last, compressed length of each.
pub(super) struct Blocks<R> {
    inner: R,
    lengths: std::vec::IntoIter<u64>,
    block: std::io::Cursor<Vec<u8>>,
    whole: u64,
    last: u64,
}

/// Compressed blocks over this are no writer's: its uncompressed ones have some tens of kB.
const GREATEST: u64 = 1 << 30;

impl<R: Read> Blocks<R> {
    /// Reads the table; `there` bytes are all there are, at least one for a block.
    pub(super) fn new(mut inner: R, lengths: Lengths, there: u64) -> Result<Blocks<R>> {
        let (count, whole, last) = (lengths.read(&mut inner)?, lengths.read(&mut inner)?, lengths.read(&mut inner)?);
        if count > there || whole > GREATEST || last > GREATEST {
            return Err(Error::new(ErrorKind::InvalidData, format!("a table of {count} blocks of {whole} and {last} bytes in {there}")));
        }
        let table = (0..count).map(|_| lengths.read(&mut inner)).collect::<Result<Vec<u64>>>()?;
        if table.iter().any(|&n| n > there) {
            return Err(Error::new(ErrorKind::InvalidData, "a block longer than the file"));
        }
        Ok(Blocks { inner, lengths: table.into_iter(), block: std::io::Cursor::default(), whole, last })
    }

    /// Bytes of all blocks, as the table says.
    pub(super) fn claimed(&self) -> u64 {
        let count = self.lengths.len() as u64;
        let last = if self.last > 0 { self.last } else { self.whole };
        count.checked_sub(1).map_or(0, |before| before.saturating_mul(self.whole).saturating_add(last))
    }

    fn next(&mut self) -> Result<bool> {
        let Some(length) = self.lengths.next() else { return Ok(false) };
        let need = if self.lengths.len() == 0 && self.last > 0 { self.last } else { self.whole };
        let mut bytes = std::mem::take(&mut self.block).into_inner();
        bytes.clear();
        let mut packed = self.inner.by_ref().take(length);
        ZlibDecoder::new(&mut packed).take(need).read_to_end(&mut bytes)?;
        std::io::copy(&mut packed, &mut std::io::sink())?;
        if (bytes.len() as u64) < need {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.block = std::io::Cursor::new(bytes);
        Ok(true)
    }
}

impl<R: Read> Read for Blocks<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            let n = self.block.read(out)?;
            if n > 0 || out.is_empty() || !self.next()? {
                return Ok(n);
            }
        }
    }
}
