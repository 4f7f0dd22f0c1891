//! Which entries of an archive are the scan.

use std::collections::BTreeSet;
use std::sync::Arc;

use isovox_volume::{Error, Result};
use serde_json::json;

use super::directory::Directory;
use super::is_zip;
use crate::FORMATS;
use crate::format::{Given, Scan};
use crate::inner::Inner;
use crate::input::{Archive, Input, natural};
use crate::open::{OpenOptions, open_given};
use crate::{raw, zarr};

/// Endings of texts that name data files.
const HEADERS: [&str; 3] = ["mhd", "nhdr", "vgi"];

/// The longest of them that is read.
const HEADER: u64 = 64 << 10;

/// Formats of pictures, which are slices when a folder holds several.
const PICTURES: [&str; 2] = ["tiff", "sequence"];

/// The format whose slices may lie in any folder.
const DICOM: &str = "dicom";

/// What archives of other programs hold beside their own files, and what they are.
const DOCUMENTS: [(&str, &str); 3] =
    [("mimetype", "an OpenDocument or the like"), ("[Content_Types].xml", "an Office document or the like"), ("META-INF/MANIFEST.MF", "a Java program")];

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
    let (directory, given, entry) = inside(input, options)?;
    let scan = open_given(given, options)?;
    let mut header = scan.source.header().clone();
    header.meta.insert("zip".into(), json!({"entry": entry, "format": scan.format}));
    if !directory.skipped().is_empty() {
        header.warnings.push(format!("skipped in the archive: {}", directory.skipped().join(", ")));
    }
    Ok(Scan { format: "zip", source: Arc::new(Inner::new(scan.source, header)), files: vec![input.clone()], provenance: scan.provenance })
}

/// The inputs of the one scan, and what they are called in metadata.
pub(super) fn inside(input: &Input, options: &OpenOptions) -> Result<(Arc<Directory>, Given, String)> {
    let directory = Arc::new(Directory::open(input, options.temp.clone())?);
    no_document(&directory)?;
    let (given, entry) = choose(&directory, options)?;
    Ok((directory, given, entry))
}

/// Refuses what is a ZIP for its program's own ends: its pictures are thumbnails and illustrations.
fn no_document(directory: &Arc<Directory>) -> Result<()> {
    let Some((mark, what)) = DOCUMENTS.into_iter().find(|(mark, _)| directory.names().iter().any(|name| name == mark)) else { return Ok(()) };
    let kind = directory.clone().entry("mimetype").and_then(|input| input.head(100)).unwrap_or_default();
    let kind = String::from_utf8_lossy(&kind).trim().to_string();
    Err(Error::unsupported(format_args!("{what}, no archive of a scan"))
        .found(if kind.is_empty() { mark.into() } else { kind })
        .help("export the image from the program that wrote it, and open that"))
}

fn choose(directory: &Arc<Directory>, options: &OpenOptions) -> Result<(Given, String)> {
    let mut found = candidates(directory, options)?;
    drop_data_files(&mut found)?;
    // As in a folder: pictures beside a series are named, and no slices.
    if found.iter().any(|c| c.format == DICOM) {
        found.retain(|c| !PICTURES.contains(&c.format));
    }
    match &found[..] {
        [] => Err(nothing(directory)),
        [one] => Ok((Given::One(one.input.clone()), one.input.name().into())),
        [first, ..] if slices(&found, options.raw.whole()) => {
            let named = if first.folder().is_empty() { "*".into() } else { format!("{}/*", first.folder()) };
            Ok((Given::Many(together(directory, first)?), named))
        }
        _ => Err(several(&found)),
    }
}

fn candidates(directory: &Arc<Directory>, options: &OpenOptions) -> Result<Vec<Candidate>> {
    let mut names = directory.names();
    names.sort_by(|a, b| natural(a, b));
    let stores = zarr::Stores::of(&names);
    let mut found = Vec::new();
    for name in &names {
        // A store is one scan, however many files it has.
        if stores.mark(name).is_some_and(|mark| mark != name) {
            continue;
        }
        let input = directory.clone().entry(name)?;
        if input.is_empty() {
            continue;
        }
        let head = input.head(512)?;
        // By its name too: an archive is found behind other bytes, and one can hold itself.
        if (is_zip(&head) || input.ends("zip")) && !input.ends("npz") {
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

/// Leaves out headerless entries that a header names, and the `.img` of a `.hdr`.
fn drop_data_files(found: &mut Vec<Candidate>) -> Result<()> {
    let mut named = BTreeSet::new();
    let headers = found.iter().filter(|c| HEADERS.iter().any(|e| c.input.ends(e)) && c.input.len() <= HEADER);
    for header in headers {
        let text = header.input.all(HEADER)?;
        let lines = String::from_utf8_lossy(&text).into_owned();
        let values = lines.lines().map(|line| line.rsplit(['=', ':']).next().unwrap_or_default());
        named.extend(values.map(|v| format!("{}/{}", header.folder(), v.trim())));
    }
    let pairs: BTreeSet<String> = found.iter().filter(|c| c.ends("hdr")).map(|c| c.stem().to_string()).collect();
    found.retain(|c| {
        let base = c.input.name().rsplit('/').next().unwrap_or_default();
        let data = c.format == raw::NAME && named.contains(&format!("{}/{base}", c.folder()));
        let image = c.ends("img") && pairs.contains(c.stem());
        !data && !image
    });
    Ok(())
}

/// Whether all are slices of one folder (DICOM says by itself which files belong together). Headerless entries are
/// slices when the user says what they all are; each by its own description is a volume.
fn slices(found: &[Candidate], whole: bool) -> bool {
    let first = &found[0];
    let picture = |c: &Candidate| PICTURES.contains(&c.format) && c.folder() == first.folder();
    let dicom = |c: &Candidate| c.format == DICOM;
    let headerless = |c: &Candidate| whole && c.format == raw::NAME && c.folder() == first.folder();
    found.iter().all(picture) || found.iter().all(dicom) || found.iter().all(headerless)
}

/// All files of the slices' folder: one that cannot be read must not go missing without a word.
fn together(directory: &Arc<Directory>, first: &Candidate) -> Result<Vec<Input>> {
    let beside = |name: &String| first.format == DICOM || name.rfind('/').map_or("", |i| &name[..i]) == first.folder();
    directory.names().into_iter().filter(beside).map(|name| directory.clone().entry(&name)).collect()
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    /// Opens stores of one voxel, whose value is their number, among other files.
    fn opened(stores: &[&str], others: &[(&str, &[u8])]) -> Result<Scan> {
        let meta = json!({"zarr_format": 2, "shape": [1, 1, 1], "chunks": [1, 1, 1], "dtype": "|u1", "compressor": null, "fill_value": 0, "order": "C", "filters": null});
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let mut add = |name: String, bytes: &[u8]| {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        };
        for (number, folder) in stores.iter().enumerate() {
            add(format!("{folder}0.0.0"), &[number as u8]);
            add(format!("{folder}.zattrs"), b"{}");
            add(format!("{folder}.zarray"), meta.to_string().as_bytes());
            // What lies in a store belongs to it.
            add(format!("{folder}labels/a.npy"), b"\x93NUMPY");
            add(format!("{folder}labels/.zgroup"), b"{}");
        }
        others.iter().for_each(|(name, bytes)| add((*name).into(), bytes));
        open(&Input::bytes("a.zip", zip.finish().unwrap().into_inner()), &OpenOptions::default())
    }

    #[test]
    fn one_store_is_a_scan_and_several_are_named() {
        for folder in ["", "a/b.zarr/"] {
            let scan = opened(&[folder], &[]).unwrap();
            assert_eq!(scan.source.header().meta["zip"], json!({"entry": format!("{folder}.zarray"), "format": "zarr"}));
        }
        assert!(opened(&["a.zarr/"], &[("b.txt", b"words")]).is_ok());
        let error = opened(&["one.zarr/", "two.zarr/"], &[("scan.mha", b"ObjectType = Image\n")]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("several volumes") && ["one.zarr/.zarray (zarr)", "two.zarr/.zarray (zarr)", "scan.mha (metaimage)"].iter().all(|n| error.contains(n)), "{error}");
        // A name that begins as a store's is not in it.
        assert!(opened(&["a.zarr/"], &[("a.zarr.mha", b"ObjectType = Image\n")]).map(|_| ()).unwrap_err().to_string().contains("a.zarr.mha"));
    }
}
