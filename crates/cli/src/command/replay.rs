//! `isovox replay OUT`: make an output again from what it says of itself.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::{OpenScan, open_scan};
use isovox_formats::staged::Staged;
use isovox_formats::{guard, picture};
use isovox_volume::error::At;
use isovox_volume::{Error, Kind, Result};
use serde_json::Value as Json;

use super::arguments::{input_paths, output, running};
use super::found::{self, Found};
use super::settings::Settings;
use super::words::{self, Role, Word};
use super::{Exit, talk};

/// The command.
pub(crate) fn command() -> Command {
    Command::new("replay")
        .about("Make an output again from its provenance, and say whether it is the same.")
        .long_about("Make an output again from its provenance, and say whether it is the same.\n\nIt is made in a temporary folder (--temp); nothing else is written, but for -o.")
        .after_help("Example:\n  isovox replay pores.csv\n  isovox replay labels.mha --input /data/scan.tif -o again.mha")
        .arg(Arg::new("made").value_name("OUT").required(true).value_parser(value_parser!(PathBuf)).help("What isovox made"))
        .arg(
            Arg::new("input")
                .long("input")
                .value_name("PATH")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help("An input, or the folder where it lies now [default: beside OUT, or here]"),
        )
        .arg(output("Keep what is made again here"))
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let made = matches.get_one::<PathBuf>("made").expect("clap requires it");
    let keep = matches.get_one::<PathBuf>("output");
    let provenance = provenance(made)?;
    let words = told(&provenance).map_err(|e| e.within(made))?;
    let given = input_paths(matches);
    let inputs = found::inputs(&provenance, &words, &given, made)?;
    let spared: Vec<&Path> = inputs.iter().map(|i| i.path.as_path()).chain([made.as_path()]).collect();
    if let Some(keep) = keep {
        guard::spare(std::slice::from_ref(keep), spared.iter().copied())?;
        if keep.symlink_metadata().is_ok() && !settings.force {
            return Err(Error::new(Kind::Io, "already exists").help("give --force to replace it, or another name").within(keep));
        }
    }
    let folder = settings.own_folder()?;
    let again = Again::stage(&words, &inputs, folder.path(), made)?;
    super::again(&settings.of(again.line.clone()))?;
    let main = again.main(made);
    let name = made.file_name().unwrap_or(made.as_os_str()).to_string_lossy();
    let mut differ = differing(made, &main, &name)?;
    for other in again.others(&main)? {
        let there = made.with_file_name(other.file_name().unwrap_or_default());
        if there.exists() {
            differ.extend(differing(&there, &other, &there.file_name().unwrap_or_default().to_string_lossy())?);
        }
    }
    if let Some(keep) = keep {
        again.keep(&main, keep, settings.force, &spared)?;
    }
    if differ.is_empty() {
        talk::tell(&format!("{name}: made again, equal byte for byte\n"))?;
        return Ok(Exit::Done);
    }
    let more = if differ.len() > SHOWN { format!(" and {} more", differ.len() - SHOWN) } else { String::new() };
    talk::tell(&format!("{name}: made again, not equal: {}{more}\n", differ.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ")))?;
    Ok(Exit::Missed)
}

/// How an output was made: told beside it or in its folder, embedded, or in the folder it is a file of.
fn provenance(made: &Path) -> Result<Json> {
    let whole = |json: &Json| json["command"].is_array() && json["inputs"].is_array();
    let read = |p: PathBuf| std::fs::read_to_string(p).ok().and_then(|t| serde_json::from_str::<Json>(&t).ok()).filter(whole);
    if let Some(told) = read(suffixed(made)).or_else(|| read(made.join("provenance.json"))) {
        return Ok(told);
    }
    let embedded = if picture::is_picture(made) { picture::provenance(&std::fs::read(made).at(made)?) } else { open_scan(&[made.to_path_buf()], &OpenScan::default())?.provenance };
    embedded.filter(whole).or_else(|| read(made.with_file_name("provenance.json"))).ok_or_else(|| {
        Error::not_found("it does not say how it was made").help("only outputs of isovox can be replayed, with their .provenance.json where they have one").within(made)
    })
}

/// The words of the command, each path known as such: one output, and base names alone.
fn told(provenance: &Json) -> Result<Vec<Word>> {
    let line: Vec<OsString> = provenance["command"].as_array().into_iter().flatten().filter_map(Json::as_str).map(OsString::from).collect();
    let shown = line.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let refused = |what: &str| Err(Error::unsupported(format_args!("the command in its provenance {what}")).found(&shown).help("run it by hand"));
    let Some(words) = words::read(&line) else { return refused("is none of this version") };
    if line.get(1).is_some_and(|w| w == "replay") || words.iter().filter(|w| w.role == Role::Output).count() != 1 {
        return refused("does not name one output");
    }
    // Paths are told by base name: any other would be read, or written, where the user did not say.
    if words.iter().any(|w| w.is_path() && (Path::new(&w.text).components().count() != 1 || Path::new(&w.text).file_name().is_none())) {
        return refused("names paths, not base names");
    }
    Ok(words)
}

/// The command, staged where it touches nothing of the user's.
struct Again {
    line: Vec<OsString>,
    out: PathBuf,
    target: PathBuf,
}

impl Again {
    /// Each path of the command becomes one below `folder`: inputs by links under the names they had, the output empty.
    fn stage(words: &[Word], inputs: &[Found], folder: &Path, made: &Path) -> Result<Again> {
        let (out, lie) = (folder.join("out"), found::Staged::new(words, inputs));
        let mut target = out.clone();
        let mut line = Vec::new();
        for (i, word) in words.iter().enumerate().filter(|(_, w)| w.role != Role::Manner) {
            line.push(match word.role {
                Role::Input | Role::Further => word.with(&lie.link(i, word, &folder.join("in").join(i.to_string()))?),
                Role::Output => {
                    // Slices are told by their pattern: their folder is the output.
                    let slices = word.text.to_string_lossy().contains('#');
                    target = if slices { out.join("slices") } else { out.join(&word.text) };
                    word.with(&if slices { target.join(&word.text) } else { target.clone() })
                }
                _ => word.whole(),
            });
        }
        std::fs::create_dir_all(&out).at(made)?;
        Ok(Again { line, out, target })
    }

    /// What was made in the place of `made`: the output, a file of it where it is a folder, or the other of a pair.
    fn main(&self, made: &Path) -> PathBuf {
        let name = made.file_name().unwrap_or_default();
        match (made.is_dir(), self.target.is_dir()) {
            (false, true) => self.target.join(name),
            (false, false) if self.out.join(name).is_file() => self.out.join(name),
            _ => self.target.clone(),
        }
    }

    /// Files made beside the main one.
    fn others(&self, main: &Path) -> Result<Vec<PathBuf>> {
        let files = std::fs::read_dir(&self.out).at(&self.out)?.flatten().map(|e| e.path());
        Ok(files.filter(|p| p.is_file() && main.parent() == Some(&self.out) && p != main && !p.to_string_lossy().ends_with(PROVENANCE)).collect())
    }

    /// Puts what was made where the user wants it.
    fn keep(&self, main: &Path, keep: &Path, force: bool, spared: &[&Path]) -> Result<()> {
        if main.is_dir() {
            return copy_folder(main, keep);
        }
        let others = self.others(main)?;
        // The header of a pair names its data.
        if others.iter().any(|o| ["mhd", "raw"].iter().any(|e| o.extension().is_some_and(|x| x == *e))) && main.file_name() != keep.file_name() {
            let name = main.file_name().unwrap_or_default().display();
            return Err(Error::parameter("a header and its data under another name").help(format_args!("keep them in a folder: -o FOLDER/{name}")).within(keep));
        }
        let mut copies = vec![(main.to_path_buf(), keep.to_path_buf())];
        copies.extend(others.into_iter().map(|o| (o.clone(), keep.with_file_name(o.file_name().unwrap_or_default()))));
        copies.push((suffixed(main), suffixed(keep)));
        guard::spare(&copies.iter().map(|(_, to)| to.clone()).collect::<Vec<_>>(), spared.iter().copied())?;
        copies.iter().filter(|(from, _)| from.is_file()).try_for_each(|(from, to)| copy(from, to, force))
    }
}

/// Files that are named where they differ.
const SHOWN: usize = 5;

const PROVENANCE: &str = ".provenance.json";

fn suffixed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PROVENANCE);
    PathBuf::from(name)
}

fn copy(from: &Path, to: &Path, force: bool) -> Result<()> {
    let mut staged = Staged::create(to, force)?;
    std::io::copy(&mut File::open(from).at(from)?, &mut staged).at(to)?;
    staged.finish().map(|_| ())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to).at(to)?;
    for entry in std::fs::read_dir(from).at(from)?.flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_folder(&from, &to)? } else { copy(&from, &to, false)? }
    }
    Ok(())
}

/// The files that differ between two files, or between folders: by their names, those of folders below them; what is in one
/// alone differs. provenance.json, which tells of times, is not looked at.
fn differing(a: &Path, b: &Path, name: &str) -> Result<Vec<String>> {
    if !a.is_dir() || !b.is_dir() {
        let same = a.is_file() && b.is_file() && equal_files(a, b)?;
        return Ok(if same { Vec::new() } else { vec![name.into()] });
    }
    let names =
        |folder: &Path| -> Result<BTreeSet<OsString>> { Ok(std::fs::read_dir(folder).at(folder)?.flatten().map(|e| e.file_name()).filter(|n| n != "provenance.json").collect()) };
    let below = |n: &OsString| differing(&a.join(n), &b.join(n), &format!("{name}/{}", n.to_string_lossy()));
    Ok(names(a)?.union(&names(b)?).map(below).collect::<Result<Vec<_>>>()?.concat())
}

fn equal_files(a: &Path, b: &Path) -> Result<bool> {
    let (mut x, mut y) = (BufReader::new(File::open(a).at(a)?), BufReader::new(File::open(b).at(b)?));
    loop {
        let (p, q) = (x.fill_buf().at(a)?, y.fill_buf().at(b)?);
        let n = p.len().min(q.len());
        if n == 0 || p[..n] != q[..n] {
            return Ok(p.is_empty() && q.is_empty());
        }
        x.consume(n);
        y.consume(n);
    }
}
