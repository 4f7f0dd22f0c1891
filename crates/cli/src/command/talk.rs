//! stdout is data, stderr is talk: errors, warnings, progress.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::{ContextKind, ErrorKind};
use isovox_formats::staged;
use isovox_volume::run::Progress;
use isovox_volume::{Error, Kind, Phase, Result};
use serde_json::json;

/// How to speak.
pub(crate) struct Talk {
    json_errors: bool,
    progress: Style,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Bar,
    Json,
    None,
}

impl Talk {
    /// Read from the bare words, since it must be known before they are parsed.
    pub(crate) fn from_words(words: &[OsString]) -> Talk {
        let value = |flag: &str| {
            let at = words.iter().position(|w| w.to_string_lossy().split('=').next() == Some(flag))?;
            let word = words[at].to_string_lossy().into_owned();
            word.split_once('=').map(|(_, v)| v.to_string()).or_else(|| Some(words.get(at + 1)?.to_string_lossy().into_owned()))
        };
        let progress = match value("--progress").as_deref() {
            Some("json") => Style::Json,
            Some("none") => Style::None,
            Some("bar") => Style::Bar,
            _ if std::io::stderr().is_terminal() => Style::Bar,
            _ => Style::None,
        };
        Talk { json_errors: value("--error").as_deref() == Some("json"), progress }
    }

    /// Who is told of progress.
    pub(crate) fn progress(&self) -> Option<Progress> {
        match self.progress {
            Style::None => None,
            Style::Json => Some(Arc::new(|p: &Phase| line(&json!({"phase": p.name, "done": p.done, "of": p.of, "eta_s": p.eta_s}).to_string()))),
            Style::Bar => Some(Arc::new(bar)),
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if self.progress == Style::Bar {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    /// Says what failed; the exit code of its kind.
    pub(crate) fn fail(&self, error: &Error) -> ExitCode {
        self.clear();
        // Where something is made until it is whole is nothing that users look for.
        let message = staged::visible(&error.to_string());
        if self.json_errors {
            let path = error.path().map(|p| staged::visible(&p.to_string_lossy()));
            line(&json!({"kind": error.kind().name(), "message": message, "help": error.next_step(), "path": path}).to_string());
        } else {
            line(&format!("error: {message}"));
            if let Some(step) = error.next_step() {
                line(&format!("help: {step}"));
            }
        }
        ExitCode::from(match error.kind() {
            Kind::Parameter => 2,
            Kind::Cancelled => 130,
            _ => 1,
        })
    }

    /// A wrong command line, or a page of help that was asked for.
    pub(crate) fn usage(&self, error: &clap::Error) -> ExitCode {
        if !error.use_stderr() {
            return tell(&error.to_string()).map_or_else(|e| self.fail(&e), |()| ExitCode::SUCCESS);
        }
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !self.json_errors {
            let _ = error.print();
            return ExitCode::from(2);
        }
        let usage = error.get(ContextKind::Usage).map(|u| u.to_string().trim_start_matches("Usage: ").to_string()).unwrap_or_default();
        let page: Vec<&str> = usage.split_whitespace().take_while(|w| !w.starts_with(['-', '<', '[']) && *w != "IN...").collect();
        let help = if page.is_empty() { "isovox --help".to_string() } else { format!("usage: {usage} ({} --help tells more)", page.join(" ")) };
        self.fail(&wrong_words(error, "", &help))
    }
}

/// What clap says of wrong words: its first paragraph as the error, its tip as the help.
pub(crate) fn wrong_words(error: &clap::Error, before: &str, otherwise: &str) -> Error {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let what = lines.iter().take_while(|l| !l.is_empty()).copied().collect::<Vec<_>>().join(" ");
    let tip = lines.iter().find_map(|l| l.strip_prefix("tip: "));
    Error::parameter(format_args!("{before}{}", what.trim_start_matches("error: "))).help(tip.unwrap_or(otherwise))
}

/// A line that says what a careful user should know.
pub(crate) fn warn(text: &str) {
    line(&format!("warning: {text}"));
}

/// Data for stdout, line ends included. A reader that has gone has what it wanted; a disk that is full has not.
pub(crate) fn tell(data: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(data.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|e| Error::new(Kind::Io, format_args!("stdout cannot be written: {e}"))),
    }
}

/// A line on stderr; nobody can be told that it cannot be written.
fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A line that says what was found.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

fn bar(phase: &Phase) {
    let share = if phase.of == 0 { 0.0 } else { phase.done as f64 / phase.of as f64 };
    let full = (share * 24.0) as usize;
    let eta = phase.eta_s.map_or(String::new(), |s| format!(", {s:.0} s to go"));
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "\r\x1b[K{:<20} [{}{}] {} of {}{eta}", phase.name, "=".repeat(full), " ".repeat(24 - full), phase.done, phase.of);
    let _ = err.flush();
}
