//! Provenance inside files: one text, `isovox ` and JSON on one line, wherever a format has room for a comment.

use isovox_volume::{Geometry, Space};
use serde_json::{Value, json};

const MARK: &str = "isovox ";

/// The longest embedded text that is read back; longer comments are somebody else's. Parsed JSON takes up to thirty times
/// its text, which a small compressed file can hold.
pub const LONGEST: usize = 4 << 20;

/// What is embedded. A volume without scale says so even when nothing else is known of how it was made: files
/// that must state a spacing would otherwise give it one.
pub fn text(provenance: Option<&str>, geometry: &Geometry) -> Option<String> {
    let voxel = geometry.space() == Space::Voxel;
    let mut value: Value = match provenance {
        Some(json) => serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.into())),
        None if voxel => json!({}),
        None => return None,
    };
    if let (true, Some(object)) = (voxel, value.as_object_mut()) {
        object.insert("space".into(), Space::Voxel.name().into());
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
    provenance.and_then(|p| p.get("space")).and_then(Value::as_str) == Some(Space::Voxel.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_without_scale_says_so() {
        let text = text(Some("{\"isovox\": \"1\",\n \"steps\": []}"), &Geometry::voxel()).unwrap();
        assert!(!text.contains('\n'));
        assert!(says_voxel(parse(&text).as_ref()));
        assert!(self::text(None, &Geometry::local([1.0; 3]).unwrap()).is_none());
        assert!(says_voxel(parse(&self::text(None, &Geometry::voxel()).unwrap()).as_ref()));
    }

    #[test]
    fn other_comments_are_not_ours() {
        assert!(parse("made by hand").is_none());
        assert!(parse("isovox {").is_none());
    }
}
