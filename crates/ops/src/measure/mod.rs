//! Tables of objects.

pub mod lognormal;
#[expect(clippy::module_inception, reason = "the family is named after its first operation")]
pub mod measure;
pub mod objects;
mod quantile;
pub mod size_distribution;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[Entry::of::<measure::Measure>(), Entry::of::<size_distribution::SizeDistribution>()];
