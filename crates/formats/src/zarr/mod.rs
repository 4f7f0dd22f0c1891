//! Zarr 2 and 3, plain arrays and OME-Zarr 0.4 and 0.5: folders, or the same in ZIP archives. The full size is opened.
//!
//! Sources: the Zarr specifications, versions 2 and 3 with its codecs, and the OME-NGFF specification. Every chunk is decoded
//! into no more than its metadata say, whatever its bytes claim.

mod array;
mod blosc;
mod codec;
mod lz;
mod multiscales;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;

use isovox_volume::{Error, Header, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;

/// Zarr.
pub struct Zarr;

/// Files that say what a folder of a store is, in the order they are looked for.
const MARKS: [&str; 4] = ["zarr.json", ".zarray", ".zattrs", ".zgroup"];

/// Attributes of our own: provenance, and the place where OME's scale and translation cannot say it.
const PROVENANCE: &str = "isovox";
const SPACE: &str = "isovox_space";
const AFFINE: &str = "isovox_affine_mm";

/// The mark of a folder that is a Zarr store, or a part of one.
pub(crate) fn mark(folder: &Path) -> Option<Input> {
    MARKS.iter().find_map(|name| Input::file(&folder.join(name)).ok())
}

/// The stores among an archive's entries, none within another: of each its mark, by its folder with a slash behind.
pub(crate) struct Stores<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Stores<'a> {
    pub(crate) fn of(names: &'a [String]) -> Stores<'a> {
        let split = |name: &'a String| name.split_at(name.rfind('/').map_or(0, |i| i + 1));
        let rank = |name: &'a String| MARKS.iter().position(|m| *m == split(name).1);
        let mut marked: Vec<&String> = names.iter().filter(|n| rank(n).is_some()).collect();
        marked.sort_by_key(|n| (n.matches('/').count(), rank(n)));
        let mut stores = Stores(BTreeMap::new());
        for name in marked {
            if stores.mark(name).is_none() {
                stores.0.insert(split(name).0, name);
            }
        }
        stores
    }

    /// The mark of the store that an entry lies in.
    pub(crate) fn mark(&self, name: &str) -> Option<&'a str> {
        // Nothing but a folder within it lies between a folder's name and those of its files.
        let (folder, mark) = self.0.range::<str, _>((Bound::Unbounded, Bound::Included(name))).next_back()?;
        name.starts_with(folder).then_some(*mark)
    }
}

impl Format for Zarr {
    fn name(&self) -> &'static str {
        "zarr"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ome.zarr", "zarr"]
    }

    fn recognises(&self, given: &Given, _head: &[u8]) -> bool {
        matches!(given, Given::One(input) if MARKS.contains(&input.name().rsplit('/').next().unwrap_or_default()))
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        match given {
            Given::One(input) => read::open(&input),
            Given::Many(_) => Err(Error::unsupported("several Zarr stores at once").help("open them one by one")),
        }
    }

    fn embeds(&self) -> bool {
        true
    }

    fn holds(&self, header: &Header) -> Result<()> {
        write::holds(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::create(target, header)
    }
}
