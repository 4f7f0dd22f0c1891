//! Segmentations of 3D Slicer: labels, and what each is called.

use std::collections::BTreeMap;

use isovox_volume::{Header, Quantity, QuantityKind};
use serde_json::{Value, json};

use super::header::Fields;

/// Takes over what the keys `Segment0_ID`, `Segment0_Name` and so on say. Segments that overlap lie in layers, whose labels
/// are numbered each on its own.
pub(super) fn take(fields: &Fields, header: &mut Header) {
    let said = |n: usize, key: &str| fields.pair(&format!("Segment{n}_{key}"));
    if !header.voxel.is_integer() || said(0, "ID").is_none() {
        return;
    }
    header.quantity = Quantity::certain(QuantityKind::Label, "segments of 3D Slicer (Segment0_ID)");
    let frames = header.frames.count;
    let mut layers: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for n in (0..).take_while(|&n| said(n, "ID").is_some()) {
        // Older files say neither: each segment is a mask of its own.
        let number = |key: &str, unsaid: usize| said(n, key).map_or(Some(unsaid), |value| value.trim().parse().ok());
        let (Some(layer), Some(value)) = (number("Layer", if frames == 1 { 0 } else { n }), number("LabelValue", 1)) else { continue };
        layers.entry(layer).or_default().push(json!({"number": value, "label": said(n, "Name").unwrap_or_default()}));
    }
    if frames == 1 {
        header.meta.insert("segments".into(), layers.remove(&0).unwrap_or_default().into());
        return;
    }
    header.meta.insert("layers".into(), layers.into_iter().filter(|(layer, _)| *layer < frames).map(|(layer, segments)| json!({"frame": layer, "segments": segments})).collect());
    header.warnings.push("segments lie in layers, since they may overlap: each layer is a frame of its own".into());
}
