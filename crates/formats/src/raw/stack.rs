//! Headerless slices, some planes a file: `alu.1` to `alu.5`.

use std::collections::BTreeSet;

use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use super::imagej;
use super::read::{header, piece, source};
use super::said::{Layout, Said};
use crate::format::Scan;
use crate::input::{Input, natural};
use crate::open::OpenOptions;
use crate::sequence;

/// Texts that acquisition software leaves beside slices.
const TEXTS: [&str; 7] = ["txt", "log", "ini", "xml", "csv", "json", "md"];

/// Whether one settings text describes all of the other files.
pub(super) fn recognises(inputs: &[Input]) -> bool {
    let sorted = Sorted::new(inputs);
    let Some(first) = sorted.data.first() else { return false };
    sorted.settings.len() == 1 && sorted.data.iter().all(|i| i.len() == first.len())
}

/// What the files of a folder are.
struct Sorted<'a> {
    data: Vec<&'a Input>,
    settings: Vec<&'a Input>,
    others: Vec<&'a Input>,
}

impl<'a> Sorted<'a> {
    fn new(inputs: &'a [Input]) -> Sorted<'a> {
        let mut sorted = Sorted { data: Vec::new(), settings: Vec::new(), others: Vec::new() };
        for input in inputs {
            let list = if imagej::is_settings(input) {
                &mut sorted.settings
            } else if is_other(input) {
                &mut sorted.others
            } else {
                &mut sorted.data
            };
            list.push(input);
        }
        sorted.data.sort_by(|a, b| natural(a.name(), b.name()));
        sorted
    }
}

/// System files and texts are no slices.
fn is_other(input: &Input) -> bool {
    let base = input.lower().rsplit('/').next().unwrap_or_default().to_string();
    base.starts_with('.') || ["thumbs.db", "desktop.ini"].contains(&base.as_str()) || TEXTS.iter().any(|t| input.ends(t))
}

pub(super) fn open(inputs: &[Input], options: &OpenOptions) -> Result<Scan> {
    let sorted = Sorted::new(inputs);
    let Some(first) = sorted.data.first() else {
        return Err(Error::not_found("no file of slices").found(inputs.iter().map(Input::name).collect::<Vec<_>>().join(", ")));
    };
    let said = match sorted.settings[..] {
        _ if options.raw.whole() => Said::default(),
        [settings] => imagej::read(settings)?,
        _ => Said::default(),
    };
    let mut layout = said.unless(options).whole(first.len()).at(first.path())?;
    layout = share(layout, first.len(), sorted.data.len()).at(first.path())?;
    for data in &sorted.data {
        layout.clone().check(data.len()).at(data.path())?;
    }
    let [z, y, x] = layout.size;
    let planes = z.checked_mul(sorted.data.len()).ok_or_else(|| Error::corrupt("size").found(format_args!("{z} planes in each of {} files", sorted.data.len())))?;
    let mut header = header(&layout, [planes, y, x])?;
    if !sorted.others.is_empty() {
        let names: Vec<&str> = sorted.others.iter().map(|i| i.name()).collect();
        header.warnings.push(format!("no slices, left out: {}", names.join(", ")));
    }
    header.warnings.extend(gaps(&sorted.data));
    let source = source(header, &layout, sorted.data.iter().map(|data| piece(data, &layout)).collect())?;
    let files = sorted.data.iter().chain(&sorted.settings).map(|&i| i.clone()).collect();
    Ok(Scan { format: super::NAME, source, files, provenance: None })
}

/// The layout of each file: the size said is one file's, or all files' together.
fn share(layout: Layout, len: u64, files: usize) -> Result<Layout> {
    let [z, y, x] = layout.size;
    if layout.fits(len) || !z.is_multiple_of(files) {
        return layout.check(len);
    }
    let each = Layout { size: [z / files, y, x], ..layout.clone() };
    if each.fits(len) { Ok(each) } else { layout.check(len) }
}

/// A warning that names the numbers missing between file names that differ in one number.
fn gaps(data: &[&Input]) -> Option<String> {
    let runs: Vec<Vec<u64>> = data.iter().map(|i| sequence::runs(i.name())).collect::<Option<_>>()?;
    let count = runs.first().map_or(0, Vec::len);
    if runs.iter().any(|r| r.len() != count) {
        return None;
    }
    let mut counters = (0..count).map(|at| runs.iter().map(|r| r[at]).collect::<BTreeSet<u64>>()).filter(|numbers| numbers.len() > 1);
    let one = counters.next()?;
    if counters.next().is_none() { sequence::missing(&one) } else { None }
}
