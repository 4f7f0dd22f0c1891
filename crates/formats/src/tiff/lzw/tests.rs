//! Streams of another encoder, streams made code by code, and streams that lie.

use weezl::BitOrder;
use weezl::encode::Encoder;

use super::{Broken, CLEAR, CODES, END, FIRST, Lzw, SLACK};

fn packed(bytes: &[u8]) -> Vec<u8> {
    Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(bytes).unwrap()
}

fn unpacked(stream: &[u8], need: usize) -> Result<Vec<u8>, Broken> {
    let mut lzw = Lzw::default();
    let done = lzw.unpack(stream, need).map(<[u8]>::to_vec);
    assert!(lzw.out.len() <= FIRST + need + SLACK);
    done
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }
}

fn samples(count: usize) -> Vec<Vec<u8>> {
    let mut noise = Noise(count as u64 + 1);
    vec![
        vec![7; count],
        (0..count).map(|_| noise.next() as u8).collect(),
        (0..count).map(|_| noise.next() as u8 & 3).collect(),
        (0..count).map(|i| [0, 255][i % 2]).collect(),
        (0..count).map(|i| (i % 251) as u8).collect(),
        (0..count).map(|i| (i / 4096 + i % 37) as u8).collect(),
    ]
}

#[test]
fn streams_of_another_encoder_come_back() {
    let mut lzw = Lzw::default();
    for count in [1, 2, 3, 17, 255, 256, 3839, 8192, 200_000] {
        for (which, sample) in samples(count).into_iter().enumerate() {
            let stream = packed(&sample);
            assert!(lzw.unpack(&stream, count).unwrap() == sample, "sample {which} of {count}");
            assert!(lzw.unpack(&stream, count / 2).unwrap() == &sample[..count / 2], "half of sample {which} of {count}");
            assert_eq!(lzw.unpack(&stream, count + 1), Err(Broken::Short), "more than sample {which} of {count}");
        }
    }
}

/// Codes as a stream; their widths follow from how many stand before them.
fn stream(codes: &[usize], old: bool) -> Vec<u8> {
    let (mut bits, mut last) = (Vec::new(), END);
    for &code in codes {
        let width = (9..12).find(|w| last < (1 << w) - usize::from(!old)).unwrap_or(12);
        let bit = |b: usize| code >> b & 1;
        bits.extend((0..width).map(|b| if old { bit(b) } else { bit(width - 1 - b) }));
        last = if code == CLEAR { END } else { (last + 1).min(CODES) };
    }
    let byte = |bits: &[usize]| bits.iter().enumerate().fold(0, |byte, (i, b)| byte | b << if old { i } else { 7 - i }) as u8;
    bits.chunks(8).map(byte).collect()
}

#[test]
fn old_streams_have_the_lowest_bit_first() {
    let mut codes = vec![CLEAR];
    codes.extend((0..3000).map(|i| i % 256));
    let bytes: Vec<u8> = (0..3000).map(|i| i as u8).collect();
    assert_eq!(unpacked(&stream(&codes, true), 3000).unwrap(), bytes);
    assert_eq!(unpacked(&stream(&[CLEAR, 9, 258, 259, END], true), 6).unwrap(), [9; 6]);
}

#[test]
fn clear_and_end_may_be_missing() {
    assert_eq!(unpacked(&stream(&[65, 66, 258, 260], false), 7).unwrap(), b"ABABABA");
    assert_eq!(unpacked(&stream(&[CLEAR, CLEAR, 65, CLEAR, CLEAR, 66, END], false), 2).unwrap(), b"AB");
}

#[test]
fn a_full_table_stays() {
    let codes: Vec<usize> = std::iter::once(CLEAR).chain((0..10_000).map(|i| if i < 6000 { i % 256 } else { 258 + i % 3800 })).collect();
    let mut written: Vec<Vec<u8>> = Vec::new();
    for &code in &codes[1..] {
        let string = if code < CLEAR { vec![code as u8] } else { [&written[code - 258][..], &written[code - 257][..1]].concat() };
        written.push(string);
    }
    let bytes = written.concat();
    assert!(unpacked(&stream(&codes, false), bytes.len()).unwrap() == bytes);
    // The last code that has a string: the one before it and its first byte.
    let mut codes: Vec<usize> = (0..CODES - 258).map(|i| i % 256).collect();
    codes.extend([CODES - 1, CODES - 1]);
    let end = [253; 5];
    assert!(unpacked(&stream(&codes, false), CODES - 258 + 4).unwrap().ends_with(&end));
}

#[test]
fn codes_without_a_string_are_refused() {
    for (codes, code) in [(&[CLEAR, 258][..], 258), (&[300], 300), (&[CLEAR, 65, 259], 259), (&[CLEAR, 65, 66, CLEAR, 258], 258)] {
        assert_eq!(unpacked(&stream(codes, false), 100), Err(Broken::Code(code)), "{codes:?}");
    }
    for codes in [&[CLEAR, END][..], &[END], &[CLEAR, 65, END, 66, 67], &[CLEAR], &[CLEAR; 999]] {
        assert_eq!(unpacked(&stream(codes, false), 100), Err(Broken::Short), "{codes:?}");
    }
    for stream in [&[][..], &[0], &[0, 1], &[0x80], &[0x80, 0]] {
        assert_eq!(unpacked(stream, 1), Err(Broken::Short), "{stream:?}");
    }
}

#[test]
fn cut_streams_are_too_short() {
    for sample in samples(5000) {
        let stream = packed(&sample);
        for cut in (0..stream.len() - 3).step_by(stream.len() / 50 + 1) {
            assert_eq!(unpacked(&stream[..cut], 5000), Err(Broken::Short), "{cut} of {}", stream.len());
        }
    }
}

#[test]
fn changed_streams_never_write_more_than_asked() {
    let mut noise = Noise(3);
    let mut lzw = Lzw::default();
    for sample in samples(9000) {
        let stream = packed(&sample);
        for _ in 0..300 {
            let mut changed = stream.clone();
            for _ in 0..=noise.next() % 4 {
                let at = noise.next() % changed.len();
                changed[at] = noise.next() as u8;
            }
            if let Ok(found) = lzw.unpack(&changed, 9000) {
                assert_eq!(found.len(), 9000);
            }
            assert!(lzw.out.len() <= FIRST + 9000 + SLACK);
        }
    }
}
