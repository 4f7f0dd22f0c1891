//! Neighbourhoods: medians and means.

pub mod gaussian;
pub mod median;
mod network;
pub mod nlm;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<gaussian::Gaussian>(), Entry::of::<median::Median>(), Entry::of::<nlm::Nlm>()];
