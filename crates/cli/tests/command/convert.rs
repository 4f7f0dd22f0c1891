//! `convert` and `crop`: values, type and place go through every format that holds them.

use std::path::Path;

use serde_json::{Value, json};

use crate::{folder_of, phantom};
use isovox_testing::command::{info, say, values};
use isovox_testing::files::{json as read, names};

/// Every format that is written.
const OUTS: [&str; 9] = ["a.nii", "a.nii.gz", "a.mha", "a.mhd", "a.tif", "a.npy", "a.npz", "b.raw", "s/slice_####.tif"];

/// Formats that hold a spacing.
const SCALED: [&str; 7] = ["a.nii", "a.nii.gz", "a.mha", "a.mhd", "a.tif", "b.raw", "s/slice_####.tif"];

/// A written volume as `info` knows it.
#[track_caller]
fn read_back(folder: &Path, out: &str) -> Value {
    values(&folder.join(out.split('/').next().filter(|_| out.contains('/')).unwrap_or(out)))
}

/// `from`, which lies in the folder, goes into every format.
#[track_caller]
fn round(folder: &Path, from: &str) {
    let first = values(&folder.join(from));
    std::fs::create_dir(folder.join("s")).expect("a folder");
    for out in OUTS {
        say(folder, &format!("convert {from} {out}")).done();
        let found = read_back(folder, out);
        for key in ["shape", "type"] {
            assert_eq!(found[key], first[key], "{key} of {out} from {from}");
        }
        assert_eq!(found["values"], first["values"], "{out} from {from}");
        if SCALED.contains(&out) {
            assert_eq!(found["space"], first["space"], "{out} from {from}");
            near(&found["affine_mm"], &first["affine_mm"], out);
        }
    }
}

/// The same numbers to 1e-6.
#[track_caller]
fn near(found: &Value, expected: &Value, name: &str) {
    match (found, expected) {
        (Value::Array(f), Value::Array(e)) => {
            assert_eq!(f.len(), e.len(), "{name}");
            f.iter().zip(e).for_each(|(f, e)| near(f, e, name));
        }
        (Value::Number(f), Value::Number(e)) => {
            let [f, e] = [f, e].map(|n| n.as_f64().expect("a number"));
            assert!((f - e).abs() <= 1e-6 * e.abs().max(1e-3), "{name}: {f}, expected {e}");
        }
        _ => assert_eq!(found, expected, "{name}"),
    }
}

#[test]
fn a_local_volume() {
    let folder = folder_of(&[]);
    phantom(folder.path(), "rock --size 31x29x17 --voxel-size 5,6,7.5um -o p.tif");
    round(folder.path(), "p.tif");
}

#[test]
fn a_volume_without_a_scale() {
    let folder = folder_of(&[]);
    phantom(folder.path(), "beads --size 31x29x17 -o p.tif");
    assert_eq!(values(&folder.path().join("p.tif"))["space"], "voxel");
    round(folder.path(), "p.tif");
}

#[test]
fn every_type() {
    for voxel in ["i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"] {
        let folder = folder_of(&[]);
        phantom(folder.path(), "grains --size 21x13x7 --voxel-size 12um -o g.raw");
        say(folder.path(), &format!("cast g.raw --type {voxel} --saturate -o p.mha")).done();
        assert_eq!(values(&folder.path().join("p.mha"))["type"], voxel);
        round(folder.path(), "p.mha");
    }
}

#[test]
fn one_plane_one_row_one_voxel() {
    for size in ["13x7x1", "13x1x1", "1x1x1", "1x1x9"] {
        let folder = folder_of(&[]);
        phantom(folder.path(), &format!("rock --size {size} --voxel-size 5um -o p.mha"));
        round(folder.path(), "p.mha");
    }
}

#[test]
fn a_sequence_is_its_slices_and_what_made_them() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    for (pattern, count) in [("s/slice_####.tif", 96), ("p/z###.png", 96)] {
        std::fs::create_dir(at.join(&pattern[..1])).expect("a folder");
        say(at, &format!("convert beads.tif {pattern}")).done();
        let inside = names(&at.join(&pattern[..1]));
        assert_eq!(inside.len(), count + 1, "{inside:?}");
        assert!(inside.contains(&"provenance.json".to_string()));
        let found = values(&at.join(&pattern[..1]));
        assert_eq!(found["warnings"], json!([]), "{pattern}");
        assert_eq!(found["values"]["sha256"], values(&at.join("beads.tif"))["values"]["sha256"]);
    }
    assert_eq!(read(&at.join("s/provenance.json"))["inputs"][0]["name"], "beads.tif");
}

#[test]
fn raw_import_by_flags() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    let first = values(&at.join("beads.tif"));
    say(at, "cast beads.tif --type u16 -o wide.npy").done();
    let bytes = std::fs::read(at.join("wide.npy")).expect("a file");
    let voxels = &bytes[bytes.len() - 2 * 96 * 96 * 96..];
    // Big-endian, a header of 100 bytes, 10 bytes between slices.
    let mut raw = vec![7; 100];
    for plane in voxels.chunks_exact(2 * 96 * 96) {
        raw.extend(plane.chunks_exact(2).flat_map(|b| [b[1], b[0]]));
        raw.extend([9; 10]);
    }
    raw.truncate(raw.len() - 10);
    std::fs::write(at.join("some.bin"), raw).expect("a file");
    let flags = "some.bin --size 96x96x96 --type u16 --endian big --offset 100 --gap 10";
    let found = info(format!("{} {flags} --values", "").split_whitespace().map(|w| if w == "some.bin" { at.join(w).into_os_string() } else { w.into() }));
    assert_eq!(found["type"], "u16");
    for key in ["min", "max", "mean", "sd", "count"] {
        assert_eq!(found["values"][key], first["values"][key], "{key}");
    }
    say(at, &format!("pipe {flags} ! cast --type u8 --saturate -o back.npy")).done();
    assert_eq!(values(&at.join("back.npy"))["values"]["sha256"], first["values"]["sha256"]);
}

/// The world point of a voxel (x, y, z).
fn world(found: &Value, voxel: [f64; 3]) -> Vec<f64> {
    let row = |r: usize| (0..4).map(|c| found["affine_mm"][r][c].as_f64().expect("a number") * voxel.get(c).copied().unwrap_or(1.0)).sum();
    (0..3).map(row).collect()
}

#[test]
fn crop_keeps_the_world() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "crop rock.tif --region 10:30,20:50,30:70 -o by-op.mha").done();
    say(at, "convert rock.tif by-flag.tif --crop 10:30,20:50,30:70").done();
    let whole = values(&at.join("rock.tif"));
    for name in ["by-op.mha", "by-flag.tif"] {
        let part = values(&at.join(name));
        assert_eq!(part["shape"], json!([40, 30, 20]), "{name}");
        for voxel in [[0.0, 0.0, 0.0], [19.0, 29.0, 39.0], [3.0, 5.0, 7.0]] {
            let (a, b) = (world(&part, voxel), world(&whole, [voxel[0] + 10.0, voxel[1] + 20.0, voxel[2] + 30.0]));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{name}: {a:?}, expected {b:?}");
        }
    }
    assert_eq!(values(&at.join("by-op.mha"))["values"], values(&at.join("by-flag.tif"))["values"]);
    // A part of a part, and the middle.
    say(at, "convert by-op.mha deeper.mha --crop 1:2,1:2,1:2").done();
    near(&json!(world(&values(&at.join("deeper.mha")), [0.0; 3])), &json!(world(&whole, [11.0, 21.0, 31.0])), "deeper");
    say(at, "convert rock.tif middle.mha --center 20x30x40").done();
    near(&json!(world(&values(&at.join("middle.mha")), [0.0; 3])), &json!(world(&whole, [54.0, 49.0, 16.0])), "middle");
}

#[test]
fn types_that_would_change_values_are_refused() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif wide.npy --type i16").done();
    assert_eq!(values(&at.join("wide.npy"))["type"], "i16");
    say(at, "convert beads.tif narrow.npy --type i8").failed_naming(1, &["--type i8", "wider"]);
    assert_eq!(names(at).iter().filter(|n| n.starts_with("narrow")).count(), 0);
}
