//! CONTRIBUTING.md keeps its word: its diffs, applied to a copy of the tree, are all that a new operation and a new format take.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PAGE: &str = include_str!("../../../CONTRIBUTING.md");

/// The diff below a heading.
fn diff(heading: &str) -> String {
    let (_, below) = PAGE.split_once(&format!("\n## {heading}\n")).expect("the page has the heading");
    let (_, block) = below.split_once("\n```diff\n").expect("a diff stands below it");
    let (block, _) = block.split_once("\n```\n").expect("the block ends");
    format!("{block}\n")
}

/// Runs a program that must succeed; what it printed on stdout.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Links the files of a folder and of those in it, but for programs and this project's own.
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = ["isovox", "libisovox", "xtask"].iter().any(|own| name.starts_with(own));
        let program = from.ends_with("deps") && !["rlib", "rmeta", "so", "dylib", "d"].iter().any(|e| Path::new(&name).extension().is_some_and(|x| x == *e));
        if own || program {
            continue;
        }
        let there = to.join(&name);
        if entry.file_type()?.is_dir() {
            link(&entry.path(), &there)?;
        } else if !there.exists() {
            std::fs::hard_link(entry.path(), there)?;
        }
    }
    Ok(())
}

/// A copy of the tree, and the folder that it is built in.
struct Copy {
    tree: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn make() -> Copy {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contributing");
        let copy = Copy { tree: home.join("tree"), target: home.join("target") };
        let _ = std::fs::remove_dir_all(&copy.tree);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let list = run(Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&root));
        // A file that is listed and not there was deleted and not yet committed.
        for name in list.split('\0').filter(|name| root.join(name).is_file()) {
            let to = copy.tree.join(name);
            std::fs::create_dir_all(to.parent().expect("a file has a folder")).expect("the folder is made");
            std::fs::copy(root.join(name), to).expect("the file is copied");
        }
        copy.seed();
        copy
    }

    /// Links what was built of other people's crates for this test: that is the same for the copy, and takes minutes.
    fn seed(&self) {
        let Ok(own) = std::env::current_exe() else { return };
        let Some(built) = own.ancestors().nth(2).filter(|at| at.ends_with("debug")) else { return };
        for folder in ["deps", "build", ".fingerprint"] {
            // What cannot be linked is built.
            let _ = link(&built.join(folder), &self.target.join("debug").join(folder));
        }
    }

    /// Applies a diff; the files that it writes.
    fn apply(&self, diff: &str) -> Vec<String> {
        let file = self.tree.with_extension("diff");
        std::fs::write(&file, diff).expect("the diff is written");
        // The copy lies inside the repository, whose own paths are not meant.
        let git =
            |how: &str| run(Command::new("git").args(["apply", how]).arg(&file).current_dir(&self.tree).env("GIT_CEILING_DIRECTORIES", self.tree.parent().expect("made above")));
        let files = git("--numstat").lines().filter_map(|l| l.split('\t').nth(2)).map(String::from).collect();
        git("--apply");
        files
    }

    fn cargo(&self, words: &[&str]) {
        let mut cargo = Command::new(env!("CARGO"));
        // What is asked is whether it works, not how fast it runs: building takes most of the time. Other people's crates keep
        // the profile that they were built with; the tests over all operations need some speed.
        let level = u8::from(big());
        cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_NET_OFFLINE", "true").args(words);
        for own in ["isovox-volume", "isovox-formats", "isovox-ops", "isovox-engine", "isovox-jobs", "isovox", "isovox-testing"] {
            cargo.args(["--config", &format!("profile.dev.package.{own}.opt-level={level}"), "--config", &format!("profile.dev.package.{own}.debug=0")]);
        }
        run(cargo.current_dir(&self.tree).stdin(Stdio::null()));
    }

    /// What the command of the copy prints.
    #[track_caller]
    fn isovox(&self, folder: &Path, words: &str) -> String {
        let program = self.target.join("debug").join(format!("isovox{}", std::env::consts::EXE_SUFFIX));
        run(Command::new(program).args(words.split(' ')).current_dir(folder))
    }
}

fn big() -> bool {
    std::env::var_os("ISOVOX_BIG").is_some()
}

fn hash(info: &str) -> String {
    let info: serde_json::Value = serde_json::from_str(info).expect("info prints JSON");
    info["values"]["sha256"].as_str().expect("values have a hash").to_string()
}

#[test]
fn the_blocks_are_all_that_is_written_by_hand() {
    let copy = Copy::make();
    assert_eq!(copy.apply(&diff("Add an operation")), ["crates/ops/src/intensity/clip.rs", "crates/ops/src/intensity/mod.rs"]);
    assert_eq!(copy.apply(&diff("Add a format")), ["crates/formats/src/lib.rs", "crates/formats/src/pgm/mod.rs"]);
    copy.cargo(&["build", "--package", "isovox"]);
    let folder = tempfile::tempdir().expect("a folder");
    let isovox = |words: &str| copy.isovox(folder.path(), words);
    assert!(isovox("ops").contains("\n  clip "));
    isovox("phantom rock --size 64x48x1 -o rock.tif");
    isovox("convert rock.tif rock.pgm");
    let back = isovox("info rock.pgm --json --values");
    assert!(back.contains("\"format\": \"pgm\""));
    assert_eq!(hash(&back), hash(&isovox("info rock.tif --json --values")));
    isovox("clip rock.pgm -o clipped.npy --lower 150 --upper 160");
    assert!(isovox("info clipped.npy --json --values").contains("\"max\": 160"));
    if big() {
        // No list, page or expectation elsewhere needs a line: the tests over the whole lists pass as they are.
        copy.cargo(&["test", "--package", "xtask", "--package", "isovox-ops", "--package", "isovox-formats", "--lib", "--bins", "--test", "lint"]);
        copy.cargo(&["test", "--package", "isovox-engine", "--test", "conformance", "every_operation"]);
    }
}
