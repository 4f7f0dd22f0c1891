//! Who the patient is, masked in a DICOM JSON model (PS3.15 table E.1-1: patient, physicians, operators, institution,
//! accession, comments, dates of birth, the devices of an institution; private text). Study dates and UIDs stay: users choose by them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::names::Names;

/// What stands for what is masked.
const MASK: &str = "***";

/// Groups whose every element tells of a person or an order: patient, trial subject, study request, visit, results.
const GROUPS: [&str; 5] = ["0010", "0012", "0032", "0038", "4008"];

/// Groups whose texts are about persons, and whose numbers are about doses: procedures, captions of films, plans and
/// prescriptions of radiotherapy.
const TOLD: [&str; 4] = ["0040", "2030", "300A", "3010"];

/// Elements of other groups. What users choose by stays, unless it repeats a name: descriptions of studies and series, names
/// of regions (`ROIName`).
const TAGS: [&str; 129] = [
    "00080050", "00080051", "00080054", "00080055", "00080080", "00080081", "00080082", "00080090", "00080092", "00080094", "00080096", "0008009C", "0008009D", "00081010",
    "00081040", "00081041", "00081048", "00081049", "00081050", "00081052", "00081060", "00081062", "00081070", "00081072", "00081080", "00081084", "00081120", "00082111",
    "00084000", "0016002B", "0016004B", "0016004D", "0016004F", "00160050", "00160051", "00181000", "00181003", "00181004", "00181005", "00181006", "00181007", "00181008",
    "00181009", "0018100A", "00181010", "00181011", "00181400", "00184000", "00185011", "0018700A", "00189185", "00189367", "00189371", "00189373", "0018937B", "0018937F",
    "00189424", "0018991A", "00189937", "0018A003", "00200010", "00203401", "00203404", "00203406", "00204000", "00209158", "00284000", "00400001", "00400241", "00401101",
    "00404009", "00404025", "00404027", "00404028", "00404030", "00404034", "00404035", "0040A088", "00420010", "00420011", "0050001B", "00500020", "00500021", "00700006",
    "00700084", "00700086", "00700208", "0072005E", "00720065", "00720066", "00720068", "0072006C", "0072006D", "0072006E", "00720070", "00720071", "00741234", "00741236",
    "00880904", "00880906", "00880910", "00880912", "04000115", "04000310", "04000552", "04000561", "21000070", "21000140", "21000160", "22000002", "22000005", "30020121",
    "30020123", "30060002", "30060004", "30060006", "30060028", "30060038", "30060085", "30060088", "300600A6", "300600C8", "30080105", "300C0113", "300E0008", "40000010",
    "40004000", "FFFAFFFA", "FFFCFFFC",
];

/// Where a camera was (GPS).
const POSITIONING: [&str; 2] = ["0016007", "0016008"];

/// When the patient was born.
const BIRTH: &str = "00100030";

/// Value representations that stay whatever they repeat: users choose by them, and a study may be of the day of a birth.
const KEPT: [&str; 5] = ["UI", "DA", "DT", "TM", "AT"];

/// Value representations of text, in which anybody may be named.
const TEXT: [&str; 8] = ["LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR"];

/// In private elements these are masked too: bytes may hold text.
const PRIVATE: [&str; 10] = ["AE", "AS", "CS", "DA", "DT", "TM", "OB", "OW", "UN", "OL"];

/// Whether a key is an element's tag in the JSON model.
fn is_tag(key: &str) -> bool {
    key.len() == 8 && key.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a map is a data set of the JSON model.
pub fn is_model(map: &Map<String, Value>) -> bool {
    map.iter().any(|(key, value)| is_tag(key) && value.get("vr").is_some())
}

fn names_somebody(tag: &str, vr: &str) -> bool {
    let group = &tag[..4];
    let private = u16::from_str_radix(group, 16).is_ok_and(|g| g % 2 == 1);
    let creator = private && &tag[4..6] == "00";
    let text = TEXT.contains(&vr);
    vr == "PN"
        || GROUPS.contains(&group)
        || TOLD.contains(&group) && (text || vr == "UN")
        || POSITIONING.iter().any(|begin| tag.starts_with(begin))
        || TAGS.contains(&tag)
        || private && !creator && (text || PRIVATE.contains(&vr))
        || tag.starts_with("60") && &tag[4..] == "4000"
}

/// A data set of the JSON model as it may be shown: what names somebody is `***`, at every depth, and so is a text that
/// repeats a name or number of theirs, and bytes that do.
pub fn masked(map: &Map<String, Value>) -> Map<String, Value> {
    let mut names = Names::default();
    gather(map, &mut names);
    hidden(map, &names)
}

/// The texts of what is masked.
fn gather(map: &Map<String, Value>, names: &mut Names) {
    for (tag, element) in map.iter().filter(|(tag, _)| is_tag(tag)) {
        let vr = element["vr"].as_str().unwrap_or_default();
        let person = tag.starts_with("0010") && matches!(vr, "LO" | "SH") || tag == "00080050" || tag == "00080080";
        for value in element["Value"].as_array().into_iter().flatten() {
            match value {
                Value::String(text) if tag == BIRTH => names.add_birth(text),
                Value::String(text) if person => names.add(text),
                Value::Object(parts) if vr == "PN" => parts.values().filter_map(Value::as_str).for_each(|name| names.add(name)),
                Value::Object(item) => gather(item, names),
                _ => {}
            }
        }
    }
}

fn hidden(map: &Map<String, Value>, names: &Names) -> Map<String, Value> {
    map.iter().map(|(tag, element)| (tag.clone(), if is_tag(tag) { shown(tag, element, names) } else { element.clone() })).collect()
}

fn shown(tag: &str, element: &Value, names: &Names) -> Value {
    let vr = element["vr"].as_str().unwrap_or_default();
    let empty = element.get("Value").is_none() && element.get("InlineBinary").is_none() && element.get("BulkDataURI").is_none();
    let bytes = element["InlineBinary"].as_str().and_then(|text| STANDARD.decode(text).ok());
    if names_somebody(tag, vr) && !empty || bytes.is_some_and(|bytes| names.told_in(&bytes)) {
        return json!({ "vr": vr, "Value": [MASK] });
    }
    let Some(values) = element.get("Value").and_then(Value::as_array) else { return element.clone() };
    let values: Vec<Value> = values
        .iter()
        .map(|value| match value {
            Value::Object(item) => Value::Object(hidden(item, names)),
            Value::String(text) if !KEPT.contains(&vr) => Value::String(scrubbed(text, names)),
            other => other.clone(),
        })
        .collect();
    json!({ "vr": vr, "Value": values })
}

/// A text, `***` where it repeats one of the names.
pub(super) fn scrubbed(text: &str, names: &Names) -> String {
    if names.told(text) { MASK.into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_are_masked_and_what_users_choose_by_stays() {
        let model = json!({
            "00080020": {"vr": "DA", "Value": ["20200101"]},
            "00080080": {"vr": "LO", "Value": ["Clinic"]},
            "0008103E": {"vr": "LO", "Value": ["thorax 5mm"]},
            "00081030": {"vr": "LO", "Value": ["thorax of Muster"]},
            "00081110": {"vr": "SQ", "Value": [{"00080090": {"vr": "PN", "Value": [{"Alphabetic": "Doc"}]}, "00081150": {"vr": "UI", "Value": ["1.2"]}}]},
            "00090010": {"vr": "LO", "Value": ["MAKER"]},
            "00091001": {"vr": "LO", "Value": ["Muster"]},
            "00091002": {"vr": "FD", "Value": [1.5]},
            "00091003": {"vr": "UN", "InlineBinary": "TXVzdGVy"},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Muster^Erika"}]},
            "00100020": {"vr": "LO"},
            "00100030": {"vr": "DA", "Value": ["20200101"]},
            "00160072": {"vr": "DS", "Value": [47.4]},
            "00180015": {"vr": "CS", "Value": ["MUSTER"]},
            "00180024": {"vr": "SH", "Value": ["AX T2 FLAIR"]},
            "00181000": {"vr": "LO", "Value": ["77"]},
            "0020000E": {"vr": "UI", "Value": ["1.2.3"]},
            "00200010": {"vr": "SH", "Value": ["5"]},
            "00204000": {"vr": "LT", "Value": ["as told"]},
            "00281201": {"vr": "OW", "InlineBinary": "TXVzdGVy"},
            "00281202": {"vr": "OW", "InlineBinary": "AAECAw=="},
            "00400275": {"vr": "UN", "InlineBinary": "AAECAw=="},
            "00700006": {"vr": "ST", "Value": ["left"]},
            "20300020": {"vr": "LO", "Value": ["left"]},
            "30060026": {"vr": "LO", "Value": ["Heart"]},
            "30060028": {"vr": "ST", "Value": ["left"]},
            "300A0004": {"vr": "ST", "Value": ["left"]}
        });
        let Value::Object(map) = &model else { unreachable!("an object") };
        let shown = Value::Object(masked(map));
        for kept in ["00080020", "0008103E", "00090010", "00091002", "00100020", "00180024", "0020000E", "00281202", "30060026"] {
            assert_eq!(shown[kept], model[kept], "{kept}");
        }
        for hidden in [
            "00080080", "00081030", "00091001", "00091003", "00100010", "00100030", "00160072", "00180015", "00181000", "00200010", "00204000", "00281201", "00400275", "00700006",
            "20300020", "30060028", "300A0004",
        ] {
            assert_eq!(shown[hidden]["Value"], json!([MASK]), "{hidden}");
        }
        assert_eq!(shown["00081110"]["Value"][0]["00080090"]["Value"], json!([MASK]));
        assert_eq!(shown["00081110"]["Value"][0]["00081150"]["Value"], json!(["1.2"]));
    }
}
