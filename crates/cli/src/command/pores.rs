//! `isovox pores`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::OpenScan;
use isovox_jobs::pores::{Denoise, Options, Within, pores};
use isovox_ops::Connectivity;
use isovox_ops::spec::Value;
use isovox_volume::run::human;
use isovox_volume::{Error, Result};

use super::Exit;
use super::arguments::{inputs, open_options, opening, option, output, running};
use super::chain::{not_an_input, open};
use super::settings::Settings;

/// The command.
pub(crate) fn command() -> Command {
    let switch = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
    Command::new("pores")
        .about("Find, number and measure the pores of a rock.")
        .long_about("Find, number and measure the pores of a rock.\n\nOne Otsu threshold of the whole volume; dark voxels (v <= t) are pore; pores are connected components, numbered in raster order. A bool or 0/1 mask is the pores as it stands.\n\nDIR gets labels.mha, pores.csv, summary.json, views.png, slices/ and provenance.json.")
        .after_help("Example:\n  isovox pores rock.tif -o rock-pores --voxel-size 5.3um\n  isovox pores rock_946x946x900_u8.raw -o rock-pores --memory 1GB --min-voxels 10")
        .arg(inputs())
        .arg(output("The folder to write; new, empty, or made by this command").value_name("DIR").required(true))
        .arg(option("threshold", "T", "Take this threshold instead of Otsu's").value_parser(value_parser!(f64)).allow_negative_numbers(true))
        .arg(switch("dark", "Dark voxels are pore: v <= t [default]").conflicts_with("bright"))
        .arg(switch("bright", "Bright voxels are pore: v > t"))
        .arg(option("connectivity", "N", "Which neighbours connect: 6, 18 or 26 [default: 6]"))
        .arg(option("min-voxels", "N", "Keep pores of at least this size [default: 1]").value_parser(value_parser!(u64)))
        .arg(option("within", "MASK", "Only where this mask is not 0; auto: inside the bright phase, its holes filled").value_parser(value_parser!(PathBuf)))
        .arg(option("denoise", "HOW", "Remove noise first: nlm (non-local means of each slice) or median (3x3x3)").value_parser(Denoise::ALL.map(Denoise::name)))
        .arg(switch("literal", "Also run the published recipe as it stands, and write literal.json"))
        .arg(option("format", "ENDING", "The label file's format [default: mha]"))
        .args(opening())
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths: Vec<PathBuf> = matches.get_many::<PathBuf>("input").into_iter().flatten().cloned().collect();
    let out = matches.get_one::<PathBuf>("output").expect("clap requires it").clone();
    let options = options(matches, settings)?;
    let scan = open(&paths, &open_options(matches, None)?)?;
    not_an_input(&out, &scan.files)?;
    let run = settings.start(Some(&out));
    let summary = pores(&run, &scan, &options, &out)?;
    super::talk::Talk::from_words(&settings.words).clear();
    let threshold = summary.threshold.map_or("a mask, taken as it stands".to_string(), |t| format!("threshold {t}"));
    println!("{threshold}; porosity {:.4} ({:.4} open, {:.4} closed)", summary.porosity, summary.porosity_open, summary.porosity_closed);
    println!("{} pores at connectivity {}, {} kept", summary.components, summary.connectivity, summary.components_kept);
    if summary.voxel_um.is_none() {
        println!("sizes are in voxels: the spacing is unknown (give --voxel-size 5.3um)");
    }
    println!("{}: pores.csv, summary.json, labels.{}, views.png, slices/, provenance.json (peak memory {})", out.display(), options.format, human(peak()));
    Ok(Exit::Done)
}

fn peak() -> usize {
    isovox_jobs::clock::peak_memory_mb().map_or(0, |mb| (mb * 1e6) as usize)
}

fn options(matches: &ArgMatches, settings: &Settings) -> Result<Options> {
    let connectivity =
        matches.get_one::<String>("connectivity").map_or(Ok(Connectivity::Faces), |t| Connectivity::read(t).map_err(|e| Error::parameter(format_args!("--connectivity: {e}"))))?;
    let within = match matches.get_one::<PathBuf>("within") {
        None => Within::All,
        Some(word) if word.as_os_str() == "auto" => Within::Auto,
        Some(path) => Within::Mask(open(std::slice::from_ref(path), &OpenScan::default())?),
    };
    let denoise = matches.get_one::<String>("denoise").and_then(|name| Denoise::ALL.into_iter().find(|d| d.name() == name));
    let bright = match (matches.get_flag("dark"), matches.get_flag("bright")) {
        (false, false) => None,
        (_, bright) => Some(bright),
    };
    let format = matches.get_one::<String>("format").map_or("mha", |f| f.trim_start_matches('.')).to_string();
    isovox_formats::open::format_for(std::path::Path::new(&format!("labels.{format}")))?;
    Ok(Options {
        threshold: matches.get_one::<f64>("threshold").copied(),
        bright,
        connectivity,
        min_voxels: matches.get_one::<u64>("min-voxels").copied().unwrap_or(1),
        within,
        denoise,
        literal: matches.get_flag("literal"),
        format,
        command: settings.told(),
    })
}
