//! Enhanced images: what each frame's functional groups say of it (PS3.3 C.7.6.16).

use isovox_volume::{Error, Result};

use super::fields::Fields;
use super::slice::Slice;

/// Groups that all frames share.
pub(super) const SHARED: (u16, u16) = (0x5200, 0x9229);

/// A frame's own groups, which come before shared ones.
pub(super) const PER_FRAME: (u16, u16) = (0x5200, 0x9230);

/// The frames of an enhanced image; `file` is what its header says of all.
///
/// Errors: `Corrupt` where there are not as many groups as frames.
pub(super) fn frames(file: &Slice, fields: &Fields) -> Result<Vec<Slice>> {
    // Once, whatever the number of frames.
    let shared = fields.item(SHARED.0, SHARED.1).map(|groups| framed(file, &groups));
    let file = shared.as_ref().unwrap_or(file);
    let mut frames = Vec::new();
    for (n, own) in fields.items(PER_FRAME.0, PER_FRAME.1).enumerate() {
        if n >= file.stored.frames {
            return Err(differ(file, "more"));
        }
        frames.push(Slice { frame: n, ..framed(file, &own) });
    }
    match (frames.len(), &shared) {
        (n, _) if n == file.stored.frames => Ok(frames),
        // One frame may say all in what is shared.
        (0, Some(shared)) if file.stored.frames == 1 => Ok(vec![shared.clone()]),
        (n, _) => Err(differ(file, &n.to_string())),
    }
}

fn differ(file: &Slice, found: &str) -> Error {
    Error::corrupt("frames")
        .found(format_args!("functional groups of {found}"))
        .expected(format_args!("{}, as NumberOfFrames says", file.stored.frames))
        .help("the file is cut off or damaged; copy it again")
        .within(file.input().path())
}

/// What groups say of a frame, over what the file or groups of all frames say.
fn framed(file: &Slice, groups: &Fields<'_>) -> Slice {
    let group = |group, element| groups.item(group, element);
    let mut frame = Slice { marks: file.marks.with(&group), ..file.clone() };
    if let Some(place) = group(0x0020, 0x9113).and_then(|g| g.array(0x0020, 0x0032)) {
        frame.position = Some(place);
    }
    if let Some(orientation) = group(0x0020, 0x9116).and_then(|g| g.array(0x0020, 0x0037)) {
        frame.orient(orientation);
    }
    if let Some(measures) = group(0x0028, 0x9110) {
        frame.spacing = measures.array(0x0028, 0x0030).or(frame.spacing);
        frame.thickness = measures.number(0x0018, 0x0050).or(frame.thickness);
        frame.between = measures.number(0x0018, 0x0088).or(frame.between);
    }
    if let Some(values) = group(0x0028, 0x9145) {
        frame.rescaled(&values);
    }
    frame.segment = group(0x0062, 0x000A).and_then(|g| g.number(0x0062, 0x000B)).map(|n| n as u16).or(frame.segment);
    frame
}
