//! [`Facet`](isovox_ops::access::Facet) as a mesh that flows: walks up through stretches, pieces in z order.

use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use isovox_ops::access::AnyFacet;
use isovox_ops::range::ValueRange;
use isovox_volume::{Data, Error, Lease, MeshFound, MeshSink, MeshSource, Piece, Result, Run, Slab, Source, World};

use crate::adapt::reduce::fold;
use crate::sweep::{Cut, Work, sweep, with_spare};

/// Planes of a stretch at most: its first plane is pulled twice, and what it gives waits for its turn.
const STRETCH: usize = 32;

/// Bytes of mesh a voxel that are to be expected of a noisy volume; more is met when it comes.
const DENSE: usize = 16;

/// A mesh made of a source.
pub struct FacetSource {
    name: String,
    op: Arc<dyn AnyFacet>,
    input: Arc<dyn Source>,
    world: World,
}

impl FacetSource {
    /// Fails when the operation does not take the input.
    pub fn new(name: &str, op: Arc<dyn AnyFacet>, input: Arc<dyn Source>) -> Result<FacetSource> {
        let world = op.check(input.header())?;
        Ok(FacetSource { name: name.into(), op, input, world })
    }

    /// Bytes in flight of one thread that pulls plane by plane.
    pub fn flight(&self) -> usize {
        self.input.flight(1).saturating_add(self.below(1))
    }

    /// Bytes of the planes below a step of so many: its neighbour, and the walk that fetched it.
    fn below(&self, step: usize) -> usize {
        self.input.flight(1).saturating_add(self.input.header().plane_bytes().saturating_mul(step))
    }

    /// Why there is no mesh, with the range of the values.
    fn nothing(&self, run: &Run) -> Result<Error> {
        let value = fold(run, &self.name, &ValueRange, &[self.input.as_ref()])?;
        Ok(self.op.nothing(self.input.header(), *value.downcast().expect("the fold's own value")))
    }
}

impl MeshSource for FacetSource {
    fn world(&self) -> World {
        self.world
    }

    fn pour(&self, run: &Run, sink: &mut dyn MeshSink) -> Result<MeshFound> {
        let header = self.input.header();
        if !self.op.known(header) {
            return Err(self.nothing(run)?);
        }
        run.begin(&self.name, header.nz() as u64);
        let sources = [self.input.as_ref()];
        // The planes below a step are held with it: no more than two flights of their own.
        let cut = Cut::new(run, header, &[self.input.as_ref(); 3], false);
        let fits = run.free() / 8 / cut.threads / header.plane().saturating_mul(DENSE);
        let cut = cut.at_most(fits.min(STRETCH));
        let below = run.lease(with_spare(self.below(cut.step)).saturating_mul(cut.threads), "planes in flight")?;
        let mut found = MeshFound { world: self.world, ..MeshFound::default() };
        let walks = Walks { run, mesh: self, nz: header.nz(), spare: Mutex::default() };
        sweep(run, header.nz(), &sources, 0..1, cut, &walks, |part| {
            found.add(&part.piece);
            let done = sink.piece(&part.piece);
            walks.keep(part);
            done
        })?;
        drop(below);
        if found.triangles == 0 { Err(self.nothing(run)?) } else { Ok(found) }
    }
}

struct Walks<'a> {
    run: &'a Run,
    mesh: &'a FacetSource,
    nz: usize,
    /// Rooms of pieces that were taken: fresh memory costs as much as what is put there.
    spare: Mutex<Vec<Grown>>,
}

impl Walks<'_> {
    fn keep(&self, mut part: Grown) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < self.run.threads && part.lease.is_some() {
            part.piece.clear();
            spare.push(part);
        }
    }

    fn room(&self) -> Grown {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_else(|| Grown { piece: Piece::default(), lease: None })
    }
}

/// A stretch that grows, and what it gave.
struct Growing {
    walk: Box<dyn Any + Send>,
    last: bool,
    below: Option<Data>,
    piece: Piece,
    lease: Option<Lease>,
}

struct Grown {
    piece: Piece,
    lease: Option<Lease>,
}

impl Work for Walks<'_> {
    type State = Growing;
    type Part = Grown;

    fn begin(&self, frame: usize, z: Range<usize>) -> Result<Growing> {
        let FacetSource { op, input, .. } = self.mesh;
        let mut walk = op.walk(input.header(), z.start);
        let (mut below, Grown { mut piece, lease }) = (None, self.room());
        if z.start > 0 {
            let at = z.start - 1..z.start;
            let plane = input.open(self.run, frame, at.clone())?.pull(at)?.data;
            op.begin(walk.as_mut(), &plane, &mut piece);
            below = Some(plane);
        }
        Ok(Growing { walk, last: z.end == self.nz, below, piece, lease })
    }

    fn step(&self, grow: &mut Growing, _frame: usize, z: Range<usize>, slabs: &[Slab]) -> Result<()> {
        for z in z {
            let above = slabs[0].sub(z..z + 1).data;
            self.mesh.op.layer(grow.walk.as_mut(), grow.below.as_ref(), Some(&above), &mut grow.piece);
            grow.below = Some(above);
        }
        Ok(())
    }

    fn early(&self, grow: &mut Growing) -> Option<Grown> {
        let bytes = grow.piece.bytes();
        if grow.lease.as_ref().map_or(0, Lease::bytes) >= bytes {
            return None;
        }
        grow.lease = None;
        grow.lease = self.run.try_lease(bytes);
        if grow.lease.is_none() {
            // What others keep for later is worth less than the turn that would have to be waited for.
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).clear();
            grow.lease = self.run.try_lease(bytes);
        }
        if grow.lease.is_some() { None } else { Some(Grown { piece: grow.piece.cut(), lease: None }) }
    }

    fn end(&self, mut grow: Growing) -> Result<Grown> {
        if grow.last {
            self.mesh.op.layer(grow.walk.as_mut(), grow.below.as_ref(), None, &mut grow.piece);
        }
        Ok(Grown { piece: grow.piece, lease: grow.lease })
    }
}
