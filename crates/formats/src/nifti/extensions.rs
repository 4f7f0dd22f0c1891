//! The list of extensions between header and voxels: `esize` (a multiple of 16), `ecode`, content.

use std::io::Read;

use isovox_volume::{Error, Result};
use serde_json::Value;

use crate::embed;

/// `ecode` of plain text.
pub(super) const COMMENT: i32 = 6;

/// Extensions that are listed in the metadata; more are walked, not named.
const LISTED: usize = 64;

/// What the extensions hold.
#[derive(Default)]
pub(super) struct Extensions {
    /// `[ecode, esize]` of each.
    pub(super) list: Vec<[i64; 2]>,
    /// Our own.
    pub(super) provenance: Option<Value>,
    /// The byte behind the last one.
    pub(super) end: u64,
}

/// Walks the extensions from the four flag bytes at `from` up to byte `end`; a header file may simply stop.
///
/// Every step moves at least 16 bytes on and is checked against `end`, so no list is endless.
pub(super) fn walk(bytes: &mut dyn Read, from: u64, end: u64, big: bool) -> Result<Extensions> {
    let mut found = Extensions { end: from + 4, ..Extensions::default() };
    let mut flag = [0; 4];
    if !fill(bytes, &mut flag)? || flag[0] == 0 {
        return Ok(found);
    }
    while end.saturating_sub(found.end) >= 16 {
        let mut head = [0; 8];
        if !fill(bytes, &mut head)? {
            break;
        }
        let word = |at: usize| head[at..at + 4].try_into().map(|w| if big { i32::from_be_bytes(w) } else { i32::from_le_bytes(w) }).expect("four bytes");
        let (size, code) = (word(0), word(4));
        let room = end - found.end;
        let length = u64::try_from(size).ok().filter(|&n| n >= 16 && n % 16 == 0 && n <= room);
        let Some(length) = length else {
            return Err(Error::corrupt("header extension's size")
                .found(size)
                .expected(format_args!("a multiple of 16 from 16 to {room}"))
                .help("the header is damaged; copy the file again"));
        };
        content(bytes, code, length - 8, &mut found)?;
        found.end += length;
        if found.list.len() < LISTED {
            found.list.push([code.into(), size.into()]);
        }
    }
    Ok(found)
}

fn content(bytes: &mut dyn Read, code: i32, length: u64, found: &mut Extensions) -> Result<()> {
    let mut content = bytes.take(length);
    if code == COMMENT && length <= embed::LONGEST as u64 && found.provenance.is_none() {
        let mut text = Vec::new();
        content.read_to_end(&mut text).map_err(|e| broken(&e))?;
        found.provenance = std::str::from_utf8(&text).ok().and_then(embed::parse);
    } else {
        std::io::copy(&mut content, &mut std::io::sink()).map_err(|e| broken(&e))?;
    }
    if content.limit() > 0 {
        return Err(Error::corrupt("header extension").found(format_args!("{} bytes", length - content.limit())).expected(length).help("the file is cut off; copy it again"));
    }
    Ok(())
}

/// Fills `out`, or says that the bytes ended before.
pub(super) fn fill(bytes: &mut dyn Read, out: &mut [u8]) -> Result<bool> {
    match bytes.read_exact(out) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(broken(&e)),
    }
}

fn broken(error: &std::io::Error) -> Error {
    Error::corrupt(format_args!("header: {error}")).help("the file is cut off or damaged; copy it again")
}
