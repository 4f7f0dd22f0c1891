//! RLE: each byte of the samples' words as a segment of its own, in `PackBits` (PS3.5 annex G).

use isovox_volume::{Error, Result};

use super::Layout;

/// Bytes of the header: a count and 15 offsets.
const HEADER: usize = 64;

pub(super) fn decode(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<()> {
    let header = stream.get(..HEADER).ok_or_else(|| Error::corrupt("RLE header").found(format_args!("{} bytes", stream.len())).expected(HEADER))?;
    let numbers: Vec<usize> = header.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b) as usize).collect();
    let segments = layout.samples * layout.word;
    if numbers[0] != segments {
        return Err(Error::corrupt("RLE segments").found(numbers[0]).expected(segments));
    }
    let pixel = layout.samples * layout.word;
    for segment in 0..segments {
        let from = numbers[1 + segment];
        let to = if segment + 1 < segments { numbers[2 + segment] } else { stream.len() };
        let bytes = stream.get(from..to).filter(|_| from >= HEADER);
        let bytes = bytes.ok_or_else(|| Error::corrupt("RLE segment").found(format_args!("bytes {from} to {to}")).expected(format_args!("within {}", stream.len())))?;
        // Segments go sample by sample, each from its highest byte down.
        let (sample, below) = (segment / layout.word, segment % layout.word);
        let byte = if cfg!(target_endian = "little") { layout.word - 1 - below } else { below };
        unpack(bytes, out[sample * layout.word + byte..].iter_mut().step_by(pixel))?;
    }
    Ok(())
}

/// A byte below 128 is followed by so many others and one more; one above 128 by one that is repeated.
fn unpack<'a>(bytes: &[u8], out: impl ExactSizeIterator<Item = &'a mut u8>) -> Result<()> {
    let mut out = out;
    let mut at = 0;
    let short = || Error::corrupt("RLE segment").found("its end before its pixels");
    while out.len() > 0 {
        let &code = bytes.get(at).ok_or_else(short)?;
        at += 1;
        let count = match code {
            0..=127 => usize::from(code) + 1,
            128 => continue,
            _ => 257 - usize::from(code),
        };
        let taken = out.by_ref().take(count);
        if code < 128 {
            let literal = bytes.get(at..at + count).ok_or_else(short)?;
            taken.zip(literal).for_each(|(o, b)| *o = *b);
            at += count;
        } else {
            let &byte = bytes.get(at).ok_or_else(short)?;
            taken.for_each(|o| *o = byte);
            at += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(segments: &[&[u8]]) -> Vec<u8> {
        let mut offsets = vec![segments.len() as u32];
        let mut at = HEADER as u32;
        for segment in segments {
            offsets.push(at);
            at += segment.len() as u32;
        }
        offsets.resize(16, 0);
        let mut bytes: Vec<u8> = offsets.iter().flat_map(|o| o.to_le_bytes()).collect();
        segments.iter().for_each(|s| bytes.extend(*s));
        bytes
    }

    #[test]
    fn words_of_any_width_are_put_together() {
        let layout = |samples, word| Layout { rows: 1, columns: 3, samples, word, bits: word * 8, planar: false };
        let mut out = [0; 6];
        // By hand: high bytes 1 1 1, low bytes 5 6 7.
        decode(&stream(&[&[254, 1], &[2, 5, 6, 7]]), layout(1, 2), &mut out).unwrap();
        assert_eq!(out.as_chunks().0.iter().map(|b| u16::from_ne_bytes(*b)).collect::<Vec<_>>(), [261, 262, 263]);
        let mut out = [0; 9];
        decode(&stream(&[&[254, 1], &[254, 2], &[128, 254, 3, 0]]), layout(3, 1), &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
        let mut out = [0; 12];
        decode(&stream(&[&[254, 0x80], &[254, 0], &[254, 0], &[254, 1]]), layout(1, 4), &mut out).unwrap();
        assert_eq!(out[..4], 0x8000_0001u32.to_ne_bytes());
    }

    #[test]
    fn what_is_short_or_beyond_is_an_error() {
        let layout = Layout { rows: 1, columns: 3, samples: 1, word: 1, bits: 8, planar: false };
        let mut out = [0; 3];
        for bad in [&[1, 5, 6][..], &[5], &[], &[254]] {
            assert!(decode(&stream(&[bad]), layout, &mut out).is_err(), "{bad:?}");
        }
        assert!(decode(&stream(&[&[254, 1], &[254, 1]]), layout, &mut out).is_err());
        let mut beyond = stream(&[&[254, 1]]);
        beyond[4] = 200;
        assert!(decode(&beyond, layout, &mut out).is_err());
        assert!(decode(&beyond[..40], layout, &mut out).is_err());
    }
}
