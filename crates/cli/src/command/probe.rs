//! `isovox probe`: where points lie, and what is there.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use isovox_engine::probe::values;
use isovox_formats::Input;
use isovox_formats::table::{self, csv};
use isovox_volume::error::At;
use isovox_volume::{Column, Error, Header, Result, Run, Source, Space, Table};
use serde_json::{Value as Json, json};

use super::arguments::{input_paths, inputs, open_options, opening, option, output, running};
use super::chain::open;
use super::settings::Settings;
use super::{Exit, talk};

/// The most bytes that a table of points may have.
const LONGEST: u64 = 16 << 20;

/// The command.
pub(crate) fn command() -> Command {
    let point = |name: &'static str, help: &'static str| option(name, "A,B,C", help).allow_hyphen_values(true);
    Command::new("probe")
        .about("Say where a point lies, by index and in the world, and what value is there.")
        .after_help("Example:\n  isovox probe scan.nii.gz --ijk 26,30,16\n  isovox probe scan.nii.gz --lps -12.5,40,103.2 --json\n  isovox probe scan.nii.gz --points points.csv -o found.csv\n\nThe value is that of the voxel in whose extent the point lies; points outside are said to be outside. A table of points has the columns i, j, k, or x_mm, y_mm, z_mm (LPS of a patient, else local), or x_ras_mm, y_ras_mm, z_ras_mm.")
        .arg(inputs())
        .arg(point("ijk", "An index, from 0: x, y, z"))
        .arg(point("lps", "A point of the world: to the left, the back, the head [mm]; of a local space its own x, y, z"))
        .arg(point("ras", "A point of the world: to the right, the front, the head [mm]"))
        .arg(option("points", "FILE", "A table of points (CSV)").value_parser(value_parser!(PathBuf)))
        .group(ArgGroup::new("where").args(["ijk", "lps", "ras", "points"]).required(true))
        .arg(output("Where the table goes (CSV or JSON) [default: on stdout]"))
        .arg(Arg::new("json").long("json").help("As JSON").action(ArgAction::SetTrue))
        .args(opening())
        .args(running())
}

/// What a point is given in.
#[derive(Clone, Copy, PartialEq)]
enum Frame {
    Index,
    Lps,
    Ras,
}

/// A point, found.
struct Found {
    index: [f64; 3],
    /// mm of the volume's own space.
    mm: Option<[f64; 3]>,
    /// The voxel in whose extent it lies.
    voxel: Option<[usize; 3]>,
}

/// Runs it.
pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<Exit> {
    let paths = input_paths(matches);
    let scan = open(&paths, &open_options(matches, None)?)?;
    let header = scan.source.header();
    header.even()?;
    let table = matches.get_one::<PathBuf>("points").map(|path| Input::file(path)).transpose()?;
    let (frame, points) = match &table {
        Some(file) => read(file).at(file.path())?,
        None => asked(matches)?,
    };
    let found = points.iter().map(|p| place(header, frame, *p)).collect::<Result<Vec<Found>>>()?;
    let run = settings.start(matches.get_one::<PathBuf>("output").map(PathBuf::as_path));
    let rows = valued(&run, scan.source.as_ref(), found)?;
    talk::Talk::from_words(&settings.words).clear();
    if let Some(out) = matches.get_one::<PathBuf>("output") {
        let files: Vec<Input> = scan.files.iter().cloned().chain(table).collect();
        super::output::not_inputs(out, &files, None)?;
        table::write(&as_table(header, &rows), out, settings.force)?;
    } else if matches.contains_id("points") && !matches.get_flag("json") {
        talk::tell(&table::as_csv(&as_table(header, &rows)))?;
    } else {
        let list: Vec<Json> = rows.iter().map(|(f, value)| as_json(header, f, value)).collect();
        let one = if matches.contains_id("points") { json!(list) } else { list[0].clone() };
        talk::tell(&if matches.get_flag("json") { format!("{one:#}\n") } else { as_text(header, &rows[0].0, &one) })?;
    }
    Ok(Exit::Done)
}

/// The points with their values: one, or a list where there are several frames; null outside.
fn valued(run: &Run, source: &dyn Source, found: Vec<Found>) -> Result<Vec<(Found, Json)>> {
    source.prepare(run)?;
    let inside: Vec<[usize; 3]> = found.iter().filter_map(|f| f.voxel).collect();
    let frames = (0..source.header().frames.count).map(|f| values(run, source, f, &inside)).collect::<Result<Vec<_>>>()?;
    let mut each = (0..inside.len()).map(|n| match &frames[..] {
        [one] => one[n].clone(),
        several => several.iter().map(|values| values[n].clone()).collect(),
    });
    let with_value = |f: Found| {
        let value = f.voxel.and_then(|_| each.next()).unwrap_or(Json::Null);
        (f, value)
    };
    Ok(found.into_iter().map(with_value).collect())
}

/// The point, and what it is given in.
fn asked(matches: &ArgMatches) -> Result<(Frame, Vec<[f64; 3]>)> {
    for (flag, frame) in [("ijk", Frame::Index), ("lps", Frame::Lps), ("ras", Frame::Ras)] {
        if let Some(text) = matches.get_one::<String>(flag) {
            let wrong = || Error::parameter(format_args!("--{flag} {text}")).expected("three numbers").help(format_args!("for example --{flag} 26,30,16"));
            let numbers: Vec<f64> = text.split(',').map(|t| t.trim().parse().ok().filter(|v: &f64| v.is_finite())).collect::<Option<_>>().ok_or_else(wrong)?;
            return Ok((frame, vec![<[f64; 3]>::try_from(numbers).map_err(|_| wrong())?]));
        }
    }
    Err(Error::parameter("probe without a point").help("for example --ijk 26,30,16"))
}

/// Columns by which points are known.
const COLUMNS: [(Frame, [&str; 3]); 4] =
    [(Frame::Index, ["i", "j", "k"]), (Frame::Ras, ["x_ras_mm", "y_ras_mm", "z_ras_mm"]), (Frame::Lps, ["x_mm", "y_mm", "z_mm"]), (Frame::Lps, ["coordX", "coordY", "coordZ"])];

fn read(file: &Input) -> Result<(Frame, Vec<[f64; 3]>)> {
    let bytes = file.all(LONGEST)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut rows = csv::rows(&text);
    let names = rows.next().map(|(_, cells)| cells).unwrap_or_default();
    let column = |name: &str| names.iter().position(|n| n == name);
    let known = COLUMNS.iter().find_map(|(frame, [a, b, c])| Some((*frame, [column(a)?, column(b)?, column(c)?])));
    let (frame, places) = known
        .ok_or_else(|| Error::corrupt("a table of points").found(format_args!("columns {}", shown(&names))).expected("i,j,k or x_mm,y_mm,z_mm or x_ras_mm,y_ras_mm,z_ras_mm"))?;
    let points = rows.map(|(line, cells)| {
        let number = |at: usize| cells.get(at).and_then(|c| c.parse::<f64>().ok()).filter(|v| v.is_finite());
        let [Some(a), Some(b), Some(c)] = places.map(number) else {
            return Err(Error::corrupt(format_args!("line {line} of the points")).found(shown(&cells)).expected("numbers"));
        };
        Ok([a, b, c])
    });
    Ok((frame, points.collect::<Result<_>>()?))
}

/// The beginning of a row, fit for a terminal.
fn shown(cells: &[String]) -> String {
    cells.join(", ").chars().filter(|c| !c.is_control()).take(80).collect()
}

fn place(header: &Header, frame: Frame, point: [f64; 3]) -> Result<Found> {
    let g = &header.geometry;
    let index = match (frame, g.space()) {
        (Frame::Index, _) => point,
        (Frame::Lps, Space::Patient | Space::Local) => g.index(point),
        (Frame::Ras, Space::Patient) => g.index(other_world(point)),
        (_, space) => {
            let error = Error::geometry("a point of the world").found(format_args!("a volume of {} space", space.name()));
            return Err(error.help("give its index with --ijk, or the volume's spacing with --voxel-size (then --lps is its own x, y, z)"));
        }
    };
    let sides = [header.nx(), header.ny(), header.nz()];
    // A voxel's extent ends where the next one's begins; the last face belongs to the last voxel.
    let near = |a: usize| (index[a] >= -0.5 && index[a] <= sides[a] as f64 - 0.5).then(|| ((index[a] + 0.5).floor() as usize).min(sides[a] - 1));
    let voxel = near(0).and_then(|x| Some([x, near(1)?, near(2)?]));
    Ok(Found { index, mm: g.has_scale().then(|| if frame == Frame::Lps { point } else { g.point(index) }), voxel })
}

/// RAS of LPS, and back.
fn other_world([x, y, z]: [f64; 3]) -> [f64; 3] {
    [0.0 - x, 0.0 - y, z]
}

/// The field of view: between outermost centres, and between faces.
fn fov(header: &Header) -> Option<Json> {
    let s = header.geometry.spacing()?;
    let n = [header.nx(), header.ny(), header.nz()];
    let along = |less: usize| (0..3).map(|a| s[a] * (n[a] - less) as f64).collect::<Vec<_>>();
    Some(json!({"centers": along(1), "edges": along(0)}))
}

fn as_json(header: &Header, found: &Found, value: &Json) -> Json {
    let patient = header.geometry.space() == Space::Patient;
    let lps = found.mm.filter(|_| patient);
    json!({
        "index": found.index, "voxel": found.voxel, "inside": found.voxel.is_some(), "value": value, "unit": header.quantity.unit,
        "quantity": header.quantity.kind.name(), "space": header.geometry.space().name(), "mm": found.mm,
        "lps_mm": lps, "ras_mm": lps.map(other_world), "frames": header.frames.count, "fov_mm": fov(header),
    })
}

fn as_text(header: &Header, found: &Found, json: &Json) -> String {
    let list = |v: &[f64]| v.iter().map(|v| format!("{v:.6}").trim_end_matches('0').trim_end_matches('.').to_string()).collect::<Vec<_>>().join(", ");
    let mut text = String::new();
    let mut line = |name: &str, value: String| text.push_str(&format!("{name:<8} {value}\n"));
    line("index", list(&found.index));
    match (found.mm, header.geometry.space()) {
        (Some(mm), Space::Patient) => {
            line("LPS", format!("{} mm", list(&mm)));
            line("RAS", format!("{} mm", list(&other_world(mm))));
        }
        (Some(mm), _) => line("place", format!("{} mm", list(&mm))),
        (None, _) => line("place", "unknown: the volume has no scale".into()),
    }
    let unit = header.quantity.unit.as_ref().map_or(String::new(), |u| format!(" {u}"));
    match found.voxel {
        Some(voxel) => line("value", format!("{}{unit} in voxel {voxel:?}", json["value"])),
        None => line("value", format!("none: outside the volume of {} voxels", header.size())),
    }
    if let Some(spacing) = header.geometry.spacing() {
        let view: Vec<f64> = [header.nx(), header.ny(), header.nz()].iter().zip(spacing).map(|(n, s)| *n as f64 * s).collect();
        line("view", format!("{} mm", list(&view)));
    }
    text
}

fn as_table(header: &Header, rows: &[(Found, Json)]) -> Table {
    let mut table = Table::default();
    let mut three = |names: [&str; 3], values: &dyn Fn(&Found) -> Option<[f64; 3]>| {
        for (a, name) in names.into_iter().enumerate() {
            table.push(name, Column::Float(rows.iter().map(|(f, _)| values(f).map(|v| v[a])).collect()));
        }
    };
    three(["i", "j", "k"], &|f| Some(f.index));
    if header.geometry.has_scale() {
        three(["x_mm", "y_mm", "z_mm"], &|f| f.mm);
    }
    if header.geometry.space() == Space::Patient {
        three(["x_ras_mm", "y_ras_mm", "z_ras_mm"], &|f| f.mm.map(other_world));
    }
    table.push("inside", Column::bools(rows.iter().map(|(f, _)| f.voxel.is_some())));
    if header.frames.count == 1 && header.voxel.is_scalar() {
        let exact = header.voxel.is_integer();
        let values = rows.iter().map(|(_, v)| v);
        table.push("value", if exact { Column::Text(values.map(|v| v.is_number().then(|| v.to_string())).collect()) } else { Column::Float(values.map(Json::as_f64).collect()) });
    } else {
        table.push("value", Column::Text(rows.iter().map(|(_, v)| (!v.is_null()).then(|| v.to_string().replace(',', " "))).collect()));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{Geometry, Type};

    #[test]
    fn points_outside_are_not_brought_inside() {
        let mut header = Header::new([4, 5, 6], 1, Type::U8).unwrap();
        header.geometry = Geometry::local([0.5, 1.0, 2.0]).unwrap();
        let voxel = |p| place(&header, Frame::Lps, p).unwrap().voxel;
        assert_eq!(voxel([0.26, 0.5, -1.0]), Some([1, 1, 0]));
        assert_eq!(voxel([2.75, 4.5, 7.0]), Some([5, 4, 3]));
        assert_eq!([voxel([2.76, 0.0, 0.0]), voxel([0.0, -0.51, 0.0]), voxel([0.0, 0.0, 7.1])], [None; 3]);
        assert!(place(&header, Frame::Ras, [0.0; 3]).is_err());
    }
}
