use super::*;
use isovox_volume::mesh::Piece;

/// A tetrahedron in two pieces, the second of which shares three vertices.
fn pieces() -> [Piece; 2] {
    let base = vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let first = Piece { shared: 0, rim: 0, vertices: base.clone(), triangles: vec![[0, 2, 1]], layers: Vec::new() };
    let top = base.into_iter().chain([[0.0, 0.0, 0.1]]).collect();
    let second = Piece { shared: 3, rim: 3, vertices: top, triangles: vec![[0, 1, 3], [0, 3, 2], [1, 2, 3]], layers: Vec::new() };
    [first, second]
}

fn written(name: &str, world: World) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut file = create(&path, false, world).unwrap();
    pieces().iter().for_each(|p| file.piece(p).unwrap());
    assert!(!path.exists());
    assert_eq!(file.finish().unwrap(), path);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    std::fs::read(path).unwrap()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn stl_by_hand() {
    let bytes = written("t.stl", World::Ras);
    assert_eq!(bytes.len(), 84 + 4 * 50);
    assert!(bytes.starts_with(b"isovox ") && String::from_utf8_lossy(&bytes[..80]).contains("RAS mm"));
    assert_eq!(bytes[80..84], 4u32.to_le_bytes());
    assert_eq!(floats(&bytes[84..132]), [0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(floats(&bytes[134..146]), [0.0, -1.0, 0.0]);
    assert_eq!(floats(&bytes[170..182]), [0.0, 0.0, 0.1]);
}

#[test]
fn ply_by_hand() {
    let bytes = written("t.PLY", World::Voxel);
    let end = bytes.windows(11).position(|w| w == b"end_header\n").unwrap() + 11;
    let text = std::str::from_utf8(&bytes[..end]).unwrap();
    assert!(text.starts_with("ply\nformat binary_little_endian 1.0\n"));
    for line in ["comment world voxel voxel", "element vertex 4", "element face 4"] {
        assert!(text.lines().any(|l| l == line), "{line}: {text}");
    }
    assert_eq!(bytes.len(), end + 4 * 24 + 4 * 13);
    assert_eq!(bytes[end + 88..end + 96], 0.1f64.to_le_bytes());
    let last = &bytes[bytes.len() - 13..];
    assert_eq!((last[0], &last[1..5], &last[9..]), (3, &1u32.to_le_bytes()[..], &3u32.to_le_bytes()[..]));
}

#[test]
fn names_and_places() {
    let folder = tempfile::tempdir().unwrap();
    assert!(check_name(Path::new("a.obj")).is_err());
    let path = folder.path().join("a.ply");
    std::fs::write(&path, "mine").unwrap();
    assert!(create(&path, false, World::Lps).is_err());
    let mut file = create(&path, true, World::Lps).unwrap();
    file.piece(&pieces()[0]).unwrap();
    drop(file);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn counts_beyond_32_bits_are_refused() {
    assert!(isovox_volume::mesh::numbered(1 << 32, "triangles").is_err());
    assert!(isovox_volume::mesh::numbered((1 << 32) - 1, "triangles").is_ok());
}
