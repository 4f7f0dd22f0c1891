//! Grids: which voxels, where.

pub mod bin;
pub mod canonical;
pub mod crop;
pub mod flip;
pub mod grid;
pub mod pad;
pub mod reorient;
pub mod transpose;
pub mod turn;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[
    Entry::of::<crop::Crop>(),
    Entry::of::<pad::Pad>(),
    Entry::of::<reorient::Reorient>(),
    Entry::of::<canonical::Canonical>(),
    Entry::of::<flip::Flip>(),
    Entry::of::<transpose::Transpose>(),
    Entry::of::<bin::Bin>(),
];
