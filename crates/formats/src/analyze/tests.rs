use isovox_volume::{FrameAxis, Kind, Result, Space, Type};

use crate::format::Scan;
use crate::open::{OpenOptions, open};
use crate::testing::voxels;

/// A header of 4 x 3 x 2 in a byte order, changed at some bytes.
fn header(big: bool, datatype: i16, changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 348];
    let mut put = |at: usize, bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        if big {
            bytes.reverse();
        }
        file[at..at + bytes.len()].copy_from_slice(&bytes);
    };
    put(0, &348i32.to_le_bytes());
    for (i, n) in [4i16, 4, 3, 2, 1].into_iter().enumerate() {
        put(40 + 2 * i, &n.to_le_bytes());
    }
    put(70, &datatype.to_le_bytes());
    for (i, v) in [2f32, -3.0, 4.0].into_iter().enumerate() {
        put(80 + 4 * i, &v.to_le_bytes());
    }
    for (at, bytes) in changes {
        put(*at, bytes);
    }
    file
}

/// A pair in a folder, opened by the half of this ending.
fn opened(header: &[u8], image: &[u8], ending: &str) -> Result<(Scan, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.hdr"), header).unwrap();
    std::fs::write(folder.path().join("a.img"), image).unwrap();
    let scan = open(&[folder.path().join(format!("a.{ending}"))], &OpenOptions::default())?;
    let bytes = voxels(&scan)?;
    Ok((scan, bytes))
}

#[test]
fn either_half_opens_in_either_order() {
    let native: Vec<u8> = (0..24i16).flat_map(|v| (v * -300).to_ne_bytes()).collect();
    for big in [false, true] {
        let image: Vec<u8> = (0..24i16).flat_map(|v| if big { (v * -300).to_be_bytes() } else { (v * -300).to_le_bytes() }).collect();
        for ending in ["hdr", "img"] {
            let (scan, bytes) = opened(&header(big, 4, &[(112, &0.5f32.to_le_bytes()), (253, &7i16.to_le_bytes())]), &image, ending).unwrap();
            let h = scan.source.header();
            assert!((scan.format, h.shape, h.voxel) == ("analyze", [2, 3, 4], Type::I16) && bytes == native);
            assert_eq!((h.geometry.space(), h.geometry.spacing()), (Space::Local, Some([2.0, 3.0, 4.0])));
            for word in ["left and right", "scale factor 0.5", "origin"] {
                assert!(h.warnings.iter().any(|w| w.contains(word)), "{word}: {:?}", h.warnings);
            }
        }
    }
}

#[test]
fn frames_and_unknown_sizes() {
    let (scan, _) = opened(&header(false, 2, &[(48, &3i16.to_le_bytes()), (80, &0f32.to_le_bytes())]), &[0; 72], "hdr").unwrap();
    let h = scan.source.header();
    assert_eq!((h.frames.count, h.frames.axis, h.geometry.space()), (3, FrameAxis::Time, Space::Voxel));
    let (scan, _) = opened(&header(false, 2, &[(56, b"um")]), &[0; 24], "hdr").unwrap();
    assert_eq!(scan.source.header().geometry.spacing(), Some([0.002, 0.003, 0.004]));
}

#[test]
fn what_is_wrong_is_named() {
    let refused = |changes: &[(usize, &[u8])], image: &[u8]| opened(&header(false, 2, changes), image, "hdr").err().map(|e| e.kind());
    assert_eq!(refused(&[], &[0; 23]), Some(Kind::Corrupt));
    assert_eq!(refused(&[(0, &349i32.to_le_bytes())], &[0; 24]), Some(Kind::Unsupported));
    for (at, value, kind) in
        [(40, 0, Kind::Corrupt), (42, -4, Kind::Corrupt), (44, 0, Kind::Corrupt), (70, 128, Kind::Unsupported), (70, 1, Kind::Unsupported), (70, 999, Kind::Unsupported)]
    {
        assert_eq!(refused(&[(at, &i16::to_le_bytes(value))], &[0; 24]), Some(kind), "{at} {value}");
    }
    assert_eq!(refused(&[(108, &(-1f32).to_le_bytes())], &[0; 24]), Some(Kind::Corrupt));
    assert_eq!(refused(&[(108, &f32::NAN.to_le_bytes())], &[0; 24]), Some(Kind::Corrupt));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.hdr"), header(false, 2, &[])).unwrap();
    assert_eq!(open(&[folder.path().join("a.hdr")], &OpenOptions::default()).err().map(|e| e.kind()), Some(Kind::NotFound));
}
