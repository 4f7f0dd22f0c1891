//! Lookup tables: colours of a palette, and values of a modality LUT.

use isovox_volume::{Error, Result};

use super::fields::Fields;

/// A table from stored values on (PS3.3 C.11.1.1, C.7.6.3.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lut {
    /// The stored value of the first entry; those below take it too, those above the last take that.
    first: i64,
    /// Bits of an entry.
    pub(super) bits: u16,
    entries: Vec<u16>,
}

impl Lut {
    /// From a descriptor and data, in segments or not. Errors: `Corrupt` for fewer entries than it says.
    fn of(fields: &Fields, descriptor: (u16, u16), data: (u16, u16), segmented: bool, signed: bool) -> Result<Lut> {
        let words = fields.words(descriptor.0, descriptor.1);
        let [count, first, bits] = words[..] else { return Err(Error::corrupt("lookup table").found(format_args!("{} numbers", words.len())).expected("3")) };
        let count = if count == 0 { 65536 } else { usize::from(count) };
        let bytes = fields.value(data.0, data.1).unwrap_or_default();
        // Entries of 8 bits lie in bytes, or one in each word; in segments in bytes.
        let narrow = bits <= 8 && (segmented || bytes.len() < 2 * count);
        let mut entries: Vec<u16> = if narrow {
            let swap = usize::from(fields.encoding.big);
            (0..bytes.len()).map_while(|i| bytes.get(i ^ swap).map(|&b| u16::from(b))).collect()
        } else {
            fields.words(data.0, data.1)
        };
        if segmented {
            entries = expanded(&entries, if narrow { 1 } else { 2 }, count)
                .ok_or_else(|| Error::corrupt("a palette").found("segments that do not follow each other").expected("PS3.3 C.7.9.2"))?;
        }
        entries.truncate(count);
        if entries.len() < count || !(8..=16).contains(&bits) {
            return Err(Error::corrupt("lookup table").found(format_args!("{} entries of {bits} bits", entries.len())).expected(format_args!("{count} entries of 8 to 16 bits")));
        }
        let first = if signed { i64::from(first as i16) } else { i64::from(first) };
        Ok(Lut { first, bits, entries })
    }

    /// The entry of a stored value.
    #[inline]
    pub(super) fn at(&self, stored: i64) -> u16 {
        self.entries[(stored - self.first).clamp(0, self.entries.len() as i64 - 1) as usize]
    }
}

/// The entries that segments stand for (PS3.3 C.7.9.2), of which each is `bytes` long, up to `count`; `None` for what is no
/// segment.
fn expanded(data: &[u16], bytes: usize, count: usize) -> Option<Vec<u16>> {
    let mut out = Vec::new();
    let mut at = 0;
    // A last byte may pad to an even length.
    while at + 1 < data.len() && out.len() < count {
        at = match data[at] {
            2 => {
                // So many segments again, from a place counted in bytes.
                let number = data.get(at + 2..at + 2 + 4 / bytes)?.iter().rev().fold(0, |sum, &v| sum << (8 * bytes) | usize::from(v));
                let mut again = number / bytes;
                for _ in 0..data[at + 1] {
                    if out.len() >= count {
                        break;
                    }
                    again = simple(data, again, &mut out)?;
                }
                at + 2 + 4 / bytes
            }
            _ => simple(data, at, &mut out)?,
        };
    }
    Some(out)
}

/// Adds the entries of a discrete or linear segment; where the next one begins.
fn simple(data: &[u16], at: usize, out: &mut Vec<u16>) -> Option<usize> {
    let (kind, length) = (*data.get(at)?, usize::from(*data.get(at + 1)?));
    // What adds nothing could go on for ever.
    if length == 0 {
        return None;
    }
    match kind {
        0 => {
            out.extend(data.get(at + 2..at + 2 + length)?);
            Some(at + 2 + length)
        }
        1 => {
            let (from, to) = (f64::from(*out.last()?), f64::from(*data.get(at + 2)?));
            out.extend((1..=length).map(|i| (from + (to - from) * i as f64 / length as f64).round_ties_even() as u16));
            Some(at + 3)
        }
        _ => None,
    }
}

/// Red, green and blue of stored values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Palette([Lut; 3]);

impl Palette {
    /// Errors: `Corrupt` for none.
    pub(super) fn of(fields: &Fields, signed: bool) -> Result<Palette> {
        let segmented = !fields.has(0x0028, 0x1201) && fields.has(0x0028, 0x1221);
        let data = if segmented { 0x1221 } else { 0x1201 };
        let lut = |i: u16| Lut::of(fields, (0x0028, 0x1101 + i), (0x0028, data + i), segmented, signed);
        Ok(Palette([lut(0)?, lut(1)?, lut(2)?]))
    }

    /// A colour of 8 bits: of longer entries the highest.
    #[inline]
    pub(super) fn at(&self, stored: i64) -> [u8; 3] {
        self.0.each_ref().map(|lut| (lut.at(stored) >> (lut.bits.max(8) - 8)) as u8)
    }
}

/// Values that stand for stored ones, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Modality {
    pub(super) lut: Lut,
    /// `HU`, `OD`, `US` (unspecified), or a word of the writer's.
    pub(super) kind: String,
}

impl Modality {
    /// Of a modality LUT sequence; `None` without one.
    pub(super) fn of(fields: &Fields, signed: bool) -> Option<Result<Modality>> {
        let item = fields.item(0x0028, 0x3000)?;
        item.value(0x0028, 0x3002)?;
        Some(Lut::of(&item, (0x0028, 0x3002), (0x0028, 0x3006), false, signed).map(|lut| Modality { lut, kind: item.text(0x0028, 0x3004) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_expanded() {
        // By hand: three entries, four on the way from 30 to 50, and both again from the beginning.
        let data = [0, 3, 10, 20, 30, 1, 4, 50, 2, 2, 0, 0];
        let whole = [10, 20, 30, 35, 40, 45, 50, 10, 20, 30, 35, 40, 45, 50];
        assert_eq!(expanded(&data, 2, 14), Some(whole.to_vec()));
        assert_eq!(expanded(&[&data[..], &[0, 0]].concat(), 1, 14), Some(whole.to_vec()));
        // An offset of bytes: the second segment, which begins 10 bytes from the start.
        assert_eq!(expanded(&[0, 3, 10, 20, 30, 1, 4, 50, 2, 1, 10, 0], 2, 11).map(|e| e[7..].to_vec()), Some(vec![50, 50, 50, 50]));
        // No segment before a line, a segment that is cut off, one of no kind, one that repeats itself.
        for wrong in [&[1, 4, 50][..], &[0, 3, 10, 20], &[3, 1, 0], &[0, 1, 5, 2, 1, 6, 0], &[0, 0, 0, 1, 5]] {
            assert_eq!(expanded(wrong, 2, 256), None, "{wrong:?}");
        }
        let most = [0, 1, 5, 1, 65535, 9].repeat(2);
        assert!(expanded(&most, 2, 100).is_some_and(|e| e.len() <= 65536));
    }
}
