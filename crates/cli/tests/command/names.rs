//! Paths of every kind, all the way through.

use std::ffi::OsString;
use std::path::Path;

use isovox_testing::command::{Ran, isovox, values};
use isovox_testing::files::nothing_partial;

fn run(folder: &Path, words: &[OsString]) -> Ran {
    isovox().current_dir(folder).args(words).output().expect("the command starts").into()
}

/// A phantom, its info, an operation, a table, a job and a replay under a name.
#[track_caller]
fn check(name: impl Into<OsString>) {
    let name: OsString = name.into();
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join(&name);
    std::fs::create_dir(&folder).expect("a folder of that name");
    // A name that begins with a dash is a path when a folder stands before it.
    let file = |ending: &str| {
        let mut path = OsString::from("./");
        path.push(&name);
        path.push(ending);
        path
    };
    let word = |text: &str| OsString::from(text);
    run(&folder, &[word("phantom"), word("beads"), word("--size"), word("20x20x20"), word("-o"), file(".tif")]).done();
    let truth = Path::new(&folder).join({
        let mut truth = name.clone();
        truth.push(".truth.json");
        truth
    });
    assert!(truth.is_file(), "{}", truth.display());
    assert!(values(&folder.join(file(".tif")))["values"]["sha256"].is_string());
    run(&folder, &[word("otsu"), file(".tif"), word("-o"), file(".npy")]).done();
    run(&folder, &[word("pipe"), file(".tif"), word("!"), word("otsu"), word("!"), word("label"), word("!"), word("measure"), word("-o"), file(".csv")]).done();
    run(&folder, &[word("pores"), file(".tif"), word("-o"), file(".d")]).done();
    run(&folder, &[word("convert"), file(".tif"), file(".nii.gz")]).done();
    assert!(folder.join(file(".d")).join("labels.mha").is_file());
    run(&folder, &[word("info"), file("-none.tif")]).failed(1);
    nothing_partial(&folder);
}

#[test]
fn blanks() {
    check("two words  and more ");
}

#[test]
fn chinese_and_emoji() {
    check("孔隙 岩石 🪨");
    check("e\u{301}té"); // decomposed, as one system writes it
}

#[test]
fn a_dash_first() {
    check("-x");
    check("--help");
}

#[test]
fn signs_that_mean_something_elsewhere() {
    check("a;b&c'd\"e$f`g(h)i[j]{k}~l=m,n%o^p");
    check("!");
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_that_are_no_text() {
    use std::os::unix::ffi::OsStringExt;
    check(OsString::from_vec(b"w\xff\xfe".to_vec()));
}

#[cfg(unix)]
#[test]
fn long_names() {
    check("n".repeat(230));
}

#[test]
fn replay_under_such_names() {
    let scratch = tempfile::tempdir().expect("a folder");
    let words = |text: &str| text.split('|').map(OsString::from).collect::<Vec<_>>();
    run(scratch.path(), &words("phantom|beads|--size|20x20x20|-o|./-岩 石.tif")).done();
    run(scratch.path(), &words("otsu|./-岩 石.tif|-o|./-孔 隙.mha")).done();
    let told = run(scratch.path(), &words("replay|./-孔 隙.mha")).done();
    assert!(told.contains("equal byte for byte"), "{told}");
}
