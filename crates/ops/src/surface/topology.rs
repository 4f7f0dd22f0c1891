//! What a mesh is, whatever its shape: closed, a manifold, and its Euler number.

use std::collections::HashMap;

use isovox_volume::{Error, Mesh, Result};

/// Vertices minus edges plus triangles of a mesh that has been seen to be a closed, oriented 2-manifold: every edge belongs to two
/// triangles, which pass it in opposite senses, and the triangles round a vertex form one ring.
///
/// A sphere has 2, a torus 0, and each further body adds its own. Cost: three words an edge.
pub fn euler(mesh: &Mesh) -> Result<i64> {
    let broken = |what: &str| Error::value(format_args!("the mesh is {what}"));
    let mut next: HashMap<(u32, u32), u32> = HashMap::with_capacity(3 * mesh.triangles.len());
    let mut round = vec![(0u32, 0u32); mesh.vertices.len()];
    for t in &mesh.triangles {
        for i in 0..3 {
            let [a, b, c] = [t[i], t[(i + 1) % 3], t[(i + 2) % 3]];
            if a == b || next.insert((a, b), c).is_some() {
                return Err(broken("not a manifold: a side is passed twice in one sense"));
            }
            round[a as usize] = (b, round[a as usize].1 + 1);
        }
    }
    if next.keys().any(|&(a, b)| !next.contains_key(&(b, a))) {
        return Err(broken("open: a side has one triangle"));
    }
    for (vertex, &(first, count)) in (0u32..).zip(&round) {
        let ring = std::iter::successors(Some(first), |&b| next.get(&(vertex, b)).copied().filter(|&c| c != first));
        if count == 0 || ring.take(count as usize + 1).count() != count as usize {
            return Err(broken("not a manifold: two sheets meet in a vertex"));
        }
    }
    Ok(mesh.vertices.len() as i64 - next.len() as i64 / 2 + mesh.triangles.len() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mesh(vertices: usize, triangles: &[[u32; 3]]) -> Mesh {
        Mesh { vertices: vec![[0.0; 3]; vertices], triangles: triangles.to_vec(), ..Mesh::default() }
    }

    const TETRAHEDRON: [[u32; 3]; 4] = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];

    #[test]
    fn a_tetrahedron_is_a_sphere() {
        assert_eq!(euler(&mesh(4, &TETRAHEDRON)).unwrap(), 2);
        let two: Vec<[u32; 3]> = TETRAHEDRON.into_iter().chain(TETRAHEDRON.map(|t| t.map(|i| i + 4))).collect();
        assert_eq!(euler(&mesh(8, &two)).unwrap(), 4);
    }

    #[test]
    fn what_is_no_surface_is_told() {
        assert!(euler(&mesh(4, &TETRAHEDRON[..3])).unwrap_err().to_string().contains("open"));
        assert!(euler(&mesh(4, &[[0, 1, 2], [0, 1, 3]])).unwrap_err().to_string().contains("twice"));
        // Two tetrahedra that share vertex 0.
        let touching: Vec<[u32; 3]> = TETRAHEDRON.into_iter().chain(TETRAHEDRON.map(|t| t.map(|i| if i == 0 { 0 } else { i + 3 }))).collect();
        assert!(euler(&mesh(7, &touching)).unwrap_err().to_string().contains("two sheets"));
    }
}
