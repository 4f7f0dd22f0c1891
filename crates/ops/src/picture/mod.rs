//! x.

pub mod colours;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[];
