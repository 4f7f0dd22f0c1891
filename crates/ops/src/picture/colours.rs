//! Colours of labels.

/// The colour of a label: the same in every picture and run, never near black; 0 is black.
///
/// Hues step by the golden angle, so that the labels before and after differ most; brightness steps through three values.
pub fn colour_of(label: u64) -> [u8; 3] {
    if label == 0 {
        return [0; 3];
    }
    // 0.618... as a fraction of 2^32: integer arithmetic gives the same colour on every machine.
    let hue = (label as u32).wrapping_mul(0x9E37_79B9);
    let value = [255, 215, 175][(label % 3) as usize];
    let low = value * [25, 70][(label / 3 % 2) as usize] / 100;
    let (sector, within) = ((u64::from(hue) * 6) >> 32, ((u64::from(hue) * 6) & 0xffff_ffff) >> 16);
    let rise = low + (((value - low) * within as u32) >> 16);
    let fall = value - (((value - low) * within as u32) >> 16);
    let (r, g, b) = match sector {
        0 => (value, rise, low),
        1 => (fall, value, low),
        2 => (low, value, rise),
        3 => (low, fall, value),
        4 => (rise, low, value),
        _ => (value, low, fall),
    };
    [r as u8, g as u8, b as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_near_black() {
        assert!((1..5000).all(|l| colour_of(l).iter().map(|&c| u32::from(c)).max() >= Some(175)));
        assert!((1..5000).all(|l| colour_of(l) != colour_of(l + 1)));
    }
}
