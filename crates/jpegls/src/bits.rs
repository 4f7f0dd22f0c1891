//! The bits of a scan: after a byte of ones the next has a stuffed bit, and a marker ends them (T.87, C.3).

use crate::{Error, Result};

/// Small enough to be kept in registers: hot loops work on a copy.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bytes, up to one of ones: none of them has a stuffed bit.
    plain: &'a [u8],
    /// Where those end in `bytes`.
    end: usize,
    /// The next bits, from the highest down; those below the ones that are held are 0 or what `plain` holds.
    cache: u64,
    /// At most 63.
    held: u32,
    after_ones: bool,
}

/// How many bytes stand before the first one of ones.
fn before_ones(bytes: &[u8]) -> usize {
    // Without a way out of a chunk its comparisons are made at once.
    let plain = |chunk: &&[u8; 16]| chunk.iter().fold(0, |found, &b| found | u8::from(b == 0xFF)) == 0;
    let whole = 16 * bytes.as_chunks().0.iter().take_while(plain).count();
    whole + bytes[whole..].iter().take_while(|&&b| b != 0xFF).count()
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Bits<'a> {
        let end = before_ones(bytes);
        Bits { bytes, plain: &bytes[..end], end, cache: 0, held: 0, after_ones: false }
    }

    /// Takes in bytes until 56 bits are held or a marker stands there.
    #[inline(always)]
    fn refill(&mut self) {
        if let Some(next) = self.plain.first_chunk() {
            let taken = (63 - self.held) / 8 % 8;
            self.cache |= u64::from_be_bytes(*next) >> self.held;
            self.plain = &self.plain[taken as usize..];
            self.held += 8 * taken;
        } else {
            *self = self.refilled_by_bytes();
        }
    }

    #[cold]
    #[inline(never)]
    fn refilled_by_bytes(mut self) -> Bits<'a> {
        while self.held < 56 {
            let at = self.end - self.plain.len();
            let Some(&byte) = self.bytes.get(at) else { break };
            if byte == 0xFF && self.bytes.get(at + 1).is_none_or(|next| next & 0x80 != 0) {
                break;
            }
            let width = if self.after_ones { 7 } else { 8 };
            self.cache |= u64::from(byte) << (64 - self.held - width);
            self.held += width;
            if let [_, rest @ ..] = self.plain {
                self.plain = rest;
                continue;
            }
            self.after_ones = byte == 0xFF;
            let after = &self.bytes[at + 1..];
            self.plain = &after[..if self.after_ones { 0 } else { before_ones(after) }];
            self.end = at + 1 + self.plain.len();
        }
        self
    }

    /// The next `count` bits, at most 32.
    #[inline]
    pub(crate) fn take(&mut self, count: u32) -> Result<u32> {
        if count == 0 {
            return Ok(0);
        }
        if self.held < count {
            self.refill();
            if self.held < count {
                return Err(Error::CutOff);
            }
        }
        let taken = (self.cache >> (64 - count)) as u32;
        self.cache <<= count;
        self.held -= count;
        Ok(taken)
    }

    /// How many zeros stand before the next one, which is taken too; over `most` is no code.
    fn zeros(&mut self, most: u32) -> Result<u32> {
        let mut zeros = 0;
        loop {
            let run = self.cache.leading_zeros();
            if run < self.held {
                self.cache = (self.cache << run) << 1;
                self.held -= run + 1;
                zeros += run;
                return if zeros <= most { Ok(zeros) } else { Err(Error::Corrupt("a code longer than its limit")) };
            }
            zeros += self.held;
            (self.cache, self.held) = (0, 0);
            self.refill();
            if self.held == 0 {
                return Err(Error::CutOff);
            }
            if zeros > most {
                return Err(Error::Corrupt("a code longer than its limit"));
            }
        }
    }

    /// An error as it is coded: its high bits in unary, `k` low ones, or after `most` zeros all of its `escape` bits (A.5.3).
    #[inline(always)]
    pub(crate) fn mapped(&mut self, k: u32, most: u32, escape: u32) -> Result<i32> {
        // Nearly all codes are shorter than this.
        if self.held < 28 {
            self.refill();
        }
        let high = (self.cache | 1).leading_zeros();
        if high < most && high + k < self.held {
            let after = (self.cache << high) << 1;
            let mapped = (high << k) | ((after >> 1) >> (63 - k)) as u32;
            if mapped <= 2 << escape {
                self.cache = after << k;
                self.held -= high + 1 + k;
                return Ok(mapped as i32);
            }
        }
        let mapped;
        (*self, mapped) = self.mapped_at_length(k, most, escape)?;
        Ok(mapped)
    }

    #[cold]
    #[inline(never)]
    fn mapped_at_length(mut self, k: u32, most: u32, escape: u32) -> Result<(Bits<'a>, i32)> {
        let high = self.zeros(most)?;
        let mapped = if high < most { (high << k) | self.take(k)? } else { self.take(escape)? + 1 };
        // An encoder takes errors modulo the range, which `escape` bits hold.
        if mapped <= 2 << escape { Ok((self, mapped as i32)) } else { Err(Error::Corrupt("an error beyond the samples' range")) }
    }

    /// Leaves what is left of the scan and gives the place of the marker behind it.
    pub(crate) fn end(self) -> usize {
        let mut at = self.end - self.plain.len();
        loop {
            match self.bytes.get(at..) {
                Some([0xFF, next, ..]) if next & 0x80 != 0 => return at,
                Some([_, ..]) => at += 1,
                _ => return self.bytes.len(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes with the bits that T.87 stuffs, and a marker behind them.
    fn written(bits: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = bits;
        while !rest.is_empty() {
            let width = if bytes.last() == Some(&0xFF) { 7 } else { 8 };
            let (now, then) = rest.split_at(rest.len().min(width));
            bytes.push(now.iter().fold(0, |byte, bit| byte << 1 | bit) << (width - now.len()));
            rest = then;
        }
        if bytes.last() == Some(&0xFF) {
            bytes.push(0);
        }
        bytes.extend([0xFF, 0xD9]);
        bytes
    }

    fn pattern(i: usize) -> u8 {
        ((i as u32).wrapping_mul(2_654_435_761) >> 27) as u8 & 1
    }

    /// Bytes of ones at every place of a refill, read in steps of every width.
    #[test]
    fn stuffed_bits_are_left_out() {
        for ones in 0..80 {
            let bits: Vec<u8> = (0..400).map(|i| if (ones..ones + 25).contains(&i) || i % 130 > 120 { 1 } else { pattern(i) }).collect();
            let stream = written(&bits);
            for width in 1..=32 {
                let mut reader = Bits::new(&stream);
                for (i, expected) in bits.chunks_exact(width).enumerate() {
                    let expected = expected.iter().fold(0, |value, &bit| value << 1 | u32::from(bit));
                    assert_eq!(reader.take(width as u32), Ok(expected), "{i} of {width} bits, ones from {ones}");
                }
                assert_eq!(reader.end(), stream.len() - 2);
            }
        }
    }

    /// Codes of every length: within what is held, across refills, and written out after as many zeros as there may be.
    #[test]
    fn codes_of_every_length() {
        let (most, escape) = (40, 16);
        for k in 0..=16 {
            let errors: Vec<u32> = (0..300).map(|i: u32| i.wrapping_mul(2_654_435_761) >> 15 >> (i % 17)).map(|e| e.min(60 << k)).collect();
            let mut bits = Vec::new();
            let mut put = |value: u32, width: u32| bits.extend((0..width).rev().map(|i| (value >> i & 1) as u8));
            for &error in &errors {
                let high = error >> k;
                if high < most {
                    (0..high).for_each(|_| put(0, 1));
                    put(1, 1);
                    put(error & ((1 << k) - 1), k);
                } else {
                    (0..most).for_each(|_| put(0, 1));
                    put(1, 1);
                    put(error - 1, escape);
                }
            }
            let stream = written(&bits);
            let mut reader = Bits::new(&stream);
            for (i, &error) in errors.iter().enumerate() {
                let fits = error <= 2 << escape && (error >> k < most || error <= 1 << escape);
                if !fits {
                    break;
                }
                assert_eq!(reader.mapped(k, most, escape), Ok(error as i32), "{i}, order {k}");
            }
        }
    }

    #[test]
    fn codes_without_an_end_are_errors() {
        let beyond = Err(Error::Corrupt("a code longer than its limit"));
        assert_eq!(Bits::new(&[0; 20]).mapped(3, 40, 8), beyond);
        assert_eq!(Bits::new(&[0; 4]).mapped(3, 40, 8), Err(Error::CutOff));
        assert_eq!(Bits::new(&[0, 0, 0, 0, 0xFF, 0xD9, 0x80]).mapped(3, 40, 8), Err(Error::CutOff));
        assert_eq!(Bits::new(&[0x80]).mapped(8, 40, 8), Err(Error::CutOff));
        assert_eq!(Bits::new(&[1, 0xFF]).mapped(3, 40, 12), Err(Error::CutOff), "a byte of ones without a next one");
        let large = Err(Error::Corrupt("an error beyond the samples' range"));
        assert_eq!(Bits::new(&[0, 1, 0, 0, 0, 0, 0, 0]).mapped(8, 40, 8), large);
    }
}
