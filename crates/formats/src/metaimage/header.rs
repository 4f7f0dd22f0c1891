//! The header: `Key = value` lines up to `ElementDataFile`, behind which the voxels or a list of files follow.

use std::collections::BTreeMap;

use isovox_volume::{Error, Result, Type};

use crate::input::Input;

/// The longest header that is read.
const LONGEST: usize = 16 << 20;

/// Our provenance; its pieces are numbered from the second on.
pub(super) const PROVENANCE: &str = "isovox_provenance";

/// A parsed header.
pub(super) struct Fields {
    keys: BTreeMap<String, String>,
    /// The value of `ElementDataFile`.
    pub(super) data_file: String,
    /// The byte behind the header's last line.
    pub(super) end: u64,
}

/// Whether first bytes are a MetaImage header's.
pub(super) fn looks(head: &[u8]) -> bool {
    let line = head.split(|&b| b == b'\n').next().unwrap_or_default();
    split(line).is_some_and(|(key, _)| key == "ObjectType" || key == "NDims")
}

fn split(line: &[u8]) -> Option<(String, String)> {
    let equals = line.iter().position(|&b| b == b'=')?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    Some((text(&line[..equals]), text(&line[equals + 1..])))
}

impl Fields {
    /// Reads lines until `ElementDataFile`.
    pub(super) fn read(input: &Input) -> Result<Fields> {
        let mut most = 1 << 14;
        loop {
            let head = input.head(most)?;
            let all = head.len() as u64 == input.len();
            if let Some(fields) = Fields::parse(&head, all) {
                return Ok(fields);
            }
            if all || most >= LONGEST {
                return Err(Error::corrupt("MetaImage header").expected("a line ElementDataFile, the last one").help("the file is cut off, or not a MetaImage"));
            }
            most *= 8;
        }
    }

    /// `None` when the bytes end before the last line does. What is no image ends where it says so: the objects of a scene
    /// follow each other, and an image among them is not the whole.
    fn parse(head: &[u8], all: bool) -> Option<Fields> {
        let mut keys = BTreeMap::new();
        let mut at = 0;
        while at < head.len() {
            let line = match head[at..].iter().position(|&b| b == b'\n') {
                Some(length) => &head[at..at + length],
                None if all => &head[at..],
                None => return None,
            };
            at = (at + line.len() + 1).min(head.len());
            match split(line) {
                Some((key, data_file)) if key == "ElementDataFile" => return Some(Fields { keys, data_file, end: at as u64 }),
                Some((key, value)) if key == "ObjectType" && value != "Image" => {
                    return Some(Fields { keys: BTreeMap::from([(key, value)]), data_file: String::new(), end: at as u64 });
                }
                Some((key, value)) => drop(keys.insert(key, value)),
                None => {}
            }
        }
        None
    }

    /// All keys before `ElementDataFile`; of a key that stands twice, the last value.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&String, &String)> {
        self.keys.iter()
    }

    /// The value of the first of these names that is there.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.keys.get(*name).map(String::as_str))
    }

    /// True, False or absent.
    pub(super) fn flag(&self, names: &[&str]) -> Result<Option<bool>> {
        let Some(value) = self.get(names) else { return Ok(None) };
        match value.bytes().next().map(|b| b.to_ascii_lowercase()) {
            Some(b't' | b'1' | b'y') => Ok(Some(true)),
            Some(b'f' | b'0' | b'n') => Ok(Some(false)),
            _ => Err(Error::corrupt(names[0]).found(format_args!("{value:?}")).expected("True or False")),
        }
    }

    /// Exactly `count` numbers.
    pub(super) fn numbers(&self, names: &[&str], count: usize) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.get(names) else { return Ok(None) };
        let wrong = || {
            Error::corrupt(names[0]).found(format_args!("{value:?}")).expected(format_args!("{count} numbers")).help("the header is damaged or written by hand: correct the line")
        };
        let numbers: Option<Vec<f64>> = value.split_whitespace().map(|w| w.parse().ok()).collect();
        numbers.filter(|n| n.len() == count).map(Some).ok_or_else(wrong)
    }

    /// One whole number.
    pub(super) fn whole(&self, name: &str) -> Result<Option<i64>> {
        let Some(value) = self.get(&[name]) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Error::corrupt(name).found(format_args!("{value:?}")).expected("a whole number"))
    }

    /// `NDims` and `DimSize`, x first.
    pub(super) fn sizes(&self) -> Result<Vec<usize>> {
        let dims = self.whole("NDims")?.ok_or_else(|| missing("NDims"))?;
        if !(1..=4).contains(&dims) {
            return Err(Error::unsupported("MetaImage dimensions").found(format_args!("NDims = {dims}")).expected("1 to 4"));
        }
        let text = self.get(&["DimSize"]).ok_or_else(|| missing("DimSize"))?;
        let sizes: Option<Vec<usize>> = text.split_whitespace().map(|w| w.parse().ok().filter(|&n| n > 0)).collect();
        sizes
            .filter(|s| s.len() as i64 == dims)
            .ok_or_else(|| Error::corrupt("DimSize").found(format_args!("{text:?}")).expected(format_args!("{dims} whole numbers, at least 1 each")))
    }

    /// The stored type of one value.
    pub(super) fn element(&self) -> Result<Type> {
        let name = self.get(&["ElementType"]).ok_or_else(|| missing("ElementType"))?;
        // MetaIO's MET_LONG has 4 bytes on every machine.
        Ok(match name.strip_suffix("_ARRAY").unwrap_or(name) {
            "MET_CHAR" => Type::I8,
            "MET_UCHAR" => Type::U8,
            "MET_SHORT" => Type::I16,
            "MET_USHORT" => Type::U16,
            "MET_INT" | "MET_LONG" => Type::I32,
            "MET_UINT" | "MET_ULONG" => Type::U32,
            "MET_LONG_LONG" => Type::I64,
            "MET_ULONG_LONG" => Type::U64,
            "MET_FLOAT" => Type::F32,
            "MET_DOUBLE" => Type::F64,
            _ => return Err(Error::unsupported("ElementType").found(name).expected("MET_UCHAR, MET_SHORT, MET_FLOAT or another number")),
        })
    }

    /// Our provenance, pieces joined.
    pub(super) fn provenance(&self) -> Option<String> {
        let mut text = self.get(&[PROVENANCE])?.to_string();
        for piece in (2..).map_while(|n| self.get(&[&format!("{PROVENANCE}_{n}")])) {
            text.push_str(piece);
        }
        Some(text)
    }
}

fn missing(key: &str) -> Error {
    Error::corrupt(format_args!("no {key} before ElementDataFile")).help("ElementDataFile must be the header's last line")
}
