//! Neighbourhoods: smoothing and ranks.

pub mod median;
mod network;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<median::Median>()];
