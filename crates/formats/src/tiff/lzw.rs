//! LZW as TIFF has it (TIFF 6.0, section 13): codes of 9 to 12 bits, the highest bit first, widths that grow a code early.
//! Streams of libtiff's first versions have the lowest bit first and grow in time.

/// Starts a new table.
const CLEAR: usize = 256;
/// Ends the stream.
const END: usize = 257;
const CODES: usize = 4096;
/// Bytes copied at once: most strings are shorter.
const STEP: usize = 16;
/// The single bytes stand before the output, so that each code is a string that was written before.
const FIRST: usize = 256;
/// Codes of up to 12 bits that eight bytes hold, wherever the first bit is.
const GROUP: usize = 4;
/// What a group may write behind the output: whether it is full is asked once for all its strings.
const SLACK: usize = GROUP * CODES + STEP;

/// Why a stream is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It ends before the output is full.
    Short,
    /// A code that no string has.
    Code(usize),
    /// More bytes are asked for than places are counted.
    Long,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Broken::Short => write!(f, "the LZW stream ends too early"),
            Broken::Code(code) => write!(f, "LZW code {code} stands for no string"),
            Broken::Long => write!(f, "an LZW stream of 4 GB"),
        }
    }
}

impl std::error::Error for Broken {}

/// A string that was written before. Without a length: a code that has none yet, or never.
#[derive(Clone, Copy, Debug)]
struct Written {
    at: u32,
    len: u32,
}

/// Tables and output, used again for each stream.
pub(super) struct Lzw {
    strings: Box<[Written; CODES + 1]>,
    out: Vec<u8>,
}

impl Default for Lzw {
    fn default() -> Lzw {
        let mut strings: Vec<Written> = (0..FIRST as u32).map(|at| Written { at, len: 1 }).collect();
        strings.resize(CODES + 1, Written { at: 0, len: 0 });
        Lzw { strings: strings.try_into().expect("as many as were made"), out: (0..=u8::MAX).collect() }
    }
}

/// Where a stream is.
#[derive(Clone, Copy)]
struct State {
    bit: usize,
    at: usize,
    /// The greatest code with a string: the one written last with the byte that will follow it. Beyond the codes when all have one.
    last: usize,
}

impl Lzw {
    /// The first `need` bytes of a stream. An end code may be missing, and so may the first clear code.
    pub(super) fn unpack(&mut self, packed: &[u8], need: usize) -> Result<&[u8], Broken> {
        let all = need.checked_add(FIRST + SLACK).filter(|&all| u32::try_from(all).is_ok()).ok_or(Broken::Long)?;
        self.out.resize(all, 0);
        let end = FIRST + need;
        let old = matches!(packed, [0, second, ..] if second & 1 == 1);
        if old { self.run::<true>(packed, end) } else { self.run::<false>(packed, end) }?;
        Ok(&self.out[FIRST..end])
    }

    fn run<const OLD: bool>(&mut self, packed: &[u8], end: usize) -> Result<(), Broken> {
        let mut state = State { bit: 0, at: FIRST, last: END };
        while state.at < end {
            let early = usize::from(!OLD);
            let width = (9..12).find(|w| state.last < (1 << w) - early).unwrap_or(12);
            let grows = if width == 12 { CODES } else { (1 << width) - early };
            let left = (packed.len() * 8 - state.bit) / width;
            let codes = if state.last == CODES { left } else { left.min(grows - state.last) };
            if codes == 0 {
                return Err(Broken::Short);
            }
            state = match width {
                9 => self.codes::<9, OLD>(packed, state, codes, end)?,
                10 => self.codes::<10, OLD>(packed, state, codes, end)?,
                11 => self.codes::<11, OLD>(packed, state, codes, end)?,
                _ => self.codes::<12, OLD>(packed, state, codes, end)?,
            };
        }
        Ok(())
    }

    /// Writes the strings of codes of one width, up to the next clear code.
    fn codes<const WIDTH: usize, const OLD: bool>(&mut self, packed: &[u8], state: State, mut codes: usize, end: usize) -> Result<State, Broken> {
        let (strings, out) = (&mut *self.strings, &mut self.out[..]);
        let State { mut bit, mut at, mut last } = state;
        let adds = usize::from(last < CODES);
        while codes > 0 && at < end {
            let group = codes.min(GROUP);
            codes -= group;
            let mut bits = Bits::<OLD>::new(packed, bit);
            bit += group * WIDTH;
            for left in (0..group).rev() {
                let code = bits.take::<WIDTH>();
                let Written { at: from, len } = strings[code];
                let (from, len) = (from as usize, len as usize);
                if code >= last || len == 0 {
                    match code {
                        // What follows the last row is nobody's.
                        _ if at >= end => return Ok(State { bit, at, last }),
                        CLEAR => return Ok(State { bit: bit - left * WIDTH, at, last: END }),
                        END => return Err(Broken::Short),
                        _ if code > last => return Err(Broken::Code(code)),
                        _ => {}
                    }
                    copy(out, from, at, len);
                    // The string's last byte is its first, which was not there when it was copied.
                    out[at + len - 1] = out[at];
                } else {
                    copy(out, from, at, len);
                }
                last += adds;
                strings[last] = Written { at: at as u32, len: len as u32 + 1 };
                at += len;
            }
        }
        Ok(State { bit, at, last })
    }
}

/// Copies a string; bytes behind it are written over.
#[inline(always)]
fn copy(out: &mut [u8], from: usize, at: usize, len: usize) {
    out.copy_within(from..from + STEP, at);
    if len > STEP {
        rest(out, from, at, len);
    }
}

#[inline(never)]
fn rest(out: &mut [u8], from: usize, at: usize, len: usize) {
    for done in (STEP..len).step_by(STEP) {
        out.copy_within(from + done..from + done + STEP, at + done);
    }
}

/// The next bits of a stream, the next code where codes are taken: at the top, in old streams at the bottom.
struct Bits<const OLD: bool>(u64);

impl<const OLD: bool> Bits<OLD> {
    /// Behind the stream are zeros.
    #[inline(always)]
    fn new(packed: &[u8], bit: usize) -> Bits<OLD> {
        let rest = &packed[bit / 8..];
        let word = rest.first_chunk().copied().unwrap_or_else(|| std::array::from_fn(|i| rest.get(i).copied().unwrap_or(0)));
        Bits(if OLD { u64::from_le_bytes(word) >> (bit % 8) } else { u64::from_be_bytes(word) << (bit % 8) })
    }

    #[inline(always)]
    fn take<const WIDTH: usize>(&mut self) -> usize {
        if OLD {
            let code = self.0 & ((1 << WIDTH) - 1);
            self.0 >>= WIDTH;
            code as usize
        } else {
            let code = self.0 >> (64 - WIDTH);
            self.0 <<= WIDTH;
            code as usize
        }
    }
}

#[cfg(test)]
mod tests;
