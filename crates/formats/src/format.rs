//! What a format is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use isovox_volume::{Error, Header, Result, Sink, Source};

use crate::inner::Inner;
use crate::input::Input;
use crate::open::OpenOptions;

/// What the user pointed at.
pub enum Given {
    /// One file.
    One(Input),
    /// Several: a folder's files, a glob's, or those named one by one; natural order is the format's task.
    Many(Vec<Input>),
}

impl Given {
    /// The first file.
    pub fn first(&self) -> Option<&Input> {
        match self {
            Given::One(input) => Some(input),
            Given::Many(inputs) => inputs.first(),
        }
    }
}

/// The one header that is meant: a file, or one of these endings given together with nothing but its data files.
pub(crate) fn header_among<'a>(given: &'a Given, headers: &[&str], data: &[&str]) -> Option<&'a Input> {
    let inputs = match given {
        Given::One(input) => return Some(input),
        Given::Many(inputs) => inputs,
    };
    let is = |input: &Input, endings: &[&str]| endings.iter().any(|e| input.ends(e));
    let mut found = inputs.iter().filter(|i| is(i, headers));
    let header = found.next()?;
    (found.next().is_none() && inputs.iter().all(|i| is(i, headers) || is(i, data))).then_some(header)
}

/// An opened scan.
pub struct Scan {
    /// The format's name in `info`.
    pub format: &'static str,
    /// Its planes.
    pub source: Arc<dyn Source>,
    /// The files that hold it, for hashing and so that none is written over.
    pub files: Vec<Input>,
    /// How it was made, when an earlier run wrote that inside.
    pub provenance: Option<serde_json::Value>,
}

impl Scan {
    /// The same, with something more that a careful user should know.
    #[must_use]
    pub fn warned(mut self, warning: String) -> Scan {
        let mut header = self.source.header().clone();
        header.warnings.push(warning);
        self.source = Arc::new(Inner::new(self.source, header));
        self
    }
}

/// Where a scan is to be written.
pub struct Target {
    /// The user's path.
    pub path: PathBuf,
    /// Whether an existing file may be replaced.
    pub force: bool,
    /// How the output was made (JSON), to be embedded where the format has room.
    pub provenance: Option<String>,
}

/// A file format.
pub trait Format: Sync {
    /// Its name in `info`, in lower case.
    fn name(&self) -> &'static str;

    /// Endings of its files, lower case without the first dot, the preferred one first.
    fn endings(&self) -> &'static [&'static str];

    /// Whether this is one of its files, by its first bytes (up to 512) or its name.
    fn recognises(&self, given: &Given, head: &[u8]) -> bool;

    /// Opens one: headers only, every claim checked against the bytes there are.
    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan>;

    /// Which of the flags that say how voxels are stored have a meaning here; the others are refused.
    fn takes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Files that writing a target may replace, or the folder of which it may replace any.
    fn writes(&self, target: &Path) -> Vec<PathBuf> {
        vec![target.to_path_buf()]
    }

    /// What its files do not keep of a volume that they hold, as a careful user should know.
    fn loses(&self, _header: &Header) -> Option<String> {
        None
    }

    /// Whether its files have room for provenance.
    fn embeds(&self) -> bool {
        false
    }

    /// Refuses what its files cannot hold, naming the step that resolves it.
    fn holds(&self, _header: &Header) -> Result<()> {
        Err(Error::unsupported(format_args!("writing {}", self.name())).help("write .nii.gz, .mha, .tif, .npy or .raw"))
    }

    /// Begins to write one.
    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        let _ = target;
        Err(self.holds(header).err().unwrap_or_else(|| Error::unsupported(format_args!("writing {}", self.name()))))
    }
}

/// Refuses a grid that one affine does not describe: a format that holds one affine cannot hold it.
pub fn even(header: &Header) -> Result<()> {
    header.even_or_kept()
}
