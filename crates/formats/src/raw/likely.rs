//! What a byte count could be: shapes and types proposed to the user, never taken.

use isovox_volume::Type;

/// Widths of voxels in bytes, and the types of each.
const WIDTHS: [(usize, &str); 4] = [(1, "u8"), (2, "u16 or i16"), (4, "f32, i32 or u32"), (8, "f64")];

/// Shapes that so many bytes could be, as help: `the bytes could be --size 128x128x128 --type u8, or ..`.
pub(super) fn shapes(len: u64, width: Option<usize>) -> String {
    let found: Vec<String> = WIDTHS
        .iter()
        .filter(|(w, _)| width.is_none_or(|only| only == *w) && len.is_multiple_of(*w as u64))
        .filter_map(|(w, types)| near_cube(len / *w as u64).map(|[x, y, z]| format!("--size {x}x{y}x{z} --type {types}")))
        .collect();
    match found.len() {
        0 => "give --size XxYxZ and --type u8..f64; a header before the voxels is --offset N".into(),
        _ => format!("give --size and --type; the bytes could be {}", found.join(", or ")),
    }
}

/// Types that a shape could have, as help.
pub(super) fn types(size: [usize; 3], len: u64) -> String {
    match voxels(size).and_then(|n| width(n, len)) {
        Some((_, types)) => format!("give --type {types}: that fits the bytes"),
        None => "give --type u8..f64; a header before the voxels is --offset N".into(),
    }
}

/// The same shape with a type that fits.
pub(super) fn same_size(size: [usize; 3], len: u64) -> Option<String> {
    let (_, types) = width(voxels(size)?, len)?;
    Some(format!("--size {}x{}x{} --type {types} fits", size[2], size[1], size[0]))
}

/// The unsigned type of one byte where a shape has as many voxels as there are bytes.
pub(super) fn bytes(size: [usize; 3], len: u64) -> Option<Type> {
    (voxels(size)? == len).then_some(Type::U8)
}

fn voxels(size: [usize; 3]) -> Option<u64> {
    size.iter().try_fold(1u64, |n, &s| n.checked_mul(s as u64)).filter(|&n| n > 0)
}

fn width(voxels: u64, len: u64) -> Option<(usize, &'static str)> {
    WIDTHS.into_iter().find(|(w, _)| voxels.checked_mul(*w as u64) == Some(len))
}

/// Three sides with this product: a cube, else a stack of squares, else the sides nearest to each other; the longest
/// at most four times the shortest. Sides are x, y, z.
fn near_cube(n: u64) -> Option<[u64; 3]> {
    let cube = (n as f64).cbrt().round() as u64;
    if cube > 0 && cube.checked_pow(3) == Some(n) {
        return Some([cube; 3]);
    }
    // A square plane of side s with n / s^2 planes, s within a factor of two of the cube's side.
    let squares = (cube / 2..=cube.saturating_mul(2)).filter(|&s| s > 1 && n.is_multiple_of(s) && (n / s).is_multiple_of(s));
    let even = |sides: &[u64; 3]| sides.iter().max().zip(sides.iter().min()).is_some_and(|(most, least)| most / least.max(&1) < 4);
    let by_square = squares.map(|s| [s, s, n / s / s]).filter(even).min_by_key(|&[s, _, _]| s.abs_diff(cube));
    by_square.or_else(|| by_sides(n, cube)).filter(even)
}

fn by_sides(n: u64, cube: u64) -> Option<[u64; 3]> {
    let z = (cube / 2..=cube + 1).rev().find(|&z| z > 1 && n.is_multiple_of(z))?;
    let plane = n / z;
    let root = (plane as f64).sqrt() as u64 + 1;
    let y = (root / 2..=root).rev().find(|&y| y > 1 && plane.is_multiple_of(y))?;
    Some([plane / y, y, z])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubes_then_squares_then_sides() {
        assert_eq!(near_cube(128 * 128 * 128), Some([128; 3]));
        assert_eq!(near_cube(946 * 946 * 900), Some([946, 946, 900]));
        let sides = near_cube(80 * 64 * 48).unwrap();
        assert_eq!(sides.iter().product::<u64>(), 80 * 64 * 48);
        assert_eq!(near_cube(104_729), None);
        assert_eq!(near_cube(0), None);
        let _ = near_cube(u64::MAX);
    }

    #[test]
    fn help_names_what_fits() {
        assert!(shapes(128 * 128 * 128, None).contains("--size 128x128x128 --type u8"));
        assert!(shapes(2 * 1000, Some(2)).contains("10x10x10 --type u16 or i16"));
        assert!(types([8, 9, 10], 1440).contains("u16 or i16"));
        assert_eq!(same_size([8, 9, 10], 720).unwrap(), "--size 10x9x8 --type u8 fits");
        assert!(same_size([usize::MAX, 9, 10], 720).is_none());
    }
}
