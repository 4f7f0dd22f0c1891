//! What holds for a whole run: threads, memory, temporary folder, progress, cancellation, and the words given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ArgMatches;
use isovox_volume::error::At;
use isovox_volume::run::{LEAST_MEMORY, Progress, accounted, free_memory, human};
use isovox_volume::{Error, Result, Run};

use super::arguments::bytes;
use super::talk::Talk;
use super::words::{self, Role, Word};

/// What holds for a whole run.
#[derive(Clone)]
pub(crate) struct Settings {
    threads: usize,
    memory: usize,
    temp: Option<PathBuf>,
    progress: Option<Progress>,
    cancel: Arc<AtomicBool>,
    /// Whether existing output is replaced.
    pub(crate) force: bool,
    /// The command line.
    pub(crate) words: Vec<OsString>,
    /// The recipe that the command line was made from.
    pub(crate) recipe: Option<PathBuf>,
}

impl Settings {
    /// From the flags that all commands share.
    pub(crate) fn read(matches: &ArgMatches, words: Vec<OsString>, talk: &Talk) -> Result<Settings> {
        let cancel = Arc::new(AtomicBool::new(false));
        let flag = cancel.clone();
        // A second interrupt ends the process at once; the first lets it clean up.
        let _ = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        });
        let threads = matches.try_get_one::<usize>("threads").ok().flatten().copied();
        if threads == Some(0) {
            return Err(Error::parameter("--threads 0").expected("at least 1"));
        }
        let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let memory = matches.try_get_one::<String>("memory").ok().flatten().map(|t| bytes(t)).transpose()?;
        if let Some(little) = memory.filter(|m| *m < LEAST_MEMORY) {
            let error = Error::memory(format_args!("--memory {}", human(little))).expected(format_args!("at least {}", human(LEAST_MEMORY)));
            return Err(error.help(format_args!("the program itself takes some of it: give --memory {}MB or more", LEAST_MEMORY / 1_000_000)));
        }
        let memory = memory.map_or_else(|| free_memory() / 4 * 3, accounted);
        let temp = matches.try_get_one::<PathBuf>("temp").ok().flatten().cloned();
        if let Some(folder) = temp.as_ref().filter(|f| !f.is_dir()) {
            return Err(Error::not_found("--temp: no such folder").within(folder));
        }
        let force = matches.try_get_one::<bool>("force").ok().flatten() == Some(&true);
        Ok(Settings { threads: threads.unwrap_or(all), memory, temp, progress: talk.progress(), cancel, force, words, recipe: None })
    }

    /// A run whose temporary files lie beside an output.
    pub(crate) fn start(&self, beside: Option<&Path>) -> Run {
        let folder = beside.map(|p| if p.is_dir() { p } else { p.parent().unwrap_or(Path::new("")) }).filter(|p| p.is_dir());
        let temp = self.temp.clone().or_else(|| folder.map(Path::to_path_buf)).unwrap_or_else(std::env::temp_dir);
        let run = Run::new(self.threads, self.memory, temp).with_cancel(self.cancel.clone());
        match &self.progress {
            Some(progress) => run.with_progress(progress.clone()),
            None => run,
        }
    }

    /// The words as the provenance keeps them: paths by their base name, without what cannot change a result.
    pub(crate) fn told(&self) -> Vec<String> {
        let words = words::read(&self.words).unwrap_or_default();
        std::iter::once("isovox".into()).chain(words.iter().skip(1).filter(|w| w.role != Role::Manner).map(Word::told)).collect()
    }

    /// The same run of other words, which replaces nothing.
    pub(crate) fn of(&self, words: Vec<OsString>) -> Settings {
        Settings { words, force: false, ..self.clone() }
    }

    /// The same run of the words that a recipe stands for.
    pub(crate) fn of_recipe(&self, recipe: &Path, words: Vec<OsString>) -> Settings {
        Settings { words, recipe: Some(recipe.to_path_buf()), ..self.clone() }
    }

    /// A new folder for what only this run needs.
    pub(crate) fn own_folder(&self) -> Result<tempfile::TempDir> {
        let parent = self.temp.clone().unwrap_or_else(std::env::temp_dir);
        tempfile::tempdir_in(&parent).at(&parent)
    }
}
