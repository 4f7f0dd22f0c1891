//! `isovox pores`.

use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::OpenScan;
use isovox_jobs::pores::{Denoise, Options, Summary, Within, is_finished, pores, resized, sentence};
use isovox_ops::Connectivity;
use isovox_ops::spec::Value;
use isovox_volume::run::human;
use isovox_volume::{Error, Result};

use super::arguments::{input_paths, inputs, open_options, opening, option, output, running};
use super::chain::{not_an_input, open};
use super::settings::Settings;
use super::words::{self, Role, Word};
use super::{Exit, recipe, talk};

/// The command.
pub(crate) fn command() -> Command {
    let switch = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
    Command::new("pores")
        .about("Find, number and measure the pores of a rock.")
        .long_about("Find, number and measure the pores of a rock.\n\nOne Otsu threshold of the whole volume; dark voxels (v <= t) are pore; pores are connected components, numbered in raster order. A bool or 0/1 mask is the pores as it stands.\n\nDIR gets report.html (open it first), pores.csv, summary.json, labels.mha, sizes.png and .svg, views.png, render.png, flythrough.gif, surface.stl, slices/ and provenance.json.\n\nA finished folder as INPUT, with --voxel-size and without -o, gets its tables, charts and report in that size; voxels are not computed again.")
        .after_help("Example:\n  isovox pores rock.tif -o rock-pores --voxel-size 5.3um\n  isovox pores rock_946x946x900_u8.raw -o rock-pores --memory 1GB --min-voxels 10\n  isovox pores casting.nii.gz -o voids --within auto --denoise median\n  isovox pores job.toml (input = \"rock.tif\", output = \"rock-pores\", voxel-size = \"5.3um\", literal = true)\n  isovox pores rock-pores --voxel-size 5.3um")
        .arg(inputs())
        .arg(output("The folder to write; new, empty, or made by this command").value_name("DIR"))
        .arg(option("threshold", "T", "Take this threshold instead of Otsu's").value_parser(value_parser!(f64)).allow_negative_numbers(true))
        .arg(switch("dark", "Dark voxels are pore: v <= t [default]").conflicts_with("bright"))
        .arg(switch("bright", "Bright voxels are pore: v > t"))
        .arg(option("connectivity", "N", "Which neighbours connect: 6, 18 or 26 [default: 6]"))
        .arg(option("min-voxels", "N", "Keep pores of at least this size [default: 1]").value_parser(value_parser!(u64)))
        .arg(option("within", "MASK", "Only where this mask is not 0; auto: inside the bright phase, its holes filled").value_parser(value_parser!(PathBuf)))
        .arg(option("denoise", "HOW", "Remove noise first: nlm (non-local means of each slice) or median (3x3x3)").value_parser(Denoise::ALL.map(Denoise::name)))
        .arg(switch("literal", "Also run the published recipe as it stands, and write literal.json"))
        .arg(switch("full-surface", "Make the surface of all voxels, also of a volume of more than 256 a side"))
        .arg(option("format", "ENDING", "The label file's format [default: mha]"))
        .args(opening())
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    if let ([one], None) = (&paths[..], &settings.recipe)
        && one.extension().is_some_and(|e| e == "toml")
    {
        let given = words::read(&settings.words).unwrap_or_default().iter().skip(2).filter(|w| w.role != Role::Input).map(Word::whole).collect();
        let line = recipe::job("pores", &["output", "within"], one, given)?;
        return super::again(&settings.of_recipe(one, line));
    }
    let Some(out) = matches.get_one::<PathBuf>("output").cloned() else { return resize(&paths, matches, settings) };
    let options = options(matches, settings)?;
    let scan = open(&paths, &open_options(matches, None)?)?;
    let within = if let Within::Mask(mask) = &options.within { mask.files.clone() } else { Vec::new() };
    not_an_input(&out, &[scan.files.clone(), within].concat())?;
    let run = settings.start(Some(&out));
    let summary = pores(&run, &scan, &options, &out)?;
    let said: Vec<String> = scan.source.header().warnings.iter().map(|w| sentence(w)).collect();
    tell(&summary, &out, settings, &said)?;
    Ok(Exit::Done)
}

/// Flags that a finished folder in another size has no use for: its voxels are not computed again.
fn only_the_size(matches: &ArgMatches) -> Result<()> {
    let own = ["threshold", "dark", "bright", "connectivity", "min-voxels", "within", "denoise", "literal", "full-surface", "format"].map(String::from);
    let opening = opening().into_iter().map(|a| a.get_id().to_string()).filter(|id| id != "voxel-size");
    let given = |id: &String| matches.value_source(id) == Some(ValueSource::CommandLine);
    match own.into_iter().chain(opening).find(given) {
        Some(id) => Err(Error::parameter(format_args!("--{id} with a finished folder"))
            .expected("--voxel-size alone: its voxels are not computed again")
            .help("run the job anew on the scan to change anything else")),
        None => Ok(()),
    }
}

/// A finished folder in another size.
fn resize(paths: &[PathBuf], matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let opened = open_options(matches, None)?;
    match (paths, &opened.voxel_size, matches.get_one::<String>("voxel-size")) {
        ([folder], Some(size), Some(words)) if is_finished(folder) => {
            only_the_size(matches)?;
            let run = settings.start(folder.parent());
            let summary = resized(&run, folder, size, words)?;
            tell(&summary, folder, settings, &[])?;
            Ok(Exit::Done)
        }
        _ => Err(Error::parameter("no folder to write").help("name it: -o DIR; or give a finished folder its size: isovox pores DIR --voxel-size 5.3um")),
    }
}

/// `said` was told when the scan was opened.
fn tell(summary: &Summary, out: &Path, settings: &Settings, said: &[String]) -> Result<()> {
    talk::Talk::from_words(&settings.words).clear();
    let threshold = summary.threshold.map_or("a mask, taken as it stands".to_string(), |t| format!("threshold {t}"));
    let mut text = format!("{threshold}; porosity {:.4} ({:.4} open, {:.4} closed)\n", summary.porosity, summary.porosity_open, summary.porosity_closed);
    let noun = if summary.components == 1 { "pore" } else { "pores" };
    text += &format!("{} {noun} at connectivity {}, {} kept\n", summary.components, summary.connectivity, summary.components_kept);
    if summary.voxel_um.is_none() {
        text += "sizes are in voxels: the spacing is unknown (isovox pores DIR --voxel-size 5.3um gives it one)\n";
    }
    summary.warnings.iter().filter(|w| !said.contains(w)).for_each(|w| talk::warn(w));
    talk::tell(&format!("{text}{} (peak memory {})\n", out.join("report.html").display(), human(peak())))
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
    let named = isovox_formats::open::format_for(Path::new(&format!("labels.{format}")))?;
    if named.name() == "sequence" {
        return Err(Error::parameter(format_args!("--format {format}")).expected("a file of volumes: mha, nii.gz, tif, npy, raw"));
    }
    Ok(Options {
        threshold: matches.get_one::<f64>("threshold").copied(),
        bright,
        connectivity,
        min_voxels: matches.get_one::<u64>("min-voxels").copied().unwrap_or(1),
        within,
        denoise,
        literal: matches.get_flag("literal"),
        full_surface: matches.get_flag("full-surface"),
        format,
        command: settings.told(),
    })
}
