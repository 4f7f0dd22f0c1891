//! Bits of a scan and the Huffman codes in them (T.81, F.2.2 and H.2).

use isovox_volume::{Error, Result};

/// Bits of the first look at a code; nearly all are shorter.
const LOOK: u32 = 10;

/// A code of difference categories: how many bits follow that tell which difference it is.
pub(super) struct Table {
    /// By the next bits: length and category; 0 where the code is longer.
    short: [(u8, u8); 1 << LOOK],
    /// One more than the last code of each length, and what is added to one for the place of its category.
    ends: [u32; 17],
    places: [i32; 17],
    categories: Vec<u8>,
}

impl Table {
    /// Of how many codes there are of each length from 1 to 16, and their categories (C.2).
    pub(super) fn new(counts: [u8; 16], categories: &[u8]) -> Result<Table> {
        let bad = || Error::corrupt("lossless JPEG").found("a Huffman table that cannot be");
        if categories.iter().any(|&c| c > 16) {
            return Err(bad());
        }
        let mut table = Table { short: [(0, 0); 1 << LOOK], ends: [0; 17], places: [0; 17], categories: categories.to_vec() };
        let (mut code, mut at) = (0u32, 0usize);
        for bits in 1..=16 {
            table.places[bits] = at as i32 - code as i32;
            for _ in 0..counts[bits - 1] {
                if code >> bits != 0 {
                    return Err(bad());
                }
                if bits as u32 <= LOOK {
                    let from = (code << (LOOK - bits as u32)) as usize;
                    table.short[from..from + (1 << (LOOK - bits as u32))].fill((bits as u8, categories[at]));
                }
                (code, at) = (code + 1, at + 1);
            }
            table.ends[bits] = code;
            code <<= 1;
        }
        Ok(table)
    }
}

/// The bits of a scan, up to a marker; zeros behind them, which are counted.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the highest down, and how many.
    cache: u64,
    held: u32,
    /// Bits that were not there.
    padded: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Bits<'a> {
        Bits { bytes, at: 0, cache: 0, held: 0, padded: 0 }
    }

    /// At least 48 bits.
    #[inline(always)]
    fn refill(&mut self) {
        if let Some(next) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            let next = u64::from_be_bytes(*next);
            // No byte of ones, whose complement would be a byte of zeros.
            if (!next).wrapping_sub(0x0101_0101_0101_0101) & next & 0x8080_8080_8080_8080 == 0 {
                let taken = (63 - self.held) / 8;
                self.cache |= next >> self.held;
                self.at += taken as usize;
                self.held += 8 * taken;
                // What stands below is not held, and comes again.
                self.cache &= !(u64::MAX >> self.held);
                return;
            }
        }
        self.by_bytes();
    }

    #[inline(never)]
    fn by_bytes(&mut self) {
        while self.held < 56 {
            let byte = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                // A byte of ones has a stuffed zero behind it, or begins a marker.
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                (Some(0xFF) | None, _) => {
                    self.padded += 8;
                    0
                }
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.cache |= u64::from(byte) << (56 - self.held);
            self.held += 8;
        }
    }

    /// Differences of a line of one component.
    pub(super) fn differences(&mut self, table: &Table, line: &mut [u16]) -> Result<()> {
        for value in line {
            *value = self.difference(table)?;
        }
        Ok(())
    }

    /// The next difference, modulo 2^16.
    #[inline(always)]
    pub(super) fn difference(&mut self, table: &Table) -> Result<u16> {
        if self.held < 32 {
            self.refill();
        }
        let (mut bits, mut category) = table.short[(self.cache >> (64 - LOOK)) as usize];
        if bits == 0 {
            (bits, category) = self.longer(table)?;
        }
        self.cache <<= bits;
        self.held -= u32::from(bits);
        // Category 16 has no bits: it is 2^15, which is its own negative.
        if category == 0 || category == 16 {
            return Ok(u16::from(category == 16) << 15);
        }
        let value = (self.cache >> (64 - u32::from(category))) as i32;
        self.cache <<= category;
        self.held -= u32::from(category);
        // The upper half are the positive ones (F.2.2.1).
        let negative = value >> (category - 1) == 0;
        Ok((value - if negative { (1 << category) - 1 } else { 0 }) as u16)
    }

    #[inline(never)]
    fn longer(&self, table: &Table) -> Result<(u8, u8)> {
        let next = (self.cache >> 48) as u32;
        let bits = (LOOK as usize + 1..17).find(|&bits| next >> (16 - bits) < table.ends[bits]);
        let found = bits.and_then(|bits| table.categories.get(((next >> (16 - bits)) as i32 + table.places[bits]) as usize).map(|c| (bits as u8, *c)));
        found.ok_or_else(|| Error::corrupt("lossless JPEG").found("bits that no code stands for"))
    }

    /// Fails when bits were used that were not there.
    pub(super) fn enough(&self) -> Result<()> {
        if self.padded > self.held { Err(Error::corrupt("lossless JPEG").found("its end before its pixels")) } else { Ok(()) }
    }

    /// Goes on behind the marker of a restart.
    pub(super) fn restart(&mut self, number: u8) -> Result<()> {
        let marker = self.marker();
        let next = self.bytes.get(marker + 1).copied();
        if next != Some(0xD0 + number) {
            return Err(Error::corrupt("lossless JPEG restart")
                .found(next.map_or("the end".into(), |m| format!("marker {m:02X}")))
                .expected(format_args!("marker {:02X}", 0xD0 + number)));
        }
        *self = Bits { at: marker + 2, ..Bits::new(self.bytes) };
        Ok(())
    }

    /// Where the next marker stands, or the end.
    fn marker(&self) -> usize {
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let ahead = rest.windows(2).position(|w| w[0] == 0xFF && w[1] != 0 && w[1] != 0xFF);
        ahead.map_or(self.bytes.len(), |n| self.at + n)
    }

    /// Bytes up to the marker that ends the scan.
    pub(super) fn read(&self) -> usize {
        self.marker()
    }
}
