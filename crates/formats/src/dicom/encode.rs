//! Elements as bytes, explicit and little-endian (PS3.5 7.1.2).

/// Elements of one data set, in ascending order of their tags.
#[derive(Clone, Default)]
pub(super) struct Encoded(pub(super) Vec<u8>);

impl Encoded {
    fn element(&mut self, group: u16, element: u16, vr: [u8; 2], value: &[u8], pad: u8) {
        let length = value.len().next_multiple_of(2);
        self.0.extend([group.to_le_bytes(), element.to_le_bytes()].concat());
        self.0.extend(vr);
        if [b"OB", b"SQ"].contains(&&vr) {
            self.0.extend([0, 0]);
            self.0.extend((length as u32).to_le_bytes());
        } else {
            self.0.extend((length as u16).to_le_bytes());
        }
        self.0.extend(value);
        self.0.resize(self.0.len() + length - value.len(), pad);
    }

    /// A text or UID.
    pub(super) fn text(mut self, group: u16, element: u16, vr: &str, text: &str) -> Encoded {
        let bytes = text.as_bytes();
        let vr = [vr.as_bytes()[0], vr.as_bytes()[1]];
        self.element(group, element, vr, bytes, if &vr == b"UI" { 0 } else { b' ' });
        self
    }

    /// Decimal numbers, each of at most 16 letters.
    pub(super) fn decimals(self, group: u16, element: u16, numbers: &[f64]) -> Encoded {
        let text: Vec<String> = numbers.iter().map(|&v| decimal(v)).collect();
        self.text(group, element, "DS", &text.join("\\"))
    }

    /// Numbers of 16 bits; a tag's two are its group and its element.
    pub(super) fn words(mut self, group: u16, element: u16, vr: &str, words: &[u16]) -> Encoded {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.element(group, element, [vr.as_bytes()[0], vr.as_bytes()[1]], &bytes, 0);
        self
    }

    /// Numbers of 32 bits.
    pub(super) fn longs(mut self, group: u16, element: u16, longs: &[u32]) -> Encoded {
        let bytes: Vec<u8> = longs.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.element(group, element, *b"UL", &bytes, 0);
        self
    }

    /// Bytes.
    pub(super) fn bytes(mut self, group: u16, element: u16, bytes: &[u8]) -> Encoded {
        self.element(group, element, *b"OB", bytes, 0);
        self
    }

    /// A sequence of items.
    pub(super) fn sequence(mut self, group: u16, element: u16, items: &[Encoded]) -> Encoded {
        let mut value = Vec::new();
        for item in items {
            value.extend([0xFE, 0xFF, 0x00, 0xE0]);
            value.extend((item.0.len() as u32).to_le_bytes());
            value.extend(&item.0);
        }
        self.element(group, element, *b"SQ", &value, 0);
        self
    }

    /// A coded concept.
    pub(super) fn code(self, group: u16, element: u16, [value, scheme, meaning]: [&str; 3]) -> Encoded {
        let code = Encoded::default().text(8, 0x100, "SH", value).text(8, 0x102, "SH", scheme).text(8, 0x104, "LO", meaning);
        self.sequence(group, element, &[code])
    }
}

/// A number in at most 16 letters, as near as they allow (PS3.5 6.2, DS).
fn decimal(value: f64) -> String {
    let plain = format!("{value}");
    if plain.len() <= 16 {
        return plain;
    }
    let fixed = (0..15).rev().map(|d| format!("{value:.d$}")).find(|t| t.len() <= 16);
    let scientific = (0..12).rev().map(|d| format!("{value:.d$e}")).find(|t| t.len() <= 16);
    let off = |t: &Option<String>| t.as_ref().and_then(|t| t.parse::<f64>().ok()).map_or(f64::INFINITY, |v| (v - value).abs());
    if off(&scientific) < off(&fixed) { scientific } else { fixed }.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_short_and_near() {
        assert_eq!(["0.5", "-1024", "0"], [0.5, -1024.0, 0.0].map(decimal).each_ref().map(String::as_str));
        for value in [std::f64::consts::PI, -1.0 / 3.0 * 1e-7, 123_456.789_012_345_68, -0.333_333_333_333_333_3] {
            let text = decimal(value);
            let near = text.parse::<f64>().map(|v| (v - value).abs() <= value.abs() * 1e-8);
            assert!(text.len() <= 16 && near == Ok(true), "{value}: {text}");
        }
    }

    #[test]
    fn elements_by_hand() {
        let one = Encoded::default().text(8, 0x60, "CS", "SEG").0;
        assert_eq!(one, [8, 0, 0x60, 0, b'C', b'S', 4, 0, b'S', b'E', b'G', b' ']);
        let nested = Encoded::default().sequence(8, 0x1140, &[Encoded::default().words(0x28, 2, "US", &[1])]).0;
        assert_eq!(nested, [8, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 18, 0, 0, 0, 0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0, 0x28, 0, 2, 0, b'U', b'S', 2, 0, 1, 0]);
    }
}
