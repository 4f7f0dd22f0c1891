//! Where each frame's bytes lie: beside each other, or in fragments with or without a table of them (PS3.5 A.4).

use std::io::Read;
use std::ops::Range;

use isovox_volume::{Error, Result};

use super::codec::Codec;
use super::fields::Fields;
use super::stored::Stored;
use super::walk::{ITEM, SEQUENCE_END};
use super::wire::{Inflating, MOST_INFLATED};
use crate::input::Input;

/// A stretch of a file that holds compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fragment {
    offset: u64,
    length: u64,
}

/// The fragments of a file, and which belong to each frame.
#[derive(Clone, Debug)]
pub(super) struct Fragments {
    all: Vec<Fragment>,
    frames: Vec<Range<usize>>,
}

/// What a header says of where frames begin, counted from the first fragment's item.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended(Vec<u64>);

impl Extended {
    /// The extended offset table (7FE0,0001), which holds more than 4 GB.
    pub(super) fn of(fields: &Fields) -> Extended {
        Extended(fields.value(0x7FE0, 0x0001).unwrap_or_default().as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)).collect())
    }
}

fn cut_off() -> Error {
    Error::corrupt("fragments").found("their end before the last of them").help("the file is cut off; copy it again")
}

/// Reads an item's tag and length at a place.
fn item(input: &Input, at: u64) -> Result<([u8; 4], u64)> {
    let mut head = [0; 8];
    if at.saturating_add(8) > input.len() {
        return Err(cut_off());
    }
    input.read_at(at, &mut head)?;
    let [a, b, c, d, length @ ..] = head;
    Ok(([a, b, c, d], u64::from(u32::from_le_bytes(length))))
}

fn tag_bytes(tag: dicom_core::Tag) -> [u8; 4] {
    let ([a, b], [c, d]) = (tag.0.to_le_bytes(), tag.1.to_le_bytes());
    [a, b, c, d]
}

impl Fragments {
    /// Finds them and parts them into frames: by a table that fits, else by their number, else by how streams begin.
    ///
    /// Errors: `Corrupt` where an item leads beyond the file or frames cannot be told apart.
    pub(super) fn find(stored: &Stored, codec: Codec) -> Result<Fragments> {
        let input = &stored.input;
        let mut at = stored.pixels.offset;
        let mut all = Vec::new();
        let mut table = None;
        loop {
            let (tag, length) = item(input, at)?;
            if tag == tag_bytes(SEQUENCE_END) {
                break;
            }
            if tag != tag_bytes(ITEM) {
                return Err(Error::corrupt("fragments").found(format_args!("the bytes {tag:02X?}")).expected("an item"));
            }
            at += 8;
            if length > input.len() - at {
                return Err(cut_off());
            }
            if table.is_none() {
                table = Some(Fragment { offset: at, length });
            } else {
                all.push(Fragment { offset: at, length });
            }
            at += length;
            // The last delimiter is missing in some files; nothing can follow it.
            if at == input.len() && !all.is_empty() {
                break;
            }
        }
        let basic = basic(input, table)?;
        let frames = [&stored.extended.0, &basic].into_iter().find_map(|table| by_table(&all, table, stored.frames));
        let frames = match frames {
            Some(frames) => frames,
            None => by_themselves(input, &all, stored.frames, codec)?,
        };
        Ok(Fragments { all, frames })
    }

    /// The fragments of a frame.
    fn of(&self, frame: usize) -> &[Fragment] {
        self.frames.get(frame).map_or(&[], |range| &self.all[range.clone()])
    }
}

/// The offsets of the first item.
fn basic(input: &Input, table: Option<Fragment>) -> Result<Vec<u64>> {
    let Some(Fragment { offset, length }) = table else { return Ok(Vec::new()) };
    let mut bytes = vec![0; length as usize];
    input.read_at(offset, &mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|b| u64::from(u32::from_le_bytes(*b))).collect())
}

/// Frames whose every offset is that of an item.
fn by_table(all: &[Fragment], table: &[u64], frames: usize) -> Option<Vec<Range<usize>>> {
    let base = all.first()?.offset;
    let begins: Vec<usize> = table.iter().map(|offset| all.binary_search_by_key(&(base.checked_add(*offset)?), |f| f.offset).ok()).collect::<Option<_>>()?;
    let rising = begins.first() == Some(&0) && begins.windows(2).all(|w| w[0] < w[1]);
    (begins.len() == frames && rising).then(|| ranges(&begins, all.len()))
}

/// From each beginning to the next, the last to `end`.
fn ranges(begins: &[usize], end: usize) -> Vec<Range<usize>> {
    let ends = begins.iter().skip(1).copied().chain([end]);
    begins.iter().copied().zip(ends).map(|(from, to)| from..to).collect()
}

fn by_themselves(input: &Input, all: &[Fragment], frames: usize, codec: Codec) -> Result<Vec<Range<usize>>> {
    if frames == 1 {
        return Ok(vec![0..all.len(); usize::from(!all.is_empty())]);
    }
    if all.len() == frames {
        return Ok((0..frames).map(|f| f..f + 1).collect());
    }
    let mut begins = Vec::new();
    for (i, fragment) in all.iter().enumerate().filter(|(_, f)| f.length >= 2) {
        let mut first = [0; 2];
        input.read_at(fragment.offset, &mut first)?;
        if codec.begins(first) {
            begins.push(i);
        }
    }
    if begins.len() != frames || begins.first() != Some(&0) {
        return Err(Error::corrupt("fragments").found(format_args!("{}, of which {} begin a frame", all.len(), begins.len())).expected(format_args!("{frames} frames")));
    }
    Ok(ranges(&begins, all.len()))
}

/// Bits that a frame begins with and how many it has, where frames lie beside each other.
fn native_bits(stored: &Stored) -> u64 {
    let layout = stored.layout();
    // Two pixels share their chroma: 4 samples for 2 pixels (PS3.3 C.7.6.3.1.2).
    let samples = if stored.shares_chroma() { layout.pixels() * 2 } else { layout.pixels() * layout.samples };
    (samples * layout.bits) as u64
}

/// Refuses frames that the file does not hold.
pub(super) fn check_native(stored: &Stored) -> Result<()> {
    let need = native_bits(stored).checked_mul(stored.frames as u64).map_or(u64::MAX, |bits| bits.div_ceil(8));
    let left = match stored.pixels.deflated {
        Some(from) => (stored.input.len() - from).saturating_mul(MOST_INFLATED),
        None => stored.input.len(),
    };
    let there = stored.pixels.length.unwrap_or(0).min(left.saturating_sub(stored.pixels.offset));
    if there < need {
        return Err(Error::corrupt("pixels").found(format_args!("{there} bytes")).expected(need).help("the file is cut off or its header is wrong; copy it again"));
    }
    Ok(())
}

/// Reads the bytes of a frame that lies beside others, its first bit the first, its words little-endian.
pub(super) fn native(stored: &Stored, frame: usize, raw: &mut Vec<u8>) -> Result<()> {
    let bits = native_bits(stored);
    let from = bits * frame as u64;
    let swapped = stored.pixels.big && stored.pixels.words && stored.layout().bits <= 8;
    // Bytes in words of 16 bits are read with the word that they are in.
    let (first, last) = if swapped { (from / 16 * 2, (from + bits).div_ceil(16) * 2) } else { (from / 8, (from + bits).div_ceil(8)) };
    raw.resize((last - first) as usize, 0);
    let length = stored.pixels.length.unwrap_or(0);
    let there = raw.len().min(length.saturating_sub(first) as usize);
    fill(stored, first, &mut raw[..there])?;
    if swapped {
        raw.as_chunks_mut::<2>().0.iter_mut().for_each(|w| w.swap(0, 1));
    } else if stored.pixels.big {
        raw.chunks_exact_mut(stored.layout().word).for_each(<[u8]>::reverse);
    }
    shift(raw, (from - first * 8) as usize, (bits.div_ceil(8)) as usize);
    Ok(())
}

fn fill(stored: &Stored, from: u64, out: &mut [u8]) -> Result<()> {
    let at = stored.pixels.offset + from;
    let Some(begin) = stored.pixels.deflated else { return stored.input.read_at(at, out) };
    let mut stream = Inflating::new(stored.input.reader(begin));
    let skipped = std::io::copy(&mut stream.by_ref().take(at), &mut std::io::sink());
    skipped.and_then(|_| stream.read_exact(out)).map_err(|e| Error::corrupt("deflated data set").found(e).help("the file is cut off or damaged; copy it again"))
}

/// Moves bytes so that bit `by` becomes the first.
fn shift(raw: &mut Vec<u8>, by: usize, length: usize) {
    raw.drain(..by / 8);
    let by = by % 8;
    if by > 0 {
        for i in 0..raw.len() {
            let next = raw.get(i + 1).copied().unwrap_or(0);
            raw[i] = raw[i] >> by | next << (8 - by);
        }
    }
    raw.resize(length, 0);
}

/// Reads the compressed bytes of a frame, its fragments one after the other.
pub(super) fn compressed(stored: &Stored, fragments: &Fragments, frame: usize, raw: &mut Vec<u8>) -> Result<()> {
    let fragments = fragments.of(frame);
    raw.resize(fragments.iter().map(|f| f.length as usize).sum(), 0);
    let mut at = 0;
    for fragment in fragments {
        let to = at + fragment.length as usize;
        stored.input.read_at(fragment.offset, &mut raw[at..to])?;
        at = to;
    }
    Ok(())
}
