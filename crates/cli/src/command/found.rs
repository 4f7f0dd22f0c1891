//! The inputs of an earlier run, found again by their hashes, and put under the names they had.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use isovox_engine::hash;
use isovox_formats::Input;
use isovox_volume::error::At;
use isovox_volume::{Error, Result};
use serde_json::Value as Json;

use super::words::{Role, Word};

/// An input of an earlier run, where it lies now.
pub(crate) struct Found {
    /// Its base name then.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
}

/// An input as provenance tells it.
struct Told<'a> {
    name: &'a str,
    hash: &'a str,
    bytes: Option<u64>,
}

/// The inputs that provenance tells of, in its order: those given, then those beside OUT, or here.
pub(crate) fn inputs(provenance: &Json, words: &[Word], given: &[PathBuf], made: &Path) -> Result<Vec<Found>> {
    let text = |v: &'_ Json| v.as_str().unwrap_or_default().len();
    let told: Vec<Told> = provenance["inputs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|i| text(&i["name"]) > 0)
        .map(|i| Told { name: i["name"].as_str().unwrap_or_default(), hash: i["blake3"].as_str().unwrap_or_default(), bytes: i["bytes"].as_u64() })
        .collect();
    if told.iter().any(|t| Path::new(t.name).components().count() != 1 || Path::new(t.name).file_name().is_none()) {
        return Err(Error::corrupt("provenance").found("an input with a path").expected("base names alone").within(made));
    }
    let folders = folders(words, &told);
    let places: Vec<PathBuf> = given.iter().cloned().chain([made.parent().unwrap_or(Path::new("")).to_path_buf(), PathBuf::new()]).collect();
    // The slices of a folder may lie in folders below it.
    let below = LazyCell::new(|| below(&places, given, &folders));
    let (mut found, mut missing, mut differing) = (Vec::new(), Vec::new(), Vec::new());
    for t in &told {
        let candidates = places.iter().flat_map(|p| [p.clone(), p.join(t.name)].into_iter().chain(folders.iter().map(|f| p.join(f).join(t.name))));
        let mut there = candidates.filter(|p| p.is_file());
        let further = || below.iter().find(|p| p.file_name().is_some_and(|n| n == t.name) && is(p, t)).cloned();
        match there.by_ref().find(|p| is(p, t)).or_else(further) {
            Some(path) => found.push(Found { name: t.name.into(), path }),
            None => missing.push(t),
        }
    }
    for t in &missing {
        let named = places.iter().flat_map(|p| std::iter::once(p.join(t.name)).chain(folders.iter().map(|f| p.join(f).join(t.name))));
        differing.extend(named.filter(|p| p.is_file()).take(1));
    }
    if let Some(stray) = given.iter().find(|g| !found.iter().any(|f| f.path == **g || g.is_dir() && f.path.starts_with(g))) {
        return Err(none_of(stray, &told));
    }
    match missing.first() {
        None => Ok(found),
        Some(first) => Err(absent(first, missing.len() - 1, differing.first(), &folders)),
    }
}

/// DICOM files at any depth of the folders that are given or named.
fn below(places: &[PathBuf], given: &[PathBuf], folders: &[&Path]) -> Vec<PathBuf> {
    let named = places.iter().flat_map(|p| folders.iter().map(|f| p.join(f)));
    let searched: BTreeSet<PathBuf> = given.iter().cloned().chain(named).filter(|p| p.is_dir()).collect();
    let files = searched.into_iter().filter_map(|folder| isovox_formats::dicom_files(&[folder]).ok());
    files.flat_map(|(files, _)| files).map(|f| f.path().to_path_buf()).collect()
}

/// Input words that name no file: folders.
fn folders<'a>(words: &'a [Word], told: &[Told]) -> Vec<&'a Path> {
    let named = |w: &Word| told.iter().any(|t| w.text == t.name);
    words.iter().filter(|w| matches!(w.role, Role::Input | Role::Further) && !named(w) && !globbed(w)).map(|w| Path::new(&w.text)).collect()
}

fn globbed(word: &Word) -> bool {
    word.text.to_string_lossy().contains(['*', '?'])
}

fn is(path: &Path, told: &Told) -> bool {
    let length = std::fs::metadata(path).is_ok_and(|m| told.bytes.is_none_or(|n| m.len() == n));
    length && blake3(path).is_some_and(|hash| hash == told.hash)
}

fn blake3(path: &Path) -> Option<String> {
    Some(hash::inputs(&[Input::file(path).ok()?]).ok()?.swap_remove(0).blake3)
}

fn short(hash: &str) -> &str {
    &hash[..hash.len().min(12)]
}

/// A path that was given and is no input.
fn none_of(given: &Path, told: &[Told]) -> Error {
    let first = told.first().map_or("no input at all".to_string(), |t| format!("{} with hash {}…", t.name, short(t.hash)));
    let expected = if told.len() > 1 { format!("{first}, or one of {} more", told.len() - 1) } else { first };
    let found = match blake3(given) {
        Some(hash) => format!("hash {}…", short(&hash)),
        None if given.is_dir() => "a folder without it".into(),
        None => "no file".into(),
    };
    Error::not_found("--input: none of the inputs it was made from").found(found).expected(expected).help("name the file or its folder as it was then").within(given)
}

fn absent(told: &Told, more: usize, differs: Option<&PathBuf>, folders: &[&Path]) -> Error {
    let others = if more > 0 { format!(" and {more} more") } else { String::new() };
    let error = Error::not_found(format_args!("input {}{others} with hash {}…", told.name, short(told.hash)));
    let place = folders.first().map_or_else(|| format!("--input PATH/{}", told.name), |f| format!("--input {}, the folder it lies in now", f.display()));
    match differs {
        Some(path) => {
            error.found(format_args!("{}, which differs: it was changed, or is another", path.display())).help(format_args!("say where the input lies as it was: {place}"))
        }
        None => error.help(format_args!("say where it lies: {place}")),
    }
}

/// Which inputs belong to which words.
pub(crate) struct Staged<'a> {
    inputs: &'a [Found],
    /// The input that a word names, by the word's place.
    named: Vec<(usize, usize)>,
}

impl<'a> Staged<'a> {
    /// Main inputs are told before further ones.
    pub(crate) fn new(words: &[Word], inputs: &'a [Found]) -> Staged<'a> {
        let mut named: Vec<(usize, usize)> = Vec::new();
        for role in [Role::Input, Role::Further] {
            for (at, word) in words.iter().enumerate().filter(|(_, w)| w.role == role) {
                let fits: Vec<usize> = (0..inputs.len()).filter(|&i| word.text == *inputs[i].name).collect();
                let free = fits.iter().find(|i| named.iter().all(|(_, taken)| taken != *i));
                named.extend(free.or(fits.first()).map(|&i| (at, i)));
            }
        }
        Staged { inputs, named }
    }

    /// Links what belongs to the word at a place into a folder; the path that stands for the word there.
    pub(crate) fn link(&self, at: usize, word: &Word, folder: &Path) -> Result<PathBuf> {
        let own = self.named.iter().find(|(place, _)| *place == at).map(|(_, i)| &self.inputs[*i]);
        // A header's data, settings beside raw data: what no word names lies beside each that may need it.
        let rest = (0..self.inputs.len()).filter(|i| self.named.iter().all(|(_, n)| n != i)).map(|i| &self.inputs[i]);
        let stems: BTreeSet<&str> = self.named.iter().map(|(_, i)| stem(&self.inputs[*i].name)).collect();
        let inside = if own.is_some() || globbed(word) { folder.to_path_buf() } else { folder.join(&word.text) };
        std::fs::create_dir_all(&inside).at(folder)?;
        for input in own.into_iter().chain(rest.filter(|r| own.is_some() || !stems.contains(stem(&r.name)))) {
            link(&input.path, &inside.join(&input.name))?;
            // Slices of isovox say there what they mean.
            let says = input.path.with_file_name("provenance.json");
            if own.is_none() && says.is_file() {
                link(&says, &inside.join("provenance.json"))?;
            }
        }
        Ok(folder.join(&word.text))
    }
}

fn stem(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn link(from: &Path, to: &Path) -> Result<()> {
    if to.symlink_metadata().is_ok() {
        return Ok(());
    }
    let from = from.canonicalize().at(from)?;
    #[cfg(unix)]
    return std::os::unix::fs::symlink(&from, to).at(to);
    #[cfg(not(unix))]
    std::fs::hard_link(&from, to).or_else(|_| std::fs::copy(&from, to).map(|_| ())).at(to)
}
