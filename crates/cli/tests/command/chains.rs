//! Chains: from the command line, from a recipe, again from what an output says of itself; the same bytes each time.

use std::path::Path;

use crate::common::{Table, files_below, json, nothing_partial, say, sha256, values};
use crate::{folder_of, phantom};

/// Two outputs that are one another's copy.
#[track_caller]
fn equal(folder: &Path, a: &str, b: &str) {
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

const CHAIN: &str = "! otsu --dark ! label --connectivity 18 ! remove-small --min 20vox --connectivity 18";

#[test]
fn a_recipe_is_the_chain() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, &format!("pipe rock.tif {CHAIN} -o line.raw")).done();
    say(at, &format!("pipe rock.tif {CHAIN} ! measure --image rock.tif -o line.csv")).done();
    let steps = "[[step]]\nop = \"otsu\"\ndark = true\n[[step]]\nop = \"label\"\nconnectivity = 18\n[[step]]\nop = \"remove-small\"\nmin = \"20vox\"\nconnectivity = 18\n";
    std::fs::create_dir(at.join("r")).expect("a folder");
    std::fs::write(at.join("r/volume.toml"), format!("input = \"../rock.tif\"\noutput = \"../told.raw\"\n{steps}")).expect("a recipe");
    std::fs::write(at.join("r/table.toml"), format!("input = [\"../rock.tif\"]\n{steps}[[step]]\nop = \"measure\"\nimage = \"../rock.tif\"\n")).expect("a recipe");
    say(at, "pipe r/volume.toml").done();
    say(at, "pipe r/table.toml -o told.csv").done();
    equal(at, "line.raw", "told.raw");
    equal(at, "line.csv", "told.csv");
    assert!(Table::read(&at.join("line.csv")).len() > 100);
}

#[test]
fn a_recipe_opens_as_it_says() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    let open = "[open]\ncrop = \"3:40,5:50,7:60\"\nvoxel-size = \"2um\"\n[[step]]\nop = \"otsu\"\n[[step]]\nop = \"label\"\n[[step]]\nop = \"measure\"\nunit = \"um\"\n";
    std::fs::write(at.join("r.toml"), format!("input = \"rock.tif\"\n{open}")).expect("a recipe");
    say(at, "pipe r.toml -o told.csv").done();
    say(at, "pipe rock.tif --crop 3:40,5:50,7:60 --voxel-size 2um ! otsu ! label ! measure --unit um -o line.csv").done();
    equal(at, "line.csv", "told.csv");
}

#[test]
fn recipes_that_are_wrong() {
    let folder = folder_of(&["beads"]);
    let table = [
        ("input = \"beads.tif\"", "no [[step]]"),
        ("[[step]]\nop = \"otsu\"", "no input"),
        ("input = \"beads.tif\"\ninptu = 1\n[[step]]\nop = \"otsu\"", "inptu"),
        ("input = \"beads.tif\"\n[[step]]\nop = \"otzu\"", "did you mean otsu?"),
        ("input = \"beads.tif\"\n[[step]]\ndark = true", "names no op"),
        ("input = \"beads.tif\"\n[[step]]\nop = \"otsu\"\ndrak = true", "drak"),
        ("input = \"beads.tif\"\n[open]\ncorp = \"1:2\"\n[[step]]\nop = \"otsu\"", "corp"),
        ("input = \"beads.tif\"\n[[step", "r.toml"),
        ("input = 5\n[[step]]\nop = \"otsu\"", "input"),
    ];
    for (text, named) in table {
        std::fs::write(folder.path().join("r.toml"), text).expect("a recipe");
        say(folder.path(), "pipe r.toml -o a.mha").failed_naming(2, &[named]);
    }
    assert!(!folder.path().join("a.mha").exists());
}

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
    for (n, flags) in ["", "", "--threads 1", "--threads 3 --memory 64MB"].iter().enumerate() {
        let own = folder.path().join(n.to_string());
        std::fs::create_dir(&own).expect("a folder");
        say(&own, &format!("pores ../rock.tif -o out --min-voxels 5 {flags}")).done();
        equal_folders(&own.join("out"), &folder.path().join("0/out"));
    }
}

#[test]
fn replay_makes_it_again() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "pipe rock.tif ! otsu --dark ! label -o l.mha").done();
    say(at, "pipe rock.tif ! otsu --dark ! label ! measure -o t.csv").done();
    say(at, "otsu rock.tif -o m.nii.gz").done();
    say(at, "otsu rock.tif -o m.npy").done();
    say(at, "convert rock.tif c.tif").done();
    say(at, "three-view rock.tif -o v.png").done();
    say(at, "pores rock.tif -o out --min-voxels 9").done();
    phantom(at, "grains --seed 3 -o g.nii.gz");
    for out in ["l.mha", "t.csv", "m.nii.gz", "m.npy", "c.tif", "v.png", "out", "g.nii.gz"] {
        let told = say(at, &format!("replay {out}")).done();
        assert!(told.contains("equal byte for byte"), "{out}: {told}");
    }
    nothing_partial(at);
}

#[test]
fn replay_finds_its_inputs_by_hash() {
    let folder = folder_of(&["rock", "beads"]);
    let at = folder.path();
    say(at, "otsu rock.tif -o m.mha").done();
    for name in ["moved", "again"] {
        std::fs::create_dir(at.join(name)).expect("a folder");
    }
    std::fs::rename(at.join("rock.tif"), at.join("moved/rock.tif")).expect("moved");
    say(at, "replay m.mha").failed_naming(1, &["rock.tif", "--input"]);
    say(at, "replay m.mha --input beads.tif").failed_naming(1, &["rock.tif"]);
    for input in ["moved", "moved/rock.tif"] {
        let told = say(at, &format!("replay m.mha --input {input} -o again/m.mha --force")).done();
        assert!(told.contains("equal byte for byte"), "{told}");
        equal(at, "m.mha", "again/m.mha");
    }
    assert_eq!(say(at, "replay m.mha --input moved -o again/m.mha").code, Some(1), "what exists stays");
    // Under another name the same file is known by its hash.
    std::fs::rename(at.join("moved/rock.tif"), at.join("moved/stone.tif")).expect("moved");
    let _ = say(at, "replay m.mha --input moved/stone.tif -o again/m.mha --force");
    assert_eq!(values(&at.join("m.mha"))["values"], values(&at.join("again/m.mha"))["values"]);
}

#[test]
fn replay_says_when_it_is_not_the_same() {
    let folder = folder_of(&["rock"]);
    let at = folder.path();
    say(at, "otsu-profile rock.tif -o t.csv").done();
    let text = std::fs::read_to_string(at.join("t.csv")).expect("a table");
    std::fs::write(at.join("t.csv"), text.replacen(",1", ",7", 1)).expect("written");
    let ran = say(at, "replay t.csv");
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(String::from_utf8_lossy(&ran.out).contains("not equal"));
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
