//! The structure of a DICOM file up to its pixels: where each element's value lies, every length held against the bytes
//! there are.
//!
//! What comes behind trusts these places; libraries that ask for memory by a stated length are only given what passed here.
//! Source: PS3.5 chapter 7, PS3.10 chapter 7.

use std::ops::Range;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use isovox_volume::{Error, Result};

use crate::input::Input;

/// Bytes read at first; most headers are shorter.
const FIRST: u64 = 8 << 10;

/// The longest header that is read.
const LONGEST: u64 = 64 << 20;

/// Sequences within sequences.
const DEEPEST: usize = 24;

const UNDEFINED: u32 = u32::MAX;
pub(super) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(super) const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const TRANSFER_SYNTAX: Tag = Tag(0x0002, 0x0010);

/// Implicit VR little endian.
pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";
/// Explicit VR little endian.
pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Where an element's value lies.
#[derive(Clone)]
pub(super) struct Element {
    pub(super) tag: Tag,
    pub(super) value: Range<usize>,
}

/// Where the pixels lie.
#[derive(Clone, Debug)]
pub(super) struct Pixels {
    pub(super) tag: Tag,
    pub(super) offset: u64,
    /// `None` where they are parted into fragments.
    pub(super) length: Option<u64>,
}

/// A file up to its pixels.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// The file meta information; empty where there is none.
    pub(super) meta: Vec<u8>,
    /// The data set before the pixels.
    pub(super) dataset: Range<usize>,
    /// Whether its elements state their value representations.
    pub(super) explicit: bool,
    /// UID of the transfer syntax.
    pub(super) syntax: String,
    /// The data set's own elements, none of items.
    pub(super) elements: Vec<Element>,
    pub(super) pixels: Option<Pixels>,
    /// What was set right to read it.
    pub(super) repair: Option<String>,
}

/// Whether bytes begin as a DICOM file does, with its preamble or, by their first three elements, without.
pub(super) fn is_dicom(head: &[u8]) -> bool {
    if head.get(128..132) == Some(b"DICM") {
        return true;
    }
    let begins = matches!(head, [2 | 8, 0, ..]) && head.get(3) == Some(&0);
    let mut walk = Walk { bytes: head, at: 0, end: head.len() as u64 };
    let mut next = || {
        let explicit = walk.states_vr();
        let element = walk.header(explicit).ok()?;
        walk.skip(u64::from(element.length)).ok()?;
        Some(element.tag)
    };
    begins && matches!((next(), next(), next()), (Some(a), Some(b), Some(c)) if a < b && b < c && c.0 <= 0x0010)
}

impl Head {
    /// Reads a file up to its pixels.
    ///
    /// Errors: `Corrupt` where a length leads beyond the file; `Unsupported` for a data set that is deflated or big-endian.
    pub(super) fn read(input: &Input) -> Result<Head> {
        let mut take = FIRST;
        loop {
            let bytes = input.head(take as usize)?;
            match walk(&bytes, input.len()) {
                Ok(layout) => return Ok(Head { bytes, ..layout }),
                Err(Stop::Bad(error)) => return Err(error.within(input.path())),
                Err(Stop::More) if take >= input.len() => return Err(cut_off().within(input.path())),
                Err(Stop::More) if take >= LONGEST => {
                    return Err(Error::unsupported("a header").found(format_args!("more than {LONGEST} bytes")).within(input.path()));
                }
                Err(Stop::More) => take *= 8,
            }
        }
    }

    /// The bytes of an element's value.
    pub(super) fn value(&self, group: u16, element: u16) -> Option<&[u8]> {
        let found = self.elements.iter().find(|e| e.tag == Tag(group, element))?;
        self.bytes.get(found.value.clone())
    }

    /// A text of codes and numbers, without its padding; empty where there is none.
    pub(super) fn text(&self, group: u16, element: u16) -> String {
        let value = self.value(group, element).unwrap_or_default();
        String::from_utf8_lossy(value).trim_matches([' ', '\0']).to_string()
    }

    /// The first number of 16 bits.
    pub(super) fn word(&self, group: u16, element: u16) -> Option<u16> {
        self.value(group, element)?.first_chunk().map(|b| u16::from_le_bytes(*b))
    }
}

pub(super) enum Stop {
    /// More of the file is needed.
    More,
    Bad(Error),
}

fn cut_off() -> Error {
    Error::corrupt("DICOM header").found("its end before its pixels").help("the file is cut off; copy it again")
}

pub(super) struct Header {
    pub(super) tag: Tag,
    vr: Option<VR>,
    length: u32,
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
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let found = self.bytes.get(self.at..self.at + N).and_then(|b| b.try_into().ok());
        let taken = found.ok_or_else(|| if (self.at + N) as u64 > self.end { Stop::Bad(cut_off()) } else { Stop::More })?;
        self.at += N;
        Ok(taken)
    }

    fn peek(&self) -> Option<Tag> {
        let b = self.bytes.get(self.at..self.at + 4)?;
        Some(Tag(u16::from_le_bytes([b[0], b[1]]), u16::from_le_bytes([b[2], b[3]])))
    }

    /// Whether the next element states its value representation.
    pub(super) fn states_vr(&self) -> bool {
        self.bytes.get(self.at + 4..self.at + 6).is_some_and(|b| VR::from_binary([b[0], b[1]]).is_some())
    }

    pub(super) fn tag(&mut self) -> Result<Tag, Stop> {
        let b: [u8; 4] = self.take()?;
        Ok(Tag(u16::from_le_bytes([b[0], b[1]]), u16::from_le_bytes([b[2], b[3]])))
    }

    pub(super) fn header(&mut self, explicit: bool) -> Result<Header, Stop> {
        let tag = self.tag()?;
        if !explicit || tag.0 == 0xFFFE {
            return Ok(Header { tag, vr: None, length: u32::from_le_bytes(self.take()?) });
        }
        let vr = VR::from_binary(self.take()?).unwrap_or(VR::UN);
        let short: [u8; 2] = self.take()?;
        let length = if is_long(vr) { u32::from_le_bytes(self.take()?) } else { u32::from(u16::from_le_bytes(short)) };
        Ok(Header { tag, vr: Some(vr), length })
    }

    /// Steps over so many bytes, which the file must have.
    fn skip(&mut self, length: u64) -> Result<(), Stop> {
        let left = self.end.saturating_sub(self.at as u64);
        if length > left {
            let error = Error::corrupt("DICOM element").found(format_args!("a length of {length} bytes with {left} left"));
            return Err(Stop::Bad(error.help("the file is cut off or damaged; copy it again")));
        }
        self.at += length as usize;
        Ok(())
    }

    /// Steps over an element's value.
    pub(super) fn value(&mut self, header: &Header, explicit: bool, depth: usize) -> Result<(), Stop> {
        if header.is_sequence() {
            // Items of an unknown element without a length are implicit whatever the file is (PS3.5 6.2.2).
            let explicit = explicit && header.vr != Some(VR::UN);
            return self.items(header.length, explicit, depth);
        }
        if header.length == UNDEFINED { self.fragments() } else { self.skip(u64::from(header.length)) }
    }

    fn items(&mut self, length: u32, explicit: bool, depth: usize) -> Result<(), Stop> {
        if depth >= DEEPEST {
            return Err(Stop::Bad(Error::corrupt("DICOM sequences").found(format_args!("more than {DEEPEST} within each other"))));
        }
        let end = self.end_of(length)?;
        while end.is_none_or(|e| (self.at as u64) < e) {
            let tag = self.tag()?;
            let length = u32::from_le_bytes(self.take()?);
            match tag {
                ITEM => self.dataset(length, explicit, depth)?,
                SEQUENCE_END if end.is_none() => return Ok(()),
                _ => return Err(Stop::Bad(Error::corrupt("DICOM sequence").found(tag).expected("an item"))),
            }
        }
        self.closed(end)
    }

    fn dataset(&mut self, length: u32, explicit: bool, depth: usize) -> Result<(), Stop> {
        let end = self.end_of(length)?;
        while end.is_none_or(|e| (self.at as u64) < e) {
            let header = self.header(explicit)?;
            if header.tag == ITEM_END && end.is_none() {
                return Ok(());
            }
            self.value(&header, explicit, depth + 1)?;
        }
        self.closed(end)
    }

    fn fragments(&mut self) -> Result<(), Stop> {
        loop {
            let tag = self.tag()?;
            let length = u32::from_le_bytes(self.take()?);
            match tag {
                ITEM => self.skip(u64::from(length))?,
                SEQUENCE_END => return Ok(()),
                _ => return Err(Stop::Bad(Error::corrupt("DICOM fragments").found(tag).expected("an item"))),
            }
        }
    }

    /// Where a value of a length ends; `None` where a delimiter does.
    pub(super) fn end_of(&self, length: u32) -> Result<Option<u64>, Stop> {
        if length == UNDEFINED {
            return Ok(None);
        }
        let end = self.at as u64 + u64::from(length);
        if end <= self.end { Ok(Some(end)) } else { Err(Stop::Bad(cut_off())) }
    }

    fn closed(&self, end: Option<u64>) -> Result<(), Stop> {
        if end == Some(self.at as u64) { Ok(()) } else { Err(Stop::Bad(Error::corrupt("DICOM sequence").found("items longer than it"))) }
    }

    /// The file meta information: the transfer syntax that it names.
    fn meta(&mut self) -> Result<Option<String>, Stop> {
        let mut syntax = None;
        while self.peek().is_some_and(|tag| tag.0 == 2) {
            let explicit = self.states_vr();
            let header = self.header(explicit)?;
            let from = self.at;
            self.value(&header, explicit, 0)?;
            if header.tag == TRANSFER_SYNTAX {
                let value = self.bytes.get(from..self.at).ok_or(Stop::More)?;
                syntax = Some(String::from_utf8_lossy(value).trim_matches([' ', '\0']).to_string());
            }
        }
        Ok(syntax)
    }
}

/// Whether a length of 32 bits follows two unused bytes.
fn is_long(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    !matches!(vr, AE | AS | AT | CS | DA | DS | DT | FL | FD | IS | LO | LT | PN | SH | SL | SS | ST | TM | UI | UL | US)
}

fn walk(bytes: &[u8], end: u64) -> Result<Head, Stop> {
    let at = if bytes.get(128..132) == Some(b"DICM") { 132 } else { 0 };
    let mut walk = Walk { bytes, at, end };
    let named = walk.meta()?;
    if let Some(refused @ (DEFLATED | BIG_ENDIAN)) = named.as_deref() {
        let name = if refused == DEFLATED { "deflated" } else { "big-endian" };
        return Err(Stop::Bad(Error::unsupported(format_args!("a {name} DICOM file (transfer syntax {refused})"))));
    }
    let dataset = walk.at;
    let explicit = walk.states_vr();
    let guessed = if explicit { EXPLICIT } else { IMPLICIT };
    let mut repair = None;
    let syntax = match named {
        Some(syntax) if (syntax == IMPLICIT) == explicit && dataset < bytes.len() => {
            repair = Some(format!("it names the transfer syntax {syntax} and is {}: read as it is", if explicit { "explicit" } else { "implicit" }));
            if syntax == IMPLICIT || syntax == EXPLICIT { guessed.to_string() } else { syntax }
        }
        Some(syntax) => syntax,
        None => {
            repair = Some("it names no transfer syntax: read as its first element looks".into());
            guessed.to_string()
        }
    };
    let mut elements = Vec::new();
    let mut pixels = None;
    let mut last = dataset;
    while (walk.at as u64) < end {
        last = walk.at;
        let header = walk.header(explicit)?;
        if header.tag.0 == 0x7FE0 && matches!(header.tag.1, 0x0008..=0x0010) {
            let length = (header.length != UNDEFINED).then_some(u64::from(header.length));
            pixels = Some(Pixels { tag: header.tag, offset: walk.at as u64, length });
            break;
        }
        let from = walk.at;
        walk.value(&header, explicit, 0)?;
        elements.push(Element { tag: header.tag, value: from..walk.at });
        last = walk.at;
    }
    if last > bytes.len() {
        return Err(Stop::More);
    }
    Ok(Head { bytes: Vec::new(), meta: bytes[at..dataset].to_vec(), dataset: dataset..last, explicit, syntax, elements, pixels, repair })
}
