//! Who the patient is stays masked unless asked for.

use isovox_formats::dicom::mask;
use serde_json::Value;

/// Words in a key that name a person, a place, or free text in which either may stand (PS3.15 Table E.1-1).
const WORDS: &[&str] = &[
    "patient",
    "physician",
    "operator",
    "institution",
    "accession",
    "comment",
    "descrip",
    "birth",
    "referring",
    "performing",
    "requesting",
    "station",
    "aux_file",
    "db_name",
    "intent_name",
    "history",
    "info",
];

/// DICOM groups and elements of the same, as other writers copy them into headers (`0010|0010`).
const TAGS: &[&str] = &["0010|", "0008|0050", "0008|0080", "0008|0081", "0008|0090", "0008|1010", "0008|1040", "0008|1048", "0008|1050", "0008|1070", "0020|4000", "0032|"];

fn names_somebody(key: &str) -> bool {
    let key = key.to_lowercase();
    WORDS.iter().any(|w| key.contains(w)) || TAGS.iter().any(|t| key.starts_with(t))
}

/// A header as it may be shown: what names somebody is `***`, at every depth.
pub(crate) fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) if mask::is_model(map) => Value::Object(mask::masked(map)),
        Value::Object(map) => map.iter().map(|(key, v)| (key.clone(), if names_somebody(key) && !empty(v) { "***".into() } else { masked(v) })).collect(),
        Value::Array(list) => list.iter().map(masked).collect(),
        other => other.clone(),
    }
}

fn empty(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str().is_some_and(|t| t.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_masked_at_every_depth() {
        let header = json!({"PatientName": "A", "dim": [1, 2], "tags": {"0010|0020": "7", "0028|0010": "512"}, "descrip": "", "aux": [{"Comment": "x"}]});
        let shown = json!({"PatientName": "***", "dim": [1, 2], "tags": {"0010|0020": "***", "0028|0010": "512"}, "descrip": "", "aux": [{"Comment": "***"}]});
        assert_eq!(masked(&header), shown);
    }
}
