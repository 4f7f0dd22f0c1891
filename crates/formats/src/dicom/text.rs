//! Texts for people, in the characters that a data set names (PS3.5 6.1, PS3.3 C.12.1.1.2).

use dicom_core::{Tag, VR};
use encoding::all::{
    ASCII, GB18030, GBK, ISO_2022_JP, ISO_8859_1, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_15, UTF_8, WINDOWS_31J, WINDOWS_874,
    WINDOWS_949, WINDOWS_1254,
};
use encoding::{DecoderTrap, Encoding, EncodingRef};

use super::fields::Fields;
use super::metadata::known;

const ESC: u8 = 0x1B;

/// What an escape sequence announces.
enum Shift {
    /// Letters of one byte below 128.
    Single,
    /// Letters of two bytes below 128: Japanese.
    Pairs,
    /// Letters above 127, of one byte or two.
    High(EncodingRef),
}

/// Escape sequences (PS3.3 tables C.12-3 and C.12-4).
const SHIFTS: [(&[u8], Shift); 18] = [
    (b"\x1b(B", Shift::Single),
    (b"\x1b(J", Shift::Single),
    (b"\x1b$B", Shift::Pairs),
    (b"\x1b$(D", Shift::Pairs),
    (b"\x1b)I", Shift::High(WINDOWS_31J)),
    (b"\x1b-A", Shift::High(ISO_8859_1)),
    (b"\x1b-B", Shift::High(ISO_8859_2)),
    (b"\x1b-C", Shift::High(ISO_8859_3)),
    (b"\x1b-D", Shift::High(ISO_8859_4)),
    (b"\x1b-F", Shift::High(ISO_8859_7)),
    (b"\x1b-G", Shift::High(ISO_8859_6)),
    (b"\x1b-H", Shift::High(ISO_8859_8)),
    (b"\x1b-L", Shift::High(ISO_8859_5)),
    (b"\x1b-M", Shift::High(WINDOWS_1254)),
    (b"\x1b-T", Shift::High(WINDOWS_874)),
    (b"\x1b-b", Shift::High(ISO_8859_15)),
    (b"\x1b$)C", Shift::High(WINDOWS_949)),
    (b"\x1b$)A", Shift::High(GBK)),
];

/// The characters of a data set.
pub(super) struct Characters {
    /// Those at the beginning of a value, and behind each delimiter.
    first: EncodingRef,
    /// Whether they are all there are: then nothing is an escape sequence.
    alone: bool,
}

impl Characters {
    /// Those that it names.
    pub(super) fn of(fields: &Fields) -> Characters {
        Characters::named(fields).unwrap_or(Characters { first: ISO_8859_1, alone: false })
    }

    /// Those of an item, where it names any.
    pub(super) fn named(fields: &Fields) -> Option<Characters> {
        let codes = fields.text(0x0008, 0x0005);
        let sets: Vec<(EncodingRef, bool)> = codes.split('\\').filter_map(|code| set(code.trim())).collect();
        let (first, alone) = *sets.first().filter(|_| !codes.is_empty())?;
        // Letters above 127 that nothing announces are of the first set that has any; some writers forget to announce them.
        let letters = sets.iter().rev().map(|s| s.0).find(|s| !is_ascii(*s)).unwrap_or(ISO_8859_1);
        Some(Characters { first: if is_ascii(first) { letters } else { first }, alone })
    }

    /// A value, without the padding behind it.
    pub(super) fn decoded(&self, vr: VR, value: &[u8]) -> String {
        let text = if self.alone || !value.contains(&ESC) { decoded(self.first, value) } else { self.shifted(value, delimiters(vr)) };
        text.trim_end_matches([' ', '\0']).to_string()
    }

    /// A value with escape sequences, which hold up to the next delimiter (PS3.5 6.1.2.5.3).
    fn shifted(&self, value: &[u8], delimiters: &[u8]) -> String {
        let mut text = String::new();
        let (mut pairs, mut high): (&[u8], _) = (&[], self.first);
        let mut rest = value;
        while let Some(next) = rest.first() {
            if let Some((escape, shift)) = SHIFTS.iter().find(|(escape, _)| rest.starts_with(escape)) {
                match shift {
                    Shift::Single => pairs = &[],
                    Shift::Pairs => pairs = escape,
                    Shift::High(set) => high = *set,
                }
                rest = &rest[escape.len()..];
                continue;
            }
            // A byte of a pair may look like a printable delimiter.
            let delimits = |b: &u8| delimiters.contains(b) && (pairs.is_empty() || b.is_ascii_control());
            let end = rest.iter().skip(1).position(|b| *b == ESC || delimits(b)).map_or(rest.len(), |n| n + 1);
            if delimits(next) {
                (pairs, high) = (&[], self.first);
            }
            let (piece, behind) = rest.split_at(end);
            text += &if pairs.is_empty() { decoded(high, piece) } else { decoded(ISO_2022_JP, &[pairs, piece].concat()) };
            rest = behind;
        }
        text
    }

    /// A value of a data set, without its padding; empty where there is none.
    pub(super) fn text(&self, fields: &Fields, group: u16, element: u16) -> String {
        let vr = known(Tag(group, element), false);
        self.decoded(vr, fields.value(group, element).unwrap_or_default()).trim_start_matches([' ', '\0']).to_string()
    }
}

/// The characters of a defined term, and whether they stand alone; `None` where it is none. Some writers put other signs
/// between its parts.
fn set(code: &str) -> Option<(EncodingRef, bool)> {
    let number = code.rsplit([' ', '_', '-']).next().unwrap_or_default();
    let extensible: EncodingRef = match (code, number) {
        ("GB18030", _) => return Some((GB18030, true)),
        ("GBK" | "GB2312", _) => return Some((GBK, true)),
        (_, "192") => return Some((UTF_8, true)),
        (_, "" | "6" | "87" | "159") => ASCII,
        (_, "13") => WINDOWS_31J,
        (_, "58") => GBK,
        (_, "100") => ISO_8859_1,
        (_, "101") => ISO_8859_2,
        (_, "109") => ISO_8859_3,
        (_, "110") => ISO_8859_4,
        (_, "126") => ISO_8859_7,
        (_, "127") => ISO_8859_6,
        (_, "138") => ISO_8859_8,
        (_, "144") => ISO_8859_5,
        (_, "148") => WINDOWS_1254,
        (_, "149") => WINDOWS_949,
        (_, "166") => WINDOWS_874,
        (_, "203") => ISO_8859_15,
        _ => return None,
    };
    Some((extensible, false))
}

fn is_ascii(set: EncodingRef) -> bool {
    set.name() == ASCII.name()
}

fn decoded(set: EncodingRef, bytes: &[u8]) -> String {
    set.decode(bytes, DecoderTrap::Replace).unwrap_or_default()
}

/// What ends the sway of an escape sequence.
fn delimiters(vr: VR) -> &'static [u8] {
    match vr {
        VR::PN => b"\t\n\x0C\r\\^=",
        VR::LT | VR::ST | VR::UT | VR::UR => b"\t\n\x0C\r",
        _ => b"\t\n\x0C\r\\",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::wire::Head;
    use crate::input::Input;
    use isovox_testing::dicom::{EXPLICIT, file, text};

    fn read(codes: &str, vr: VR, value: &[u8]) -> String {
        let input = Input::bytes("made.dcm", file(EXPLICIT, &[text(8, 5, "CS", codes), text(0x28, 4, "CS", "MONOCHROME2")]));
        let head = Head::read(&input).expect("a header");
        Characters::of(&head.fields()).decoded(vr, value)
    }

    /// PS3.5 annexes H to K.
    #[test]
    fn names_of_the_standard() {
        let pairs = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        let kana = b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J";
        let korean = b"Hong^Gildong=\x1b$)C\xFB\xF3^\x1b$)C\xD1\xCE\xD4\xD7=\x1b$)C\xC8\xAB^\x1b$)C\xB1\xE6\xB5\xBF";
        let chinese = b"Zhang^XiaoDong=\x1b$)A\xD5\xC5^\x1b$)A\xD0\xA1\xB6\xAB=";
        for (codes, value, expected) in [
            ("\\ISO 2022 IR 87", &pairs[..], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
            ("ISO 2022 IR 13\\ISO 2022 IR 87", kana, "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
            ("\\ISO 2022 IR 149", korean, "Hong^Gildong=洪^吉洞=홍^길동"),
            ("\\ISO 2022 IR 58", chinese, "Zhang^XiaoDong=张^小东="),
            ("ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126", b"Dion\xE8se=\x1b-L\xBB\xEE^\xE8=\x1b-F\xC4", "Dionèse=Лю^è=Δ"),
            ("ISO_IR 192", "Müller^Jörg".as_bytes(), "Müller^Jörg"),
            ("GB18030", b"\xCD\xF5^\xD0\xA1\xB6\xAB ", "王^小东"),
            ("ISO_IR 148", b"\xD0\xFD\xFE", "Ğış"),
            ("", b"Sch\xE4del", "Schädel"),
        ] {
            assert_eq!(read(codes, VR::PN, value), expected, "{codes}");
        }
    }

    #[test]
    fn what_delimits_ends_an_escape_sequence() {
        let codes = "ISO 2022 IR 100\\ISO 2022 IR 126";
        assert_eq!(read(codes, VR::LO, b"\x1b-F\xC4=\xC4\\\xC4"), "Δ=Δ\\Ä");
        assert_eq!(read(codes, VR::LT, b"\x1b-F\xC4\\\xC4\r\n\xC4"), "Δ\\Δ\r\nÄ");
        // A byte of a pair that is a backslash, and an escape sequence that nobody knows.
        assert_eq!(read("\\ISO 2022 IR 87", VR::LO, b"\x1b$B=\\\x1b(B\\CT"), "旬\\CT");
        assert_eq!(read("\\ISO 2022 IR 87", VR::LO, b"a\x1b[2Jb"), "a\x1b[2Jb");
        assert_eq!(read("\\ISO 2022 IR 159", VR::LO, b"\x1b$(D0!\x1b(B"), "丂");
        // Bytes that are no letters, and letters that nothing announces.
        assert_eq!(read("ISO_IR 192", VR::LO, b"M\xFCller"), "M\u{FFFD}ller");
        assert_eq!(read("\\ISO 2022 IR 149", VR::LO, b"\xC8\xAB"), "홍");
    }
}
