//! Bytes of a file that may be larger than memory, read a stretch at a time.

use isovox_volume::Result;

use crate::input::Input;

/// Bytes that are read at a time.
const STEP: u64 = 1 << 18;

/// A stretch of a file.
pub(super) struct Window<'a> {
    input: &'a Input,
    held: Vec<u8>,
    first: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(input: &'a Input) -> Window<'a> {
        Window { input, held: Vec::new(), first: 0 }
    }

    /// The bytes from a place on: at least so many (up to a step), fewer where the file ends.
    pub(super) fn from(&mut self, at: u64, least: usize) -> Result<&[u8]> {
        let (length, end) = (self.input.len(), self.first + self.held.len() as u64);
        let at = at.min(length);
        let there = at >= self.first && (end == length || at.saturating_add(least as u64) <= end);
        if !there {
            self.held.resize((length - at).min(STEP) as usize, 0);
            self.first = at;
            self.input.read_at(at, &mut self.held)?;
        }
        Ok(&self.held[(at - self.first) as usize..])
    }
}
