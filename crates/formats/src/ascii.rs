//! Voxels written as text: decimal numbers, or hexadecimal digits of their bytes.

use std::ops::Range;

use isovox_volume::{Data, Error, Result, Type, scalar};

use crate::input::Input;

/// The longest text that is read; larger volumes are never written this way.
const LONGEST: u64 = 256 << 20;

/// `count` numbers of a type from byte `from` on, blanks or commas between them, each checked to be one that the type holds.
pub(crate) fn numbers(input: &Input, from: u64, count: usize, voxel: Type) -> Result<Data> {
    numbers_within(input, from..input.len(), count, voxel)
}

/// The same, from a byte to a byte.
pub(crate) fn numbers_within(input: &Input, place: Range<u64>, count: usize, voxel: Type) -> Result<Data> {
    // A number and the blank behind it take two bytes, the last one only one.
    let text = text(input, place)?;
    if (count as u64).saturating_mul(2) > text.len() as u64 + 1 {
        return Err(short(text.len().div_ceil(2), count));
    }
    let text =
        std::str::from_utf8(&text).map_err(|_| Error::corrupt("voxels as text").found("bytes that are no text").help("the header calls the data text, but they are binary"))?;
    let words = text.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|w| !w.is_empty());
    scalar!(voxel, T => {
        let mut values: Vec<T> = Vec::with_capacity(count);
        for word in words.take(count) {
            values.push(word.parse().map_err(|_| Error::corrupt("voxels as text").found(format_args!("{word:?}")).expected(format_args!("a number of type {voxel}")))?);
        }
        if values.len() < count {
            return Err(short(values.len(), count));
        }
        Data::from_slice(&values)
    })
}

/// `count` bytes from byte `from` on, two hexadecimal digits each; blanks count nothing.
pub(crate) fn hex(input: &Input, from: u64, count: usize) -> Result<Vec<u8>> {
    let text = text(input, from..input.len())?;
    if (count as u64).saturating_mul(2) > text.len() as u64 {
        return Err(short(text.len() / 2, count));
    }
    let mut digits = text.iter().filter(|b| !b.is_ascii_whitespace()).map(|&b| {
        let digit = char::from(b).to_digit(16);
        digit.ok_or_else(|| Error::corrupt("voxels as hexadecimal text").found(format_args!("{:?}", char::from(b))).expected("0 to 9 and a to f"))
    });
    let mut bytes = Vec::with_capacity(count);
    while bytes.len() < count {
        let (Some(high), Some(low)) = (digits.next().transpose()?, digits.next().transpose()?) else { return Err(short(bytes.len(), count)) };
        bytes.push((high << 4 | low) as u8);
    }
    Ok(bytes)
}

fn text(input: &Input, place: Range<u64>) -> Result<Vec<u8>> {
    let length = place.end.saturating_sub(place.start);
    if length > LONGEST {
        return Err(Error::unsupported("voxels as text").found(format_args!("{length} bytes")).expected(format_args!("at most {LONGEST}")).help("convert to binary data first"));
    }
    let mut bytes = vec![0; length as usize];
    input.read_at(place.start, &mut bytes)?;
    Ok(bytes)
}

fn short(found: usize, count: usize) -> Error {
    Error::corrupt("voxels as text").found(format_args!("at most {found} numbers")).expected(count).help("the file is cut off; copy it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_digits() {
        let text = |text: &str| Input::bytes("a", text.into());
        assert_eq!(numbers(&text("x 1, 2\n-3"), 2, 3, Type::I16).unwrap().as_slice::<i16>(), [1, 2, -3]);
        assert_eq!(hex(&text("0aF\n f 7"), 0, 2).unwrap(), [10, 255]);
        for (bad, count) in [("1 2", 3), ("1 256", 2), ("1 x", 2), ("", 1)] {
            assert!(numbers(&text(bad), 0, count, Type::U8).is_err(), "{bad}");
        }
        assert!(hex(&text("0a f"), 0, 2).is_err() && hex(&text("0g"), 0, 1).is_err());
        assert!(numbers(&text("\u{fffd}1 2"), 0, 2, Type::U8).is_err());
        assert_eq!(numbers_within(&text("x 1 2 y"), 2..5, 2, Type::U8).unwrap().as_slice::<u8>(), [1, 2]);
        // Refused for its length, not as cut off.
        assert_eq!(numbers_within(&text("1"), 0..LONGEST + 1, 1, Type::U8).map(|_| ()).unwrap_err().kind(), isovox_volume::Kind::Unsupported);
    }
}
