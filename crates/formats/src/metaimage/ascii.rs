//! Voxels written as text (`BinaryData = False`).

use isovox_volume::{Data, Error, Result, Type, scalar};

use crate::input::Input;

/// The longest text that is read; larger volumes are never written this way.
const LONGEST: u64 = 256 << 20;

/// `count` numbers of a type from byte `from` on, each checked to be one that the type holds.
pub(super) fn numbers(input: &Input, from: u64, count: usize, voxel: Type) -> Result<Data> {
    let length = input.len().saturating_sub(from);
    if length > LONGEST {
        return Err(Error::unsupported("voxels as text").found(format_args!("{length} bytes")).expected(format_args!("at most {LONGEST}")).help("convert to binary data first"));
    }
    // A number and the blank behind it take two bytes, the last one only one.
    if (count as u64).saturating_mul(2) > length + 1 {
        return Err(short(length.div_ceil(2), count));
    }
    let mut bytes = vec![0; length as usize];
    input.read_at(from, &mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::corrupt("voxels as text").found("bytes that are no text").help("BinaryData = False, but the data are binary"))?;
    scalar!(voxel, T => {
        let mut values: Vec<T> = Vec::with_capacity(count);
        for word in text.split_ascii_whitespace().take(count) {
            values.push(word.parse().map_err(|_| Error::corrupt("voxels as text").found(format_args!("{word:?}")).expected(format_args!("a number of type {voxel}")))?);
        }
        if values.len() < count {
            return Err(short(values.len() as u64, count));
        }
        Data::from_slice(&values)
    })
}

fn short(found: u64, count: usize) -> Error {
    Error::corrupt("voxels as text").found(format_args!("at most {found} numbers")).expected(count).help("the file is cut off; copy it again")
}
