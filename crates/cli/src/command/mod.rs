//! What the command knows of itself; of operations it knows their specs.

mod affine;
mod arguments;
mod chain;
mod check;
mod compare;
mod convert;
mod demo;
mod found;
mod identity;
mod info;
mod listing;
mod output;
mod phantom;
mod pores;
mod probe;
mod recipe;
mod replay;
mod settings;
mod tags;
mod talk;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use isovox_volume::Result;

use settings::Settings;

/// A subcommand that is not an operation.
struct Sub {
    command: fn() -> Command,
    run: fn(&ArgMatches, &Settings) -> Result<Exit>,
}

/// How a command ends when nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All well.
    Done,
    /// It ran, and what it checked did not hold.
    Missed,
}

const SUBS: &[Sub] = &[
    Sub { command: chain::pipe_command, run: chain::run_pipe },
    Sub { command: info::command, run: info::run },
    Sub { command: tags::command, run: tags::run },
    Sub { command: check::command, run: check::run },
    Sub { command: convert::command, run: convert::run },
    Sub { command: probe::command, run: probe::run },
    Sub { command: compare::command, run: compare::run },
    Sub { command: affine::command, run: affine::run },
    Sub { command: pores::command, run: pores::run },
    Sub { command: phantom::command, run: phantom::run },
    Sub { command: demo::command, run: demo::run },
    Sub { command: listing::command, run: listing::run },
    Sub { command: replay::command, run: replay::run },
    Sub { command: listing::completions_command, run: listing::run_completions },
    Sub { command: listing::man_command, run: listing::run_man },
];

/// The whole command line: subcommands and operations.
pub(crate) fn command() -> Command {
    let mut command = Command::new("isovox")
        .bin_name("isovox")
        .about("Opens any volume image, proves where each voxel is or refuses, measures it, and shows its work.")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(
            "isovox ops lists the operations; isovox COMMAND --help tells more, with an example.\nA chain: isovox pipe scan.tif ! otsu --dark ! label ! measure -o pores.csv",
        );
    for sub in SUBS {
        command = command.subcommand((sub.command)());
    }
    for (family, entry) in isovox_ops::all() {
        command = command.subcommand(arguments::operation(&(entry.spec)(), family));
    }
    command
}

/// Runs a command line; the exit code is the contract's.
pub(crate) fn run(words: Vec<OsString>) -> ExitCode {
    let talk = talk::Talk::from_words(&words);
    let matches = match command().try_get_matches_from(chain::split(&words).0) {
        Ok(matches) => matches,
        Err(error) => return talk.usage(&error),
    };
    let settings = match Settings::read(matches.subcommand().expect("clap requires a subcommand").1, words, &talk) {
        Ok(settings) => settings,
        Err(error) => return talk.fail(&error),
    };
    let done = dispatch(&matches, &settings);
    talk.clear();
    match done {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Missed) => ExitCode::from(1),
        Err(error) => talk.fail(&error),
    }
}

/// Runs what was parsed.
fn dispatch(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let (name, matches) = matches.subcommand().expect("clap requires a subcommand");
    match SUBS.iter().find(|s| (s.command)().get_name() == name) {
        Some(sub) => (sub.run)(matches, settings),
        None => chain::run_operation(name, matches, settings),
    }
}

/// Runs other words within this run, as `replay` does.
fn again(settings: &Settings) -> Result<Exit> {
    let matches = command().try_get_matches_from(chain::split(&settings.words).0).map_err(|e| talk::wrong_words(&e, "", "isovox --help"))?;
    dispatch(&matches, settings)
}
