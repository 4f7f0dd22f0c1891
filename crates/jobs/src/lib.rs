//! Whole jobs made of operations, and phantoms with known truth.

pub mod check;
pub mod clock;
pub mod demo;
pub mod folder;
pub mod phantom;
pub mod pores;
pub mod report;
