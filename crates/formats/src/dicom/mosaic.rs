//! Siemens mosaics: the slices of a volume as the tiles of one large image.
//!
//! Tiles lie in rows, the first at the top left; the image is square in tiles, and those that are left over are black. Its
//! position is that of the corner of an image as large as the sheet around the first slice's centre, so that the slice's
//! own corner lies half the difference further in (dcm2niix's notes on Siemens, nibabel's manual).

use isovox_volume::vector::length;
use isovox_volume::{Error, Result};

use super::csa;
use super::fields::Fields;
use super::slice::Slice;
use super::stored::Part;

/// Whether an image says that it is one.
pub(super) fn is_mosaic(file: &Slice) -> bool {
    file.marks.kind.split('\\').any(|word| word.trim() == "MOSAIC")
}

/// The slices of a mosaic. Errors: `Unsupported` where its header does not say how many tiles it has.
pub(super) fn tiles(file: &Slice, fields: &Fields) -> Result<Vec<Slice>> {
    let (rows, columns) = (file.stored.rows, file.stored.columns);
    let refused = |found: &str| {
        Error::unsupported("a Siemens mosaic").found(found).expected("the number of its tiles in the CSA header, or in AcquisitionMatrix").within(file.input().path())
    };
    let csa = |name: &str| csa::numbers(fields.csa()?, name);
    let stated = csa("NumberOfImagesInMosaic").and_then(|n| n.first().copied()).or_else(|| Some(f64::from(fields.private(0x0019, "SIEMENS MR HEADER", 0x0A)?.word()?)));
    let (count, side) = match stated {
        Some(n) if (1.0..=4096.0).contains(&n) => (n as usize, side(n as usize)),
        _ => {
            let side = by_matrix(fields, rows, columns).ok_or_else(|| refused("no number of tiles"))?;
            (side * side, side)
        }
    };
    if rows == 0 || rows % side > 0 || columns % side > 0 {
        return Err(refused(&format!("{columns}x{rows} pixels, which {side}x{side} tiles do not fill")));
    }
    let part = |k: usize| Part { row: k / side * (rows / side), column: k % side * (columns / side), rows: rows / side, columns: columns / side };
    let normal = csa("SliceNormalVector").and_then(|n| <[f64; 3]>::try_from(n).ok()).filter(|n| (length(*n) - 1.0).abs() < 1e-2).or_else(|| file.normal());
    let step = file.between.or(file.thickness).filter(|s| *s > 0.0);
    let place = corner(file, part(0)).zip(normal).zip(step);
    let at = |k: usize| place.map(|((corner, normal), step)| std::array::from_fn(|a| corner[a] + normal[a] * step * k as f64));
    Ok((0..count).map(|k| Slice { part: Some(part(k)), position: at(k), location: Some(k as f64), ..file.clone() }).collect())
}

/// Tiles along a side of the sheet.
fn side(count: usize) -> usize {
    (1..=64).find(|s| s * s >= count).unwrap_or(64)
}

/// Tiles along a side by the size of one as it was acquired: rows and columns, in frequency and in phase. A square one may be
/// acquired with fewer lines than it has.
fn by_matrix(fields: &Fields, rows: usize, columns: usize) -> Option<usize> {
    let sizes: Vec<usize> = fields.numbers(0x0018, 0x1310).iter().map(|&v| v as usize).filter(|&v| v > 0).collect();
    let (least, most) = (*sizes.iter().min()?, *sizes.iter().max()?);
    let side = |[down, across]: [usize; 2]| (rows % down + columns % across == 0 && rows / down == columns / across).then_some(rows / down);
    [[most, most], [least, most], [most, least]].into_iter().find_map(side).filter(|s| (1..=64).contains(s))
}

/// The centre of the first slice's first pixel.
fn corner(file: &Slice, tile: Part) -> Option<[f64; 3]> {
    let (position, [row, column], spacing) = (file.position?, file.orientation?, file.spacing?);
    let along = (file.stored.columns - tile.columns) as f64 / 2.0 * spacing[1];
    let down = (file.stored.rows - tile.rows) as f64 / 2.0 * spacing[0];
    Some(std::array::from_fn(|a| position[a] + row[a] * along + column[a] * down))
}
