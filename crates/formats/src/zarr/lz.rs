//! The two byte compressors that Blosc brings: LZ4 blocks and `BloscLZ`.
//!
//! Sources: the LZ4 block format description; `BloscLZ` as c-blosc reads it. Nothing grows beyond the stated length.

/// Bytes that are read one by one.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<usize> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte.into())
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let part = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(part)
    }

    /// A length that goes on while bytes are 255.
    fn longer(&mut self, mut length: usize) -> Option<usize> {
        loop {
            let byte = self.byte()?;
            length = length.checked_add(byte)?;
            if byte < 255 {
                return Some(length);
            }
        }
    }

    fn ended(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// Adds literal bytes, no more than are wanted.
fn literal(out: &mut Vec<u8>, bytes: &[u8], need: usize) -> Option<()> {
    (out.len() + bytes.len() <= need).then(|| out.extend_from_slice(bytes))
}

/// Adds a copy of what was written before; it may overlap itself.
fn copy(out: &mut Vec<u8>, distance: usize, length: usize, need: usize) -> Option<()> {
    let from = out.len().checked_sub(distance).filter(|_| distance > 0 && length <= need - out.len())?;
    (from..from + length).for_each(|at| out.push(out[at]));
    Some(())
}

/// An LZ4 block of exactly so many bytes; `None` where it is damaged.
pub(super) fn lz4(bytes: &[u8], need: usize) -> Option<Vec<u8>> {
    let (mut reader, mut out) = (Reader { bytes, at: 0 }, Vec::with_capacity(need));
    loop {
        let token = reader.byte()?;
        let literals = if token >> 4 == 15 { reader.longer(15)? } else { token >> 4 };
        literal(&mut out, reader.take(literals)?, need)?;
        if reader.ended() {
            return (out.len() == need).then_some(out);
        }
        let distance = reader.byte()? | reader.byte()? << 8;
        let length = if token & 15 == 15 { reader.longer(15)? } else { token & 15 };
        copy(&mut out, distance, length + 4, need)?;
    }
}

/// The farthest that `BloscLZ`'s short distances reach.
const NEAR: usize = 8191;

/// `BloscLZ` of exactly so many bytes; `None` where it is damaged.
pub(super) fn blosclz(bytes: &[u8], need: usize) -> Option<Vec<u8>> {
    let (mut reader, mut out) = (Reader { bytes, at: 0 }, Vec::with_capacity(need));
    let mut control = reader.byte()? & 31;
    loop {
        if control < 32 {
            literal(&mut out, reader.take(control + 1)?, need)?;
        } else {
            let high = (control & 31) << 8;
            let length = if control >> 5 == 7 { reader.longer(6)? } else { (control >> 5) - 1 };
            let low = reader.byte()?;
            let far = low == 255 && high == 31 << 8;
            let distance = if far { (reader.byte()? << 8 | reader.byte()?) + NEAR } else { high + low };
            copy(&mut out, distance + 1, length + 3, need)?;
        }
        if reader.ended() {
            return (out.len() == need).then_some(out);
        }
        control = reader.byte()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_copies_by_hand() {
        // Three literals, then seven bytes from three before; two literals at the end.
        assert_eq!(lz4(&[0x33, b'a', b'b', b'c', 3, 0, 0x20, b'x', b'y'], 12).unwrap(), b"abcabcabcaxy");
        // Six bytes from three before: a length of 4 - 1 + 3, a distance of 2 + 1.
        assert_eq!(blosclz(&[2, b'a', b'b', b'c', 4 << 5, 2, 0, b'x'], 10).unwrap(), b"abcabcabcx");
    }

    #[test]
    fn damage_is_no_panic() {
        let whole = [0x33, b'a', b'b', b'c', 3, 0, 0x20, b'x', b'y'];
        for at in 0..whole.len() {
            assert!(lz4(&whole[..at], 12).is_none());
            for value in 0..=255 {
                let mut bytes = whole;
                bytes[at] = value;
                let _ = (lz4(&bytes, 12), blosclz(&bytes, 12));
            }
        }
        assert!(lz4(&whole, 11).is_none() && lz4(&whole, 13).is_none());
    }
}
