//! Which files hold the voxels: the header's own (`LOCAL`), one beside it, a `LIST`, or a numbered pattern.

use isovox_volume::{Error, Result};

use super::header::Fields;
use crate::input::Input;
use crate::listed::{self, Pattern};

/// The files in order, and how many planes each holds.
pub(super) struct Files {
    pub(super) inputs: Vec<Input>,
    /// Trailing dimensions that are counted by files, not within them; 0 for one file.
    pub(super) split: bool,
    /// Where the first one's bytes begin when the header says nothing else.
    pub(super) from: u64,
}

/// Finds them. `sizes` are the image's, x first.
pub(super) fn files(fields: &Fields, header: &Input, sizes: &[usize], outside: bool) -> Result<Files> {
    let name = fields.data_file.as_str();
    if name.eq_ignore_ascii_case("LOCAL") {
        return Ok(Files { inputs: vec![header.clone()], split: false, from: fields.end });
    }
    let mut words = name.split_whitespace();
    if words.next().is_some_and(|w| w.eq_ignore_ascii_case("LIST")) {
        let count = per_file(words.next(), sizes)?;
        let text = listed::text(header, fields.end)?;
        return Ok(Files { inputs: listed::listed(header, &text, count, outside)?, split: true, from: 0 });
    }
    if let Some(pattern) = Pattern::parse(name) {
        return Ok(Files { inputs: pattern.open(header, per_file(None, sizes)?, outside)?, split: true, from: 0 });
    }
    Ok(Files { inputs: vec![header.data_file(name, outside)?], split: false, from: 0 })
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
