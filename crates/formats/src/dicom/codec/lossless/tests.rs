//! Against an encoder that follows the standard word by word.

use super::*;

struct Writer {
    out: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.bits = self.bits << 1 | u64::from(value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.out.push(self.bits as u8);
                if self.bits as u8 == 0xFF {
                    self.out.push(0);
                }
                (self.bits, self.count) = (0, 0);
            }
        }
    }

    /// Ones up to a whole byte (F.1.2.3).
    fn align(&mut self) {
        while self.count > 0 {
            self.put(1, 1);
        }
    }
}

/// Codes of categories: 0 to 2 of two bits, the others of 5 to 12, by table C.
fn code(category: u32) -> (u32, u32) {
    match category {
        0..=2 => (category, 2),
        3..=8 => (0b11000 + category - 3, 5),
        _ => (0b1111_0000_0000 + category - 9, 12),
    }
}

fn table() -> Vec<u8> {
    let mut counts = [0; 16];
    (counts[1], counts[4], counts[11]) = (3, 6, 8);
    [&[0xFF, 0xC4, 0, 2 + 17 + 17, 0][..], &counts, &(0..17).collect::<Vec<u8>>()].concat()
}

#[derive(Clone, Copy, Debug)]
struct Case {
    size: [usize; 2],
    samples: usize,
    precision: u32,
    predictor: u8,
    cut: u32,
    /// Lines between restarts.
    restart: usize,
    /// A scan for each component.
    apart: bool,
}

/// Section H.1.2, sample by sample.
fn encode(case: Case, image: &[u16]) -> Vec<u8> {
    let Case { size: [columns, rows], samples, precision, predictor, cut, restart, apart } = case;
    let head = [0xFF, 0xD8, 0xFF, 0xC3, 0, 8 + 3 * samples as u8, precision as u8, 0, rows as u8, 0, columns as u8, samples as u8];
    let mut out = [&head[..], &(0..samples as u8).flat_map(|c| [c + 1, 0x11, 0]).collect::<Vec<u8>>(), &table()].concat();
    if restart > 0 {
        out.extend([0xFF, 0xDD, 0, 4, 0, (restart * columns) as u8]);
    }
    let scans: Vec<Vec<usize>> = if apart { (0..samples).map(|c| vec![c]).collect() } else { vec![(0..samples).collect()] };
    for scan in scans {
        out.extend([0xFF, 0xDA, 0, 6 + 2 * scan.len() as u8, scan.len() as u8]);
        scan.iter().for_each(|c| out.extend([*c as u8 + 1, 0]));
        out.extend([predictor, 0, cut as u8]);
        let mut writer = Writer { out: Vec::new(), bits: 0, count: 0 };
        for y in 0..rows {
            let first = y == 0 || restart > 0 && y % restart == 0;
            if first && y > 0 {
                writer.align();
                writer.out.extend([0xFF, 0xD0 + (y / restart - 1) as u8 % 8]);
            }
            for x in 0..columns {
                for &c in &scan {
                    let at = |x: usize, y: usize| i32::from(image[(y * columns + x) * samples + c] >> cut);
                    let prediction = match (x, first) {
                        (0, true) => 1 << (precision - cut - 1),
                        (_, true) => at(x - 1, y),
                        (0, _) => at(x, y - 1),
                        _ => {
                            let (a, b, c) = (at(x - 1, y), at(x, y - 1), at(x - 1, y - 1));
                            [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][usize::from(predictor) - 1]
                        }
                    };
                    let difference = i32::from((at(x, y) - prediction) as i16);
                    let category = if difference == -32768 { 16 } else { 32 - difference.unsigned_abs().leading_zeros() };
                    writer.put(code(category).0, code(category).1);
                    if (1..16).contains(&category) {
                        let value = if difference < 0 { difference + (1 << category) - 1 } else { difference };
                        writer.put(value as u32, category);
                    }
                }
            }
        }
        writer.align();
        out.extend(writer.out);
    }
    out.extend([0xFF, 0xD9]);
    out
}

fn image(case: Case) -> Vec<u16> {
    let mut state = 12345u32;
    let most = u32::MAX >> (32 - case.precision);
    let noise = |n: usize| {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        // Smooth, noisy and extreme lines.
        (match n / (case.size[0] * case.samples) % 3 {
            0 => n as u32 % (most + 1),
            1 => (state >> 12) & most,
            _ => most * (state >> 31),
        } >> case.cut
            << case.cut) as u16
    };
    (0..case.size[0] * case.size[1] * case.samples).map(noise).collect()
}

fn decoded(case: Case, stream: &[u8]) -> Result<Vec<u16>> {
    let word = if case.precision > 8 { 2 } else { 1 };
    let layout = Layout { rows: case.size[1], columns: case.size[0], samples: case.samples, word, bits: 8 * word, planar: false };
    let mut out = vec![0; layout.bytes()];
    decode(stream, layout, &mut out)?;
    Ok(if word == 1 { out.into_iter().map(u16::from).collect() } else { out.as_chunks().0.iter().map(|b| u16::from_ne_bytes(*b)).collect() })
}

fn cases() -> Vec<Case> {
    let plain = Case { size: [13, 11], samples: 1, precision: 12, predictor: 1, cut: 0, restart: 0, apart: false };
    let mut all = Vec::new();
    for predictor in 1..=7 {
        for (precision, cut) in [(2, 0), (8, 0), (8, 3), (12, 0), (16, 0), (16, 5)] {
            all.push(Case { precision, predictor, cut, ..plain });
        }
        all.push(Case { predictor, restart: 2, ..plain });
        all.push(Case { predictor, samples: 3, precision: 8, restart: 1, ..plain });
        all.push(Case { predictor, samples: 3, precision: 8, apart: true, ..plain });
        all.push(Case { predictor, size: [1, 9], precision: 16, ..plain });
        all.push(Case { predictor, size: [200, 1], precision: 16, ..plain });
    }
    all
}

#[test]
fn every_predictor_precision_and_order_is_exact() {
    for case in cases() {
        let image = image(case);
        assert!(decoded(case, &encode(case, &image)).unwrap() == image, "{case:?}");
    }
}

#[test]
fn what_is_cut_off_or_damaged_is_an_error_or_other_samples() {
    for case in cases().into_iter().step_by(3) {
        let image = image(case);
        let stream = encode(case, &image);
        for cut in 0..stream.len() - 2 {
            assert!(decoded(case, &stream[..cut]).is_err(), "{case:?} {cut}");
        }
        for at in 0..stream.len() {
            for flip in [1, 0x80, 0xFF] {
                let mut other = stream.clone();
                other[at] ^= flip;
                let _ = decoded(case, &other);
            }
        }
    }
}
