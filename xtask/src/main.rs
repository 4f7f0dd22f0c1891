//! The habits of the project: `cargo xtask check`, `test`, `bench`, `generate`. A module a task.

mod check;
mod generate;
mod manifests;
mod peers;
mod programs;
mod scans;
mod tally;
mod test;
mod unsafety;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check             arrows between crates, unsafe code, formatting, lints, documentation
cargo xtask test [--all]      every test on phantoms, the reference pages, and real scans where there are some;
                              --all: real scans and peers must be there, and the large runs are run
cargo xtask bench [ARG...]    times beside peers (bench/README.md)
cargo xtask generate [--check]  the reference pages, from the operations' declarations";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["check"] => check::run(),
        ["test"] => test::run(test::Extent::Phantoms),
        ["test", "--all"] => test::run(test::Extent::All),
        ["bench", ref rest @ ..] => peers::bench(rest),
        ["generate"] => generate::run(generate::Pages::Write),
        ["generate", "--check"] => generate::run(generate::Pages::Compare),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
