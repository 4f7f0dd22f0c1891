//! Shapes: what lies inside, and what touches the edge.

pub mod clear_border;
pub mod faces;
pub mod fill_holes;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<fill_holes::FillHoles>(), Entry::of::<clear_border::ClearBorder>()];
