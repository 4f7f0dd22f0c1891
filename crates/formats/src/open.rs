//! Opening and creating by content and name.

use std::path::{Path, PathBuf};

use isovox_volume::{Error, Header, Result, Sink, Type};

use crate::FORMATS;
use crate::dicom;
use crate::format::{Format, Given, Scan, Target};
use crate::input::{Input, natural};
use crate::known;
use crate::raw::{self, Raw};
use crate::zip;

/// Which of a NIfTI file's affines is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AffineChoice {
    /// sform when its code is positive, else qform when its code is, else the spacing alone.
    #[default]
    File,
    /// The sform.
    Sform,
    /// The qform.
    Qform,
    /// The spacing alone.
    Pixdim,
}

/// What takes the place of padding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// Air, -1024 HU.
    Air,
    /// A value, in the volume's unit.
    Value(f64),
}

/// What the user says of a headerless file.
#[derive(Clone, Debug, Default)]
pub struct RawOptions {
    /// `[z, y, x]`.
    pub size: Option<[usize; 3]>,
    /// The stored type.
    pub voxel: Option<Type>,
    /// Big-endian bytes.
    pub big_endian: Option<bool>,
    /// Bytes before the first voxel.
    pub offset: Option<u64>,
    /// Bytes between planes.
    pub gap: Option<u64>,
}

impl RawOptions {
    /// Whether they say all that a headerless file needs: then nothing else is looked at.
    pub fn whole(&self) -> bool {
        self.size.is_some() && self.voxel.is_some()
    }
}

/// How a scan is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// For headerless files.
    pub raw: RawOptions,
    /// Whether stored white is zero and values are to be inverted (raw, TIFF).
    pub white_is_zero: bool,
    /// For NIfTI.
    pub affine: AffineChoice,
    /// Where large archive entries are unpacked.
    pub temp: Option<PathBuf>,
    /// For DICOM: which of several series, by UID, number or a text of its description.
    pub series: Option<String>,
    /// For DICOM: what fills padding; voxels stay as they are without it.
    pub padding: Option<Padding>,
}

impl OpenOptions {
    /// The flags that were given, of those that say how voxels are stored.
    fn said(&self) -> Vec<&'static str> {
        let raw = &self.raw;
        let given = [
            ("size", raw.size.is_some()),
            ("endian", raw.big_endian.is_some()),
            ("offset", raw.offset.is_some()),
            ("gap", raw.gap.is_some()),
            ("white-is-zero", self.white_is_zero),
            ("affine", self.affine != AffineChoice::File),
            ("series", self.series.is_some()),
            ("padding", self.padding.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}

/// Opens what the user points at: a file, several files, a folder or a glob.
pub fn open(paths: &[PathBuf], options: &OpenOptions) -> Result<Scan> {
    let given = given(paths)?;
    open_given(given, options)
}

/// Opens inputs that are already found (an archive's entries too).
pub fn open_given(given: Given, options: &OpenOptions) -> Result<Scan> {
    let head = match &given {
        Given::One(input) if input.is_empty() => {
            return Err(Error::corrupt("the file is empty").help("copy it again").within(input.path()));
        }
        Given::One(input) => input.head(512)?,
        Given::Many(_) => Vec::new(),
    };
    let raw = options.raw.whole() && !zip::is_zip(&head);
    let found = if raw { Some(&(&Raw as &dyn Format)) } else { FORMATS.iter().find(|f| f.recognises(&given, &head)) };
    let Some(format) = found else { return Err(known::refused(&given, &head)) };
    // Raw data are known by their name alone, which a file of another format may have too.
    if let (false, true, Given::One(input)) = (raw, format.name() == raw::NAME, &given)
        && let Some(error) = known::named(input, &head)
    {
        return Err(error.within(input.path()));
    }
    meaningful(*format, options).map_err(|e| given.first().map_or(e.clone(), |i| e.within(i.path())))?;
    format.open(given, options)
}

/// The DICOM series among what the user points at; empty where it is something else.
pub fn series(paths: &[PathBuf]) -> Result<Vec<dicom::Series>> {
    let given = given(paths)?;
    let head = if let Given::One(input) = &given { input.head(512)? } else { Vec::new() };
    if dicom::Dicom.recognises(&given, &head) { dicom::list(given) } else { Ok(Vec::new()) }
}

/// Refuses flags that say what the format's own header says.
fn meaningful(format: &dyn Format, options: &OpenOptions) -> Result<()> {
    match options.said().into_iter().find(|flag| !format.takes().contains(flag)) {
        None => Ok(()),
        Some(flag) => {
            let mut others: Vec<&str> = FORMATS.iter().filter(|f| f.name() != "zip" && f.takes().contains(&flag)).map(|f| f.name()).collect();
            others.dedup();
            Err(Error::parameter(format_args!("--{flag} says nothing of a {} file", format.name()))
                .help(format_args!("leave it out: it has a meaning for {}", others.join(" and "))))
        }
    }
}

fn given(paths: &[PathBuf]) -> Result<Given> {
    match paths {
        [] => Err(Error::parameter("no input").help("name a file, a folder or a glob")),
        [one] if one.is_dir() => folder(one),
        [one] if !one.exists() && one.to_string_lossy().contains(['*', '?']) => glob(one),
        [one] => Ok(Given::One(Input::file(one)?)),
        many if let Some(folder) = many.iter().find(|p| p.is_dir()) => {
            Err(Error::parameter("a folder among several inputs").expected("files, or one folder").help("name the folder alone, or its files with a glob").within(folder))
        }
        many => Ok(Given::Many(many.iter().map(|p| Input::file(p)).collect::<Result<_>>()?)),
    }
}

fn folder(path: &Path) -> Result<Given> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(path).map_err(|e| Error::io(&e, path))?.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    if files.is_empty() {
        return Err(Error::not_found("the folder holds no file").within(path));
    }
    // One slice beside what says how it was made is that slice.
    let slices: Vec<&PathBuf> = files.iter().filter(|f| f.file_name().is_none_or(|n| n != "provenance.json")).collect();
    if let [one] = slices[..] {
        return Ok(Given::One(Input::file(one)?));
    }
    Ok(Given::Many(files.iter().map(|p| Input::file(p)).collect::<Result<_>>()?))
}

fn glob(pattern: &Path) -> Result<Given> {
    let parent = pattern.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = pattern.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files: Vec<PathBuf> = std::fs::read_dir(parent)
        .map_err(|e| Error::io(&e, parent))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_file() && p.file_name().is_some_and(|n| wild(&name, &n.to_string_lossy())))
        .collect();
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    match files.len() {
        0 => Err(Error::not_found("no file matches").within(pattern)),
        1 => Ok(Given::One(Input::file(&files[0])?)),
        _ => Ok(Given::Many(files.iter().map(|p| Input::file(p)).collect::<Result<_>>()?)),
    }
}

/// Whether a name fits a pattern of `*` (any text) and `?` (one letter).
fn wild(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < n.len() {
        if i < p.len() && (p[i] == '?' || p[i] == n[j]) {
            (i, j) = (i + 1, j + 1);
        } else if i < p.len() && p[i] == '*' {
            star = Some((i, j));
            i += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (i, j) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    p[i..].iter().all(|&c| c == '*')
}

/// The format that writes a path, by its ending.
pub fn format_for(path: &Path) -> Result<&'static dyn Format> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let fits = |f: &&&dyn Format| f.endings().iter().any(|e| name.ends_with(&format!(".{e}")));
    let sequence = name.contains('#');
    let found = if sequence { FORMATS.iter().find(|f| f.name() == "sequence") } else { FORMATS.iter().find(fits) };
    found.copied().ok_or_else(|| {
        let known: Vec<String> = FORMATS.iter().filter(|f| f.name() != "sequence").flat_map(|f| f.endings()).map(|e| format!(".{e}")).collect();
        Error::parameter(format_args!("no format writes {name:?}")).expected(known.join(" ")).help("or DIR/slice_####.tif for a sequence of slices")
    })
}

/// Begins to write a volume; the format follows from the name.
pub fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    let format = format_for(&target.path)?;
    format.holds(header)?;
    format.create(target, header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wild_cards() {
        assert!(wild("s*_?.tif", "slice_1.tif"));
        assert!(wild("*", ""));
        assert!(!wild("s?.tif", "s10.tif"));
        assert!(wild("*a*b", "xxaxxb"));
    }
}
