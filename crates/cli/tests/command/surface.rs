//! Surfaces: what is written beside what is told, what is refused, and the same bytes again.

use crate::folder_of;
use isovox_testing::command::say;
use isovox_testing::files::{json, nothing_partial, sha256};

/// The number of a line `element NAME N` of a PLY header.
fn element(bytes: &[u8], name: &str) -> u64 {
    let text = String::from_utf8_lossy(&bytes[..512]).into_owned();
    let line = text.lines().find_map(|l| l.strip_prefix(&format!("element {name} "))).expect("the element is there");
    line.parse().expect("a count")
}

#[test]
fn files_hold_what_the_provenance_tells() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let ran = say(at, "pipe rock.tif ! otsu --dark ! surface -o pores.ply");
    assert!(ran.err.contains("mm2") && ran.err.contains("mm3") && ran.err.contains("local"), "{}", ran.err);
    ran.done();
    say(at, "pipe rock.tif ! otsu --dark ! surface -o pores.stl").done();
    let told = json(&at.join("pores.ply.provenance.json"));
    let found = &told["steps"][1]["found"];
    assert_eq!(told["space"], "local");
    assert_eq!(found, &json(&at.join("pores.stl.provenance.json"))["steps"][1]["found"]);
    let ply = std::fs::read(at.join("pores.ply")).expect("a file");
    assert_eq!(found["vertices"], element(&ply, "vertex"));
    assert_eq!(found["triangles"], element(&ply, "face"));
    let stl = std::fs::read(at.join("pores.stl")).expect("a file");
    assert_eq!(stl.len() as u64, 84 + 50 * found["triangles"].as_u64().expect("a count"));
    assert!(String::from_utf8_lossy(&stl[..80]).contains("local mm"));
    // The mask's voxels, of 5 um each, hold about as much.
    say(at, "pipe rock.tif ! otsu --dark ! statistics -o s.json").done();
    let share = json(&at.join("s.json"))[0]["mean"].as_f64().expect("a mean");
    let voxels = json(&at.join("s.json"))[0]["count"].as_f64().expect("a count") * 0.005f64.powi(3);
    let ratio = found["volume_mm3"].as_f64().expect("a volume") / (share * voxels);
    assert!((0.9..1.0).contains(&ratio), "{ratio}");
    nothing_partial(at);
}

#[test]
fn surfaces_are_made_again_on_any_threads_in_little_memory() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    for out in ["s.ply", "s.stl"] {
        say(at, &format!("surface rock.tif --level 105 -o {out}")).done();
        let told = say(at, &format!("replay {out}")).done();
        assert!(told.contains("equal byte for byte"), "{out}: {told}");
        let first = sha256(&at.join(out));
        for flags in ["--threads 1", "--threads 4", "--threads 3 --memory 64MB"] {
            say(at, &format!("surface rock.tif --level 105 -o {out} --force {flags}")).done();
            assert_eq!(sha256(&at.join(out)), first, "{out} {flags}");
        }
    }
    nothing_partial(at);
}

#[test]
fn what_has_no_surface_is_refused() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "surface rock.tif -o a.stl").failed_naming(2, &["--level", "values from"]);
    say(at, "surface rock.tif -o a.stl --level 300").failed_naming(1, &["300", "values from"]);
    say(at, "surface rock.tif -o a.ply --label 999").failed_naming(1, &["999"]);
    say(at, "surface rock.tif -o a.obj --level 100").failed_naming(2, &[".stl or .ply"]);
    say(at, "surface rock.tif -o a.stl --level 100 --world ras").failed_naming(1, &["RAS", "local"]);
    say(at, "pipe rock.tif ! surface --level 100 ! label -o a.mha").failed_naming(2, &["surface ends a chain"]);
    assert_eq!(std::fs::read_dir(at).expect("a folder").count(), 2, "the phantom and its truth, nothing else");
}
