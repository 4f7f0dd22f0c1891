//! Prefix codes (RFC 1951, 3.2) as tables that are looked up with the next bits of the stream.

use std::io::Result;

use crate::damaged;

/// Bits that one look-up of a literal or length takes at most.
pub(crate) const LITERAL_BITS: u32 = 11;
/// Bits that one look-up of a distance takes at most.
pub(crate) const DISTANCE_BITS: u32 = 9;

/// The order in which a block's head has the lengths of the codes of lengths.
pub(crate) const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Lengths of the literals' codes that need no head.
pub(crate) const FIXED: [u8; 288] = {
    let mut lengths = [8; 288];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
};

const LITERAL_SUB: usize = 4096;
const DISTANCE_SUB: usize = 1024;

/// What the next bits mean: in the low byte how many of them are used up, above that what [`Entry`] reads.
#[derive(Clone, Copy)]
pub(crate) struct Entry(u32);

const LITERAL: u32 = 0x8000;
/// Neither a literal nor a length or distance.
const OTHER: u32 = 0x4000;
const SUB: u32 = OTHER | 0x2000;
const END: u32 = OTHER | 0x1000;
const INVALID: u32 = OTHER;

impl Entry {
    /// What a shift by the bits that are used up leaves.
    #[inline(always)]
    pub(crate) fn shifted(self, bits: u64) -> u64 {
        // A shift looks at the low six bits alone.
        bits.wrapping_shr(self.0)
    }

    /// Bits used up: the code and, behind it, extra bits.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        self.0 & 0xff
    }

    #[inline(always)]
    pub(crate) fn is_literal(self) -> bool {
        self.0 & LITERAL != 0
    }

    /// One literal or two, the first in the low byte.
    #[inline(always)]
    pub(crate) fn literals(self) -> [u8; 2] {
        ((self.0 >> 16) as u16).to_le_bytes()
    }

    /// How many literals.
    #[inline(always)]
    pub(crate) fn count(self) -> usize {
        (self.0 >> 8 & 3) as usize
    }

    /// Whether it is a place in the other table, the end of the block, or what no code stands for.
    #[inline(always)]
    pub(crate) fn is_other(self) -> bool {
        self.0 & OTHER != 0
    }

    #[inline(always)]
    pub(crate) fn is_sub(self) -> bool {
        self.0 & SUB == SUB
    }

    #[inline(always)]
    pub(crate) fn is_end(self) -> bool {
        self.0 & END == END
    }

    /// A length or distance: its base and the extra bits, which stand above the code in `bits`.
    #[inline(always)]
    pub(crate) fn value(self, bits: u64) -> usize {
        let (code, base) = (self.0 >> 8 & 15, self.0 >> 16);
        base as usize + ((bits & ((1 << self.bits()) - 1)) >> code) as usize
    }

    fn literal(symbol: u32, bits: u32) -> Entry {
        Entry(LITERAL | 1 << 8 | bits | symbol << 16)
    }

    /// This literal and one behind it.
    fn with(self, next: Entry) -> Entry {
        Entry(LITERAL | 2 << 8 | (self.bits() + next.bits()) | (self.0 >> 16 & 0xff) << 16 | (next.0 >> 16 & 0xff) << 24)
    }

    fn based(base: u32, extra: u32, code: u32) -> Entry {
        Entry(base << 16 | code << 8 | (code + extra))
    }
}

/// The two codes of a block.
pub(crate) struct Tables {
    literals: [Entry; 1 << LITERAL_BITS],
    literals_sub: [Entry; LITERAL_SUB],
    distances: [Entry; 1 << DISTANCE_BITS],
    distances_sub: [Entry; DISTANCE_SUB],
}

impl Tables {
    pub(crate) fn new() -> Box<Tables> {
        let none = Entry(INVALID);
        Box::new(Tables { literals: [none; _], literals_sub: [none; _], distances: [none; _], distances_sub: [none; _] })
    }

    /// Fills the tables from the lengths of the codes; at most 288 and 32 of them.
    pub(crate) fn build(&mut self, literals: &[u8], distances: &[u8]) -> Result<()> {
        fill(literals, &mut self.literals[..], &mut self.literals_sub[..], LITERAL_BITS, literal)?;
        fill(distances, &mut self.distances[..], &mut self.distances_sub[..], DISTANCE_BITS, distance)?;
        self.pair();
        Ok(())
    }

    /// Two literals that fit one look-up become one entry. Downwards: what follows stands at a smaller index, still alone.
    fn pair(&mut self) {
        for index in (0..self.literals.len()).rev() {
            let first = self.literals[index];
            if first.is_literal() {
                let next = self.literals[index >> first.bits()];
                if next.is_literal() && first.bits() + next.bits() <= LITERAL_BITS {
                    self.literals[index] = first.with(next);
                }
            }
        }
    }

    #[inline(always)]
    pub(crate) fn literal(&self, bits: u64) -> Entry {
        self.literals[(bits & ((1 << LITERAL_BITS) - 1)) as usize]
    }

    /// The entry behind one that [`Entry::is_sub`], whose bits are used up.
    #[inline(always)]
    pub(crate) fn literal_sub(&self, sub: Entry, bits: u64) -> Entry {
        self.literals_sub[behind(sub, bits) % LITERAL_SUB]
    }

    #[inline(always)]
    pub(crate) fn distance(&self, bits: u64) -> Entry {
        self.distances[(bits & ((1 << DISTANCE_BITS) - 1)) as usize]
    }

    #[inline(always)]
    pub(crate) fn distance_sub(&self, sub: Entry, bits: u64) -> Entry {
        self.distances_sub[behind(sub, bits) % DISTANCE_SUB]
    }
}

#[inline(always)]
fn behind(sub: Entry, bits: u64) -> usize {
    let width = sub.0 >> 8 & 15;
    (sub.0 >> 16) as usize + (bits & ((1 << width) - 1)) as usize
}

fn literal(symbol: usize, bits: u32) -> Entry {
    match symbol {
        0..=255 => Entry::literal(symbol as u32, bits),
        256 => Entry(END | bits),
        257..=285 => {
            let (base, extra) = length(symbol - 257);
            Entry::based(base, extra, bits)
        }
        _ => Entry(INVALID),
    }
}

fn distance(symbol: usize, bits: u32) -> Entry {
    if symbol > 29 {
        return Entry(INVALID);
    }
    let (base, extra) = distance_of(symbol);
    Entry::based(base, extra, bits)
}

/// Base and extra bits of a length symbol, counted from 257.
pub(crate) fn length(symbol: usize) -> (u32, u32) {
    match symbol as u32 {
        28 => (258, 0),
        n @ 0..=7 => (3 + n, 0),
        n => {
            let extra = n / 4 - 1;
            (3 + ((4 + n % 4) << extra), extra)
        }
    }
}

/// Base and extra bits of a distance symbol.
pub(crate) fn distance_of(symbol: usize) -> (u32, u32) {
    match symbol as u32 {
        n @ 0..=3 => (1 + n, 0),
        n => {
            let extra = n / 2 - 1;
            (1 + ((2 + n % 2) << extra), extra)
        }
    }
}

/// First code of each length (RFC 1951, 3.2.2), checked: a code must be complete, or be one of a single bit, or none at all.
fn first_codes(lengths: &[u8]) -> Result<[u16; 16]> {
    let mut counts = [0; 16];
    lengths.iter().filter(|n| **n > 0).for_each(|&n| counts[n as usize] += 1);
    let mut first = [0; 16];
    let mut code = 0u32;
    for bits in 1..16 {
        code = (code + counts[bits - 1]) << 1;
        first[bits] = code as u16;
        if code + counts[bits] > 1 << bits {
            return Err(damaged("more codes than bits for them"));
        }
    }
    let (complete, single) = (code + counts[15] == 1 << 15, counts[2..].iter().all(|&n| n == 0));
    if complete || single { Ok(first) } else { Err(damaged("bits that no code stands for")) }
}

fn fill(lengths: &[u8], primary: &mut [Entry], sub: &mut [Entry], width: u32, entry: fn(usize, u32) -> Entry) -> Result<()> {
    let mut next = first_codes(lengths)?;
    let wide = lengths.iter().max().map_or(0, |&n| u32::from(n)).saturating_sub(width);
    primary.fill(Entry(INVALID));
    let mut free = 0;
    for (symbol, &bits) in lengths.iter().enumerate().filter(|(_, bits)| **bits > 0) {
        let code = next[bits as usize];
        next[bits as usize] += 1;
        // Codes stand in the stream with their highest bit first.
        let (bits, code) = (u32::from(bits), usize::from(code.reverse_bits() >> (16 - bits)));
        if bits <= width {
            let entry = entry(symbol, bits);
            primary[code..].iter_mut().step_by(1 << bits).for_each(|e| *e = entry);
            continue;
        }
        let (low, high) = (code & ((1 << width) - 1), code >> width);
        if !primary[low].is_sub() {
            primary[low] = Entry(SUB | free << 16 | wide << 8 | width);
            free += 1 << wide;
        }
        // A complete code has two codes or more behind each of these, so that there is room for all.
        let start = (primary[low].0 >> 16) as usize;
        let entry = entry(symbol, bits - width);
        sub[start..start + (1 << wide)][high..].iter_mut().step_by(1 << (bits - width)).for_each(|e| *e = entry);
    }
    Ok(())
}

/// The code of the code lengths: 7 bits a look-up, literals as symbols.
pub(crate) struct Lengths([Entry; 128]);

impl Lengths {
    pub(crate) fn new(lengths: &[u8; 19]) -> Result<Lengths> {
        let mut table = [Entry(INVALID); 128];
        fill(lengths, &mut table, &mut [], 7, |symbol, bits| Entry::literal(symbol as u32, bits))?;
        if table.iter().any(|e| e.is_other()) { Err(damaged("bits that no code length stands for")) } else { Ok(Lengths(table)) }
    }

    pub(crate) fn symbol(&self, bits: u64) -> (u8, u32) {
        let entry = self.0[(bits & 127) as usize];
        (entry.literals()[0], entry.bits())
    }
}
