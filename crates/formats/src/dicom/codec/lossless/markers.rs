//! Marker segments of a lossless stream (T.81, annex B).

use isovox_volume::{Error, Result};

use super::super::Layout;
use super::bits::Table;

/// What a scan says.
pub(super) struct Scan {
    /// Which components of the frame it has, in the order of their samples.
    pub(super) components: Vec<usize>,
    /// Their tables.
    pub(super) tables: Vec<usize>,
    /// 1 to 7 (table H.1).
    pub(super) predictor: u8,
    /// Low bits that are cut off: the point transform.
    pub(super) cut: u32,
}

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Bits of a sample.
    pub(super) precision: u32,
    /// Pixels between restarts; 0 for none.
    pub(super) restart: usize,
    names: Vec<u8>,
    tables: [Option<Table>; 4],
}

fn bad(what: &str) -> Error {
    Error::corrupt("lossless JPEG").found(what)
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Reader<'a> {
        Reader { rest: stream, precision: 0, restart: 0, names: Vec::new(), tables: [const { None }; 4] }
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    pub(super) fn table(&self, number: usize) -> Result<&Table> {
        self.tables.get(number).and_then(Option::as_ref).ok_or_else(|| bad("a scan without its Huffman table"))
    }

    /// Reads up to the bits of the next scan.
    pub(super) fn scan(&mut self, layout: Layout) -> Result<Scan> {
        loop {
            let marker = self.marker()?;
            if matches!(marker, 0x01 | 0xD0..=0xD8) {
                continue;
            }
            let length = self.rest.first_chunk().map(|b| usize::from(u16::from_be_bytes(*b)));
            let segment = length.and_then(|n| self.rest.get(2..n)).ok_or_else(|| bad("a segment beyond its end"))?;
            self.rest = &self.rest[segment.len() + 2..];
            match marker {
                0xC3 => self.frame(segment)?,
                0xC4 => self.huffman(segment)?,
                0xDD => self.restart = segment.first_chunk().map(|b| u16::from_be_bytes(*b).into()).ok_or_else(|| bad("a restart interval without a number"))?,
                0xDA => return self.begin(segment, layout),
                0xC0..=0xCF => return Err(bad("a further frame of another kind")),
                0xD9 => return Err(bad("its end before its pixels")),
                _ => {}
            }
        }
    }

    fn marker(&mut self) -> Result<u8> {
        loop {
            match *self.rest {
                [0xFF, 0xFF, ..] => self.rest = &self.rest[1..],
                [0xFF, marker, ref rest @ ..] => {
                    self.rest = rest;
                    return Ok(marker);
                }
                _ => return Err(bad("no marker where one should be")),
            }
        }
    }

    /// Its size was held against the header before.
    fn frame(&mut self, segment: &[u8]) -> Result<()> {
        let [precision, _, _, _, _, count, components @ ..] = segment else { return Err(bad("a frame header cut off")) };
        if !self.names.is_empty() || !(2..=16).contains(precision) || components.len() != 3 * usize::from(*count) {
            return Err(bad("a frame header that cannot be"));
        }
        if components.chunks_exact(3).any(|c| c[1] != 0x11) {
            return Err(Error::unsupported("a JPEG frame").found("lossless components of several sizes"));
        }
        self.precision = u32::from(*precision);
        self.names = components.chunks_exact(3).map(|c| c[0]).collect();
        Ok(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Result<()> {
        while let Some((&place, rest)) = segment.split_first() {
            let counts: [u8; 16] = *rest.first_chunk().ok_or_else(|| bad("a Huffman table cut off"))?;
            let all = counts.iter().map(|&n| usize::from(n)).sum::<usize>();
            let categories = rest.get(16..16 + all).ok_or_else(|| bad("a Huffman table cut off"))?;
            // Tables of the other class have no use here.
            if place >> 4 == 0 {
                *self.tables.get_mut(usize::from(place)).ok_or_else(|| bad("a fifth Huffman table"))? = Some(Table::new(counts, categories)?);
            }
            segment = &rest[16 + all..];
        }
        Ok(())
    }

    fn begin(&self, segment: &[u8], layout: Layout) -> Result<Scan> {
        let (&count, rest) = segment.split_first().ok_or_else(|| bad("a scan header cut off"))?;
        let count = usize::from(count);
        if self.names.len() != layout.samples || count == 0 || rest.len() != 2 * count + 3 {
            return Err(bad("a scan header that cannot be"));
        }
        let (mut components, mut tables) = (Vec::new(), Vec::new());
        for pair in rest[..2 * count].chunks_exact(2) {
            let component = self.names.iter().position(|n| *n == pair[0]).ok_or_else(|| bad("a scan of a component that is none"))?;
            if components.contains(&component) {
                return Err(bad("a component twice in a scan"));
            }
            components.push(component);
            tables.push(usize::from(pair[1] >> 4));
        }
        let (predictor, cut) = (rest[2 * count], u32::from(rest[2 * count + 2] & 15));
        if !(1..=7).contains(&predictor) || cut >= self.precision {
            return Err(bad("a predictor or point transform that cannot be"));
        }
        Ok(Scan { components, tables, predictor, cut })
    }
}
