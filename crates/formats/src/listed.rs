//! Data files that a header names: by a list, or by a numbered pattern; and names that every reader takes for one file.

use std::path::Path;

use isovox_volume::{Error, Result};

use crate::input::Input;

/// Files longer than this hold no list of names.
const LONGEST_LIST: u64 = 64 << 20;

/// The text of a header from byte `from` on, where a list of names stands.
pub(crate) fn text(header: &Input, from: u64) -> Result<String> {
    let length = header.len().saturating_sub(from);
    if length > LONGEST_LIST {
        return Err(Error::corrupt("list of data files").found(format_args!("{length} bytes")).expected(format_args!("at most {LONGEST_LIST}")));
    }
    let mut bytes = vec![0; length as usize];
    header.read_at(from, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The names of a list, one a line; blank lines are left out.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.lines().map(str::trim).filter(|l| !l.is_empty())
}

/// The files of a list, which must name so many.
pub(crate) fn listed(header: &Input, text: &str, count: usize, outside: bool) -> Result<Vec<Input>> {
    let found = names(text).count();
    if found != count {
        return Err(Error::corrupt("list of data files")
            .found(format_args!("{found} names"))
            .expected(format_args!("{count}, one for each slice"))
            .help("the list is cut off or the header's size is wrong"));
    }
    names(text).map(|name| header.data_file(name, outside)).collect()
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

    /// So many files, up to the first that is not there; 1, open and 1 stand for the numbers that are not said.
    pub(crate) fn open(&self, header: &Input, count: usize, outside: bool) -> Result<Vec<Input>> {
        self.names(count)?.map(|name| header.data_file(&name, outside)).collect()
    }

    /// The names, each made when it is asked for: a few digits in a header can claim millions.
    fn names(&self, count: usize) -> Result<impl Iterator<Item = String>> {
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
        Ok((0..count as i64).map(move |i| self.name(first + i * step)))
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
    use crate::format::{Format, Given};
    use crate::metaimage::MetaImage;
    use crate::nrrd::Nrrd;
    use crate::open::OpenOptions;

    #[test]
    fn patterns_are_printf_s() {
        let p = Pattern::parse("a b_%03d.raw 5 9 2").unwrap();
        assert_eq!((p.name(7).as_str(), p.numbers()), ("a b_007.raw", &[5, 9, 2][..]));
        assert_eq!(Pattern::parse("s%d.raw").unwrap().name(12), "s12.raw");
        assert!(Pattern::parse("s%d.raw 1 3 1 2").unwrap().names(3).unwrap().eq(["s1.raw", "s2.raw", "s3.raw"]));
        assert!(Pattern::parse("100%.raw").is_none());
        assert!(Pattern::parse("plain.raw").is_none());
    }

    #[test]
    fn names_end_at_the_first_file_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["h", "s1", "s2"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let header = Input::file(&folder.path().join("h")).unwrap();
        // All 33 million names together would take minutes and many GB.
        let most = (LONGEST_LIST / 2 - 1) as usize;
        let pattern = Pattern::parse("s%d").unwrap();
        assert_eq!(pattern.open(&header, 2, false).unwrap().len(), 2);
        let error = pattern.open(&header, most, false).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("s3"), "{error}");
        assert!(Pattern::parse("s%0255d").unwrap().open(&header, most, false).is_err());
    }

    /// The names of 33 million files would take 17 GB; the first is not there.
    #[test]
    fn a_header_s_millions_end_at_the_first_name() {
        let list = "s%0255d.raw 1 33000000 1\n";
        let nhdr = format!("NRRD0004\ntype: uchar\ndimension: 3\nsizes: 1 1 33000000\nencoding: raw\ndata file: {list}");
        let mhd = format!("ObjectType = Image\nNDims = 3\nDimSize = 1 1 33000000\nElementType = MET_UCHAR\nElementDataFile = {list}");
        let formats: [(&dyn Format, String); 2] = [(&Nrrd, nhdr), (&MetaImage, mhd)];
        for (format, header) in formats {
            let given = Given::One(Input::bytes("a", header.into_bytes()));
            let error = format.open(given, &OpenOptions::default()).map(|_| ()).unwrap_err();
            assert!(error.kind() == isovox_volume::Kind::NotFound && error.to_string().contains("00001.raw"), "{error}");
        }
    }

    #[test]
    fn ranges_must_fit() {
        for text in ["s%d 1 4 1", "s%d 1 9223372036854775807 0", "s%d 9223372036854775807 1 9"] {
            assert!(Pattern::parse(text).unwrap().names(3).is_err(), "{text}");
        }
        assert!(Pattern::parse("s%d").unwrap().names(usize::MAX).is_err());
    }
}
