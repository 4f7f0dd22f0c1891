//! BLAKE3 of inputs, SHA-256 of voxels.

use std::ops::Range;

use isovox_formats::Input;
use isovox_volume::{Result, Run, Slab, Source, provenance};
use sha2::{Digest, Sha256};

use crate::sweep::{Cut, Work, sweep};

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

/// SHA-256 of all voxels of a prepared source as little-endian bytes, in order; lower-case hexadecimal.
pub fn voxels(run: &Run, source: &dyn Source) -> Result<String> {
    let header = source.header();
    run.begin("hashing", (header.nz() * header.frames.count) as u64);
    let mut hasher = Sha256::new();
    let cut = Cut::new(run, header, &[source], false);
    let cut = cut.at_most(cut.step);
    sweep(run, header.nz(), &[source], 0..header.frames.count, cut, &Hashing, |slabs| {
        slabs.iter().for_each(|s| hasher.update(s.data.bytes()));
        Ok(())
    })?;
    Ok(hasher.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Gives the planes that were pulled.
struct Hashing;

impl Work for Hashing {
    type State = Vec<Slab>;
    type Part = Vec<Slab>;

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<Vec<Slab>> {
        Ok(Vec::new())
    }

    fn step(&self, slabs: &mut Vec<Slab>, _frame: usize, _z: Range<usize>, pulled: &[Slab]) -> Result<()> {
        slabs.extend(pulled.iter().cloned());
        Ok(())
    }

    fn end(&self, slabs: Vec<Slab>) -> Result<Vec<Slab>> {
        Ok(slabs)
    }
}
