//! Padding: stored values that stand for no measurement.
//!
//! `PixelPaddingValue`, with its range limit (PS3.3 C.7.5.1.1.2), and on CT the -2000 that scanners of one maker put around
//! their field of view without naming it; that value is padding only where it reaches the border of its slice.
//!
//! Headers are read without pixels, so opening names the value, and the count is known when the planes were pulled
//! ([`Source::found`](isovox_volume::Source::found), which `info --values` shows). Voxels stay as rescaled unless the user
//! names a value for them.

use isovox_volume::{Error, Header, QuantityKind, Result, Scalar, Type};

use super::slice::Slice;
use super::stored::Stored;
use super::values::Rescale;
use crate::open::Padding;

/// HU of air, as it is written for what was not measured.
const AIR: f64 = -1024.0;

/// What scanners put around their field of view.
const OUTSIDE: i64 = -2000;

/// What a plane's stored values show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Voxels of the value that the header names.
    pub(super) named: u64,
    /// Voxels of -2000 that reach the border.
    pub(super) outside: u64,
    pub(super) least: i64,
    pub(super) greatest: i64,
}

/// The stored value that scanners put around the field of view, where the header does not name it.
pub(super) fn unnamed(slice: &Slice) -> Option<i64> {
    let named = slice.stored.padding.is_some_and(|[low, high]| (low..=high).contains(&OUTSIDE));
    (slice.modality == "CT" && slice.stored.bits.signed && slice.stored.bits.stored > 11 && !named).then_some(OUTSIDE)
}

/// Whether a plane's stored values must be looked at.
pub(super) fn tells(stored: &Stored, unnamed: Option<i64>) -> bool {
    let integers = stored.voxel().is_integer();
    integers && (stored.padding.is_some() || unnamed.is_some() || stored.extremes.iter().any(Option::is_some))
}

/// What opening says of padding that headers name, before any voxel is read; `filled` where the user has named a value for it.
pub(super) fn named(slices: &[Slice], rescales: &[Rescale], filled: bool) -> Option<String> {
    let (slice, rescale) = slices.iter().zip(rescales).find(|(s, _)| s.stored.padding.is_some())?;
    let [low, high] = slice.stored.padding?;
    let which = if low == high { low.to_string() } else { format!("{low} to {high}") };
    if filled {
        return Some(format!("PixelPaddingValue {which}: such voxels are no measurement and are filled as --padding says"));
    }
    // A table may give any value; and what it gives is not what stands there.
    let becomes = match [low, high].map(|v| rescale.at(v as f64)) {
        _ if slice.stored.modality.is_some() => String::new(),
        [one, other] if one == other => format!(" as {one}"),
        [one, other] => format!(" as {} to {}", one.min(other), one.max(other)),
    };
    Some(format!("PixelPaddingValue {which}: such voxels are no measurement and stay{becomes}; --padding air or a number fills them"))
}

/// What the planes that were pulled have shown; of each whether it is a whole image.
pub(super) fn found(planes: &[(&Stored, bool, Seen)], filled: bool) -> Vec<String> {
    let mut found = Vec::new();
    let named: u64 = planes.iter().map(|(_, _, seen)| seen.named).sum();
    if named > 0 {
        found.push(format!("{named} voxels are padding (PixelPaddingValue)"));
    }
    let outside: u64 = planes.iter().map(|(_, _, seen)| seen.outside).sum();
    if outside > 0 {
        let help = if filled { "" } else { "; --padding air or a number fills them" };
        found.push(format!("{outside} voxels at the border are padding (stored {OUTSIDE}, outside the field of view){help}"));
    }
    let wrong: Vec<String> = planes.iter().filter_map(|(stored, whole, seen)| mismatch(stored, *seen).filter(|_| *whole)).collect();
    if let [first, others @ ..] = &wrong[..] {
        let more = if others.is_empty() { String::new() } else { format!("; and {} more images", others.len()) };
        found.push(format!("{first}{more}"));
    }
    found
}

/// Where the header states other extremes than its only frame has; those of padding may be left out.
fn mismatch(stored: &Stored, seen: Seen) -> Option<String> {
    let [low, high] = stored.extremes;
    let differs = low.is_some_and(|low| seen.least < low) || high.is_some_and(|high| high < seen.greatest);
    let unpadded = seen.named + seen.outside == 0 && (low.is_some_and(|l| l < seen.least) || high.is_some_and(|h| h > seen.greatest));
    if stored.frames != 1 || !(differs || unpadded) {
        return None;
    }
    let text = |v: Option<i64>| v.map_or("-".into(), |v| v.to_string());
    Some(format!("{}: stored values are {} to {}, its header says {} to {}", stored.input.name(), seen.least, seen.greatest, text(low), text(high)))
}

/// The voxel that fills padding, as bytes of a type.
///
/// Errors: `Parameter` for air in what is not in HU, and for a value that the type does not hold.
pub(super) fn fill(asked: Padding, header: &Header) -> Result<Vec<u8>> {
    let value = match asked {
        Padding::Value(value) => value,
        Padding::Air if header.quantity.kind == QuantityKind::Hu => AIR,
        Padding::Air => return Err(Error::parameter("--padding air").found(format_args!("{} values", header.quantity.kind.name())).expected("HU").help("name a number")),
    };
    let bytes = match header.voxel {
        Type::U16 => u16::from_f64(value).to_ne_bytes().to_vec(),
        Type::I16 => i16::from_f64(value).to_ne_bytes().to_vec(),
        Type::I32 => i32::from_f64(value).to_ne_bytes().to_vec(),
        Type::F32 => (value as f32).to_ne_bytes().to_vec(),
        Type::F64 => value.to_ne_bytes().to_vec(),
        other => return Err(Error::parameter("--padding").found(format_args!("{other} voxels")).expected("numbers")),
    };
    let kept = match header.voxel {
        Type::U16 => f64::from(u16::from_f64(value)),
        Type::I16 => f64::from(i16::from_f64(value)),
        Type::I32 => f64::from(i32::from_f64(value)),
        _ => value,
    };
    if kept == value { Ok(bytes) } else { Err(Error::parameter(format_args!("--padding {value}")).expected(format_args!("a value of {}", header.voxel))) }
}

/// Looks at a plane of whole stored values; `mask` becomes 1 where they are padding.
pub(super) fn look(values: &[u8], voxel: Type, columns: usize, named: Option<[i64; 2]>, unnamed: Option<i64>, mask: &mut Vec<u8>) -> Seen {
    match voxel {
        Type::U8 => seen(values, columns, named, unnamed, mask, |[b]: [u8; 1]| i32::from(b)),
        Type::I8 => seen(values, columns, named, unnamed, mask, |[b]: [u8; 1]| i32::from(b as i8)),
        Type::U16 => seen(values, columns, named, unnamed, mask, |b| i32::from(u16::from_ne_bytes(b))),
        Type::I16 => seen(values, columns, named, unnamed, mask, |b| i32::from(i16::from_ne_bytes(b))),
        Type::U32 => seen(values, columns, named, unnamed, mask, |b| i64::from(u32::from_ne_bytes(b))),
        _ => seen(values, columns, named, unnamed, mask, |b| i64::from(i32::from_ne_bytes(b))),
    }
}

fn seen<const N: usize, V>(values: &[u8], columns: usize, named: Option<[i64; 2]>, unnamed: Option<i64>, mask: &mut Vec<u8>, number: impl Fn([u8; N]) -> V) -> Seen
where
    V: Copy + Ord + Into<i64> + TryFrom<i64>,
{
    let words = values.as_chunks::<N>().0;
    mask.clear();
    let Some(first) = words.first().map(|&word| number(word)) else { return Seen::default() };
    let (mut least, mut greatest) = (first, first);
    // What a header names has 16 bits.
    let named = named.and_then(|[low, high]| Some([V::try_from(low).ok()?, V::try_from(high).ok()?]));
    mask.extend(words.iter().map(|&word| {
        let value = number(word);
        least = least.min(value);
        greatest = greatest.max(value);
        u8::from(named.is_some_and(|[low, high]| low <= value && value <= high))
    }));
    let (least, greatest) = (least.into(), greatest.into());
    let named = mask.iter().map(|&m| u64::from(m)).sum();
    let outside = unnamed.filter(|&u| least <= u).map_or(0, |value| flood(mask, columns, |i| number(words[i]).into() == value));
    Seen { named, outside, least, greatest }
}

/// Marks what `is` holds for and reaches the border through its four neighbours; how many.
fn flood(mask: &mut [u8], columns: usize, is: impl Fn(usize) -> bool) -> u64 {
    let rows = mask.len() / columns;
    let sides = (0..rows).flat_map(|y| [y * columns, (y + 1) * columns - 1]);
    let mut open: Vec<usize> = (0..columns).chain((rows - 1) * columns..rows * columns).chain(sides).collect();
    let mut count = 0;
    while let Some(i) = open.pop() {
        if mask[i] != 0 || !is(i) {
            continue;
        }
        mask[i] = 1;
        count += 1;
        let (y, x) = (i / columns, i % columns);
        open.extend((x > 0).then(|| i - 1));
        open.extend((x + 1 < columns).then(|| i + 1));
        open.extend((y > 0).then(|| i - columns));
        open.extend((y + 1 < rows).then(|| i + columns));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(values: &[i16], named: Option<[i64; 2]>, unnamed: Option<i64>) -> (Seen, Vec<u8>) {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
        let mut mask = Vec::new();
        (look(&bytes, Type::I16, 4, named, unnamed, &mut mask), mask)
    }

    #[test]
    fn what_reaches_the_border_is_outside() {
        let o = OUTSIDE as i16;
        // By hand: a corner of three, one at the right side, and one within that reaches no border.
        let plane = [o, o, 5, 5, o, 5, 5, o, 5, 5, o, 5, 5, 5, 5, 5, 5, 5, 5, 5];
        let plane = [&plane[..8], &[5, o, 5, 5, 5, 5, 5, 5, 5, 5, 5, 7]].concat();
        let (seen, mask) = looked(&plane, None, Some(OUTSIDE));
        assert_eq!((seen, mask.iter().map(|&m| u32::from(m)).sum::<u32>()), (Seen { named: 0, outside: 4, least: -2000, greatest: 7 }, 4));
        assert_eq!((mask[9], mask[0], mask[7]), (0, 1, 1));
    }

    #[test]
    fn named_values_count_wherever_they_lie() {
        let (seen, mask) = looked(&[1, 2, 3, 4, 5, 6, 7, 8], Some([3, 5]), Some(OUTSIDE));
        assert_eq!((seen, mask), (Seen { named: 3, outside: 0, least: 1, greatest: 8 }, vec![0, 0, 1, 1, 1, 0, 0, 0]));
    }
}
