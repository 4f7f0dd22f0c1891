//! LZW beside another codec: the same stored rows give the same values, whatever undoes the predictor.

use weezl::BitOrder;
use weezl::encode::Encoder;

use super::{Build, all, deflate, refused};
use isovox_volume::Kind;

fn lzw(bytes: &[u8]) -> Vec<u8> {
    Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(bytes).unwrap()
}

/// A page of several strips, the last one shorter.
fn page(bits: u64, samples: u64, big: bool, pack: fn(&[u8]) -> Vec<u8>) -> Build {
    let row = (37 * samples * bits).div_ceil(8) as usize;
    let rows: Vec<u8> = (0..row * 11).map(|i| (i * i / 7 + i / 3) as u8).collect();
    let mut build = Build { big, pages: 2, ..Build::new(37, 11, bits, &[]) }.tag(277, samples).tag(278, 4);
    build.chunks = rows.chunks(row * 4).map(pack).collect();
    build
}

#[test]
fn values_are_those_of_other_codecs() {
    for bits in [1, 4, 8, 12, 16, 24, 32, 64] {
        for (samples, big, predictor) in [(1, false, 1), (1, true, 1), (1, false, 2), (1, true, 2), (2, false, 2), (3, true, 2), (4, true, 1), (5, false, 2)] {
            if predictor == 2 && !matches!(bits, 8 | 16 | 32 | 64) {
                continue;
            }
            let ours = page(bits, samples, big, lzw).tag(259, 5).tag(317, predictor);
            let other = page(bits, samples, big, deflate).tag(259, 8).tag(317, predictor);
            assert!(all(&ours) == all(&other), "{samples} of {bits} bits, big {big}, predictor {predictor}");
        }
    }
}

#[test]
fn floats_have_a_predictor_of_their_own() {
    for (bits, big) in [(16, false), (32, false), (32, true), (64, true)] {
        for predictor in [1, 2, 3] {
            let ours = page(bits, 1, big, lzw).tag(259, 5).tag(339, 3).tag(317, predictor);
            let other = page(bits, 1, big, deflate).tag(259, 8).tag(339, 3).tag(317, predictor);
            assert!(all(&ours) == all(&other), "{bits} bits, big {big}, predictor {predictor}");
        }
    }
}

#[test]
fn bits_of_bytes_may_be_turned() {
    let mut turned = page(16, 1, false, lzw).tag(259, 5).tag(266, 2);
    turned.chunks.iter_mut().flatten().for_each(|b| *b = b.reverse_bits());
    assert!(all(&turned) == all(&page(16, 1, false, lzw).tag(259, 5)));
}

#[test]
fn a_broken_stream_is_told_with_its_place() {
    let mut build = page(16, 1, false, lzw).tag(259, 5);
    build.chunks[1].truncate(100);
    let error = refused(&build);
    assert!(error.kind() == Kind::Corrupt && error.to_string().contains("LZW stream ends too early"), "{error}");
    build.chunks[1] = vec![0xff; 200];
    assert!(refused(&build).to_string().contains("LZW code 511"), "{}", refused(&build));
}
