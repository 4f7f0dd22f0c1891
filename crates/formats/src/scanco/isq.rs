//! ISQ: 128 integers, blocks of 512 bytes, 16-bit values.

use isovox_volume::{Error, Result, Type};
use serde_json::json;

use super::{Found, int, short};

/// What a file begins with.
pub(super) const MAGIC: &[u8] = b"CTDATA-HEADER_V1";

/// The number of blocks before the data stands at the header's end.
const OFFSET: usize = 508;

pub(super) fn read(head: &[u8]) -> Result<Found> {
    let number = |at: usize| int(head, at).ok_or_else(short);
    let three = |at: usize| Ok([number(at)?, number(at + 4)?, number(at + 8)?].map(i64::from));
    let (sizes, microns): ([i64; 3], [i64; 3]) = (three(44)?, three(56)?);
    let blocks = number(OFFSET)?;
    let data = u64::try_from(blocks).ok().and_then(|b| (b + 1).checked_mul(512));
    let data = data.ok_or_else(|| Error::corrupt("data offset").found(blocks).expected("a number of blocks"))?;
    // The header states the extent of the whole, not of a voxel.
    let spacing = std::array::from_fn(|i| microns[i] as f64 / 1000.0 / sizes[i] as f64);
    let meta = vec![
        ("scanner_id", json!(number(32)?)),
        ("slice_thickness_um", json!(number(68)?)),
        ("slice_increment_um", json!(number(72)?)),
        ("slice_1_position_um", json!(number(76)?)),
        ("mu_scaling", json!(number(88)?)),
        ("samples", json!(number(92)?)),
        ("projections", json!(number(96)?)),
        ("scanner_type", json!(number(104)?)),
        ("sample_time_us", json!(number(108)?)),
    ];
    Ok(Found { sizes, voxel: Type::I16, spacing, data, meta })
}
