//! Which files of a folder are the slices, in which order, and which numbers are missing.

use std::collections::{BTreeMap, BTreeSet};

use isovox_volume::{Error, Result};

use crate::input::{Input, natural};

/// Endings of pictures; both spellings of a kind are one.
const ENDINGS: [(&str, &str); 6] = [("tif", "tif"), ("tiff", "tif"), ("png", "png"), ("jpg", "jpg"), ("jpeg", "jpg"), ("bmp", "bmp")];

/// Names listed in one warning.
const MOST_NAMED: usize = 12;

/// The slices of a folder in order.
pub(super) struct Chosen {
    pub(super) slices: Vec<Input>,
    /// Files of the folder that are none.
    pub(super) others: Vec<Input>,
    pub(super) warnings: Vec<String>,
    /// Whether numbers are missing.
    pub(super) gaps: bool,
}

/// The kind of picture a name's ending promises; `None` for hidden files and all others.
pub(super) fn kind(input: &Input) -> Option<&'static str> {
    let name = base(input.name());
    if name.starts_with('.') {
        return None;
    }
    let ending = name.rsplit_once('.')?.1.to_lowercase();
    ENDINGS.iter().find(|(e, _)| *e == ending).map(|(_, kind)| *kind)
}

/// Picks the largest group of names that differ in numbers only; the others are named.
pub(super) fn choose(inputs: Vec<Input>) -> Result<Chosen> {
    let mut groups: BTreeMap<String, Vec<Input>> = BTreeMap::new();
    let mut others = Vec::new();
    for input in inputs {
        match kind(&input) {
            Some(kind) => groups.entry(format!("{}.{kind}", skeleton(&input))).or_default().push(input),
            None => others.push(input),
        }
    }
    let mut slices = largest(&mut groups)?;
    others.extend(groups.into_values().flatten());
    others.retain(|i| base(i.name()) != super::PROVENANCE);
    slices.sort_by(|a, b| natural(a.name(), b.name()));
    let mut warnings = Vec::new();
    if !others.is_empty() {
        others.sort_by(|a, b| natural(a.name(), b.name()));
        let names: Vec<String> = others.iter().map(|i| base(i.name()).to_string()).collect();
        warnings.push(format!("{} in the folder {} not among the slices: {}", plural(names.len(), "file"), if names.len() == 1 { "is" } else { "are" }, list(&names)));
    }
    let gap = numbers(&slices)?;
    let gaps = gap.is_some();
    warnings.extend(gap);
    Ok(Chosen { slices, others, warnings, gaps })
}

fn largest(groups: &mut BTreeMap<String, Vec<Input>>) -> Result<Vec<Input>> {
    let most = groups.values().map(Vec::len).max().unwrap_or(0);
    if most == 1 {
        // Names without numbers: all of them, in the order of names.
        let kinds: BTreeSet<&str> = groups.keys().filter_map(|k| Some(k.rsplit_once('.')?.1)).collect();
        if kinds.len() == 1 {
            return Ok(std::mem::take(groups).into_values().flatten().collect());
        }
    }
    let best: Vec<String> = groups.iter().filter(|(_, g)| g.len() == most).map(|(k, _)| k.clone()).collect();
    match &best[..] {
        [one] => Ok(groups.remove(one).unwrap_or_default()),
        several => {
            let names: Vec<String> = several.iter().filter_map(|k| Some(base(groups.get(k)?.first()?.name()).to_string())).collect();
            Err(Error::unsupported("several sequences of slices")
                .found(format_args!("{} of {} each, such as {}", several.len(), plural(most, "picture"), list(&names)))
                .expected("one")
                .help("name one with a glob, for example 'folder/slice_*.tif'"))
        }
    }
}

/// Checks the number that counts the slices; a warning names what is missing.
fn numbers(slices: &[Input]) -> Result<Option<String>> {
    let runs: Vec<Vec<u64>> = slices.iter().map(|s| runs(stem(s))).collect::<Option<_>>().unwrap_or_default();
    let count = runs.first().map_or(0, Vec::len);
    if runs.is_empty() || runs.iter().any(|r| r.len() != count) {
        return Ok(None);
    }
    let distinct: Vec<BTreeSet<u64>> = (0..count).map(|at| runs.iter().map(|r| r[at]).collect()).collect();
    let counters: Vec<&BTreeSet<u64>> = distinct.iter().filter(|d| d.len() > 1).collect();
    match counters[..] {
        [one] if one.len() < slices.len() => Err(Error::unsupported("slices")
            .found(format_args!("the same number in several names, such as {}", same(slices, &runs)))
            .expected("each number once")
            .help("name the files of one series with a glob")),
        [one] => Ok(missing(one)),
        [a, b] if a.len() * b.len() == slices.len() => Err(Error::unsupported("slices")
            .found(format_args!("two counters in the names ({} by {})", a.len(), b.len()))
            .expected("one: the slice")
            .help("name the files of one channel or time point with a glob")),
        _ => Ok(None),
    }
}

fn same(slices: &[Input], runs: &[Vec<u64>]) -> String {
    let pair = runs.windows(2).position(|w| w[0] == w[1]);
    pair.map_or_else(String::new, |i| format!("{} and {}", base(slices[i].name()), base(slices[i + 1].name())))
}

/// A warning that names the numbers missing between others.
pub(crate) fn missing(numbers: &BTreeSet<u64>) -> Option<String> {
    let sorted: Vec<u64> = numbers.iter().copied().collect();
    let steps: Vec<u64> = sorted.windows(2).map(|w| w[1] - w[0]).collect();
    let step = *steps.iter().min()?;
    if steps.iter().all(|&s| s == step) {
        return (step > 1).then(|| format!("the slices are numbered in steps of {step}: opened as neighbours"));
    }
    let holes: Vec<String> =
        sorted.windows(2).filter(|w| w[1] - w[0] > 1).map(|w| if w[1] - w[0] == 2 { (w[0] + 1).to_string() } else { format!("{}-{}", w[0] + 1, w[1] - 1) }).collect();
    Some(format!("numbers missing among the slices: {}; the neighbours are stacked as if there were no gap", list(&holes)))
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn stem(input: &Input) -> &str {
    let name = base(input.name());
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The stem with each number replaced.
fn skeleton(input: &Input) -> String {
    let mut out = String::new();
    for c in stem(input).chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            other => out.push(other),
        }
    }
    out
}

/// The numbers in a name; `None` where one has more digits than can be counted.
pub(crate) fn runs(name: &str) -> Option<Vec<u64>> {
    name.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
}

fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(MOST_NAMED)].join(", ");
    if names.len() > MOST_NAMED { format!("{shown} and {} more", names.len() - MOST_NAMED) } else { shown }
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Chosen> {
        choose(names.iter().map(|n| Input::bytes(n, vec![0])).collect())
    }

    #[test]
    fn the_largest_group_is_taken_in_natural_order() {
        let all = chosen(&["s10.png", "s9.PNG", "s1.png", "preview.png", "Thumbs.db", "._s1.png", "s_2.tif"]).unwrap();
        let names: Vec<&str> = all.slices.iter().map(Input::name).collect();
        assert_eq!(names, ["s1.png", "s9.PNG", "s10.png"]);
        assert!(all.warnings[0].starts_with("4 files in the folder are not among the slices: ._s1.png, Thumbs.db, preview.png, s_2.tif"), "{:?}", all.warnings);
        assert!(all.warnings[1].contains(": 2-8;"), "{:?}", all.warnings);
    }

    #[test]
    fn numbers_that_count_wrong_are_refused() {
        for names in [&["a1.png", "a01.png", "a2.png"][..], &["c0_z0.tif", "c0_z1.tif", "c1_z0.tif", "c1_z1.tif"], &["a1.tif", "a2.tif", "b1.tif", "b2.tif"]] {
            assert!(chosen(names).is_err(), "{names:?}");
        }
    }

    #[test]
    fn a_date_in_all_names_is_no_counter() {
        let all = chosen(&["rec20210101_0000.tif", "rec20210101_0002.tif", "rec20210101_0004.tif"]).unwrap();
        assert_eq!(all.warnings, ["the slices are numbered in steps of 2: opened as neighbours"]);
        assert!(chosen(&["x.tif", "b.tif"]).unwrap().warnings.is_empty());
    }
}
