//! Provenance inside files: one text, `isovox ` and JSON on one line, wherever a format has room for a comment.

use isovox_volume::{Certainty, Header, Quantity, QuantityKind, Space};
use serde_json::{Value, json};

const MARK: &str = "isovox ";

const SPACE: &str = "space";

const QUANTITY: &str = "quantity";

/// Meanings that no format states; masks and labels are integers.
const MEANINGS: [QuantityKind; 3] = [QuantityKind::Mask, QuantityKind::Label, QuantityKind::Hu];

/// The longest embedded text that is read back; longer comments are somebody else's. Parsed JSON takes up to thirty times
/// its text, which a small compressed file can hold.
pub const LONGEST: usize = 4 << 20;

/// What is embedded. A volume without scale says so even when nothing else is known of how it was made: files
/// that must state a spacing would otherwise give it one. Masks, labels and certain Hounsfield units say so too: no format
/// tells them from numbers.
pub fn text(provenance: Option<&str>, header: &Header) -> Option<String> {
    let voxel = header.geometry.space() == Space::Voxel;
    let sure = header.quantity.certain == Certainty::Certain;
    let meaning = Some(header.quantity.kind).filter(|k| MEANINGS.contains(k) && (sure || *k != QuantityKind::Hu));
    let mut value: Value = match provenance {
        Some(json) => serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.into())),
        None if voxel || meaning.is_some() => json!({}),
        None => return None,
    };
    if let Some(object) = value.as_object_mut() {
        object.extend(voxel.then(|| (SPACE.into(), Space::Voxel.name().into())));
        object.extend(meaning.map(|kind| (QUANTITY.into(), kind.name().into())));
    }
    Some(format!("{MARK}{value}"))
}

/// The JSON of an embedded text; `None` for any other text.
pub fn parse(text: &str) -> Option<Value> {
    let json = text.trim_matches(['\0', ' ', '\r', '\n']).strip_prefix(MARK)?;
    serde_json::from_str(json).ok()
}

/// Whether it says that the volume has no scale.
pub fn says_voxel(provenance: Option<&Value>) -> bool {
    provenance.and_then(|p| p.get(SPACE)).and_then(Value::as_str) == Some(Space::Voxel.name())
}

/// Takes over what an earlier run says that the values are.
pub fn obey(provenance: Option<&Value>, header: &mut Header) {
    let said = provenance.and_then(|p| p.get(QUANTITY)).and_then(Value::as_str);
    let fits = |kind: &QuantityKind| if *kind == QuantityKind::Hu { header.voxel.is_scalar() } else { header.voxel.is_integer() };
    if let Some(kind) = MEANINGS.into_iter().find(|k| Some(k.name()) == said).filter(fits) {
        let unit = (kind == QuantityKind::Hu).then(|| "HU".to_string());
        header.quantity = Quantity { unit, ..Quantity::certain(kind, "isovox wrote it so") };
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::{Geometry, Type};

    use super::*;

    #[test]
    fn a_volume_without_scale_says_so() {
        let mut header = Header::new([1, 1, 1], 1, Type::U8).unwrap();
        let text = text(Some("{\"isovox\": \"1\",\n \"steps\": []}"), &header).unwrap();
        assert!(!text.contains('\n'));
        assert!(says_voxel(parse(&text).as_ref()));
        assert!(says_voxel(parse(&self::text(None, &header).unwrap()).as_ref()));
        header.geometry = Geometry::local([1.0; 3]).unwrap();
        assert!(self::text(None, &header).is_none());
    }

    #[test]
    fn what_values_mean_is_read_back() {
        for kind in MEANINGS {
            let mut header = Header::new([1, 1, 1], 1, Type::U8).unwrap();
            let told = text(Some("{}"), &header.like(Type::U8, Quantity::certain(kind, "a test"))).unwrap();
            obey(parse(&told).as_ref(), &mut header);
            assert_eq!(header.quantity.kind, kind);
            let mut float = Header::new([1, 1, 1], 1, Type::F32).unwrap();
            obey(parse(&told).as_ref(), &mut float);
            let expect = if kind == QuantityKind::Hu { kind } else { QuantityKind::Stored };
            assert_eq!(float.quantity.kind, expect, "floats are neither masks nor labels");
        }
    }

    #[test]
    fn other_comments_are_not_ours() {
        assert!(parse("made by hand").is_none());
        assert!(parse("isovox {").is_none());
    }
}
