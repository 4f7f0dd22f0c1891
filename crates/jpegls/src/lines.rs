//! The lines of a scan: runs, neighbours, interleaving and restarts.

use crate::bits::Bits;
use crate::code::{Coder, Near, RUN_BITS};
use crate::markers::{Interleave, Scan};
use crate::{Error, Info, Result};

/// A line of one component and the one above, with a sample more on either side.
struct Pair {
    above: Vec<i32>,
    here: Vec<i32>,
    /// Place in [`RUN_BITS`].
    run: usize,
}

impl Pair {
    fn new(width: usize) -> Pair {
        Pair { above: vec![0; width + 2], here: vec![0; width + 2], run: 0 }
    }

    /// Neighbours beyond the sides (A.2.1).
    fn begin(&mut self, width: usize) {
        self.above[width + 1] = self.above[width];
        self.here[0] = self.above[1];
    }

    #[inline]
    fn around(&self, at: usize) -> Near {
        Near { a: self.here[at - 1], b: self.above[at], c: self.above[at - 1], d: self.above[at + 1] }
    }
}

/// Decodes a scan into its places in `out`; how many bytes it took.
pub(crate) fn scan(bytes: &[u8], info: Info, scan: &Scan, out: &mut [u16]) -> Result<usize> {
    let interval = if scan.restart == 0 { info.height } else { scan.restart };
    let row = info.width * info.components;
    let mut at = 0;
    for (i, lines) in out.chunks_mut(interval.saturating_mul(row)).enumerate() {
        if i > 0 {
            match bytes[at..] {
                [0xFF, marker, ..] if usize::from(marker) == 0xD0 + (i - 1) % 8 => at += 2,
                _ => return Err(Error::Corrupt("no restart marker where one must be")),
            }
        }
        let mut bits = Bits::new(&bytes[at..]);
        stretch(&mut bits, info, scan, lines)?;
        at += bits.end();
    }
    Ok(at)
}

/// Lines from one restart to the next; nothing is known of what was before.
fn stretch(bits: &mut Bits, info: Info, scan: &Scan, out: &mut [u16]) -> Result<()> {
    let mut coder = Coder::new(&scan.preset, scan.near);
    let mut pairs: Vec<Pair> = scan.components().map(|_| Pair::new(info.width)).collect();
    for line in out.chunks_exact_mut(info.width * info.components) {
        pairs.iter_mut().for_each(|p| p.begin(info.width));
        if scan.interleave == Interleave::Sample {
            by_sample(bits, &mut coder, &mut pairs, info.width)?;
        } else {
            pairs.iter_mut().try_for_each(|pair| by_line(bits, &mut coder, pair, info.width))?;
        }
        for (pair, place) in pairs.iter_mut().zip(scan.components()) {
            let samples = line[place..].iter_mut().step_by(info.components);
            samples.zip(&pair.here[1..]).for_each(|(out, &v)| *out = v as u16);
            std::mem::swap(&mut pair.above, &mut pair.here);
        }
    }
    Ok(())
}

fn by_line(bits: &mut Bits, coder: &mut Coder, pair: &mut Pair, width: usize) -> Result<()> {
    let mut at = 1;
    while at <= width {
        let around = pair.around(at);
        let gradients = coder.gradients(around);
        if gradients != 0 {
            pair.here[at] = coder.regular(bits, gradients, around)?;
            at += 1;
            continue;
        }
        let length = run(bits, &mut pair.run, width + 1 - at)?;
        pair.here[at..at + length].fill(around.a);
        at += length;
        if at <= width {
            let (a, b) = (around.a, pair.above[at]);
            pair.here[at] = coder.ending(bits, a, b, coder.alike(a, b), RUN_BITS[pair.run])?;
            pair.run = pair.run.saturating_sub(1);
            at += 1;
        }
    }
    Ok(())
}

/// Pixel by pixel: a run is one of all components, and its end is never coded as alike (A.7.2.1, note).
fn by_sample(bits: &mut Bits, coder: &mut Coder, pairs: &mut [Pair], width: usize) -> Result<()> {
    let mut at = 1;
    while at <= width {
        if pairs.iter().any(|p| coder.gradients(p.around(at)) != 0) {
            for pair in &mut *pairs {
                let around = pair.around(at);
                pair.here[at] = coder.regular(bits, coder.gradients(around), around)?;
            }
            at += 1;
            continue;
        }
        let mut state = pairs[0].run;
        let length = run(bits, &mut state, width + 1 - at)?;
        for pair in &mut *pairs {
            let a = pair.here[at - 1];
            pair.here[at..at + length].fill(a);
        }
        at += length;
        if at <= width {
            for pair in &mut *pairs {
                pair.here[at] = coder.ending(bits, pair.here[at - 1], pair.above[at], false, RUN_BITS[state])?;
            }
            state = state.saturating_sub(1);
            at += 1;
        }
        pairs[0].run = state;
    }
    Ok(())
}

/// How long a run is, at most `left` (A.7.1.2).
fn run(bits: &mut Bits, state: &mut usize, left: usize) -> Result<usize> {
    let mut length = 0;
    while bits.take(1)? == 1 {
        let whole = 1 << RUN_BITS[*state];
        if length + whole > left {
            return Ok(left);
        }
        length += whole;
        *state = (*state + 1).min(RUN_BITS.len() - 1);
        if length == left {
            return Ok(left);
        }
    }
    length += bits.take(RUN_BITS[*state])? as usize;
    if length < left { Ok(length) } else { Err(Error::Corrupt("a run beyond its line")) }
}
