//! Chains of sources, swept within memory on any number of threads, with the same bits whatever the cut.
//!
//! A run is planned from headers, prepared (Reduce and Join sweep their inputs), and pulled: see [`pipeline::Pipeline`].

pub mod adapt;
pub mod collect;
pub mod compare;
pub mod hash;
pub mod keep;
pub mod mesh;
pub mod pipeline;
pub mod plan;
pub mod probe;
pub mod scan;
pub mod sweep;
pub mod write;

pub use pipeline::{Outcome, Pipeline};
pub use scan::{OpenScan, Opened, open_scan};
