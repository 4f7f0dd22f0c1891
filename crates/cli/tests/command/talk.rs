//! stdout is data, stderr is talk; the code says whose fault it was.

use serde_json::Value;

use crate::folder_of;
use isovox_testing::command::{Ran, ran, say};

/// Words that fail with a code, and what the message names.
#[track_caller]
fn check(words: &str, code: i32, named: &[&str]) {
    let folder = folder_of(&["beads"]);
    say(folder.path(), words).failed_naming(code, named);
    assert_eq!(isovox_testing::files::names(folder.path()), ["beads.tif", "beads.truth.json"], "nothing is left by: {words}");
}

#[test]
fn wrong_words_come_with_the_right_ones() {
    check("lable beads.tif -o a.mha", 2, &["lable", "'label'"]);
    check("pipe beads.tif ! otzu -o a.mha", 2, &["otzu", "did you mean otsu?"]);
    check("label beads.tif -o a.mha --conectivity 6", 2, &["--conectivity", "'--connectivity'"]);
    check("pipe beads.tif ! otsu --drak -o a.mha", 2, &["--drak", "'--dark'"]);
    check("info beads.tif --type u15", 2, &["u15", "did you mean u16?"]);
    check("cast beads.tif --type i61 -o a.mha", 2, &["i61", "did you mean i16?"]);
    check("phantom bead -o a.tif", 2, &["bead", "did you mean beads?"]);
    check("label beads.tif -o a.mha --connectivity 7", 2, &["7", "6|18|26"]);
    check("ops lable", 2, &["lable", "did you mean label?"]);
}

#[test]
fn incomplete_and_impossible_words() {
    check("label beads.tif", 2, &["--output"]);
    check("pipe beads.tif -o a.mha", 2, &["without steps"]);
    check("pipe beads.tif ! -o a.mha", 2, &["-o"]);
    check("pipe beads.tif ! otsu ! ! label -o a.mha", 2, &["empty step"]);
    check("pipe beads.tif ! otsu", 2, &["-o OUT"]);
    check("pipe beads.tif ! otsu ! label ! measure ! label -o a.mha", 2, &["measure", "ends a chain"]);
    check("otsu beads.tif -o a.mha --threads 0", 2, &["--threads"]);
    check("otsu beads.tif -o a.mha --memory lots", 2, &["--memory"]);
    check("otsu beads.tif -o a.mha --temp nowhere", 1, &["nowhere"]);
    check("otsu beads.tif -o a.xyz", 2, &["a.xyz", ".nii.gz"]);
    check("otsu-profile beads.tif -o a.mha", 2, &["a.mha", "csv"]);
    check("info beads.tif --crop 0:9", 2, &["0:9", "x0:x1"]);
    check("info beads.tif --crop 0:9,0:9,97:99", 2, &["97:99"]);
    check("info beads.tif --voxel-size 5", 2, &["5.3um"]);
    check("info beads.tif --voxel-size=-5um", 2, &["voxel-size"]);
    check("info beads.tif --frame 1", 2, &["frame"]);
    check("pores beads.tif -o out --min-voxels 0", 2, &["--min-voxels"]);
    check("pores beads.tif -o out --dark --bright", 2, &["--dark", "--bright"]);
}

#[test]
fn inputs_that_are_not_there() {
    check("info nothere.tif", 1, &["nothere.tif", "no such file"]);
    check("otsu nothere.tif -o a.mha", 1, &["nothere.tif"]);
    check("info b*x.tif", 1, &["b*x.tif"]);
    check("replay nothere.csv", 1, &["nothere.csv"]);
    check("pipe nothere.toml", 1, &["nothere.toml"]);
    check("replay beads.truth.json", 1, &["beads.truth.json"]);
}

/// The one line of JSON that tells of a failure.
#[track_caller]
fn told(ran: &Ran, code: i32) -> Value {
    assert_eq!((ran.code, ran.out.len()), (Some(code), 0), "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.err).unwrap_or_else(|e| panic!("{e}: {}", ran.err));
    let mut keys: Vec<&String> = told.as_object().expect("an object").keys().collect();
    keys.sort();
    assert_eq!(keys, ["help", "kind", "message", "path"]);
    told
}

#[test]
fn errors_as_json() {
    let folder = folder_of(&["beads"]);
    let none = told(&say(folder.path(), "info none.tif --error json"), 1);
    assert_eq!((&none["kind"], &none["path"]), (&"NotFound".into(), &"none.tif".into()));
    let there = told(&say(folder.path(), "phantom beads -o beads.tif --error=json"), 1);
    assert_eq!((&there["kind"], &there["path"]), (&"Io".into(), &"beads.tif".into()));
    assert!(there["help"].as_str().is_some_and(|h| h.contains("--force")));
    let wrong = told(&say(folder.path(), "phantom bead -o a.tif --error json"), 2);
    assert_eq!((&wrong["kind"], &wrong["help"]), (&"Parameter".into(), &"did you mean beads?".into()));
    let flag = told(&say(folder.path(), "label beads.tif --error json -o a.mha --conectivity 6"), 2);
    assert_eq!(flag["kind"], "Parameter");
    assert!(flag["message"].as_str().is_some_and(|m| m.contains("--conectivity")));
    assert!(flag["help"].as_str().is_some_and(|h| h.contains("'--connectivity'")), "{flag}");
    let step = told(&say(folder.path(), "pipe beads.tif ! otsu --drak -o a.mha --error json"), 2);
    assert!(step["help"].as_str().is_some_and(|h| h.contains("'--dark'")), "{step}");
}

#[test]
fn progress_as_json() {
    let folder = folder_of(&["beads"]);
    let ran = say(folder.path(), "pipe beads.tif ! otsu --dark ! label ! measure -o t.csv --progress json");
    assert_eq!((ran.code, ran.out.len()), (Some(0), 0));
    let lines: Vec<Value> = ran.err.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect();
    for line in &lines {
        let [done, of] = ["done", "of"].map(|k| line[k].as_u64().expect("a count"));
        assert!(done <= of && line["phase"].is_string() && (line["eta_s"].is_null() || line["eta_s"].is_number()), "{line}");
    }
    for phase in ["otsu", "label", "measure"] {
        assert!(lines.iter().any(|l| l["phase"] == phase && l["done"] == l["of"]), "{phase} ends: {lines:?}");
    }
}

#[test]
fn a_pipe_gets_no_bar() {
    let folder = folder_of(&["beads"]);
    let ran = say(folder.path(), "otsu beads.tif -o a.mha");
    assert_eq!((ran.code, ran.out.len(), ran.err.as_str()), (Some(0), 0, ""));
    let bar = say(folder.path(), "otsu beads.tif -o b.mha --progress bar");
    assert!(bar.code == Some(0) && bar.err.contains("] 96 of 96"), "{:?}", bar.err);
}

#[test]
fn help_and_lists_are_data() {
    for words in [&["--help"][..], &["--version"], &["otsu", "--help"], &["ops"], &["ops", "otsu"], &["completions", "bash"], &["completions", "zsh"], &["man"], &["man", "otsu"]] {
        let ran = ran(words);
        assert!(ran.code == Some(0) && !ran.out.is_empty() && ran.err.is_empty(), "{words:?}: {}", ran.err);
    }
    let list: Value = serde_json::from_str(&ran(["ops", "--json"]).done()).expect("JSON");
    let names: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|o| o["name"].as_str()).collect();
    assert!(["cast", "threshold", "otsu", "label", "measure", "crop"].iter().all(|n| names.contains(n)), "{names:?}");
    let text = ran(["ops"]).done();
    assert!(names.iter().all(|n| text.contains(&format!("  {n} "))), "{text}");
}

#[test]
fn every_operation_has_a_page_with_its_example() {
    let list: Value = serde_json::from_str(&ran(["ops", "--json"]).done()).expect("JSON");
    for op in list.as_array().expect("a list") {
        let [name, example] = ["name", "example"].map(|k| op[k].as_str().expect("text"));
        let page = ran([name, "--help"]).done();
        assert!(page.contains(example), "{name}");
        for parameter in op["parameters"].as_array().expect("a list") {
            let flag = format!("--{}", parameter["name"].as_str().expect("text"));
            assert!(page.contains(&flag), "{name} {flag}");
        }
    }
}
