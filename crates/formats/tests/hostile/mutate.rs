//! Deterministic damage: the number of a case is all that says what is done.

/// The splitmix64 generator: every number gives another sequence.
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of a number.
    pub(crate) fn new(number: u64) -> Random {
        Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1505)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Numbers that break sums: limits of every width, and their neighbours.
const NUMBERS: [u64; 18] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x0fff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x2000_0000_0000_0001,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// Reals that break sums.
const REALS: [f64; 8] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e300, 1e-300, 0.5];

/// Words that a number in a text becomes.
const WORDS: [&str; 18] = [
    "0",
    "-1",
    "1",
    "",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "1e-999",
    "0.5",
    "255",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999",
];

/// One case: every other one is the next of a row, the rest are random.
pub(crate) fn case(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    let at = (number % seeds.len() as u64) as usize;
    let turn = (number / seeds.len() as u64) as usize;
    let mut bytes = seeds[at].clone();
    if turn.is_multiple_of(2) && row(&mut bytes, turn / 2) {
        return bytes;
    }
    for _ in 0..=random.below(3) {
        let other = random.below(seeds.len());
        damage(&mut bytes, &seeds[other], &mut random);
    }
    bytes
}

/// Cut at every length, then every byte 0, then every byte 255; false when the row is at its end.
fn row(bytes: &mut Vec<u8>, step: usize) -> bool {
    let length = bytes.len();
    match step.checked_div(length) {
        Some(0) => bytes.truncate(step),
        Some(1) => bytes[step - length] = 0,
        Some(2) => bytes[step - 2 * length] = 255,
        _ => return false,
    }
    true
}

fn damage(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    // Headers come first: half of all places are among the first bytes.
    let reach = if random.below(2) == 0 { bytes.len().min(128) } else { bytes.len() };
    let at = random.below(reach);
    match random.below(9) {
        0 => change(bytes, at, |b| b ^ 1 << (at % 8)),
        1 => {
            let value = random.next() as u8;
            change(bytes, at, |_| value);
        }
        2 => bytes.truncate(random.below(bytes.len() + 1)),
        3 => {
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        4 | 5 => field(bytes, at, random),
        6 => number(bytes, at, random),
        7 => {
            let part = bytes[at..].iter().copied().take(1 + random.below(32)).collect::<Vec<_>>();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, part);
        }
        _ => drop(bytes.drain(at..(at + 1 + random.below(32)).min(bytes.len()))),
    }
}

fn change(bytes: &mut [u8], at: usize, to: impl Fn(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = to(*byte);
    }
}

/// An integer or a real of some width, in either byte order, at a place that fields lie at.
fn field(bytes: &mut [u8], at: usize, random: &mut Random) {
    let width = [1, 2, 4, 8][random.below(4)];
    let at = if random.below(4) == 0 { at } else { at / width.min(4) * width.min(4) };
    let near = bytes.len() as u64;
    let integer = match random.below(8) {
        0 => near.wrapping_add(random.next() % 5).wrapping_sub(2),
        1 => random.next(),
        _ => NUMBERS[random.below(NUMBERS.len())],
    };
    let real = REALS[random.below(REALS.len())];
    let mut value = match (random.below(4), width) {
        (0, 4) => (real as f32).to_le_bytes().to_vec(),
        (0, 8) => real.to_le_bytes().to_vec(),
        _ => integer.to_le_bytes()[..width].to_vec(),
    };
    if random.below(4) == 0 {
        value.reverse();
    }
    if let Some(place) = bytes.get_mut(at..at + width) {
        place.copy_from_slice(&value);
    }
}

/// The number behind a place, or whichever comes first, becomes another word.
fn number(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let digit = |b: &u8| b.is_ascii_digit();
    let Some(from) = bytes.iter().skip(at).position(digit).map(|n| n + at).or_else(|| bytes.iter().position(digit)) else { return };
    let length = bytes[from..].iter().take_while(|b| digit(b)).count();
    bytes.splice(from..from + length, random.of(&WORDS).bytes());
}
