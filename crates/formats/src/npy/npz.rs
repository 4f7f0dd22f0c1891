//! Opening `.npz`: the one array of three or more axes.

use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Result};

use super::header::Head;
use super::read;
use crate::format::Scan;
use crate::input::{Archive, Input};
use crate::open::OpenOptions;
use crate::zip::Directory;

/// A named array of the archive.
struct Array {
    name: String,
    input: Input,
    head: Head,
}

pub(super) fn open(input: &Input, options: &OpenOptions) -> Result<Scan> {
    open_one(input, options).at(input.path())
}

fn open_one(input: &Input, options: &OpenOptions) -> Result<Scan> {
    let directory = Arc::new(Directory::open(input, options.temp.clone())?);
    let arrays = arrays(&directory)?;
    let mut volumes = arrays.iter().filter(|a| a.head.shape.len() >= 3);
    let (Some(volume), None) = (volumes.next(), volumes.next()) else { return Err(choose(&arrays)) };
    let source = read::source(&volume.input, &volume.head, others(volume, &arrays))?;
    Ok(Scan { format: "npy", source, files: vec![input.clone()], provenance: None })
}

fn arrays(directory: &Arc<Directory>) -> Result<Vec<Array>> {
    let array = |entry: String| {
        let input = directory.clone().entry(&entry)?;
        let head = Head::read(&input)?;
        Ok(Array { name: entry.trim_end_matches(".npy").into(), input, head })
    };
    directory.names().into_iter().filter(|n| n.strip_suffix(".npy").is_some()).map(array).collect()
}

fn choose(arrays: &[Array]) -> Error {
    let list: Vec<String> = arrays.iter().map(|a| format!("{} {}", a.name, a.head.sides())).collect();
    let found = if list.is_empty() { "no array".into() } else { list.join("; ") };
    Error::unsupported("arrays of which none is the volume for certain")
        .found(found)
        .expected("one array of three or more axes")
        .help("save the one: numpy.save(\"volume.npy\", numpy.load(name)[\"key\"])")
}

/// Arrays beside the volume are named: what they say of it (a spacing, a label) is not guessed.
fn others(volume: &Array, arrays: &[Array]) -> Vec<String> {
    let beside: Vec<String> = arrays.iter().filter(|a| a.name != volume.name).map(|a| format!("{} {}", a.name, a.head.sides())).collect();
    if beside.is_empty() { Vec::new() } else { vec![format!("array {} is the volume; not read: {}", volume.name, beside.join(", "))] }
}
