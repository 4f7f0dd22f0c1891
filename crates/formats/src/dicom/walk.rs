//! Steps over elements: every length is held against the bytes there are.

use std::ops::Range;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use isovox_volume::{Error, Result};

/// Sequences within sequences.
const DEEPEST: usize = 24;

pub(super) const UNDEFINED: u32 = u32::MAX;
pub(super) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(super) const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);

/// How the value of an element of unknown representation is encoded, whatever the file is (PS3.5 6.2.2).
pub(super) const UNKNOWN: Encoding = Encoding { explicit: false, big: false };

/// An element, and where its value lies.
#[derive(Clone)]
pub(super) struct Element {
    pub(super) tag: Tag,
    /// The value representation: the one that is stated, and of everything that was stepped over as items `SQ`.
    pub(super) vr: Option<VR>,
    pub(super) value: Range<usize>,
}

/// How elements are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    /// Whether they state their value representations.
    pub(super) explicit: bool,
    /// Whether numbers begin with their highest byte.
    pub(super) big: bool,
}

pub(super) enum Stop {
    /// More of the file is needed.
    More,
    Bad(Error),
}

pub(super) fn cut_off() -> Error {
    Error::corrupt("DICOM header").found("its end before its pixels").help("the file is cut off; copy it again")
}

pub(super) struct Header {
    pub(super) tag: Tag,
    pub(super) vr: Option<VR>,
    pub(super) length: u32,
}

impl Header {
    /// Whether its value is items: what the standard knows as a sequence, and what has no length and is not pixels.
    fn is_sequence(&self) -> bool {
        let known = || StandardDataDictionary.by_tag(self.tag).is_some_and(|e| e.vr().relaxed() == VR::SQ);
        match self.vr {
            Some(vr) => vr == VR::SQ || vr == VR::UN && self.length == UNDEFINED,
            None => self.length == UNDEFINED || known(),
        }
    }
}

pub(super) struct Walk<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Bytes of the whole file.
    pub(super) end: u64,
}

impl Walk<'_> {
    /// Whether a value is items and nothing else.
    pub(super) fn is_items(value: &[u8], encoding: Encoding) -> bool {
        let mut walk = Walk { bytes: value, at: 0, end: value.len() as u64 };
        u32::try_from(value.len()).is_ok_and(|length| walk.items(length, encoding, 0).is_ok())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let found = self.bytes.get(self.at..self.at + N).and_then(|b| b.try_into().ok());
        let taken = found.ok_or_else(|| if (self.at + N) as u64 > self.end { Stop::Bad(cut_off()) } else { Stop::More })?;
        self.at += N;
        Ok(taken)
    }

    fn peek(&self) -> Option<Tag> {
        let b = self.bytes.get(self.at..self.at + 4)?;
        Some(Tag(u16::from_le_bytes([b[0], b[1]]), u16::from_le_bytes([b[2], b[3]])))
    }

    /// How the next element is encoded: whether it states its value representation and, by its group, the byte order.
    pub(super) fn encoding(&self) -> Encoding {
        let vr = self.bytes.get(self.at + 4..self.at + 6);
        let explicit = vr.is_some_and(|b| VR::from_binary([b[0], b[1]]).is_some());
        // No data set begins with a group over 255; and none is both implicit and big-endian.
        let big = explicit && matches!(self.bytes.get(self.at..self.at + 2), Some([0, group]) if *group != 0);
        Encoding { explicit, big }
    }

    fn half(&mut self, encoding: Encoding) -> Result<u16, Stop> {
        let bytes = self.take()?;
        Ok(if encoding.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn word(&mut self, encoding: Encoding) -> Result<u32, Stop> {
        let bytes = self.take()?;
        Ok(if encoding.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn tag(&mut self, encoding: Encoding) -> Result<Tag, Stop> {
        Ok(Tag(self.half(encoding)?, self.half(encoding)?))
    }

    pub(super) fn header(&mut self, encoding: Encoding) -> Result<Header, Stop> {
        let tag = self.tag(encoding)?;
        if !encoding.explicit || tag.0 == 0xFFFE {
            return Ok(Header { tag, vr: None, length: self.word(encoding)? });
        }
        let vr = VR::from_binary(self.take()?).unwrap_or(VR::UN);
        let short = self.half(encoding)?;
        let length = if is_long(vr) { self.word(encoding)? } else { u32::from(short) };
        Ok(Header { tag, vr: Some(vr), length })
    }

    /// Steps over so many bytes, which the file must have.
    pub(super) fn skip(&mut self, length: u64) -> Result<(), Stop> {
        let left = self.end.saturating_sub(self.at as u64);
        if length > left {
            let error = Error::corrupt("DICOM element").found(format_args!("a length of {length} bytes with {left} left"));
            return Err(Stop::Bad(error.help("the file is cut off or damaged; copy it again")));
        }
        self.at += length as usize;
        Ok(())
    }

    /// Steps over an element's value.
    fn value(&mut self, header: &Header, encoding: Encoding, depth: usize) -> Result<(), Stop> {
        if header.is_sequence() {
            // Items of an unknown element without a length are implicit whatever the file is (PS3.5 6.2.2).
            let encoding = if header.vr == Some(VR::UN) { Encoding { explicit: false, ..encoding } } else { encoding };
            return self.items(header.length, encoding, depth);
        }
        if header.length == UNDEFINED { self.fragments(encoding) } else { self.skip(u64::from(header.length)) }
    }

    fn items(&mut self, length: u32, encoding: Encoding, depth: usize) -> Result<(), Stop> {
        if depth >= DEEPEST {
            return Err(Stop::Bad(Error::corrupt("DICOM sequences").found(format_args!("more than {DEEPEST} within each other"))));
        }
        let end = self.end_of(length)?;
        while end.is_none_or(|e| (self.at as u64) < e) {
            let tag = self.tag(encoding)?;
            let length = self.word(encoding)?;
            match tag {
                ITEM => self.dataset(length, encoding, depth)?,
                SEQUENCE_END if end.is_none() => return Ok(()),
                _ => return Err(Stop::Bad(Error::corrupt("DICOM sequence").found(tag).expected("an item"))),
            }
        }
        self.closed(end)
    }

    fn dataset(&mut self, length: u32, encoding: Encoding, depth: usize) -> Result<(), Stop> {
        let end = self.end_of(length)?;
        while end.is_none_or(|e| (self.at as u64) < e) {
            let header = self.header(encoding)?;
            if header.tag == ITEM_END && end.is_none() {
                return Ok(());
            }
            self.value(&header, encoding, depth + 1)?;
        }
        self.closed(end)
    }

    /// The element of a header, whose value is stepped over.
    pub(super) fn valued(&mut self, header: &Header, encoding: Encoding, depth: usize) -> Result<Element, Stop> {
        let from = self.at;
        self.value(header, encoding, depth)?;
        Ok(Element { tag: header.tag, vr: if header.is_sequence() { Some(VR::SQ) } else { header.vr }, value: from..self.at })
    }

    /// The item that begins here: how it is encoded, and its elements; `None` where none begins.
    pub(super) fn item(&mut self, encoding: Encoding) -> Result<Option<(Encoding, Vec<Element>)>, Stop> {
        if self.at as u64 >= self.end || self.tag(encoding)? != ITEM {
            return Ok(None);
        }
        let length = self.word(encoding)?;
        let end = self.end_of(length)?;
        // Where the sequence itself is of an unknown representation, so are its items (PS3.5 6.2.2).
        let encoding = Encoding { explicit: encoding.explicit && self.encoding().explicit, ..encoding };
        let mut elements = Vec::new();
        while end.is_none_or(|e| (self.at as u64) < e) {
            let header = self.header(encoding)?;
            if header.tag == ITEM_END && end.is_none() {
                break;
            }
            elements.push(self.valued(&header, encoding, 1)?);
        }
        Ok(Some((encoding, elements)))
    }

    fn fragments(&mut self, encoding: Encoding) -> Result<(), Stop> {
        loop {
            let tag = self.tag(encoding)?;
            let length = self.word(encoding)?;
            match tag {
                ITEM => self.skip(u64::from(length))?,
                SEQUENCE_END => return Ok(()),
                _ => return Err(Stop::Bad(Error::corrupt("DICOM fragments").found(tag).expected("an item"))),
            }
        }
    }

    /// Where a value of a length ends; `None` where a delimiter does.
    fn end_of(&self, length: u32) -> Result<Option<u64>, Stop> {
        if length == UNDEFINED {
            return Ok(None);
        }
        let end = self.at as u64 + u64::from(length);
        if end <= self.end { Ok(Some(end)) } else { Err(Stop::Bad(cut_off())) }
    }

    fn closed(&self, end: Option<u64>) -> Result<(), Stop> {
        if end == Some(self.at as u64) { Ok(()) } else { Err(Stop::Bad(Error::corrupt("DICOM sequence").found("items longer than it"))) }
    }

    /// The elements of the file meta information, which some writers forget to write with their representations.
    pub(super) fn meta(&mut self) -> Result<Vec<Element>, Stop> {
        let mut elements = Vec::new();
        while self.peek().is_some_and(|tag| tag.0 == 2) {
            let encoding = Encoding { big: false, ..self.encoding() };
            let header = self.header(encoding)?;
            elements.push(self.valued(&header, encoding, 0)?);
        }
        if self.at > self.bytes.len() { Err(Stop::More) } else { Ok(elements) }
    }
}

/// Whether a length of 32 bits follows two unused bytes.
fn is_long(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    !matches!(vr, AE | AS | AT | CS | DA | DS | DT | FL | FD | IS | LO | LT | PN | SH | SL | SS | ST | TM | UI | UL | US)
}
