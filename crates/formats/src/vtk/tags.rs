//! Tags of an XML file that may be larger than memory: one after the other, with the places of what lies between them.

use std::collections::BTreeMap;

use isovox_volume::{Error, Result};

use super::window::Window;
use crate::input::Input;

/// The longest tag that is read.
const LONGEST: usize = 1 << 16;

/// A tag.
pub(super) struct Tag {
    /// Its name; with `/` before it where it ends an element.
    pub(super) name: String,
    attributes: BTreeMap<String, String>,
    /// Whether nothing lies in the element.
    pub(super) empty: bool,
    /// The byte where it begins.
    pub(super) from: u64,
    /// The byte behind it.
    pub(super) to: u64,
}

impl Tag {
    /// An attribute's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn parse(inside: &str, from: u64, to: u64) -> Tag {
        let empty = inside.ends_with('/');
        let inside = if empty { &inside[..inside.len() - 1] } else { inside };
        let end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
        let mut attributes = BTreeMap::new();
        let mut rest = inside[end..].trim_start();
        while let Some((name, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
            let Some((value, more)) = after[1..].split_once(quote) else { break };
            let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&");
            attributes.insert(name.trim().into(), value);
            rest = more.trim_start();
        }
        Tag { name: inside[..end].into(), attributes, empty, from, to }
    }
}

/// A file's tags.
pub(super) struct Tags<'a> {
    window: Window<'a>,
    at: u64,
}

impl<'a> Tags<'a> {
    pub(super) fn new(input: &'a Input) -> Tags<'a> {
        Tags { window: Window::new(input), at: 0 }
    }

    /// The next tag; comments and declarations are passed over; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Tag>> {
        while let Some(from) = self.find(b"<")? {
            self.at = from;
            let cut = || Error::corrupt("XML").found(format_args!("a tag at byte {from} without an end")).help("the file is cut off or damaged; copy it again");
            let begin = self.window.from(from, 4)?;
            if begin.starts_with(b"<!--") {
                self.at = self.find(b"-->")?.ok_or_else(cut)? + 3;
                continue;
            }
            let declaration = begin.starts_with(b"<?") || begin.starts_with(b"<!");
            let bytes = self.window.from(from, LONGEST)?;
            let inside = &bytes[1..end(bytes).ok_or_else(cut)?];
            self.at = from + inside.len() as u64 + 2;
            if !declaration {
                return Ok(Some(Tag::parse(&String::from_utf8_lossy(inside), from, self.at)));
            }
        }
        Ok(None)
    }

    /// Where a short word comes next.
    fn find(&mut self, word: &[u8]) -> Result<Option<u64>> {
        let mut at = self.at;
        loop {
            let held = self.window.from(at, word.len())?;
            if let Some(found) = held.windows(word.len()).position(|w| w == word) {
                return Ok(Some(at + found as u64));
            }
            if held.len() < word.len() {
                return Ok(None);
            }
            at += (held.len() - (word.len() - 1)) as u64;
        }
    }
}

/// Where a tag ends: a `>` in quotes is part of a value.
fn end(tag: &[u8]) -> Option<usize> {
    let mut quote = None;
    tag.iter().take(LONGEST).position(|&byte| {
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            _ => {}
        }
        byte == b'>' && quote.is_none()
    })
}
