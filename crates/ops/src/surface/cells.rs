//! The triangles of a cell: what stands between eight neighbouring voxels, some inside and some outside.
//!
//! Corners, edges and faces of a cell are numbered by their bits: corner `x + 2 y + 4 z`; edge `4 axis + a + 2 b`, where `a` and
//! `b` are its place along the two other axes in their order. A vertex lies on each edge whose ends differ.
//!
//! The table is derived, not written down. Round each face, a piece of contour parts every stretch of inside corners from the rest,
//! so that inside corners which only share a diagonal stay apart (inside is 6-connected, outside is 26-connected), and two cells
//! agree on the face between them. The pieces close to loops, and each loop becomes triangles, such that no diagonal lies on a
//! face: the neighbour could have the same one, and four triangles would meet there. Where two opposite corners alone are outside,
//! outside is connected through the cell, and its two loops bound one tube.

use std::sync::LazyLock;

/// Most triangles of a cell.
const MOST: usize = 6;

/// What a cell gives.
#[derive(Clone, Copy, Default)]
pub(super) struct Cell {
    /// Edges with a vertex, a bit each.
    pub(super) crossed: u16,
    /// How many triangles.
    pub(super) count: u8,
    /// Triangles, by the edges of their vertices; outward normals by the right-hand rule.
    pub(super) triangles: [[u8; 3]; MOST],
}

/// All cells, by the bits of their inside corners.
pub(super) static CELLS: LazyLock<[Cell; 256]> = LazyLock::new(|| std::array::from_fn(|inside| cell(inside as u8)));

/// The corners round each face, counterclockwise as seen from outside the cell: z = 0, z = 1, y = 0, y = 1, x = 0, x = 1.
const FACES: [[u8; 4]; 6] = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];

/// The edge between two corners.
fn edge(a: u8, b: u8) -> u8 {
    let (axis, low) = ((a ^ b).trailing_zeros() as u8, a & b);
    // What is left of the lower corner's bits without that axis.
    let below = low & ((1 << axis) - 1);
    4 * axis + (below | low >> (axis + 1) << axis)
}

/// Twice the middle of an edge, as x, y, z.
fn middle(edge: u8) -> [i32; 3] {
    let (axis, rest) = (edge / 4, edge % 4);
    let corner = rest & ((1 << axis) - 1) | rest >> axis << (axis + 1);
    std::array::from_fn(|k| if k as u8 == axis { 1 } else { 2 * i32::from(corner >> k & 1) })
}

/// Whether the line between two edges' vertices lies on a face.
fn on_a_face(a: u8, b: u8) -> bool {
    (0..3).any(|k| middle(a)[k] == middle(b)[k] && middle(a)[k] != 1)
}

fn cell(inside: u8) -> Cell {
    let is_in = |corner: u8| inside >> corner & 1 == 1;
    let mut next = [None; 12];
    for face in FACES {
        for (i, &corner) in face.iter().enumerate().filter(|(_, c)| is_in(**c)) {
            let before = face[(i + 3) % 4];
            if is_in(before) {
                continue;
            }
            // From where the walk round the face comes in, to where it next goes out.
            let mut last = i;
            while is_in(face[(last + 1) % 4]) {
                last += 1;
            }
            next[usize::from(edge(before, corner))] = Some(edge(face[last % 4], face[(last + 1) % 4]));
        }
    }
    let mut out = Cell::default();
    (0..12).filter(|&e| next[e].is_some()).for_each(|e| out.crossed |= 1 << e);
    let loops = loops(next);
    let triangles = match &loops[..] {
        [a, b] if inside.count_zeros() == 2 => tube(a, b),
        _ => loops.iter().flat_map(|l| disc(l)).collect(),
    };
    out.count = triangles.len() as u8;
    out.triangles[..triangles.len()].copy_from_slice(&triangles);
    out
}

/// The closed walks of a table of steps.
fn loops(mut next: [Option<u8>; 12]) -> Vec<Vec<u8>> {
    let mut loops = Vec::new();
    for start in 0..12 {
        let mut walk = Vec::new();
        let mut at = start;
        while let Some(to) = next[usize::from(at)].take() {
            walk.push(at);
            at = to;
        }
        if !walk.is_empty() {
            loops.push(walk);
        }
    }
    loops
}

/// The squared length of a diagonal between vertices in the middle of their edges; none where it lies on a face.
fn cost(a: u8, b: u8) -> Option<i32> {
    let (p, q) = (middle(a), middle(b));
    (!on_a_face(a, b)).then(|| (0..3).map(|k| (p[k] - q[k]).pow(2)).sum())
}

/// A loop as triangles whose diagonals are shortest in sum, and none of which lies on a face.
fn disc(ring: &[u8]) -> Vec<[u8; 3]> {
    best(ring).map(|(_, triangles)| triangles).expect("every loop of a cell has such triangles")
}

/// The triangles beside the side from the last to the first vertex, and so on inwards.
fn best(ring: &[u8]) -> Option<(i32, Vec<[u8; 3]>)> {
    let (first, last) = (ring[0], ring[ring.len() - 1]);
    if ring.len() < 3 {
        return Some((0, Vec::new()));
    }
    let beside = |part: &[u8]| {
        let diagonal = if part.len() > 2 { cost(part[0], part[part.len() - 1])? } else { 0 };
        best(part).map(|(sum, triangles)| (sum + diagonal, triangles))
    };
    let split = |i: usize| {
        let ((a, mut triangles), (b, more)) = (beside(&ring[..=i])?, beside(&ring[i..])?);
        triangles.extend(more);
        triangles.push([first, ring[i], last]);
        Some((a + b, triangles))
    };
    (1..ring.len() - 1).filter_map(split).min_by_key(|(sum, _)| *sum)
}

/// The tube between two loops of three, which go round it in opposite senses.
fn tube(a: &[u8], b: &[u8]) -> Vec<[u8; 3]> {
    let band = |shift: usize| {
        // Along `a` forwards, along `b` backwards.
        let b = |i: usize| b[(shift + 6 - i) % 3];
        let side = move |i: usize| [[a[i], a[(i + 1) % 3], b(i)], [a[(i + 1) % 3], b(i + 1), b(i)]];
        (0..3).flat_map(side).collect::<Vec<_>>()
    };
    let length = |band: &[[u8; 3]]| band.iter().map(|t| cost(t[0], t[2]).map_or(i32::MAX / 8, |c| c)).sum::<i32>();
    (0..3).map(band).min_by_key(|band| length(band)).expect("three ways to turn it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn ends(edge: u8) -> [u8; 2] {
        let corner = |f: fn(i32) -> i32| middle(edge).map(f).iter().enumerate().map(|(k, &v)| (v as u8) << k).sum();
        [corner(|v| v / 2), corner(|v| (v + 1) / 2)]
    }

    /// Directed sides of the triangles that have no partner in the cell.
    fn rim(cell: &Cell) -> Vec<(u8, u8)> {
        let mut sides: BTreeMap<(u8, u8), i32> = BTreeMap::new();
        for t in &cell.triangles[..usize::from(cell.count)] {
            (0..3).for_each(|i| *sides.entry((t[i], t[(i + 1) % 3])).or_default() += 1);
        }
        assert!(sides.values().all(|&n| n == 1), "a side is used twice in one sense");
        sides.keys().filter(|(a, b)| !sides.contains_key(&(*b, *a))).copied().collect()
    }

    #[test]
    fn edges_are_numbered_as_they_say() {
        for e in 0..12 {
            let [a, b] = ends(e);
            assert_eq!((edge(a, b), edge(b, a)), (e, e));
            assert_eq!((a ^ b).count_ones(), 1);
        }
    }

    #[test]
    fn vertices_lie_where_corners_differ_and_rims_on_faces() {
        for (inside, cell) in CELLS.iter().enumerate() {
            let differ = |e: u8| ends(e).map(|c| inside >> c & 1).iter().sum::<usize>() == 1;
            (0..12).for_each(|e| assert_eq!(differ(e), cell.crossed >> e & 1 == 1));
            let used: u16 = cell.triangles[..usize::from(cell.count)].iter().flatten().fold(0, |bits, e| bits | 1 << e);
            assert_eq!(used, cell.crossed, "{inside:08b}");
            assert!(rim(cell).iter().all(|&(a, b)| on_a_face(a, b)));
        }
    }

    #[test]
    fn no_diagonal_lies_on_a_face() {
        for cell in CELLS.iter() {
            let rim = rim(cell);
            for t in &cell.triangles[..usize::from(cell.count)] {
                let sides = (0..3).map(|i| (t[i], t[(i + 1) % 3]));
                sides.filter(|s| !rim.contains(s)).for_each(|(a, b)| assert!(!on_a_face(a, b) || rim.contains(&(b, a))));
            }
        }
    }

    /// The same contour on the face between two cells, in opposite senses, for every pair of cells that share its corners.
    #[test]
    fn neighbours_agree() {
        let low = |k: u8| (0..8u8).filter(move |c| c >> k & 1 == 0).collect::<Vec<_>>();
        for k in 0..3u8 {
            let side = |inside: usize, at: i32, shift: i32| {
                let mut sides: Vec<[[i32; 3]; 2]> =
                    rim(&CELLS[inside]).iter().map(|&(a, b)| [middle(a), middle(b)]).filter(|s| s.iter().all(|p| p[usize::from(k)] == at)).collect();
                sides.iter_mut().flatten().for_each(|p| p[usize::from(k)] += shift);
                sides.sort_unstable();
                sides
            };
            for a in 0..256 {
                let upper = |c: u8| a >> (c | 1 << k) & 1;
                for b in (0..256).filter(|b| low(k).iter().all(|&c| b >> c & 1 == upper(c))) {
                    let mut turned: Vec<_> = side(b, 0, 0).iter().map(|[p, q]| [*q, *p]).collect();
                    turned.sort_unstable();
                    assert_eq!(side(a, 2, -2), turned, "{a:08b} beside {b:08b} along {k}");
                }
            }
        }
    }
}
