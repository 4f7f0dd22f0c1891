//! Bytes to deflate parts that need nothing of each other.

use crate::blocks::Blocks;
use crate::boxed;

/// Bytes of a part at most.
const PART: usize = 1 << 20;
/// Bytes that are read behind a part's last, and never matter.
const BEHIND: usize = 16;
/// Bits of a hash of four bytes.
const HASH_BITS: u32 = 15;
/// The least length of a match.
const LEAST: usize = 4;
/// The greatest.
const GREATEST: usize = 258;
/// How far back a match reaches.
const REACH: usize = 32 << 10;
/// The length of a match from which its end is remembered too, as many places.
const WORTH: usize = 16;
/// Literals in a row from which on matches are looked for less often, and how many are passed over then at most.
const HOPELESS: usize = 64;
const FEW: usize = 7;
/// Bytes of a block: its codes follow what the voxels do.
const BLOCK: usize = 64 << 10;

/// The two last places that began with four bytes of one hash, the last in the low half, as far as 16 bits tell them apart.
#[derive(Clone, Copy, Debug, Default)]
struct Seen(u32);

impl Seen {
    #[inline(always)]
    fn then(self, at: usize) -> Seen {
        Seen(self.0 << 16 | u32::from(at as u16))
    }

    /// How far behind a place the two lie.
    #[inline(always)]
    fn behind(self, at: usize) -> (usize, usize) {
        let from = |place: u32| usize::from((at as u16).wrapping_sub(place as u16));
        (from(self.0), from(self.0 >> 16))
    }
}

/// Compresses stretches of a stream, each alone: threads take one each, and a reader may begin at any.
///
/// Greedy matches from a look at the two last places that began with the same four bytes, and one at the row above: voxels
/// are noise or repeat what is beside them, and neither rewards a longer search.
pub struct Encoder {
    matches: Matches,
    blocks: Blocks,
}

impl Encoder {
    /// Bytes of a part at most.
    pub const PART: usize = PART;

    /// `row` is how many bytes lie between a value and the one above it; 0 where nothing is known of that.
    pub fn new(row: usize) -> Encoder {
        Encoder { matches: Matches::new(if row <= REACH { row } else { 0 }), blocks: Blocks::new() }
    }

    /// The deflate blocks of some bytes, at most [`Encoder::PART`], which end with a whole byte. Only the `last` part ends the
    /// stream.
    pub fn part(&mut self, bytes: &[u8], last: bool) -> Vec<u8> {
        self.matches.begin(bytes);
        let mut from = 0;
        loop {
            let to = self.matches.block(from, bytes.len().min(from + BLOCK), &mut self.blocks);
            let end = to == bytes.len();
            self.blocks.write(&bytes[from..to], end && last);
            from = to;
            if end {
                return self.blocks.take(!last);
            }
        }
    }
}

/// A part, and where its bytes were seen.
struct Matches {
    /// Places are taken modulo its size, so that none can lie outside.
    bytes: Box<[u8; PART + BEHIND]>,
    seen: Box<[Seen; 1 << HASH_BITS]>,
    row: usize,
}

impl Matches {
    fn new(row: usize) -> Matches {
        Matches { bytes: boxed(0), seen: boxed(Seen::default()), row }
    }

    fn begin(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= PART, "a part of more than {PART} bytes");
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        // What an earlier part has left there must not be seen by this one.
        self.bytes[bytes.len()..(bytes.len() + BEHIND).min(PART + BEHIND)].fill(0);
        self.seen.fill(Seen::default());
    }

    /// Finds the matches of a block; where it ends.
    fn block(&mut self, from: usize, to: usize, blocks: &mut Blocks) -> usize {
        let (mut at, mut missed) = (from, 0);
        let mut ahead = self.seen[hash(self.four(at))];
        while at < to && blocks.room() {
            let (now, seen) = (self.four(at), ahead);
            self.seen[hash(now)] = seen.then(at);
            ahead = self.seen[hash(self.four(at + 1))];
            let (length, back) = self.longest(at, now, seen, GREATEST.min(to - at));
            if length < LEAST {
                blocks.literal(self.bytes[at % PART]);
                at += 1;
                missed += 1;
                if missed >= HOPELESS {
                    at = self.pass(at, to.min(at + (missed / HOPELESS).min(FEW)), blocks);
                    ahead = self.seen[hash(self.four(at))];
                }
                continue;
            }
            blocks.matched(length, back);
            missed = 0;
            // Both ends of a match stand for all of it: three places always, which is most matches of noise whole.
            self.remember(at + 1);
            self.remember(at + 2);
            self.remember(at + 3);
            at += length;
            if length > WORTH {
                (at - WORTH..at).for_each(|place| self.remember(place));
            }
            ahead = self.seen[hash(self.four(at))];
        }
        at
    }

    /// Literals that no match is looked for at.
    fn pass(&self, mut at: usize, to: usize, blocks: &mut Blocks) -> usize {
        while at < to && blocks.room() {
            blocks.literal(self.bytes[at % PART]);
            at += 1;
        }
        at
    }

    /// Length and distance of the best of three candidates; a length of 0 where none matches.
    #[inline(always)]
    fn longest(&self, at: usize, now: u32, seen: Seen, most: usize) -> (usize, usize) {
        let (last, before) = seen.behind(at);
        let mut best = (0, last);
        if self.begins_same(at, now, last) {
            best.0 = self.matched(at, last, most);
        }
        // The bytes that a longer match needs at its end are the first to differ.
        let end = at + best.0.max(LEAST) - LEAST + usize::from(best.0 > 0);
        if self.begins_same(at, now, before) & (self.four(end) == self.four(end.wrapping_sub(before))) {
            best = self.better(at, before, most, best);
        }
        if best.0 > LEAST + 2 && self.begins_same(at, now, self.row) {
            best = self.better(at, self.row, most, best);
        }
        best
    }

    #[inline(always)]
    fn better(&self, at: usize, back: usize, most: usize, best: (usize, usize)) -> (usize, usize) {
        let length = self.matched(at, back, most);
        if length > best.0 { (length, back) } else { best }
    }

    /// Whether a place within reach begins with these four bytes.
    #[inline(always)]
    fn begins_same(&self, at: usize, now: u32, back: usize) -> bool {
        (back.wrapping_sub(1) < REACH.min(at)) & (now == self.four(at.wrapping_sub(back)))
    }

    /// How many bytes are the same, the first four of which are known to be; at most `most`.
    #[inline(always)]
    fn matched(&self, at: usize, back: usize, most: usize) -> usize {
        let mut length = LEAST;
        while length < most {
            let differ = self.eight(at - back + length) ^ self.eight(at + length);
            if differ != 0 {
                length += (differ.trailing_zeros() / 8) as usize;
                break;
            }
            length += 8;
        }
        length.min(most)
    }

    #[inline(always)]
    fn remember(&mut self, at: usize) {
        let seen = &mut self.seen[hash(self.four(at))];
        *seen = seen.then(at);
    }

    #[inline(always)]
    fn four(&self, at: usize) -> u32 {
        u32::from_le_bytes(*self.bytes[at % PART..].first_chunk().expect("room behind"))
    }

    #[inline(always)]
    fn eight(&self, at: usize) -> u64 {
        u64::from_le_bytes(*self.bytes[at % PART..].first_chunk().expect("room behind"))
    }
}

#[inline(always)]
fn hash(four: u32) -> usize {
    (four.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}
