//! The elements of single files, as the DICOM JSON model (PS3.18 annex F), and what the standard calls them (PS3.6).

use std::collections::BTreeMap;

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;
use isovox_volume::{Error, Result};
use serde_json::{Map, Value};

use super::{metadata, wire};
use crate::format::Given;
use crate::input::Input;

/// The DICOM files among inputs, those that a DICOMDIR names too, and the names of the others.
///
/// Errors: `NotFound` where none is DICOM.
pub fn files(given: Given) -> Result<(Vec<Input>, Vec<String>)> {
    let (inputs, missing) = super::inputs(given)?;
    let (mut files, mut others) = (Vec::new(), Vec::from_iter(missing));
    for input in inputs {
        if wire::is_dicom(&input.head(512)?) { files.push(input) } else { others.push(input.name().to_string()) }
    }
    if files.is_empty() {
        return Err(Error::not_found("a DICOM file").found(super::shortened(&others, super::NAMED)));
    }
    Ok((files, others))
}

/// All elements of a file before its pixels, its meta information too, by tag (`00280030`); nobody masked.
///
/// Errors: `Corrupt` for a file that breaks the format, `Unsupported` for a header of many megabytes.
pub fn read(input: &Input) -> Result<Map<String, Value>> {
    let all: BTreeMap<String, Value> = metadata::whole(input)?;
    Ok(all.into_iter().collect())
}

/// What the standard calls a tag of the JSON model; `None` for private and unknown ones.
pub fn keyword(tag: &str) -> Option<&'static str> {
    let tag = Tag(u16::from_str_radix(tag.get(..4)?, 16).ok()?, u16::from_str_radix(tag.get(4..)?, 16).ok()?);
    if tag.0 % 2 == 1 {
        return None;
    }
    StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::alias)
}

/// The tag that a user means: `PixelSpacing`, `0028,0030`, `(0028,0030)`, `0028|0030` or `00280030`.
pub fn tag(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '(' | ')' | ',' | '|' | ' ')).collect();
    if digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(digits.to_uppercase());
    }
    let entry = StandardDataDictionary.by_name(text.trim())?;
    let Tag(group, element) = entry.tag();
    Some(format!("{group:04X}{element:04X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_by_name_and_number() {
        for text in ["PixelSpacing", "0028,0030", "(0028,0030)", "0028|0030", "00280030"] {
            assert_eq!(tag(text).as_deref(), Some("00280030"), "{text}");
        }
        assert_eq!([tag("Pixelspacing"), tag("0028"), tag("")], [None, None, None]);
        assert_eq!((keyword("00280030"), keyword("00291010"), keyword("x")), (Some("PixelSpacing"), None, None));
    }
}
