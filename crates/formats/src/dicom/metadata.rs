//! A file's header as the DICOM JSON model (PS3.18 annex F), from the places that `wire` found: no length is believed twice.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use isovox_volume::{Error, Result};
use serde_json::{Map, Value, json};

use super::fields::{Fields, each};
use super::text::Characters;
use super::walk::{Element, UNKNOWN, Walk};
use super::wire::Head;
use crate::input::Input;

/// The longest header that is turned into JSON, which takes many times its bytes.
const LONGEST: usize = 4 << 20;

/// The longest that is, where nothing else is asked for.
const LONGEST_ALONE: usize = 32 << 20;

/// A file's elements before its pixels, by tag, nobody masked.
pub(super) fn of(input: &Input) -> Result<BTreeMap<String, Value>> {
    let head = Head::read(input)?;
    held(&head, LONGEST).map_err(|e| e.within(input.path()))?;
    Ok(outermost(&head.fields()).into_iter().collect())
}

/// The same with the file's meta information.
pub(super) fn whole(input: &Input) -> Result<BTreeMap<String, Value>> {
    let head = Head::read(input)?;
    held(&head, LONGEST_ALONE).map_err(|e| e.within(input.path()))?;
    Ok(outermost(&head.meta()).into_iter().chain(outermost(&head.fields())).collect())
}

fn held(head: &Head, longest: usize) -> Result<()> {
    let bytes = head.dataset.len();
    if bytes > longest {
        return Err(Error::unsupported("metadata").found(format_args!("{bytes} bytes")).expected(format_args!("at most {longest}")));
    }
    Ok(())
}

fn outermost(fields: &Fields) -> Map<String, Value> {
    model(fields, &Characters::of(fields), fields.word(0x0028, 0x0103) == Some(1))
}

/// A data set and its sequences; `signed` pixels make values that may be either signed.
fn model(fields: &Fields, characters: &Characters, signed: bool) -> Map<String, Value> {
    let shown = |e: &Element| (format!("{:04X}{:04X}", e.tag.0, e.tag.1), element(fields, e, characters, signed));
    fields.elements.iter().filter_map(|e| fields.bytes.get(e.value.clone()).map(|_| shown(e))).collect()
}

fn element(fields: &Fields, element: &Element, characters: &Characters, signed: bool) -> Value {
    let value = &fields.bytes[element.value.clone()];
    // Who wrote `UN` did not know the element; the standard may (PS3.5 6.2.2).
    let unknown = element.vr == Some(VR::UN);
    let encoding = if unknown { UNKNOWN } else { fields.encoding };
    let vr = match element.vr.filter(|_| !unknown).unwrap_or_else(|| known(element.tag, signed)) {
        VR::SQ if unknown && !Walk::is_items(value, encoding) => VR::UN,
        vr => vr,
    };
    let big = encoding.big;
    let (key, shown): (_, Value) = match vr {
        VR::SQ => ("Value", fields.within(element, encoding).map(|item| model(&item, Characters::named(&item).as_ref().unwrap_or(characters), signed)).collect()),
        VR::OB | VR::UN => ("InlineBinary", STANDARD.encode(value).into()),
        VR::OW => ("InlineBinary", STANDARD.encode(little(each::<2, _>(value, big, |b| b))).into()),
        VR::OF | VR::OL => ("InlineBinary", STANDARD.encode(little(each::<4, _>(value, big, |b| b))).into()),
        VR::OD | VR::OV => ("InlineBinary", STANDARD.encode(little(each::<8, _>(value, big, |b| b))).into()),
        _ => ("Value", values(vr, value, big, characters).into()),
    };
    if value.is_empty() || shown.as_array().is_some_and(Vec::is_empty) { json!({"vr": vr.to_string()}) } else { json!({"vr": vr.to_string(), key: shown}) }
}

fn little<const N: usize>(words: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    words.flatten().collect()
}

/// The representation of an element that states none (PS3.5 A.1, 7.8.1).
pub(super) fn known(tag: Tag, signed: bool) -> VR {
    match tag {
        Tag(_, 0) => return VR::UL,
        Tag(group, 0x10..=0xFF) if group % 2 == 1 => return VR::LO,
        _ => {}
    }
    match StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr) {
        Some(VirtualVr::Xs) if signed => VR::SS,
        Some(vr) => vr.relaxed(),
        None => VR::UN,
    }
}

fn values(vr: VR, value: &[u8], big: bool, characters: &Characters) -> Vec<Value> {
    match vr {
        VR::US => each(value, big, |b| u16::from_le_bytes(b).into()).collect(),
        VR::SS => each(value, big, |b| i16::from_le_bytes(b).into()).collect(),
        VR::UL => each(value, big, |b| u32::from_le_bytes(b).into()).collect(),
        VR::SL => each(value, big, |b| i32::from_le_bytes(b).into()).collect(),
        VR::UV => each(value, big, |b| u64::from_le_bytes(b).into()).collect(),
        VR::SV => each(value, big, |b| i64::from_le_bytes(b).into()).collect(),
        VR::FL => each(value, big, |b| float(f32::from_le_bytes(b).into())).collect(),
        VR::FD => each(value, big, |b| float(f64::from_le_bytes(b))).collect(),
        VR::AT => each(value, big, u16::from_le_bytes).collect::<Vec<_>>().as_chunks().0.iter().map(|[g, e]| format!("{g:04X}{e:04X}").into()).collect(),
        // These hold one text, and a backslash is a letter of it (PS3.5 6.2).
        VR::LT | VR::ST | VR::UT | VR::UR => one(&characters.decoded(vr, value)).into_iter().collect(),
        VR::DS | VR::IS => many(&characters.decoded(vr, value), number),
        VR::PN => many(&characters.decoded(vr, value), person),
        _ => many(&characters.decoded(vr, value), |text| text.into()),
    }
}

fn one(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

/// Values between backslashes, without blanks around them; nothing for all of none, null for some.
fn many(text: &str, of: impl Fn(&str) -> Value) -> Vec<Value> {
    if text.is_empty() {
        return Vec::new();
    }
    let value = |part: &str| match part.trim_matches([' ', '\0']) {
        "" => Value::Null,
        part => of(part),
    };
    text.split('\\').map(value).collect()
}

fn float(value: f64) -> Value {
    let named = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    serde_json::Number::from_f64(value).map_or_else(|| named.into(), Value::Number)
}

/// A number as it is written, whole where it is; what is none stays text.
fn number(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => whole.into(),
        (_, Ok(real)) if real.is_finite() => float(real),
        _ => text.into(),
    }
}

/// A name in its up to three ways of writing (PS3.5 6.2.1).
fn person(text: &str) -> Value {
    let groups = ["Alphabetic", "Ideographic", "Phonetic"].into_iter().zip(text.split('='));
    groups.filter(|(_, name)| !name.is_empty()).map(|(group, name)| (group.to_string(), Value::from(name))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::mask;
    use isovox_testing::dicom::{self, EXPLICIT, encoded, file, text};

    fn read(elements: &[dicom::Element]) -> Map<String, Value> {
        of(&Input::bytes("made.dcm", file(EXPLICIT, elements))).expect("metadata").into_iter().collect()
    }

    /// The same element as one who does not know it writes it.
    fn unknown(element: dicom::Element) -> dicom::Element {
        (element.0, element.1, *b"UN", element.3)
    }

    /// A sequence of one item, implicit.
    fn implicit(group: u16, element: u16, item: &[dicom::Element]) -> dicom::Element {
        let inner: Vec<u8> = item.iter().flat_map(|e| encoded(e, false)).collect();
        let head = [[0xFE, 0xFF, 0x00, 0xE0], (inner.len() as u32).to_le_bytes()].concat();
        (group, element, *b"UN", [head, inner].concat())
    }

    #[test]
    fn what_the_writer_did_not_know_is_read_as_the_standard_says() {
        let item = [text(8, 0x50, "SH", "A-77"), implicit(0x40, 0x08, &[text(8, 0x104, "LO", "deep")])];
        let model =
            read(&[unknown(text(0x28, 0x30, "DS", "0.8\\0.5")), unknown(dicom::short(0x28, 0x10, 7)), implicit(0x40, 0x275, &item), unknown(text(0x19, 0x10, "LO", "MAKER"))]);
        assert_eq!(model["00280030"], json!({"vr": "DS", "Value": [0.8, 0.5]}));
        assert_eq!(model["00280010"], json!({"vr": "US", "Value": [7]}));
        assert_eq!(model["00190010"], json!({"vr": "LO", "Value": ["MAKER"]}));
        assert_eq!(model["00400275"]["vr"], "SQ");
        assert_eq!(model["00400275"]["Value"][0]["00080050"], json!({"vr": "SH", "Value": ["A-77"]}));
        assert_eq!(model["00400275"]["Value"][0]["00400008"]["Value"][0]["00080104"]["Value"], json!(["deep"]));
    }

    #[test]
    fn a_sequence_that_is_none_stays_bytes() {
        let model = read(&[(0x08, 0x1140, *b"UN", b"no items".to_vec()), (0x09, 0x1001, *b"UN", b"private!".to_vec())]);
        assert_eq!([&model["00081140"]["vr"], &model["00091001"]["vr"]], ["UN", "UN"]);
        assert_eq!(model["00081140"]["InlineBinary"], STANDARD.encode("no items"));
    }

    #[test]
    fn bytes_that_name_the_patient_are_masked() {
        let told = |element, bytes: &[u8]| {
            mask::masked(&read(&[text(0x10, 0x10, "PN", "Muster^Erika"), unknown(text(0x10, 0x20, "LO", "ID-4711")), (0x28, element, *b"OB", bytes.to_vec())]))
        };
        assert_eq!(told(0x1201, b"\0\x01of ERIKA\xFF")["00281201"]["Value"], json!(["***"]));
        assert_eq!(told(0x9999, b"id-4711 ")["00289999"]["Value"], json!(["***"]));
        assert_eq!(told(0x1201, b"\0\x01\x02\x03")["00281201"]["InlineBinary"], STANDARD.encode(b"\0\x01\x02\x03"));
    }
}
