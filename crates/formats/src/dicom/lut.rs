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
    /// From a descriptor and data. Errors: `Corrupt` for fewer entries than it says.
    fn of(fields: &Fields, descriptor: (u16, u16), data: (u16, u16), signed: bool) -> Result<Lut> {
        let words = fields.words(descriptor.0, descriptor.1);
        let [count, first, bits] = words[..] else { return Err(Error::corrupt("lookup table").found(format_args!("{} numbers", words.len())).expected("3")) };
        let count = if count == 0 { 65536 } else { usize::from(count) };
        let bytes = fields.value(data.0, data.1).unwrap_or_default();
        // Entries of 8 bits lie in bytes, or one in each word.
        let entries: Vec<u16> = if bits <= 8 && bytes.len() < 2 * count {
            let swap = usize::from(fields.encoding.big);
            (0..count).map_while(|i| bytes.get(i ^ swap).map(|&b| u16::from(b))).collect()
        } else {
            fields.words(data.0, data.1).into_iter().take(count).collect()
        };
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

/// Red, green and blue of stored values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Palette([Lut; 3]);

impl Palette {
    /// Errors: `Unsupported` for segmented tables; `Corrupt` for none.
    pub(super) fn of(fields: &Fields, signed: bool) -> Result<Palette> {
        if fields.value(0x0028, 0x1201).is_none() && fields.value(0x0028, 0x1221).is_some() {
            return Err(Error::unsupported("a palette").found("segmented lookup tables"));
        }
        let lut = |i: u16| Lut::of(fields, (0x0028, 0x1101 + i), (0x0028, 0x1201 + i), signed);
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
        Some(Lut::of(&item, (0x0028, 0x3002), (0x0028, 0x3006), signed).map(|lut| Modality { lut, kind: item.text(0x0028, 0x3004) }))
    }
}
