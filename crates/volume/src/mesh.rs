//! Triangle meshes: whole, or flowing piece by piece in z order.

use serde_json::{Value as Json, json};

use crate::error::{Error, Result};
use crate::geometry::{Geometry, Space};
use crate::run::Run;
use crate::vector::{cross, minus};

/// What the coordinates of a mesh mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum World {
    /// A patient's millimetres: x to the left, y to the back, z to the head.
    Lps,
    /// A patient's millimetres: x to the right, y to the front, z to the head.
    Ras,
    /// Millimetres along axes that mean nothing anatomical.
    Local,
    /// Voxel indices: no scale is known.
    #[default]
    Voxel,
}

impl World {
    /// The word in files and provenance.
    pub const fn name(self) -> &'static str {
        match self {
            World::Lps => "LPS",
            World::Ras => "RAS",
            World::Local => "local",
            World::Voxel => "voxel",
        }
    }

    /// The unit of the coordinates.
    pub const fn unit(self) -> &'static str {
        match self {
            World::Voxel => "voxel",
            _ => "mm",
        }
    }

    /// The space that it is a view of.
    pub const fn space(self) -> Space {
        match self {
            World::Lps | World::Ras => Space::Patient,
            World::Local => Space::Local,
            World::Voxel => Space::Voxel,
        }
    }

    /// The world of a grid; a patient's is LPS unless `ras`, which no other grid has.
    pub fn of(geometry: &Geometry, ras: bool) -> Result<World> {
        match (geometry.space(), ras) {
            (Space::Patient, true) => Ok(World::Ras),
            (Space::Patient, false) => Ok(World::Lps),
            (space, true) => {
                Err(Error::geometry("RAS coordinates of a volume that lies in no patient").found(format_args!("the space {}", space.name())).help("leave --world out"))
            }
            (Space::Local, false) => Ok(World::Local),
            (Space::Voxel, false) => Ok(World::Voxel),
        }
    }
}

/// A point, in the unit of its world.
pub type Point = [f64; 3];

/// Vertices and the triangles between them, outward normals by the right-hand rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    /// What the coordinates mean.
    pub world: World,
    /// x, y, z.
    pub vertices: Vec<Point>,
    /// Indices of vertices.
    pub triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// Area and enclosed volume, in the world's unit squared and cubed; the volume is positive where normals point outwards.
    pub fn area_and_volume(&self) -> [f64; 2] {
        sums(&self.vertices, &self.triangles, self.vertices.first().copied().unwrap_or_default())
    }
}

/// Area of triangles, and the volume between them and a point: sums in the order of the triangles.
pub fn sums(vertices: &[Point], triangles: &[[u32; 3]], about: Point) -> [f64; 2] {
    let (mut area, mut volume) = (0.0, 0.0);
    for &[a, b, c] in triangles {
        let (a, b, c) = (vertices[a as usize], vertices[b as usize], vertices[c as usize]);
        let n = normal(a, b, c);
        let from = minus(a, about);
        area += (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
        volume += from[0] * n[0] + from[1] * n[1] + from[2] * n[2];
    }
    [area / 2.0, volume / 6.0]
}

/// The normal of a triangle by the right-hand rule, not of unit length.
#[inline(always)]
pub fn normal(a: Point, b: Point, c: Point) -> Point {
    cross(minus(b, a), minus(c, a))
}

/// A part of a mesh that grows layer by layer along z. It can be read by itself: its first vertices are copies of the last ones
/// of the piece before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// How many vertices are those of the piece before.
    pub shared: usize,
    /// Where the vertices begin that the next layer shares: those in the plane last taken.
    pub rim: usize,
    /// The shared vertices, then its own.
    pub vertices: Vec<Point>,
    /// Indices of vertices of this piece.
    pub triangles: Vec<[u32; 3]>,
    /// Area and volume of each layer, whatever the pieces that layers come in.
    pub layers: Vec<[f64; 2]>,
}

impl Piece {
    /// Its own vertices.
    pub fn own(&self) -> &[Point] {
        &self.vertices[self.shared..]
    }

    /// Parts here: what there is so far is given, and this becomes the piece that goes on from its rim.
    #[must_use]
    pub fn cut(&mut self) -> Piece {
        let rim = self.vertices[self.rim..].to_vec();
        let next = Piece { shared: rim.len(), rim: 0, vertices: rim, triangles: Vec::new(), layers: Vec::new() };
        std::mem::replace(self, next)
    }

    /// Empty again, with the room that it has.
    pub fn clear(&mut self) {
        (self.shared, self.rim) = (0, 0);
        self.vertices.clear();
        self.triangles.clear();
        self.layers.clear();
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.vertices.capacity() * size_of::<Point>() + self.triangles.capacity() * size_of::<[u32; 3]>()
    }
}

/// Where the pieces of a mesh go, in z order.
pub trait MeshSink: Send {
    /// Takes the next piece.
    fn piece(&mut self, piece: &Piece) -> Result<()>;
}

impl MeshSink for Mesh {
    fn piece(&mut self, piece: &Piece) -> Result<()> {
        let first = self.vertices.len() - piece.shared;
        numbered(first + piece.vertices.len(), "vertices")?;
        self.vertices.extend_from_slice(piece.own());
        self.triangles.extend(piece.triangles.iter().map(|t| t.map(|i| i + first as u32)));
        Ok(())
    }
}

/// Refuses a count that 32 bits do not hold.
pub fn numbered(count: usize, what: &str) -> Result<u32> {
    u32::try_from(count).map_err(|_| Error::unsupported(format_args!("{count} {what}")).expected("at most 4294967295").help("take a part of the volume with --crop"))
}

/// What is known of a mesh once it has flowed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeshFound {
    /// What the coordinates mean.
    pub world: World,
    /// Vertices.
    pub vertices: usize,
    /// Triangles.
    pub triangles: usize,
    /// Area, in the world's unit squared.
    pub area: f64,
    /// Enclosed volume, in the world's unit cubed.
    pub volume: f64,
}

impl MeshFound {
    /// Counts a piece in.
    pub fn add(&mut self, piece: &Piece) {
        self.vertices += piece.own().len();
        self.triangles += piece.triangles.len();
        for [area, volume] in &piece.layers {
            self.area += area;
            self.volume += volume;
        }
    }

    /// As the provenance tells it: `area_mm2` and `volume_mm3`, or in `voxel2` and `voxel3`.
    pub fn json(&self) -> Json {
        let unit = self.world.unit();
        json!({
            "world": self.world.name(), "vertices": self.vertices, "triangles": self.triangles,
            (format!("area_{unit}2")): self.area, (format!("volume_{unit}3")): self.volume,
        })
    }
}

/// A mesh, still flowing.
pub trait MeshSource: Send + Sync {
    /// What the coordinates will mean.
    fn world(&self) -> World;

    /// Gives all pieces; what was given. Its inputs must be prepared.
    fn pour(&self, run: &Run, sink: &mut dyn MeshSink) -> Result<MeshFound>;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the corner of a unit cube is a sixth of it.
    #[test]
    fn a_corner_of_a_cube() {
        let vertices = vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let mesh = Mesh { world: World::Local, vertices, triangles: vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]] };
        let [area, volume] = mesh.area_and_volume();
        assert!((area - (1.5 + 3f64.sqrt() / 2.0)).abs() < 1e-15);
        assert!((volume - 1.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn pieces_join_at_their_rims() {
        let mut piece = Piece { rim: 1, vertices: vec![[0.0; 3], [1.0; 3], [2.0; 3]], triangles: vec![[0, 1, 2]], ..Piece::default() };
        let mut mesh = Mesh::default();
        mesh.piece(&piece.cut()).unwrap();
        assert_eq!((piece.shared, piece.vertices.len()), (2, 2));
        piece.vertices.push([3.0; 3]);
        piece.triangles.push([0, 1, 2]);
        mesh.piece(&piece).unwrap();
        assert_eq!(mesh.triangles, [[0, 1, 2], [1, 2, 3]]);
        assert_eq!(mesh.vertices.len(), 4);
    }

    #[test]
    fn only_patients_have_ras() {
        assert!(World::of(&Geometry::voxel(), true).is_err());
        assert_eq!(World::of(&Geometry::voxel(), false).unwrap(), World::Voxel);
    }
}
