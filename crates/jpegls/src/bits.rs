//! The bits of a scan: after a byte of ones the next has a stuffed bit, and a marker ends them (T.87, C.3).

use crate::{Error, Result};

pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the highest down.
    cache: u64,
    held: u32,
    after_ones: bool,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Bits<'a> {
        Bits { bytes, at: 0, cache: 0, held: 0, after_ones: false }
    }

    /// Takes in whole bytes until 57 bits are held or a marker stands there.
    fn refill(&mut self) {
        while self.held <= 56 {
            let Some(&byte) = self.bytes.get(self.at) else { return };
            if byte == 0xFF && self.bytes.get(self.at + 1).is_none_or(|next| next & 0x80 != 0) {
                return;
            }
            let width = if self.after_ones { 7 } else { 8 };
            self.cache |= u64::from(byte) << (64 - self.held - width);
            self.held += width;
            self.after_ones = byte == 0xFF;
            self.at += 1;
        }
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
    #[inline]
    pub(crate) fn zeros(&mut self, most: u32) -> Result<u32> {
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

    /// Leaves what is left of the scan and gives the place of the marker behind it.
    pub(crate) fn end(mut self) -> usize {
        loop {
            match self.bytes.get(self.at..) {
                Some([0xFF, next, ..]) if next & 0x80 != 0 => return self.at,
                Some([_, ..]) => self.at += 1,
                _ => return self.bytes.len(),
            }
        }
    }
}
