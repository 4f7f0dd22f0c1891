//! `isovox pores` and what leads to it on real micro-CT: thresholds, porosities, counts and sizes are those of OpenCV,
//! scikit-image, cc3d and scipy, to the last digit.

use std::path::{Path, PathBuf};

use isovox_testing::command::{info, ran, say, values};
use isovox_testing::files::json;
use isovox_testing::scans::data;
use isovox_testing::table::{Table, greatest};
use serde_json::{Value, json};

/// Grey volumes: `expected.json` knows their threshold, and both phases.
const GREY: [&str; 6] =
    ["fiberform_100.tif", "cement_128x128x128.tif", "bone_128x128x128.tif", "fibers_150x150x150.tif", "shell_225x128x128.zip", "polymer3d_8bit_128x128x128.raw"];

/// Segmented rocks, 0 is pore: Otsu of 0 and 255 gives their stated porosity.
const ROCKS: [&str; 2] = ["berea_binary_400.zip", "ketton_binary_256.zip"];

const MASK: &str = "berea_100_to_300.npz";

fn microct() -> Option<(PathBuf, Value)> {
    let folder = data()?.join("microct");
    let expected = json(&folder.join("expected.json"));
    Some((folder, expected))
}

/// Runs the job with flags; its summary and the sizes of its pores.
#[track_caller]
fn pores(path: &Path, flags: &[&str]) -> (Value, Vec<u64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    ran([&["pores", path.to_str().expect("UTF-8"), "-o", out.to_str().expect("UTF-8")], flags].concat()).done();
    let summary = json(&out.join("summary.json"));
    (summary, Table::read(&out.join("pores.csv")).numbers("voxels"))
}

/// One volume's phase at every connectivity.
#[track_caller]
fn check(path: &Path, phase: &Value, threshold: &Value, flags: &[&str]) {
    for connectivity in ["6", "18", "26"] {
        let (summary, sizes) = pores(path, &[flags, &["--connectivity", connectivity]].concat());
        let told = format!("{} {flags:?} at {connectivity}", path.display());
        let expected = &phase[connectivity];
        assert_eq!(&summary["threshold"], threshold, "{told}");
        assert_eq!(summary["porosity"], phase["fraction"], "{told}");
        assert_eq!(summary["components"], expected["components_cc3d"], "{told}");
        assert_eq!(summary["components"], json!(sizes.len()), "{told}");
        assert_eq!(json!(sizes.iter().sum::<u64>()), phase["foreground_voxels"], "{told}");
        assert_eq!(json!(sizes.iter().filter(|n| **n == 1).count()), expected["single_voxel_components"], "{told}");
        assert_eq!(json!(greatest(sizes, 10)), expected["top10_sizes"], "{told}");
    }
}

#[test]
fn the_dark_phase_of_grey_volumes() {
    let Some((folder, expected)) = microct() else { return };
    for name in GREY {
        let e = &expected[name];
        assert_eq!(e["otsu"]["volume_opencv"], e["otsu"]["volume_skimage"], "{name}");
        check(&folder.join(name), &e["dark_phase"], &e["otsu"]["volume_opencv"], &[]);
    }
}

#[test]
fn the_bright_phase_of_grey_volumes() {
    let Some((folder, expected)) = microct() else { return };
    for name in GREY {
        let e = &expected[name];
        check(&folder.join(name), &e["bright_phase"], &e["otsu"]["volume_opencv"], &["--bright"]);
    }
}

#[test]
fn segmented_rocks_are_grey_like_any_other() {
    let Some((folder, expected)) = microct() else { return };
    for name in ROCKS {
        check(&folder.join(name), &expected[name]["pores"], &json!(0), &[]);
    }
}

#[test]
fn a_mask_is_the_pores_as_it_stands() {
    let Some((folder, expected)) = microct() else { return };
    let path = folder.join(MASK);
    check(&path, &expected[MASK]["pores"], &Value::Null, &[]);
    let out = tempfile::tempdir().expect("a folder");
    for flags in [&["--threshold", "0"][..], &["--dark"], &["--bright"]] {
        let words = [&["pores", path.to_str().expect("UTF-8"), "-o", "never"], flags].concat();
        isovox_testing::command::ran_in(out.path(), words).failed_naming(2, &["mask"]);
    }
    assert!(isovox_testing::files::names(out.path()).is_empty());
}

#[test]
fn the_mask_is_the_middle_of_the_rock() {
    let Some((folder, _)) = microct() else { return };
    let out = tempfile::tempdir().expect("a folder");
    let rock = folder.join("berea_binary_400.zip");
    let words = ["pipe", rock.to_str().expect("UTF-8"), "--crop", "100:300,100:300,100:300", "!", "otsu", "--dark", "-o", "middle.npy"];
    isovox_testing::command::ran_in(out.path(), words).done();
    assert_eq!(values(&out.path().join("middle.npy"))["values"]["sha256"], values(&folder.join(MASK))["values"]["sha256"]);
}

#[test]
fn thresholds_of_slices_are_opencvs() {
    let Some((folder, expected)) = microct() else { return };
    let out = tempfile::tempdir().expect("a folder");
    for name in GREY {
        let path = folder.join(name);
        let path = path.to_str().expect("UTF-8");
        isovox_testing::command::ran_in(out.path(), ["otsu-profile", path, "-o", "t.csv", "--force"]).done();
        let found: Vec<Value> = Table::read(&out.path().join("t.csv")).column("threshold").into_iter().map(|t| t.parse::<f64>().map_or(Value::Null, |t| json!(t as i64))).collect();
        assert_eq!(Value::Array(found), expected[name]["otsu"]["per_slice_opencv"], "{name}");
        isovox_testing::command::ran_in(out.path(), ["pipe", path, "!", "otsu", "--per-slice", "--dark", "!", "statistics", "-o", "s.json", "--force"]).done();
        let dark = json(&out.path().join("s.json"))[0]["mean"].as_f64().expect("a mean");
        let told = expected[name]["seed_pipeline"]["fraction_before_contours"].as_f64().expect("a fraction");
        assert!((dark - told).abs() < 1e-12, "{name}: {dark}, expected {told}");
    }
}

/// An input opens with the voxels that `expected.json` knows; what `info` says of it.
#[track_caller]
fn opens(words: &[&str], expected: &Value) -> Value {
    let found = info([words, &["--values"]].concat());
    let told = words.join(" ");
    let shape = expected["shape"].as_array().expect("a shape");
    assert_eq!(found["shape"].as_array().expect("a shape")[..], shape[..3], "{told}");
    assert_eq!(found["values"]["sha256"], expected["sha256_le_c_order"], "{told}");
    let scalar = shape.len() == 3;
    assert_eq!(found["type"], if scalar { type_of(&expected["dtype"]) } else { json!("rgb8") }, "{told}");
    if scalar {
        assert_eq!(found["values"]["min"].as_f64(), expected["min"].as_f64(), "{told}");
        assert_eq!(found["values"]["max"].as_f64(), expected["max"].as_f64(), "{told}");
    }
    found
}

/// NumPy's type as isovox names it.
fn type_of(dtype: &Value) -> Value {
    let name = dtype.as_str().expect("a type");
    json!(name.replace("uint", "u").replace("int", "i").replace("float", "f").replace("bool", "u8"))
}

/// Some warning holds a word; an empty word: there is none.
#[track_caller]
fn warned(found: &Value, word: &str) {
    let warnings: Vec<&str> = found["warnings"].as_array().expect("warnings").iter().filter_map(Value::as_str).collect();
    let right = if word.is_empty() { warnings.is_empty() } else { warnings.iter().any(|w| w.contains(word)) };
    assert!(right, "{word:?} in {}: {warnings:?}", found["path"]);
}

#[track_caller]
fn spaced(found: &Value, mm: f64) {
    // MetaImage counts as patient space unless it says otherwise.
    let space = if found["format"] == "metaimage" { "patient" } else { "local" };
    assert_eq!(found["space"], space, "{}", found["path"]);
    for v in found["spacing_mm"].as_array().expect("a spacing") {
        assert!((v.as_f64().expect("a number") / mm - 1.0).abs() < 1e-9, "{}: {v}", found["path"]);
    }
}

#[test]
fn sequences() {
    let Some((folder, expected)) = microct() else { return };
    let table = [("seq_imagej", ""), ("seq_unpadded", ""), ("seq_rgb", ""), ("seq_u16", ""), ("seq_missing_slice", ": 4"), ("seq_extra_files", "Thumbs.db")];
    for (name, word) in table {
        let path = folder.join("derived").join(name);
        let found = opens(&[path.to_str().expect("UTF-8")], &expected["derived"][name]);
        assert_eq!(found["format"], "sequence");
        warned(&found, word);
    }
    let odd = folder.join("derived/seq_odd_size");
    ran(["info", odd.to_str().expect("UTF-8")]).failed_naming(1, &["p2.tif"]);
}

#[test]
fn headerless_files() {
    let Some((folder, expected)) = microct() else { return };
    // Name, spacing in mm, what is warned of.
    let table = [
        ("cement_crop_80x64x48_u8.mhd", 0.005, ""),
        ("cement_crop_80x64x48_u8.raw", 0.005, ""),
        ("aluminium_s16be_off512.mhd", 0.082, ""),
        ("aluminium_s16be_off512.raw", 0.082, ""),
        ("aluminium_s16be_headersize_minus1.mhd", 0.082, ""),
        ("aluminium_u16.vol", 0.082, ""),
        ("aluminium_80x64x48_s16be_off512_gap16.raw", 0.0, ""),
        ("aluminium_80x64x48_f32le.raw", 0.0, "name"),
    ];
    for (name, mm, word) in table {
        let path = folder.join("derived").join(name);
        let found = opens(&[path.to_str().expect("UTF-8")], &expected["derived"][name]);
        warned(&found, word);
        if mm > 0.0 { spaced(&found, mm) } else { assert_eq!(found["space"], "voxel", "{name}") }
    }
    let vgi = folder.join("derived/aluminium_u16.vgi");
    spaced(&opens(&[vgi.to_str().expect("UTF-8")], &expected["derived"]["aluminium_u16.vol"]), 0.082);
    let polymer = folder.join(GREY[5]);
    warned(&opens(&[polymer.to_str().expect("UTF-8")], &expected[GREY[5]]), "name");
}

#[test]
fn headerless_files_by_flags() {
    let Some((folder, expected)) = microct() else { return };
    let name = "aluminium_80x64x48_s16be_off512_gap16.raw";
    // A copy has no text beside it and a name that says nothing.
    let out = tempfile::tempdir().expect("a folder");
    let copy = out.path().join("scan.bin");
    std::fs::copy(folder.join("derived").join(name), &copy).expect("copied");
    let copy = copy.to_str().expect("UTF-8");
    let flags = ["--size", "80x64x48", "--type", "i16", "--endian", "big", "--offset", "512", "--gap", "16"];
    opens(&[&[copy], &flags[..]].concat(), &expected["derived"][name]);
    ran([&["info", copy], &flags[..6]].concat()).failed_naming(1, &["492784", "491520"]);
    ran(["info", copy]).failed_naming(1, &["--size"]);
}

#[test]
fn sizes_that_mean_nothing_are_named_and_not_used() {
    let Some((folder, expected)) = microct() else { return };
    let table = [("fibers_150x150x150.tif", "25.4"), ("fiberform_100.tif", "100"), ("bone_128x128x128.tif", "unit"), ("cement_128x128x128.tif", "")];
    for (name, word) in table {
        let path = folder.join(name);
        let found = opens(&[path.to_str().expect("UTF-8")], &expected[name]);
        assert_eq!(found["space"], "voxel", "{name}");
        warned(&found, word);
    }
    let shell = folder.join("shell_225x128x128.zip");
    spaced(&opens(&[shell.to_str().expect("UTF-8")], &expected["shell_225x128x128.zip"]), 0.001);
    let cement = folder.join("cement_128x128x128.tif");
    spaced(&info([cement.to_str().expect("UTF-8"), "--voxel-size", "5.3um"]), 0.0053);
}

#[test]
fn surfaces_are_refused() {
    let Some((folder, _)) = microct() else { return };
    ran(["info", folder.join("test25a.vtk").to_str().expect("UTF-8")]).failed(1);
}

#[test]
fn the_first_command_of_all() {
    let Some((folder, expected)) = microct() else { return };
    let out = tempfile::tempdir().expect("a folder");
    std::fs::copy(folder.join("cement_128x128x128.tif"), out.path().join("cement_128x128x128.tif")).expect("copied");
    say(out.path(), "pipe cement_128x128x128.tif ! otsu --dark ! label ! measure -o t.csv").done();
    let sizes = Table::read(&out.path().join("t.csv")).numbers("voxels");
    let e = &expected["cement_128x128x128.tif"]["dark_phase"];
    assert_eq!(json!(sizes.len()), e["6"]["components_cc3d"]);
    assert_eq!(json!(greatest(sizes, 10)), e["6"]["top10_sizes"]);
}

#[test]
fn the_published_recipe_number_for_number() {
    let Some((folder, expected)) = microct() else { return };
    for name in GREY {
        let folder_of = tempfile::tempdir().expect("a folder");
        let out = folder_of.path().join("out");
        ran(["pores", folder.join(name).to_str().expect("UTF-8"), "-o", out.to_str().expect("UTF-8"), "--literal"]).done();
        let (literal, recipe) = (json(&out.join("literal.json")), &expected[name]["seed_pipeline"]);
        assert_eq!(literal["components"], recipe["components"], "{name}");
        assert_eq!(literal["numbers"], recipe["seed_prints_max_minus_1"], "{name}");
        assert_eq!(literal["mask_sha256"], recipe["sha256_mask_0_255"], "{name}");
        let (porosity, told) = (literal["porosity"].as_f64().expect("a number"), recipe["fraction_after_contours"].as_f64().expect("a number"));
        assert!((porosity - told).abs() < 1e-6, "{name}: {porosity}, {told}");
    }
}
