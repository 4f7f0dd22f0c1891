//! Lossless JPEG: differences from neighbours, Huffman coded (ITU-T T.81, annex H).

mod bits;
mod markers;
#[cfg(test)]
mod tests;

use isovox_volume::{Error, Result};

use self::bits::Bits;
use self::markers::{Reader, Scan};
use super::Layout;

pub(super) fn decode(stream: &[u8], layout: Layout, out: &mut [u8]) -> Result<()> {
    let mut reader = Reader::new(stream);
    let mut missing = (1u32 << layout.samples) - 1;
    while missing != 0 {
        let scan = reader.scan(layout)?;
        if scan.components.iter().any(|c| missing & 1 << c == 0) {
            return Err(Error::corrupt("lossless JPEG").found("a component in two scans"));
        }
        scan.components.iter().for_each(|c| missing &= !(1 << c));
        let read = lines(reader.rest(), &reader, &scan, layout, out)?;
        reader.skip(read);
    }
    Ok(())
}

/// Decodes the lines of a scan; how many bytes it has.
fn lines(bytes: &[u8], reader: &Reader<'_>, scan: &Scan, layout: Layout, out: &mut [u8]) -> Result<usize> {
    let tables = scan.tables.iter().map(|&t| reader.table(t)).collect::<Result<Vec<_>>>()?;
    let width = layout.columns;
    let between = reader.restart / width;
    if !reader.restart.is_multiple_of(width) {
        return Err(Error::corrupt("lossless JPEG").found(format_args!("restarts every {} pixels", reader.restart)).expected("whole lines between restarts"));
    }
    // Samples without the bits that the point transform has cut; the first sample is predicted as half of what they reach.
    let (cut, half) = (scan.cut, 1u16 << (reader.precision - 1 - scan.cut));
    let mut bits = Bits::new(bytes);
    let mut above = vec![vec![0u16; width]; tables.len()];
    let mut now = above.clone();
    for y in 0..layout.rows {
        let first = y == 0 || between > 0 && y % between == 0;
        if first && y > 0 {
            bits.restart((y / between - 1) as u8 % 8)?;
        }
        if let ([table], [line]) = (&tables[..], &mut now[..]) {
            bits.differences(table, line)?;
        } else {
            for x in 0..width {
                for (table, line) in tables.iter().zip(&mut now) {
                    line[x] = bits.difference(table)?;
                }
            }
        }
        bits.enough()?;
        for ((line, above), &component) in now.iter_mut().zip(&mut above).zip(&scan.components) {
            if first {
                from_left(line, half);
            } else {
                predicted(scan.predictor, line, above);
            }
            put(out, layout, y, component, line, cut);
            std::mem::swap(line, above);
        }
    }
    Ok(bits.read())
}

/// The first line: each sample from the one before.
fn from_left(line: &mut [u16], first: u16) {
    let mut left = first;
    for value in line {
        left = left.wrapping_add(*value);
        *value = left;
    }
}

/// Any other line: its first sample from the one above, the rest as the scan says (table H.1).
fn predicted(predictor: u8, line: &mut [u16], above: &[u16]) {
    let Some((first, rest)) = line.split_first_mut() else { return };
    *first = first.wrapping_add(above[0]);
    let mut left = *first;
    let pairs = || above.iter().zip(&above[1..]);
    let mut walk = |predict: fn(i32, i32, i32) -> i32| {
        for (value, (&corner, &up)) in rest.iter_mut().zip(pairs()) {
            left = value.wrapping_add(predict(left.into(), up.into(), corner.into()) as u16);
            *value = left;
        }
    };
    match predictor {
        1 => walk(|a, _, _| a),
        2 => walk(|_, b, _| b),
        3 => walk(|_, _, c| c),
        4 => walk(|a, b, c| a + b - c),
        5 => walk(|a, b, c| a + ((b - c) >> 1)),
        6 => walk(|a, b, c| b + ((a - c) >> 1)),
        _ => walk(|a, b, _| (a + b) >> 1),
    }
}

/// Puts a line of one component into its place.
fn put(out: &mut [u8], layout: Layout, y: usize, component: usize, line: &[u16], cut: u32) {
    let words = layout.samples * layout.columns;
    let row = &mut out[y * words * layout.word..][..words * layout.word];
    match layout.word {
        1 => row[component..].iter_mut().step_by(layout.samples).zip(line).for_each(|(o, v)| *o = (v << cut) as u8),
        2 => row.as_chunks_mut().0[component..].iter_mut().step_by(layout.samples).zip(line).for_each(|(o, v)| *o = (v << cut).to_ne_bytes()),
        _ => row.as_chunks_mut().0[component..].iter_mut().step_by(layout.samples).zip(line).for_each(|(o, v)| *o = u32::from(v << cut).to_ne_bytes()),
    }
}
