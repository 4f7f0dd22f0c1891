//! The folder of the project, and running other programs in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a task comes to: a message when it failed.
pub(crate) type Done = Result<(), String>;

/// The folder of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the project").to_path_buf()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |named| root().join(named))
}

/// Cargo, in the project.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(words).current_dir(root());
    command
}

/// Runs a program to its end; what it prints is seen.
pub(crate) fn run(command: &mut Command) -> Done {
    let status = command.status().map_err(|e| format!("{}: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", shown(command))) }
}

/// Runs a program to its end; what it prints on stdout is given back.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(|e| format!("{}: {e}", shown(command)))?;
    if !output.status.success() {
        return Err(format!("{}: {}", shown(command), output.status));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("{}: {e}", shown(command)))
}

/// Builds a package's program in a profile; where it is.
pub(crate) fn built(package: &str, profile: &str) -> Result<PathBuf, String> {
    run(&mut cargo(&["build", "--quiet", "--package", package, "--profile", profile]))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target().join(folder).join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}

/// The program and its words, as a message names them.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    command.get_args().fold(program, |text, word| format!("{text} {}", word.to_string_lossy()))
}
