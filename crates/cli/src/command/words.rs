//! What each word of a command line is, as the commands' own declarations say: which are paths, and which name the output.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use isovox_ops::find;

use super::arguments::{running, step};

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A command, a flag, or a value that is no path.
    Plain,
    /// How the run is run: it cannot change a result.
    Manner,
    /// A path of the main input.
    Input,
    /// A path of a further input.
    Further,
    /// Where the result goes.
    Output,
}

/// A word of a command line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Word {
    /// What stands before the value in the same word: `--within=`, else nothing.
    pub(crate) flag: String,
    /// The value, or the whole word.
    pub(crate) text: OsString,
    /// What it is.
    pub(crate) role: Role,
}

impl Word {
    fn plain(text: &OsString, role: Role) -> Word {
        Word { flag: String::new(), text: text.clone(), role }
    }

    /// Whether it is a path.
    pub(crate) fn is_path(&self) -> bool {
        matches!(self.role, Role::Input | Role::Further | Role::Output)
    }

    /// The word, with another value.
    pub(crate) fn with(&self, text: &Path) -> OsString {
        let mut word = OsString::from(&self.flag);
        word.push(text);
        word
    }

    /// The word as it was given.
    pub(crate) fn whole(&self) -> OsString {
        self.with(Path::new(&self.text))
    }

    /// The word as provenance keeps it: a path by its base name.
    pub(crate) fn told(&self) -> String {
        let text = if self.is_path() { base(Path::new(&self.text)) } else { self.text.to_string_lossy().into_owned() };
        format!("{}{text}", self.flag)
    }
}

/// A path's last name; that of the folder it stands for where it has none (`.`, `..`).
fn base(path: &Path) -> String {
    let full = || path.canonicalize().ok().and_then(|p| p.file_name().map(OsString::from));
    path.file_name().map(OsString::from).or_else(full).map_or_else(|| "input".into(), |n| n.to_string_lossy().into_owned())
}

/// The words of a command line; `None` where its command or one of its steps is unknown.
pub(crate) fn read(words: &[OsString]) -> Option<Vec<Word>> {
    let (program, name) = (words.first()?, words.get(1)?);
    let all = super::command();
    let command = all.find_subcommand(name)?;
    let mut out = vec![Word::plain(program, Role::Plain), Word::plain(name, Role::Plain)];
    let mut parts = words[2..].split(|w| name == "pipe" && w == "!");
    segment(command, parts.next().unwrap_or_default(), &mut out);
    for part in parts {
        out.push(Word::plain(&"!".into(), Role::Plain));
        let name = part.first()?;
        let entry = find(&name.to_string_lossy()).ok()?;
        out.push(Word::plain(name, Role::Plain));
        segment(&step(&(entry.spec)()).args(running()), &part[1..], &mut out);
    }
    // `convert IN... OUT`: one list of paths, of which the last is written.
    if name == "convert"
        && let Some(last) = out.iter_mut().rev().find(|w| w.role == Role::Input)
    {
        last.role = Role::Output;
    }
    Some(out)
}

fn segment(command: &Command, words: &[OsString], out: &mut Vec<Word>) {
    let manner: Vec<String> = running().iter().map(|a| a.get_id().to_string()).collect();
    let role = |arg: &Arg| match arg.get_id().as_str() {
        id if manner.iter().any(|m| m == id) => Role::Manner,
        "output" => Role::Output,
        _ if arg.get_value_parser().type_id() != TypeId::of::<PathBuf>() => Role::Plain,
        _ if arg.is_positional() => Role::Input,
        _ => Role::Further,
    };
    let positional = command.get_positionals().last();
    let mut rest = words.iter();
    let mut flags = true;
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy();
        let arg = if flags { flag(command, &text) } else { None };
        let Some((arg, end)) = arg else {
            flags &= text != "--";
            out.push(Word::plain(word, if flags || text != "--" { positional.map_or(Role::Plain, role) } else { Role::Plain }));
            continue;
        };
        let role = role(arg);
        let alone = if role == Role::Manner { Role::Manner } else { Role::Plain };
        if end < text.len() {
            out.push(Word { flag: text[..end].into(), text: text[end..].into(), role });
        } else {
            out.push(Word::plain(word, alone));
            if arg.get_action().takes_values() && !text.ends_with('=') {
                out.extend(rest.next().map(|value| Word::plain(value, role)));
            }
        }
    }
}

/// The argument that a word names, and where in the word its value begins.
fn flag<'a>(command: &'a Command, text: &str) -> Option<(&'a Arg, usize)> {
    if let Some(long) = text.strip_prefix("--").filter(|l| !l.is_empty()) {
        let (name, end) = long.split_once('=').map_or((long, text.len()), |(name, _)| (name, name.len() + 3));
        return Some((command.get_arguments().find(|a| a.get_long() == Some(name))?, end));
    }
    let short = text.strip_prefix('-')?.chars().next()?;
    let arg = command.get_arguments().find(|a| a.get_short() == Some(short))?;
    let end = 1 + short.len_utf8();
    Some((arg, if text[end..].starts_with('=') { end + 1 } else { end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, paths: &[(&str, Role)], told: &str) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let read = read(&words).expect("a known command");
        let found: Vec<(String, Role)> = read.iter().filter(|w| w.is_path()).map(|w| (w.text.to_string_lossy().into_owned(), w.role)).collect();
        assert_eq!(found, paths.iter().map(|(p, r)| ((*p).to_string(), *r)).collect::<Vec<_>>(), "{line}");
        let kept: Vec<String> = read.iter().filter(|w| w.role != Role::Manner).map(Word::told).collect();
        assert_eq!(kept.join(" "), told, "{line}");
    }

    #[test]
    fn paths_are_known_by_their_place() {
        use Role::{Further, Input, Output};
        check("isovox convert a/b.tif --crop 0:1,0:1,0:1 c/d.npy", &[("a/b.tif", Input), ("c/d.npy", Output)], "isovox convert b.tif --crop 0:1,0:1,0:1 d.npy");
        check("isovox otsu x/otsu --dark -o otsu --threads 2", &[("x/otsu", Input), ("otsu", Output)], "isovox otsu otsu --dark -o otsu");
        check("isovox otsu a.tif --within=m/w.mha -om.mha --force", &[("a.tif", Input), ("m/w.mha", Further), ("m.mha", Output)], "isovox otsu a.tif --within=w.mha -om.mha");
        check(
            "isovox pipe s/ --temp /t ! label ! measure --image i/s.tif --memory=2GB --output t.csv",
            &[("s/", Input), ("i/s.tif", Further), ("t.csv", Output)],
            "isovox pipe s ! label ! measure --image s.tif --output t.csv",
        );
        check("isovox phantom rock -o /p/rock", &[("/p/rock", Output)], "isovox phantom rock -o rock");
    }

    #[test]
    fn what_no_command_takes_is_nothing() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(read(&words("isovox paint a.tif")).is_none());
        assert!(read(&words("isovox pipe a.tif ! paint -o b.tif")).is_none());
    }
}
