//! A source made of a rule, which tells what is asked of it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, Result, Run, Slab, Source, Type};

/// What happens before a plane (frame, z) is given.
pub(crate) type Event = Arc<dyn Fn(usize, usize) -> Result<()> + Send + Sync>;

/// Planes of noise, u8 or f32; computed, not lent.
pub(crate) struct Planes {
    header: Header,
    event: Event,
    opened: AtomicUsize,
    pulled: AtomicUsize,
}

impl Planes {
    pub(crate) fn new(shape: [usize; 3], frames: usize, event: Event) -> Arc<Planes> {
        Planes::of(Type::U8, shape, frames, event)
    }

    pub(crate) fn noise(shape: [usize; 3], frames: usize) -> Arc<Planes> {
        Planes::new(shape, frames, Arc::new(|_, _| Ok(())))
    }

    pub(crate) fn floats(shape: [usize; 3]) -> Arc<Planes> {
        Planes::of(Type::F32, shape, 1, Arc::new(|_, _| Ok(())))
    }

    fn of(voxel: Type, shape: [usize; 3], frames: usize, event: Event) -> Arc<Planes> {
        let header = Header::new(shape, frames, voxel).unwrap();
        Arc::new(Planes { header, event, opened: AtomicUsize::new(0), pulled: AtomicUsize::new(0) })
    }

    /// How many cursors were opened.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// How many planes were pulled.
    pub(crate) fn pulled(&self) -> usize {
        self.pulled.load(Ordering::Relaxed)
    }

    fn plane(&self, frame: usize, z: usize, out: &mut [u8]) -> Result<()> {
        (self.event)(frame, z)?;
        self.pulled.fetch_add(1, Ordering::Relaxed);
        let value = |i: usize| ((frame * 1_000_003 + z * 8191 + i + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        if self.header.voxel == Type::F32 {
            out.chunks_exact_mut(4).enumerate().for_each(|(i, o)| o.copy_from_slice(&(value(i) as f32 * 1e-3).to_ne_bytes()));
        } else {
            out.iter_mut().enumerate().for_each(|(i, o)| *o = value(i) as u8);
        }
        Ok(())
    }
}

struct Walk<'a> {
    planes: &'a Planes,
    frame: usize,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let (planes, frame) = (self.planes, self.frame);
        let header = &planes.header;
        self.pool.slab(z.clone(), header.voxel, header.plane(), |out| z.zip(out.chunks_exact_mut(header.plane_bytes())).try_for_each(|(z, out)| planes.plane(frame, z, out)))
    }
}

impl Source for Planes {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Walk { planes: self, frame, pool: Pool::default() }))
    }
}
