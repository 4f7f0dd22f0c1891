//! Provenance inside files: one text, `isovox ` and JSON on one line, wherever a format has room for a comment.

use isovox_volume::{Certainty, Header, Problem, Quantity, QuantityKind, SliceRow, Space, Verdict};
use serde_json::{Value, json};

const MARK: &str = "isovox ";

const SPACE: &str = "space";

const QUANTITY: &str = "quantity";

const SLICES: &str = "slices";

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

/// Takes over what an earlier run says of the values, and of slices that it wrote as they were though no affine places them.
pub fn obey(provenance: Option<&Value>, header: &mut Header) {
    let said = provenance.and_then(|p| p.get(QUANTITY)).and_then(Value::as_str);
    let fits = |kind: &QuantityKind| if *kind == QuantityKind::Hu { header.voxel.is_scalar() } else { header.voxel.is_integer() };
    if let Some(kind) = MEANINGS.into_iter().find(|k| Some(k.name()) == said).filter(fits) {
        let unit = (kind == QuantityKind::Hu).then(|| "HU".to_string());
        header.quantity = Quantity { unit, ..Quantity::certain(kind, "isovox wrote it so") };
    }
    if let Some(slices) = provenance.and_then(|p| p.get(SLICES)?.as_array()).and_then(|rows| slices(rows, header)) {
        let text = "slices that are not evenly spaced, written as they were: their true places are in the provenance";
        header.verdict = Verdict { uniform: Some(false), problems: vec![Problem::Gaps], kept: false, slices: slices.into(), text: text.into(), ..header.verdict.clone() };
    }
}

/// The slices of an earlier run; `None` where they are not those of this grid: another program may have changed it since.
fn slices(rows: &[Value], header: &Header) -> Option<Vec<SliceRow>> {
    let origin = header.geometry.origin()?;
    let near = header.geometry.spacing()?.into_iter().fold(f64::INFINITY, f64::min) * 0.1;
    let number = |v: &Value| v.as_f64().filter(|v| v.is_finite());
    let row = |row: &Value| {
        let place = row.get("place_mm")?.as_array().filter(|p| p.len() == 3)?.iter().map(number).collect::<Option<Vec<f64>>>()?;
        let file = row.get("file").and_then(Value::as_str).unwrap_or_default().to_string();
        Some(SliceRow { file, place_mm: Some([place[0], place[1], place[2]]), position_mm: row.get("position_mm").and_then(number), ..SliceRow::default() })
    };
    let mut rows = rows.iter().map(row).collect::<Option<Vec<SliceRow>>>().filter(|r| r.len() == header.nz() * header.frames.count)?;
    let first = rows.first()?.place_mm?;
    if (0..3).any(|a| (first[a] - origin[a]).abs() > near) {
        return None;
    }
    for k in (1..rows.len()).filter(|k| k % header.nz() != 0) {
        rows[k].gap_mm = rows[k].position_mm.zip(rows[k - 1].position_mm).map(|(b, a)| b - a);
    }
    Some(rows)
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
    fn slices_that_no_affine_places_are_read_back() {
        let told = |z: [f64; 3]| json!({"slices": z.map(|z| json!({"file": "a.dcm", "position_mm": z, "place_mm": [1.0, 2.0, z]}))});
        let header = |nz: usize| {
            let mut header = Header::new([nz, 1, 1], 1, Type::U8).unwrap();
            header.geometry = Geometry::local([1.0, 1.0, 5.0]).unwrap().at([1.0, 2.0, 10.0]);
            header.verdict = Verdict::uniform("said");
            header
        };
        let read = |nz: usize, z: [f64; 3]| {
            let mut header = header(nz);
            obey(Some(&told(z)), &mut header);
            header
        };
        let kept = read(3, [10.0, 15.0, 25.0]);
        assert!(kept.even().is_err() && kept.verdict.slices[2].gap_mm == Some(10.0));
        assert_eq!(kept.places().unwrap()[2], [1.0, 2.0, 25.0]);
        // Another grid since.
        assert!(read(2, [10.0, 15.0, 25.0]).even().is_ok() && read(3, [90.0, 95.0, 105.0]).even().is_ok());
    }

    #[test]
    fn other_comments_are_not_ours() {
        assert!(parse("made by hand").is_none());
        assert!(parse("isovox {").is_none());
    }
}
