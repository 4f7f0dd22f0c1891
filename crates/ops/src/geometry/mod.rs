//! Grids: which voxels, where.

pub mod bin;
pub mod crop;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<crop::Crop>(), Entry::of::<bin::Bin>()];
