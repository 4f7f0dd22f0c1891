//! `isovox check`: the geometry certificate of a scan.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command};
use isovox_engine::hash;
use isovox_formats::staged::write_file;
use isovox_jobs::check::Certificate;
use isovox_jobs::clock;
use isovox_jobs::folder::Folder;
use isovox_volume::{Provenance, Result, Run};

use super::arguments::{input_paths, inputs, open_options, opening, output, running};
use super::chain::not_an_input;
use super::settings::Settings;
use super::{Exit, talk};

/// The command.
pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Prove where the voxels of a scan are, or say why that cannot be; exit code 1 when not proven.")
        .long_about(
            "Prove where the voxels of a scan are, or say why that cannot be.\n\nThe certificate: every slice with its place and step, the corners of the volume in mm, and by how much a reader would be off that trusts the first two slices, the mean step or SliceThickness. Exit code 1 when one affine is not proven.",
        )
        .after_help("Example:\n  isovox check series/\n  isovox check series/ -o certificate\n  isovox check scan.nii.gz --json")
        .arg(inputs())
        .arg(output("The folder to write: certificate.json and certificate.html").value_name("DIR"))
        .arg(Arg::new("json").long("json").help("As JSON").action(ArgAction::SetTrue))
        .args(opening())
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    let scan = isovox_engine::open_scan(&paths, &open_options(matches, None)?)?;
    let out = matches.get_one::<PathBuf>("output");
    if let Some(out) = out {
        not_an_input(out, &scan.files)?;
    }
    let run = settings.start(out.map(PathBuf::as_path));
    run.begin("hashing", 1);
    let files = hash::inputs(&scan.files)?;
    let name = paths[0].file_name().map_or_else(|| "scan".into(), |n| n.to_string_lossy().into_owned());
    let header = scan.source.header();
    let certificate = Certificate::new(&name, scan.format, header, &files);
    if let Some(out) = out {
        let provenance = Provenance { command: settings.told(), space: header.geometry.space().name().into(), steps: Vec::new(), inputs: files, ..Provenance::default() };
        save(&run, &certificate, &provenance, out)?;
    }
    talk::Talk::from_words(&settings.words).clear();
    if matches.get_flag("json") {
        talk::tell(&format!("{:#}\n", certificate.json))?;
    } else {
        header.warnings.iter().for_each(|w| talk::warn(w));
        talk::tell(certificate.text())?;
    }
    Ok(if certificate.proven { Exit::Done } else { Exit::Missed })
}

fn save(run: &Run, certificate: &Certificate, provenance: &Provenance, out: &Path) -> Result<()> {
    let folder = Folder::begin(out, "check")?;
    write_file(&folder.path("certificate.json"), false, format!("{:#}\n", certificate.json).as_bytes())?;
    write_file(&folder.path("certificate.html"), false, certificate.page().as_bytes())?;
    let mut told = provenance.json();
    clock::timed(run, &mut told);
    write_file(&folder.path("provenance.json"), false, format!("{told:#}\n").as_bytes())?;
    folder.finish()
}
