//! Blocks of a deflate stream (RFC 1951) to bytes.

use std::io::{ErrorKind, Read, Result};

use crate::bytes::Bytes;
use crate::damaged;
use crate::tables::{Entry, FIXED, Lengths, ORDER, Tables};

/// How far back a match reaches.
pub(crate) const HISTORY: usize = 32 << 10;
/// Bytes that are decoded before they are taken.
const CHUNK: usize = 128 << 10;
/// Bytes behind a chunk that the last step of a block may write: a match, and what is copied too much of it.
const SLACK: usize = 258 + 32;

type Window = [u8; HISTORY + CHUNK + SLACK];

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the head of a block.
    Head,
    /// In a stored block of which so many bytes are left.
    Stored(usize),
    /// In a block of codes.
    Coded,
    /// Behind the last block.
    Done,
}

/// Bits that were taken from the bytes but not used. Those above `count` are the next byte's, and are the same when it comes.
#[derive(Clone, Copy, Default)]
struct Bits {
    bits: u64,
    count: u32,
}

impl Bits {
    /// At least 56 bits, from eight bytes at `at`.
    #[inline(always)]
    fn refill(&mut self, bytes: [u8; 8], at: &mut usize) {
        self.bits |= u64::from_le_bytes(bytes) << self.count;
        *at += ((63 - self.count) >> 3) as usize;
        self.count |= 0x38;
    }

    #[inline(always)]
    fn drop(&mut self, n: u32) {
        self.bits >>= n;
        self.count -= n;
    }

    /// Drops what an entry uses up.
    #[inline(always)]
    fn used(&mut self, entry: Entry) {
        self.bits = entry.shifted(self.bits);
        self.count -= entry.bits();
    }

    #[inline(always)]
    fn take(&mut self, n: u32) -> usize {
        let value = (self.bits & ((1 << n) - 1)) as usize;
        self.drop(n);
        value
    }
}

pub(crate) struct Inflate {
    bits: Bits,
    state: State,
    last: bool,
    tables: Box<Tables>,
    /// Whether these are the codes that need no head.
    fixed: bool,
    /// History, then what was decoded.
    window: Vec<u8>,
    at: usize,
    given: usize,
}

impl Inflate {
    /// Begins at a block, with the bytes before it and the bits of the byte it begins in that are left.
    pub(crate) fn new(history: &[u8]) -> Inflate {
        let mut window = vec![0; HISTORY + CHUNK + SLACK];
        window[..history.len()].copy_from_slice(history);
        Inflate { bits: Bits::default(), state: State::Head, last: false, tables: Tables::new(), fixed: false, window, at: history.len(), given: history.len() }
    }

    /// Begins another stream.
    pub(crate) fn begin(&mut self) {
        (self.bits, self.state, self.last) = (Bits::default(), State::Head, false);
        (self.at, self.given) = (0, 0);
    }

    /// Leaves out the first bits of the byte that a stream begins in.
    pub(crate) fn skip_bits<R: Read>(&mut self, bytes: &mut Bytes<R>, n: u32) -> Result<()> {
        self.refill(bytes)?;
        self.bits.drop(n);
        Ok(())
    }

    /// What was decoded and not yet given.
    pub(crate) fn ready(&self) -> &[u8] {
        &self.window[self.given..self.at]
    }

    pub(crate) fn give(&mut self, n: usize) {
        self.given += n;
    }

    pub(crate) fn done(&self) -> bool {
        self.state == State::Done
    }

    /// At the head of a block, with nothing to give: bits of the next byte that are used up, and the history.
    pub(crate) fn between_blocks(&self) -> Option<(u32, &[u8])> {
        (self.state == State::Head && self.given == self.at).then(|| (self.bits.count, &self.window[self.at.saturating_sub(HISTORY)..self.at]))
    }

    /// Decodes until a block ends or a chunk is full.
    pub(crate) fn decode<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<()> {
        debug_assert!(self.given == self.at, "what is ready is given first");
        if self.at >= HISTORY + CHUNK {
            self.window.copy_within(self.at - HISTORY..self.at, 0);
            (self.at, self.given) = (HISTORY, HISTORY);
        }
        let done = match self.state {
            State::Head => self.head(bytes),
            State::Stored(rest) => self.stored(bytes, rest),
            State::Coded => self.coded(bytes),
            State::Done => Ok(()),
        };
        // Behind the last byte nothing is damaged, it is missing.
        if done.is_ok() { Ok(()) } else { bytes.look_ahead(self.bits.count).and(done) }
    }

    fn refill<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<()> {
        bytes.look_ahead(self.bits.count)?;
        let next = bytes.buffer[bytes.at..].first_chunk().ok_or(ErrorKind::UnexpectedEof)?;
        self.bits.refill(*next, &mut bytes.at);
        Ok(())
    }

    /// Gives whole bytes back.
    fn align<R>(&mut self, bytes: &mut Bytes<R>) {
        bytes.at -= (self.bits.count >> 3) as usize;
        self.bits = Bits::default();
    }

    fn head<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<()> {
        self.refill(bytes)?;
        self.last = self.bits.take(1) == 1;
        self.state = match self.bits.take(2) {
            0 => {
                self.align(bytes);
                let [a, b, c, d] = bytes.take()?;
                let (length, complement) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
                if length != !complement {
                    return Err(damaged("a stored block whose two lengths differ"));
                }
                State::Stored(length.into())
            }
            1 => {
                if !self.fixed {
                    self.tables.build(&FIXED, &[5; 32])?;
                    self.fixed = true;
                }
                State::Coded
            }
            2 => {
                self.fixed = false;
                self.dynamic(bytes)?;
                State::Coded
            }
            _ => return Err(damaged("a block of no kind")),
        };
        Ok(())
    }

    fn dynamic<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<()> {
        let (literals, distances, codes) = (self.bits.take(5) + 257, self.bits.take(5) + 1, self.bits.take(4) + 4);
        if literals > 286 || distances > 30 {
            return Err(damaged("more symbols than there are"));
        }
        let mut of_lengths = [0; 19];
        for place in &ORDER[..codes] {
            self.refill(bytes)?;
            of_lengths[*place] = self.bits.take(3) as u8;
        }
        let code = Lengths::new(&of_lengths)?;
        let mut lengths = [0; 286 + 30];
        let mut at = 0;
        while at < literals + distances {
            self.refill(bytes)?;
            let (symbol, bits) = code.symbol(self.bits.bits);
            self.bits.drop(bits);
            let before = at.checked_sub(1).map(|n| lengths[n]);
            let (length, times) = match symbol {
                0..=15 => (symbol, 1),
                16 => (before.ok_or_else(|| damaged("a repetition of nothing"))?, self.bits.take(2) + 3),
                17 => (0, self.bits.take(3) + 3),
                _ => (0, self.bits.take(7) + 11),
            };
            lengths[..literals + distances].get_mut(at..at + times).ok_or_else(|| damaged("more code lengths than symbols"))?.fill(length);
            at += times;
        }
        if lengths[256] == 0 {
            return Err(damaged("a block without an end"));
        }
        self.tables.build(&lengths[..literals], &lengths[literals..literals + distances])
    }

    fn stored<R: Read>(&mut self, bytes: &mut Bytes<R>, rest: usize) -> Result<()> {
        let room = HISTORY + CHUNK - self.at;
        let some = bytes.some()?;
        let n = rest.min(room).min(some.len());
        if n == 0 && rest > 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.window[self.at..self.at + n].copy_from_slice(&some[..n]);
        bytes.at += n;
        self.at += n;
        self.state = State::Stored(rest - n);
        if rest == n {
            self.end_block(bytes);
        }
        Ok(())
    }

    fn end_block<R>(&mut self, bytes: &mut Bytes<R>) {
        self.state = if self.last { State::Done } else { State::Head };
        if self.last {
            self.align(bytes);
        }
    }

    fn coded<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<()> {
        while self.at < HISTORY + CHUNK {
            bytes.look_ahead(self.bits.count)?;
            let before = (self.bits, bytes.at, self.at);
            let ended = self.symbols(bytes);
            if let Err(error) = bytes.look_ahead(self.bits.count) {
                // What zeros behind the last byte have made is none of the stream's.
                (self.bits, bytes.at, self.at) = before;
                return Err(error);
            }
            if ended? {
                self.end_block(bytes);
                break;
            }
        }
        Ok(())
    }

    /// Literals and matches as long as there are bytes to look at and room to write; whether the block has ended.
    fn symbols<R: Read>(&mut self, bytes: &mut Bytes<R>) -> Result<bool> {
        let limit = bytes.limit();
        let window = self.window.first_chunk_mut().expect("made so long");
        let (state, done) = symbols(&self.tables, window, &bytes.buffer, limit, (self.bits, bytes.at, self.at));
        (self.bits, bytes.at, self.at) = state;
        done
    }
}

/// A function of its own, which leaves the registers to this loop.
#[inline(never)]
fn symbols(tables: &Tables, window: &mut Window, input: &[u8], limit: usize, state: (Bits, usize, usize)) -> ((Bits, usize, usize), Result<bool>) {
    let (mut bits, mut from, mut to) = state;
    let refill = |bits: &mut Bits, from: &mut usize| bits.refill(*input[*from..].first_chunk().expect("as many are looked ahead"), from);
    refill(&mut bits, &mut from);
    let mut entry = tables.literal(bits.bits);
    let ended = loop {
        if from > limit || to >= HISTORY + CHUNK {
            break Ok(false);
        }
        if entry.is_literal() {
            // Three look-ups take 33 of 56 bits and give six literals.
            for _ in 0..3 {
                put(window, &mut to, &mut bits, entry);
                entry = tables.literal(bits.bits);
                if !entry.is_literal() {
                    break;
                }
            }
            refill(&mut bits, &mut from);
            if entry.is_literal() {
                continue;
            }
        }
        if entry.is_other() {
            if entry.is_sub() {
                bits.used(entry);
                entry = tables.literal_sub(entry, bits.bits);
            }
            if entry.is_literal() {
                put(window, &mut to, &mut bits, entry);
                refill(&mut bits, &mut from);
                entry = tables.literal(bits.bits);
                continue;
            }
            if entry.is_end() {
                bits.used(entry);
                break Ok(true);
            }
            if entry.is_other() {
                break Err(damaged("bits that no code stands for"));
            }
        }
        // A length and its distance take 48 bits at most.
        let length = entry.value(bits.bits);
        bits.used(entry);
        let mut distance = tables.distance(bits.bits);
        if distance.is_other() {
            if distance.is_sub() {
                bits.used(distance);
                distance = tables.distance_sub(distance, bits.bits);
            }
            if distance.is_other() {
                break Err(damaged("bits that no code stands for"));
            }
        }
        let back = distance.value(bits.bits);
        bits.used(distance);
        if back > to {
            break Err(damaged("a match before the first byte"));
        }
        // What comes next is on its way while the match is copied.
        refill(&mut bits, &mut from);
        entry = tables.literal(bits.bits);
        copy(window, to, back, length);
        to += length;
    };
    ((bits, from, to), ended)
}

/// One literal or two.
#[inline(always)]
fn put(window: &mut Window, to: &mut usize, bits: &mut Bits, entry: Entry) {
    window[*to..*to + 2].copy_from_slice(&entry.literals());
    *to += entry.count();
    bits.used(entry);
}

/// Copies a match, which may overlap what it makes; up to 15 bytes behind it are written too.
#[inline(always)]
fn copy(window: &mut Window, to: usize, back: usize, length: usize) {
    if back >= 16 {
        let mut done = 0;
        while done < length {
            let part: [u8; 16] = *window[to + done - back..].first_chunk().expect("the slack");
            window[to + done..to + done + 16].copy_from_slice(&part);
            done += 16;
        }
    } else {
        repeat(window, to, back, length);
    }
}

/// A short period, doubled until it is long enough.
fn repeat(window: &mut [u8], mut to: usize, mut back: usize, mut length: usize) {
    while length > 0 {
        let n = back.min(length);
        window.copy_within(to - back..to - back + n, to);
        (to, length, back) = (to + n, length - n, back * 2);
    }
}
