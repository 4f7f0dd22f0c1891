//! `isovox affine`: affines composed of turns, zooms, shears and shifts, and taken apart.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::{OpenScan, open_scan};
use isovox_volume::affine::{Affine, IDENTITY, Parts, inverse, product, rotation, shear, translation, zoom};
use isovox_volume::{Error, Result, Space};
use serde_json::json;

use super::arguments::option;
use super::settings::Settings;
use super::{Exit, talk};

/// The command.
pub(crate) fn command() -> Command {
    let part = |name: &'static str, value: &'static str, help: &'static str| option(name, value, help).action(ArgAction::Append).allow_hyphen_values(true);
    Command::new("affine")
        .about("Compose an affine of turns, zooms, shears and a shift, or take one apart.")
        .long_about("Compose an affine of turns, zooms, shears and a shift, or take one apart.\n\nThe parts are applied to a point in the order in which they are given, after the INPUT's own affine where one is named: the first flag acts first. Turns are counted from y to z, z to x, x to y. An affine is taken apart into translation * rotation * zooms * shears, as transforms3d.affines.decompose44 does; angles are those of nibabel.eulerangles (rotation = X * Y * Z).")
        .after_help("Example:\n  isovox affine --zoom 3,3,3 --rotate-x 0.3rad --translate -78,-76,-64\n  isovox affine scan.nii.gz --ras --json")
        .arg(Arg::new("input").value_name("INPUT").help("A volume whose affine is meant (index to mm, LPS)").value_parser(value_parser!(PathBuf)))
        .arg(part("rotate-x", "ANGLE", "Turn about x, in degrees, or with rad"))
        .arg(part("rotate-y", "ANGLE", "Turn about y"))
        .arg(part("rotate-z", "ANGLE", "Turn about z"))
        .arg(part("zoom", "F[,F,F]", "Factors along x, y, z"))
        .arg(part("shear", "XY,XZ,YZ", "Shears: x + xy y + xz z, y + yz z"))
        .arg(part("translate", "X,Y,Z", "Shift, mm"))
        .arg(Arg::new("ras").long("ras").help("The INPUT's affine to RAS instead of LPS").action(ArgAction::SetTrue))
        .arg(Arg::new("inverse").long("inverse").help("The way back").action(ArgAction::SetTrue))
        .arg(Arg::new("json").long("json").help("As JSON, with its parts").action(ArgAction::SetTrue))
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, _settings: &Settings) -> Result<Exit> {
    let mut affine = match matches.get_one::<PathBuf>("input") {
        Some(path) => own(path, matches.get_flag("ras"))?,
        None if matches.get_flag("ras") => return Err(Error::parameter("--ras without INPUT")),
        None => IDENTITY,
    };
    for part in parts(matches)? {
        affine = product(&part, &affine);
    }
    let flat = || Error::parameter("an affine that does not span space").expected("zooms other than 0");
    if matches.get_flag("inverse") {
        affine = inverse(&affine).ok_or_else(flat)?;
    }
    let apart = Parts::of(&affine).ok_or_else(flat)?;
    if matches.get_flag("json") {
        let angles = apart.angles();
        let json = json!({
            "affine": affine, "translation": apart.translation, "rotation": apart.rotation, "zooms": apart.zooms, "shears": apart.shears,
            "angles_rad": angles, "angles_deg": angles.map(f64::to_degrees),
        });
        talk::tell(&format!("{json:#}\n"))?;
    } else {
        talk::tell(&affine.map(|row| row.map(|v| v.to_string()).join(" ") + "\n").concat())?;
    }
    Ok(Exit::Done)
}

/// The affine of a volume.
fn own(path: &PathBuf, ras: bool) -> Result<Affine> {
    let scan = open_scan(std::slice::from_ref(path), &OpenScan::default())?;
    let header = scan.source.header();
    header.even()?;
    let geometry = &header.geometry;
    let found = if ras { geometry.affine_ras() } else { geometry.affine().copied() };
    found.ok_or_else(|| {
        let space = if geometry.space() == Space::Voxel { "a volume without geometry" } else { "a local space, which has no RAS" };
        Error::geometry("no such affine").found(space).within(path)
    })
}

/// The parts in the order in which they were given.
fn parts(matches: &ArgMatches) -> Result<Vec<Affine>> {
    let mut found: Vec<(usize, Affine)> = Vec::new();
    for flag in ["rotate-x", "rotate-y", "rotate-z", "zoom", "shear", "translate"] {
        let texts = matches.get_many::<String>(flag).into_iter().flatten();
        for (at, text) in matches.indices_of(flag).into_iter().flatten().zip(texts) {
            found.push((at, part(flag, text)?));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, part)| part).collect())
}

fn part(flag: &str, text: &str) -> Result<Affine> {
    let wrong = |expected: &str| Error::parameter(format_args!("--{flag} {text}")).expected(expected);
    let numbers = |text: &str| text.split(',').map(|t| t.trim().parse::<f64>().ok().filter(|v| v.is_finite())).collect::<Option<Vec<f64>>>();
    let three = || numbers(text).and_then(|list| <[f64; 3]>::try_from(list).ok());
    match flag {
        "zoom" => {
            let one = numbers(text).filter(|list| list.len() == 1).map(|list| [list[0]; 3]);
            one.or_else(three).map(zoom).ok_or_else(|| wrong("one number, or three as x,y,z"))
        }
        "shear" => three().map(shear).ok_or_else(|| wrong("three numbers as xy,xz,yz")),
        "translate" => three().map(translation).ok_or_else(|| wrong("three numbers as x,y,z")),
        _ => {
            let (number, radians) = text.strip_suffix("rad").map_or((text.trim_end_matches("deg"), false), |t| (t, true));
            let angle = numbers(number).filter(|list| list.len() == 1).map(|list| list[0]).ok_or_else(|| wrong("an angle in degrees, or with rad"))?;
            let axis = ["rotate-x", "rotate-y", "rotate-z"].iter().position(|f| *f == flag).expect("the other flags were met");
            Ok(rotation(axis, if radians { angle } else { angle.to_radians() }))
        }
    }
}
