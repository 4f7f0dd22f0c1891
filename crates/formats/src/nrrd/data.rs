//! Which files hold the voxels, and where in them they begin.

use std::io::BufRead;

use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use super::header::Fields;
use crate::input::Input;
use crate::listed::{self, Pattern};

/// Lines to skip that are looked for: longer headers belong to no known format.
const FARTHEST: u64 = 64 << 20;

/// The files in order, and where the first byte after skipped lines is in each.
pub(super) struct Files {
    pub(super) inputs: Vec<Input>,
    /// Whether each holds a part of the array.
    pub(super) split: bool,
    /// Whether the header's own file holds the voxels.
    pub(super) attached: bool,
    from: u64,
}

/// Finds them. `sizes` are the array's, the fastest first.
pub(super) fn files(fields: &Fields, header: &Input, sizes: &[usize], outside: bool) -> Result<Files> {
    let files = |inputs, split| Files { inputs, split, attached: false, from: 0 };
    let Some(name) = fields.get("datafile") else {
        if !fields.blank {
            return Err(Error::corrupt("NRRD header").expected("a blank line and the voxels behind it, or a field data file").help("the file is cut off; copy it again"));
        }
        return Ok(Files { inputs: vec![header.clone()], split: false, attached: true, from: fields.end });
    };
    let mut words = name.split_whitespace();
    if words.next() == Some("LIST") {
        let text = listed::text(header, fields.end)?;
        let count = count(words.next().map(|w| w.parse().unwrap_or(0)), sizes, listed::names(&text).count())?;
        return Ok(files(listed::listed(header, &text, count, outside)?, true));
    }
    if let Some(pattern) = Pattern::parse(name) {
        let numbers = pattern.numbers();
        let range = numbers.get(..3).and_then(|n| n[1].checked_sub(n[0])?.checked_div(n[2])?.checked_add(1)).and_then(|n| usize::try_from(n).ok());
        let range = range.ok_or_else(|| Error::corrupt("data file").found(format_args!("{name:?}")).expected("a pattern with its first number, last and step"))?;
        let count = count(numbers.get(3).map(|n| usize::try_from(*n).unwrap_or(0)), sizes, range)?;
        return Ok(files(pattern.open(header, count, outside)?, true));
    }
    Ok(files(vec![header.data_file(name, outside)?], false))
}

/// How many files there must be: so many dimensions lie within one, all but the last without the number; with all of them
/// a file holds a slab of the last.
fn count(within: Option<usize>, sizes: &[usize], named: usize) -> Result<usize> {
    let within = within.unwrap_or(sizes.len() - 1);
    let last = sizes[sizes.len() - 1];
    if within == sizes.len() {
        let slabs = named > 0 && last.is_multiple_of(named);
        return if slabs { Ok(named) } else { Err(Error::corrupt("data files").found(format_args!("{named} slabs")).expected(format_args!("a divisor of {last}"))) };
    }
    if !(1..sizes.len()).contains(&within) {
        return Err(Error::corrupt("data file").found(format_args!("{within} dimensions in a file")).expected(format_args!("1 to {}", sizes.len())));
    }
    let count = sizes[within..].iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    count.ok_or_else(|| Error::corrupt("sizes").found(format_args!("{sizes:?}")).expected("a number of files that can be counted"))
}

/// `line skip` and `byte skip`.
pub(super) struct Skip {
    lines: u64,
    /// `None` for -1: the voxels are the end.
    pub(super) bytes: Option<u64>,
}

impl Skip {
    pub(super) fn of(fields: &Fields) -> Result<Skip> {
        let (lines, bytes) = (fields.whole("lineskip")?, fields.whole("byteskip")?);
        let wrong =
            |what: &str, found: i64, expected: &str| Error::corrupt(what).found(found).expected(expected).help("the header is damaged or written by hand: correct the line");
        let lines = u64::try_from(lines).map_err(|_| wrong("line skip", lines, "0 or more"))?;
        let bytes = match bytes {
            -1 => None,
            n => Some(u64::try_from(n).map_err(|_| wrong("byte skip", n, "-1, 0 or more"))?),
        };
        Ok(Skip { lines, bytes })
    }

    /// The byte behind the skipped lines of a file.
    pub(super) fn after_lines(&self, files: &Files, input: &Input) -> Result<u64> {
        let mut at = files.from;
        let mut reader = std::io::BufReader::new(input.reader(at));
        for _ in 0..self.lines {
            loop {
                let (used, ended) = {
                    let buffer = reader.fill_buf().at(input.path())?;
                    let line = buffer.iter().position(|&b| b == b'\n');
                    (line.map_or(buffer.len(), |n| n + 1), line.is_some())
                };
                reader.consume(used);
                at += used as u64;
                if used == 0 || at - files.from > FARTHEST {
                    return Err(Error::corrupt("line skip").found(self.lines).expected("lines that the data file has").within(input.path()));
                }
                if ended {
                    break;
                }
            }
        }
        Ok(at)
    }
}
