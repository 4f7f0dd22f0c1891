//! Which files hold the voxels: the header's own (`LOCAL`), one beside it, a `LIST`, or a numbered pattern.

use isovox_volume::{Error, Result};

use super::header::Fields;
use crate::input::Input;

/// Files longer than this hold no list of names.
const LONGEST_LIST: u64 = 64 << 20;

/// The files in order, and how many planes each holds.
pub(super) struct Files {
    pub(super) inputs: Vec<Input>,
    /// Trailing dimensions that are counted by files, not within them; 0 for one file.
    pub(super) split: bool,
    /// Where the first one's bytes begin when the header says nothing else.
    pub(super) from: u64,
}

/// Finds them. `sizes` are the image's, x first.
pub(super) fn files(fields: &Fields, header: &Input, sizes: &[usize]) -> Result<Files> {
    let name = fields.data_file.as_str();
    if name.eq_ignore_ascii_case("LOCAL") {
        return Ok(Files { inputs: vec![header.clone()], split: false, from: fields.end });
    }
    let mut words = name.split_whitespace();
    if words.next().is_some_and(|w| w.eq_ignore_ascii_case("LIST")) {
        let count = per_file(words.next(), sizes)?;
        return Ok(Files { inputs: list(fields, header, count)?, split: true, from: 0 });
    }
    if let Some(pattern) = Pattern::parse(name) {
        return Ok(Files { inputs: pattern.open(header, per_file(None, sizes)?)?, split: true, from: 0 });
    }
    Ok(Files { inputs: vec![header.sibling(name)?], split: false, from: 0 })
}

/// How many files there must be: `2D` or `3D` says how many dimensions lie within one; all but the last without it.
fn per_file(word: Option<&str>, sizes: &[usize]) -> Result<usize> {
    let within = match word {
        None => sizes.len() - 1,
        Some(word) => word
            .trim_end_matches(['D', 'd'])
            .parse()
            .ok()
            .filter(|n| (2..=sizes.len()).contains(n))
            .ok_or_else(|| Error::corrupt("ElementDataFile = LIST").found(format_args!("{word:?}")).expected("2D or 3D"))?,
    };
    sizes[within..]
        .iter()
        .try_fold(1usize, |n, &s| n.checked_mul(s))
        .ok_or_else(|| Error::corrupt("DimSize").found(format_args!("{sizes:?}")).expected("a number of files that can be counted"))
}

fn list(fields: &Fields, header: &Input, count: usize) -> Result<Vec<Input>> {
    let length = header.len() - fields.end;
    if length > LONGEST_LIST {
        return Err(Error::corrupt("list of data files").found(format_args!("{length} bytes")).expected(format_args!("at most {LONGEST_LIST}")));
    }
    let mut bytes = vec![0; length as usize];
    header.read_at(fields.end, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let names: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    if names.len() != count {
        return Err(Error::corrupt("list of data files")
            .found(format_args!("{} names", names.len()))
            .expected(format_args!("{count}, one for each slice"))
            .help("the list is cut off or DimSize is wrong"));
    }
    names.into_iter().map(|name| header.sibling(name)).collect()
}

/// `name%03d.raw first last step`, as C's printf writes it.
struct Pattern<'a> {
    before: &'a str,
    after: &'a str,
    width: usize,
    zeros: bool,
    first: i64,
    last: Option<i64>,
    step: i64,
}

impl Pattern<'_> {
    fn parse(text: &str) -> Option<Pattern<'_>> {
        let (before, rest) = text.split_once('%')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (width, rest) = (&rest[..digits], rest[digits..].strip_prefix('d')?);
        // The name ends where only numbers follow, at most three of them.
        let mut after = rest;
        let mut numbers = Vec::new();
        while let Some((name, word)) = after.trim_end().rsplit_once(char::is_whitespace).filter(|_| numbers.len() < 3) {
            let Ok(number) = word.parse::<i64>() else { break };
            numbers.insert(0, number);
            after = name;
        }
        Some(Pattern {
            before,
            after: after.trim_end(),
            width: width.parse().unwrap_or(0).min(255),
            zeros: width.starts_with('0'),
            first: numbers.first().copied().unwrap_or(1),
            last: numbers.get(1).copied(),
            step: numbers.get(2).copied().unwrap_or(1),
        })
    }

    fn name(&self, number: i64) -> String {
        let (before, after, width) = (self.before, self.after, self.width);
        if self.zeros { format!("{before}{number:0width$}{after}") } else { format!("{before}{number:width$}{after}") }
    }

    fn open(&self, header: &Input, count: usize) -> Result<Vec<Input>> {
        let last = i64::try_from(count - 1).ok().and_then(|n| n.checked_mul(self.step)).and_then(|n| n.checked_add(self.first));
        if last.is_none() || self.step == 0 || self.last.is_some_and(|l| last != Some(l)) {
            return Err(Error::corrupt("numbered data files")
                .found(format_args!("{} to {} by {}", self.first, self.last.map_or("open".into(), |l| l.to_string()), self.step))
                .expected(format_args!("{count} files, one for each slice"))
                .help("the pattern's range or DimSize is wrong"));
        }
        (0..count as i64).map(|i| header.sibling(&self.name(self.first + i * self.step))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_printf_s() {
        let p = Pattern::parse("a b_%03d.raw 5 9 2").unwrap();
        assert_eq!((p.name(7).as_str(), p.first, p.last, p.step), ("a b_007.raw", 5, Some(9), 2));
        assert_eq!(Pattern::parse("s%d.raw").unwrap().name(12), "s12.raw");
        assert!(Pattern::parse("100%.raw").is_none());
        assert!(Pattern::parse("plain.raw").is_none());
    }

    #[test]
    fn ranges_must_fit() {
        let header = Input::bytes("a.mhd", Vec::new());
        for text in ["s%d 1 4 1", "s%d 1 9223372036854775807 0", "s%d 9223372036854775807 1 9"] {
            assert!(Pattern::parse(text).unwrap().open(&header, 3).is_err(), "{text}");
        }
    }
}
