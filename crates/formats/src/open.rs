//! Opening and creating by content and name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::run::Progress;
use isovox_volume::{Error, Header, Result, Sink, Type};

use crate::FORMATS;
use crate::dicom;
use crate::format::{Format, Given, Scan, Target};
use crate::input::{Archive, Input, natural};
use crate::known;
use crate::raw::{self, Raw};
use crate::search;
use crate::{zarr, zip};

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
    /// Whether a header may name data files outside its own folder.
    pub allow_outside: bool,
    /// How many headers are read at a time; all threads of the machine where it is not said.
    pub threads: Option<usize>,
    /// Who is told of them.
    pub watch: Option<Watch>,
}

/// Told how far opening is.
#[derive(Clone)]
pub struct Watch(pub Progress);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
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
            ("allow-outside", self.allow_outside),
            ("padding", self.padding.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}

/// Opens what the user points at: a file, several files, a folder or a glob.
pub fn open(paths: &[PathBuf], options: &OpenOptions) -> Result<Scan> {
    let (given, skipped) = given(paths)?;
    let scan = open_given(given, options)?;
    Ok(if skipped.is_empty() { scan } else { scan.warned(format!("passed over: {}", skipped.join(", "))) })
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

/// The DICOM series among what the user points at, or in an archive; empty where it is something else.
pub fn series(paths: &[PathBuf]) -> Result<Vec<dicom::Series>> {
    series_of(given(paths)?.0)
}

fn series_of(given: Given) -> Result<Vec<dicom::Series>> {
    let head = if let Given::One(input) = &given { input.head(512)? } else { Vec::new() };
    match (FORMATS.iter().find(|f| f.recognises(&given, &head)).map(|f| f.name()), &given) {
        (Some(dicom::NAME), _) => dicom::list(given),
        (Some(zip::NAME), Given::One(input)) => series_of(zip::inside(input, &OpenOptions::default())?),
        _ => Ok(Vec::new()),
    }
}

/// The DICOM files that paths stand for, those of a folder's folders, of a DICOMDIR and of an archive too; and what else
/// lies there.
pub fn dicom_files(paths: &[PathBuf]) -> Result<(Vec<Input>, Vec<String>)> {
    let (given, mut skipped) = given(paths)?;
    let given = match given {
        Given::One(archive) if zip::is_zip(&archive.head(512)?) => {
            let entries = Arc::new(zip::Directory::open(&archive, None).at(archive.path())?);
            skipped.extend_from_slice(entries.skipped());
            let mut names = entries.names();
            names.sort_by(|a, b| natural(a, b));
            Given::Many(names.iter().map(|name| entries.clone().entry(name)).collect::<Result<_>>().at(archive.path())?)
        }
        other => other,
    };
    let (files, mut others) = dicom::tags::files(given)?;
    others.extend(skipped);
    Ok((files, others))
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

/// What paths stand for, and what of a folder is passed over.
fn given(paths: &[PathBuf]) -> Result<(Given, Vec<String>)> {
    let whole = |given: Given| (given, Vec::new());
    match paths {
        [] => Err(Error::parameter("no input").help("name a file, a folder or a glob")),
        [one] if one.is_dir() => folder(one),
        [one] if !one.exists() && one.to_string_lossy().contains(['*', '?']) => glob(one).map(whole),
        [one] => Ok(whole(Given::One(Input::file(one)?))),
        many if let Some(folder) = many.iter().find(|p| p.is_dir()) => {
            Err(Error::parameter("a folder among several inputs").expected("files, or one folder").help("name the folder alone, or its files with a glob").within(folder))
        }
        many => Ok(whole(Given::Many(many.iter().map(|p| Input::file(p)).collect::<Result<_>>()?))),
    }
}

/// A folder's files; where none of them is of another format, DICOM files of the folders below too.
fn folder(path: &Path) -> Result<(Given, Vec<String>)> {
    // A folder that says what it is, is one input.
    if let Some(mark) = zarr::mark(path) {
        return Ok((Given::One(mark), Vec::new()));
    }
    let here = search::within(path)?;
    let mut skipped = here.skipped;
    let other = |given: &Given| FORMATS.iter().find(|f| f.recognises(given, &[])).is_some_and(|f| f.name() != dicom::NAME);
    let top = together(&here.files, &mut skipped)?;
    if here.folders.is_empty() || top.as_ref().is_some_and(other) {
        return top.map(|given| (given, skipped)).ok_or_else(|| nothing(path));
    }
    let all = search::below(path)?;
    let mut passed = all.skipped;
    match together(&all.files, &mut passed)? {
        Some(given) if holds_dicom(&given) => Ok((given, passed)),
        _ => top.map(|given| (given, skipped)).ok_or_else(|| nothing(path)),
    }
}

fn nothing(path: &Path) -> Error {
    Error::not_found("the folder holds no file").help("name the folder that holds the scan").within(path)
}

fn holds_dicom(given: &Given) -> bool {
    match given {
        Given::One(input) => input.head(512).is_ok_and(|head| dicom::Dicom.recognises(given, &head)),
        Given::Many(_) => dicom::Dicom.recognises(given, &[]),
    }
}

/// Files as inputs; those that cannot be opened are passed over by name.
fn together(files: &[PathBuf], skipped: &mut Vec<String>) -> Result<Option<Given>> {
    let mut inputs = Vec::new();
    for path in files {
        match Input::file(path) {
            Ok(input) => inputs.push(input),
            Err(error) if files.len() > 1 => skipped.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    // One slice beside what says how it was made is that slice.
    let slices: Vec<&Input> = inputs.iter().filter(|i| i.name() != "provenance.json").collect();
    Ok(match slices[..] {
        _ if inputs.is_empty() => None,
        [one] => Some(Given::One(one.clone())),
        _ => Some(Given::Many(inputs)),
    })
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

    #[test]
    fn dicom_files_of_an_archive() {
        use ::zip::{ZipWriter, write::SimpleFileOptions};
        use isovox_testing::dicom::{EXPLICIT, ct, file};
        use std::io::Write;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.zip");
        let mut zip = ZipWriter::new(std::fs::File::create(&path).expect("a file"));
        for (name, bytes) in [("s/10.dcm", file(EXPLICIT, &ct(1.0, 2, [1, 1], &[5]))), ("s/9.dcm", file(EXPLICIT, &ct(0.0, 1, [1, 1], &[5]))), ("s/note.txt", b"no image".to_vec())]
        {
            zip.start_file(name, SimpleFileOptions::default()).expect("an entry");
            zip.write_all(&bytes).expect("an entry");
        }
        zip.finish().expect("an archive");
        let (files, others) = dicom_files(&[path]).expect("files");
        assert_eq!((files.iter().map(Input::name).collect::<Vec<_>>(), others), (vec!["s/9.dcm", "s/10.dcm"], vec!["s/note.txt".to_string()]));
        assert_eq!(dicom::tags::read(&files[1]).expect("a file")["00200013"]["Value"], serde_json::json!([2]));
    }
}
