//! Literals and matches to deflate blocks (RFC 1951, 3.2).

use crate::boxed;
use crate::codes::{Codes, lengths_of};
use crate::tables::{FIXED, ORDER, distance_of, length as length_of};

/// Literals and matches of a block at most.
const TOKENS: usize = 32 << 10;

/// A literal, or the length of a match above its distance.
#[derive(Clone, Copy, Debug)]
struct Token(u32);

impl Token {
    #[inline(always)]
    fn length(self) -> usize {
        (self.0 >> 16) as usize
    }

    #[inline(always)]
    fn back(self) -> usize {
        (self.0 & 0xffff) as usize + 1
    }
}

/// What a length or distance is written as: a symbol and extra bits.
#[derive(Clone, Copy, Default)]
struct Written {
    symbol: u8,
    extra: u8,
    base: u16,
}

/// Collects tokens and writes them block by block.
pub(crate) struct Blocks {
    tokens: Box<[Token; TOKENS]>,
    count: usize,
    /// How often each symbol comes; longer than there are symbols, so that a byte is one.
    literals: [u32; 257 + 256],
    distances: [u32; 256],
    of_length: [Written; 512],
    /// By distance less one up to 256, then by the same over 128.
    of_distance: [Written; 256 + 512],
    bits: BitWriter,
}

impl Blocks {
    pub(crate) fn new() -> Blocks {
        let mut of_length = [Written::default(); 512];
        for symbol in 0..29 {
            let (base, extra) = length_of(symbol);
            let end = (base as usize + (1 << extra)).min(259);
            of_length[base as usize..end].fill(Written { symbol: symbol as u8, extra: extra as u8, base: base as u16 });
        }
        let mut of_distance = [Written::default(); 256 + 512];
        for symbol in 0..30 {
            let (base, extra) = distance_of(symbol);
            let written = Written { symbol: symbol as u8, extra: extra as u8, base: base as u16 };
            for back in (base..base + (1 << extra)).step_by(if base > 256 { 128 } else { 1 }) {
                of_distance[place_of(back as usize)] = written;
            }
        }
        Blocks { tokens: boxed(Token(0)), count: 0, literals: [0; _], distances: [0; _], of_length, of_distance, bits: BitWriter::default() }
    }

    /// Whether a block may have more tokens.
    #[inline(always)]
    pub(crate) fn room(&self) -> bool {
        self.count < TOKENS
    }

    #[inline(always)]
    pub(crate) fn literal(&mut self, byte: u8) {
        self.token(Token(byte.into()));
        self.literals[byte as usize] += 1;
    }

    /// A length 3 to 258 at a distance up to 32 KiB.
    #[inline(always)]
    pub(crate) fn matched(&mut self, length: usize, back: usize) {
        self.token(Token((length as u32) << 16 | (back - 1) as u32));
        self.literals[257 + self.of_length[length % 512].symbol as usize] += 1;
        self.distances[self.of_distance[place_of(back)].symbol as usize] += 1;
    }

    #[inline(always)]
    fn token(&mut self, token: Token) {
        self.tokens[self.count % TOKENS] = token;
        self.count += 1;
    }

    /// Writes the tokens, which stand for `bytes`, as the smallest of the three kinds of block.
    pub(crate) fn write(&mut self, bytes: &[u8], last: bool) {
        self.literals[256] = 1;
        let (literals, distances) = (Codes::of(&self.literals[..286], 15), Codes::of(&self.distances[..30], 15));
        let head = Head::of(&literals, &distances);
        let fixed = fixed();
        let dynamic_bits = head.bits() + self.bits_with(&literals, &distances);
        let fixed_bits = self.bits_with(&fixed.0, &fixed.1);
        // The head of a stored block may need a byte to end the one it begins in.
        let stored_bits = bytes.len() * 8 + bytes.len().div_ceil(0xffff).max(1) * 40;
        self.bits.reserve(dynamic_bits.min(fixed_bits).min(stored_bits) / 8);
        if stored_bits < dynamic_bits.min(fixed_bits) {
            self.bits.stored(bytes, last);
        } else {
            self.bits.put(u64::from(last), 1);
            if fixed_bits <= dynamic_bits {
                self.bits.put(1, 2);
                self.body(&fixed.0, &fixed.1);
            } else {
                self.bits.put(2, 2);
                head.write(&mut self.bits);
                self.body(&literals, &distances);
            }
        }
        (self.count, self.literals, self.distances) = (0, [0; _], [0; _]);
    }

    /// What was written, ended with a whole byte: by an empty stored block where more will follow.
    pub(crate) fn take(&mut self, more: bool) -> Vec<u8> {
        if more {
            self.bits.stored(&[], false);
        }
        self.bits.take()
    }

    fn bits_with(&self, literals: &Codes, distances: &Codes) -> usize {
        let lengths = (0..29).map(|s| self.literals[257 + s] as usize * length_of(s).1 as usize).sum::<usize>();
        let back = (0..30).map(|s| self.distances[s] as usize * distance_of(s).1 as usize).sum::<usize>();
        lengths + back + literals.bits(&self.literals) + distances.bits(&self.distances)
    }

    fn body(&mut self, literals: &Codes, distances: &Codes) {
        // Out of memory and into registers.
        let mut bits = std::mem::take(&mut self.bits);
        for token in &self.tokens[..self.count] {
            let length = token.length();
            if length == 0 {
                let (code, n) = literals.code(token.0 as u8 as usize);
                bits.put(code, n);
                continue;
            }
            let (long, back) = (self.of_length[length % 512], self.of_distance[place_of(token.back())]);
            let (code, n) = literals.code(257 + long.symbol as usize);
            let (far, m) = distances.code(back.symbol as usize);
            let with_length = code | ((length - long.base as usize) as u64) << n;
            let with_distance = far | ((token.back() - back.base as usize) as u64) << m;
            let n = n + u32::from(long.extra);
            bits.put(with_length | with_distance << n, n + m + u32::from(back.extra));
        }
        let (code, n) = literals.code(256);
        bits.put(code, n);
        self.bits = bits;
    }
}

/// Where a distance stands in the table of distances.
#[inline(always)]
fn place_of(back: usize) -> usize {
    let less = (back - 1) & 0xffff;
    if less < 256 { less } else { 256 + (less >> 7) }
}

/// The codes that need no head.
fn fixed() -> (Codes, Codes) {
    (Codes::new(&FIXED), Codes::new(&[5; 30]))
}

/// The head of a block with codes of its own.
struct Head {
    literals: usize,
    distances: usize,
    /// Code lengths and repetitions of such, with extra bits.
    runs: Vec<(u8, u8)>,
    codes: Codes,
    order: usize,
}

impl Head {
    fn of(literals: &Codes, distances: &Codes) -> Head {
        let used = |codes: &Codes, least: usize| codes.lengths().iter().rposition(|&n| n > 0).map_or(least, |n| (n + 1).max(least));
        let (literal_count, distance_count) = (used(literals, 257), used(distances, 1));
        let lengths = [&literals.lengths()[..literal_count], &distances.lengths()[..distance_count]].concat();
        let runs = runs(&lengths);
        let mut counts = [0; 19];
        runs.iter().for_each(|(symbol, _)| counts[*symbol as usize] += 1);
        let codes = Codes::new(&lengths_of(&counts, 7));
        let order = ORDER.iter().rposition(|&s| codes.lengths()[s] > 0).map_or(4, |n| (n + 1).max(4));
        Head { literals: literal_count, distances: distance_count, runs, codes, order }
    }

    fn bits(&self) -> usize {
        14 + self.order * 3 + self.runs.iter().map(|(symbol, _)| self.codes.lengths()[*symbol as usize] as usize + extra_of(*symbol) as usize).sum::<usize>()
    }

    fn write(&self, bits: &mut BitWriter) {
        bits.put((self.literals - 257) as u64, 5);
        bits.put((self.distances - 1) as u64, 5);
        bits.put((self.order - 4) as u64, 4);
        ORDER[..self.order].iter().for_each(|&s| bits.put(self.codes.lengths()[s].into(), 3));
        for &(symbol, extra) in &self.runs {
            let (code, n) = self.codes.code(symbol.into());
            bits.put(code | u64::from(extra) << n, n + extra_of(symbol));
        }
    }
}

/// Extra bits of a symbol of the code lengths.
fn extra_of(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// Lengths as symbols: 16 repeats the last one 3 to 6 times, 17 and 18 stand for 3 to 10 and 11 to 138 zeros.
fn runs(lengths: &[u8]) -> Vec<(u8, u8)> {
    let mut out = Vec::new();
    for run in lengths.chunk_by(|a, b| a == b) {
        let (value, mut rest) = (run[0], run.len());
        if value != 0 {
            out.push((value, 0));
            rest -= 1;
        }
        while rest > 0 {
            let (symbol, least, most) = match (value, rest) {
                (_, 0..3) => (value, 1, 1),
                (0, 0..11) => (17, 3, 10),
                (0, _) => (18, 11, 138),
                _ => (16, 3, 6),
            };
            let n = rest.min(most);
            out.push((symbol, (n - least) as u8));
            rest -= n;
        }
    }
    out
}

/// Bits, the lowest first.
#[derive(Default)]
struct BitWriter {
    out: Vec<u8>,
    at: usize,
    bits: u64,
    count: u32,
}

impl BitWriter {
    /// Room for so many bytes more.
    fn reserve(&mut self, bytes: usize) {
        self.out.resize(self.at + bytes + 16, 0);
    }

    /// At most 48 bits, none above them, in room that was reserved.
    #[inline(always)]
    fn put(&mut self, bits: u64, count: u32) {
        self.bits |= bits << self.count;
        self.count += count;
        self.out[self.at..self.at + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.at += (self.count / 8) as usize;
        self.bits >>= self.count & 0x38;
        self.count %= 8;
    }

    /// Stored blocks.
    fn stored(&mut self, bytes: &[u8], last: bool) {
        let mut rest = bytes;
        loop {
            let (now, later) = rest.split_at(rest.len().min(0xffff));
            self.reserve(now.len() + 8);
            self.put(u64::from(last && later.is_empty()), 3);
            self.align();
            let length = now.len() as u16;
            self.put(u64::from(length) | u64::from(!length) << 16, 32);
            self.out[self.at..self.at + now.len()].copy_from_slice(now);
            self.at += now.len();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
    }

    fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    fn take(&mut self) -> Vec<u8> {
        self.reserve(0);
        self.align();
        self.out.truncate(self.at);
        self.at = 0;
        std::mem::take(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_a_row_are_repeated() {
        assert_eq!(runs(&[5; 8]), [(5, 0), (16, 3), (5, 0)]);
        assert_eq!(runs(&[0; 150]), [(18, 127), (18, 1)]);
        assert_eq!(runs(&[0, 0, 4, 0, 0, 0]), [(0, 0), (0, 0), (4, 0), (17, 0)]);
    }

    #[test]
    fn every_length_and_distance_has_its_symbol() {
        let blocks = Blocks::new();
        for length in 3..259 {
            let w = blocks.of_length[length];
            assert_eq!(length_of(w.symbol.into()), (w.base.into(), w.extra.into()));
            assert!((w.base as usize..w.base as usize + (1 << w.extra)).contains(&length) && (length == 258) == (w.symbol == 28), "{length}");
        }
        for back in 1..=32768 {
            let w = blocks.of_distance[place_of(back)];
            assert!((w.base as usize..w.base as usize + (1 << w.extra)).contains(&back), "{back}");
        }
    }
}
