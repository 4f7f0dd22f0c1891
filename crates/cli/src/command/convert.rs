//! `isovox convert IN OUT`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_ops::spec::Kind;
use isovox_volume::{Error, Object, Result};

use super::Exit;
use super::arguments::{open_options, opening, running};
use super::chain::open;
use super::output::{Made, check_name, not_inputs, write};
use super::settings::Settings;

/// The command.
pub(crate) fn command() -> Command {
    Command::new("convert")
        .about("Write a scan in another format; the format follows from the name.")
        .override_usage("isovox convert [OPTIONS] IN... OUT")
        .after_help("Example:\n  isovox convert scan.tif scan.nii.gz\n  isovox convert rock_946x946x900_u8.raw slices/slice_####.tif --voxel-size 5.3um")
        .arg(
            Arg::new("paths")
                .value_name("IN... OUT")
                .help("The scan, and where it goes")
                .required(true)
                .num_args(1..)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf)),
        )
        .args(opening())
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let mut paths: Vec<PathBuf> = matches.get_many::<PathBuf>("paths").into_iter().flatten().cloned().collect();
    let out = paths.pop().filter(|_| !paths.is_empty()).ok_or_else(|| Error::parameter("convert needs IN and OUT").help("isovox convert scan.tif scan.nii.gz"))?;
    check_name(Kind::Volume, &out)?;
    let scan = open(&paths, &open_options(matches, None)?)?;
    not_inputs(&out, &scan.files, None)?;
    let run = settings.start(Some(&out));
    scan.source.prepare(&run)?;
    let space = scan.source.header().geometry.space();
    write(&run, Made { object: Object::Volume(scan.source), steps: Vec::new(), files: &scan.files, space }, &out, settings)?;
    Ok(Exit::Done)
}
