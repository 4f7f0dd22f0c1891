//! Frames of images without functional groups: dose grids, nuclear medicine, cine.

use isovox_volume::{Error, Result};

use super::fields::Fields;
use super::marks::Key;
use super::slice::Slice;

/// Frames that need no word of their own in the header.
const MOST: usize = 1 << 16;

/// `SliceVector`: the frame's slice, from 1 (PS3.3 C.8.4.8).
const SLICES: (u16, u16) = (0x0054, 0x0080);

/// `TimeSliceVector`, `TimeSlotVector`, `PhaseVector`: the frame's place in time, from 1.
const TIMES: [(u16, u16); 3] = [(0x0054, 0x0100), (0x0054, 0x0070), (0x0054, 0x0030)];

/// The frames of a file. Errors: `Unsupported` for more of them than any scanner writes.
pub(super) fn frames(file: &Slice, fields: &Fields) -> Result<Vec<Slice>> {
    let count = file.stored.frames;
    if count > MOST {
        let error = Error::unsupported("frames without functional groups").found(count).expected(format_args!("at most {MOST}"));
        return Err(error.within(file.input().path()));
    }
    let offsets = fields.numbers(0x3004, 0x000C);
    if count > 1 && offsets.len() == count {
        return Ok(dose(file, &offsets));
    }
    let pointed = fields.tags(0x0028, 0x0009);
    let slices = fields.numbers(SLICES.0, SLICES.1);
    if pointed.contains(&SLICES) && slices.len() == count {
        return Ok(nuclear(file, fields, &slices));
    }
    let times = times(fields, count);
    let frame = |n: usize| Slice { frame: n, marks: file.marks.clone().and(Key::Reference, times.get(n).copied()), ..file.clone() };
    Ok((0..count).map(frame).collect())
}

/// Planes of a dose grid: offsets along the normal from the position, or, where the first is none, z in the patient of an
/// axial grid (PS3.3 C.8.8.3.2).
fn dose(file: &Slice, offsets: &[f64]) -> Vec<Slice> {
    let first = offsets[0];
    let at = |offset: f64| {
        let (position, normal) = file.position.zip(file.normal())?;
        let along = if first == 0.0 { offset } else { (offset - first) * normal[2].signum() };
        Some(std::array::from_fn(|a| position[a] + normal[a] * along))
    };
    offsets.iter().enumerate().map(|(n, &offset)| Slice { frame: n, position: at(offset), location: Some(offset), ..file.clone() }).collect()
}

/// Slices of a reconstruction: from the first one's position along the normal (PS3.3 C.8.4.15).
fn nuclear(file: &Slice, fields: &Fields, slices: &[f64]) -> Vec<Slice> {
    let mut file = file.clone();
    if let Some(detector) = fields.item(0x0054, 0x0022) {
        file.position = file.position.or_else(|| detector.array(0x0020, 0x0032));
        if let Some(orientation) = detector.array(0x0020, 0x0037).filter(|_| file.orientation.is_none()) {
            file.orient(orientation);
        }
    }
    let step = file.between.or(file.thickness).filter(|s| *s != 0.0);
    let times = TIMES.iter().map(|t| fields.numbers(t.0, t.1)).find(|t| t.len() == slices.len()).unwrap_or_default();
    let at = |slice: f64| {
        let ((position, normal), step) = file.position.zip(file.normal()).zip(step)?;
        Some(std::array::from_fn(|a| position[a] + normal[a] * step * (slice - 1.0)))
    };
    let frame = |(n, &slice): (usize, &f64)| {
        let marks = file.marks.clone().and(Key::Temporal, times.get(n).copied());
        Slice { frame: n, position: at(slice), location: Some(slice), marks, ..file.clone() }
    };
    slices.iter().enumerate().map(frame).collect()
}

/// ms of each frame since the first, where the header counts them (PS3.3 C.7.6.5).
fn times(fields: &Fields, count: usize) -> Vec<f64> {
    let steps = fields.numbers(0x0018, 0x1065);
    if steps.len() == count {
        return steps
            .iter()
            .scan(0.0, |sum, step| {
                *sum += step;
                Some(*sum)
            })
            .collect();
    }
    match fields.number(0x0018, 0x1063) {
        Some(step) if step > 0.0 => (0..count).map(|n| n as f64 * step).collect(),
        _ => Vec::new(),
    }
}
