//! DICOMDIR: the files that its records name (PS3.3 F).
//!
//! Records refer to each other by offsets, which are not followed: every record stands in the one sequence, so that no loop
//! can be walked, and none is needed to know the files.

use isovox_volume::{Error, Result};

use super::wire::Head;
use crate::input::Input;

/// Files named in an error or a warning.
const NAMED: usize = 5;

/// The files of a DICOMDIR in the order of its records, and the names of those that are not there; `None` of another file.
///
/// Errors: `Corrupt` where a name leads out of its folder; `NotFound` where no file is there.
pub(super) fn files(input: &Input) -> Result<Option<(Vec<Input>, Vec<String>)>> {
    let Ok(head) = Head::read(input) else { return Ok(None) };
    let fields = head.fields();
    if !fields.has(0x0004, 0x1220) {
        return Ok(None);
    }
    let (mut files, mut missing) = (Vec::new(), Vec::new());
    // Records that are no longer in use say 0 (PS3.3 F.3.2.2).
    for record in fields.items(0x0004, 0x1220).filter(|r| r.number(0x0004, 0x1410) != Some(0.0)) {
        let name = record.text(0x0004, 0x1500);
        if name.is_empty() {
            continue;
        }
        let path: Vec<&str> = name.split('\\').map(str::trim).collect();
        if path.iter().any(|p| p.is_empty() || *p == ".." || p.contains(['/', '\0', ':'])) {
            let error = Error::corrupt("DICOMDIR").found(format_args!("a file {name:?}")).expected("files in its own folder");
            return Err(error.help("open the folder of the files instead").within(input.path()));
        }
        match beside(input, &path) {
            Some(file) => files.push(file),
            None => missing.push(path.join("/")),
        }
    }
    if files.is_empty() {
        let found = if missing.is_empty() { "records that name none".into() } else { super::shortened(&missing, NAMED) };
        return Err(Error::not_found("files of a DICOMDIR").found(found).help("open the folder of the files instead").within(input.path()));
    }
    Ok(Some((files, missing)))
}

/// The file of a record: as it is written, or in lower case, as some discs are copied.
fn beside(input: &Input, path: &[&str]) -> Option<Input> {
    let name = path.join("/");
    input.sibling(&name).or_else(|_| input.sibling(&name.to_lowercase())).ok()
}
