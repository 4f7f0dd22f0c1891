//! AIM: lengths of the parts, a structure, a text of how it was made, the data.

use isovox_volume::{Error, Result, Type};
use serde_json::json;

use super::{Found, int, short};
use crate::input::Input;

/// What a file of version 030 begins with; 020 has no mark.
pub(super) const THIRTY: &[u8] = b"AIMDATA_V030";

/// Bytes of the mark, with blanks.
const MARK: usize = 16;

/// The longest text that is kept as metadata.
const LONGEST_LOG: u64 = 1 << 20;

/// Where things are in either version's structure, from its first byte.
struct Layout {
    /// The byte of the lengths; bytes of one.
    lengths: usize,
    width: usize,
    kind: usize,
    position: usize,
    dimension: usize,
    element: usize,
}

const TWENTY_LAYOUT: Layout = Layout { lengths: 0, width: 4, kind: 20, position: 24, dimension: 36, element: 108 };
const THIRTY_LAYOUT: Layout = Layout { lengths: MARK, width: 8, kind: 12, position: 16, dimension: 40, element: 184 };

pub(super) fn read(input: &Input, head: &[u8]) -> Result<Found> {
    let thirty = head.starts_with(THIRTY);
    let layout = if thirty { &THIRTY_LAYOUT } else { &TWENTY_LAYOUT };
    let number = |at: usize| long(head, at, layout.width).ok_or_else(short);
    let lengths = |i: usize| number(layout.lengths + i * layout.width);
    let wrong = || {
        Error::corrupt("AIM header").found(format_args!("lengths that no AIM has")).expected("version 020 or 030").help("this is not a Scanco AIM, or its first bytes are damaged")
    };
    let (own, structure, log) = (lengths(0)?, lengths(1)?, lengths(2)?);
    if own != 5 * layout.width as i64 || structure < 0 || log < 0 {
        return Err(wrong());
    }
    let first = layout.lengths + 5 * layout.width;
    let three = |at: usize| Ok([number(first + at)?, number(first + at + layout.width)?, number(first + at + 2 * layout.width)?]);
    let (position, sizes): ([i64; 3], [i64; 3]) = (three(layout.position)?, three(layout.dimension)?);
    let spacing = if thirty {
        // Nanometres.
        three(layout.element)?.map(|n| n as f64 / 1e6)
    } else {
        let at = |i: usize| head.get(first + layout.element + 4 * i..).and_then(|b| b.first_chunk()).copied().ok_or_else(short);
        [vax(at(0)?), vax(at(1)?), vax(at(2)?)]
    };
    let voxel = voxel(int(head, first + layout.kind).ok_or_else(short)?)?;
    let before = [structure, log].into_iter().try_fold(first as u64, |n, part| n.checked_add(part as u64));
    let data = before.filter(|&at| at <= input.len()).ok_or_else(wrong)?;
    let mut text = vec![0; (log as u64).min(LONGEST_LOG) as usize];
    input.read_at(data - log as u64, &mut text)?;
    let text = String::from_utf8_lossy(&text).trim_matches(['\0', ' ', '\n']).to_string();
    let meta = vec![("version", json!(if thirty { "030" } else { "020" })), ("position", json!(position)), ("processing_log", json!(text))];
    Ok(Found { sizes, voxel, spacing, data, meta })
}

fn long(bytes: &[u8], at: usize, width: usize) -> Option<i64> {
    match width {
        4 => int(bytes, at).map(i64::from),
        _ => Some(i64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?)),
    }
}

fn voxel(kind: i32) -> Result<Type> {
    // The lower half is the bytes of a value.
    Ok(match kind {
        0x0001_0001 => Type::I8,
        0x0016_0001 | 0x000d_0001 => Type::U8,
        0x0002_0002 => Type::I16,
        0x0017_0002 => Type::U16,
        0x0003_0004 => Type::I32,
        0x001a_0004 => Type::F32,
        other => {
            return Err(Error::unsupported("AIM type")
                .found(format_args!("{other:#010x}"))
                .expected("char, short, int or float, not packed")
                .help("save it unpacked with the scanner's software"));
        }
    })
}

/// A VAX F float: its halves are swapped, its exponent is two greater than IEEE's.
fn vax(bytes: [u8; 4]) -> f64 {
    let [a, b, c, d] = bytes;
    f64::from(f32::from_le_bytes([c, d, a, b])) / 4.0
}
