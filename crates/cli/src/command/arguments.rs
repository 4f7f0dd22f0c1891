//! Flags: those that all commands share, those that open a scan, and those that an operation's spec gives.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use isovox_engine::OpenScan;
use isovox_formats::open::Watch;
use isovox_formats::{AffineChoice, Input, OpenOptions, Padding, RawOptions};
use isovox_ops::geometry::crop::sizes;
use isovox_ops::geometry::matrix::Matrix;
use isovox_ops::spec::{Lengths, Parameter, Spec, Value, Values, nearest};
use isovox_volume::{Error, Length, QuantityKind, Result, Type};

use super::talk::Talk;

const RUNNING: &str = "Running";
const OPENING: &str = "Opening";

/// A flag with a value.
pub(crate) fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).action(ArgAction::Set)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

/// INPUT, one or more.
pub(crate) fn inputs() -> Arg {
    Arg::new("input")
        .value_name("INPUT")
        .help("A file, several files, a folder, a glob or a ZIP")
        .required(true)
        .num_args(1..)
        .action(ArgAction::Append)
        .value_parser(value_parser!(PathBuf))
}

/// `-o OUT`.
pub(crate) fn output(help: &'static str) -> Arg {
    Arg::new("output").short('o').long("output").value_name("OUT").help(help).value_parser(value_parser!(PathBuf))
}

/// Flags of every command that runs.
pub(crate) fn running() -> Vec<Arg> {
    [
        option("threads", "N", "Worker threads [default: all]").value_parser(value_parser!(usize)),
        option("memory", "SIZE", "Most memory to hold, such as 2GB [default: 3/4 of what is free]"),
        option("temp", "DIR", "Folder for what does not fit the memory [default: beside OUT]").value_parser(value_parser!(PathBuf)),
        option("progress", "HOW", "bar, json (lines on stderr) or none [default: a bar on a terminal]").value_parser(["bar", "json", "none"]),
        option("error", "HOW", "text or json").value_parser(["text", "json"]),
        switch("force", "Replace existing output"),
    ]
    .into_iter()
    .map(|a| a.help_heading(RUNNING))
    .collect()
}

/// The inputs that the words name.
pub(crate) fn input_paths(matches: &ArgMatches) -> Vec<PathBuf> {
    matches.get_many::<PathBuf>("input").into_iter().flatten().cloned().collect()
}

/// Flags that say how a scan is opened.
pub(crate) fn opening() -> Vec<Arg> {
    [
        option("series", "WHICH", "One DICOM series of several: its UID, its number, or a text of its description"),
        option("padding", "air|N", "What fills a DICOM scan's padding: air (-1024 HU) or a value [default: voxels stay as they are]").allow_hyphen_values(true),
        option("frame", "N", "One frame of several, from 0").value_parser(value_parser!(usize)).allow_negative_numbers(true),
        option("gaps", "HOW", "keep: slices that are not evenly spaced as they are, their places in the provenance").value_parser(["keep"]),
        option("quantity", "KIND", "What the values are, where the file does not say: label, mask, hu or stored").value_parser(["label", "mask", "hu", "stored"]),
        option("crop", "REGION", "A part: x0:x1,y0:y1,z0:z1, ends excluded"),
        option("center", "XxYxZ", "A part of this size in the middle"),
        option("voxel-size", "LENGTH", "The spacing, with its unit: 5.3um or 5.3,5.3,10um").allow_hyphen_values(true),
        option("affine", "WHICH", "A NIfTI's affine: sform, qform or pixdim").value_parser(["sform", "qform", "pixdim"]),
        option("size", "XxYxZ", "A raw file's size"),
        option("type", "TYPE", "A raw file's stored type (u8..f64, rgb8); elsewhere the type to open as, checked"),
        option("endian", "ORDER", "A raw file's byte order: little or big").value_parser(["little", "big"]),
        option("offset", "N", "Bytes before a raw file's first voxel").value_parser(value_parser!(u64)),
        option("gap", "N", "Bytes between a raw file's slices").value_parser(value_parser!(u64)),
        switch("white-is-zero", "Invert values stored with white as zero"),
        switch("allow-outside", "Take data files that a header names outside its own folder"),
    ]
    .into_iter()
    .map(|a| a.help_heading(OPENING))
    .collect()
}

/// An operation's flags, from its spec.
pub(crate) fn parameters(spec: &Spec) -> Vec<Arg> {
    let mut args = Vec::new();
    for p in &spec.parameters {
        let mut help = p.text.replace('\n', " ");
        if let Some(unit) = p.unit {
            help.push_str(&format!(" [{unit}]"));
        }
        if let Some(range) = p.range {
            help.push_str(&if range.greatest == f64::MAX { format!(" [at least {}]", range.least) } else { format!(" [{} to {}]", range.least, range.greatest) });
        }
        if !p.choices.is_empty() {
            help.push_str(&format!(" [{}]", p.choices.join("|")));
        }
        match &p.default {
            Some(serde_json::Value::Null | serde_json::Value::Bool(_)) | None => {}
            Some(serde_json::Value::String(text)) => help.push_str(&format!(" [default: {text}]")),
            Some(value) => help.push_str(&format!(" [default: {value}]")),
        }
        let arg = Arg::new(p.name).long(p.name).help(help);
        args.push(if p.is_flag() {
            arg.action(ArgAction::SetTrue)
        } else if from_file(p) {
            arg.value_name("FILE").required(p.required()).value_parser(value_parser!(PathBuf))
        } else {
            arg.value_name(p.kind.to_uppercase().replace(' ', "_")).action(ArgAction::Set).allow_hyphen_values(true).required(p.required())
        });
    }
    for port in &spec.inputs[1..] {
        let grid = if spec.access == "Gather" { "another image, whose grid is taken" } else { "on the same grid" };
        let help = format!("A further input ({}): {grid}", port.kind.name());
        args.push(Arg::new(port.name).long(port.name).value_name("FILE").help(help).value_parser(value_parser!(PathBuf)));
    }
    args
}

/// Whether a parameter is the text of a file.
fn from_file(parameter: &Parameter) -> bool {
    parameter.kind == Matrix::KIND
}

/// The command of an operation.
pub(crate) fn operation(spec: &Spec, family: &'static str) -> Command {
    let own = parameters(spec);
    let taken: Vec<String> = own.iter().map(|a| a.get_id().to_string()).collect();
    let shared = opening().into_iter().chain(running()).filter(|a| !taken.contains(&a.get_id().to_string()));
    let long = if spec.references.is_empty() { spec.text.to_string() } else { format!("{}\n\nSource: {}.", spec.text, spec.references.join("; ")) };
    Command::new(spec.name)
        .about(spec.brief)
        .long_about(long)
        .after_help(format!("Family: {family}. Example:\n  {}", spec.example))
        .hide(true)
        .arg(inputs())
        .arg(output("Where the result goes; the format follows from the name").required(true))
        .args(own)
        .args(shared)
}

/// The command of an operation as a step of a pipe: its own flags alone.
pub(crate) fn step(spec: &Spec) -> Command {
    Command::new(spec.name).no_binary_name(true).about(spec.brief).args(parameters(spec)).arg(output("Where the result goes"))
}

/// What a step was given.
pub(crate) struct Words {
    /// Its parameters.
    pub(crate) values: Values,
    /// Files of its further inputs.
    pub(crate) others: Vec<(String, PathBuf)>,
    /// Files that parameters are the text of.
    pub(crate) texts: Vec<Input>,
}

/// The most bytes of a file that is a parameter.
const LONGEST: u64 = 1 << 16;

/// The values that an operation was given, and the files of its further inputs.
pub(crate) fn values(spec: &Spec, matches: &ArgMatches) -> Result<Words> {
    let (mut values, mut texts) = (Values::default(), Vec::new());
    for p in &spec.parameters {
        if p.is_flag() {
            if matches.get_flag(p.name) {
                values.set(p.name, "true");
            }
        } else if from_file(p) {
            if let Some(path) = matches.get_one::<PathBuf>(p.name) {
                let file = Input::file(path)?;
                if file.len() > LONGEST {
                    return Err(Error::parameter(format_args!("--{}", p.name)).found(format_args!("{} bytes", file.len())).expected("a text of a few numbers").within(path));
                }
                values.set(p.name, String::from_utf8_lossy(&file.head(LONGEST as usize)?));
                texts.push(file);
            }
        } else if let Some(text) = matches.get_one::<String>(p.name) {
            values.set(p.name, text.clone());
        }
    }
    let others = spec.inputs[1..].iter().filter_map(|port| Some((port.name.to_string(), matches.get_one::<PathBuf>(port.name)?.clone()))).collect();
    Ok(Words { values, others, texts })
}

/// How the scan is opened; `own` are flags that mean something else to this operation.
pub(crate) fn open_options(matches: &ArgMatches, own: Option<&Spec>) -> Result<OpenScan> {
    let foreign = |name: &str| own.is_some_and(|s| s.parameters.iter().any(|p| p.name == name));
    let text = |name: &str| if foreign(name) { None } else { matches.try_get_one::<String>(name).ok().flatten().cloned() };
    let number = |name: &str| if foreign(name) { None } else { matches.try_get_one::<u64>(name).ok().flatten().copied() };
    let voxel = text("type").map(|t| voxel_type(&t)).transpose()?;
    let size = text("size").map(|t| sizes(&t)).transpose()?.map(|[x, y, z]| [z, y, x]);
    let voxel_size = text("voxel-size").map(|t| lengths(&t)).transpose()?;
    let affine = match text("affine").as_deref() {
        Some("sform") => AffineChoice::Sform,
        Some("qform") => AffineChoice::Qform,
        Some("pixdim") => AffineChoice::Pixdim,
        _ => AffineChoice::File,
    };
    let padding = text("padding").map(|t| padding(&t)).transpose()?;
    let raw = RawOptions { size, voxel: None, big_endian: text("endian").map(|e| e == "big"), offset: number("offset"), gap: number("gap") };
    let switched = |name: &str| !foreign(name) && matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
    let frame = if foreign("frame") { None } else { matches.try_get_one::<usize>("frame").ok().flatten().copied() };
    let threads = matches.try_get_one::<usize>("threads").ok().flatten().copied();
    // Files are opened before there is a run: who is told is read from the words again.
    let watch = Talk::from_words(&std::env::args_os().collect::<Vec<_>>()).progress().map(Watch);
    let format = OpenOptions {
        raw,
        white_is_zero: switched("white-is-zero"),
        affine,
        temp: None,
        series: text("series"),
        padding,
        allow_outside: switched("allow-outside"),
        threads,
        watch,
    };
    let quantity = [QuantityKind::Label, QuantityKind::Mask, QuantityKind::Hu, QuantityKind::Stored].into_iter().find(|k| text("quantity").as_deref() == Some(k.name()));
    Ok(OpenScan { format, frame, quantity, crop: text("crop"), center: text("center"), voxel_size, keep_gaps: text("gaps").is_some(), voxel })
}

/// What fills padding.
fn padding(text: &str) -> Result<Padding> {
    match (text, text.parse()) {
        ("air", _) => Ok(Padding::Air),
        (_, Ok(value)) if f64::is_finite(value) => Ok(Padding::Value(value)),
        _ => Err(Error::parameter(format_args!("--padding {text}")).expected("air or a number")),
    }
}

/// A voxel type by name.
pub(crate) fn voxel_type(text: &str) -> Result<Type> {
    Type::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Type::ALL.iter().map(|t| t.name()).collect();
        let error = Error::parameter(format_args!("--type {text}")).expected(names.join("|"));
        match nearest(text, &names) {
            Some(near) => error.help(format_args!("did you mean {near}?")),
            None => error,
        }
    })
}

fn lengths(text: &str) -> Result<Lengths> {
    let lengths = Lengths::read(text)
        .map_err(|_| Error::parameter(format_args!("--voxel-size {text}")).expected("a length with its unit, or three").help("for example --voxel-size 5.3um"))?;
    if lengths.0.iter().any(|l| !matches!(l, Length::Mm(v) if *v > 0.0)) {
        return Err(Error::parameter(format_args!("--voxel-size {text}")).expected("a length above 0 with its unit").help("for example --voxel-size 5.3um"));
    }
    Ok(lengths)
}

/// A byte count: `2GB`, `512MB`, `1000000`.
pub(crate) fn bytes(text: &str) -> Result<usize> {
    let wrong = || Error::parameter(format_args!("--memory {text}")).expected("a size").help("for example --memory 2GB");
    let lower = text.trim().to_lowercase();
    let split = lower.find(|c: char| c.is_alphabetic()).unwrap_or(lower.len());
    let value: f64 = lower[..split].trim().parse().map_err(|_| wrong())?;
    let unit = match lower[split..].trim() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    let bytes = value * unit;
    if bytes.is_finite() && bytes >= 1e6 { Ok(bytes as usize) } else { Err(wrong().expected("at least 1MB")) }
}
