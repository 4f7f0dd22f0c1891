//! Which entries of an archive are the scan.

use std::sync::Arc;

use isovox_volume::{Error, Result};
use serde_json::json;

use super::directory::Directory;
use super::inner::Inner;
use super::is_zip;
use crate::format::{FORMATS, Given, Scan};
use crate::input::{Archive, Input, natural};
use crate::open::{OpenOptions, open_given};
use crate::raw;

/// Bytes in which a header names its data files.
const HEADER: usize = 64 << 10;

/// Formats whose files are slices when a folder holds several.
const SLICES: [&str; 6] = ["dicom", "tiff", "sequence", "png", "jpeg", "bmp"];

/// An entry that some format knows.
struct Candidate {
    input: Input,
    format: &'static str,
}

impl Candidate {
    fn folder(&self) -> &str {
        self.input.name().rfind('/').map_or("", |i| &self.input.name()[..i])
    }

    /// The name without `.hdr`, `.img.gz` and so on.
    fn stem(&self) -> &str {
        let name = self.input.name().trim_end_matches(".gz");
        name.rfind('.').map_or(name, |i| &name[..i])
    }

    fn ends(&self, ending: &str) -> bool {
        self.input.ends(ending) || self.input.ends(&format!("{ending}.gz"))
    }
}

/// Opens the one scan of an archive; several are an error that names them.
pub(super) fn open(input: &Input, options: &OpenOptions) -> Result<Scan> {
    let directory = Arc::new(Directory::open(input, options.temp.clone())?);
    let (given, entry) = choose(&directory, options)?;
    let scan = open_given(given, options)?;
    let mut header = scan.source.header().clone();
    header.meta.insert("zip".into(), json!({"entry": entry, "format": scan.format}));
    if !directory.skipped().is_empty() {
        header.warnings.push(format!("skipped in the archive: {}", directory.skipped().join(", ")));
    }
    Ok(Scan { format: "zip", source: Arc::new(Inner::new(scan.source, header)), files: vec![input.clone()], provenance: scan.provenance })
}

/// The inputs to open, and what they are called in metadata.
fn choose(directory: &Arc<Directory>, options: &OpenOptions) -> Result<(Given, String)> {
    if directory.names().iter().any(|n| [".zgroup", ".zattrs", ".zarray", "zarr.json"].contains(&n.rsplit('/').next().unwrap_or(n))) {
        return Err(Error::unsupported("a Zarr store in a ZIP archive").help("unpack it and open the folder"));
    }
    let mut found = candidates(directory, options)?;
    drop_data_files(&mut found)?;
    match &found[..] {
        [] => Err(nothing(directory)),
        [one] => Ok((Given::One(one.input.clone()), one.input.name().into())),
        [first, ..] if slices(&found, options.raw.whole()) => {
            let named = if first.folder().is_empty() { "*".into() } else { format!("{}/*", first.folder()) };
            Ok((Given::Many(found.into_iter().map(|c| c.input).collect()), named))
        }
        _ => Err(several(&found)),
    }
}

fn candidates(directory: &Arc<Directory>, options: &OpenOptions) -> Result<Vec<Candidate>> {
    let mut names = directory.names();
    names.sort_by(|a, b| natural(a, b));
    let mut found = Vec::new();
    for name in names {
        let input = directory.clone().entry(&name)?;
        if input.is_empty() {
            continue;
        }
        let head = input.head(512)?;
        if is_zip(&head) && !input.ends("npz") {
            return Err(Error::unsupported(format_args!("an archive in the archive, {name:?},")).help("unpack it first"));
        }
        let given = Given::One(input.clone());
        let known = if options.raw.whole() { None } else { FORMATS.iter().find(|f| f.recognises(&given, &head)).map(|f| f.name()) };
        // A headerless entry counts where its size is said; by its ending alone any .dat or .bin would.
        let format = known.filter(|&name| name != raw::NAME).or_else(|| raw::described(&input, options).then_some(raw::NAME));
        found.extend(format.map(|format| Candidate { input, format }));
    }
    Ok(found)
}

/// Leaves out what another candidate is the header of: its text names it, or they are a `.hdr` and its `.img`.
fn drop_data_files(found: &mut Vec<Candidate>) -> Result<()> {
    let mut headers = Vec::new();
    for candidate in found.iter().filter(|c| c.format != raw::NAME || c.input.ends("vgi")) {
        if candidate.input.len() <= HEADER as u64 {
            headers.push((candidate.input.name().to_string(), candidate.input.head(HEADER)?));
        }
    }
    let names = |data: &Candidate| {
        let base = data.input.name().rsplit('/').next().unwrap_or_default().as_bytes();
        headers.iter().any(|(name, text)| name != data.input.name() && text.windows(base.len()).any(|w| w == base))
    };
    let pair = |data: &Candidate| data.ends("img") && found.iter().any(|c| c.ends("hdr") && c.stem() == data.stem());
    let mut keep: Vec<bool> = found.iter().map(|c| !names(c) && !pair(c)).rev().collect();
    found.retain(|_| keep.pop().unwrap_or(true));
    Ok(())
}

/// Whether all are slices of one folder (DICOM says by itself which files belong together).
fn slices(found: &[Candidate], whole: bool) -> bool {
    let first = &found[0];
    let anywhere = first.format == "dicom";
    // Headerless entries are candidates by their own description, or all of them by the user's: then they are slices.
    let known = |c: &Candidate| SLICES.contains(&c.format) || (c.format == raw::NAME && whole);
    found.iter().all(|c| c.format == first.format && known(c) && (anywhere || c.folder() == first.folder()))
}

fn nothing(directory: &Directory) -> Error {
    let names = directory.names();
    let found = match names.len() {
        0 => "no file".into(),
        1..=5 => names.join(", "),
        n => format!("{}, and {} more", names[..5].join(", "), n - 5),
    };
    Error::unsupported("an archive without a volume image that isovox knows").found(found).help("raw data need --size XxYxZ --type u8..f64")
}

fn several(found: &[Candidate]) -> Error {
    let mut list: Vec<String> = found.iter().take(10).map(|c| format!("{} ({})", c.input.name(), c.format)).collect();
    if found.len() > list.len() {
        list.push(format!("and {} more", found.len() - list.len()));
    }
    Error::unsupported("an archive of several volumes").found(list.join(", ")).expected("one").help("unpack it and open one of them")
}
