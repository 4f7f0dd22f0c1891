//! Chains: step by step, on any number of threads; the same bytes each time.

use std::path::Path;

use crate::folder_of;
use isovox_testing::command::say;
use isovox_testing::files::{files_below, json, sha256};

/// Two outputs that are one another's copy.
#[track_caller]
pub(crate) fn equal(folder: &Path, a: &str, b: &str) {
    assert!(std::fs::read(folder.join(a)).expect(a) == std::fs::read(folder.join(b)).expect(b), "{a} and {b} differ");
}

/// Every file below two folders, but for provenance.json, which tells of times.
#[track_caller]
fn equal_folders(a: &Path, b: &Path) {
    let files = |f: &Path| {
        files_below(f).into_iter().filter(|p| !p.ends_with("provenance.json")).map(|p| (p.strip_prefix(f).expect("below").to_path_buf(), sha256(&p))).collect::<Vec<_>>()
    };
    assert!(!files(a).is_empty());
    for (a, b) in files(a).into_iter().zip(files(b)) {
        assert_eq!(a, b);
    }
}

pub(crate) const CHAIN: &str = "! otsu --dark ! label --connectivity 18 ! remove-small --min 20vox --connectivity 18";

#[test]
fn steps_apart_are_the_chain() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "otsu rock.tif --dark -o 1.npy").done();
    say(at, "label 1.npy -o 2.npy --voxel-size 5um").done();
    say(at, "measure 2.npy -o apart.csv --voxel-size 5um").done();
    say(at, "pipe rock.tif ! otsu --dark ! label ! measure -o chain.csv").done();
    equal(at, "apart.csv", "chain.csv");
}

#[test]
fn two_runs_and_any_threads_give_the_same_bytes() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let outs = ["l.mha", "l.nii.gz", "l.tif", "l.npy", "l.raw"];
    // The same words in folders of their own: what is embedded names the output.
    for (n, flags) in ["", "", "--threads 1", "--threads 2", "--threads 5 --memory 64MB"].iter().enumerate() {
        let own = at.join(n.to_string());
        std::fs::create_dir(&own).expect("a folder");
        for out in outs {
            say(&own, &format!("pipe ../rock.tif --threads 1 {CHAIN} -o {out}").replace("--threads 1", flags)).done();
        }
        say(&own, &format!("pipe ../rock.tif {flags} {CHAIN} ! measure --image ../rock.tif -o t.csv")).done();
        say(&own, &format!("statistics ../rock.tif {flags} -o s.json")).done();
        say(&own, &format!("three-view ../rock.tif {flags} -o v.png")).done();
        for out in outs.iter().chain(&["t.csv", "s.json", "v.png"]) {
            assert_eq!(sha256(&own.join(out)), sha256(&at.join("0").join(out)), "{out} with {flags:?}");
        }
    }
}

#[test]
fn two_jobs_and_any_threads_give_the_same_bytes() {
    let folder = folder_of(&["rock"]);
    for (n, flags) in ["", "", "--threads 1", "--threads 3 --memory 112MB"].iter().enumerate() {
        let own = folder.path().join(n.to_string());
        std::fs::create_dir(&own).expect("a folder");
        say(&own, &format!("pores ../rock.tif -o out --min-voxels 5 {flags}")).done();
        equal_folders(&own.join("out"), &folder.path().join("0/out"));
    }
}

#[test]
fn provenance_tells_names_hashes_and_what_was_found() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let inside = at.join("inside");
    std::fs::create_dir(&inside).expect("a folder");
    let words = format!("pipe {} --threads 2 ! otsu --dark ! label ! measure -o {}", at.join("rock.tif").display(), inside.join("t.csv").display());
    say(at, &words).done();
    let told = json(&inside.join("t.csv.provenance.json"));
    assert!(!told.to_string().contains(at.to_str().expect("UTF-8")), "no path of this machine: {told}");
    assert_eq!(told["inputs"][0]["name"], "rock.tif");
    assert_eq!(told["inputs"][0]["bytes"], std::fs::metadata(at.join("rock.tif")).expect("a file").len());
    assert_eq!(told["inputs"][0]["blake3"].as_str().map(str::len), Some(64));
    let ops: Vec<_> = told["steps"].as_array().expect("steps").iter().map(|s| s["op"].as_str().expect("a name")).collect();
    assert_eq!(ops, ["otsu", "label", "measure"]);
    assert!(told["steps"][0]["found"]["threshold"].is_number(), "{told}");
    for key in ["isovox", "created", "command", "space", "phases", "peak_memory_mb"] {
        assert!(!told[key].is_null(), "{key}");
    }
}
