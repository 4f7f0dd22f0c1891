//! Triangle meshes in world millimetres.

/// Vertices in mm and the triangles between them, outward normals by the right-hand rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// mm.
    pub vertices: Vec<[f64; 3]>,
    /// Indices of vertices.
    pub triangles: Vec<[u32; 3]>,
}
