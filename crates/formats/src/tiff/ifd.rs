//! Image file directories: tags by number, read where they lie (TIFF 6.0, section 2; `BigTIFF` as libtiff defines it).

use std::collections::HashSet;

use isovox_volume::{Error, Result};

use crate::input::Input;

/// Work allowed for directories, in bytes of the file: they may share values, but not make the walk quadratic.
const GREATEST_SHARE: u64 = 8;

/// A tag and where its values are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its number.
    pub(super) tag: u16,
    kind: u16,
    /// How many values.
    pub(super) count: u64,
    /// The byte of the first value.
    pub(super) at: u64,
    /// The values, where they stand in the directory itself: most do, and a read of the file for each would be many.
    here: Option<[u8; 8]>,
}

impl Entry {
    /// Bytes of one value; `None` for types nobody has defined.
    pub(super) fn width(&self) -> Option<u64> {
        Some(match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => return None,
        })
    }

    /// Values that came with the directory.
    fn held(&self, at: u64, bytes: u64) -> Option<&[u8]> {
        let from = at.checked_sub(self.at)?;
        self.here.as_ref()?.get(from as usize..from.checked_add(bytes)? as usize)
    }
}

/// The tags of one directory.
#[derive(Debug)]
pub(super) struct Directory {
    entries: Vec<Entry>,
}

impl Directory {
    /// A tag's entry.
    pub(super) fn entry(&self, tag: u16) -> Option<Entry> {
        self.entries.iter().find(|e| e.tag == tag).copied()
    }
}

/// The bytes of a TIFF file and how they are laid out.
#[derive(Clone)]
pub(super) struct Bytes {
    /// The file.
    pub(super) input: Input,
    /// Whether numbers are big-endian.
    pub(super) big: bool,
    /// Whether it is a `BigTIFF`: 64-bit offsets.
    pub(super) wide: bool,
}

impl Bytes {
    /// Reads the file's header; gives the place of the first directory.
    pub(super) fn open(input: &Input) -> Result<(Bytes, u64)> {
        let cut = |n: usize| {
            Error::corrupt("TIFF header").found(format_args!("{n} bytes")).expected("8, or 16 in a BigTIFF").help("the file is cut off; copy it again").within(input.path())
        };
        let head = input.head(16)?;
        if head.len() < 8 {
            return Err(cut(head.len()));
        }
        let big = head.starts_with(b"MM");
        let mut bytes = Bytes { input: input.clone(), big, wide: false };
        match bytes.number(&head[2..4]) {
            42 => Ok((bytes.clone(), bytes.number(&head[4..8]))),
            43 if head.len() < 16 => Err(cut(head.len())),
            43 if bytes.number(&head[4..6]) == 8 && bytes.number(&head[6..8]) == 0 => {
                bytes.wide = true;
                Ok((bytes.clone(), bytes.number(&head[8..16])))
            }
            other => Err(Error::corrupt("TIFF version").found(other).expected("42, or 43 with 8-byte offsets").within(input.path())),
        }
    }

    /// An unsigned number of up to 8 bytes, in the file's order.
    pub(super) fn number(&self, bytes: &[u8]) -> u64 {
        let push = |n: u64, b: &u8| n << 8 | u64::from(*b);
        if self.big { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
    }

    /// Unsigned values `from..from + count` of an entry.
    pub(super) fn uints(&self, entry: &Entry, from: u64, count: u64) -> Result<Vec<u64>> {
        let wrong = || self.wrong(entry).expected("whole numbers");
        if !matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18) || from.checked_add(count).is_none_or(|n| n > entry.count) {
            return Err(wrong());
        }
        let width = entry.width().ok_or_else(wrong)?;
        let raw = self.raw(entry, entry.at.saturating_add(from.saturating_mul(width)), width.checked_mul(count))?;
        Ok(raw.chunks_exact(width as usize).map(|b| self.number(b)).collect())
    }

    /// The first value of an entry as a fraction; none for a zero denominator.
    pub(super) fn fraction(&self, entry: &Entry) -> Result<Option<f64>> {
        match entry.kind {
            5 => {
                let raw = self.raw(entry, entry.at, Some(8))?;
                let (over, under) = (self.number(&raw[..4]) as f64, self.number(&raw[4..]) as f64);
                Ok((under > 0.0).then(|| over / under))
            }
            11 => Ok(Some(f64::from(f32::from_bits(self.number(&self.raw(entry, entry.at, Some(4))?) as u32)))),
            12 => Ok(Some(f64::from_bits(self.number(&self.raw(entry, entry.at, Some(8))?)))),
            _ => Ok(self.uints(entry, 0, 1)?.first().map(|&v| v as f64)),
        }
    }

    /// A text (UTF-8, else Latin-1), cut at its first NUL.
    pub(super) fn text(&self, entry: &Entry) -> Result<String> {
        if !matches!(entry.kind, 1 | 2 | 7) {
            return Err(self.wrong(entry).expected("text"));
        }
        let mut raw = self.raw(entry, entry.at, Some(entry.count))?;
        raw.truncate(raw.iter().position(|&b| b == 0).unwrap_or(raw.len()));
        Ok(String::from_utf8(raw).unwrap_or_else(|e| e.into_bytes().iter().map(|&b| char::from(b)).collect()))
    }

    fn raw(&self, entry: &Entry, at: u64, bytes: Option<u64>) -> Result<Vec<u8>> {
        let end = bytes.and_then(|n| n.checked_add(at)).filter(|&end| end <= self.input.len());
        let (Some(bytes), Some(_)) = (bytes, end) else {
            return Err(self.wrong(entry).expected(format_args!("values within the file's {} bytes", self.input.len())).help("the file is cut off or damaged; copy it again"));
        };
        if let Some(held) = entry.held(at, bytes) {
            return Ok(held.to_vec());
        }
        let mut raw = vec![0; bytes as usize];
        self.input.read_at(at, &mut raw)?;
        Ok(raw)
    }

    fn wrong(&self, entry: &Entry) -> Error {
        Error::corrupt(format_args!("TIFF tag {}", entry.tag)).found(format_args!("{} values of type {} at byte {}", entry.count, entry.kind, entry.at)).within(self.input.path())
    }
}

/// A walk along the chain of directories.
pub(super) struct Walk<'a> {
    bytes: &'a Bytes,
    next: u64,
    seen: HashSet<u64>,
    budget: u64,
}

impl<'a> Walk<'a> {
    /// From the first directory on.
    pub(super) fn new(bytes: &'a Bytes, first: u64) -> Walk<'a> {
        let budget = bytes.input.len().saturating_mul(GREATEST_SHARE).saturating_add(1 << 20);
        Walk { bytes, next: first, seen: HashSet::new(), budget }
    }

    /// Counts bytes that are read for directories and their lists.
    pub(super) fn spend(&mut self, bytes: u64) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(|| self.corrupt().found("directories that overlap many times over").expected("each with its own values"))?;
        Ok(())
    }

    /// The next directory; `None` after the last.
    pub(super) fn step(&mut self) -> Result<Option<Directory>> {
        if self.next == 0 {
            return Ok(None);
        }
        if !self.seen.insert(self.next) {
            return Err(self.corrupt().found(format_args!("a chain that comes back to byte {}", self.next)).expected("an end").help("the file is damaged; copy it again"));
        }
        let (counter, each, pointer) = if self.bytes.wide { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.bytes.number(&self.read(self.next, counter)?);
        if count > 65_535 {
            return Err(self.corrupt().found(format_args!("{count} tags")).expected("at most 65535"));
        }
        let first = self.next + counter;
        let block = self.read(first, count * each + pointer)?;
        let (tags, next) = block.split_at((count * each) as usize);
        let entries = tags.chunks_exact(each as usize).zip(0..).map(|(b, i)| self.entry(b, first + i * each)).collect();
        self.next = self.bytes.number(next);
        Ok(Some(Directory { entries }))
    }

    fn entry(&self, block: &[u8], at: u64) -> Entry {
        let half = if self.bytes.wide { 8 } else { 4 };
        let (count, value) = block[4..].split_at(half);
        let mut entry = Entry {
            tag: self.bytes.number(&block[..2]) as u16,
            kind: self.bytes.number(&block[2..4]) as u16,
            count: self.bytes.number(count),
            at: at + 4 + half as u64,
            here: None,
        };
        let fits = entry.width().and_then(|w| w.checked_mul(entry.count)).is_some_and(|n| n <= half as u64);
        if !fits {
            entry.at = self.bytes.number(value);
        } else if entry.count > 0 {
            let mut here = [0; 8];
            here[..half].copy_from_slice(value);
            entry.here = Some(here);
        }
        entry
    }

    fn read(&mut self, at: u64, bytes: u64) -> Result<Vec<u8>> {
        let len = self.bytes.input.len();
        if at.checked_add(bytes).is_none_or(|end| end > len) {
            return Err(self
                .corrupt()
                .found(format_args!("{bytes} bytes at byte {at}"))
                .expected(format_args!("within the file's {len} bytes"))
                .help("the file is cut off or damaged; copy it again"));
        }
        self.spend(bytes)?;
        let mut block = vec![0; bytes as usize];
        self.bytes.input.read_at(at, &mut block)?;
        Ok(block)
    }

    fn corrupt(&self) -> Error {
        Error::corrupt(format_args!("TIFF directory {}", self.seen.len())).within(self.bytes.input.path())
    }
}
