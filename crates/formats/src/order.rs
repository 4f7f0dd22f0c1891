//! Byte order of many values at once.

/// Reverses the bytes of each value of 1, 2, 4 or 8 bytes.
pub(crate) fn swap(values: &mut [u8], width: usize) {
    match width {
        1 => {}
        2 => words(values),
        4 => values.as_chunks_mut::<4>().0.iter_mut().for_each(|v| v.reverse()),
        _ => values.as_chunks_mut::<8>().0.iter_mut().for_each(|v| v.reverse()),
    }
}

/// Four words as one number: compilers turn that into vectors, and rotations of words not.
fn words(values: &mut [u8]) {
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    let (fours, rest) = values.as_chunks_mut::<8>();
    for four in fours {
        let held = u64::from_ne_bytes(*four);
        *four = ((held & LOW) << 8 | held >> 8 & LOW).to_ne_bytes();
    }
    rest.as_chunks_mut::<2>().0.iter_mut().for_each(|word| word.reverse());
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_value_is_reversed() {
        for width in [1, 2, 4, 8] {
            let values: Vec<u8> = (0..width as u8 * 13).collect();
            let mut swapped = values.clone();
            super::swap(&mut swapped, width);
            let one_by_one: Vec<u8> = values.chunks(width).flat_map(|v| v.iter().rev().copied()).collect();
            assert_eq!(swapped, one_by_one, "{width}");
        }
    }
}
