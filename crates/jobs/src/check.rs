//! The geometry certificate of a scan: what its headers prove, and how far off other readers of them would be.

use isovox_volume::provenance::Input;
use isovox_volume::vector::{cross, dot, length, minus};
use isovox_volume::{Header, Problem, Verdict};
use serde_json::{Value as Json, json};

use crate::report::Page;

/// Rows of a table on the page; the JSON has all.
const ROWS: usize = 400;

/// Slices that are listed on a terminal.
const LINES: usize = 40;

/// The part of a voxel by which slices may lie beside what one affine says of them.
const FAR: f64 = 0.1;

/// A scan's certificate.
pub struct Certificate {
    /// Whether one affine is proven: even steps along one line, and a scale.
    pub proven: bool,
    /// Everything that was found.
    pub json: Json,
    slices: Vec<Row>,
    readers: Vec<Reader>,
    text: String,
}

/// A plane or a slice that is none.
struct Row {
    file: String,
    place: Option<[f64; 3]>,
    along: Option<f64>,
    step: Option<f64>,
    reason: Option<String>,
}

/// A reader that believes in one step along the normal, and what it would get wrong.
struct Reader {
    trusts: &'static str,
    /// mm; `None` where the scan states no such thing.
    step: Option<f64>,
    /// The greatest distance from a slice's true place, mm, and the plane that lies there.
    worst: Option<(f64, usize)>,
}

/// The unit vector across the planes, to the side to which they follow each other.
fn normal(header: &Header) -> Option<[f64; 3]> {
    let d = header.geometry.direction()?;
    let column = |c: usize| [d[0][c], d[1][c], d[2][c]];
    let (i, j, k) = (column(0), column(1), column(2));
    let across = cross(i, j);
    let size = length(across).copysign(dot(across, k));
    Some(across.map(|v| v / size))
}

/// What readers that believe in one step would make of the places.
fn readers(header: &Header, places: &[[f64; 3]], normal: [f64; 3]) -> Vec<Reader> {
    let last = places.len() - 1;
    let stated = header.meta.get("00180050").map(|t| &t["Value"][0]);
    let thickness = stated.and_then(|v| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok())).filter(|v: &f64| v.is_finite());
    let steps = [
        ("the first two slices", (last > 0).then(|| length(minus(places[1], places[0])))),
        ("the mean step", (last > 0).then(|| length(minus(places[last], places[0])) / last as f64)),
        ("SliceThickness", thickness.filter(|_| last > 0)),
    ];
    let worst = |step: f64| farthest(places, |k| std::array::from_fn(|r| places[0][r] + normal[r] * step * k as f64));
    steps.into_iter().map(|(trusts, step)| Reader { trusts, step, worst: step.and_then(worst) }).collect()
}

/// The greatest distance between a plane's place and where it is taken to lie, mm, and that plane.
fn farthest(places: &[[f64; 3]], taken: impl Fn(usize) -> [f64; 3]) -> Option<(f64, usize)> {
    places.iter().enumerate().map(|(k, p)| (length(minus(taken(k), *p)), k)).max_by(|a, b| a.0.total_cmp(&b.0))
}

/// The eight corners of the volume as its slices say: index, centre of the voxel, mm.
fn corners(header: &Header, places: &[[f64; 3]]) -> Vec<([usize; 3], [f64; 3])> {
    let origin = header.geometry.point([0.0; 3]);
    let (nx, ny, nz) = (header.nx(), header.ny(), header.nz());
    let mut corners = Vec::new();
    for (k, j, i) in [0, nz - 1].into_iter().flat_map(|k| [0, ny - 1].into_iter().flat_map(move |j| [0, nx - 1].into_iter().map(move |i| (k, j, i)))) {
        let within = minus(header.geometry.point([i as f64, j as f64, 0.0]), origin);
        corners.push(([i, j, k], std::array::from_fn(|r| places[k][r] + within[r])));
    }
    corners.dedup();
    corners
}

/// Why one affine is not proven; empty where it is.
fn doubts(header: &Header, worst: Option<(f64, usize)>) -> Vec<String> {
    let verdict: &Verdict = &header.verdict;
    let mut doubts = Vec::new();
    if verdict.uniform != Some(true) || verdict.problems.iter().any(|p| *p != Problem::Tilted) {
        doubts.push(verdict.text.clone());
    }
    let least = header.geometry.spacing().map_or(0.0, |s| s.into_iter().fold(f64::INFINITY, f64::min));
    if let Some((off, plane)) = worst.filter(|w| header.verdict.uniform == Some(true) && w.0 > FAR * least) {
        doubts.push(format!("small differences of steps add up: plane {plane} lies {off:.4} mm from where one affine puts it"));
    }
    if !header.geometry.has_scale() {
        doubts.push("the scale is unknown".into());
    }
    doubts
}

impl Certificate {
    /// Of a scan: its name, its format, what its headers say, and its files.
    pub fn new(name: &str, format: &str, header: &Header, files: &[Input]) -> Certificate {
        let places = header.places();
        let normal = normal(header);
        let along = |p: [f64; 3]| normal.map(|n| dot(p, n));
        let mut slices: Vec<Row> =
            header.verdict.slices.iter().map(|s| Row { file: s.file.clone(), place: s.place_mm, along: s.position_mm, step: s.gap_mm, reason: s.reason.clone() }).collect();
        if slices.is_empty() {
            let row = |(k, p): (usize, &[f64; 3])| Row { file: format!("plane {k}"), place: Some(*p), along: along(*p), step: None, reason: None };
            slices = places.iter().flatten().enumerate().map(row).collect();
            for k in 1..slices.len() {
                slices[k].step = slices[k].along.zip(slices[k - 1].along).map(|(b, a)| b - a);
            }
        }
        let readers = places.as_ref().zip(normal).map_or_else(Vec::new, |(places, normal)| readers(header, places, normal));
        let worst = places.as_ref().and_then(|places| farthest(places, |k| header.geometry.point([0.0, 0.0, k as f64])));
        let doubts = doubts(header, worst);
        let proven = doubts.is_empty();
        let corners = places.as_ref().map_or_else(Vec::new, |p| corners(header, p));
        let json = json!({
            "isovox": env!("CARGO_PKG_VERSION"), "name": name, "format": format, "shape": header.shape, "frames": header.frames.count,
            "space": header.geometry.space().name(), "spacing_mm": header.geometry.spacing(), "axes": header.geometry.axes(), "affine_mm": header.geometry.affine(),
            "proven": proven, "reasons": doubts, "affine_off_mm": worst.map(|w| w.0), "affine_off_plane": worst.map(|w| w.1),
            "verdict": {
                "uniform": header.verdict.uniform, "problems": header.verdict.problems.iter().map(|p| p.name()).collect::<Vec<_>>(),
                "text": header.verdict.text, "tilt_deg": header.verdict.tilt_deg,
            },
            "corners_mm": corners.iter().map(|(ijk, mm)| json!({"ijk": ijk, "mm": mm})).collect::<Vec<_>>(),
            "slices": slices.iter().map(Row::json).collect::<Vec<_>>(),
            "readers": readers.iter().map(Reader::json).collect::<Vec<_>>(),
            "warnings": header.warnings,
            "inputs": files.iter().map(|f| json!({"name": f.name, "blake3": f.blake3, "bytes": f.bytes})).collect::<Vec<_>>(),
        });
        let text = text(header, &readers, &corners, &slices, &doubts, worst.map_or(0.0, |w| w.0));
        Certificate { proven, json, slices, readers, text }
    }

    /// A few lines for a terminal.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One page that opens without anything else.
    pub fn page(&self) -> String {
        let of = |key: &str| self.json[key].as_str().unwrap_or("unknown").to_string();
        let mut page = Page::new(&format!("Geometry of {}", of("name")), &format!("isovox {}", env!("CARGO_PKG_VERSION")));
        page.lead(if self.proven { "Proven: one affine places every voxel." } else { "Not proven: no single affine places every voxel." });
        page.text(self.json["verdict"]["text"].as_str().unwrap_or_default());
        page.figures(&[("format", of("format")), ("shape (z, y, x)", self.json["shape"].to_string()), ("space", of("space")), ("spacing, mm", numbers(&self.json["spacing_mm"]))]);
        let warnings: Vec<String> = self.json["warnings"].as_array().into_iter().flatten().filter_map(Json::as_str).map(String::from).collect();
        if !warnings.is_empty() {
            page.doubts(&warnings);
        }
        page.section("What other readers would assume");
        page.remark("Each takes one step along the normal from the first slice; off is the greatest distance of a slice from where its own header puts it.");
        let reader = |r: &Reader| vec![r.trusts.into(), mm(r.step), mm(r.worst.map(|w| w.0)), r.worst.map_or("-".into(), |w| w.1.to_string())];
        page.table(&["trusts", "#step, mm", "#off at worst, mm", "#plane"], &self.readers.iter().map(reader).collect::<Vec<_>>());
        page.section("Corners");
        let corner = |c: &Json| vec![numbers(&c["ijk"]), numbers(&c["mm"])];
        page.table(&["index (i, j, k)", "mm"], &self.json["corners_mm"].as_array().into_iter().flatten().map(corner).collect::<Vec<_>>());
        page.section("Slices");
        if self.slices.len() > ROWS {
            page.remark(&format!("The first {ROWS} of {}; certificate.json has all.", self.slices.len()));
        }
        let slice = |s: &Row| {
            let place = s.place.map_or("-".into(), |p| numbers(&json!(p)));
            vec![s.file.clone(), place, mm(s.along), mm(s.step), s.reason.clone().unwrap_or_default()]
        };
        page.table(&["slice", "first voxel, mm", "#along the normal, mm", "#step, mm", "not used"], &self.slices.iter().take(ROWS).map(slice).collect::<Vec<_>>());
        page.html()
    }
}

impl Row {
    fn json(&self) -> Json {
        let mut row = json!({"file": self.file, "place_mm": self.place, "position_mm": self.along, "gap_mm": self.step, "used": self.reason.is_none()});
        if let Some(reason) = &self.reason {
            row["reason"] = json!(reason);
        }
        row
    }
}

impl Reader {
    fn json(&self) -> Json {
        json!({"trusts": self.trusts, "step_mm": self.step, "worst_mm": self.worst.map(|w| w.0), "worst_plane": self.worst.map(|w| w.1)})
    }
}

fn text(header: &Header, readers: &[Reader], corners: &[([usize; 3], [f64; 3])], slices: &[Row], doubts: &[String], off: f64) -> String {
    let mut text = if doubts.is_empty() { format!("proven: one affine places every voxel within {} mm\n", short(off, 4)) } else { "not proven\n".into() };
    text += &format!("{}\n", header.verdict.text);
    doubts.iter().filter(|d| **d != header.verdict.text).for_each(|d| text += &format!("{d}\n"));
    text += &match header.geometry.axes() {
        Some(axes) => format!("axes {axes}: where i, j, k increase to, of the patient\n"),
        None => format!("{} space: the axes mean nothing anatomical, left and right are unknown\n", header.geometry.space().name()),
    };
    for slice in slices.iter().take(LINES) {
        let reason = slice.reason.as_ref().map_or(String::new(), |r| format!("  not used: {r}"));
        text += &format!("slice {:<24} at {:>10} mm, step {:>8} mm{reason}\n", slice.file, mm(slice.along), mm(slice.step));
    }
    if slices.len() > LINES {
        text += &format!("and {} more slices: --json or -o DIR lists all\n", slices.len() - LINES);
    }
    for (ijk, at) in corners {
        text += &format!("corner {:<18} {} mm\n", numbers(&json!(ijk)), numbers(&json!(at)));
    }
    for reader in readers {
        let Some((step, (off, plane))) = reader.step.zip(reader.worst) else { continue };
        text += &format!("who trusts {:<22} takes {step:.6} mm and is off by up to {off:.4} mm (plane {plane})\n", reader.trusts);
    }
    text
}

fn numbers(list: &Json) -> String {
    list.as_array().map_or("unknown".into(), |l| l.iter().map(|v| v.as_f64().map_or(String::new(), |v| short(v, 4))).collect::<Vec<_>>().join(", "))
}

fn mm(value: Option<f64>) -> String {
    value.map_or("-".into(), |v| short(v, 4))
}

/// A number of so many decimals, without zeros at its end.
fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use isovox_volume::{Geometry, SliceRow, Space, Type};

    use super::*;

    /// Slices at places on a line that leaves the normal by half of each mm.
    fn tilted(places: &[f64]) -> Header {
        let mut header = Header::new([places.len(), 3, 5], 1, Type::U8).unwrap();
        let affine = [[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.5, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
        header.geometry = Geometry::new(Space::Patient, affine).unwrap();
        header.verdict = Verdict::of(&header.geometry, "as they stand");
        let row = |z: &f64| SliceRow { place_mm: Some([0.0, z / 2.0, *z]), position_mm: Some(*z), ..SliceRow::default() };
        header.verdict.slices = places.iter().map(row).collect();
        header
    }

    #[test]
    fn a_tilt_is_proven_and_who_drops_it_is_off() {
        let certificate = Certificate::new("a", "dicom", &tilted(&[0.0, 1.0, 2.0, 3.0]), &[]);
        assert!(certificate.proven);
        // By hand: the step is sqrt(1.25), the last slice lies at (1.5, 3) and is taken to lie at (0, 3 * 1.1180).
        let worst = (1.5f64.powi(2) + (3.0 * 1.25f64.sqrt() - 3.0).powi(2)).sqrt();
        for reader in &certificate.json["readers"].as_array().unwrap()[..2] {
            assert!((reader["worst_mm"].as_f64().unwrap() - worst).abs() < 1e-12 && reader["worst_plane"] == 3, "{reader}");
        }
        assert!(certificate.json["readers"][2]["step_mm"].is_null());
        assert_eq!(certificate.json["corners_mm"][7], json!({"ijk": [4, 2, 3], "mm": [8.0, 5.5, 3.0]}));
    }

    #[test]
    fn a_gap_is_not_proven() {
        let mut header = tilted(&[0.0, 1.0, 2.0, 4.0]);
        header.verdict.uniform = Some(false);
        header.meta.insert("00180050".into(), json!({"vr": "DS", "Value": ["1.0"]}));
        let certificate = Certificate::new("a <b>", "dicom", &header, &[]);
        assert!(!certificate.proven && certificate.text().starts_with("not proven"));
        assert_eq!(certificate.json["readers"][2]["step_mm"], 1.0);
        let page = certificate.page();
        assert!(page.contains("a &lt;b&gt;") && page.contains("SliceThickness"));
        let mut alone = Header::new([2, 2, 2], 1, Type::U8).unwrap();
        assert!(!Certificate::new("a", "raw", &alone, &[]).proven);
        alone.geometry = Geometry::local([1.0; 3]).unwrap();
        alone.verdict = Verdict::uniform("stated");
        assert!(Certificate::new("a", "raw", &alone, &[]).proven);
    }
}
