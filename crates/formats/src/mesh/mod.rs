//! Mesh files, written as the mesh comes: STL and PLY, both binary.
//!
//! | | STL | PLY |
//! |---|---|---|
//! | vertices | three a triangle, f32: digits beyond the seventh are lost | shared, f64 |
//! | world and unit | in the 80 bytes of its header | in comments |
//! | at most | 2^32 - 1 triangles | 2^32 - 1 vertices and triangles |

mod ply;
mod stl;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use isovox_volume::mesh::MeshSink;
use isovox_volume::{Error, Result, World};

/// A mesh file being written; nothing is at its place before [`MeshFile::finish`], dropping it leaves nothing.
pub trait MeshFile: MeshSink {
    /// Syncs and renames into place.
    fn finish(self: Box<Self>) -> Result<PathBuf>;
}

/// How a kind of mesh file begins.
type Begin = fn(&Path, bool, World) -> Result<Box<dyn MeshFile>>;

/// Endings, and what writes files of that name.
const ENDINGS: [(&str, Begin); 2] = [("stl", |p, f, w| Ok(Box::new(stl::Stl::create(p, f, w)?))), ("ply", |p, f, w| Ok(Box::new(ply::Ply::create(p, f, w)?)))];

fn begin(target: &Path) -> Result<Begin> {
    let ending = target.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
    let known = ENDINGS.iter().find(|(e, _)| Some(*e) == ending.as_deref());
    known.map(|(_, begin)| *begin).ok_or_else(|| Error::parameter("a mesh's name").found(target.display()).expected(".stl or .ply"))
}

/// Refuses a name that no mesh is written under.
pub fn check_name(target: &Path) -> Result<()> {
    begin(target).map(|_| ())
}

/// Begins a mesh file; the format follows from the ending: `.stl` or `.ply`. An existing one is refused unless `force`.
pub fn create(target: &Path, force: bool, world: World) -> Result<Box<dyn MeshFile>> {
    begin(target)?(target, force, world)
}

/// `LPS mm`, as headers say it.
fn said(world: World) -> String {
    format!("{} {}", world.name(), world.unit())
}
