//! Where the real scans are, and how a test reads all of one.

use std::path::{Path, PathBuf};

use isovox_formats::{OpenOptions, Scan};
use isovox_volume::{Result, Run, Source};
use sha2::{Digest, Sha256};

/// The folder of real scans: $`ISOVOX_DATA`, else beside the repository; says so when there is none.
pub fn data() -> Option<PathBuf> {
    let named = std::env::var_os("ISOVOX_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("real scans not run: set ISOVOX_DATA");
    None
}

/// Opens one file.
pub fn open(path: &Path) -> Result<Scan> {
    isovox_formats::open(&[path.to_path_buf()], &OpenOptions::default())
}

/// All voxels of all frames of a scan, native-endian, `[frame, z, y, x]`.
pub fn voxels(scan: &Scan) -> Result<Vec<u8>> {
    planes(scan.source.as_ref())
}

/// The same, of a source.
pub fn planes(source: &dyn Source) -> Result<Vec<u8>> {
    let run = Run::here();
    source.prepare(&run)?;
    let (nz, count) = (source.header().nz(), source.header().frames.count);
    let mut bytes = Vec::new();
    for frame in 0..count {
        bytes.extend_from_slice(source.open(&run, frame, 0..nz)?.pull(0..nz)?.data.bytes());
    }
    Ok(bytes)
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
