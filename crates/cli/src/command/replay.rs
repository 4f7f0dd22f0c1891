//! `isovox replay OUT`: make an output again from what it says of itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::{OpenScan, hash, open_scan};
use isovox_formats::{Input, picture};
use isovox_volume::error::At;
use isovox_volume::{Error, Result};
use serde_json::Value as Json;

use super::Exit;
use super::arguments::{output, running};
use super::settings::Settings;

/// The command.
pub(crate) fn command() -> Command {
    Command::new("replay")
        .about("Make an output again from its provenance, and say whether it is the same.")
        .after_help("Example:\n  isovox replay pores.csv\n  isovox replay labels.mha --input /data/scan.tif -o again.mha")
        .arg(Arg::new("made").value_name("OUT").required(true).value_parser(value_parser!(PathBuf)).help("What isovox made"))
        .arg(
            Arg::new("input")
                .long("input")
                .value_name("PATH")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help("Where an input lies now [default: beside OUT, or here]"),
        )
        .arg(output("Keep what is made again here"))
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let made = matches.get_one::<PathBuf>("made").expect("clap requires it");
    let provenance = provenance(made)?;
    let given: Vec<PathBuf> = matches.get_many::<PathBuf>("input").into_iter().flatten().cloned().collect();
    let inputs = inputs(&provenance, &given, made)?;
    let folder = tempfile::tempdir().map_err(|e| Error::io(&e, &std::env::temp_dir()))?;
    let name = made.file_name().map(OsString::from).unwrap_or_default();
    let again = matches.get_one::<PathBuf>("output").cloned().unwrap_or_else(|| folder.path().join(&name));
    let words = words(&provenance, &inputs, &name.to_string_lossy(), &again, settings.force)?;
    let program = std::env::current_exe().map_err(|e| Error::io(&e, Path::new("isovox")))?;
    let status = Process::new(program).args(&words).status().map_err(|e| Error::io(&e, Path::new("isovox")))?;
    if !status.success() {
        return Err(Error::new(isovox_volume::Kind::Io, "the run could not be repeated").help("its own message stands above"));
    }
    let same = same(made, &again)?;
    println!("{}: made again, {}", name.to_string_lossy(), if same { "equal byte for byte" } else { "not equal" });
    Ok(if same { Exit::Done } else { Exit::Missed })
}

/// How an output was made: embedded, beside it, or in its folder.
fn provenance(made: &Path) -> Result<Json> {
    let beside = |p: PathBuf| std::fs::read_to_string(p).ok().and_then(|t| serde_json::from_str::<Json>(&t).ok());
    let mut name = made.as_os_str().to_owned();
    name.push(".provenance.json");
    let found = beside(PathBuf::from(name)).or_else(|| if made.is_dir() { beside(made.join("provenance.json")) } else { None });
    let found = match found {
        Some(json) => Some(json),
        None if picture::is_picture(made) => picture::provenance(&std::fs::read(made).at(made)?),
        None => open_scan(&[made.to_path_buf()], &OpenScan::default())?.provenance,
    };
    found.filter(|p| p["command"].is_array()).ok_or_else(|| {
        Error::not_found("it does not say how it was made").help("only outputs of isovox can be replayed, with their .provenance.json where they have one").within(made)
    })
}

/// The path of each input, matched by hash.
fn inputs(provenance: &Json, given: &[PathBuf], made: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for input in provenance["inputs"].as_array().into_iter().flatten() {
        let (name, hash) = (input["name"].as_str().unwrap_or_default(), input["blake3"].as_str().unwrap_or_default());
        let beside = made.parent().map(|p| p.join(name)).into_iter().chain([PathBuf::from(name)]);
        let inside = given.iter().flat_map(|p| [p.clone(), p.join(name)]);
        let mut candidates = inside.chain(beside).filter(|p| p.is_file());
        let path = candidates.find(|p| Input::file(p).and_then(|i| hash::inputs(&[i])).is_ok_and(|h| h[0].blake3 == hash));
        match path {
            Some(path) => found.push((name.to_string(), path)),
            None => {
                return Err(Error::not_found(format_args!("input {name} with hash {}…", &hash[..hash.len().min(12)])).help(format_args!("say where it lies: --input PATH/{name}")));
            }
        }
    }
    Ok(found)
}

fn words(provenance: &Json, inputs: &[(String, PathBuf)], out: &str, again: &Path, force: bool) -> Result<Vec<OsString>> {
    let told = provenance["command"].as_array().ok_or_else(|| Error::corrupt("provenance"))?;
    let mut words: Vec<OsString> = Vec::new();
    let mut placed = vec![false; inputs.len()];
    for word in told.iter().skip(1).filter_map(Json::as_str).filter(|w| *w != "--force") {
        // Paths are told by base name: any other would write where the user did not say.
        if word.contains(std::path::MAIN_SEPARATOR) {
            return Err(Error::corrupt("provenance").found(format_args!("the path {word:?}")).expected("base names alone"));
        }
        let at = inputs.iter().enumerate().position(|(i, (name, _))| name == word && !placed[i]);
        match at {
            Some(i) => {
                placed[i] = true;
                words.push(inputs[i].1.clone().into());
            }
            None if word == out => words.push(again.into()),
            None => words.push(word.into()),
        }
    }
    if force && !words.iter().any(|w| w == "--force") {
        let before = words.iter().position(|w| w == "!").unwrap_or(words.len());
        words.insert(before, "--force".into());
    }
    Ok(words)
}

fn same(a: &Path, b: &Path) -> Result<bool> {
    if a.is_dir() {
        let mut names: Vec<_> = std::fs::read_dir(a).at(a)?.flatten().map(|e| e.file_name()).filter(|n| n != "provenance.json").collect();
        names.sort();
        return names.iter().try_fold(true, |all, n| Ok(all && same(&a.join(n), &b.join(n))?));
    }
    Ok(std::fs::read(a).at(a)? == std::fs::read(b).at(b)?)
}
