//! `VGStudio`'s `.vgi`: groups `{volume1}`, sections `[file1]`, lines `key = value`.
//!
//! Keys stand in several sections; `[file1]` describes the data file, `[representation]` how the program held it.
//! `datarange = 0 -1` says that no range is known. There is no public specification: this follows files of
//! `VGStudio` 2 and 3.

use isovox_volume::{Error, Result, Type};
use serde_json::{Value, json};

use super::said::{Pixel, Said};
use crate::input::Input;
use crate::unit::millimetres;

/// The longest `.vgi` that is read.
const LONGEST: u64 = 1 << 20;

/// A `.vgi`: what it says of which file.
pub(super) struct Vgi {
    /// The base name of the data file.
    pub(super) name: String,
    /// What it says.
    pub(super) said: Said,
    /// All its keys, for metadata.
    pub(super) meta: Value,
}

/// A line: group, section, key (lower case), value.
struct Line {
    group: String,
    section: String,
    key: String,
    value: String,
}

/// Reads a `.vgi`.
pub(super) fn read(input: &Input) -> Result<Vgi> {
    let text = String::from_utf8_lossy(&input.all(LONGEST)?).into_owned();
    parse(&text, input.name().rsplit('/').next().unwrap_or_default()).map_err(|e| e.within(input.path()))
}

fn parse(text: &str, by: &str) -> Result<Vgi> {
    let lines = lines(text);
    let named = files(&lines)?;
    let get = |key: &str| {
        let of = |section: &str| lines.iter().find(|l| l.section == section && l.key == key).map(|l| l.value.as_str());
        of("file1").or_else(|| of("representation"))
    };
    let wrong = |key: &str, expected: &str| match get(key) {
        Some(value) => Error::corrupt(format_args!("{key} in {by}")).found(format_args!("{value:?}")).expected(expected),
        None => Error::corrupt(format_args!("{by} has no {key}")).expected(expected),
    };
    if let Some(format) = get("fileformat").filter(|f| !f.eq_ignore_ascii_case("raw")) {
        return Err(Error::unsupported(format_args!("the file format {format:?} in {by}")).expected("raw").help("export it from VGStudio as raw"));
    }
    let sides: Vec<usize> = get("size").map(|s| s.split_whitespace().map(str::parse).collect::<Result<_, _>>().unwrap_or_default()).unwrap_or_default();
    let [x, y, z] = sides[..] else { return Err(wrong("size", "three whole numbers")) };
    let bits = get("bitsperelement").and_then(|b| b.parse().ok()).ok_or_else(|| wrong("bitsperelement", "8, 16, 32 or 64"))?;
    let voxel = voxel(get("datatype").unwrap_or_default(), bits).ok_or_else(|| {
        Error::unsupported(format_args!("{bits} bits of {:?} in {by}", get("datatype").unwrap_or_default())).expected("8 to 64 bits of integer, unsigned integer or float")
    })?;
    let offset = get("skipheader").map(|s| s.parse::<u64>().map_err(|_| wrong("skipheader", "a whole number"))).transpose()?;
    let mut said = Said { by: by.into(), size: Some([z, y, x]), pixel: Some(Pixel::Plain(voxel)), offset, ..Said::default() };
    place(&lines, &mut said);
    Ok(Vgi { name: named, said, meta: meta(&lines) })
}

fn lines(text: &str) -> Vec<Line> {
    let (mut group, mut section, mut lines) = (String::new(), String::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('{').and_then(|l| l.strip_suffix('}')) {
            (group, section) = (name.trim().to_lowercase(), String::new());
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.trim().to_lowercase();
        } else if let Some((key, value)) = line.split_once('=') {
            lines.push(Line { group: group.clone(), section: section.clone(), key: key.trim().to_lowercase(), value: value.trim().trim_matches('"').into() });
        }
    }
    lines
}

/// The one data file's base name: it lies beside, wherever it lay when the `.vgi` was written.
fn files(lines: &[Line]) -> Result<String> {
    let is_file = |l: &&Line| l.section.strip_prefix("file").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) && l.key == "name";
    let mut names: Vec<&str> = lines.iter().filter(is_file).map(|l| l.value.as_str()).collect();
    names.dedup();
    match names[..] {
        [one] => Ok(one.rsplit(['/', '\\']).next().unwrap_or_default().into()),
        [] => Err(Error::corrupt("VGStudio header").expected("a section [file1] with the Name of the data file")),
        _ => Err(Error::unsupported("a VGStudio header of several data files").found(names.join(", ")).help("give one file with --size and --type")),
    }
}

fn voxel(kind: &str, bits: u32) -> Option<Type> {
    Some(match (kind.to_lowercase().as_str(), bits) {
        ("unsigned integer", 8) => Type::U8,
        ("unsigned integer", 16) => Type::U16,
        ("unsigned integer", 32) => Type::U32,
        ("unsigned integer", 64) => Type::U64,
        ("integer" | "signed integer", 8) => Type::I8,
        ("integer" | "signed integer", 16) => Type::I16,
        ("integer" | "signed integer", 32) => Type::I32,
        ("integer" | "signed integer", 64) => Type::I64,
        ("float" | "floating point", 32) => Type::F32,
        ("float" | "floating point" | "double", 64) => Type::F64,
        _ => return None,
    })
}

/// The resolution of `[geometry]`; millimetres unless its unit says otherwise.
fn place(lines: &[Line], said: &mut Said) {
    let get = |key: &str| lines.iter().find(|l| l.section == "geometry" && l.key == key).map(|l| l.value.as_str());
    let Some(resolution) = get("resolution") else { return };
    let unit = get("unit");
    if unit.is_none() {
        said.warnings.push(format!("{} names no unit; VGStudio's resolution is taken as mm", said.by));
    }
    let sides: Vec<f64> = resolution.split_whitespace().filter_map(|s| s.parse().ok()).collect();
    match (<[f64; 3]>::try_from(sides), millimetres(unit.unwrap_or("mm"))) {
        (Ok(sides), Some(mm)) if sides.iter().all(|s| s.is_finite() && *s > 0.0) => said.spacing = Some(sides.map(|s| s * mm)),
        _ => said.warnings.push(format!("resolution {resolution:?} {} in {} is not used", unit.unwrap_or_default(), said.by)),
    }
}

fn meta(lines: &[Line]) -> Value {
    let pairs = lines.iter().map(|l| (format!("{{{}}}[{}]{}", l.group, l.section, l.key), json!(l.value)));
    Value::Object(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{volume1}\r\n[representation]\r\nsize = 9 9 9\r\n[file1]\r\nSize = 4 3 2\r\nSkipHeader = 7\r\nFileFormat = raw\r\nName = C:\\scans\\a b.vol\r\nDatatype = unsigned integer\r\ndatarange = 0 -1\r\nBitsPerElement = 16\r\n{volumeprimitive12}\r\n[geometry]\r\nresolution = 82 82 90\r\nunit = um\r\n";

    #[test]
    fn the_file_section_counts() {
        let vgi = parse(TEXT, "a.vgi").unwrap();
        assert_eq!(vgi.name, "a b.vol");
        assert_eq!(vgi.said.size, Some([2, 3, 4]));
        assert_eq!((vgi.said.pixel, vgi.said.offset), (Some(Pixel::Plain(Type::U16)), Some(7)));
        assert_eq!(vgi.said.spacing, Some([0.082, 0.082, 0.09]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, word) in [
            ("= 4 3 2", "= 4 3", "size"),
            ("= raw", "= tiff", "tiff"),
            ("= 16", "= 12", "12 bits"),
            ("= 7", "= x", "skipheader"),
            ("Name", "Nome", "Name"),
            ("[file1]", "[file1]\nName = b.vol\n[file2]", "several"),
        ] {
            let error = parse(&TEXT.replacen(from, to, 1), "a.vgi").err().expect(word).to_string();
            assert!(error.contains(word), "{error}");
        }
        let vgi = parse(&TEXT.replace("unit = um", "unit = parsec"), "a.vgi").unwrap();
        assert!(vgi.said.spacing.is_none() && vgi.said.warnings.len() == 1);
    }
}
