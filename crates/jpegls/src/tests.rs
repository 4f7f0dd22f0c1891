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

/// What a stream is, its columns, rows and components, bits, NEAR, and the stream in hexadecimal.
type Case = (&'static str, [usize; 3], u32, i32, &'static str);

/// Streams of `CharLS`, of the samples that [`sample`] gives.
#[rustfmt::skip]
const CASES: [Case; 9] = [
    ("one column", [1, 30, 1], 8, 0, "ffd8fff7000b08001e000101011100ffda0008010100000000800000d44ffc652886000002b4000002b94890657928e48cffd9"),
    ("one column, NEAR 2", [1, 40, 1], 12, 2, "ffd8fff7000b0c0028000101011100ffda00080101000200008000000008c3ff0a49ca02200000007000000000184a5343189e9a686727a6991acae40dc5dd1a7964ffd9"),
    ("one row of 16 bits", [40, 1, 1], 16, 0, "ffd8fff7000b100001002801011100fff8000d01ffff0012004301140040ffda000801010000000080000000000d5300200802010080402020202000000000000056250096be1de980000000245c000b964e953845d22e08c7fdd12e05700630ee0173eb7e5be98c9b7d0000c848000c61f20b39f4df937d00ffd9"),
    ("12 bits", [9, 6, 1], 12, 0, "ffd8fff7000b0c0006000901011100ffda0008010100000000800000000d544082084210000000001aa98199d4003c088007c00000000332e000000002cdf67e102db8c38604b00000001ddbe0c1027017668c0000000680000b2e749c001916764800000b20000047655f628062c4800008e32080ffd9"),
    ("2 bits", [16, 8, 1], 2, 0, "ffd8fff7000b020008001001011100ffda0008010100000000bbff54e972aaad7bbfb3bbfa559d56b7a6affc96b5555d55d0aaafff4f6d40ffd9"),
    ("16 bits, NEAR 3", [8, 6, 1], 16, 3, "ffd8fff7000b100006000801011100fff8000d01ffff001b005201290040ffda00080101000300008000002c300808102080000002c500e65380000004e4100000005200000000000031cb00507a1880a1232de46fd000000000c70cb0c3c0202001e4efd801922fff463e0410000882000676000446721014010000ffd9"),
    ("line by line", [7, 5, 3], 8, 1, "ffd8fff70011080005000703011100021100031100ffda000c030100020003000101008000005b58000005140bc9802dc6f3600a030d000000ca0ea1480119a000040003000065af3400041a0000148000030b522d714000194e0002c449a8000538000002788c40030a2022e28c0000e278000002903800428000001a880000029473e4a7d5d8ffd9"),
    ("pixel by pixel", [7, 5, 3], 8, 0, "ffd8fff70011080005000703011100021100031100ffda000c030100020003000002004000003520a8000006a657e000002c8001e05620f4200d800000f0000000b98cb09425084e09a000000b3a70000016200000240000016c730000017319384a7ae000002edcf80c869791000000b3095ada59e1035e204007007b7b0000016007cfe800000b40034cd0c000007f6261c000005cc000005ccc80502d565216e0ffd9"),
    ("pixel by pixel, NEAR 1", [6, 5, 3], 12, 1, "ffd8fff700110c0005000603011100021100031100ffda000c0301000200030001020040000000002e346380000002e82111124800000000144c00005200d39002700000000033d80000a0b451f231b97971b18944ccc5c5d4d0150000000312c4c4a1200f60001e06209a0840cccd040000002d8000032af1fa7160003326694f1898939c4a478c00161f7ca02869999b9c544c8c8e01de11015c238000000000afe000000e39413902ffd9"),
];

/// Runs, noise, and among it samples of any value.
fn sample(i: usize, bits: u32) -> u16 {
    let (top, noise) = ((1 << bits) - 1, (i as u32).wrapping_mul(2_654_435_761) >> 15);
    let sample = match i {
        _ if i.is_multiple_of(17) => noise & top,
        _ if i % 40 < 13 => top / 3,
        _ => top / 2 + noise % (top / 16 + 2),
    };
    sample as u16
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    hexadecimal.as_bytes().as_chunks::<2>().0.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits")).collect()
}

#[test]
fn streams_of_another_coder() {
    for (what, [width, height, components], bits, near, stream) in CASES {
        let stream = bytes_of(stream);
        assert_eq!(info(&stream), Ok(Info { width, height, components, bits }), "{what}");
        for (i, &found) in decoded(&stream).expect(what).iter().enumerate() {
            let apart = i32::from(found) - i32::from(sample(i, bits));
            assert!(apart.abs() <= near, "{what}: sample {i}, {apart} apart");
        }
    }
}

#[test]
fn streams_of_another_coder_cut_off_or_damaged() {
    for (what, .., stream) in CASES {
        let stream = bytes_of(stream);
        for end in 0..stream.len() - 3 {
            assert!(decoded(&stream[..end]).is_err(), "{what}: {end} bytes");
        }
        for at in 25..stream.len() - 2 {
            for byte in [0, 0x7F, 0xFF] {
                let mut damaged = stream.clone();
                damaged[at] = byte;
                let Ok(of) = info(&damaged) else { continue };
                let within = |samples: Vec<u16>| samples.iter().all(|&s| u32::from(s) < 1 << of.bits);
                assert!(decoded(&damaged).is_ok_and(within) || decoded(&damaged).is_err(), "{what}: byte {at}");
            }
        }
    }
}
