//! Packed and narrow samples to voxels: depths that fill no byte, 16-bit floats, inverted white.

use super::page::{Picture, Sample};

/// Turns a decoded row (or part of one) into voxels of the picture's type, native-endian.
pub(super) fn voxels(picture: &Picture, row: &[u8], out: &mut [u8]) {
    match (picture.sample, picture.bits) {
        (Sample::Float, 16) => {
            for (to, from) in out.chunks_exact_mut(4).zip(row.chunks_exact(2)) {
                to.copy_from_slice(&half(u16::from_ne_bytes([from[0], from[1]])).to_ne_bytes());
            }
        }
        (_, 8 | 16 | 32 | 64) => out.copy_from_slice(&row[..out.len()]),
        (_, bits) => unpack(row, bits, out),
    }
}

/// Bytes of one voxel of the picture, one sample.
pub(super) fn width(picture: &Picture) -> usize {
    match (picture.sample, picture.bits) {
        (Sample::Float, 16) => 4,
        (_, bits) => (bits as usize).div_ceil(8).next_power_of_two(),
    }
}

/// Values of `bits` bits, highest first, into bytes, words or double words.
pub(crate) fn unpack(row: &[u8], bits: u16, out: &mut [u8]) {
    let width = (bits as usize).div_ceil(8).next_power_of_two();
    let (mut held, mut have, mut bytes) = (0u64, 0, row.iter());
    for to in out.chunks_exact_mut(width) {
        while have < bits {
            held = held << 8 | u64::from(bytes.next().copied().unwrap_or(0));
            have += 8;
        }
        have -= bits;
        let value = (held >> have) & ((1 << bits) - 1);
        held &= (1 << have) - 1;
        match width {
            1 => to[0] = value as u8,
            2 => to.copy_from_slice(&(value as u16).to_ne_bytes()),
            _ => to.copy_from_slice(&(value as u32).to_ne_bytes()),
        }
    }
}

/// `greatest value - v`: white is zero. Signed values are complemented, floats stay.
pub(super) fn invert(picture: &Picture, out: &mut [u8]) {
    if picture.sample == Sample::Float {
        return;
    }
    if matches!(picture.bits, 8 | 16 | 32 | 64) {
        for byte in out {
            *byte = !*byte;
        }
        return;
    }
    let most = ((1u64 << picture.bits) - 1) as u32;
    match width(picture) {
        1 => {
            for byte in out {
                *byte = most as u8 - *byte;
            }
        }
        2 => out.chunks_exact_mut(2).for_each(|b| b.copy_from_slice(&(most as u16 - u16::from_ne_bytes([b[0], b[1]])).to_ne_bytes())),
        _ => out.chunks_exact_mut(4).for_each(|b| b.copy_from_slice(&(most - u32::from_ne_bytes([b[0], b[1], b[2], b[3]])).to_ne_bytes())),
    }
}

/// IEEE 754 binary16 to binary32, exactly.
pub(crate) fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15) << 31, u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    match (exponent, fraction) {
        (31, _) => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        // Below the least normal number: a multiple of 2^-24, which binary32 holds.
        (0, _) => f32::from_bits(sign | (fraction as f32 / 16_777_216.0).to_bits()),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 5.960_464_5e-8), (0x0400, 6.103_515_6e-5), (0x7bff, 65504.0), (0x7c00, f32::INFINITY), (0x8000, -0.0)] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:04x}");
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn odd_depths_come_highest_bit_first() {
        let mut twelve = [0; 4];
        unpack(&[0xab, 0xc1, 0x23], 12, &mut twelve);
        assert_eq!(twelve, [[0xbc, 0x0a], [0x23, 0x01]].concat()[..]);
        let mut three = [0; 5];
        unpack(&[0b0010_1001, 0b1100_1010], 3, &mut three);
        assert_eq!(three, [1, 2, 3, 4, 5]);
        let mut long = [0; 4];
        unpack(&[1, 2, 3], 24, &mut long);
        assert_eq!(u32::from_ne_bytes(long), 0x01_0203);
    }
}
