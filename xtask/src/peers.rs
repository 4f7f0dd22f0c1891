//! The peers: Python packages that read the same files and compute the same, in an environment of their own. Tests
//! compare results with theirs; `cargo xtask bench` compares times.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{Done, built, root, run, target};

/// The environment's Python, installed as tests/peers/requirements.txt says.
pub(crate) fn python() -> Result<PathBuf, String> {
    let list = root().join("tests/peers/requirements.txt");
    let wanted = std::fs::read_to_string(&list).map_err(|e| format!("tests/peers/requirements.txt: {e}"))?;
    let folder = target().join("peers-venv");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // Written last: what a broken installation leaves is not taken for a whole one.
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) && python.exists() {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list))?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(python)
}

/// The comparison with peers: `$ISOVOX` names the command under test.
pub(crate) fn tests() -> Result<Command, String> {
    let mut command = Command::new(python()?);
    command.args(["-m", "pytest", "-q", "tests/peers"]).current_dir(root()).env("ISOVOX", built("isovox", "dev")?);
    Ok(command)
}

/// The times beside peers: the script is given the program that times our own. A first word may name another script.
pub(crate) fn bench(words: &[&str]) -> Done {
    let (script, words) = match words {
        [script, rest @ ..] if Path::new(script).extension().is_some_and(|e| e == "py") => (*script, rest),
        all => ("compare.py", all),
    };
    let script = root().join("bench").join(script);
    run(Command::new(python()?).arg(script).arg(built("isovox-bench", "release")?).args(words).current_dir(root()))
}
