//! The command as a user and a script meet it: what it makes, what it refuses, and in which words. Phantoms alone.

#[path = "command/bad.rs"]
mod bad;
#[path = "command/chains.rs"]
mod chains;
#[path = "command/convert.rs"]
mod convert;
#[path = "command/dicom.rs"]
mod dicom;
#[path = "command/identity.rs"]
mod identity;
#[path = "command/job.rs"]
mod job;
#[path = "command/names.rs"]
mod names;
#[path = "command/pores.rs"]
mod pores;
#[path = "command/recipes.rs"]
mod recipes;
#[path = "command/replay.rs"]
mod replay;
#[path = "command/spared.rs"]
mod spared;
#[cfg(unix)]
#[path = "command/stopped.rs"]
mod stopped;
#[path = "command/surface.rs"]
mod surface;
#[path = "command/talk.rs"]
mod talk;
#[path = "command/told.rs"]
mod told;
#[path = "command/uneven.rs"]
mod uneven;

use std::path::Path;

use tempfile::TempDir;

use isovox_testing::command::say;

/// A folder that holds phantoms, each as `KIND.tif` with a scale.
#[track_caller]
fn folder_of(kinds: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in kinds {
        phantom(folder.path(), &format!("{kind} --voxel-size 5um -o {kind}.tif"));
    }
    folder
}

#[track_caller]
fn phantom(folder: &Path, words: &str) {
    assert_eq!(say(folder, &format!("phantom {words}")).done(), "");
}
