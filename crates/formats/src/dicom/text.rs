//! Texts for people, in the characters that a data set names (PS3.5 6.1, PS3.3 C.12.1.1.2).

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

use super::fields::Fields;

/// The characters of a data set.
pub(super) struct Characters(SpecificCharacterSet);

impl Characters {
    /// Those that it names: of several the last, which is where its own letters are.
    pub(super) fn of(fields: &Fields) -> Characters {
        Characters::named(fields).unwrap_or(Characters(SpecificCharacterSet::default()))
    }

    /// Those of an item, where it names any.
    pub(super) fn named(fields: &Fields) -> Option<Characters> {
        let codes = fields.text(0x0008, 0x0005);
        codes.split('\\').map(str::trim).rfind(|c| !c.is_empty()).and_then(SpecificCharacterSet::from_code).map(Characters)
    }

    /// A value, without the padding behind it.
    pub(super) fn decoded(&self, value: &[u8]) -> String {
        let text = if value.is_ascii() { None } else { self.0.decode(value).ok() };
        let text = text.unwrap_or_else(|| String::from_utf8_lossy(value).into_owned());
        text.trim_end_matches([' ', '\0']).to_string()
    }

    /// A value of a data set, without its padding; empty where there is none.
    pub(super) fn text(&self, fields: &Fields, group: u16, element: u16) -> String {
        self.decoded(fields.value(group, element).unwrap_or_default()).trim_start_matches([' ', '\0']).to_string()
    }
}
