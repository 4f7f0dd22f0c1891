//! Compressed bytes from a reader, with room to look ahead without asking.

use std::io::{Error, ErrorKind, Read, Result};

/// Bytes asked of the reader at once.
const CAPACITY: usize = 128 << 10;

/// Bytes that a step of a decoder looks at in one go, at most.
pub(crate) const LOOK: usize = 32;

/// Zeros behind the last byte, so that a decoder may look beyond it and be told afterwards.
const PADDING: usize = 2 * LOOK;

pub(crate) struct Bytes<R> {
    reader: R,
    pub(crate) buffer: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) end: usize,
    /// Bytes of the reader before the buffer's first.
    before: u64,
    ended: bool,
}

impl<R: Read> Bytes<R> {
    /// A reader's bytes; its first is byte `before` of the whole.
    pub(crate) fn new(reader: R, before: u64) -> Bytes<R> {
        Bytes { reader, buffer: vec![0; CAPACITY + PADDING], at: 0, end: 0, before, ended: false }
    }

    /// Another reader's bytes, from the first on, with the same memory; the reader before.
    pub(crate) fn restart(&mut self, reader: R) -> R {
        (self.at, self.end, self.before, self.ended) = (0, 0, 0, false);
        std::mem::replace(&mut self.reader, reader)
    }

    /// Bytes up to here, of the whole.
    pub(crate) fn passed(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Where a decoder that looks at [`LOOK`] bytes stops to ask again; near the end, after each step.
    pub(crate) fn limit(&self) -> usize {
        self.end.saturating_sub(LOOK).max(if self.ended { self.at } else { 0 })
    }

    /// Reads on unless there is enough to look at; an error where a decoder, which holds so many bits unused, is beyond the
    /// last byte.
    pub(crate) fn look_ahead(&mut self, held: u32) -> Result<()> {
        while !self.ended && self.at + LOOK >= self.end {
            self.read_on()?;
        }
        if self.at > self.end + (held >> 3) as usize { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// The bytes at hand; empty at the end.
    pub(crate) fn some(&mut self) -> Result<&[u8]> {
        while !self.ended && self.at >= self.end {
            self.read_on()?;
        }
        Ok(self.buffer.get(self.at..self.end).unwrap_or_default())
    }

    /// The next `N` bytes.
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        const { assert!(N < LOOK) };
        self.look_ahead(0)?;
        let bytes = self.buffer[self.at..self.at + N].try_into().map_err(|_| Error::from(ErrorKind::UnexpectedEof))?;
        if self.at + N > self.end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.at += N;
        Ok(bytes)
    }

    fn read_on(&mut self) -> Result<()> {
        // A decoder may give back what it holds.
        let from = self.at.min(self.end).saturating_sub(8);
        self.buffer.copy_within(from..self.end, 0);
        self.before += from as u64;
        (self.at, self.end) = (self.at - from, self.end - from);
        let n = loop {
            match self.reader.read(&mut self.buffer[self.end..CAPACITY]) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += n;
        self.ended = n == 0;
        self.buffer[self.end..self.end + PADDING].fill(0);
        Ok(())
    }
}
