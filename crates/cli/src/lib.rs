//! isovox: opens any volume image, proves where each voxel is or refuses, measures it, and shows its work.
//!
//! The front door of the Rust library: the layers, re-exported.
//!
//! ```no_run
//! use isovox::engine::{OpenScan, Pipeline, open_scan};
//! use isovox::ops::{Values, find};
//!
//! # fn main() -> isovox::volume::Result<()> {
//! let scan = open_scan(&["scan.tif".into()], &OpenScan::default())?;
//! let otsu = (find("otsu")?.build)(&Values::default())?;
//! let mask = Pipeline::new(scan.source).then(otsu, vec![])?.run(&isovox::volume::Run::here())?;
//! # let _ = mask;
//! # Ok(())
//! # }
//! ```

pub use isovox_engine as engine;
pub use isovox_formats as formats;
pub use isovox_jobs as jobs;
pub use isovox_ops as ops;
pub use isovox_volume as volume;
