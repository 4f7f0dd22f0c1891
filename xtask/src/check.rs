//! `cargo xtask check`: what can be told without running the program.

use crate::programs::{self, Done, cargo};
use crate::{manifests, unsafety};

type Check = fn() -> Done;

const CHECKS: &[(&str, Check)] =
    &[("manifests and arrows", manifests::check), ("unsafe code", unsafety::check), ("formatting", formatting), ("lints", lints), ("documentation", documentation)];

/// Runs every check; all that fail are named.
pub(crate) fn run() -> Done {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        match check() {
            Ok(()) => println!("{name}: ok"),
            Err(message) => {
                println!("{name}: FAILED\n{message}");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not in order: {}", failed.join(", "))) }
}

fn formatting() -> Done {
    programs::run(&mut cargo(&["fmt", "--all", "--", "--check"]))
}

fn lints() -> Done {
    programs::run(&mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

/// Links between doc comments lead somewhere.
fn documentation() -> Done {
    programs::run(cargo(&["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))
}
