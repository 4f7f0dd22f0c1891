//! Values: thresholds, types, histograms.

pub mod cast;
pub mod histogram;
pub mod levels;
pub mod otsu;
pub mod otsu_profile;
pub mod statistics;
pub mod threshold;

use crate::spec::Entry;

/// In the order of the reference pages.
pub const OPS: &[Entry] = &[
    Entry::of::<cast::Cast>(),
    Entry::of::<threshold::Threshold>(),
    Entry::of::<otsu::Otsu>(),
    Entry::of::<otsu_profile::OtsuProfile>(),
    Entry::of::<histogram::Histogram>(),
    Entry::of::<statistics::Statistics>(),
];
