//! Bytes to read from: a file, or an entry of an archive; and the files beside it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_volume::error::At;
use isovox_volume::{Error, Result};

/// Bytes that any thread may read at any place.
pub trait ReadAt: Send + Sync {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `out` from byte `at`; fails when the bytes end before.
    fn read_at(&self, at: u64, out: &mut [u8]) -> std::io::Result<()>;
}

/// Files kept open at once; a series of thousands of slices would use up what a process may hold.
const MOST_OPEN: usize = 128;

static OPEN: AtomicUsize = AtomicUsize::new(0);

struct OnDisk {
    /// `None` for files beyond [`MOST_OPEN`]: they are opened for each read.
    file: Option<File>,
    path: PathBuf,
    len: u64,
}

impl OnDisk {
    fn new(file: File, path: &Path, len: u64) -> OnDisk {
        let keep = OPEN.fetch_add(1, Ordering::Relaxed) < MOST_OPEN;
        if !keep {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        OnDisk { file: keep.then_some(file), path: path.to_path_buf(), len }
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if self.file.is_some() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl ReadAt for OnDisk {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> std::io::Result<()> {
        match &self.file {
            Some(file) => read_exact_at(file, at, out),
            None => read_exact_at(&File::open(&self.path)?, at, out),
        }
    }
}

#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, at: u64, out: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, at)
}

#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut at: u64, mut out: &mut [u8]) -> std::io::Result<()> {
    while !out.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, out, at)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        at += n as u64;
        out = &mut out[n..];
    }
    Ok(())
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        Vec::len(self) as u64
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> std::io::Result<()> {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let part = from.checked_add(out.len()).and_then(|to| self.get(from..to)).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(part);
        Ok(())
    }
}

/// Entries of an archive, by name.
pub trait Archive: Send + Sync {
    /// Names of its files, `/` between folders, in archive order.
    fn names(&self) -> Vec<String>;

    /// One of them.
    fn entry(self: Arc<Self>, name: &str) -> Result<Input>;
}

/// Where an input's neighbours are.
#[derive(Clone)]
pub enum Place {
    /// Files of a folder.
    Folder(PathBuf),
    /// Entries of an archive.
    Archive(Arc<dyn Archive>),
    /// Nowhere: bytes alone.
    Alone,
}

/// Bytes with a name and a place.
#[derive(Clone)]
pub struct Input {
    name: String,
    path: PathBuf,
    place: Place,
    bytes: Arc<dyn ReadAt>,
}

impl Input {
    /// A regular file; folders, devices and pipes are refused.
    pub fn file(path: &Path) -> Result<Input> {
        let kind = std::fs::metadata(path).at(path)?;
        if !kind.is_file() {
            return Err(Error::unsupported("not a regular file").within(path));
        }
        let file = File::open(path).at(path)?;
        let len = file.metadata().at(path)?.len();
        Ok(Input::on(path, OnDisk::new(file, path, len)))
    }

    /// A regular file that is opened when it is read.
    pub(crate) fn unopened(path: &Path, len: u64) -> Input {
        let bytes = OnDisk { file: None, path: path.to_path_buf(), len };
        Input::on(path, bytes)
    }

    fn on(path: &Path, bytes: OnDisk) -> Input {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Input { name, path: path.to_path_buf(), place: Place::Folder(folder_of(path).to_path_buf()), bytes: Arc::new(bytes) }
    }

    /// An entry of an archive; `path` names the archive.
    pub fn entry(name: &str, path: &Path, archive: Arc<dyn Archive>, bytes: Arc<dyn ReadAt>) -> Input {
        Input { name: name.into(), path: path.to_path_buf(), place: Place::Archive(archive), bytes }
    }

    /// Bytes alone, as tests and fuzzers have them.
    pub fn bytes(name: &str, bytes: Vec<u8>) -> Input {
        Input { name: name.into(), path: PathBuf::from(name), place: Place::Alone, bytes: Arc::new(bytes) }
    }

    /// Its base name (an archive entry: with folders).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path; for an entry the archive's.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a file of its own.
    pub fn on_disk(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }

    /// How many bytes.
    pub fn len(&self) -> u64 {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name in lower case.
    pub fn lower(&self) -> String {
        self.name.to_lowercase()
    }

    /// Whether the name ends in `.` and this, whatever the case.
    pub fn ends(&self, ending: &str) -> bool {
        self.lower().ends_with(&format!(".{ending}"))
    }

    /// Fills `out` from byte `at`.
    pub fn read_at(&self, at: u64, out: &mut [u8]) -> Result<()> {
        self.bytes.read_at(at, out).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::corrupt("data")
                .found(format_args!("{} bytes", self.len()))
                .expected(format_args!("{}", at + out.len() as u64))
                .help("the file is cut off; copy it again")
                .within(&self.path),
            std::io::ErrorKind::InvalidData => Error::corrupt(&e).help("the file is damaged; copy it again").within(&self.path),
            _ => Error::io(&e, &self.path),
        })
    }

    /// The first bytes, at most `most`.
    pub fn head(&self, most: usize) -> Result<Vec<u8>> {
        let mut head = vec![0; most.min(self.len() as usize)];
        self.read_at(0, &mut head)?;
        Ok(head)
    }

    /// All bytes; refused over `most`.
    pub fn all(&self, most: u64) -> Result<Vec<u8>> {
        if self.len() > most {
            return Err(Error::corrupt("file").found(format_args!("{} bytes", self.len())).expected(format_args!("at most {most}")).within(&self.path));
        }
        self.head(self.len() as usize)
    }

    /// A reader from byte `from` on, for libraries that want one.
    pub fn reader(&self, from: u64) -> Reader {
        Reader::new(self.bytes.clone(), from)
    }

    /// Its bytes without name and place, as an archive holds on to them.
    pub(crate) fn shared(&self) -> Arc<dyn ReadAt> {
        self.bytes.clone()
    }

    /// Names of the files beside it, in natural order.
    pub fn beside(&self) -> Vec<String> {
        match &self.place {
            Place::Folder(folder) => {
                let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
                let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
                names.sort_by(|a, b| natural(a, b));
                names
            }
            Place::Archive(archive) => {
                let folder = self.name.rfind('/').map_or("", |i| &self.name[..=i]);
                archive.names().iter().filter_map(|n| n.strip_prefix(folder)).filter(|n| !n.contains('/')).map(String::from).collect()
            }
            Place::Alone => Vec::new(),
        }
    }

    /// A data file that this header names; anywhere on the disk where the user allows it.
    pub(crate) fn data_file(&self, name: &str, outside: bool) -> Result<Input> {
        match &self.place {
            Place::Folder(folder) if outside && !name.is_empty() && !name.contains('\0') => Input::file(&folder.join(name)),
            Place::Folder(_) if !inside(name) => {
                Err(self.leaves(name).help("move the data file beside the header and name it without a folder, or give --allow-outside if you trust the header"))
            }
            _ => self.sibling(name),
        }
    }

    fn leaves(&self, name: &str) -> Error {
        Error::corrupt(format_args!("data file {name:?}")).expected("a file in the header's own folder").within(&self.path)
    }

    /// A file beside it (or below): names that leave the folder are refused.
    pub fn sibling(&self, name: &str) -> Result<Input> {
        if !inside(name) {
            return Err(self.leaves(name).help("move the file beside the one that names it"));
        }
        match &self.place {
            Place::Folder(folder) => Input::file(&folder.join(name)).map_err(|e| e.help(format_args!("{} names it; both must lie side by side", self.name))),
            Place::Archive(archive) => {
                let folder = self.name.rfind('/').map_or("", |i| &self.name[..=i]);
                archive.clone().entry(&format!("{folder}{name}"))
            }
            Place::Alone => Err(Error::not_found(format_args!("data file {name:?}"))),
        }
    }
}

/// The folder that a path lies in; `.` for a name alone.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a name stays in its folder.
fn inside(name: &str) -> bool {
    use std::path::Component::{CurDir, Normal};
    !name.is_empty() && !name.contains('\0') && Path::new(name).components().all(|c| matches!(c, Normal(_) | CurDir))
}

/// Reads and seeks through an [`Input`].
pub struct Reader {
    bytes: Arc<dyn ReadAt>,
    at: u64,
    len: u64,
}

impl Reader {
    /// Bytes from `at` to their end.
    pub(crate) fn new(bytes: Arc<dyn ReadAt>, at: u64) -> Reader {
        let len = bytes.len();
        Reader { bytes, at, len }
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(self.len.saturating_sub(self.at) as usize);
        self.bytes.read_at(self.at, &mut out[..n])?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.len.checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Order of names as people count: digits by their number, the rest by letter.
pub fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => return std::cmp::Ordering::Equal,
            (true, false) => return std::cmp::Ordering::Less,
            (false, true) => return std::cmp::Ordering::Greater,
            (false, false) => {}
        }
        let (pa, pb) = (piece(a), piece(b));
        let order = match (is_digit(pa), is_digit(pb)) {
            (true, true) => {
                let (na, nb) = (pa.trim_start_matches('0'), pb.trim_start_matches('0'));
                na.len().cmp(&nb.len()).then_with(|| na.cmp(nb)).then_with(|| pa.len().cmp(&pb.len()))
            }
            _ => pa.cmp(pb),
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (&a[pa.len()..], &b[pb.len()..]);
    }
}

fn is_digit(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_ascii_digit())
}

fn piece(text: &str) -> &str {
    let digit = is_digit(text);
    &text[..text.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats that do not take the flag must not advise it.
    #[test]
    fn a_name_outside_is_refused_with_what_helps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h");
        std::fs::write(&path, "x").unwrap();
        let header = Input::file(&path).unwrap();
        let told = |opened: Result<Input>| opened.map(|_| ()).unwrap_err().next_step().unwrap_or_default().to_string();
        assert!(told(header.data_file("../a", false)).contains("--allow-outside"));
        assert!(!told(header.sibling("../a")).contains("--allow-outside") && told(header.sibling("../a")).contains("beside"));
        assert!(!told(Input::bytes("h", Vec::new()).data_file("../a", false)).contains("--allow-outside"));
    }

    #[test]
    fn names_sort_as_people_count() {
        let mut names = vec!["s10.tif", "s9.tif", "s1.tif", "s01.tif", "a", "s1b.tif"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "s1.tif", "s1b.tif", "s01.tif", "s9.tif", "s10.tif"]);
    }
}
