//! Horizontal differencing undone (TIFF 6.0, section 14), and the file's byte order with it.

use super::codec::Rows;

/// Rows in the file's byte order, each value the difference to the one a pixel before where `differences`, to native values.
pub(super) fn undo(stored: &[u8], rows: Rows, width: usize, differences: bool, big: bool, out: &mut [u8]) {
    if !differences && (width == 1 || big == cfg!(target_endian = "big")) {
        out.copy_from_slice(stored);
        return;
    }
    for (stored, out) in stored.chunks_exact(rows.bytes).zip(out.chunks_exact_mut(rows.bytes)) {
        match (width, big) {
            (1, _) => row::<1, false>(stored, rows.samples, differences, out),
            (2, false) => row::<2, false>(stored, rows.samples, differences, out),
            (2, true) => row::<2, true>(stored, rows.samples, differences, out),
            (4, false) => row::<4, false>(stored, rows.samples, differences, out),
            (4, true) => row::<4, true>(stored, rows.samples, differences, out),
            (_, false) => row::<8, false>(stored, rows.samples, differences, out),
            (_, true) => row::<8, true>(stored, rows.samples, differences, out),
        }
    }
}

fn row<const WIDTH: usize, const BIG: bool>(stored: &[u8], samples: usize, differences: bool, out: &mut [u8]) {
    let (stored, _) = stored.as_chunks::<WIDTH>();
    let (out, _) = out.as_chunks_mut::<WIDTH>();
    if differences && samples == 1 {
        let mut sum = 0u64;
        for (to, from) in out.iter_mut().zip(stored) {
            sum = sum.wrapping_add(value::<WIDTH, BIG>(*from));
            *to = native(sum);
        }
        return;
    }
    for (i, from) in stored.iter().enumerate() {
        let mut sum = value::<WIDTH, BIG>(*from);
        if differences && i >= samples {
            sum = sum.wrapping_add(value::<WIDTH, { cfg!(target_endian = "big") }>(out[i - samples]));
        }
        out[i] = native(sum);
    }
}

#[inline(always)]
fn value<const WIDTH: usize, const BIG: bool>(bytes: [u8; WIDTH]) -> u64 {
    let mut all = [0; 8];
    if BIG {
        all[8 - WIDTH..].copy_from_slice(&bytes);
        u64::from_be_bytes(all)
    } else {
        all[..WIDTH].copy_from_slice(&bytes);
        u64::from_le_bytes(all)
    }
}

#[inline(always)]
fn native<const WIDTH: usize>(value: u64) -> [u8; WIDTH] {
    let from = if cfg!(target_endian = "big") { 8 - WIDTH } else { 0 };
    let all = value.to_ne_bytes();
    std::array::from_fn(|i| all[from + i])
}
