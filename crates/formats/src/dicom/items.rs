//! The items of sequences, one by one, within bytes that `wire` has stepped over.

use isovox_volume::Result;

use super::wire::{Element, ITEM, ITEM_END, Stop, Walk};

/// The items of a sequence that [`super::wire::Head::read`] stepped over.
pub(super) struct Items<'a> {
    walk: Walk<'a>,
    explicit: bool,
}

/// One of them: its elements, and the bytes that they lie in.
pub(super) struct Item<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) explicit: bool,
    pub(super) elements: Vec<Element>,
}

impl<'a> Items<'a> {
    /// Of a sequence's value.
    pub(super) fn of(value: &'a [u8], explicit: bool) -> Items<'a> {
        Items { walk: Walk { bytes: value, at: 0, end: value.len() as u64 }, explicit }
    }

    fn step(&mut self) -> Result<Option<Item<'a>>, Stop> {
        let walk = &mut self.walk;
        if walk.at as u64 >= walk.end || walk.tag()? != ITEM {
            return Ok(None);
        }
        let length = u32::from_le_bytes(walk.take()?);
        let end = walk.end_of(length)?;
        // Where the sequence itself is of an unknown representation, so are its items.
        let explicit = self.explicit && walk.states_vr();
        let mut elements = Vec::new();
        while end.is_none_or(|e| (walk.at as u64) < e) {
            let header = walk.header(explicit)?;
            if header.tag == ITEM_END && end.is_none() {
                break;
            }
            let from = walk.at;
            walk.value(&header, explicit, 1)?;
            elements.push(Element { tag: header.tag, value: from..walk.at });
        }
        Ok(Some(Item { bytes: walk.bytes, explicit, elements }))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.step().ok().flatten()
    }
}
