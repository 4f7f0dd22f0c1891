//! `isovox ops`, `isovox completions` and `isovox man`.

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_ops::spec::nearest;
use isovox_ops::{FAMILIES, find};
use isovox_volume::error::At;
use isovox_volume::{Error, Result};
use serde_json::Value as Json;

use super::settings::Settings;
use super::{Exit, chain, talk};

/// `isovox ops`.
pub(crate) fn command() -> Command {
    Command::new("ops")
        .about("List the operations, or describe one.")
        .after_help("Example:\n  isovox ops\n  isovox ops otsu\n  isovox ops --json")
        .arg(Arg::new("name").value_name("OP").help("One operation"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Every declaration as JSON"))
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, _settings: &Settings) -> Result<Exit> {
    if let Some(name) = matches.get_one::<String>("name") {
        find(name)?;
        if let Some(mut page) = chain::page(name).filter(|_| !matches.get_flag("json")) {
            talk::tell(&format!("{}\n", page.render_long_help()))?;
            return Ok(Exit::Done);
        }
    }
    let only = matches.get_one::<String>("name");
    if matches.get_flag("json") {
        let wanted = isovox_ops::all().filter(|(_, e)| only.is_none_or(|n| (e.spec)().name == n));
        let list: Vec<Json> = wanted.map(|(family, e)| (e.spec)().json(family)).collect();
        talk::tell(&format!("{:#}\n", Json::Array(list)))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (family, ops) in FAMILIES {
        text.push_str(&format!("{family}\n"));
        for entry in *ops {
            let spec = (entry.spec)();
            text.push_str(&format!("  {:<16} {}\n", spec.name, spec.brief));
        }
    }
    talk::tell(&text)?;
    Ok(Exit::Done)
}

/// `isovox completions`.
pub(crate) fn completions_command() -> Command {
    Command::new("completions")
        .about("Print the completion script of a shell.")
        .after_help("Example:\n  isovox completions bash > ~/.local/share/bash-completion/completions/isovox")
        .arg(Arg::new("shell").required(true).value_parser(value_parser!(clap_complete::Shell)))
}

/// Runs it.
pub(crate) fn run_completions(matches: &ArgMatches, _settings: &Settings) -> Result<Exit> {
    let shell = *matches.get_one::<clap_complete::Shell>("shell").expect("clap requires it");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "isovox", &mut script);
    talk::tell(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// `isovox man`.
pub(crate) fn man_command() -> Command {
    Command::new("man")
        .about("Print the manual page of isovox, or of one of its commands.")
        .after_help("Example:\n  isovox man | man -l -\n  isovox man otsu > isovox-otsu.1")
        .arg(Arg::new("command").value_name("COMMAND").help("One command or operation"))
}

/// Runs it.
pub(crate) fn run_man(matches: &ArgMatches, _settings: &Settings) -> Result<Exit> {
    let mut whole = super::command();
    whole.build();
    let page = match matches.get_one::<String>("command") {
        None => whole,
        Some(name) => {
            let known: Vec<&str> = whole.get_subcommands().map(Command::get_name).collect();
            let unknown = || match nearest(name, &known) {
                Some(near) => Error::parameter(format_args!("no command {name:?}")).help(format_args!("did you mean {near}?")),
                None => Error::parameter(format_args!("no command {name:?}")).help("isovox --help lists them"),
            };
            let own = whole.find_subcommand(name).ok_or_else(unknown)?;
            own.clone().name(format!("isovox-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page.version(env!("CARGO_PKG_VERSION"))).render(&mut text).at(Path::new("manual page"))?;
    print!("{}", String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
