//! BLAKE3 of inputs.

use isovox_formats::Input;
use isovox_volume::{Result, provenance};

/// Name, hash and length of each file.
pub fn inputs(files: &[Input]) -> Result<Vec<provenance::Input>> {
    files.iter().map(one).collect()
}

fn one(file: &Input) -> Result<provenance::Input> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < file.len() {
        let n = buffer.len().min((file.len() - at) as usize);
        file.read_at(at, &mut buffer[..n])?;
        hasher.update(&buffer[..n]);
        at += n as u64;
    }
    let name = file.path().file_name().map_or_else(|| file.name().to_string(), |n| n.to_string_lossy().into_owned());
    Ok(provenance::Input { name, blake3: hasher.finalize().to_hex().to_string(), bytes: file.len() })
}
