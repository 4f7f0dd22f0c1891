//! An operation's declaration as every face reads it.

use std::collections::BTreeMap;

use isovox_volume::{Error, Extent, Length, Result, Size, Type};
use serde_json::{Value as Json, json};

use crate::access::Access;

/// What an input or output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers of any type.
    Scalar,
    /// Any volume, colour too.
    Volume,
    /// 0 and 1.
    Mask,
    /// Integers: an object's number, 0 background.
    Label,
    /// A volume of the input's type.
    SameType,
    /// Rows and columns.
    Table,
    /// A picture.
    Picture,
    /// A picture of lines and text, also as vectors.
    Figure,
    /// Pictures one after the other.
    Animation,
    /// Triangles.
    Mesh,
}

impl Kind {
    /// The word in `ops --json`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Scalar => "scalar",
            Kind::Volume => "volume",
            Kind::Mask => "mask",
            Kind::Label => "label",
            Kind::SameType => "same-type",
            Kind::Table => "table",
            Kind::Picture => "picture",
            Kind::Figure => "figure",
            Kind::Animation => "animation",
            Kind::Mesh => "mesh",
        }
    }

    /// Whether it is a volume.
    pub const fn is_volume(self) -> bool {
        !matches!(self, Kind::Table | Kind::Picture | Kind::Figure | Kind::Animation | Kind::Mesh)
    }
}

/// An input.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name: `input`, or the flag that names it.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
}

/// Least and greatest value, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Least.
    pub least: f64,
    /// Greatest.
    pub greatest: f64,
}

impl From<std::ops::RangeInclusive<i64>> for Bounds {
    fn from(r: std::ops::RangeInclusive<i64>) -> Bounds {
        Bounds { least: *r.start() as f64, greatest: *r.end() as f64 }
    }
}

impl From<std::ops::RangeInclusive<f64>> for Bounds {
    fn from(r: std::ops::RangeInclusive<f64>) -> Bounds {
        Bounds { least: *r.start(), greatest: *r.end() }
    }
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, words joined by `-`.
    pub name: &'static str,
    /// Its type, as users know it.
    pub kind: &'static str,
    /// What it is when it is not given; a parameter without default is required.
    pub default: Option<Json>,
    /// Its unit.
    pub unit: Option<&'static str>,
    /// Its range.
    pub range: Option<Bounds>,
    /// Its choices, when it has a few.
    pub choices: Vec<&'static str>,
    /// What it means.
    pub text: &'static str,
}

impl Parameter {
    /// Whether it must be given.
    pub fn required(&self) -> bool {
        self.default.is_none()
    }

    /// Whether it is a switch.
    pub fn is_flag(&self) -> bool {
        self.kind == bool::KIND
    }
}

/// An operation's declaration.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// One line.
    pub brief: &'static str,
    /// All of its text.
    pub text: &'static str,
    /// The name of its access.
    pub access: &'static str,
    /// What it takes; the first is what flows through a pipe.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub output: Kind,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// A command that works.
    pub example: &'static str,
    /// Where its definition comes from.
    pub references: &'static [&'static str],
}

impl Spec {
    /// The declaration as `isovox ops --json` prints it.
    pub fn json(&self, family: &str) -> Json {
        let parameter = |p: &Parameter| {
            let mut out = json!({"name": p.name, "type": p.kind, "required": p.required(), "text": p.text});
            let map = out.as_object_mut().expect("made as an object");
            if let Some(default) = &p.default {
                map.insert("default".into(), default.clone());
            }
            if let Some(unit) = p.unit {
                map.insert("unit".into(), unit.into());
            }
            if let Some(range) = p.range {
                map.insert("range".into(), json!([range.least, range.greatest]));
            }
            if !p.choices.is_empty() {
                map.insert("choices".into(), json!(p.choices));
            }
            out
        };
        json!({
            "name": self.name, "family": family, "brief": self.brief, "text": self.text, "access": self.access.to_lowercase(),
            "inputs": self.inputs.iter().map(|p| json!({"name": p.name, "kind": p.kind.name(), "required": p.required})).collect::<Vec<_>>(),
            "output": self.output.name(),
            "parameters": self.parameters.iter().map(parameter).collect::<Vec<_>>(),
            "example": self.example, "references": self.references,
        })
    }
}

/// Parameters as text, by name.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Sets one; `_` and `-` are the same.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.0.insert(name.replace('_', "-"), text.into());
    }

    /// One by name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// From a JSON object; null means not given.
    pub fn from_json(object: &Json) -> Values {
        let mut values = Values::default();
        for (name, value) in object.as_object().into_iter().flatten() {
            match value {
                Json::Null => {}
                Json::String(text) => values.set(name, text.clone()),
                Json::Array(list) => values.set(name, list.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), String::from)).collect::<Vec<_>>().join(",")),
                other => values.set(name, other.to_string()),
            }
        }
        values
    }

    /// Refuses names that the operation does not have, with the nearest one that it has.
    pub fn only(&self, spec: &Spec) -> Result<()> {
        match self.0.keys().find(|k| spec.parameters.iter().all(|p| p.name != k.as_str())) {
            None => Ok(()),
            Some(name) => {
                let names: Vec<&str> = spec.parameters.iter().map(|p| p.name).collect();
                let error = Error::parameter(format_args!("{} has no parameter --{name}", spec.name));
                Err(match nearest(name, &names) {
                    Some(near) => error.help(format_args!("did you mean --{near}?")),
                    None => error.help(format_args!("it has: {}", names.join(", "))),
                })
            }
        }
    }
}

/// The name that was probably meant, if one is near.
pub fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let close = |n: &&&str| distance(word, n) <= (word.len().max(n.len()) / 3).max(1);
    names.iter().filter(close).min_by_key(|n| distance(word, n)).copied().or_else(|| names.iter().find(|n| word.len() >= 3 && n.starts_with(word)).copied())
}

/// Optimal string alignment distance (insertions, deletions, changes, swaps of neighbours).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

/// A type that parameters can have.
pub trait Value: Sized {
    /// Its name, as users know it.
    const KIND: &'static str;
    /// Its values, when there are a few.
    fn choices() -> Vec<&'static str> {
        Vec::new()
    }
    /// Reads what a user wrote.
    fn read(text: &str) -> Result<Self>;
    /// Itself, so that [`Value::read`] of the text reads it back.
    fn json(&self) -> Json;
    /// The numbers that a range is about.
    fn numbers(&self) -> Vec<f64> {
        self.json().as_f64().into_iter().collect()
    }
}

macro_rules! numbers {
    ($($t:ty, $kind:literal);*) => {$(
        impl Value for $t {
            const KIND: &'static str = $kind;
            fn read(text: &str) -> Result<Self> {
                text.trim().parse::<$t>().map_err(|_| Error::parameter(format_args!("{text:?}")).expected(concat!("a ", $kind)))
            }
            fn json(&self) -> Json { json!(self) }
        }
    )*};
}
numbers!(usize, "whole number"; u32, "whole number"; i64, "integer");

impl Value for f64 {
    const KIND: &'static str = "number";
    fn read(text: &str) -> Result<Self> {
        let value = text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| Error::parameter(format_args!("{text:?}")).expected("a finite number"))
    }
    fn json(&self) -> Json {
        json!(self)
    }
}

impl Value for bool {
    const KIND: &'static str = "flag";
    fn read(text: &str) -> Result<Self> {
        match text {
            "true" | "" => Ok(true),
            "false" => Ok(false),
            _ => Err(Error::parameter(format_args!("{text:?}")).expected("true or false")),
        }
    }
    fn json(&self) -> Json {
        json!(self)
    }
}

impl Value for String {
    const KIND: &'static str = "text";
    fn read(text: &str) -> Result<Self> {
        Ok(text.into())
    }
    fn json(&self) -> Json {
        json!(self)
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;
    fn choices() -> Vec<&'static str> {
        T::choices()
    }
    fn read(text: &str) -> Result<Self> {
        T::read(text).map(Some)
    }
    fn json(&self) -> Json {
        self.as_ref().map_or(Json::Null, Value::json)
    }
    fn numbers(&self) -> Vec<f64> {
        self.as_ref().map_or(Vec::new(), Value::numbers)
    }
}

impl Value for Extent {
    const KIND: &'static str = "extent";
    fn read(text: &str) -> Result<Self> {
        let wrong = || Error::parameter(format_args!("{text:?}")).expected("a whole number, or three as x,y,z");
        let sides: Vec<usize> = text.split(',').map(|s| s.trim().parse()).collect::<std::result::Result<_, _>>().map_err(|_| wrong())?;
        match sides[..] {
            [r] => Ok(Extent::cube(r)),
            [x, y, z] => Ok(Extent { x, y, z }),
            _ => Err(wrong()),
        }
    }
    fn json(&self) -> Json {
        json!([self.x, self.y, self.z])
    }
    fn numbers(&self) -> Vec<f64> {
        vec![self.x as f64, self.y as f64, self.z as f64]
    }
}

/// A length along each axis: one for all, or three.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lengths(pub [Length; 3]);

impl Lengths {
    /// Voxels along x, y, z of a volume of this spacing.
    pub fn voxels(&self, spacing: Option<[f64; 3]>) -> Result<[f64; 3]> {
        let mut out = [0.0; 3];
        for (axis, length) in self.0.iter().enumerate() {
            out[axis] = length.voxels(spacing.map(|s| s[axis]))?;
        }
        Ok(out)
    }
}

impl Value for Lengths {
    const KIND: &'static str = "length";
    fn read(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(',').collect();
        // The last unit counts for those before it that have none: 5.3,5.3,10um.
        let unit = parts.last().map_or("", |p| p.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.eE ".contains(c)));
        let one = |p: &str| if p.trim().ends_with(|c: char| c.is_ascii_digit() || c == '.') { Length::parse(&format!("{p}{unit}")) } else { Length::parse(p) };
        match parts[..] {
            [l] => Ok(Lengths([one(l)?; 3])),
            [x, y, z] => Ok(Lengths([one(x)?, one(y)?, one(z)?])),
            _ => Err(Error::parameter(format_args!("{text:?}")).expected("one length, or three as x,y,z")),
        }
    }
    fn json(&self) -> Json {
        json!(self.0.map(|l| l.to_string()))
    }
    fn numbers(&self) -> Vec<f64> {
        self.0
            .iter()
            .map(|l| match l {
                Length::Mm(v) | Length::Voxels(v) | Length::Bare(v) => *v,
            })
            .collect()
    }
}

impl Value for Size {
    const KIND: &'static str = "size";
    fn read(text: &str) -> Result<Self> {
        Size::parse(text)
    }
    fn json(&self) -> Json {
        json!(self.to_string())
    }
}

impl Value for Type {
    const KIND: &'static str = "voxel type";
    fn choices() -> Vec<&'static str> {
        Type::ALL.iter().map(|t| t.name()).collect()
    }
    fn read(text: &str) -> Result<Self> {
        Type::from_name(text).ok_or_else(|| wrong_choice(text, &Self::choices()))
    }
    fn json(&self) -> Json {
        json!(self.name())
    }
}

/// A box as text, checked against the volume when there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionText(pub String);

impl Value for RegionText {
    const KIND: &'static str = "region";
    fn read(text: &str) -> Result<Self> {
        Ok(RegionText(text.into()))
    }
    fn json(&self) -> Json {
        json!(self.0)
    }
}

/// The error of a choice that is none.
pub fn wrong_choice(text: &str, choices: &[&'static str]) -> Error {
    let error = Error::parameter(format_args!("{text:?}")).expected(choices.join("|"));
    match nearest(text, choices) {
        Some(near) => error.help(format_args!("did you mean {near}?")),
        None => error,
    }
}

/// The error of a required parameter that was not given.
pub fn missing(op: &str, name: &str) -> Error {
    Error::parameter(format_args!("{op} needs --{name}")).help(format_args!("isovox {op} --help"))
}

/// Reads a parameter and checks its range.
pub fn read<T: Value>(spec: &Spec, name: &str, text: &str) -> Result<T> {
    let value = T::read(text).map_err(|e| {
        let error = Error::parameter(format_args!("--{name}: {e}"));
        match e.next_step() {
            Some(step) => error.help(step),
            None => error.help(format_args!("isovox {} --help", spec.name)),
        }
    })?;
    let range = spec.parameters.iter().find(|p| p.name == name).and_then(|p| p.range);
    if let Some(Bounds { least, greatest }) = range
        && value.numbers().iter().any(|v| !(least..=greatest).contains(v))
    {
        let expected = if greatest == f64::MAX { format!("at least {least}") } else { format!("{least} to {greatest}") };
        return Err(Error::parameter(format_args!("--{name}")).found(text).expected(expected));
    }
    Ok(value)
}

/// What `derive(Op)` gives to a type.
pub trait Declared: Operation + Sized + 'static {
    /// The declaration.
    fn spec() -> Spec;
    /// The operation with these parameters.
    fn build(values: &Values) -> Result<Self>;
}

/// An operation, whichever it is.
pub trait Operation: Send + Sync {
    /// Its declaration.
    fn spec(&self) -> Spec;
    /// All of its parameters.
    fn parameters(&self) -> Json;
    /// Its kernel, by access.
    fn access(self: Box<Self>) -> Access;
}

/// A line of a family's list.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The declaration.
    pub spec: fn() -> Spec,
    /// The operation with these parameters.
    pub build: fn(&Values) -> Result<Box<dyn Operation>>,
}

impl Entry {
    /// The line of an operation.
    pub const fn of<T: Declared>() -> Entry {
        Entry { spec: <T as Declared>::spec, build: |values| Ok(Box::new(T::build(values)?)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        assert_eq!(nearest("lable", &["label", "otsu"]), Some("label"));
        assert_eq!(nearest("xyz", &["label", "otsu"]), None);
    }

    #[test]
    fn lengths_share_the_last_unit() {
        let l = Lengths::read("5.3,5.3,10um").unwrap();
        assert_eq!(l.0, [Length::Mm(0.0053), Length::Mm(0.0053), Length::Mm(0.01)]);
    }
}
