//! Against another library's streams: every level, cut, mutated, begun anywhere.

use std::io::{Cursor, ErrorKind, Read, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

fn packed(bytes: &[u8], container: Container, level: u32) -> Vec<u8> {
    let level = Compression::new(level);
    let mut out = Vec::new();
    match container {
        Container::Gzip => GzEncoder::new(&mut out, level).write_all(bytes),
        Container::Zlib => ZlibEncoder::new(&mut out, level).write_all(bytes),
        Container::Raw => DeflateEncoder::new(&mut out, level).write_all(bytes),
    }
    .unwrap();
    out
}

fn unpacked(bytes: &[u8], container: Container) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    Decoder::new(bytes, container).read_to_end(&mut out).map(|_| out)
}

/// Bytes of several kinds: noise of a few bits, runs, periods, far repetitions.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut out: Vec<u8> = Vec::new();
    while out.len() < length {
        let n = (random() % 3000) as usize + 1;
        match random() % 5 {
            0 => (0..n).for_each(|_| out.push((random() & random() & 0x1f) as u8)),
            1 => out.extend(vec![random() as u8; n]),
            2 => (0..n).for_each(|k| out.push((k as u64 % (seed % 7 + 2)) as u8)),
            3 => (0..n).for_each(|_| out.push(random() as u8)),
            _ => {
                let from = out.len().saturating_sub((random() % 33000) as usize);
                let again = out[from..(from + n).min(out.len())].to_vec();
                out.extend(again);
            }
        }
    }
    out.truncate(length);
    out
}

const ALL: [Container; 3] = [Container::Gzip, Container::Zlib, Container::Raw];

#[test]
fn what_another_library_packs_is_unpacked() {
    for (seed, length) in [(1, 0), (2, 1), (3, 40), (4, 70_000), (5, 300_000), (6, 1_000_000)] {
        let whole = bytes(seed, length);
        for container in ALL {
            for level in 0..=9 {
                assert!(unpacked(&packed(&whole, container, level), container).unwrap() == whole, "{length} {container:?} {level}");
            }
        }
    }
    for byte in [0, 7] {
        let run = vec![byte; 3_000_000];
        assert!(unpacked(&packed(&run, Container::Gzip, 6), Container::Gzip).unwrap() == run);
    }
}

#[test]
fn readers_may_give_and_take_little() {
    struct Few<'a>(&'a [u8]);
    impl Read for Few<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = out.len().min(self.0.len()).min(3);
            self.0.read(&mut out[..n])
        }
    }
    let whole = bytes(9, 400_000);
    let stream = packed(&whole, Container::Gzip, 6);
    let mut decoder = Decoder::new(Few(&stream), Container::Gzip);
    let mut out: Vec<u8> = Vec::new();
    let mut part = [0; 777];
    loop {
        match decoder.read(&mut part).unwrap() {
            0 => break,
            n => out.extend(&part[..n]),
        }
    }
    assert!(out == whole);
}

#[test]
fn a_decoder_is_used_again() {
    let (a, b) = (packed(&bytes(3, 90_000), Container::Zlib, 6), packed(&bytes(4, 200_000), Container::Zlib, 1));
    let mut decoder = Decoder::new(&a[..], Container::Zlib);
    let mut some = [0; 100];
    for stream in [&b[..], &a[..500], &a[..], &b[..]] {
        decoder.read_exact(&mut some).unwrap();
        decoder.restart(stream);
    }
    let mut out = Vec::new();
    decoder.read_to_end(&mut out).unwrap();
    assert!(out == bytes(4, 200_000));
}

#[test]
fn a_stream_that_is_cut_gives_what_came_and_an_error() {
    let whole = bytes(11, 30_000);
    for container in ALL {
        let stream = packed(&whole, container, 6);
        for cut in 0..stream.len() {
            let mut out = Vec::new();
            let error = Decoder::new(&stream[..cut], container).read_to_end(&mut out).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{container:?} {cut}");
            assert!(whole.starts_with(&out), "{container:?} {cut}");
            // All but a few symbols, where the checksum alone is missing all.
            assert!(out.len() + 6 >= whole.len() || cut + 8 < stream.len(), "{container:?} {cut}");
        }
    }
}

#[test]
fn members_their_heads_and_what_is_behind_them() {
    let two = [packed(b"one", Container::Gzip, 6), packed(b"two", Container::Gzip, 6)].concat();
    assert_eq!(unpacked(&two, Container::Gzip).unwrap(), b"onetwo");
    assert_eq!(unpacked(&[two.clone(), vec![0; 512]].concat(), Container::Gzip).unwrap(), b"onetwo");
    assert!(unpacked(&[two.clone(), b"junk".to_vec()].concat(), Container::Gzip).is_err());
    assert!(unpacked(&[], Container::Gzip).is_err());
    let mut named = flate2::GzBuilder::new().filename("n").comment("c").extra(vec![1; 60_000]).write(Vec::new(), Compression::new(6));
    named.write_all(b"named").unwrap();
    let named = named.finish().unwrap();
    assert_eq!(unpacked(&named, Container::Gzip).unwrap(), b"named");
    for cut in [5, 11, 100, 60_013, 60_015] {
        assert_eq!(unpacked(&named[..cut], Container::Gzip).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
    for container in [Container::Zlib, Container::Raw] {
        let stream = [packed(b"alone", container, 6), b"and more".to_vec()].concat();
        assert_eq!(unpacked(&stream, container).unwrap(), b"alone");
    }
    let mut wrong = packed(b"summed", Container::Gzip, 6);
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    assert!(unpacked(&wrong, Container::Gzip).unwrap_err().to_string().contains("checksum"));
}

#[test]
fn decoding_begins_again_at_every_point() {
    let whole = bytes(13, 2_000_000);
    for container in ALL {
        let mut stream = packed(&whole[..1_200_000], container, 6);
        let more = container == Container::Gzip;
        stream.extend(if more { packed(&whole[1_200_000..], container, 1) } else { Vec::new() });
        let end = if more { whole.len() } else { 1_200_000 };
        let mut decoder = Decoder::new(&stream[..], container).with_points(50_000);
        decoder.read_to_end(&mut Vec::new()).unwrap();
        let points = decoder.take_points();
        assert!(points.len() > 10, "{}", points.len());
        for point in points {
            let mut rest = Cursor::new(&stream[..]);
            rest.set_position(point.bit / 8);
            let mut out = Vec::new();
            Decoder::resume(rest, container, &point).unwrap().read_to_end(&mut out).unwrap();
            assert!(out == whole[point.out as usize..end], "{container:?} {point:?}");
        }
    }
}

/// Ten bits a block, none of which gives anything: who reads may stop.
#[test]
fn blocks_of_nothing_do_not_hold_a_reader() {
    let empty: Vec<u8> = [0b0000_0010, 0b0000_1000, 0b0010_0000, 0b1000_0000, 0].repeat(2000);
    let mut decoder = Decoder::new(&empty[..], Container::Raw);
    let kinds: Vec<ErrorKind> = (0..40).map(|_| decoder.read(&mut [0; 10]).map_or_else(|e| e.kind(), |_| ErrorKind::Other)).collect();
    assert!(kinds.starts_with(&[ErrorKind::Interrupted; 3]) && kinds.contains(&ErrorKind::UnexpectedEof), "{kinds:?}");
}

#[test]
fn codes_that_cannot_be_are_errors() {
    // By hand: no such block; stored with lengths that differ; 287 literals; a code of lengths that is not complete.
    for bad in [&[0b111][..], &[1, 5, 0, 5, 0], &[0b1111_1101, 0xff, 0, 0], &[5, 0, 0, 0, 0, 0]] {
        assert_eq!(unpacked(bad, Container::Raw).unwrap_err().kind(), ErrorKind::InvalidData, "{bad:?}");
    }
    // A fixed block whose first symbol is a match.
    assert!(unpacked(&[0b0000_0011, 0b0000_0010, 0, 0], Container::Raw).unwrap_err().to_string().contains("before the first"));
}

proptest! {
    #[test]
    fn mutations_are_judged_as_by_another_library(seed in 0u64..1000, at in 0usize..6000, to in any::<u8>(), level in 0u32..10) {
        let whole = bytes(seed, 8000);
        let mut stream = packed(&whole, Container::Raw, level);
        let at = at % stream.len();
        stream[at] = to;
        let mut theirs = Vec::new();
        let they = flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut theirs);
        match (unpacked(&stream, Container::Raw), they) {
            (Ok(ours), Ok(_)) => prop_assert!(ours == theirs),
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours.map(|o| o.len()), theirs),
        }
    }
}

#[test]
fn what_is_packed_here_is_unpacked_by_both() {
    for (seed, length) in [(1, 0), (2, 1), (3, 7), (4, 40), (5, 70_000), (6, 300_000), (7, 3_000_000)] {
        let whole = bytes(seed, length);
        for row in [0, 1, 77, 1024, 1 << 20] {
            let mut encoder = Encoder::new(row);
            let cut = whole.len() / 3;
            let (mut stream, mut from) = (encoder.part(&whole[..cut.min(Encoder::PART)], false), cut.min(Encoder::PART));
            while from + Encoder::PART < whole.len() {
                stream.extend(encoder.part(&whole[from..from + Encoder::PART], false));
                from += Encoder::PART;
            }
            let end = encoder.part(&whole[from..], true);
            assert!(end == Encoder::new(row).part(&whole[from..], true), "a part depends on no other");
            stream.extend(end);
            let mut theirs = Vec::new();
            flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut theirs).unwrap();
            assert!(theirs == whole && unpacked(&stream, Container::Raw).unwrap() == whole, "{length} {row}");
        }
    }
    for run in [vec![0; 1_000_000], (0..250_000u32).flat_map(u32::to_le_bytes).collect()] {
        let stream = Encoder::new(512).part(&run, true);
        assert!(unpacked(&stream, Container::Raw).unwrap() == run);
    }
}

proptest! {
    #[test]
    fn anything_is_packed_and_unpacked(parts in proptest::collection::vec(proptest::collection::vec(0u8..4, 0..400), 1..5), noise in proptest::collection::vec(any::<u8>(), 0..3000), row in 0usize..50) {
        let mut encoder = Encoder::new(row);
        let mut stream: Vec<u8> = parts.iter().flat_map(|p| encoder.part(p, false)).collect();
        stream.extend(encoder.part(&noise, true));
        let whole = [parts.concat(), noise].concat();
        let mut theirs = Vec::new();
        flate2::read::DeflateDecoder::new(&stream[..]).read_to_end(&mut theirs).unwrap();
        prop_assert!(theirs == whole && unpacked(&stream, Container::Raw).unwrap() == whole);
    }
}
