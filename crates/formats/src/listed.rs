//! Data files that a header names: by a list, or by a numbered pattern; and names that every reader takes for one file.

use std::path::Path;

use isovox_volume::{Error, Result};

use crate::input::Input;

/// Files longer than this hold no list of names.
const LONGEST_LIST: u64 = 64 << 20;

/// The lines of a header from byte `from` on, blank ones left out.
pub(crate) fn names(header: &Input, from: u64) -> Result<Vec<String>> {
    let length = header.len().saturating_sub(from);
    if length > LONGEST_LIST {
        return Err(Error::corrupt("list of data files").found(format_args!("{length} bytes")).expected(format_args!("at most {LONGEST_LIST}")));
    }
    let mut bytes = vec![0; length as usize];
    header.read_at(from, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::trim).filter(|l| !l.is_empty()).map(String::from).collect())
}

/// The files of a list, which must be so many.
pub(crate) fn open(header: &Input, names: &[String], count: usize, outside: bool) -> Result<Vec<Input>> {
    if names.len() != count {
        return Err(Error::corrupt("list of data files")
            .found(format_args!("{} names", names.len()))
            .expected(format_args!("{count}, one for each slice"))
            .help("the list is cut off or the header's size is wrong"));
    }
    names.iter().map(|name| header.data_file(name, outside)).collect()
}

/// `name%03d.raw first last step`, as C's printf writes it; a fourth number is the caller's.
pub(crate) struct Pattern<'a> {
    before: &'a str,
    after: &'a str,
    width: usize,
    zeros: bool,
    numbers: Vec<i64>,
}

impl Pattern<'_> {
    /// `None` for a plain name.
    pub(crate) fn parse(text: &str) -> Option<Pattern<'_>> {
        let (before, rest) = text.split_once('%')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (width, rest) = (&rest[..digits], rest[digits..].strip_prefix('d')?);
        // The name ends where only numbers follow, at most four of them.
        let mut after = rest;
        let mut numbers = Vec::new();
        while let Some((name, word)) = after.trim_end().rsplit_once(char::is_whitespace).filter(|_| numbers.len() < 4) {
            let Ok(number) = word.parse::<i64>() else { break };
            numbers.insert(0, number);
            after = name;
        }
        Some(Pattern { before, after: after.trim_end(), width: width.parse().unwrap_or(0).min(255), zeros: width.starts_with('0'), numbers })
    }

    /// The numbers behind the name: first, last, step.
    pub(crate) fn numbers(&self) -> &[i64] {
        &self.numbers
    }

    fn name(&self, number: i64) -> String {
        let (before, after, width) = (self.before, self.after, self.width);
        if self.zeros { format!("{before}{number:0width$}{after}") } else { format!("{before}{number:width$}{after}") }
    }

    /// So many names; 1, open and 1 stand for the numbers that are not said.
    pub(crate) fn names(&self, count: usize) -> Result<Vec<String>> {
        let number = |i: usize| self.numbers.get(i).copied();
        let (first, step) = (number(0).unwrap_or(1), number(2).unwrap_or(1));
        let last = i64::try_from(count).ok().and_then(|n| (n - 1).checked_mul(step)).and_then(|n| n.checked_add(first));
        if last.is_none() || step == 0 || number(1).is_some_and(|l| last != Some(l)) {
            return Err(Error::corrupt("numbered data files")
                .found(format_args!("{first} to {} by {step}", number(1).map_or("open".into(), |l| l.to_string())))
                .expected(format_args!("{count} files, one for each slice"))
                .help("the pattern's range or the header's size is wrong"));
        }
        if count as u64 > LONGEST_LIST / 2 {
            return Err(Error::corrupt("numbered data files").found(count).expected("as many as a list could name"));
        }
        Ok((0..count as i64).map(|i| self.name(first + i * step)).collect())
    }
}

/// The name of a data file beside its header that every reader of a format takes for one file.
pub(crate) fn plain_name(data: &Path, format: &str) -> Result<String> {
    let name = data.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let words = ["LIST", "LOCAL"].iter().any(|w| name.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(w)));
    if name.is_empty() || name.contains('%') || name.contains(char::is_control) || name.trim() != name || words {
        return Err(Error::parameter(format_args!("\"{}\" as the name of {format} data file", data.file_name().unwrap_or_default().display()))
            .help("choose a plain name, or a format of one file: .mha, .nrrd"));
    }
    Ok(name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_printf_s() {
        let p = Pattern::parse("a b_%03d.raw 5 9 2").unwrap();
        assert_eq!((p.name(7).as_str(), p.numbers()), ("a b_007.raw", &[5, 9, 2][..]));
        assert_eq!(Pattern::parse("s%d.raw").unwrap().name(12), "s12.raw");
        assert_eq!(Pattern::parse("s%d.raw 1 3 1 2").unwrap().names(3).unwrap(), ["s1.raw", "s2.raw", "s3.raw"]);
        assert!(Pattern::parse("100%.raw").is_none());
        assert!(Pattern::parse("plain.raw").is_none());
    }

    #[test]
    fn ranges_must_fit() {
        for text in ["s%d 1 4 1", "s%d 1 9223372036854775807 0", "s%d 9223372036854775807 1 9"] {
            assert!(Pattern::parse(text).unwrap().names(3).is_err(), "{text}");
        }
        assert!(Pattern::parse("s%d").unwrap().names(usize::MAX).is_err());
    }
}
