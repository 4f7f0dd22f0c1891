//! Binary STL: 80 bytes of text, a count, 50 bytes a triangle (normal, three vertices, two unused bytes), little endian.

use std::path::{Path, PathBuf};

use isovox_volume::mesh::{MeshSink, Piece, normal, numbered};
use isovox_volume::{Result, World};

use super::{MeshFile, said};
use crate::staged::Staged;

const TEXT: usize = 80;
const HEAD: u64 = 84;
const TRIANGLE: usize = 50;

/// Bytes that are put together before they are written.
const CHUNK: usize = 1 << 20;

pub(super) struct Stl {
    file: Staged,
    count: usize,
    chunk: Vec<u8>,
}

impl Stl {
    pub(super) fn create(target: &Path, force: bool, world: World) -> Result<Stl> {
        let file = Staged::create(target, force)?;
        // Text that began with "solid" would be taken for the other kind of STL.
        let mut text = format!("isovox {}, binary STL, {}", env!("CARGO_PKG_VERSION"), said(world)).into_bytes();
        text.resize(TEXT, b' ');
        file.write_at(0, &text)?;
        Ok(Stl { file, count: 0, chunk: Vec::with_capacity(CHUNK + TRIANGLE) })
    }

    fn write(&mut self) -> Result<()> {
        let end = HEAD + (self.count * TRIANGLE) as u64;
        self.file.write_at(end - self.chunk.len() as u64, &self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl MeshSink for Stl {
    fn piece(&mut self, piece: &Piece) -> Result<()> {
        numbered(self.count + piece.triangles.len(), "triangles in an STL file")?;
        for triangle in &piece.triangles {
            let [a, b, c] = triangle.map(|i| piece.vertices[i as usize]);
            let n = normal(a, b, c);
            let length = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
            let unit = n.map(|v| if length > 0.0 { v / length } else { 0.0 });
            let mut bytes = [0; TRIANGLE];
            let numbers = [unit, a, b, c];
            bytes.chunks_exact_mut(4).zip(numbers.as_flattened()).for_each(|(b, v)| b.copy_from_slice(&(*v as f32).to_le_bytes()));
            self.chunk.extend_from_slice(&bytes);
            self.count += 1;
            if self.chunk.len() >= CHUNK {
                self.write()?;
            }
        }
        Ok(())
    }
}

impl MeshFile for Stl {
    fn finish(mut self: Box<Self>) -> Result<PathBuf> {
        self.write()?;
        self.file.write_at(TEXT as u64, &numbered(self.count, "triangles in an STL file")?.to_le_bytes())?;
        self.file.finish()
    }
}
