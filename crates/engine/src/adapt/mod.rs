//! Operations as sources: one adapter an access, none an operation.

pub mod decide;
pub mod facet;
pub mod gather;
pub mod halo;
pub mod join;
pub mod labelled;
pub mod point;
pub mod reduce;
pub mod whole;
