//! Inputs are never written over.

use std::path::{Path, PathBuf};

use isovox_volume::{Error, Kind, Result};

/// Refuses to write where an input lies: `writes` are files, or folders of which nothing may be an input, at any depth.
pub fn spare<'a>(writes: &[PathBuf], inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let places: Vec<(&PathBuf, Vec<PathBuf>)> = writes.iter().map(|w| (w, places(w))).collect();
    for input in inputs {
        let lies = self::places(input);
        let Some((write, there)) = places.iter().find(|(_, there)| there.iter().any(|t| lies.iter().any(|l| l.starts_with(t)))) else { continue };
        let name = input.file_name().unwrap_or(input.as_os_str()).display();
        let refused = |what: String| Err(Error::new(Kind::Io, what).help("name another output: inputs are never written over").within(write));
        return if there.iter().any(|t| lies.contains(t)) {
            refused(format!("the output is an input ({name})"))
        } else {
            refused(format!("the folder of the output holds an input ({name})"))
        };
    }
    Ok(())
}

/// Where a path lies: itself, and what it stands for when it is a link.
fn places(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = folder.canonicalize().ok().zip(path.file_name()).map(|(folder, name)| folder.join(name));
    let mut places: Vec<PathBuf> = named.into_iter().chain(path.canonicalize().ok()).collect();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(writes: &[&str], input: &str, refused: bool) {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir_all(at.join("seq/deep")).unwrap();
        for name in ["a.raw", "seq/s.png", "seq/deep/s.png", "sequel"] {
            std::fs::write(at.join(name), "x").unwrap();
        }
        let writes: Vec<PathBuf> = writes.iter().map(|w| at.join(w)).collect();
        assert_eq!(spare(&writes, [at.join(input).as_path()]).is_err(), refused, "{writes:?} {input}");
    }

    #[test]
    fn inputs_are_spared() {
        check(&["a.mhd", "a.raw"], "a.raw", true);
        check(&["seq/../a.raw"], "a.raw", true);
        check(&["b.mhd", "b.raw"], "a.raw", false);
        check(&["seq"], "seq/s.png", true);
        check(&["seq"], "seq/deep/../s.png", true);
        check(&["seq"], "seq/deep/s.png", true);
        check(&["seq"], "sequel", false);
        check(&["seq/deep"], "seq/s.png", false);
        check(&["new/out"], "a.raw", false);
    }

    #[test]
    #[cfg(unix)]
    fn links_stand_for_what_they_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        std::fs::create_dir(at.join("seq")).unwrap();
        std::fs::write(at.join("a.raw"), "x").unwrap();
        std::os::unix::fs::symlink("../a.raw", at.join("seq/link.raw")).unwrap();
        // The link would be lost with its folder, and the file behind it with a file written there.
        assert!(spare(&[at.join("seq")], [at.join("seq/link.raw").as_path()]).is_err());
        assert!(spare(&[at.join("a.raw")], [at.join("seq/link.raw").as_path()]).is_err());
    }
}
