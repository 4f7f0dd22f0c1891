//! RLE: each byte of the samples' words as a segment of its own, in `PackBits` (PS3.5 annex G).

use isovox_volume::{Error, Result};

use super::Layout;

/// Bytes of the header: a count and 15 offsets.
const HEADER: usize = 64;

/// The most bytes that one code stands for.
const STRETCH: usize = 128;

/// Most stretches are no longer: so many bytes are written whatever their number is.
const SHORT: usize = 32;

/// `apart` is memory for the bytes of all words, kept from frame to frame.
pub(super) fn decode(stream: &[u8], layout: Layout, apart: &mut Vec<u8>, out: &mut [u8]) -> Result<()> {
    let header = stream.get(..HEADER).ok_or_else(|| Error::corrupt("RLE header").found(format_args!("{} bytes", stream.len())).expected(HEADER))?;
    let numbers: Vec<usize> = header.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b) as usize).collect();
    let segments = layout.samples * layout.word;
    if numbers[0] != segments {
        return Err(Error::corrupt("RLE segments").found(numbers[0]).expected(segments));
    }
    apart.resize(out.len(), 0);
    let planes = if segments == 1 { &mut *out } else { &mut apart[..] };
    for segment in 0..segments {
        let from = numbers[1 + segment];
        let to = if segment + 1 < segments { numbers[2 + segment] } else { stream.len() };
        let bytes = stream.get(from..to).filter(|_| from >= HEADER);
        let bytes = bytes.ok_or_else(|| Error::corrupt("RLE segment").found(format_args!("bytes {from} to {to}")).expected(format_args!("within {}", stream.len())))?;
        // Segments go sample by sample, each from its highest byte down.
        let (sample, below) = (segment / layout.word, segment % layout.word);
        let byte = if cfg!(target_endian = "little") { layout.word - 1 - below } else { below };
        let place = (sample * layout.word + byte) * layout.pixels();
        unpack(bytes, &mut planes[place..place + layout.pixels()])?;
    }
    match segments {
        1 => {}
        2 => merge::<2>(apart, out),
        3 => merge::<3>(apart, out),
        _ => (0..).zip(apart.chunks_exact(layout.pixels())).for_each(|(i, plane)| out[i..].iter_mut().step_by(segments).zip(plane).for_each(|(o, b)| *o = *b)),
    }
    Ok(())
}

/// Planes of bytes as pixels of `N`.
fn merge<const N: usize>(planes: &[u8], out: &mut [u8]) {
    let pixels = out.as_chunks_mut::<N>().0;
    let planes: [&[u8]; N] = std::array::from_fn(|i| &planes[i * pixels.len()..][..pixels.len()]);
    for (i, pixel) in pixels.iter_mut().enumerate() {
        *pixel = planes.map(|plane| plane[i]);
    }
}

/// A byte below 128 is followed by so many others and one more; one above 128 by one that is repeated.
fn unpack(bytes: &[u8], out: &mut [u8]) -> Result<()> {
    let (mut at, mut to) = (0, 0);
    while to < out.len() {
        let (read, written) = match (bytes[at..].first_chunk(), out[to..].first_chunk_mut()) {
            (Some(source), Some(target)) => stretch(source, target),
            _ => last(&bytes[at..], &mut out[to..])?,
        };
        at += read;
        to += written;
    }
    Ok(())
}

/// One code where neither end is near: what is written behind its bytes is written again. How many it took and gave.
#[inline(always)]
fn stretch(source: &[u8; STRETCH + 1], target: &mut [u8; STRETCH]) -> (usize, usize) {
    let (code, next) = (usize::from(source[0]), source[1]);
    if code < 128 {
        target[..SHORT].copy_from_slice(&source[1..=SHORT]);
        if code >= SHORT {
            target[SHORT..].copy_from_slice(&source[1 + SHORT..]);
        }
        return (code + 2, code + 1);
    }
    if code == 128 {
        return (1, 0);
    }
    target[..SHORT].fill(next);
    if 257 - code > SHORT {
        target[SHORT..].fill(next);
    }
    (2, 257 - code)
}

/// One code near an end; a stretch beyond the pixels is cut.
fn last(bytes: &[u8], out: &mut [u8]) -> Result<(usize, usize)> {
    let short = || Error::corrupt("RLE segment").found("its end before its pixels");
    let (&code, rest) = bytes.split_first().ok_or_else(short)?;
    let code = usize::from(code);
    match code {
        0..=127 => {
            let literal = rest.get(..=code).ok_or_else(short)?;
            let count = literal.len().min(out.len());
            out[..count].copy_from_slice(&literal[..count]);
            Ok((code + 2, count))
        }
        128 => Ok((1, 0)),
        _ => {
            let count = out.len().min(257 - code);
            out[..count].fill(*rest.first().ok_or_else(short)?);
            Ok((2, count))
        }
    }
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
        decode(&stream(&[&[254, 1], &[2, 5, 6, 7]]), layout(1, 2), &mut Vec::new(), &mut out).unwrap();
        assert_eq!(out.as_chunks().0.iter().map(|b| u16::from_ne_bytes(*b)).collect::<Vec<_>>(), [261, 262, 263]);
        let mut out = [0; 9];
        decode(&stream(&[&[254, 1], &[254, 2], &[128, 254, 3, 0]]), layout(3, 1), &mut Vec::new(), &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
        let mut out = [0; 12];
        decode(&stream(&[&[254, 0x80], &[254, 0], &[254, 0], &[254, 1]]), layout(1, 4), &mut Vec::new(), &mut out).unwrap();
        assert_eq!(out[..4], 0x8000_0001u32.to_ne_bytes());
    }

    #[test]
    fn what_is_short_or_beyond_is_an_error() {
        let layout = Layout { rows: 1, columns: 3, samples: 1, word: 1, bits: 8, planar: false };
        let mut out = [0; 3];
        for bad in [&[1, 5, 6][..], &[5], &[], &[254]] {
            assert!(decode(&stream(&[bad]), layout, &mut Vec::new(), &mut out).is_err(), "{bad:?}");
        }
        assert!(decode(&stream(&[&[254, 1], &[254, 1]]), layout, &mut Vec::new(), &mut out).is_err());
        let mut beyond = stream(&[&[254, 1]]);
        beyond[4] = 200;
        assert!(decode(&beyond, layout, &mut Vec::new(), &mut out).is_err());
        assert!(decode(&beyond[..40], layout, &mut Vec::new(), &mut out).is_err());
    }

    /// Every length of both kinds of stretch, wherever it ends.
    #[test]
    fn stretches_of_every_length() {
        let mut codes = Vec::new();
        let mut expected = Vec::new();
        for length in (1..=128usize).flat_map(|n| [n, 129 - n, 1 + n * 7 % 40]) {
            let byte = |i: usize| (i * 37 + length) as u8;
            codes.push((length - 1) as u8);
            codes.extend((0..length).map(byte));
            expected.extend((0..length).map(byte));
            if length > 1 {
                codes.extend([128, (257 - length) as u8, byte(5)]);
                expected.resize(expected.len() + length, byte(5));
            }
        }
        for size in (0..600).chain([expected.len() - 1, expected.len()]) {
            let mut out = vec![0; size];
            unpack(&codes, &mut out).unwrap();
            assert!(out == expected[..size], "{size} pixels");
        }
        let mut beyond = vec![0; expected.len() + 1];
        assert!(unpack(&codes, &mut beyond).is_err());
        for end in 0..codes.len() - 1 {
            assert!(unpack(&codes[..end], &mut beyond).is_err(), "{end} bytes");
        }
    }

    /// Memory of a frame before is no part of the next.
    #[test]
    fn memory_is_used_again() {
        let layout = |columns| Layout { rows: 1, columns, samples: 3, word: 2, bits: 16, planar: false };
        let mut apart = vec![9; 50];
        let mut out = [0; 12];
        decode(&stream(&[&[0, 1], &[0, 2], &[0, 3], &[0, 4], &[0, 5], &[0, 6]]), layout(1), &mut apart, &mut out[..6]).unwrap();
        decode(&stream(&[&[1, 1, 2], &[255, 3], &[255, 4], &[255, 5], &[255, 6], &[1, 7, 8]]), layout(2), &mut apart, &mut out).unwrap();
        assert_eq!(out.as_chunks().0.iter().map(|b| u16::from_ne_bytes(*b)).collect::<Vec<_>>(), [0x103, 0x405, 0x607, 0x203, 0x405, 0x608]);
    }
}
