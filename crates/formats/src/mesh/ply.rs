//! Binary PLY, little endian: vertices as three f64, triangles as a count of 3 and three u32.
//!
//! Vertices come before triangles and both come together: triangles are kept in a second file, which is joined at the end.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use isovox_volume::error::At;
use isovox_volume::mesh::{MeshSink, Piece, numbered};
use isovox_volume::{Result, World};

use super::{MeshFile, said};
use crate::staged::Staged;

/// Room for the header, which says the counts and is written last; a comment fills it.
const HEAD: usize = 512;
const TRIANGLE: usize = 13;

/// Bytes that are put together before they are written.
const CHUNK: usize = 1 << 20;

pub(super) struct Ply {
    file: Staged,
    faces: Staged,
    world: World,
    vertices: usize,
    triangles: usize,
    chunk: Vec<u8>,
}

impl Ply {
    pub(super) fn create(target: &Path, force: bool, world: World) -> Result<Ply> {
        let mut file = Staged::create(target, force)?;
        let mut second = target.as_os_str().to_owned();
        second.push(".triangles");
        // It never gets a place of its own: dropping it takes it away.
        let faces = Staged::create(Path::new(&second), true)?;
        file.seek(SeekFrom::Start(HEAD as u64)).at(target)?;
        Ok(Ply { file, faces, world, vertices: 0, triangles: 0, chunk: Vec::with_capacity(2 * CHUNK) })
    }

    fn header(&self) -> Result<Vec<u8>> {
        let (vertices, triangles) = (numbered(self.vertices, "vertices in a PLY file")?, numbered(self.triangles, "triangles in a PLY file")?);
        let begin = format!("ply\nformat binary_little_endian 1.0\ncomment isovox {}\ncomment world {}\n", env!("CARGO_PKG_VERSION"), said(self.world));
        let counts = format!(
            "element vertex {vertices}\nproperty double x\nproperty double y\nproperty double z\nelement face {triangles}\nproperty list uchar uint vertex_indices\nend_header\n"
        );
        let room = HEAD - begin.len() - counts.len() - "comment \n".len();
        Ok(format!("{begin}comment {}\n{counts}", ".".repeat(room)).into_bytes())
    }
}

/// Writes items in chunks.
fn write<T>(file: &mut Staged, chunk: &mut Vec<u8>, items: &[T], bytes: impl Fn(&T, &mut Vec<u8>)) -> Result<()> {
    for some in items.chunks(CHUNK / 32) {
        chunk.clear();
        some.iter().for_each(|item| bytes(item, chunk));
        let target = file.target().to_path_buf();
        file.write_all(chunk).at(&target)?;
    }
    Ok(())
}

impl MeshSink for Ply {
    fn piece(&mut self, piece: &Piece) -> Result<()> {
        let first = self.vertices - piece.shared;
        self.vertices += piece.own().len();
        self.triangles += piece.triangles.len();
        numbered(self.vertices, "vertices in a PLY file")?;
        write(&mut self.file, &mut self.chunk, piece.own(), |p, out| p.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes())))?;
        write(&mut self.faces, &mut self.chunk, &piece.triangles, |t, out| {
            let mut bytes = [3; TRIANGLE];
            bytes[1..].chunks_exact_mut(4).zip(t).for_each(|(b, i)| b.copy_from_slice(&(*i + first as u32).to_le_bytes()));
            out.extend_from_slice(&bytes);
        })
    }
}

impl MeshFile for Ply {
    fn finish(mut self: Box<Self>) -> Result<PathBuf> {
        let header = self.header()?;
        let target = self.file.target().to_path_buf();
        self.faces.seek(SeekFrom::Start(0)).at(&target)?;
        self.chunk.resize(CHUNK, 0);
        loop {
            let n = self.faces.read(&mut self.chunk).at(&target)?;
            if n == 0 {
                break;
            }
            self.file.write_all(&self.chunk[..n]).at(&target)?;
        }
        self.file.write_at(0, &header)?;
        self.file.finish()
    }
}
