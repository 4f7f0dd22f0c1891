//! `isovox compare A B`: what two volumes have in common, and how one follows from the other.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::compare::{Compared, compare};
use isovox_volume::Result;
use serde_json::{Map, Value as Json, json};

use super::arguments::{input_paths, open_options, opening, running};
use super::chain::open;
use super::settings::Settings;
use super::{Exit, talk};

/// The command.
pub(crate) fn command() -> Command {
    Command::new("compare")
        .about("Compare two volumes: grid, values, labels, and how one follows from the other.")
        .long_about("Compare two volumes: grid, values, labels, and how one follows from the other.\n\nA relation is named where there is one: axes flipped or swapped, a shift by whole voxels, half a voxel between the grids, LPS taken for RAS, a factor of the spacing, labels with other numbers. Ends with 1 when grid or values differ.")
        .after_help("Example:\n  isovox compare a.nii.gz b.mha --json")
        .arg(Arg::new("input").value_name("A B").help("Two volumes").required(true).num_args(2).action(ArgAction::Append).value_parser(value_parser!(PathBuf)))
        .arg(Arg::new("json").long("json").help("As JSON").action(ArgAction::SetTrue))
        .args(opening())
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    let options = open_options(matches, None)?;
    let scans = paths.iter().map(|p| open(std::slice::from_ref(p), &options)).collect::<Result<Vec<_>>>()?;
    let run = settings.start(None);
    scans.iter().try_for_each(|s| s.source.prepare(&run))?;
    let found = compare(&run, &scans[0].source, &scans[1].source)?;
    found.unknown.iter().for_each(|text| talk::warn(text));
    talk::Talk::from_words(&settings.words).clear();
    talk::tell(&if matches.get_flag("json") { format!("{:#}\n", as_json(&found)) } else { as_text(&found) })?;
    Ok(if found.same_grid && found.same_values { Exit::Done } else { Exit::Missed })
}

fn as_json(found: &Compared) -> Json {
    let dice = found.dice.as_ref().map(|d| d.iter().map(|(label, v)| (label.to_string(), json!(v))).collect::<Map<_, _>>());
    json!({
        "same_grid": found.same_grid, "same_values": found.same_values, "greatest_difference": found.greatest,
        "at": found.at.map(|[x, y, z, frame]| json!({"index": [x, y, z], "frame": frame})), "differing": found.differing,
        "relation": found.relation, "not_looked_for": found.unknown, "dice": dice,
    })
}

fn as_text(found: &Compared) -> String {
    let same = |is: bool| if is { "the same" } else { "different" };
    let mut text = format!("grid      {}\nvalues    {}\n", same(found.same_grid), same(found.same_values));
    if let (Some(greatest), Some(differing)) = (found.greatest, found.differing.filter(|n| *n > 0)) {
        let at = found.at.map_or(String::new(), |[x, y, z, _]| format!(", by {greatest} at most, at [{x}, {y}, {z}]"));
        text += &format!("differing {differing} voxels{at}\n");
    }
    if let Some(relation) = &found.relation {
        text += &format!("relation  {relation}\n");
    }
    for (label, dice) in found.dice.iter().flatten().take(20) {
        text += &format!("dice      {label}: {dice:.6}\n");
    }
    text
}
