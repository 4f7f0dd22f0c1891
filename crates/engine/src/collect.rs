//! Whole volumes in memory.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::memory::{Memory, Shared};
use isovox_volume::{Block, Data, Lease, Result, Run, Slab, Source, Volume};

use crate::sweep::{Cut, Work, sweep};

/// A volume and the lease of its memory.
pub struct Collected {
    volume: Volume,
    /// None where somebody else holds the voxels.
    _lease: Option<Lease>,
}

impl Collected {
    /// The volume.
    pub fn volume(&self) -> &Volume {
        &self.volume
    }

    /// The volume, no longer accounted for by this.
    pub fn into_volume(self) -> Volume {
        self.volume
    }
}

struct Filling<'a> {
    out: &'a Shared,
    plane: usize,
    nz: usize,
}

impl Work for Filling<'_> {
    type State = ();
    type Part = ();

    fn begin(&self, _frame: usize, _z: Range<usize>) -> Result<()> {
        Ok(())
    }

    fn step(&self, _state: &mut (), _frame: usize, _z: Range<usize>, _slabs: &[Slab]) -> Result<()> {
        Ok(())
    }

    fn destination(&self, frame: usize, z: Range<usize>) -> Option<&mut [u8]> {
        let from = (frame * self.nz + z.start) * self.plane;
        // SAFETY: a sweep deals each plane to one worker, once.
        Some(unsafe { self.out.write(from, from + z.len() * self.plane) })
    }

    fn end(&self, _state: ()) -> Result<()> {
        Ok(())
    }
}

/// Pulls all of a prepared source into memory.
pub fn collect(run: &Run, source: &dyn Source, name: &str) -> Result<Collected> {
    let header = source.header();
    run.begin(name, (header.nz() * header.frames.count) as u64);
    if let Some(data) = source.held(run)? {
        return Ok(Collected { volume: Volume::new(header.clone(), data)?, _lease: None });
    }
    let lease = run.lease(header.bytes(), name)?;
    let shared = Shared::new(Memory::zeroed(header.bytes())?);
    let work = Filling { out: &shared, plane: header.plane_bytes(), nz: header.nz() };
    sweep(run, header.nz(), &[source], 0..header.frames.count, Cut::new(run, header, &[source], false), &work, |()| Ok(()))?;
    let block: Arc<Block> = Block::new(shared.into_memory());
    let data = Data::new(block, header.voxel, 0, header.voxels() * header.frames.count)?;
    Ok(Collected { volume: Volume::new(header.clone(), data)?, _lease: Some(lease) })
}
