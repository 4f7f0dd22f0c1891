//! Recipes: a chain as TOML is the command line that it stands for.

use crate::chains::{CHAIN, equal};
use crate::folder_of;
use isovox_testing::command::say;
use isovox_testing::files::json;
use isovox_testing::table::Table;

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
    assert!(Table::read(&at.join("line.csv")).count() > 100);
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
fn keys_in_the_wrong_place() {
    let folder = folder_of(&["beads"]);
    let step = "[[step]]\nop = \"otsu\"\n";
    for text in [format!("input = \"beads.tif\"\nvoxel-size = \"5um\"\n{step}"), format!("input = \"beads.tif\"\n{step}crop = \"0:9,0:9,0:9\"\n")] {
        std::fs::write(folder.path().join("r.toml"), text).expect("a recipe");
        say(folder.path(), "pipe r.toml -o a.mha").failed_naming(2, &["[open]"]);
    }
}

#[test]
fn steps_behind_a_recipe_follow_it() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    std::fs::write(at.join("r.toml"), "input = \"beads.tif\"\noutput = \"mask.mha\"\n[[step]]\nop = \"otsu\"\ndark = true\n").expect("a recipe");
    say(at, "pipe r.toml ! label ! measure -o told.csv").done();
    say(at, "pipe beads.tif ! otsu --dark ! label ! measure -o line.csv").done();
    equal(at, "told.csv", "line.csv");
    assert!(!at.join("mask.mha").exists());
    say(at, "pipe r.toml --crop 0:20,0:20,0:20").done();
    assert_eq!(isovox_testing::command::info([at.join("mask.mha")])["shape"], serde_json::json!([20, 20, 20]));
    say(at, "pipe r.toml ! otzu -o a.mha").failed_naming(2, &["did you mean otsu?"]);
    say(at, "pipe r.toml beads.tif -o a.mha").failed_naming(2, &["recipe"]);
}

#[test]
fn a_recipe_is_told_as_its_line() {
    let folder = folder_of(&["beads"]);
    let at = folder.path();
    std::fs::write(at.join("r.toml"), "input = \"beads.tif\"\noutput = \"t.csv\"\n[open]\ncrop = \"0:30,:,:\"\n[[step]]\nop = \"otsu\"\n[[step]]\nop = \"measure\"\n")
        .expect("a recipe");
    say(at, "pipe r.toml").done();
    let told = json(&at.join("t.csv.provenance.json"));
    let words: Vec<&str> = told["command"].as_array().expect("words").iter().map(|w| w.as_str().expect("text")).collect();
    assert_eq!(words, ["isovox", "pipe", "beads.tif", "--crop=0:30,:,:", "!", "otsu", "!", "measure", "-o", "t.csv"]);
    // The recipe may change: what it was is told.
    std::fs::write(at.join("r.toml"), "input = \"beads.tif\"\noutput = \"other.csv\"\n[[step]]\nop = \"otsu-profile\"\n").expect("a recipe");
    assert!(say(at, "replay t.csv").done().contains("equal byte for byte"));
    assert!(!at.join("other.csv").exists());
    say(at, "pipe r.toml -o r.toml --force").refused();
    std::fs::write(at.join("loop.toml"), "input = \"loop.toml\"\noutput = \"t.csv\"\n[[step]]\nop = \"otsu\"\n").expect("a recipe");
    say(at, "pipe loop.toml --force").failed_naming(2, &["recipe"]);
}
