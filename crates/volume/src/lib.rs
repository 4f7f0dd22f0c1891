//! The nouns of isovox: what a volume is, where its voxels are, and how its planes flow.
//!
//! No files and no algorithms live here. Index order is `[z, y, x]` in memory and `(x, y, z) = (i, j, k)` in geometry;
//! frames (time, echo, b-value, channel) are outermost; planes are in C order.

pub mod affine;
pub mod animation;
pub mod data;
pub mod error;
pub mod figure;
pub mod geometry;
pub mod header;
pub mod length;
pub mod memory;
pub mod mesh;
pub mod object;
pub mod picture;
pub mod provenance;
pub mod region;
pub mod run;
pub mod runs;
pub mod sink;
pub mod source;
pub mod table;
pub mod vector;
pub mod verdict;
pub mod volume;
pub mod voxel;

pub use animation::{Animation, Palette};
pub use data::{Block, Data};
pub use error::{Error, Kind, Result};
pub use figure::{Anchor, Figure, Shape, Text, TextSize};
pub use geometry::{Geometry, Space};
pub use header::{Certainty, FrameAxis, Frames, Header, Quantity, QuantityKind};
pub use length::{Extent, Length, Size};
pub use mesh::{Mesh, MeshFound, MeshSink, MeshSource, Piece, World};
pub use object::Object;
pub use picture::Picture;
pub use provenance::{Input, Provenance, Step};
pub use region::Region;
pub use run::{Lease, Phase, Run, Stop};
pub use runs::{Part, Runs};
pub use sink::Sink;
pub use source::{Cursor, Slab, Source};
pub use table::{Column, Table};
pub use verdict::{Problem, SliceRow, Verdict};
pub use volume::Volume;
pub use voxel::{Numbers, Real, Rgb8, Scalar, Type, Voxel};
