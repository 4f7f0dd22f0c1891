//! `isovox info`: what a file is, and what it proves.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};
use isovox_engine::adapt::reduce::fold;
use isovox_engine::{Opened, hash};
use isovox_ops::intensity::statistics::Statistics;
use isovox_ops::spec::{Declared, Values};
use isovox_volume::{Column, Header, Object, Result, Run, SliceRow, Source, Type, Verdict};
use serde_json::{Map, Value as Json, json};

use super::arguments::{input_paths, inputs, open_options, opening, running};
use super::identity::masked;
use super::settings::Settings;
use super::{Exit, talk};

/// Compressed bytes up to which `info` reads all data to prove them.
const PROVED: u64 = 64 << 20;

/// The command.
pub(crate) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
    Command::new("info")
        .about("Say what a file is and where its voxels are, and what of that is proven.")
        .after_help("Example:\n  isovox info scan.nii.gz\n  isovox info scan.nii.gz --json --values\n  isovox info series/ --slices")
        .arg(inputs())
        .arg(flag("json", "As JSON"))
        .arg(flag("values", "Also range, mean, standard deviation and hash of the voxels"))
        .arg(flag("slices", "Also each file of a sequence: its place, and whether it is used"))
        .arg(flag("metadata", "Also the format's own header"))
        .arg(flag("identity", "Show who the patient is"))
        .args(opening())
        .args(running())
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    let options = open_options(matches, None)?;
    let scan = match isovox_engine::open_scan(&paths, &options) {
        Ok(scan) => scan,
        Err(error) => return listed(&paths, &options.format, matches.get_flag("json")).unwrap_or(Err(error)),
    };
    let run = settings.start(None);
    let mut out = describe(&paths, &scan);
    if matches.get_flag("values") {
        scan.source.prepare(&run)?;
        out.insert("values".into(), values(&run, scan.source.as_ref())?);
        let found = scan.source.found().into_iter().map(Json::String);
        out["warnings"].as_array_mut().expect("warnings are a list").extend(found);
    } else if scan.compressed && scan.files.iter().map(isovox_formats::Input::len).sum::<u64>() <= PROVED {
        scan.source.prepare(&run)?;
        read_through(&run, scan.source.as_ref())?;
    }
    if matches.get_flag("slices") {
        out.insert("slices".into(), scan.source.header().verdict.slices.iter().map(slice).collect());
    }
    if matches.get_flag("metadata") {
        let meta = json!(scan.source.header().meta);
        out.insert("metadata".into(), if matches.get_flag("identity") { meta } else { masked(&meta) });
    }
    talk::Talk::from_words(&settings.words).clear();
    if matches.get_flag("json") {
        talk::tell(&format!("{:#}\n", Json::Object(out)))?;
    } else {
        talk::tell(&as_text(&out, scan.source.header()))?;
    }
    Ok(Exit::Done)
}

/// The list of a folder of several series, where that is why it did not open; `None` where it is not.
fn listed(paths: &[PathBuf], options: &isovox_formats::OpenOptions, as_json: bool) -> Option<Result<Exit>> {
    let series = isovox_formats::series(paths).ok().filter(|s| s.len() > 1 && options.series.is_none())?;
    let path = named(paths);
    let list: Vec<Json> = series
        .iter()
        .map(|s| {
            json!({
                "uid": s.uid, "number": s.number, "description": s.description, "modality": s.modality, "shape": s.shape,
                "spacing_mm": s.spacing_mm, "verdict": verdict(&s.verdict), "files": s.files,
            })
        })
        .collect();
    if as_json {
        let json = json!({ "path": path, "format": isovox_formats::dicom::NAME, "series": list });
        return Some(talk::tell(&format!("{json:#}\n")).map(|()| Exit::Done));
    }
    let mut text = format!("{path}: {} series; choose one with --series UID, NUMBER or a text of its description\n", series.len());
    for s in &series {
        let number = s.number.map_or("-".into(), |n| n.to_string());
        let [z, y, x] = s.shape;
        text += &format!("{number:>6}  {}  {x}x{y}x{z}  {} files  {:?}  {}\n        {}\n", s.modality, s.files, s.description, s.uid, s.verdict.text);
    }
    Some(talk::tell(&text).map(|()| Exit::Done))
}

fn verdict(v: &Verdict) -> Json {
    let mut verdict = json!({"uniform": v.uniform, "problems": v.problems.iter().map(|p| p.name()).collect::<Vec<_>>(), "text": v.text});
    if let Some(tilt) = v.tilt_deg {
        verdict["tilt_deg"] = json!(tilt);
    }
    verdict
}

fn slice(row: &SliceRow) -> Json {
    let mut slice = json!({"file": row.file, "instance": row.instance, "position_mm": row.position_mm, "gap_mm": row.gap_mm, "used": row.reason.is_none()});
    if let Some(reason) = &row.reason {
        slice["reason"] = json!(reason);
    }
    slice
}

fn named(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn describe(paths: &[PathBuf], scan: &Opened) -> Map<String, Json> {
    let header = scan.source.header();
    let g = &header.geometry;
    let frames = (header.frames.count > 1).then(|| json!({"count": header.frames.count, "axis": header.frames.axis.name(), "values": header.frames.values}));
    let origin = (g.space() == isovox_volume::Space::Patient).then(|| g.origin());
    let fov = g.spacing().map(|s| {
        let n = [header.nx(), header.ny(), header.nz()];
        json!({"centers": (0..3).map(|a| s[a] * (n[a] - 1) as f64).collect::<Vec<_>>(), "edges": (0..3).map(|a| s[a] * n[a] as f64).collect::<Vec<_>>()})
    });
    let verdict = verdict(&header.verdict);
    let json = json!({
        "path": named(paths), "format": scan.format, "shape": header.shape, "frames": frames, "type": header.voxel.name(),
        "quantity": {"kind": header.quantity.kind.name(), "certain": header.quantity.certain.name(), "evidence": header.quantity.evidence, "unit": header.quantity.unit},
        "space": g.space().name(), "affine_mm": g.affine(),
        "affine_lps": if g.affine_ras().is_some() { json!(g.affine()) } else { Json::Null }, "affine_ras": g.affine_ras(),
        "origin_lps_mm": origin, "axes": g.axes(), "spacing_mm": g.spacing(), "fov_mm": fov, "verdict": verdict, "warnings": header.warnings,
    });
    let Json::Object(map) = json else { unreachable!("made as an object") };
    map
}

/// Reads everything once, so that damage is found.
fn read_through(run: &Run, source: &dyn Source) -> Result<()> {
    hash::voxels(run, source).map(|_| ())
}

fn values(run: &Run, source: &dyn Source) -> Result<Json> {
    let sha256 = hash::voxels(run, source)?;
    if source.header().voxel == Type::Rgb8 {
        return Ok(json!({"sha256": sha256, "count": source.header().voxels() * source.header().frames.count}));
    }
    let op = Statistics::build(&Values::default())?;
    let value = fold(run, "statistics", &op, &[source])?;
    let Object::Table(table) = isovox_ops::access::AnyReduce::object(&op, &value, &[source.header()])? else { unreachable!("statistics gives a table") };
    let cell = |name: &str| table.column(name).map_or(Json::Null, |c: &Column| c.json(0));
    let number = |name: &str| match (cell(name), source.header().voxel.is_integer()) {
        (Json::Number(n), true) => n.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map_or(Json::Number(n.clone()), |v| json!(v as i64)),
        (other, _) => other,
    };
    Ok(
        json!({"min": number("min"), "max": number("max"), "mean": cell("mean"), "sd": cell("sd"), "count": cell("count"), "nan": cell("nan"), "inf": cell("inf"), "sha256": sha256}),
    )
}

fn as_text(out: &Map<String, Json>, header: &Header) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<10} {value}\n"));
    let plain = |v: &Json| v.as_str().map_or_else(|| v.to_string(), String::from);
    line("file", plain(&out["path"]));
    line("format", plain(&out["format"]));
    let frames = if header.frames.count > 1 { format!(", {} frames ({})", header.frames.count, header.frames.axis.name()) } else { String::new() };
    line("size", format!("{} voxels (x, y, z){frames}", header.size()));
    line("type", format!("{}, {}", header.voxel, isovox_volume::run::human(header.bytes())));
    line("values", format!("{} ({}: {})", plain(&out["quantity"]["kind"]), plain(&out["quantity"]["certain"]), plain(&out["quantity"]["evidence"])));
    match header.geometry.spacing() {
        Some([x, y, z]) => {
            let unit = |v: f64| if v < 0.1 { format!("{} um", short(v * 1000.0)) } else { format!("{} mm", short(v)) };
            line("spacing", format!("{} x {} x {}", unit(x), unit(y), unit(z)));
            line(
                "space",
                match header.geometry.axes() {
                    Some(axes) => format!("patient, axes run to {axes}"),
                    None => "local (the scale is known, the axes mean nothing anatomical)".into(),
                },
            );
        }
        None => line("spacing", "unknown; name it with --voxel-size 5.3um".into()),
    }
    line("geometry", plain(&out["verdict"]["text"]));
    if let Some(values) = out.get("values") {
        line("range", format!("{} to {}, mean {}, sd {}", values["min"], values["max"], values["mean"], values["sd"]));
        line("sha256", plain(&values["sha256"]));
    }
    for (n, row) in out.get("slices").and_then(Json::as_array).into_iter().flatten().enumerate() {
        let mm = |key: &str| row[key].as_f64().map_or("-".into(), |v| format!("{} mm", short(v)));
        let used = row["reason"].as_str().map_or(String::new(), |r| format!(", not used: {r}"));
        line(&format!("slice {n}"), format!("{}, at {}, step {}{used}", plain(&row["file"]), mm("position_mm"), mm("gap_mm")));
    }
    if let Some(metadata) = out.get("metadata") {
        line("header", format!("{metadata:#}"));
    }
    for warning in out["warnings"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        line("warning", warning.to_string());
    }
    text
}

fn short(v: f64) -> String {
    let text = format!("{v:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
