//! Meshes that flow into files and into memory.

use std::path::Path;

use isovox_formats::mesh::create;
use isovox_volume::{Lease, Mesh, MeshFound, MeshSink, MeshSource, Piece, Result, Run};

/// Writes a mesh whose inputs are prepared, as it comes; the format follows from the ending (`.stl`, `.ply`).
///
/// The file is whole or absent; an existing one is replaced only with `force`.
pub fn write(run: &Run, source: &dyn MeshSource, path: &Path, force: bool) -> Result<MeshFound> {
    let mut file = create(path, force, source.world())?;
    let found = source.pour(run, file.as_mut())?;
    run.check()?;
    file.finish()?;
    Ok(found)
}

/// A mesh in memory, accounted for while it grows.
struct Held<'a> {
    run: &'a Run,
    mesh: Mesh,
    lease: Option<Lease>,
}

impl MeshSink for Held<'_> {
    fn piece(&mut self, piece: &Piece) -> Result<()> {
        let held = size_of_val(&self.mesh.vertices[..]) + size_of_val(&self.mesh.triangles[..]);
        let needs = held + piece.bytes();
        if self.lease.as_ref().map_or(0, Lease::bytes) < needs {
            self.lease = None;
            self.lease = Some(self.run.lease(needs.saturating_mul(2), "the mesh")?);
        }
        self.mesh.piece(piece)
    }
}

/// Pulls a mesh whose inputs are prepared into memory; it is no longer accounted for then.
pub fn collect(run: &Run, source: &dyn MeshSource) -> Result<(Mesh, MeshFound)> {
    let mut held = Held { run, mesh: Mesh { world: source.world(), ..Mesh::default() }, lease: None };
    let found = source.pour(run, &mut held)?;
    Ok((held.mesh, found))
}
