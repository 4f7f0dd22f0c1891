//! Which files belong together: a single file, or a header and its image, each plain or gzip.

use std::io::Read;
use std::path::{Path, PathBuf};

use isovox_volume::{Error, Result};

use super::header;
use crate::format::Given;
use crate::input::Input;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const HEADERS: [&str; 2] = ["hdr", "hdr.gz"];
const IMAGES: [&str; 2] = ["img", "img.gz"];

/// Whether these bytes begin a gzip stream.
pub(crate) fn gzip(head: &[u8]) -> bool {
    head.starts_with(&GZIP)
}

fn named(input: &Input, endings: &[&str]) -> bool {
    endings.iter().any(|e| input.ends(e))
}

/// The one file that is meant: alone, or with its other half.
pub(crate) fn chosen(given: &Given) -> Option<&Input> {
    match given {
        Given::One(input) => Some(input),
        Given::Many(inputs) => match &inputs[..] {
            [one] => Some(one),
            [a, b] if named(a, &HEADERS) && named(b, &IMAGES) && stem(a) == stem(b) => Some(a),
            [b, a] if named(a, &HEADERS) && named(b, &IMAGES) && stem(a) == stem(b) => Some(a),
            _ => None,
        },
    }
}

/// By signature (through gzip too), its own or that of the header beside an image, else by name.
pub(super) fn recognises(given: &Given, head: &[u8]) -> bool {
    let Some(input) = chosen(given) else { return false };
    let beside = || named(input, &IMAGES).then(|| partner(input, &HEADERS).ok()).flatten().and_then(|h| h.head(512).ok());
    // Of two files given together no first bytes are read yet.
    let own = if head.is_empty() { input.head(512).unwrap_or_default() } else { head.to_vec() };
    header::magic(&inflated(own)) || named(input, &["nii", "nii.gz"]) || beside().is_some_and(|h| header::magic(&inflated(h)))
}

/// Whether it is named as half of a pair, and is a header or has one beside it.
pub(crate) fn is_pair(input: &Input) -> bool {
    named(input, &HEADERS) || named(input, &IMAGES) && partner(input, &HEADERS).is_ok()
}

/// First bytes, through gzip where they are compressed.
fn inflated(head: Vec<u8>) -> Vec<u8> {
    if gzip(&head) { inflate(&head) } else { head }
}

/// As much of a header as the first bytes of a gzip stream give.
fn inflate(head: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A cut stream ends in an error after what it could give, which is all that is wanted here.
    let _ = flate2::read::GzDecoder::new(head).take(header::TWO as u64).read_to_end(&mut bytes);
    bytes
}

/// The path without `.hdr`, `.img.gz` and so on.
fn stem(input: &Input) -> PathBuf {
    let path = if input.on_disk() { input.path() } else { Path::new(input.name()) };
    let path = if input.ends("gz") { path.with_extension("") } else { path.to_path_buf() };
    path.with_extension("")
}

fn partner(input: &Input, endings: &[&str; 2]) -> Result<Input> {
    let stem = stem(input);
    let name = stem.file_name().ok_or_else(|| Error::not_found("no file name").within(input.path()))?;
    // Like beside like first: .hdr with .img, .hdr.gz with .img.gz, then the mixes.
    let order = if input.ends("gz") { [endings[1], endings[0]] } else { *endings };
    for ending in order.iter().flat_map(|e| [(*e).to_string(), e.to_uppercase()]) {
        let mut file = name.to_os_string();
        file.push(".");
        file.push(&ending);
        let found = if input.on_disk() { Input::file(&stem.with_file_name(&file)) } else { input.sibling(&file.to_string_lossy()) };
        if found.is_ok() {
            return found;
        }
    }
    let missing = format!("{}.{}", name.to_string_lossy(), endings[0]);
    Err(Error::not_found(format_args!("its other half, {missing} or {missing}.gz, is not beside it"))
        .help("a pair is a header (.hdr) and an image (.img); put both in one folder under one name")
        .within(input.path()))
}

/// The file that holds the header: this one, or the `.hdr` of an `.img` that holds none itself.
pub(crate) fn header_of(input: &Input) -> Result<Input> {
    if named(input, &IMAGES) && !header::magic(&inflated(input.head(512)?)) { partner(input, &HEADERS) } else { Ok(input.clone()) }
}

/// The image of a header.
pub(crate) fn image_of(header: &Input) -> Result<Input> {
    partner(header, &IMAGES)
}
