use super::*;

/// The image of T.87, H.3: 4 x 4 samples of 8 bits, and its stream.
const SAMPLES: [u16; 16] = [0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145];
const STREAM: [u8; 57] = [
    0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x6C,
    0x80, 0x20, 0x8E, 0x01, 0xC0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01, 0xBC, 0x18, 0x00, 0x00, 0x05, 0xD8, 0x00, 0x00, 0x91, 0x60, 0xFF, 0xD9,
];

fn decoded(stream: &[u8]) -> Result<Vec<u16>> {
    let mut out = vec![0; info(stream)?.samples()];
    decode(stream, &mut out)?;
    Ok(out)
}

#[test]
fn the_example_of_the_standard() {
    assert_eq!(info(&STREAM), Ok(Info { width: 4, height: 4, components: 1, bits: 8 }));
    assert_eq!(decoded(&STREAM), Ok(SAMPLES.to_vec()));
}

#[test]
fn whatever_is_cut_off_is_an_error() {
    for end in 0..STREAM.len() - 2 {
        assert!(decoded(&STREAM[..end]).is_err(), "{end} bytes");
    }
    assert_eq!(decoded(&STREAM[..40]), Err(Error::CutOff));
}

#[test]
fn flipped_bits_are_errors_or_samples_within_range() {
    for at in 0..STREAM.len() * 8 {
        let mut stream = STREAM;
        stream[at / 8] ^= 1 << (at % 8);
        let small = info(&stream).is_ok_and(|i| i.samples() < 1 << 20);
        if small && let Ok(samples) = decoded(&stream) {
            let bits = info(&stream).expect("a header").bits;
            assert!(samples.iter().all(|&s| u32::from(s) < 1 << bits), "bit {at}");
        }
    }
}

#[test]
fn what_is_not_decoded_is_named() {
    let changed = |at: usize, value: u8| {
        let mut stream = STREAM;
        stream[at] = value;
        decoded(&stream)
    };
    assert!(matches!(changed(3, 0xC0), Err(Error::Unsupported(_))));
    assert!(matches!(changed(21, 1), Err(Error::Unsupported(_))), "a mapping table");
    assert!(matches!(changed(24, 1), Err(Error::Unsupported(_))), "a point transform");
    assert!(matches!(changed(22, 200), Err(Error::Corrupt(_))), "NEAR beyond half the samples");
    let mut out = [0; 15];
    assert!(matches!(decode(&STREAM, &mut out), Err(Error::Corrupt(_))));
}

/// Colours as an APP8 segment says that they were transformed: three scans of the example.
#[test]
fn colour_transforms() {
    let stream = |transform: u8| {
        let head = [0xFF, 0xD8, 0xFF, 0xF7, 0, 17, 8, 0, 4, 0, 4, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xFF, 0xE8, 0, 7, b'm', b'r', b'f', b'x', transform];
        let scans = (1..=3).flat_map(|name| [&STREAM[15..20], &[name], &STREAM[21..55]].concat());
        head.into_iter().chain(scans).chain([0xFF, 0xD9]).collect::<Vec<u8>>()
    };
    let pixels = |of: &dyn Fn(u16) -> [u16; 3]| Ok(SAMPLES.iter().flat_map(|&v| of(v)).collect::<Vec<u16>>());
    assert_eq!(decoded(&stream(0)), pixels(&|v| [v; 3]));
    let turned = |v: u16| (2 * v + 128) % 256;
    assert_eq!(decoded(&stream(1)), pixels(&|v| [turned(v), v, turned(v)]));
    assert!(matches!(decoded(&stream(4)), Err(Error::Unsupported(_))));
    // A grey image has no colours to be transformed.
    let grey = [&STREAM[..15], &[0xFF, 0xE8, 0, 7, b'm', b'r', b'f', b'x', 1], &STREAM[15..]].concat();
    assert!(matches!(decoded(&grey), Err(Error::Unsupported(_))));
}

/// Restarts forget what was learnt: two stretches of the example, each the whole of it.
#[test]
fn restart_intervals() {
    let (head, body) = STREAM[2..55].split_at(23);
    let mut stream = vec![0xFF, 0xD8];
    stream.extend(head.iter().take(13));
    stream[8] = 8;
    stream.extend([0xFF, 0xDD, 0, 4, 0, 4]);
    stream.extend(&head[13..]);
    stream.extend(body);
    stream.extend([0xFF, 0xD0]);
    stream.extend(body);
    stream.extend([0xFF, 0xD9]);
    assert_eq!(decoded(&stream), Ok([SAMPLES, SAMPLES].concat()));
    let marker = stream.len() - body.len() - 3;
    stream[marker] = 0xD1;
    assert!(matches!(decoded(&stream), Err(Error::Corrupt(_))));
}
