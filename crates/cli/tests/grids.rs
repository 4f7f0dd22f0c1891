//! Grids and points through the command, on phantoms: what is said, and how it ends.

use isovox_testing::command::say;
use isovox_testing::files::json;
use serde_json::Value;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    say(folder.path(), "phantom rock --size 40x30x20 --voxel-size 5um -o rock.mha").done();
    folder
}

fn said(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_point_is_found_by_index_and_place() {
    let folder = folder();
    let at = folder.path();
    let here = said(&say(at, "probe rock.mha --ijk 3,4,5 --json").done());
    assert_eq!((&here["voxel"], &here["inside"], &here["ras_mm"]), (&serde_json::json!([3, 4, 5]), &Value::Bool(true), &Value::Null));
    let there = said(&say(at, "probe rock.mha --lps 0.016,0.019,0.026 --json").done());
    assert_eq!(here["value"], there["value"]);
    let out = said(&say(at, "probe rock.mha --ijk -1,0,0 --json").done());
    assert_eq!((&out["inside"], &out["value"], &out["voxel"]), (&Value::Bool(false), &Value::Null, &Value::Null));
    say(at, "probe rock.mha --ras 0,0,0").failed_naming(1, &["local", "--ijk"]);
    say(at, "probe rock.mha --ijk 1,2").failed(2);
    say(at, "probe rock.mha").failed(2);
    std::fs::write(at.join("p.csv"), "name,i,j,k\na,3,4,5\nb,99,0,0\n").expect("written");
    say(at, "probe rock.mha --points p.csv -o found.json").done();
    let rows = json(&at.join("found.json"));
    assert_eq!((&rows[0]["inside"], &rows[1]["inside"], &rows[1]["value"]), (&Value::Bool(true), &Value::Bool(false), &Value::Null));
    std::fs::write(at.join("bad.csv"), "i,j\n1,2\n").expect("written");
    say(at, "probe rock.mha --points bad.csv").failed_naming(1, &["x_mm"]);
}

#[test]
fn wrong_points_are_named() {
    let folder = folder();
    let at = folder.path();
    let check = |bytes: &[u8], words: &[&str]| {
        std::fs::write(at.join("p.csv"), bytes).expect("written");
        say(at, "probe rock.mha --points p.csv").failed_naming(1, words);
    };
    check(b"", &["x_ras_mm"]);
    check(b"a,\x1b[31mb\n1,2\n", &["columns a, [31mb"]);
    check(b"i,j,k\n1,2\n", &["line 2"]);
    check(b"i,j,k\n1,2,3\n\n1,2,nan\n", &["line 4", "nan"]);
    check(b"name,i,j,k\n\"a,b\",1e400,2,3\n", &["line 2", "1e400"]);
    check(format!("i,j,k\n1,2,3\n\"{}", "x".repeat(1 << 20)).as_bytes(), &["line 3"]);
    check(&vec![b','; (16 << 20) + 1], &["at most"]);
    std::fs::write(at.join("p.csv"), "name,i,j,k\n\"a,b\",1e300,2,3\n").expect("written");
    assert_eq!(say(at, "probe rock.mha --points p.csv").done().lines().nth(1).map(|l| l.ends_with(",false,")), Some(true));
    say(at, "probe rock.mha --points p.csv -o p.csv --force").failed_naming(1, &["never written over"]);
    say(at, "probe rock.mha --points .").failed(1);
    say(at, "probe rock.mha --ijk 1e400,0,0").failed(2);
}

#[test]
fn grids_that_none_can_have_are_refused() {
    let folder = folder();
    let at = folder.path();
    for spacing in ["0", "-1", "nan", "inf", "1e-9um", "1,2", "much"] {
        say(at, &format!("resample rock.mha --spacing={spacing} -o no.mha")).failed(2);
    }
    for size in ["0x1x1", "2000000x1x1", "99999999999x99999999999x99999999999", "3x3"] {
        say(at, &format!("resample rock.mha --size {size} -o no.mha")).failed(2);
    }
    say(at, "resample rock.mha --size 1000000x1000000x1000 -o no.mha").failed_naming(1, &["memory"]);
    say(at, "resample rock.mha -o no.mha").failed_naming(2, &["--like"]);
    say(at, "convert rock.mha plain.npy").done();
    std::fs::remove_file(at.join("plain.npy.provenance.json")).expect("it was written");
    say(at, "resample rock.mha --like plain.npy -o no.mha").failed_naming(1, &["--voxel-size"]);
    say(at, "resample plain.npy --like rock.mha -o no.mha").failed_naming(1, &["--voxel-size"]);
    say(at, "resample rock.mha --like none.mha -o no.mha").failed(1);
    for step in ["0", "-1", "nan", "1e-12"] {
        say(at, &format!("regularize rock.mha --step={step} -o no.mha")).failed_naming(2, &["--step"]);
    }
    say(at, "regularize plain.npy -o no.mha").failed_naming(1, &["--voxel-size"]);
    for matrix in ["0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "1 2 3", "", &"1 ".repeat(40_000)] {
        std::fs::write(at.join("m.txt"), matrix).expect("written");
        say(at, "transform rock.mha --matrix m.txt -o no.mha").failed(2);
    }
    std::fs::write(at.join("m.txt"), "1 0 0 1e6 0 1 0 0 0 0 1 0 0 0 0 1").expect("written");
    let far = say(at, "transform rock.mha --matrix m.txt -o far.mha");
    assert!(far.err.contains("nothing of the input"), "{}", far.err);
    far.done();
    assert!(!at.join("no.mha").exists());
}

#[test]
fn two_volumes_are_compared() {
    let folder = folder();
    let at = folder.path();
    let same = said(&say(at, "compare rock.mha rock.mha --json").done());
    assert_eq!((&same["same_grid"], &same["same_values"], &same["greatest_difference"]), (&Value::Bool(true), &Value::Bool(true), &serde_json::json!(0.0)));
    say(at, "flip rock.mha --axes x -o flipped.mha").done();
    let other = say(at, "compare rock.mha flipped.mha --json");
    assert_eq!(other.code, Some(1));
    let found = said(&String::from_utf8(other.out).expect("text"));
    let relation = found["relation"].as_str().expect("a relation");
    assert!(relation.contains("B is A flipped in x") && relation.contains("stays where it is"), "{relation}");
    say(at, "otsu rock.mha -o mask.mha").done();
    let mask = said(&say(at, "compare mask.mha mask.mha --json").done());
    assert_eq!(mask["dice"], serde_json::json!({"1": 1.0}));
}

#[test]
fn turns_there_and_back_are_nothing() {
    let folder = folder();
    let at = folder.path();
    say(at, "pipe rock.mha ! transpose --order zxy ! flip --axes yz ! flip --axes zy ! transpose --order yzx -o back.mha").done();
    say(at, "compare rock.mha back.mha").done();
    say(at, "pipe rock.mha ! pad --before 3vox --after 20um ! crop --region 3:43,3:33,3:23 -o back.mha --force").done();
    say(at, "compare rock.mha back.mha").done();
    say(at, "reorient rock.mha --to RAS -o no.mha").failed_naming(1, &["flip --axes", "transpose"]);
}

#[test]
fn a_transform_is_read_from_a_file() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("shift.txt"), "1 0 0 0.005\n0 1 0 0\n0 0 1 0\n0 0 0 1\n").expect("written");
    say(at, "transform rock.mha --matrix shift.txt -o moved.mha").done();
    say(at, "crop rock.mha --region 1:,:,: -o a.npy").done();
    say(at, "crop moved.mha --region :39,:,: -o b.npy").done();
    say(at, "compare a.npy b.npy").done();
    say(at, "transform rock.mha --matrix none.txt -o no.mha").failed(1);
    let back = say(at, "affine --zoom 2 --translate 1,2,3 --inverse").done();
    assert_eq!(back, "0.5 0 0 -0.5\n0 0.5 0 -1\n0 0 0.5 -1.5\n0 0 0 1\n");
    say(at, "affine --zoom 0").failed(2);
}

#[test]
fn integers_that_no_float_holds_are_kept_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let values: Vec<u8> = (0..64u64).flat_map(|i| (9_223_372_036_854_775_000 + i).to_le_bytes()).collect();
    std::fs::write(at.join("long.raw"), values).expect("a file");
    let raw = "long.raw --size 4x4x4 --type u64 --voxel-size 1mm";
    say(at, &format!("convert {raw} long.mha")).done();
    for words in ["resample long.mha --spacing 0.7mm -o a.mha", "convert long.mha a.nii --type f64", "pad long.mha --after 1vox --fill 9007199254740993 -o a.mha"] {
        say(at, words).refused();
    }
    for words in ["resample long.mha --spacing 0.5mm --interpolation nearest -o b.mha --force", "pad long.mha --after 1vox --fill 7 -o b.mha --force"] {
        say(at, words).done();
    }
    std::fs::write(at.join("one.raw"), 9_007_199_254_740_993u64.to_le_bytes()).expect("a file");
    std::fs::write(at.join("float.raw"), 9_007_199_254_740_992f64.to_le_bytes()).expect("a file");
    say(at, "convert one.raw one.npy --size 1x1x1 --type u64").done();
    say(at, "convert float.raw float.npy --size 1x1x1 --type f64").done();
    let compared = say(at, "compare one.npy float.npy");
    assert_eq!(compared.code, Some(1), "{}", compared.err);
}
