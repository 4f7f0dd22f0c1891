//! The items of sequences, one by one, within bytes that `wire` has stepped over.

use super::walk::{Element, Encoding, Walk};

/// The items of a sequence that [`super::wire::Head::read`] stepped over.
pub(super) struct Items<'a> {
    walk: Walk<'a>,
    encoding: Encoding,
}

/// One of them: its elements, and the bytes that they lie in.
pub(super) struct Item<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) encoding: Encoding,
    pub(super) elements: Vec<Element>,
}

impl<'a> Items<'a> {
    /// Of a sequence's value.
    pub(super) fn of(value: &'a [u8], encoding: Encoding) -> Items<'a> {
        Items { walk: Walk { bytes: value, at: 0, end: value.len() as u64 }, encoding }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let (encoding, elements) = self.walk.item(self.encoding).ok()??;
        Some(Item { bytes: self.walk.bytes, encoding, elements })
    }
}
