//! Parameters for every operation, made from its declaration.

use isovox_ops::spec::{Parameter, Spec, Values};

/// What cannot be guessed: parameters that only mean something together with the input, or of which one of several must be given.
const GIVEN: &[(&str, &[(&str, &str)])] = &[
    ("cast", &[("type", "f64")]),
    ("cast", &[("type", "i16"), ("saturate", "true")]),
    ("clear-border", &[]),
    ("clear-border", &[("faces", "x-,z")]),
    ("crop", &[("region", "1:,:,2:")]),
    ("crop", &[("center", "3x2x3")]),
    ("crop", &[("region", ":,:,:")]),
    ("crop", &[("world", ":,:,0:")]),
    ("flip", &[("axes", "xyz")]),
    ("flip", &[("axes", "y")]),
    ("pad", &[("before", "1,2,3vox"), ("after", "2,0,1vox")]),
    ("pad", &[("to", "80x60x50"), ("beyond", "wrap")]),
    ("reorient", &[("to", "SLA")]),
    ("reorient", &[("to", "LAI")]),
    ("resample", &[("spacing", "0.8,1.3,0.6vox")]),
    ("resample", &[("spacing", "1.7,0.6,0.9vox"), ("interpolation", "cubic")]),
    ("resample", &[("size", "9x8x30"), ("interpolation", "lanczos")]),
    ("resample", &[("size", "20x9x11"), ("literal-zoom", "true")]),
    ("resample", &[("size", "20x9x11"), ("interpolation", "cubic"), ("overshoot", "true"), ("no-antialias", "true")]),
    ("resample", &[("size", "20x9x31"), ("interpolation", "nearest")]),
    ("resample", &[]),
    ("resample", &[("interpolation", "cubic")]),
    ("transform", &[("matrix", ASKEW)]),
    ("transform", &[("matrix", ASKEW), ("interpolation", "cubic")]),
    ("transform", &[("matrix", ASKEW), ("interpolation", "nearest")]),
    ("transform", &[("matrix", ASKEW), ("interpolation", "vote"), ("inverse", "true")]),
    ("transform", &[("matrix", UPSIDE), ("interpolation", "lanczos"), ("fill", "3")]),
    ("transpose", &[("order", "zxy")]),
    ("transpose", &[("order", "yxz")]),
    // Small pictures: what is drawn is the same, and this runs often.
    ("fly-through", &[("size", "64")]),
    ("montage", &[("count", "3")]),
    ("fill-holes", &[]),
    ("fill-holes", &[("max", "2vox"), ("per-slice", "true")]),
    ("nlm", &[]),
    ("nlm", &[("h", "80"), ("template", "5"), ("search", "9")]),
    ("remove-small", &[("min", "4vox")]),
    ("surface", &[("level", "2")]),
    ("surface", &[("level", "57.25"), ("world", "ras")]),
    ("surface", &[("label", "1")]),
    ("surface", &[]),
    ("render", &[("size", "64")]),
    ("render", &[("size", "64"), ("level", "40"), ("plain", "true")]),
    ("threshold", &[("lower", "2")]),
    ("threshold", &[("lower", "-3.5"), ("upper", "90.5")]),
];

/// An affine that turns and zooms a little.
const ASKEW: &str = "0.9 -0.2 0.1 0.001 0.25 1.1 -0.1 -0.002 -0.1 0.15 0.8 0.004 0 0 0 1";

/// One that turns z backwards, and nothing askew.
const UPSIDE: &str = "1 0 0 0.004 0 1 0 0.003 0 0 -1 0.3 0 0 0 1";

/// The first is what the operation is judged by; the others differ from it in one parameter, or stand in the table.
pub(crate) fn variants(spec: &Spec) -> Vec<Values> {
    let mut rows = GIVEN.iter().filter(|(name, _)| *name == spec.name).map(|(_, row)| row.to_vec());
    let first = with(spec, &rows.next().unwrap_or_default());
    let mut all = vec![first.clone()];
    all.extend(rows.map(|row| with(spec, &row)));
    for parameter in &spec.parameters {
        for other in others(parameter) {
            let mut values = first.clone();
            values.set(parameter.name, other);
            all.push(values);
        }
    }
    all
}

fn with(spec: &Spec, row: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for parameter in spec.parameters.iter().filter(|p| p.required()) {
        if row.iter().all(|(name, _)| *name != parameter.name) {
            values.set(parameter.name, guess(spec, parameter));
        }
    }
    for (name, text) in row {
        values.set(name, *text);
    }
    values
}

/// A value of a required parameter.
fn guess(spec: &Spec, parameter: &Parameter) -> String {
    if let Some(choice) = parameter.choices.first() {
        return (*choice).to_string();
    }
    let least = parameter.range.map_or(1.0, |r| r.least.max(1.0).min(r.greatest));
    match parameter.kind {
        "whole number" | "integer" | "extent" => format!("{}", least.ceil()),
        "number" => format!("{least}"),
        "length" => format!("{least}vox"),
        "size" => "4vox".into(),
        "flag" => "true".into(),
        kind => panic!("{}: --{} is a {kind} without default: add a row to GIVEN", spec.name, parameter.name),
    }
}

/// Other values of a parameter that has a few.
fn others(parameter: &Parameter) -> Vec<String> {
    let default = parameter.default.as_ref().map(|d| d.as_str().map_or_else(|| d.to_string(), String::from));
    let mut list: Vec<String> = parameter.choices.iter().map(|c| (*c).to_string()).collect();
    if parameter.is_flag() {
        list = vec!["true".into(), "false".into()];
    }
    if let (true, Some(range), "whole number") = (list.is_empty(), parameter.range, parameter.kind) {
        list = vec![format!("{}", range.least), format!("{}", (range.least + 2.0).min(range.greatest))];
    }
    list.retain(|text| Some(text) != default.as_ref());
    list
}
