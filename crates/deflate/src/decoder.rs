//! What is around a deflate stream: heads, checksums, members.

use std::io::{Error, ErrorKind, Read, Result};

use crc32fast::Hasher;
use simd_adler32::Adler32;

use crate::bytes::Bytes;
use crate::damaged;
use crate::inflate::Inflate;

/// Blocks and members that hold nothing, after which a reader is asked whether it goes on ([`ErrorKind::Interrupted`]).
const PATIENCE: usize = 1000;

/// What a deflate stream is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Members with a CRC-32 each, one after the other; zeros behind the last (tape and block padding) are no member.
    Gzip,
    /// One stream with an Adler-32; what is behind it is left alone.
    Zlib,
    /// One stream alone; what is behind it is left alone.
    Raw,
}

/// A place in a stream where decoding may begin: the head of a block.
#[derive(Clone, Debug, Default)]
pub struct Point {
    /// Bits of the compressed bytes before it.
    pub bit: u64,
    /// Bytes of the decoded ones before it.
    pub out: u64,
    /// The last of these, at most 32 KiB.
    pub history: Vec<u8>,
}

/// The sum that a stream ends with; none where its beginning was not read.
enum Sum {
    Crc(Hasher),
    Adler(Adler32),
    None,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        match self {
            Sum::Crc(sum) => sum.update(bytes),
            Sum::Adler(sum) => sum.write(bytes),
            Sum::None => {}
        }
    }
}

enum State {
    Head,
    Body,
    End,
}

/// Decodes as it is read.
pub struct Decoder<R> {
    bytes: Bytes<R>,
    inflate: Inflate,
    container: Container,
    state: State,
    sum: Sum,
    /// Bytes decoded of all members, and of this one.
    out: u64,
    member: u64,
    /// Bytes between two points, where they are wanted.
    every: Option<u64>,
    points: Vec<Point>,
    last_point: u64,
    /// Comes after the bytes that were decoded before it.
    failed: Option<Error>,
}

impl<R: Read> Decoder<R> {
    /// Decodes a reader's bytes from the first on.
    pub fn new(reader: R, container: Container) -> Decoder<R> {
        Decoder::over(Bytes::new(reader, 0), Inflate::new(&[]), container, State::Head, 0)
    }

    /// Decodes from a point on. The reader begins at byte `point.bit / 8`; the sum of the member it lies in is not checked.
    pub fn resume(reader: R, container: Container, point: &Point) -> Result<Decoder<R>> {
        let mut bytes = Bytes::new(reader, point.bit / 8);
        let mut inflate = Inflate::new(&point.history);
        inflate.skip_bits(&mut bytes, (point.bit % 8) as u32)?;
        Ok(Decoder::over(bytes, inflate, container, State::Body, point.out))
    }

    fn over(bytes: Bytes<R>, inflate: Inflate, container: Container, state: State, out: u64) -> Decoder<R> {
        let points = Vec::new();
        Decoder { bytes, inflate, container, state, sum: Sum::None, out, member: 0, every: None, points, last_point: out, failed: None }
    }

    /// Decodes another reader's bytes, with the same memory; gives the reader before back.
    pub fn restart(&mut self, reader: R) -> R {
        (self.state, self.sum, self.failed) = (State::Head, Sum::None, None);
        (self.out, self.last_point) = (0, 0);
        self.points.clear();
        self.inflate.begin();
        self.bytes.restart(reader)
    }

    /// Remembers a point about every so many decoded bytes.
    #[must_use]
    pub fn with_points(self, every: u64) -> Decoder<R> {
        Decoder { every: Some(every), ..self }
    }

    /// The points passed since this was last asked.
    pub fn take_points(&mut self) -> Vec<Point> {
        std::mem::take(&mut self.points)
    }

    /// Decodes on until there is something to give or the end is reached.
    fn advance(&mut self) -> Result<()> {
        let mut steps = 0;
        while self.inflate.ready().is_empty() {
            steps += 1;
            if steps > PATIENCE {
                return Err(ErrorKind::Interrupted.into());
            }
            match self.state {
                State::Head => {
                    if self.head()? {
                        self.begin();
                    } else {
                        self.state = State::End;
                    }
                }
                State::Body if self.inflate.done() => self.end_member()?,
                State::Body => {
                    self.remember();
                    let done = self.inflate.decode(&mut self.bytes);
                    let ready = self.inflate.ready();
                    self.sum.add(ready);
                    self.member += ready.len() as u64;
                    done?;
                }
                State::End => break,
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.inflate.begin();
        self.member = 0;
        self.sum = match self.container {
            Container::Gzip => Sum::Crc(Hasher::new()),
            Container::Zlib => Sum::Adler(Adler32::new()),
            Container::Raw => Sum::None,
        };
        self.state = State::Body;
    }

    fn remember(&mut self) {
        let Some(every) = self.every else { return };
        if self.out < self.last_point + every {
            return;
        }
        if let Some((held, history)) = self.inflate.between_blocks() {
            self.points.push(Point { bit: self.bytes.passed() * 8 - u64::from(held), out: self.out, history: history.to_vec() });
            self.last_point = self.out;
        }
    }

    /// Reads what comes before a stream; false where no further one follows.
    fn head(&mut self) -> Result<bool> {
        match self.container {
            Container::Gzip => self.gzip_head(),
            Container::Zlib => {
                let [method, flags] = self.bytes.take()?;
                if method & 15 != 8 || method >> 4 > 7 || !u16::from_be_bytes([method, flags]).is_multiple_of(31) || flags & 0x20 != 0 {
                    return Err(damaged("no head of zlib"));
                }
                Ok(true)
            }
            Container::Raw => Ok(true),
        }
    }

    fn gzip_head(&mut self) -> Result<bool> {
        const CRC: u8 = 2;
        const EXTRA: u8 = 4;
        const NAME: u8 = 8;
        const COMMENT: u8 = 16;
        if self.bytes.passed() > 0 && !self.after_zeros()? {
            return Ok(false);
        }
        let [a, b, method, flags, ..] = self.bytes.take::<10>()?;
        if [a, b, method] != [0x1f, 0x8b, 8] || flags >> 5 != 0 {
            return Err(damaged("no head of gzip"));
        }
        if flags & EXTRA != 0 {
            let length = u16::from_le_bytes(self.bytes.take()?);
            self.pass(length.into())?;
        }
        for text in [NAME, COMMENT] {
            while flags & text != 0 && self.bytes.take()? != [0] {}
        }
        if flags & CRC != 0 {
            self.bytes.take::<2>()?;
        }
        Ok(true)
    }

    fn pass(&mut self, mut rest: usize) -> Result<()> {
        while rest > 0 {
            let n = self.bytes.some()?.len().min(rest);
            if n == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            (self.bytes.at, rest) = (self.bytes.at + n, rest - n);
        }
        Ok(())
    }

    /// Goes to the next byte that is not zero; false at the end.
    fn after_zeros(&mut self) -> Result<bool> {
        loop {
            let some = self.bytes.some()?;
            if some.is_empty() {
                return Ok(false);
            }
            let zeros = some.iter().take_while(|&&b| b == 0).count();
            let more = zeros < some.len();
            self.bytes.at += zeros;
            if more {
                return Ok(true);
            }
        }
    }

    fn end_member(&mut self) -> Result<()> {
        self.state = State::End;
        let sum = std::mem::replace(&mut self.sum, Sum::None);
        let right = match self.container {
            Container::Gzip => {
                let [a, b, c, d, size @ ..] = self.bytes.take::<8>()?;
                self.state = State::Head;
                match sum {
                    Sum::Crc(sum) => sum.finalize() == u32::from_le_bytes([a, b, c, d]) && self.member as u32 == u32::from_le_bytes(size),
                    _ => true,
                }
            }
            Container::Zlib => match sum {
                Sum::Adler(sum) => sum.finish() == u32::from_be_bytes(self.bytes.take()?),
                _ => true,
            },
            Container::Raw => true,
        };
        if right { Ok(()) } else { Err(damaged("their checksum is another")) }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.failed.is_none() {
            self.failed = self.advance().err();
        }
        if self.failed.as_ref().is_some_and(|e| e.kind() == ErrorKind::Interrupted) {
            return Err(self.failed.take().expect("just seen"));
        }
        let ready = self.inflate.ready();
        let n = ready.len().min(out.len());
        if n == 0 {
            self.state = State::End;
            return self.failed.take().map_or(Ok(0), Err);
        }
        out[..n].copy_from_slice(&ready[..n]);
        self.inflate.give(n);
        self.out += n as u64;
        Ok(n)
    }
}
