//! Legacy files: lines of keywords, and values behind each attribute's line, as text or as big-endian bytes.

use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Header, Result, Source, Type};

use super::array::{self, Array, Grid, MOST};
use super::window::Window;
use crate::channels::Channels;
use crate::format::Scan;
use crate::input::Input;
use crate::stored::{Decode, Stored};

/// The longest line of keywords.
const LONGEST_LINE: usize = 4096;

/// The word before a table of colours.
const TABLE: &[u8] = b"LOOKUP_TABLE";

pub(super) fn open(input: &Input) -> Result<Scan> {
    let source = read(input).at(input.path())?;
    Ok(Scan { format: "vtk", source, files: vec![input.clone()], provenance: None })
}

fn read(input: &Input) -> Result<Arc<dyn Source>> {
    let mut file = File { input, window: Window::new(input), at: 0, text: false };
    let title = (file.line()?, file.line()?).1.unwrap_or_default();
    file.text = match file.words()?.first().map(|w| w.to_uppercase()).as_deref() {
        Some("ASCII") => true,
        Some("BINARY") => false,
        other => return Err(Error::corrupt("third line of a VTK file").found(format_args!("{other:?}")).expected("ASCII or BINARY")),
    };
    let (grid, arrays) = file.dataset()?;
    let mut warnings = Vec::new();
    let array = array::choose(arrays, &mut warnings)?;
    let (mut header, channels) = array::header(&grid, &array, warnings)?;
    header.meta.insert("title".into(), title.into());
    let mut inner = header.clone();
    if channels > 1 {
        let [z, y, x] = header.shape;
        inner = Header::new([z, y, x * channels], 1, header.voxel)?;
    }
    let source: Arc<dyn Source> = if file.text {
        Arc::new(array::text(inner, input, array.place..input.len())?)
    } else {
        Arc::new(Stored::one(inner.clone(), Decode::kept(inner.voxel, true), input.clone(), array.place)?)
    };
    Ok(if channels > 1 { Arc::new(Channels::new(source, header, channels)) } else { source })
}

/// A file being walked.
struct File<'a> {
    input: &'a Input,
    window: Window<'a>,
    at: u64,
    text: bool,
}

impl File<'_> {
    /// The next line; `None` at the end.
    fn line(&mut self) -> Result<Option<String>> {
        let bytes = self.window.from(self.at, LONGEST_LINE)?;
        let bytes = &bytes[..bytes.len().min(LONGEST_LINE)];
        let left = bytes.len();
        let Some(length) = bytes.iter().position(|&b| b == b'\n').or_else(|| (left < LONGEST_LINE && left > 0).then_some(left)) else {
            return if left == 0 { Ok(None) } else { Err(Error::corrupt("VTK file").found(format_args!("a line of more than {LONGEST_LINE} bytes at byte {}", self.at))) };
        };
        self.at += (length as u64 + 1).min(left as u64);
        Ok(Some(String::from_utf8_lossy(&bytes[..length]).trim().to_string()))
    }

    /// The words of the next line that has some; none at the end.
    fn words(&mut self) -> Result<Vec<String>> {
        while let Some(line) = self.line()? {
            if !line.is_empty() {
                return Ok(line.split_whitespace().map(String::from).collect());
            }
        }
        Ok(Vec::new())
    }

    fn dataset(&mut self) -> Result<(Grid, Vec<Array<u64>>)> {
        let words = self.words()?;
        match (words.first().map(|w| w.to_uppercase()).as_deref(), words.get(1).map(|w| w.to_uppercase()).as_deref()) {
            (Some("DATASET"), Some("STRUCTURED_POINTS")) => {}
            (Some("DATASET"), Some(kind)) => {
                return Err(Error::unsupported(format_args!("a VTK file of {kind}"))
                    .expected("STRUCTURED_POINTS: an image")
                    .help("export it as image data, for example with ParaView's Resample To Image"));
            }
            _ => return Err(Error::corrupt("VTK file").found(words.join(" ")).expected("a line DATASET")),
        }
        let (mut points, mut spacing, mut origin) = (None, None, [0.0; 3]);
        let mut arrays = Vec::new();
        loop {
            let words = self.words()?;
            let Some(key) = words.first().map(|w| w.to_uppercase()) else { break };
            match key.as_str() {
                "DIMENSIONS" => points = Some(three::<usize>(&words)?),
                "SPACING" | "ASPECT_RATIO" => spacing = Some(three::<f64>(&words)?),
                "ORIGIN" => origin = three::<f64>(&words)?,
                "POINT_DATA" | "CELL_DATA" => {
                    let grid = Grid { points: points.ok_or_else(|| Error::corrupt("VTK file").found(&key).expected("DIMENSIONS before it"))?, geometry: None };
                    self.attributes(&grid, key == "CELL_DATA", count(&words, 1)?, &mut arrays)?;
                }
                // Fields of the whole dataset.
                "FIELD" => self.field(&words, false, usize::MAX, &mut Vec::new())?,
                "METADATA" => self.metadata()?,
                _ => return Err(Error::corrupt("VTK file").found(words.join(" ")).expected("DIMENSIONS, SPACING, ORIGIN, POINT_DATA or CELL_DATA")),
            }
        }
        let points = points.ok_or_else(|| Error::corrupt("VTK file").expected("a line DIMENSIONS"))?;
        Ok((Grid { points, geometry: spacing.and_then(|s| array::place(origin, s, array::STRAIGHT)) }, arrays))
    }

    /// Attributes up to the other section or the end; that section's line is left to be read again.
    fn attributes(&mut self, grid: &Grid, cells: bool, said: usize, arrays: &mut Vec<Array<u64>>) -> Result<()> {
        let need = grid.count(cells).ok_or_else(|| Error::corrupt("DIMENSIONS").found(format_args!("{:?}", grid.points)).expected("points that can be counted"))?;
        if said != need {
            return Err(Error::corrupt(if cells { "CELL_DATA" } else { "POINT_DATA" }).found(said).expected(format_args!("{need} for DIMENSIONS {:?}", grid.points)));
        }
        loop {
            let before = self.at;
            let words = self.words()?;
            let Some(key) = words.first().map(|w| w.to_uppercase()) else { return Ok(()) };
            let name = || words.get(1).cloned().unwrap_or_default();
            match key.as_str() {
                "POINT_DATA" | "CELL_DATA" => {
                    self.at = before;
                    return Ok(());
                }
                "SCALARS" => {
                    let components = if words.len() > 3 { count(&words, 3)? } else { 1 };
                    // Writers may leave the table's line out; then the values are next, and bytes are no line.
                    let next = self.window.from(self.at, LONGEST_LINE)?.trim_ascii_start();
                    if next.get(..TABLE.len()).is_some_and(|word| word.eq_ignore_ascii_case(TABLE)) {
                        self.words()?;
                    }
                    self.array(name(), cells, words.get(2), components, need, arrays)?;
                }
                "VECTORS" | "NORMALS" => self.array(name(), cells, words.get(2), 3, need, arrays)?,
                "TENSORS" => self.array(name(), cells, words.get(2), 9, need, arrays)?,
                "TENSORS6" => self.array(name(), cells, words.get(2), 6, need, arrays)?,
                "TEXTURE_COORDINATES" => self.array(name(), cells, words.get(3), count(&words, 2)?, need, arrays)?,
                // As text they are fractions, as bytes 0 to 255.
                "COLOR_SCALARS" => self.array(name(), cells, Some(&if self.text { "float" } else { "unsigned_char" }.to_string()), count(&words, 2)?, need, arrays)?,
                "LOOKUP_TABLE" => self.skip(count(&words, 2)?, 4, 1)?,
                "FIELD" => self.field(&words, cells, need, arrays)?,
                "METADATA" => self.metadata()?,
                _ => return Err(Error::corrupt("VTK attribute").found(words.join(" ")).expected("SCALARS, VECTORS, FIELD or another of VTK's")),
            }
        }
    }

    /// Takes note of an array and goes on behind it.
    fn array(&mut self, name: String, cells: bool, kind: Option<&String>, components: usize, tuples: usize, arrays: &mut Vec<Array<u64>>) -> Result<()> {
        let kind = kind.map(|k| k.to_lowercase()).unwrap_or_default();
        if arrays.len() >= MOST || !(1..=4096).contains(&components) {
            return Err(Error::corrupt("VTK array").found(format_args!("{name:?}, the {}th, of {components} components", arrays.len() + 1)).expected("1 to 4096 components"));
        }
        arrays.push(Array { name, cells, voxel: voxel(&kind), components, place: self.at });
        let bytes = match kind.as_str() {
            "bit" if self.text => 1,
            "bit" => return self.forward((tuples as u64).saturating_mul(components as u64).div_ceil(8)),
            "vtkidtype" => 4,
            _ => voxel(&kind).map(Type::bytes).ok_or_else(|| Error::unsupported("VTK type").found(format_args!("{kind:?}")).expected("short, float or another number"))?,
        };
        self.skip(tuples, components, bytes)
    }

    /// Arrays of a field, by lines `name components tuples type`; those that are no image's are passed over.
    fn field(&mut self, words: &[String], cells: bool, tuples: usize, arrays: &mut Vec<Array<u64>>) -> Result<()> {
        for _ in 0..count(words, 2)? {
            let mut line = self.words()?;
            if line.first().is_some_and(|w| w.eq_ignore_ascii_case("METADATA")) {
                self.metadata()?;
                line = self.words()?;
            }
            if line.is_empty() {
                return Err(Error::corrupt("VTK field").expected("a line of name, components, tuples and type").help("the file is cut off; copy it again"));
            }
            let (components, found) = (count(&line, 1)?, count(&line, 2)?);
            if line.get(3).is_some_and(|kind| kind.eq_ignore_ascii_case("string")) {
                self.strings((found as u64).saturating_mul(components as u64))?;
                continue;
            }
            let mut others = Vec::new();
            self.array(line[0].clone(), cells, line.get(3), components, found, if found == tuples { arrays } else { &mut others })?;
        }
        Ok(())
    }

    /// Passes over so many strings: lines of text, or bytes behind a length, whose first two bits tell how wide it is.
    fn strings(&mut self, count: u64) -> Result<()> {
        for _ in 0..count {
            if self.text {
                self.line()?.ok_or_else(|| self.short(count))?;
                continue;
            }
            let head = self.window.from(self.at, 8)?;
            let wide = head.first().map_or(1, |first| 8 >> (first >> 6));
            let length = head.get(..wide).map(|bytes| bytes.iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte)));
            let length = length.ok_or_else(|| self.short(count))? & (u64::MAX >> (66 - 8 * wide));
            self.forward((wide as u64).saturating_add(length))?;
        }
        Ok(())
    }

    /// Passes over lines up to a blank one.
    fn metadata(&mut self) -> Result<()> {
        while self.line()?.is_some_and(|l| !l.is_empty()) {}
        Ok(())
    }

    fn skip(&mut self, tuples: usize, components: usize, bytes: usize) -> Result<()> {
        let values = (tuples as u64).saturating_mul(components as u64);
        if self.text { self.words_forward(values) } else { self.forward(values.saturating_mul(bytes as u64)) }
    }

    fn forward(&mut self, bytes: u64) -> Result<()> {
        self.at = self.at.checked_add(bytes).filter(|end| *end <= self.input.len()).ok_or_else(|| self.short(bytes))?;
        Ok(())
    }

    /// Passes over so many words.
    fn words_forward(&mut self, mut words: u64) -> Result<()> {
        let left = self.input.len().saturating_sub(self.at);
        if words > left.div_ceil(2) {
            return Err(self.short(words));
        }
        let (mut inside, mut buffer) = (false, vec![0; 1 << 16]);
        loop {
            let n = self.input.len().saturating_sub(self.at).min(buffer.len() as u64) as usize;
            if n == 0 {
                return if words == u64::from(inside) { Ok(()) } else { Err(self.short(words)) };
            }
            self.input.read_at(self.at, &mut buffer[..n])?;
            for (i, byte) in buffer[..n].iter().enumerate() {
                let blank = byte.is_ascii_whitespace();
                words -= u64::from(inside && blank);
                inside = !blank && words > 0;
                if words == 0 {
                    self.at += i as u64;
                    return Ok(());
                }
            }
            self.at += n as u64;
        }
    }

    fn short(&self, need: u64) -> Error {
        Error::corrupt("VTK values")
            .found(format_args!("{} bytes", self.input.len().saturating_sub(self.at)))
            .expected(format_args!("{need} {}", if self.text { "numbers" } else { "bytes" }))
            .help("the file is cut off; copy it again")
    }
}

fn voxel(kind: &str) -> Option<Type> {
    Some(match kind {
        "unsigned_char" => Type::U8,
        "char" | "signed_char" => Type::I8,
        "unsigned_short" => Type::U16,
        "short" => Type::I16,
        "unsigned_int" => Type::U32,
        "int" => Type::I32,
        "unsigned_long" | "vtktypeuint64" | "unsigned_long_long" => Type::U64,
        "long" | "vtktypeint64" | "long_long" => Type::I64,
        "float" => Type::F32,
        "double" => Type::F64,
        _ => return None,
    })
}

fn count(words: &[String], at: usize) -> Result<usize> {
    let number = words.get(at).and_then(|w| w.parse().ok());
    number.ok_or_else(|| Error::corrupt("VTK file").found(format_args!("{:?}", words.join(" "))).expected("a whole number in it").help("the file is damaged or cut off"))
}

fn three<T: std::str::FromStr>(words: &[String]) -> Result<[T; 3]> {
    let numbers: Vec<T> = words[1..].iter().filter_map(|w| w.parse().ok()).collect();
    numbers.try_into().map_err(|_| Error::corrupt("VTK file").found(format_args!("{:?}", words.join(" "))).expected("three numbers"))
}
