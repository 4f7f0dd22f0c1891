//! What `isovox pores` writes beside labels and table: the recipe taken literally, sizes, what to doubt, a size given late.

use std::path::Path;

use serde_json::{Value, json};

use crate::folder_of;
use isovox_testing::command::say;
use isovox_testing::files::{json, names, nothing_partial, sha256};

/// Phantom, porosity, components, SHA-256 of mask and labels, histogram.
type Recipe = (&'static str, f64, u64, &'static str, &'static str, [u64; 19]);

/// The published recipe run by OpenCV 5.0.0 and cc3d 4.1.1 on the phantoms: porosity, components, SHA-256 of its mask (u8, 0 and
/// 255) and of its labels (i32, by first voxel), histogram of sizes.
const RECIPE: [Recipe; 4] = [
    (
        "rock",
        0.24019622802734375,
        417,
        "acb39ca7c5381649cc99ed1afcb3961b4a9d1b6c656f9a20ce85a9691618c68a",
        "f81d0244a74a80fa1ab965d7f6c82d4dc7fdee574f42e977ff23d36db210fae6",
        [162, 20, 14, 6, 12, 18, 28, 46, 36, 28, 26, 12, 6, 1, 1, 0, 0, 0, 0],
    ),
    (
        "rock-ends",
        0.4039478302001953,
        573,
        "d04bfe4eac8c1677e193d101b742ecdb76f3e8a6cdab3d9c54e2a125816414db",
        "093feca9b75e845a3a777dcc5e0f2a25e9dc9c86de41685832302015ac0e7af1",
        [326, 26, 11, 4, 7, 15, 27, 46, 36, 28, 26, 12, 6, 0, 0, 0, 2, 0, 0],
    ),
    (
        "rock-cracks",
        0.14997948540581596,
        348,
        "4bdfc4a59123b6cafdc94ed766d36a875978eb8691a4caaed97bbecca63c7aa7",
        "cd6a6293c78a9ebd55c9b0f9e69bd22da8eed9cb56a1c82300e7b7ee2cc34095",
        [159, 22, 14, 9, 7, 15, 21, 38, 24, 17, 14, 3, 2, 0, 2, 0, 0, 0, 0],
    ),
    (
        "beads",
        0.7008282696759259,
        1,
        "1b3eca0ef1964d0cd52913480f21c8a617af405f87bc80afa06001332c2b2a77",
        "b2c3ece65a3b87cf3d65e87e1f7d25237e8cb1f86e0e06082c3f5cbeb938d47f",
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ),
];

#[test]
fn the_recipe_number_for_number() {
    for (kind, porosity, components, mask, labels, histogram) in RECIPE {
        let folder = folder_of(&[kind]);
        let at = folder.path();
        say(at, &format!("pores {kind}.tif -o out --literal")).done();
        let literal = json(&at.join("out/literal.json"));
        assert_eq!((&literal["porosity"], &literal["components"]), (&porosity.into(), &components.into()), "{kind}");
        // It prints the greatest label less one, and never counts the last label.
        assert_eq!((&literal["numbers"], literal["areas"].as_array().map(Vec::len)), (&(components - 1).into(), Some(components as usize)), "{kind}");
        assert_eq!((&literal["mask_sha256"], &literal["labels_sha256"]), (&mask.into(), &labels.into()), "{kind}");
        assert_eq!(literal["hist_counts"], json!(histogram), "{kind}");
        assert!(page(&at.join("out")).contains("Beside the published recipe"), "{kind}");
    }
}

#[test]
fn the_recipe_takes_bytes_alone() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif f.npy --type f32").done();
    say(at, "pores f.npy -o never --literal").failed_naming(1, &["--literal", "u8"]);
    assert!(!at.join("never").exists());
    nothing_partial(at);
}

fn page(out: &Path) -> String {
    std::fs::read_to_string(out.join("report.html")).expect("a report")
}

/// What a run with the size says of lengths, and where its pictures lie.
const SIZED: [&str; 10] = ["pores.csv", "summary.json", "sizes.png", "sizes.svg", "surface.stl", "render.png", "views.png", "flythrough.gif", "slices/slice_07.png", "report.html"];

#[test]
fn a_size_given_late_equals_one_given_at_once() {
    let folder = folder_of(&[]);
    let at = folder.path();
    say(at, "phantom rock -o r.tif").done();
    say(at, "pores r.tif -o out --min-voxels 5 --literal").done();
    let slices = names(&at.join("out/slices"));
    say(at, "pores out --voxel-size 5um").done();
    std::fs::rename(at.join("out"), at.join("late")).expect("renamed");
    say(at, "pores r.tif -o out --min-voxels 5 --literal --voxel-size 5um").done();
    for name in SIZED {
        assert_eq!(sha256(&at.join("late").join(name)), sha256(&at.join("out").join(name)), "{name}");
    }
    assert_eq!((names(&at.join("late")), names(&at.join("late/slices"))), (names(&at.join("out")), slices));
    assert_eq!(json(&at.join("late/provenance.json"))["command"], json(&at.join("out/provenance.json"))["command"]);
    // Another size, and none.
    say(at, "pores late --voxel-size 7um").done();
    assert_eq!(json(&at.join("late/summary.json"))["voxel_um"], json!([7.0, 7.0, 7.0]));
    say(at, "replay late").done();
    say(at, "pores late --voxel-size 5um --min-voxels 9").failed_naming(2, &["--min-voxels"]);
    say(at, "pores late --voxel-size 5um --crop 0:9,0:9,0:9").failed_naming(2, &["--crop"]);
    say(at, "pores late").failed_naming(2, &["-o"]);
    say(at, "pores late --voxel-size 0um").failed(2);
    say(at, "pores r.tif --voxel-size 5um").failed_naming(2, &["-o"]);
    nothing_partial(at);
}

#[test]
fn a_report_stands_alone_and_says_what_to_doubt() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "pores rock.tif -o out").done();
    let html = page(&at.join("out"));
    assert!(html.len() < 20 << 20);
    for reference in ["src=\"http", "href=", "<script", "url("] {
        assert!(!html.contains(reference), "{reference}");
    }
    for word in ["What to doubt", "What was done", "Porosity along z", "What the result depends on", "Sizes", "Provenance", "19.43 %", "data:image/gif;base64,", "<svg"] {
        assert!(html.contains(word), "{word}");
    }
    say(at, "convert rock.tif plain.npy").done();
    say(at, "pores plain.npy -o unsized").done();
    assert!(page(&at.join("unsized")).contains("The size of a voxel is unknown"));
    say(at, "pores rock.tif -o none --threshold -1").done();
    assert!(page(&at.join("none")).contains("No pore was found"));
}

/// What each row of the sensitivity must be, from the summary itself and from runs of their own.
#[test]
fn choices_are_weighed() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "pores rock.tif -o out").done();
    let summary = json(&at.join("out/summary.json"));
    let rows = summary["sensitivity"].as_array().expect("rows");
    let row = |what: &str| rows.iter().find(|r| r["what"] == what).unwrap_or_else(|| panic!("{what}"));
    assert_eq!(rows.len(), 10);
    for what in ["threshold +0 bins", "connectivity 6"] {
        assert_eq!((&row(what)["porosity"], &row(what)["components"]), (&summary["porosity"], &summary["components"]), "{what}");
    }
    let threshold = summary["threshold"].as_i64().expect("a number");
    for (what, flags) in [
        ("threshold -2 bins", format!("--threshold {}", threshold - 2)),
        ("threshold +1 bins", format!("--threshold {}", threshold + 1)),
        ("connectivity 26", "--connectivity 26".to_string()),
    ] {
        say(at, &format!("pores rock.tif -o {} {flags}", what.replace(' ', "-"))).done();
        let other = json(&at.join(what.replace(' ', "-")).join("summary.json"));
        assert_eq!((&row(what)["porosity"], &row(what)["components"]), (&other["porosity"], &other["components"]), "{what}");
    }
    assert_eq!(row("border excluded")["porosity"], summary["porosity_closed"]);
    let eroded = row("eroded by one voxel")["porosity"].as_f64().expect("a number");
    assert!(eroded > 0.0 && eroded < summary["porosity"].as_f64().expect("a number"));
}

#[test]
fn noise_leaves_and_what_left_is_counted() {
    let folder = folder_of(&[]);
    let at = folder.path();
    say(at, "phantom rock-cracks -o r.tif").done();
    // The median takes single voxels of noise; means of like patches thin walls, and keep them.
    for (how, takes) in [("median", true), ("nlm", false)] {
        say(at, &format!("pores r.tif -o {how} --denoise {how} --threshold 117")).done();
        let summary = json(&at.join(how).join("summary.json"));
        say(at, &format!("pores r.tif -o plain-{how} --threshold 117")).done();
        let plain = json(&at.join(format!("plain-{how}")).join("summary.json"));
        let told = &summary["denoise"];
        assert_eq!((&told["porosity_without"], &told["components_without"]), (&plain["porosity"], &plain["components"]), "{how}");
        assert_eq!(told["lost_components"].as_u64() > Some(0), takes, "{how}: {told}");
        assert_eq!(json(&at.join(how).join("provenance.json"))["steps"][0]["op"], how);
    }
}

/// A ball of 1 in air, with a ball of air inside: the void is the inner ball alone.
#[test]
fn the_void_of_a_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let side = 40i64;
    let radius = |i: i64| (0..3).map(|k| i / side.pow(k) % side - 20).map(|d| d * d).sum::<i64>();
    let voxels: Vec<u8> = (0..side.pow(3)).map(|i| if (36..225).contains(&radius(i)) { 200 } else { 10 }).collect();
    std::fs::write(at.join("part.raw"), &voxels).expect("a file");
    say(at, "pores part.raw --size 40x40x40 --type u8 -o out --within auto").done();
    let summary = json(&at.join("out/summary.json"));
    let inside = |limit: i64| (0..side.pow(3)).filter(|i| radius(*i) < limit).count() as f64;
    assert_eq!(summary["porosity"], inside(36) / inside(225));
    assert_eq!((&summary["components"], &summary["porosity_open"]), (&1.into(), &0.0.into()));
    assert!(!page(&at.join("out")).contains("air around the sample"));
    say(at, "pores part.raw --size 40x40x40 --type u8 -o never --within auto --bright").failed_naming(2, &["--bright", "--within MASK"]);
    say(at, "pores part.raw --size 40x40x40 --type u8 -o all").done();
    assert!(page(&at.join("all")).contains("air around the sample"));
}

/// A sound part: what is inside has one peak, which a threshold of its own would split in half.
#[test]
fn a_sound_part_has_no_void() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let side = 40i64;
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % 33
    };
    let far = |i: i64| (0..3).map(|k| i / side.pow(k) % side - 20).map(|d| d * d).sum::<i64>();
    let voxels: Vec<u8> = (0..side.pow(3)).map(|i| (if far(i) < 225 { 180 } else { 40 } + noise() + noise() - 32) as u8).collect();
    std::fs::write(at.join("part.raw"), &voxels).expect("a file");
    say(at, "pores part.raw --size 40x40x40 --type u8 -o out --within auto").done();
    let summary = json(&at.join("out/summary.json"));
    assert_eq!((&summary["porosity"], &summary["components"]), (&0.0.into(), &0.into()));
    assert!(!page(&at.join("out")).contains("one peak"));
    // The inside alone is one phase, and is said to be.
    say(at, "pores part.raw --size 40x40x40 --type u8 -o inside --center 12x12x12").done();
    assert!(page(&at.join("inside")).contains("one peak"));
}

/// What was segmented before is told, and no threshold is weighed.
#[test]
fn two_values_are_no_grey_volume() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let voxels: Vec<u8> = (0..8000).map(|i| if i % 7 < 2 { 0 } else { 255 }).collect();
    std::fs::write(at.join("two.raw"), &voxels).expect("a file");
    say(at, "pores two.raw --size 20x20x20 --type u8 -o out").done();
    let page = page(&at.join("out"));
    assert!(page.contains("two values, 0 and 255") && !page.contains("One grey value more or less"));
}

#[test]
fn a_job_from_a_recipe() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    std::fs::write(at.join("job.toml"), "input = \"beads.tif\"\noutput = \"out\"\nmin-voxels = 3\nliteral = true\n").expect("a recipe");
    say(at, "pores job.toml").done();
    let command = json(&at.join("out/provenance.json"))["command"].clone();
    assert!(command.as_array().is_some_and(|words| words.contains(&Value::from("--literal")) && words.contains(&Value::from("beads.tif"))), "{command}");
    say(at, "replay out").done();
    say(at, "pores job.toml").done();
}
