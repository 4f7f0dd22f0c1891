//! Surfaces: volumes as triangle meshes.

mod cells;
mod planes;
#[expect(clippy::module_inception, reason = "the family is named after its first operation")]
pub mod surface;
pub mod topology;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<surface::Surface>()];
