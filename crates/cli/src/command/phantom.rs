//! `isovox phantom`: volumes with known truth.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command, value_parser};
use isovox_jobs::phantom::{Kind, Phantom};
use isovox_ops::geometry::crop::sizes;
use isovox_ops::spec::{Kind as Port, nearest};
use isovox_volume::{Error, Length, Object, Result, Source};

use super::Exit;
use super::arguments::{open_options, option, output, running};
use super::output::{Made, check_name, write};
use super::settings::Settings;

/// The command.
pub(crate) fn command() -> Command {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
    Command::new("phantom")
        .about("Make a volume whose truth is known.")
        .long_about(format!(
            "Make a volume whose truth is known, and FILE's stem + .truth.json beside it.\n\nKinds: {}. The same kind, size and seed give the same voxels on every machine.",
            kinds.join(", ")
        ))
        .after_help("Example:\n  isovox phantom rock -o rock.tif\n  isovox phantom rock --size 256x256x144 --seed 2 --voxel-size 5um -o big.raw")
        .arg(Arg::new("kind").value_name("KIND").required(true))
        .arg(output("Where the volume goes").required(true))
        .arg(option("size", "XxYxZ", "Its size; the kind's spheres repeat [default: the kind's own]"))
        .arg(option("seed", "N", "The noise's seed [default: 1]").value_parser(value_parser!(u64)))
        .arg(option("voxel-size", "LENGTH", "Its spacing, such as 5um"))
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let name = matches.get_one::<String>("kind").expect("clap requires it");
    let out = matches.get_one::<PathBuf>("output").expect("clap requires it");
    let kind = Kind::from_name(name).ok_or_else(|| unknown(name))?;
    let size = matches.get_one::<String>("size").map(|t| sizes(t)).transpose()?.map(|[x, y, z]| [z, y, x]);
    let spacing = open_options(matches, None)?.voxel_size.map(|s| s.0.map(|l| if let Length::Mm(v) = l { v } else { f64::NAN }));
    check_name(Port::Volume, out)?;
    let phantom = Phantom::new(kind, size, matches.get_one::<u64>("seed").copied(), spacing)?;
    let truth = phantom.truth();
    let run = settings.start(Some(out));
    let space = phantom.header().geometry.space();
    write(&run, Made { object: Object::Volume(Arc::new(phantom)), steps: Vec::new(), files: &[], space }, out, settings)?;
    isovox_formats::staged::write_file(&beside(out), true, format!("{truth:#}\n").as_bytes())?;
    Ok(Exit::Done)
}

/// Where the truth of a file goes: its stem, and `.truth.json`.
fn beside(out: &Path) -> PathBuf {
    let stem = Path::new(out.file_stem().unwrap_or_default());
    let stem = if stem.extension().is_some_and(|e| e == "nii") { stem.file_stem() } else { Some(stem.as_os_str()) };
    let mut name = stem.unwrap_or_default().to_owned();
    name.push(".truth.json");
    out.with_file_name(name)
}

fn unknown(name: &str) -> Error {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
    let error = Error::parameter(format_args!("no phantom {name:?}")).expected(kinds.join("|"));
    match nearest(name, &kinds) {
        Some(near) => error.help(format_args!("did you mean {near}?")),
        None => error,
    }
}
