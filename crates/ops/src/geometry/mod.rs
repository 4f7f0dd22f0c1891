//! Grids: which voxels, where.

pub mod bin;
pub mod canonical;
pub mod crop;
mod finish;
pub mod flip;
pub mod grid;
pub mod matrix;
pub mod pad;
pub mod passes;
pub mod regularize;
pub mod reorient;
pub mod resample;
mod sampler;
pub mod sampling;
pub mod transform;
pub mod transpose;
pub mod turn;
mod weights;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[
    Entry::of::<crop::Crop>(),
    Entry::of::<pad::Pad>(),
    Entry::of::<reorient::Reorient>(),
    Entry::of::<canonical::Canonical>(),
    Entry::of::<flip::Flip>(),
    Entry::of::<transpose::Transpose>(),
    Entry::of::<resample::Resample>(),
    Entry::of::<transform::Transform>(),
    Entry::of::<regularize::Regularize>(),
    Entry::of::<bin::Bin>(),
];
