//! Objects: connected components and what is done to them.

pub mod colour_labels;
pub mod keep_largest;
#[expect(clippy::module_inception, reason = "the family is named after its first operation")]
pub mod label;
pub mod remove_small;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] =
    &[Entry::of::<label::Label>(), Entry::of::<remove_small::RemoveSmall>(), Entry::of::<keep_largest::KeepLargest>(), Entry::of::<colour_labels::ColourLabels>()];
