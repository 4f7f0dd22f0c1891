//! Again from what an output says of itself, without touching what is there.

use crate::chains::equal;
use crate::{folder_of, phantom};
use isovox_testing::command::{say, values};
use isovox_testing::files::{names, nothing_partial, sha256};

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
    let told = say(at, "replay m.mha --input moved/stone.tif -o again/m.mha --force").done();
    assert!(told.contains("equal byte for byte"), "its name then is what the output tells: {told}");
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

/// Made again and equal, and nothing in the folder changed.
#[track_caller]
fn again(at: &std::path::Path, words: &str) {
    let before = sha256(at);
    let told = say(at, &format!("replay {words}")).done();
    assert!(told.contains("equal byte for byte"), "{words}: {told}");
    assert_eq!(sha256(at), before, "changed by replay {words}");
}

#[test]
fn replay_touches_nothing() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "pores beads.tif -o rock").done();
    // Finished results under their own names, which a replay must not take for its target.
    std::fs::create_dir(at.join("moved")).expect("a folder");
    for name in names(&at.join("rock")) {
        if at.join("rock").join(&name).is_file() {
            std::fs::copy(at.join("rock").join(&name), at.join("moved").join(&name)).expect("copied");
        }
    }
    std::fs::create_dir(at.join("moved/slices")).expect("a folder");
    for name in names(&at.join("rock/slices")) {
        std::fs::copy(at.join("rock/slices").join(&name), at.join("moved/slices").join(&name)).expect("copied");
    }
    again(at, "moved");
    again(at, "rock/labels.mha --input .");
    again(at, "rock/views.png --input .");
    say(at, "convert beads.tif m2.raw").done();
    again(at, "m2.mhd --force");
    again(at, "m2.raw --force");
    say(at, "otsu beads.tif -o m.mha").done();
    std::fs::rename(at.join("m.mha"), at.join("kept.mha")).expect("renamed");
    again(at, "kept.mha");
    say(at, "replay m2.mhd -o beads.tif --force").failed_naming(1, &["beads.tif", "input"]);
    say(at, "replay m2.mhd -o m2.mhd --force").failed_naming(1, &["input"]);
}

#[test]
fn a_command_without_an_output_is_refused() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "otsu-profile beads.tif -o t.csv").done();
    let told = std::fs::read_to_string(at.join("t.csv.provenance.json")).expect("provenance");
    for (from, to) in [("\"-o\",", "\"--bins\","), ("\"t.csv\"", "\"../t.csv\""), ("\"otsu-profile\"", "\"paint\""), ("\"otsu-profile\"", "\"replay\"")] {
        let spoiled = told.replacen(from, to, 1);
        assert_ne!(spoiled, told, "{from}");
        std::fs::write(at.join("t.csv.provenance.json"), spoiled).expect("written");
        let before = sha256(at);
        say(at, "replay t.csv --force").failed_naming(1, &["t.csv", "the command in its provenance"]);
        assert_eq!(sha256(at), before);
    }
}

#[test]
fn outputs_of_all_kinds_are_made_again() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    say(at, "convert beads.tif --crop 0:30,0:20,0:12 slices/rock_####.png").done();
    again(at, "slices");
    again(at, "slices/rock_0003.png");
    // A folder, a glob and several files as the input.
    say(at, "convert slices v.npy").done();
    say(at, "convert slices/rock_000*.png g.npy").done();
    say(at, "convert slices/rock_0001.png slices/rock_0002.png f.npy").done();
    say(at, "convert slices w.mha --voxel-size 5um").done();
    for made in ["v.npy", "g.npy", "f.npy", "w.mha"] {
        again(at, &format!("{made} --input slices"));
    }
    again(at, "v.npy");
    std::fs::create_dir(at.join("far")).expect("a folder");
    std::fs::rename(at.join("slices"), at.join("far/away")).expect("renamed");
    say(at, "replay v.npy").failed_naming(1, &["rock_0000.png", "11 more", "--input slices"]);
    again(at, "v.npy --input far/away");
    // A header and its data as the input, and a mask under the input's own name.
    say(at, "convert beads.tif p.mhd").done();
    say(at, "otsu p.mhd --dark -o m.mha").done();
    again(at, "m.mha");
    std::fs::create_dir(at.join("masks")).expect("a folder");
    say(at, "otsu beads.tif -o masks/p.mhd").done();
    say(at, "otsu-profile p.mhd -o t.csv").done();
    again(at, "t.csv");
}

#[test]
fn a_wrong_input_is_said() {
    let folder = folder_of(&["beads", "rock"]);
    let at = folder.path();
    say(at, "otsu beads.tif -o m.mha").done();
    say(at, "replay m.mha --input rock.tif").failed_naming(1, &["rock.tif", "none of the inputs", "beads.tif"]);
    say(at, "replay m.mha --input nowhere").failed_naming(1, &["nowhere"]);
    phantom(at, "beads --seed 2 --voxel-size 5um -o other.tif");
    std::fs::rename(at.join("other.tif"), at.join("beads.tif")).expect("replaced");
    say(at, "replay m.mha").failed_naming(1, &["beads.tif", "differs", "--input PATH/beads.tif"]);
}
