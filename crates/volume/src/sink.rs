//! Where planes go.

use std::ops::Range;
use std::path::PathBuf;

use crate::error::Result;
use crate::run::Run;

/// A file, or set of files, being written. Nothing is at its final place before [`Sink::finish`]; dropping it leaves nothing.
pub trait Sink: Send + Sync {
    /// Whether planes must come in order, frame by frame, each once; others may be written by several threads at once.
    fn ordered(&self) -> bool;

    /// Gives what it runs in: a sink that takes long over a plane asks between parts whether it is interrupted, and shares the
    /// work among threads.
    fn watch(&mut self, _run: &Run) {}

    /// Planes `z` of a frame, native-endian bytes in C order.
    fn write(&self, frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()>;

    /// Syncs and renames everything into place; the paths written.
    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>>;
}
