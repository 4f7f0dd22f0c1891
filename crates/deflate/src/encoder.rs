//! Bytes to deflate parts that need nothing of each other.

use crate::blocks::{Blocks, Token};

/// Bits of a hash of four bytes.
const HASH_BITS: u32 = 15;
/// The least length of a match.
const LEAST: usize = 4;
/// The greatest.
const GREATEST: usize = 258;
/// How far back a match reaches.
const REACH: usize = 32 << 10;
/// The length up to which all places of a match are remembered.
const WORTH: usize = 32;
/// Bytes of a block: its codes follow what the voxels do.
const BLOCK: usize = 64 << 10;

/// The two last places that began with four bytes of one hash, as far as 16 bits tell them apart.
#[derive(Clone, Copy, Default)]
struct Seen([u16; 2]);

/// Compresses stretches of a stream, each alone: threads take one each, and a reader may begin at any.
///
/// Greedy matches from a look at the two last places that began with the same four bytes, and one at the row above: voxels
/// are noise or repeat what is beside them, and neither rewards a longer search.
pub struct Encoder {
    seen: Vec<Seen>,
    blocks: Blocks,
    row: usize,
}

impl Encoder {
    /// `row` is how many bytes lie between a value and the one above it; 0 where nothing is known of that.
    pub fn new(row: usize) -> Encoder {
        Encoder { seen: vec![Seen::default(); 1 << HASH_BITS], blocks: Blocks::new(), row: if row <= REACH { row } else { 0 } }
    }

    /// The deflate blocks of some bytes, which end with a whole byte. Only the `last` part ends the stream.
    pub fn part(&mut self, bytes: &[u8], last: bool) -> Vec<u8> {
        self.seen.fill(Seen::default());
        let mut from = 0;
        loop {
            let to = self.block(bytes, from, bytes.len().min(from + BLOCK));
            let end = to == bytes.len();
            self.blocks.write(&bytes[from..to], end && last);
            from = to;
            if end {
                return self.blocks.take(!last);
            }
        }
    }

    /// Finds the matches of a block; where it ends.
    fn block(&mut self, bytes: &[u8], from: usize, to: usize) -> usize {
        let mut at = from;
        // A hash needs four bytes of the part.
        let hashed = to.min(bytes.len().saturating_sub(LEAST));
        while at < hashed && self.blocks.room() {
            let (length, back) = self.longest(bytes, at, to);
            if length < LEAST {
                self.blocks.push(Token::literal(bytes[at]));
                at += 1;
                continue;
            }
            self.blocks.push(Token::matched(length, back));
            // The ends of a long match stand for all of it.
            let (first, end) = (at + 1, (at + length).min(hashed));
            if length <= WORTH {
                (first..end).for_each(|place| self.remember(bytes, place));
            } else {
                (first..first + WORTH / 2).chain(end.saturating_sub(WORTH / 2)..end).for_each(|place| self.remember(bytes, place));
            }
            at += length;
        }
        while at >= hashed && at < to && self.blocks.room() {
            self.blocks.push(Token::literal(bytes[at]));
            at += 1;
        }
        at
    }

    /// Length and distance of the best of three candidates; a length of 0 where none matches.
    #[inline(always)]
    fn longest(&mut self, bytes: &[u8], at: usize, to: usize) -> (usize, usize) {
        let most = GREATEST.min(to - at);
        let four = four(bytes, at);
        let seen = &mut self.seen[hash(four)];
        let Seen([last, one_before]) = std::mem::replace(seen, Seen([at as u16, seen.0[0]]));
        let mut best = (0, 0);
        for back in [(at as u16).wrapping_sub(last).into(), (at as u16).wrapping_sub(one_before).into(), self.row] {
            let reached = back > 0 && back <= REACH.min(at);
            if reached && best.0 < most && four == self::four(bytes, at - back) {
                let length = matched(bytes, at - back, at, most);
                if length > best.0 {
                    best = (length, back);
                }
            }
        }
        best
    }

    #[inline(always)]
    fn remember(&mut self, bytes: &[u8], at: usize) {
        let seen = &mut self.seen[hash(four(bytes, at))];
        *seen = Seen([at as u16, seen.0[0]]);
    }
}

#[inline(always)]
fn four(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("within the part"))
}

#[inline(always)]
fn hash(four: u32) -> usize {
    (four.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

/// How many bytes are the same, the first four of which are known to be; at most `most`.
#[inline(always)]
fn matched(bytes: &[u8], before: usize, at: usize, most: usize) -> usize {
    let mut length = LEAST;
    while length < most {
        let (Some(a), Some(b)) = (bytes[before + length..].first_chunk(), bytes[at + length..].first_chunk()) else {
            let rest = bytes[before + length..].iter().zip(&bytes[at + length..]);
            length += rest.take_while(|(a, b)| a == b).count();
            break;
        };
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            length += (differ.trailing_zeros() / 8) as usize;
            break;
        }
        length += 8;
    }
    length.min(most)
}
