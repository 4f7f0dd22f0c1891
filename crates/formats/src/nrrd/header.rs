//! The header: a magic line, `field: description` and `key:=value` lines, up to a blank line or the file's end.

use std::collections::BTreeMap;

use isovox_volume::{Error, Result, Type};

use crate::input::Input;

/// The longest header that is read.
const LONGEST: usize = 16 << 20;

/// Axes that a header may have (Teem's `NRRD_DIM_MAX`).
const MOST_AXES: usize = 16;

/// The key of our provenance.
pub(super) const PROVENANCE: &str = "isovox_provenance";

/// A parsed header.
pub(super) struct Fields {
    /// By name in lower case without blanks: `data file` and `datafile` are one.
    named: BTreeMap<String, String>,
    /// Key/value pairs, escapes undone.
    pairs: BTreeMap<String, String>,
    /// The byte behind the blank line, or behind the `LIST` line; the file's length where neither is there.
    pub(super) end: u64,
    /// Whether a blank line ended it: voxels may follow.
    pub(super) blank: bool,
}

impl Fields {
    /// Reads lines up to the blank one.
    pub(super) fn read(input: &Input) -> Result<Fields> {
        let mut most = 1 << 14;
        loop {
            let head = input.head(most)?;
            let all = head.len() as u64 == input.len();
            if let Some(fields) = Fields::parse(&head, all)? {
                return Ok(fields);
            }
            if most >= LONGEST {
                return Err(Error::corrupt("NRRD header").expected("a blank line behind its last field").help("the file is damaged, or not an NRRD"));
            }
            most *= 8;
        }
    }

    /// `None` when the bytes end before the header does.
    fn parse(head: &[u8], all: bool) -> Result<Option<Fields>> {
        let mut fields = Fields { named: BTreeMap::new(), pairs: BTreeMap::new(), end: head.len() as u64, blank: false };
        let mut at = 0;
        while at < head.len() {
            let line = match head[at..].iter().position(|&b| b == b'\n') {
                Some(length) => &head[at..at + length],
                None if all => &head[at..],
                None => return Ok(None),
            };
            let first = at == 0;
            at = (at + line.len() + 1).min(head.len());
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if first {
                version(line)?;
            } else if line.is_empty() {
                (fields.end, fields.blank) = (at as u64, true);
                return Ok(Some(fields));
            } else if line[0] != b'#' && fields.take(&String::from_utf8_lossy(line)) {
                fields.end = at as u64;
                return Ok(Some(fields));
            }
        }
        Ok(all.then_some(fields))
    }

    /// Takes a line in; true where names of data files follow it.
    fn take(&mut self, line: &str) -> bool {
        let Some(colon) = line.find(':') else { return false };
        let (name, rest) = (&line[..colon], &line[colon + 1..]);
        if let Some(value) = rest.strip_prefix('=') {
            self.pairs.insert(name.trim().into(), unescaped(value));
            return false;
        }
        let name = plain(name);
        let value = rest.trim();
        let list = name == "datafile" && value.split_whitespace().next() == Some("LIST");
        self.named.insert(name, value.into());
        list
    }

    /// All fields and key/value pairs, for metadata.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &String)> {
        self.named.iter().chain(self.pairs.iter().filter(|(k, _)| *k != PROVENANCE))
    }

    /// A field's description; its name without blanks.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str)
    }

    /// A key's value.
    pub(super) fn pair(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// Our own provenance.
    pub(super) fn provenance(&self) -> Option<&str> {
        self.pair(PROVENANCE)
    }

    /// One whole number; 0 where the field is absent.
    pub(super) fn whole(&self, name: &str) -> Result<i64> {
        let Some(value) = self.get(name) else { return Ok(0) };
        value.parse().map_err(|_| Error::corrupt(name).found(format_args!("{value:?}")).expected("a whole number"))
    }

    /// `dimension` and `sizes`, the fastest axis first.
    pub(super) fn sizes(&self) -> Result<Vec<usize>> {
        let text = self.get("dimension").ok_or_else(|| Error::corrupt("NRRD header").expected("a field dimension"))?;
        let dims = text.parse().ok().filter(|d| (1..=MOST_AXES).contains(d));
        let dims = dims.ok_or_else(|| Error::corrupt("dimension").found(format_args!("{text:?}")).expected(format_args!("1 to {MOST_AXES}")))?;
        let text = self.get("sizes").ok_or_else(|| Error::corrupt("NRRD header").expected("a field sizes"))?;
        let sizes: Option<Vec<usize>> = text.split_whitespace().map(|w| w.parse().ok().filter(|&n| n > 0)).collect();
        sizes.filter(|s| s.len() == dims).ok_or_else(|| Error::corrupt("sizes").found(format_args!("{text:?}")).expected(format_args!("{dims} whole numbers, at least 1 each")))
    }

    /// One number an axis; NaN stands for what is not known.
    pub(super) fn numbers(&self, name: &str, axes: usize) -> Result<Option<Vec<f64>>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|w| w.parse().ok()).collect();
        numbers.filter(|n| n.len() == axes).map(Some).ok_or_else(|| wrong(name, text, axes, "numbers"))
    }

    /// One word an axis.
    pub(super) fn words(&self, name: &str, axes: usize) -> Result<Option<Vec<String>>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        if words.len() == axes { Ok(Some(words)) } else { Err(wrong(name, text, axes, "words")) }
    }

    /// One quoted text an axis, as units and labels are written.
    pub(super) fn quoted(&self, name: &str, axes: usize) -> Result<Option<Vec<String>>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let texts: Vec<String> = text.split('"').skip(1).step_by(2).map(String::from).collect();
        if texts.len() == axes && text.matches('"').count() == 2 * axes { Ok(Some(texts)) } else { Err(wrong(name, text, axes, "texts in quotes")) }
    }

    /// One vector an axis, `None` for `none`.
    pub(super) fn vectors(&self, name: &str, axes: usize) -> Result<Option<Vec<Option<Vec<f64>>>>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let mut vectors = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() && vectors.len() <= axes {
            if let Some(after) = rest.strip_prefix("none") {
                vectors.push(None);
                rest = after.trim_start();
                continue;
            }
            let Some((inside, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) else { return Err(wrong(name, text, axes, "vectors")) };
            let numbers: Option<Vec<f64>> = inside.split(',').map(|w| w.trim().parse().ok()).collect();
            // A vector of NaN is an older way to write none.
            let vector = numbers.ok_or_else(|| wrong(name, text, axes, "vectors of numbers"))?;
            vectors.push((!vector.iter().all(|v| v.is_nan())).then_some(vector));
            rest = after.trim_start();
        }
        if vectors.len() == axes { Ok(Some(vectors)) } else { Err(wrong(name, text, axes, "vectors")) }
    }

    /// The stored type, by any of Teem's names.
    pub(super) fn voxel(&self) -> Result<Type> {
        let name = self.get("type").ok_or_else(|| Error::corrupt("NRRD header").expected("a field type"))?;
        let words: Vec<&str> = name.split_whitespace().filter(|w| *w != "signed").collect();
        Ok(match words.join(" ").to_lowercase().as_str() {
            "char" | "int8" | "int8_t" => Type::I8,
            "uchar" | "unsigned char" | "uint8" | "uint8_t" => Type::U8,
            "short" | "short int" | "int16" | "int16_t" => Type::I16,
            "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Type::U16,
            "int" | "int32" | "int32_t" => Type::I32,
            "uint" | "unsigned int" | "uint32" | "uint32_t" => Type::U32,
            "longlong" | "long long" | "long long int" | "int64" | "int64_t" => Type::I64,
            "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => Type::U64,
            "float" => Type::F32,
            "double" => Type::F64,
            _ => return Err(Error::unsupported("NRRD type").found(name).expected("short, uchar, float or another number")),
        })
    }

    /// Whether the bytes are big-endian; types of several bytes must say so.
    pub(super) fn big(&self, voxel: Type) -> Result<bool> {
        match self.get("endian").map(str::to_lowercase).as_deref() {
            Some("little") => Ok(false),
            Some("big") => Ok(true),
            None if voxel.bytes() == 1 || voxel == Type::Rgb8 => Ok(false),
            None => Err(Error::corrupt("NRRD header")
                .found(format_args!("type {voxel} without a field endian"))
                .expected("endian: little or big")
                .help("add the line if you know the byte order")),
            Some(other) => Err(Error::corrupt("endian").found(format_args!("{other:?}")).expected("little or big")),
        }
    }
}

fn plain(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect()
}

fn version(line: &[u8]) -> Result<()> {
    let number = line.strip_prefix(b"NRRD").and_then(|n| std::str::from_utf8(n).ok()).map(str::trim_end);
    match number.and_then(|n| n.parse::<u32>().ok()) {
        Some(1..=5) => Ok(()),
        _ => Err(Error::unsupported("NRRD version").found(format_args!("{:?}", String::from_utf8_lossy(&line[..line.len().min(40)]))).expected("NRRD0001 to NRRD0005")),
    }
}

fn wrong(name: &str, text: &str, axes: usize, what: &str) -> Error {
    let text: String = text.chars().take(200).collect();
    Error::corrupt(name)
        .found(format_args!("{text:?}"))
        .expected(format_args!("{axes} {what}, one for each axis"))
        .help("the header is damaged or written by hand: correct the line")
}

/// `\n` and `\\` in values stand for a line end and a backslash.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, letters.as_str().chars().next()) {
            ('\\', Some('n')) => {
                out.push('\n');
                letters.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                letters.next();
            }
            _ => out.push(letter),
        }
    }
    out
}
