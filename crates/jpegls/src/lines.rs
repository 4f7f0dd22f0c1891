//! The lines of a scan: runs, neighbours, interleaving and restarts.

use crate::bits::Bits;
use crate::code::{Coder, Levels, Near, RUN_BITS};
use crate::markers::{Interleave, Scan};
use crate::{Error, Info, Result};

/// A line of one component and the one above, with a sample more on either side.
struct Pair {
    above: Vec<u16>,
    here: Vec<u16>,
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
}

#[inline(always)]
fn around(above: &[u16], here: &[u16], at: usize) -> Near {
    Near { a: here[at - 1].into(), b: above[at].into(), c: above[at - 1].into(), d: above[at + 1].into() }
}

/// Decodes a scan into its places in `out`; how many bytes it took.
pub(crate) fn scan(bytes: &[u8], info: Info, scan: &Scan, out: &mut [u16]) -> Result<usize> {
    let interval = if scan.restart == 0 { info.height } else { scan.restart };
    let row = info.width * info.components;
    let levels = Levels::new(&scan.preset, scan.near);
    let mut at = 0;
    for (i, lines) in out.chunks_mut(interval.saturating_mul(row)).enumerate() {
        if i > 0 {
            match bytes[at..] {
                [0xFF, marker, ..] if usize::from(marker) == 0xD0 + (i - 1) % 8 => at += 2,
                _ => return Err(Error::Corrupt("no restart marker where one must be")),
            }
        }
        let mut bits = Bits::new(&bytes[at..]);
        stretch(&mut bits, info, scan, &levels, lines)?;
        at += bits.end();
    }
    Ok(at)
}

/// Lines from one restart to the next; nothing is known of what was before.
fn stretch(bits: &mut Bits, info: Info, scan: &Scan, levels: &Levels, out: &mut [u16]) -> Result<()> {
    let mut coder = Coder::new(&scan.preset, scan.near);
    let decode = if coder.rules().exact() { decoder::<true>(scan) } else { decoder::<false>(scan) };
    let mut pairs: Vec<Pair> = scan.components().map(|_| Pair::new(info.width)).collect();
    for line in out.chunks_exact_mut(info.width * info.components) {
        pairs.iter_mut().for_each(|p| p.begin(info.width));
        decode(bits, &mut coder, levels, &mut pairs, info.width)?;
        for (pair, place) in pairs.iter_mut().zip(scan.components()) {
            let samples = &pair.here[1..=info.width];
            if info.components == 1 {
                line.copy_from_slice(samples);
            } else {
                line[place..].iter_mut().step_by(info.components).zip(samples).for_each(|(out, &v)| *out = v);
            }
            std::mem::swap(&mut pair.above, &mut pair.here);
        }
    }
    Ok(())
}

/// Decodes the next line of each component.
type Decode = fn(&mut Bits, &mut Coder, &Levels, &mut [Pair], usize) -> Result<()>;

fn decoder<const EXACT: bool>(scan: &Scan) -> Decode {
    match (scan.interleave, scan.components().len()) {
        (Interleave::Sample, 1) => by_sample::<EXACT, 1>,
        (Interleave::Sample, 2) => by_sample::<EXACT, 2>,
        (Interleave::Sample, 3) => by_sample::<EXACT, 3>,
        (Interleave::Sample, _) => by_sample::<EXACT, 4>,
        _ => by_line::<EXACT>,
    }
}

fn by_line<const EXACT: bool>(bits: &mut Bits, coder: &mut Coder, levels: &Levels, pairs: &mut [Pair], width: usize) -> Result<()> {
    pairs.iter_mut().try_for_each(|pair| one_line::<EXACT>(bits, coder, levels, pair, width))
}

fn one_line<const EXACT: bool>(bits: &mut Bits, coder: &mut Coder, levels: &Levels, pair: &mut Pair, width: usize) -> Result<()> {
    let (rules, mut held) = (coder.rules(), *bits);
    let mut at = 1;
    while at <= width {
        let Near { mut a, mut b, mut c, .. } = around(&pair.above, &pair.here, at);
        let mut before = levels.at(b - c);
        for (out, &d) in pair.here[at..].iter_mut().zip(&pair.above[at + 1..]) {
            let d = i32::from(d);
            let after = levels.at(d - b);
            let gradients = 81 * after + 9 * before + levels.at(c - a);
            if gradients == 0 {
                break;
            }
            a = coder.regular::<EXACT>(&rules, &mut held, gradients, Near { a, b, c, d })?;
            *out = a as u16;
            (c, b, before) = (b, d, after);
            at += 1;
        }
        if at <= width {
            at = interrupted(&mut held, coder, pair, at, width)?;
        }
    }
    *bits = held;
    Ok(())
}

/// A run and the sample that ends it; the place after both.
#[inline(always)]
fn interrupted(bits: &mut Bits, coder: &mut Coder, pair: &mut Pair, at: usize, width: usize) -> Result<usize> {
    let a = pair.here[at - 1];
    let end = at + run(bits, &mut pair.run, width + 1 - at)?;
    fill(&mut pair.here[at..], end - at, a);
    if end > width {
        return Ok(end);
    }
    let (a, b) = (i32::from(a), i32::from(pair.above[end]));
    pair.here[end] = coder.ending(bits, a, b, coder.alike(a, b), RUN_BITS[pair.run])? as u16;
    pair.run = pair.run.saturating_sub(1);
    Ok(end + 1)
}

/// A run's samples. Most are short, and what is written behind them is decoded later.
#[inline(always)]
fn fill(here: &mut [u16], length: usize, sample: u16) {
    match here.first_chunk_mut::<8>() {
        Some(first) if length <= 8 => *first = [sample; 8],
        _ => here[..length].fill(sample),
    }
}

/// Pixel by pixel: a run is one of all components, and its end is never coded as alike (A.7.2.1, note).
fn by_sample<const EXACT: bool, const N: usize>(bits: &mut Bits, coder: &mut Coder, levels: &Levels, pairs: &mut [Pair], width: usize) -> Result<()> {
    let (rules, mut held, mut state) = (coder.rules(), *bits, pairs[0].run);
    let pairs: &mut [Pair; N] = pairs.try_into().expect("as many as there are components");
    let mut lines = pairs.each_mut().map(|p| (&p.above[..width + 2], &mut p.here[..width + 2]));
    let mut at = 1;
    while at <= width {
        let places = lines.each_ref().map(|(above, here)| around(above, here, at));
        let gradients = places.map(|near| levels.around(near));
        if gradients != [0; N] {
            for i in 0..N {
                lines[i].1[at] = coder.regular::<EXACT>(&rules, &mut held, gradients[i], places[i])? as u16;
            }
            at += 1;
            continue;
        }
        let length = run(&mut held, &mut state, width + 1 - at)?;
        for (_, here) in &mut lines {
            let a = here[at - 1];
            fill(&mut here[at..], length, a);
        }
        at += length;
        if at <= width {
            for (above, here) in &mut lines {
                let Near { a, b, .. } = around(above, here, at);
                here[at] = coder.ending(&mut held, a, b, false, RUN_BITS[state])? as u16;
            }
            state = state.saturating_sub(1);
            at += 1;
        }
    }
    (*bits, pairs[0].run) = (held, state);
    Ok(())
}

/// How long a run is, at most `left` (A.7.1.2).
#[inline(always)]
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
