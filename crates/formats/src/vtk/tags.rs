//! Tags of an XML file that may be larger than memory: one after the other, with the places of what lies between them.

use std::collections::BTreeMap;

use isovox_volume::{Error, Result};

use crate::input::Input;

/// The longest tag that is read.
const LONGEST: usize = 1 << 16;

/// Bytes that are read at a time.
const STEP: usize = 1 << 18;

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
    input: &'a Input,
    at: u64,
    buffer: Vec<u8>,
    first: u64,
}

impl<'a> Tags<'a> {
    pub(super) fn new(input: &'a Input) -> Tags<'a> {
        Tags { input, at: 0, buffer: Vec::new(), first: 0 }
    }

    /// The next tag; comments and declarations are passed over; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Tag>> {
        while let Some(from) = self.find(b"<", usize::MAX)? {
            self.at = from;
            let end: &[u8] = if self.starts(b"<!--")? { b"-->" } else { b">" };
            let most = if end.len() > 1 { usize::MAX } else { LONGEST };
            let Some(close) = self.find(end, most)? else {
                return Err(Error::corrupt("XML").found(format_args!("a tag at byte {from} without an end")).help("the file is cut off or damaged; copy it again"));
            };
            self.at = close + end.len() as u64;
            if end.len() > 1 || self.starts_at(from, b"<?")? || self.starts_at(from, b"<!")? {
                continue;
            }
            let mut inside = vec![0; (close - from - 1) as usize];
            self.input.read_at(from + 1, &mut inside)?;
            return Ok(Some(Tag::parse(&String::from_utf8_lossy(&inside), from, self.at)));
        }
        Ok(None)
    }

    fn starts(&self, word: &[u8]) -> Result<bool> {
        self.starts_at(self.at, word)
    }

    fn starts_at(&self, at: u64, word: &[u8]) -> Result<bool> {
        let mut bytes = vec![0; word.len()];
        Ok(at + word.len() as u64 <= self.input.len() && self.input.read_at(at, &mut bytes).map(|()| bytes == word)?)
    }

    /// Where a short word comes next, no farther than so many bytes.
    fn find(&mut self, word: &[u8], most: usize) -> Result<Option<u64>> {
        let begin = self.at;
        let mut at = begin;
        loop {
            self.fill(at)?;
            let held = &self.buffer[(at - self.first) as usize..];
            if let Some(found) = held.windows(word.len()).position(|w| w == word) {
                return Ok(Some(at + found as u64));
            }
            let passed = held.len().saturating_sub(word.len() - 1);
            at += passed as u64;
            if passed == 0 || at - begin > most as u64 {
                return Ok(None);
            }
        }
    }

    /// Makes sure that the buffer holds bytes from a place on, as many as there are up to a step.
    fn fill(&mut self, at: u64) -> Result<()> {
        let held = self.first..self.first + self.buffer.len() as u64;
        if held.contains(&at) && (held.end - at >= 16 || held.end == self.input.len()) {
            return Ok(());
        }
        self.buffer.resize(self.input.len().saturating_sub(at).min(STEP as u64) as usize, 0);
        self.first = at;
        self.input.read_at(at.min(self.input.len()), &mut self.buffer)
    }
}
