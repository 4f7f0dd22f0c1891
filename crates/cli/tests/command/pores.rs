//! `isovox pores` against what is known of phantoms, and at its edges.

use std::path::Path;

use serde_json::Value;

use crate::{folder_of, phantom};
use isovox_testing::command::{say, values};
use isovox_testing::files::{json, names, nothing_partial};
use isovox_testing::table::Table;

/// What a job wrote.
struct Found {
    summary: Value,
    table: Table,
}

/// What the folder holds, and whether that needs a pore.
const FILES: [(&str, bool); 12] = [
    ("flythrough.gif", false),
    ("labels.mha", false),
    ("pores.csv", false),
    ("provenance.json", false),
    ("render.png", true),
    ("report.html", false),
    ("sizes.png", false),
    ("sizes.svg", false),
    ("slices", false),
    ("summary.json", false),
    ("surface.stl", true),
    ("views.png", false),
];

/// Runs the job; what every one of its folders must fulfil.
#[track_caller]
fn pores(folder: &Path, words: &str, out: &str) -> Found {
    say(folder, &format!("pores {words} -o {out}")).done();
    let out = folder.join(out);
    let found = Found { summary: json(&out.join("summary.json")), table: Table::read(&out.join("pores.csv")) };
    let bodies = found.table.count() > 0;
    let files = FILES.iter().filter(|(_, body)| bodies || !body).map(|(name, _)| *name);
    assert_eq!(names(&out), files.collect::<Vec<_>>());
    let labels = values(&out.join("labels.mha"));
    let [nz, ny, nx] = [0, 1, 2].map(|a| labels["shape"][a].as_u64().expect("a side"));
    let number = |key: &str| found.summary[key].as_f64().unwrap_or_else(|| panic!("{key}"));
    // Sums: open and closed are all, slices are all, the table is what is kept and what is painted.
    assert!((number("porosity_open") + number("porosity_closed") - number("porosity")).abs() < 1e-12);
    let slices: Vec<f64> = found.summary["porosity_z"].as_array().expect("a profile").iter().filter_map(Value::as_f64).collect();
    assert_eq!((slices.len() as u64, names(&out.join("slices")).len() as u64), (nz, nz));
    assert_eq!(found.summary["components_kept"], found.table.count());
    assert_eq!(found.table.numbers("label"), (1..=found.table.count() as u64).collect::<Vec<_>>());
    assert_eq!(labels["values"]["max"], found.table.count());
    let kept: u64 = found.table.numbers("voxels").iter().sum();
    if !words.contains("--within") {
        assert!((slices.iter().sum::<f64>() / nz as f64 - number("porosity")).abs() < 1e-12);
        assert_eq!(number("porosity_kept"), kept as f64 / (nx * ny * nz) as f64);
    }
    found
}

/// A phantom's porosity, and its count for pores of at least eight voxels.
#[track_caller]
fn truth(kind: &str, tolerance: f64) {
    let folder = folder_of(&[kind]);
    let truth = json(&folder.path().join(format!("{kind}.truth.json")));
    for connectivity in ["6", "18", "26"] {
        let found = pores(folder.path(), &format!("{kind}.tif --min-voxels 8 --connectivity {connectivity}"), &format!("out{connectivity}"));
        let (porosity, told) = (found.summary["porosity"].as_f64().expect("a number"), truth["porosity"].as_f64().expect("a number"));
        assert!((porosity - told).abs() < tolerance, "{kind}: {porosity}, the truth is {told}");
        assert_eq!(found.summary["components_kept"], truth["components"][connectivity], "{kind} at {connectivity}");
    }
}

#[test]
fn rocks() {
    truth("rock", 0.003);
    truth("rock-ends", 0.003);
    truth("rock-islands", 0.004);
}

#[test]
fn beads() {
    truth("beads", 0.006);
}

#[test]
fn a_larger_rock_of_another_seed() {
    let folder = folder_of(&[]);
    phantom(folder.path(), "rock --size 200x150x100 --seed 5 --voxel-size 5um -o r.raw");
    let truth = json(&folder.path().join("r.truth.json"));
    let found = pores(folder.path(), "r.raw --min-voxels 2", "out");
    let (porosity, told) = (found.summary["porosity"].as_f64().expect("a number"), truth["porosity"].as_f64().expect("a number"));
    assert!((porosity - told).abs() < 0.004, "{porosity}, the truth is {told}");
    let (kept, told) = (found.table.count() as f64, truth["components"]["6"].as_f64().expect("a number"));
    // Pores cut at the far faces may leave slivers that the noise decides on.
    assert!((kept - told).abs() <= 0.02 * told, "{kept} pores, the truth is {told}");
}

#[test]
fn small_pores_leave_and_the_rest_is_numbered_again() {
    let folder = folder_of(&["rock"]);
    let all = pores(folder.path(), "rock.tif", "all");
    let some = pores(folder.path(), "rock.tif --min-voxels 300", "some");
    let expected: Vec<u64> = all.table.numbers("voxels").into_iter().filter(|n| *n >= 300).collect();
    assert!(expected.len() > 20 && expected.len() < all.table.count());
    assert_eq!(some.table.numbers("voxels"), expected);
    for key in ["porosity", "porosity_open", "porosity_closed", "components", "porosity_z", "threshold"] {
        assert_eq!(all.summary[key], some.summary[key], "{key} counts before the filter");
    }
    let none = pores(folder.path(), "rock.tif --min-voxels 100000000", "none");
    assert_eq!((none.table.count(), &none.summary["porosity_kept"]), (0, &0.0.into()));
}

#[test]
fn bright_is_the_rest() {
    let folder = folder_of(&["rock"]);
    let dark = pores(folder.path(), "rock.tif --dark", "dark");
    let plain = pores(folder.path(), "rock.tif", "plain");
    let bright = pores(folder.path(), "rock.tif --bright", "bright");
    assert_eq!(dark.summary, plain.summary);
    let sum = dark.summary["porosity"].as_f64().expect("a number") + bright.summary["porosity"].as_f64().expect("a number");
    assert!((sum - 1.0).abs() < 1e-12);
    let given = pores(folder.path(), &format!("rock.tif --threshold {}", dark.summary["threshold"]), "given");
    assert_eq!(given.summary, dark.summary);
}

#[test]
fn within_a_mask() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "threshold rock.tif --lower 0 --upper 255 -o all.mha").done();
    let whole = pores(at, "rock.tif", "plain");
    let mut all = pores(at, "rock.tif --within all.mha", "all").summary;
    assert_eq!(all["within"].take(), "all.mha");
    all["within"] = "all".into();
    assert_eq!(all, whole.summary);
    // Bright grains are no pores: of them alone the porosity is that of what a higher threshold finds.
    say(at, "threshold rock.tif --lower 120 --upper 255 -o some.mha").done();
    let inside = values(&at.join("some.mha"))["values"]["mean"].as_f64().expect("a mean") * (128 * 128 * 72) as f64;
    let some = pores(at, "rock.tif --within some.mha --threshold 160", "some");
    say(at, "threshold rock.tif --lower 120 --upper 160 -o between.mha").done();
    let between = values(&at.join("between.mha"))["values"]["mean"].as_f64().expect("a mean") * (128 * 128 * 72) as f64;
    let found = some.summary["porosity"].as_f64().expect("a number");
    assert!((found - between / inside).abs() < 1e-9, "{found}, expected {}", between / inside);
    say(at, "threshold rock.tif --lower 250 --upper 255 -o empty.mha").done();
    say(at, "pores rock.tif --within empty.mha -o never").failed(1);
    assert!(!at.join("never").exists());
}

#[test]
fn a_mask_is_taken_as_it_stands() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let grey = pores(at, "rock.tif", "grey");
    for mask in ["m.mha", "m.npy", "m.raw", "m.nii.gz"] {
        say(at, &format!("otsu rock.tif --dark -o {mask}")).done();
        for flag in ["--dark", "--bright", "--threshold 0"] {
            say(at, &format!("pores {mask} {flag} -o never")).failed_naming(2, &["mask"]);
        }
        let found = pores(at, mask, &format!("out-{mask}"));
        assert_eq!(found.summary["threshold"], Value::Null);
        for key in ["porosity", "components", "porosity_z", "percolates"] {
            assert_eq!(found.summary[key], grey.summary[key], "{key} of {mask}");
        }
    }
    nothing_partial(at);
    assert!(!at.join("never").exists());
}

/// An array as NumPy writes it.
fn numpy(path: &Path, descr: &str, shape: &str, voxels: &[u8]) {
    let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let head = format!("{head:117}\n");
    std::fs::write(path, [b"\x93NUMPY\x01\x00\x76\x00", head.as_bytes(), voxels].concat()).expect("a file");
}

#[test]
fn no_pores_at_all() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let none = pores(at, "rock.tif --threshold -1", "none");
    assert_eq!((&none.summary["porosity"], none.table.count()), (&0.0.into(), 0));
    assert_eq!(none.summary["percolates"], serde_json::json!({"x": false, "y": false, "z": false}));
    // A mask of nothing is still a mask, where its type says that it is one.
    numpy(&at.join("zero.npy"), "|b1", "(3, 3, 3)", &[0; 27]);
    let zero = pores(at, "zero.npy", "zero");
    assert_eq!((&zero.summary["porosity"], &zero.summary["threshold"]), (&0.0.into(), &Value::Null));
    // A grey volume of one value has no threshold of its own.
    std::fs::write(at.join("seven.bin"), [7; 27]).expect("a file");
    say(at, "pores seven.bin --size 3x3x3 --type u8 -o never").failed_naming(1, &["constant", "--threshold"]);
    assert!(!at.join("never").exists());
    assert_eq!(pores(at, "seven.bin --size 3x3x3 --type u8 --threshold 7", "full").summary["porosity"], 1.0);
}

#[test]
fn thin_volumes() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let slice = pores(at, "rock.tif --crop :,:,30:31", "slice");
    assert!(slice.table.count() > 5);
    // Every pore of a single slice touches both of its faces.
    assert!(slice.table.column("touches_border").iter().all(|t| *t == "true"));
    assert_eq!(slice.summary["percolates"]["z"], true);
    let voxel = pores(at, "rock.tif --crop 5:6,5:6,5:6 --threshold 255", "voxel");
    assert_eq!((&voxel.summary["porosity"], voxel.table.count()), (&1.0.into(), 1));
    let row = pores(at, "rock.tif --crop :,64:65,30:31", "row");
    assert!(!row.table.numbers("voxels").is_empty());
}

#[test]
fn a_voxel_size_changes_units_alone() {
    let folder = folder_of(&[]);
    let at = folder.path();
    phantom(at, "rock -o r.tif");
    let (plain, sized) = (pores(at, "r.tif", "plain"), pores(at, "r.tif --voxel-size 5,5,10um", "sized"));
    assert_eq!((&plain.summary["voxel_um"], &sized.summary["voxel_um"]), (&Value::Null, &serde_json::json!([5.0, 5.0, 10.0])));
    assert_eq!(plain.table.numbers("voxels"), sized.table.numbers("voxels"));
    assert_eq!(plain.table.column("volume_vox3").len(), plain.table.count());
    for (volume, voxels) in sized.table.column("volume_mm3").iter().zip(sized.table.numbers("voxels")) {
        let volume: f64 = volume.parse().expect("a number");
        assert!((volume / (voxels as f64 * 2.5e-7) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn other_label_files() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    for ending in ["nii.gz", "tif", "npy", "raw"] {
        say(at, &format!("pores beads.tif -o {ending} --format {ending}")).done();
        let labels = values(&at.join(ending).join(format!("labels.{ending}")));
        assert_eq!((&labels["type"], &labels["values"]["max"]), (&"u32".into(), &1.into()), "{ending}");
    }
    say(at, "pores beads.tif -o never --format xyz").failed(2);
}

#[test]
fn frames_are_chosen_first() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    // Two frames as NumPy writes them.
    say(at, "convert beads.tif one.npy --crop 0:20,0:20,0:20").done();
    let bytes = std::fs::read(at.join("one.npy")).expect("a file");
    let voxels = &bytes[bytes.len() - 8000..];
    numpy(&at.join("two.npy"), "|u1", "(2, 20, 20, 20)", &[voxels, voxels].concat());
    assert_eq!(values(&at.join("two.npy"))["frames"]["count"], 2);
    say(at, "pores two.npy -o never").failed_naming(1, &["--frame"]);
    say(at, "pores two.npy -o never --frame 2").failed_naming(2, &["frame"]);
    let chosen = pores(at, "two.npy --frame 1", "chosen");
    assert_eq!(chosen.summary, pores(at, "one.npy", "one").summary);
}
