//! `isovox demo`: the main job on volumes whose truth is known.

use std::path::PathBuf;

use clap::{ArgMatches, Command};
use isovox_jobs::demo::{Check, demo, save};
use isovox_volume::Result;

use super::Exit;
use super::arguments::{output, running};
use super::settings::Settings;

/// The command.
pub(crate) fn command() -> Command {
    Command::new("demo")
        .about("Make rocks whose truth is known, run the pore job on them, and print measured beside true.")
        .after_help("Example:\n  isovox demo")
        .arg(output("The folder to write").value_name("DIR").default_value("isovox-demo"))
        .args(running())
}

/// Runs it; a value that misses its truth ends with exit code 1.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let folder = matches.get_one::<PathBuf>("output").expect("it has a default");
    let checks = demo(&settings.start(Some(folder)), folder)?;
    super::talk::Talk::from_words(&settings.words).clear();
    let mut text = format!("{:<14} {:<26} {:>12} {:>12}  unit\n", "phantom", "quantity", "true", "measured");
    for c in &checks {
        text.push_str(&format!(
            "{:<14} {:<26} {:>12} {:>12}  {:<4} {}\n",
            c.phantom,
            c.name,
            shown(c.truth),
            shown(c.measured),
            if c.unit.is_empty() { "-" } else { c.unit },
            if c.met() { "met" } else { "MISSED" }
        ));
    }
    save(&checks, &folder.join("demo.csv"))?;
    let met = checks.iter().all(Check::met);
    text.push_str(&format!("{} of {} values meet their truth\n", checks.iter().filter(|c| c.met()).count(), checks.len()));
    text.push_str(&format!("table: {}\n", folder.join("demo.csv").display()));
    text.push_str(&format!("report: {}\n", folder.join("rock-pores").join("report.html").display()));
    super::talk::tell(&text)?;
    Ok(if met { Exit::Done } else { Exit::Missed })
}

fn shown(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.4}") }
}
