//! Operations: one, or a chain with `!` between the steps, from the command line or from TOML.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Command};
use isovox_engine::{OpenScan, Opened, Pipeline, open_scan};
use isovox_formats::{Input, guard};
use isovox_ops::spec::{Operation, Spec};
use isovox_ops::{Entry, find};
use isovox_volume::{Error, Result, Source};

use super::arguments::{Words, input_paths, inputs, open_options, opening, operation, output, running, step, values};
use super::output::{Made, check_name, not_inputs, write};
use super::settings::Settings;
use super::words::{self, Role, Word};
use super::{Exit, recipe, talk};

/// A step as the user gave it.
pub(crate) struct Given {
    /// The operation.
    pub(crate) entry: &'static Entry,
    /// What it was given.
    pub(crate) words: Words,
}

/// `isovox pipe`.
pub(crate) fn pipe_command() -> Command {
    Command::new("pipe")
        .about("Run a chain of operations: isovox pipe INPUT ! OP ! OP -o OUT.")
        .long_about("Run a chain of operations, with ! between the steps, or a TOML recipe of the same.\n\nThe input is read as often as the chain needs, in bounded memory; nothing in between is written.\nA recipe: input = \"scan.tif\", output = \"pores.csv\", and a [[step]] with op = \"otsu\" and its parameters for each step.")
        .after_help("Example:\n  isovox pipe scan.tif ! otsu --dark ! label ! measure -o pores.csv\n  isovox pipe recipe.toml")
        .arg(inputs())
        .arg(output("Where the result goes; the format follows from the name"))
        .args(opening())
        .args(running())
}

/// The words of `pipe` before its first step with the flags of the whole run, wherever they stand, and the words of each step.
///
/// Other commands have no steps.
pub(crate) fn split(words: &[OsString]) -> (Vec<OsString>, Vec<Vec<OsString>>) {
    if words.get(1).is_none_or(|w| w != "pipe") {
        return (words.to_vec(), Vec::new());
    }
    let mut parts = words.split(|w| w == "!");
    let mut first = parts.next().unwrap_or_default().to_vec();
    let shared = running();
    let mut steps = Vec::new();
    for part in parts {
        let mut own = Vec::new();
        let mut rest = part.iter();
        while let Some(word) = rest.next() {
            let text = word.to_string_lossy();
            let flag = shared.iter().find(|a| text.split('=').next().and_then(|t| t.strip_prefix("--")) == a.get_long());
            match flag {
                None => own.push(word.clone()),
                Some(flag) => {
                    first.push(word.clone());
                    if flag.get_action().takes_values() && !text.contains('=') {
                        first.extend(rest.next().cloned());
                    }
                }
            }
        }
        steps.push(own);
    }
    (first, steps)
}

/// Runs `pipe`.
pub(crate) fn run_pipe(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    let recipes: Vec<&PathBuf> = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    match (&recipes[..], paths.len()) {
        ([], _) => {}
        ([one], 1) => return run_recipe(one, settings),
        _ => {
            return Err(Error::parameter("a recipe among several inputs")
                .expected("one recipe, or inputs")
                .help("a recipe names its inputs itself: input = [\"a.tif\", \"b.tif\"]"));
        }
    }
    let mut out = matches.get_one::<PathBuf>("output").cloned();
    let mut steps = Vec::new();
    for words in split(&settings.words).1 {
        let (given, named) = read_step(&words)?;
        out = named.or(out);
        steps.push(given);
    }
    if steps.is_empty() {
        return Err(Error::parameter("a pipe without steps").help("isovox pipe scan.tif ! otsu ! label -o labels.mha"));
    }
    let out = out.ok_or_else(|| Error::parameter("a pipe needs -o OUT").help("isovox pipe scan.tif ! otsu ! label -o labels.mha"))?;
    run(&paths, &open_options(matches, None)?, &steps, &out, settings)
}

/// Runs a recipe as the command line that it stands for, with the steps that follow it; that line is what provenance tells.
fn run_recipe(path: &Path, settings: &Settings) -> Result<Exit> {
    if settings.recipe.is_some() {
        return Err(Error::parameter("the input of a recipe is a recipe").within(path));
    }
    let (first, more) = split(&settings.words);
    let first = words::read(&first).unwrap_or_default();
    let given = first.iter().skip(2).filter(|w| w.role != Role::Input).map(Word::whole).collect();
    let named = words::read(&settings.words).is_none_or(|all| all.iter().any(|w| w.role == Role::Output));
    let line = recipe::read(path)?.words(given, more, named)?;
    super::again(&settings.of_recipe(path, line))
}

fn read_step(words: &[OsString]) -> Result<(Given, Option<PathBuf>)> {
    let name = words.first().ok_or_else(|| Error::parameter("an empty step between two !"))?.to_string_lossy();
    let entry = find(&name)?;
    let spec = (entry.spec)();
    let matches = step(&spec)
        .try_get_matches_from(&words[1..])
        .map_err(|e| misplaced(&e, &name).unwrap_or_else(|| talk::wrong_words(&e, &format!("{name}: "), &format!("isovox {name} --help"))))?;
    let words = values(&spec, &matches)?;
    Ok((Given { entry, words }, matches.get_one::<PathBuf>("output").cloned()))
}

/// A flag of the input, given to a step.
fn misplaced(error: &clap::Error, step: &str) -> Option<Error> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = word.split('=').next().and_then(|w| w.strip_prefix("--")).filter(|f| opening().iter().any(|a| a.get_long() == Some(f)))?;
    let help = format!("it says how the input is opened and goes before the first !: isovox pipe INPUT --{flag} ... ! {step}");
    Some(Error::parameter(format_args!("{step} has no parameter --{flag}")).help(help))
}

/// Runs one operation.
pub(crate) fn run_operation(name: &str, matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let entry = find(name)?;
    let spec = (entry.spec)();
    let words = values(&spec, matches)?;
    let paths = input_paths(matches);
    let out = matches.get_one::<PathBuf>("output").expect("clap requires it").clone();
    run(&paths, &open_options(matches, Some(&spec))?, &[Given { entry, words }], &out, settings)
}

/// The page of an operation.
pub(crate) fn page(name: &str) -> Option<Command> {
    let (family, entry) = isovox_ops::all().find(|(_, e)| (e.spec)().name == name)?;
    Some(operation(&(entry.spec)(), family))
}

fn run(paths: &[PathBuf], options: &OpenScan, steps: &[Given], out: &Path, settings: &Settings) -> Result<Exit> {
    let specs: Vec<Spec> = steps.iter().map(|s| (s.entry.spec)()).collect();
    let ops = steps.iter().map(|s| (s.entry.build)(&s.words.values)).collect::<Result<Vec<Box<dyn Operation>>>>()?;
    ends_last(&specs)?;
    let last = specs.last().expect("a chain has a step");
    check_name(last.output, out)?;
    let scan = open(paths, options)?;
    let space = scan.source.header().geometry.space();
    let (mut files, said) = (scan.files.clone(), scan.source.header().warnings.clone());
    let mut pipeline = Pipeline::new(scan.source);
    for (op, given) in ops.into_iter().zip(steps) {
        let others = further(&given.words, &mut files)?;
        pipeline = pipeline.then(op, others)?;
    }
    pipeline.header().warnings.iter().filter(|w| !said.contains(w)).for_each(|w| talk::warn(w));
    not_inputs(out, &files, settings.recipe.as_deref())?;
    let run = settings.start(Some(out));
    let outcome = pipeline.run(&run)?;
    for step in &outcome.steps {
        constant_slices(&step.op, &step.found);
    }
    write(&run, Made { object: outcome.object, steps: outcome.steps, files: &files, space }, out, settings)?;
    Ok(Exit::Done)
}

/// Only the last step may give something else than a volume: said before the name of OUT, which follows from it, is looked at.
fn ends_last(specs: &[Spec]) -> Result<()> {
    match specs.windows(2).find(|pair| !pair[0].output.is_volume()) {
        None => Ok(()),
        Some(pair) => {
            let (end, next, what) = (pair[0].name, pair[1].name, pair[0].output.name());
            Err(Error::parameter(format_args!("{next} after {end}: it takes a volume, and {end} gives a {what}"))
                .help(format_args!("{end} ends a chain: put {next} before it, or leave it out")))
        }
    }
}

/// Opens the main input and says what a careful user should know.
pub(crate) fn open(paths: &[PathBuf], options: &OpenScan) -> Result<Opened> {
    let scan = open_scan(paths, options)?;
    scan.source.header().warnings.iter().for_each(|w| talk::warn(w));
    Ok(scan)
}

fn further(words: &Words, files: &mut Vec<Input>) -> Result<Vec<(String, Arc<dyn Source>)>> {
    let mut opened = Vec::new();
    files.extend(words.texts.iter().cloned());
    for (port, path) in &words.others {
        let scan = open(std::slice::from_ref(path), &OpenScan::default())?;
        files.extend(scan.files);
        opened.push((port.clone(), scan.source));
    }
    Ok(opened)
}

/// A job's folder is written as a whole: no input may lie in it, at any depth.
pub(crate) fn not_an_input(out: &Path, files: &[Input]) -> Result<()> {
    guard::spare(&[out.to_path_buf()], files.iter().map(Input::path))
}

fn constant_slices(op: &str, found: &serde_json::Value) {
    let count = found["constant_slices"].as_array().map_or(0, Vec::len);
    if count > 0 {
        let first: Vec<String> = found["constant_slices"].as_array().into_iter().flatten().take(5).map(ToString::to_string).collect();
        talk::warn(&format!(
            "{op}: {count} slices are constant and have no threshold of their own (OpenCV's 0 is used): {}{}",
            first.join(", "),
            if count > 5 { ", …" } else { "" }
        ));
    }
}
