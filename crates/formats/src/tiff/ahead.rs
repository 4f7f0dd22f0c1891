//! Chunks that lie one behind the other, read together: a page of many short strips is one read.

use isovox_volume::Result;

use crate::input::Input;

/// Bytes read together at most; a longer chunk is read by itself.
const MOST: u64 = 256 << 10;

/// What was read before it was asked for.
#[derive(Default)]
pub(super) struct Ahead {
    from: u64,
    bytes: Vec<u8>,
}

impl Ahead {
    /// Appends a chunk (place, length), which lies within the file, to `to`; those that come `next` may be read with it.
    pub(super) fn append(&mut self, input: &Input, (from, count): (u64, u64), next: &[(u64, u64)], to: &mut Vec<u8>) -> Result<()> {
        if count > MOST {
            let before = to.len();
            to.resize(before + count as usize, 0);
            return input.read_at(from, &mut to[before..]);
        }
        if self.held(from, count).is_none() {
            let whole = together(count, from, next, input.len());
            self.bytes.resize(whole as usize, 0);
            self.from = from;
            input.read_at(from, &mut self.bytes).inspect_err(|_| self.bytes.clear())?;
        }
        to.extend_from_slice(self.held(from, count).unwrap_or_default());
        Ok(())
    }

    fn held(&self, from: u64, count: u64) -> Option<&[u8]> {
        let first = usize::try_from(from.checked_sub(self.from)?).ok()?;
        self.bytes.get(first..first.checked_add(count as usize)?)
    }
}

/// Bytes of a chunk and of those that follow it without a gap.
fn together(count: u64, from: u64, next: &[(u64, u64)], len: u64) -> u64 {
    let most = MOST.min(len - from);
    let mut all = count;
    for &(at, count) in next {
        if at != from + all || count > most - all {
            break;
        }
        all += count;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_those_of_the_file_wherever_they_lie() {
        let file: Vec<u8> = (0..MOST as usize * 3).map(|i| (i * i / 128) as u8).collect();
        let input = Input::bytes("a.tif", file.clone());
        let mut ahead = Ahead::default();
        let long = MOST + 9;
        let one_by_one: Vec<(u64, u64)> = (0..600).map(|i| (i * 1000, 1000)).collect();
        let backward: Vec<(u64, u64)> = one_by_one.iter().rev().copied().collect();
        let lying = [(0, 5), (5, u64::MAX), (5, 3), (8, long), (8 + long, 7), (MOST * 3 - 1, 1), (2, 2)];
        for (chunks, honest) in [(&one_by_one[..], 600), (&backward, 600), (&lying, 1), (&lying[2..], 5)] {
            for i in 0..honest {
                let mut found = vec![1, 2];
                ahead.append(&input, chunks[i], &chunks[i + 1..], &mut found).unwrap();
                let (from, count) = chunks[i];
                assert!(found[2..] == file[from as usize..][..count as usize] && found[..2] == [1, 2], "{i} of {honest}");
                assert!(ahead.bytes.len() as u64 <= MOST);
            }
        }
    }
}
