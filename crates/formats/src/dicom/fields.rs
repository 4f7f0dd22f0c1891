//! The values of one data set: a file's own, or an item's of a sequence.

use std::borrow::Cow;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::items::Items;
use super::walk::{Element, Encoding};

/// Values of one data set, read as the standard's dictionary says.
pub(super) struct Fields<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) elements: Cow<'a, [Element]>,
    pub(super) encoding: Encoding,
}

/// The bytes of a value that no dictionary knows.
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    big: bool,
}

impl Raw<'_> {
    /// The first number of a decimal text.
    pub(super) fn decimal(&self) -> Option<f64> {
        decimal(std::str::from_utf8(self.bytes).ok()?.split('\\').next()?)
    }

    /// The first number of 32 bits, floating.
    pub(super) fn float(&self) -> Option<f64> {
        floats(self.bytes, self.big).next()
    }

    /// The first number of 16 bits.
    pub(super) fn word(&self) -> Option<u16> {
        words(self.bytes, self.big).next()
    }
}

impl<'a> Fields<'a> {
    /// The bytes of a value.
    pub(super) fn value(&self, group: u16, element: u16) -> Option<&'a [u8]> {
        let found = self.elements.iter().find(|e| e.tag == Tag(group, element))?;
        self.bytes.get(found.value.clone())
    }

    /// Whether there is such an element.
    pub(super) fn has(&self, group: u16, element: u16) -> bool {
        self.value(group, element).is_some()
    }

    /// A text of codes and numbers, without its padding; empty where there is none.
    pub(super) fn text(&self, group: u16, element: u16) -> String {
        let value = self.value(group, element).unwrap_or_default();
        String::from_utf8_lossy(value).trim_matches([' ', '\0']).to_string()
    }

    /// The first number of a value.
    pub(super) fn number(&self, group: u16, element: u16) -> Option<f64> {
        self.numbers(group, element).first().copied()
    }

    /// All numbers of a value, up to the first that is none.
    pub(super) fn numbers(&self, group: u16, element: u16) -> Vec<f64> {
        let Some(value) = self.value(group, element) else { return Vec::new() };
        let vr = StandardDataDictionary.by_tag(Tag(group, element)).map(|e| e.vr().relaxed());
        match vr {
            Some(VR::US) => words(value, self.encoding.big).map(f64::from).collect(),
            Some(VR::UL) => each(value, self.encoding.big, |b| f64::from(u32::from_le_bytes(b))).collect(),
            Some(VR::FL) => floats(value, self.encoding.big).collect(),
            Some(VR::FD) => each(value, self.encoding.big, f64::from_le_bytes).take_while(|v| v.is_finite()).collect(),
            _ => String::from_utf8_lossy(value).split('\\').map_while(decimal).collect(),
        }
    }

    /// So many numbers.
    pub(super) fn array<const N: usize>(&self, group: u16, element: u16) -> Option<[f64; N]> {
        self.numbers(group, element).try_into().ok()
    }

    /// Numbers of 16 bits, whatever the dictionary says.
    pub(super) fn words(&self, group: u16, element: u16) -> Vec<u16> {
        words(self.value(group, element).unwrap_or_default(), self.encoding.big).collect()
    }

    /// The first number of 16 bits.
    pub(super) fn word(&self, group: u16, element: u16) -> Option<u16> {
        self.words(group, element).first().copied()
    }

    /// Tags that a value names.
    pub(super) fn tags(&self, group: u16, element: u16) -> Vec<(u16, u16)> {
        self.words(group, element).as_chunks().0.iter().map(|&[group, element]| (group, element)).collect()
    }

    /// A private value, found through the block that its creator has taken (PS3.5 7.8.1).
    pub(super) fn private(&self, group: u16, creator: &str, element: u8) -> Option<Raw<'a>> {
        let blocks = self.elements.iter().map(|e| e.tag).filter(|t| t.0 == group && (0x10..=0xFF).contains(&t.1));
        let block = blocks.map(|t| t.1).take(0xF0).find(|&block| self.text(group, block) == creator)?;
        Some(Raw { bytes: self.value(group, block << 8 | u16::from(element))?, big: self.encoding.big })
    }

    /// Siemens' CSA header of the image: by its creator, or, where that was taken out, by how the later kind begins.
    pub(super) fn csa(&self) -> Option<&'a [u8]> {
        let named = self.private(0x0029, "SIEMENS CSA HEADER", 0x10).map(|raw| raw.bytes);
        let mut private = self.elements.iter().filter(|e| e.tag.0 == 0x0029 && e.tag.1 >= 0x1000 && e.tag.1 & 0xFF == 0x10);
        named.or_else(|| private.find_map(|e| self.bytes.get(e.value.clone()).filter(|value| value.starts_with(b"SV10"))))
    }

    /// The items of a sequence, one by one.
    pub(super) fn items(&self, group: u16, element: u16) -> impl Iterator<Item = Fields<'a>> + use<'a> {
        items_of(self.value(group, element).unwrap_or_default(), self.encoding)
    }

    /// The items of a sequence that was found already, and how they are encoded.
    pub(super) fn within(&self, sequence: &Element, encoding: Encoding) -> impl Iterator<Item = Fields<'a>> + use<'a> {
        items_of(self.bytes.get(sequence.value.clone()).unwrap_or_default(), encoding)
    }

    /// The first item of a sequence.
    pub(super) fn item(&self, group: u16, element: u16) -> Option<Fields<'a>> {
        self.items(group, element).next()
    }
}

fn items_of(value: &[u8], encoding: Encoding) -> impl Iterator<Item = Fields<'_>> {
    Items::of(value, encoding).map(|item| Fields { bytes: item.bytes, elements: Cow::Owned(item.elements), encoding: item.encoding })
}

/// Numbers of `N` bytes beside each other; each is given with its lowest byte first.
pub(super) fn each<const N: usize, T>(bytes: &[u8], big: bool, number: impl Fn([u8; N]) -> T) -> impl Iterator<Item = T> {
    bytes.as_chunks().0.iter().map(move |&(mut b)| {
        if big {
            b.reverse();
        }
        number(b)
    })
}

fn words(bytes: &[u8], big: bool) -> impl Iterator<Item = u16> {
    each(bytes, big, u16::from_le_bytes)
}

fn floats(bytes: &[u8], big: bool) -> impl Iterator<Item = f64> {
    each(bytes, big, |b| f64::from(f32::from_le_bytes(b))).take_while(|v| v.is_finite())
}

/// Some writers put a comma, or blanks on either side.
fn decimal(text: &str) -> Option<f64> {
    text.trim_matches([' ', '\0']).replace(',', ".").parse().ok().filter(|v: &f64| v.is_finite())
}
