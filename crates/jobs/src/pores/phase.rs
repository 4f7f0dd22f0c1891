//! The pore phase of a volume, and the part of it inside a mask.

use std::ops::Range;
use std::sync::Arc;

use isovox_ops::access::Point;
use isovox_ops::intensity::otsu::split;
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Header, QuantityKind, Result, Run, Scalar, Slab, Source, scalar};

use super::mask_header;

/// Voxels on one side of a threshold; without one, those that are not 0.
pub(super) struct Phase {
    /// Dark is at most this, bright is more.
    pub(super) threshold: Option<f64>,
    /// Which side.
    pub(super) dark: bool,
}

impl Point for Phase {
    type Out<T: Scalar> = u8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Mask);

    fn apply<T: Scalar>(&self, input: &[T], out: &mut [u8]) {
        match self.threshold {
            Some(t) => split(input, t, self.dark, out),
            None => input.iter().zip(out).for_each(|(v, o)| *o = u8::from(*v != T::default())),
        }
    }
}

/// A mask where another one is not 0, else 0.
pub(super) struct Inside {
    mask: Arc<dyn Source>,
    within: Arc<dyn Source>,
    header: Header,
}

impl Inside {
    /// Both lie on one grid.
    pub(super) fn new(mask: Arc<dyn Source>, within: Arc<dyn Source>) -> Inside {
        let header = mask_header(mask.header());
        Inside { mask, within, header }
    }
}

struct Walk<'a> {
    mask: Box<dyn Cursor + 'a>,
    within: Box<dyn Cursor + 'a>,
    header: &'a Header,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let (mask, within, header) = (self.mask.pull(z.clone())?, self.within.pull(z.clone())?, self.header);
        self.pool.slab(z, header.voxel, header.plane(), |out| {
            out.copy_from_slice(mask.data.bytes());
            scalar!(within.data.voxel(), T => {
                out.iter_mut().zip(within.data.as_slice::<T>()).for_each(|(o, w)| *o &= u8::from(*w != T::default()));
            });
            Ok(())
        })
    }
}

impl Source for Inside {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.mask.prepare(run)?;
        self.within.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let (mask, within) = (self.mask.open(run, frame, z.clone())?, self.within.open(run, frame, z)?);
        Ok(Box::new(Walk { mask, within, header: &self.header, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.mask.flight(planes).saturating_add(self.within.flight(planes)).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.mask.lends() && self.within.lends()
    }
}
