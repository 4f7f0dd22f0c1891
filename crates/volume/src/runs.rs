//! Labelled runs: a label volume without its voxels.
//!
//! A run is a stretch of one row that belongs to one component. Runs are what labelling keeps, and what measuring,
//! filtering by size and painting read; a label image is painted from them only when somebody asks for voxels.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::memory::Memory;
use crate::run::{Lease, Run};

/// Words in memory, or parked in an unlinked temporary file.
pub enum Words {
    /// In memory.
    Held(Vec<u32>),
    /// In a file's pages.
    Parked(Memory, usize),
}

impl std::ops::Deref for Words {
    type Target = [u32];
    fn deref(&self) -> &[u32] {
        match self {
            Words::Held(v) => v,
            Words::Parked(m, n) => &bytemuck::cast_slice(m.bytes())[..*n],
        }
    }
}

impl Words {
    fn park(&mut self, run: &Run) -> Result<()> {
        let Words::Held(words) = self else { return Ok(()) };
        if words.is_empty() {
            return Ok(());
        }
        let file = tempfile::tempfile_in(&run.temp).map_err(|e| crate::Error::io(&e, &run.temp))?;
        let mut memory = Memory::scratch(&file, words.len() * 4)?;
        memory.bytes_mut().expect("scratch memory is ours").copy_from_slice(bytemuck::cast_slice(words));
        memory.forget(0, words.len() * 4);
        *self = Words::Parked(memory, words.len());
        Ok(())
    }

    fn forget(&self) {
        if let Words::Parked(m, n) = self {
            m.forget(0, n * 4);
        }
    }
}

/// The runs of planes `z` of one frame, with component numbers of its own: 0..count in raster order of first voxel.
pub struct Part {
    /// Its planes.
    pub z: Range<usize>,
    /// `rows[r]..rows[r + 1]` are the runs of row `r` (`ny` rows a plane); one more entry than rows.
    pub rows: Words,
    /// Start and end (excluded) of each run along x, two words a run.
    pub ends: Words,
    /// The component of each run.
    pub ids: Words,
    /// The value of each component, low and high word, when voxels held more than 0 and 1.
    pub values: Option<Words>,
    /// How many components.
    pub count: u32,
    /// Memory accounted for.
    pub lease: Option<Lease>,
}

impl Part {
    /// Bytes held in memory.
    pub fn bytes(&self) -> usize {
        4 * (self.rows.len() + self.ends.len() + self.ids.len() + self.values.as_ref().map_or(0, |v| v.len()))
    }

    /// Moves the runs to an unlinked temporary file, from where the system pages them in.
    pub fn park(&mut self, run: &Run) -> Result<()> {
        self.rows.park(run)?;
        self.ends.park(run)?;
        self.ids.park(run)?;
        if let Some(values) = &mut self.values {
            values.park(run)?;
        }
        self.lease = None;
        Ok(())
    }

    /// Says that this part will not be read again soon.
    pub fn forget(&self) {
        self.rows.forget();
        self.ends.forget();
        self.ids.forget();
        if let Some(values) = &self.values {
            values.forget();
        }
    }

    /// Runs of row `r`: start, end, component.
    #[inline]
    pub fn row(&self, r: usize) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let (from, to) = (self.rows[r] as usize, self.rows[r + 1] as usize);
        self.ends[2 * from..2 * to].chunks_exact(2).zip(&self.ids[from..to]).map(|(e, &id)| (e[0], e[1], id))
    }

    /// The value that the component's voxels held (1 in a mask).
    pub fn value(&self, component: u32) -> u64 {
        self.values.as_ref().map_or(1, |v| {
            let at = 2 * component as usize;
            u64::from(v[at]) | u64::from(v[at + 1]) << 32
        })
    }
}

/// The runs of one frame and the final number of each component.
pub struct Runs {
    /// Parts in z order.
    pub parts: Vec<Arc<Part>>,
    /// Where each part's components begin in `numbers`; one more entry than parts.
    pub offsets: Vec<usize>,
    /// The final number of each component of each part; 0 is background.
    pub numbers: Arc<Vec<u32>>,
    /// The greatest number.
    pub count: u32,
    /// Rows a plane.
    pub ny: usize,
    /// Memory accounted for.
    pub lease: Option<Arc<Lease>>,
}

impl Runs {
    /// The final numbers of part `p`'s components.
    pub fn of_part(&self, p: usize) -> &[u32] {
        &self.numbers[self.offsets[p]..self.offsets[p + 1]]
    }

    /// The part that holds plane `z`.
    pub fn part_at(&self, z: usize) -> usize {
        self.parts.partition_point(|p| p.z.end <= z)
    }

    /// The same runs under other numbers: `map[old]` is the new number.
    #[must_use]
    pub fn renumbered(&self, map: &[u32]) -> Runs {
        Runs {
            parts: self.parts.clone(),
            offsets: self.offsets.clone(),
            numbers: Arc::new(self.numbers.iter().map(|&n| map[n as usize]).collect()),
            count: map.iter().copied().max().unwrap_or(0),
            ny: self.ny,
            lease: self.lease.clone(),
        }
    }

    /// Writes the numbers of planes `z` into `out`, through `paint`, which gives a component's voxel value.
    pub fn paint<T: Copy>(&self, z: Range<usize>, nx: usize, background: T, paint: impl Fn(usize, u32, u32) -> T, out: &mut [T]) {
        out.fill(background);
        for (plane, out) in z.zip(out.chunks_exact_mut(self.ny * nx)) {
            let p = self.part_at(plane);
            let part = &self.parts[p];
            let numbers = self.of_part(p);
            let first = (plane - part.z.start) * self.ny;
            for (y, row) in out.chunks_exact_mut(nx).enumerate() {
                for (x0, x1, id) in part.row(first + y) {
                    row[x0 as usize..x1 as usize].fill(paint(p, id, numbers[id as usize]));
                }
            }
        }
    }
}
