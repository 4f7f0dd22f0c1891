//! The access traits with their voxel types erased: bytes in, bytes out, one dispatch a call.

use std::any::Any;
use std::ops::Range;

use isovox_volume::{Data, Error, Header, Object, Piece, Result, Runs, Slab, Voxel, World, scalar, voxel};
use serde_json::Value as Json;

use crate::access::{At, Decide, Edge, Facet, Gather, Halo, Held, Join, Near, OnGrid, Paint, Point, Reduce, RowRuns, Whole, out_type, same_grid};
use crate::components::Rule;

/// A partial or value whose type only its operation knows.
pub type Opaque = Box<dyn Any + Send + Sync>;

/// A partial whose type only its operation knows.
pub type Partial = Opaque;

fn scalar_only(input: &Header) -> Result<()> {
    if input.voxel.is_scalar() {
        return Ok(());
    }
    Err(Error::unsupported("a colour volume (rgb8)")
        .expected("one number a voxel")
        .help("no operation makes grey of colours: save it as 8-bit grey elsewhere first (in Fiji: Image > Type > 8-bit)"))
}

/// [`Point`], erased.
pub trait AnyPoint: Send + Sync {
    /// The output's header.
    fn header(&self, input: &Header) -> Result<Header>;
    /// The kernel.
    fn apply(&self, input: &Data, out: &mut [u8]);
}

impl<P: Point> AnyPoint for P {
    fn header(&self, input: &Header) -> Result<Header> {
        scalar_only(input)?;
        self.check(input)?;
        Ok(same_grid(input, out_type::<P>(input.voxel), P::MEANS, "made by this operation"))
    }

    fn apply(&self, input: &Data, out: &mut [u8]) {
        scalar!(input.voxel(), T => Point::apply::<T>(self, input.as_slice::<T>(), bytemuck::cast_slice_mut(out)));
    }
}

/// [`Halo`], erased.
pub trait AnyHalo: Send + Sync {
    /// The output's header.
    fn header(&self, input: &Header) -> Result<Header>;
    /// Planes needed on each side.
    fn halo(&self, input: &Header) -> usize;
    /// What stands beyond the faces.
    fn edge(&self) -> Edge;
    /// The kernel: `planes` are `2 r + 1` single planes.
    fn rows(&self, input: &Header, planes: &[Data], y: Range<usize>, out: &mut [u8]);
}

impl<H: Halo> AnyHalo for H {
    fn header(&self, input: &Header) -> Result<Header> {
        scalar_only(input)?;
        self.check(input)?;
        let voxel = scalar!(input.voxel, T => <H::Out<T> as Voxel>::TYPE);
        Ok(same_grid(input, voxel, Halo::means(self, input), "made by this operation"))
    }

    fn halo(&self, input: &Header) -> usize {
        Halo::halo(self, input)
    }

    fn edge(&self) -> Edge {
        Halo::edge(self)
    }

    fn rows(&self, input: &Header, planes: &[Data], y: Range<usize>, out: &mut [u8]) {
        scalar!(input.voxel, T => {
            let planes: Vec<&[T]> = planes.iter().map(Data::as_slice::<T>).collect();
            let near = Near { planes: &planes, ny: input.ny(), nx: input.nx() };
            Halo::rows::<T>(self, input, &near, y, bytemuck::cast_slice_mut(out));
        });
    }
}

/// [`Reduce`], erased.
pub trait AnyReduce: Send + Sync {
    /// Whether merging in any order gives the same bits.
    fn exact(&self, inputs: &[&Header]) -> bool;
    /// Whether runs will do.
    fn takes_runs(&self) -> bool;
    /// Refuses inputs that the kernel cannot take.
    fn check(&self, inputs: &[&Header]) -> Result<()>;
    /// An empty partial.
    fn start(&self, inputs: &[&Header], before: Option<&Partial>) -> Partial;
    /// Whether another sweep is needed.
    fn again(&self, acc: &Partial) -> bool;
    /// Folds a plane in.
    fn observe(&self, acc: &mut Partial, at: &At<'_>, plane: &Data);
    /// Folds a plane of runs in.
    fn observe_runs(&self, acc: &mut Partial, at: &At<'_>, rows: &mut RowRuns<'_>);
    /// Folds the next partial in.
    fn merge(&self, acc: &mut Partial, next: Partial);
    /// Bytes that a partial holds.
    fn bytes(&self, acc: &Partial) -> usize;
    /// The value.
    fn finish(&self, acc: Partial, inputs: &[&Header]) -> Result<Opaque>;
    /// What of the value stands in the provenance.
    fn found(&self, value: &Opaque) -> Json;
    /// The value as users get it.
    fn object(&self, value: &Opaque, inputs: &[&Header]) -> Result<Object>;
}

pub(crate) const OWN: &str = "an operation is given only its own partials and values";

impl<R: Reduce> AnyReduce for R {
    fn exact(&self, inputs: &[&Header]) -> bool {
        Reduce::exact(self, inputs)
    }

    fn takes_runs(&self) -> bool {
        R::RUNS
    }

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        inputs.iter().try_for_each(|i| scalar_only(i))?;
        Reduce::check(self, inputs)
    }

    fn start(&self, inputs: &[&Header], before: Option<&Partial>) -> Partial {
        Box::new(Reduce::start(self, inputs, before.map(|b| b.downcast_ref::<R::Acc>().expect(OWN))))
    }

    fn again(&self, acc: &Partial) -> bool {
        Reduce::again(self, acc.downcast_ref::<R::Acc>().expect(OWN))
    }

    fn observe(&self, acc: &mut Partial, at: &At<'_>, plane: &Data) {
        let acc = acc.downcast_mut::<R::Acc>().expect(OWN);
        scalar!(plane.voxel(), T => Reduce::observe::<T>(self, acc, at, plane.as_slice::<T>()));
    }

    fn observe_runs(&self, acc: &mut Partial, at: &At<'_>, rows: &mut RowRuns<'_>) {
        Reduce::observe_runs(self, acc.downcast_mut::<R::Acc>().expect(OWN), at, rows);
    }

    fn merge(&self, acc: &mut Partial, next: Partial) {
        let next = *next.downcast::<R::Acc>().expect(OWN);
        Reduce::merge(self, acc.downcast_mut::<R::Acc>().expect(OWN), next);
    }

    fn bytes(&self, acc: &Partial) -> usize {
        Reduce::bytes(self, acc.downcast_ref::<R::Acc>().expect(OWN))
    }

    fn finish(&self, acc: Partial, inputs: &[&Header]) -> Result<Opaque> {
        let acc = *acc.downcast::<R::Acc>().expect(OWN);
        Ok(Box::new(Reduce::finish(self, acc, inputs)?))
    }

    fn found(&self, value: &Opaque) -> Json {
        Reduce::found(self, value.downcast_ref::<R::Value>().expect(OWN))
    }

    fn object(&self, value: &Opaque, inputs: &[&Header]) -> Result<Object> {
        Reduce::object(self, value.downcast_ref::<R::Value>().expect(OWN), inputs)
    }
}

/// [`Decide`], erased.
pub trait AnyDecide: Send + Sync {
    /// The output's header.
    fn header(&self, inputs: &[&Header]) -> Result<Header>;
    /// What folds the planes.
    fn fold(&self) -> &dyn AnyReduce;
    /// The kernel for whole planes of one frame.
    fn apply(&self, value: &Opaque, frame: usize, planes: &Slab, out: &mut [u8]);
}

impl<D: Decide> AnyDecide for D {
    fn header(&self, inputs: &[&Header]) -> Result<Header> {
        AnyReduce::check(Decide::fold(self), inputs)?;
        let input = inputs[0];
        let voxel = scalar!(input.voxel, T => <D::Out<T> as Voxel>::TYPE);
        Ok(same_grid(input, voxel, D::MEANS, "made by this operation"))
    }

    fn fold(&self) -> &dyn AnyReduce {
        Decide::fold(self)
    }

    fn apply(&self, value: &Opaque, frame: usize, planes: &Slab, out: &mut [u8]) {
        let value = value.downcast_ref::<<D::Fold as Reduce>::Value>().expect(OWN);
        let plane = planes.plane_len();
        scalar!(planes.data.voxel(), T => {
            let out = bytemuck::cast_slice_mut::<u8, D::Out<T>>(out);
            let input = planes.data.as_slice::<T>();
            for ((z, input), out) in planes.z.clone().zip(input.chunks_exact(plane)).zip(out.chunks_exact_mut(plane)) {
                Decide::apply::<T>(self, value, frame, z, input, out);
            }
        });
    }
}

/// [`Join`] is free of voxel types already.
pub trait AnyJoin: Send + Sync {
    /// What makes a component.
    fn rule(&self) -> Rule;
    /// What is painted.
    fn paint(&self) -> Paint;
    /// What the output is.
    fn header(&self, input: &Header) -> Result<Header>;
    /// A new number for each component.
    fn numbers(&self, input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>>;
}

impl<J: Join> AnyJoin for J {
    fn rule(&self) -> Rule {
        Join::rule(self)
    }

    fn paint(&self) -> Paint {
        Join::paint(self)
    }

    fn header(&self, input: &Header) -> Result<Header> {
        Join::header(self, input)
    }

    fn numbers(&self, input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>> {
        Join::numbers(self, input, runs)
    }
}

/// [`Gather`], erased.
pub trait AnyGather: Send + Sync {
    /// What the output is, and how it is made.
    fn plan(&self, inputs: &[&Header]) -> Result<Box<dyn AnyPlan>>;
}

/// A [`Gather`] whose inputs are known.
pub trait AnyPlan: Send + Sync {
    /// What the output is.
    fn header(&self) -> &Header;
    /// A walk's state.
    fn walk(&self) -> Box<dyn Any + Send>;
    /// The input planes that output planes need.
    fn region(&self, z: Range<usize>) -> Range<usize>;
    /// Those of them that a walk has not met yet.
    fn missing(&self, walk: &(dyn Any + Send), z: Range<usize>) -> Range<usize>;
    /// How far pieces of a region reach beyond what they own, where it comes in pieces.
    fn spread(&self) -> Option<usize>;
    /// Bytes that a walk holds while it is handed so many planes.
    fn scratch(&self, planes: usize) -> usize;
    /// Whether voxels are copied as they are.
    fn copies(&self) -> bool;
    /// Whether the kernel must know the range of the input's values.
    fn wants_range(&self) -> bool;
    /// Refuses values that the kernel cannot keep.
    fn takes(&self, range: [f64; 2]) -> Result<()>;
    /// What stands in the provenance.
    fn found(&self) -> Json;
    /// The kernel.
    fn planes(&self, walk: &mut (dyn Any + Send), held: &Slab, own: Range<usize>, range: Option<[f64; 2]>, z: Range<usize>, out: &mut [u8]);
}

struct Planned<P> {
    header: Header,
    plan: P,
}

impl<G: Gather> AnyGather for G {
    fn plan(&self, inputs: &[&Header]) -> Result<Box<dyn AnyPlan>> {
        let (header, plan) = Gather::plan(self, inputs)?;
        Ok(Box::new(Planned { header, plan }))
    }
}

impl<P: OnGrid> AnyPlan for Planned<P> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn walk(&self) -> Box<dyn Any + Send> {
        Box::new(P::Walk::default())
    }

    fn region(&self, z: Range<usize>) -> Range<usize> {
        self.plan.region(z)
    }

    fn missing(&self, walk: &(dyn Any + Send), z: Range<usize>) -> Range<usize> {
        self.plan.missing(walk.downcast_ref().expect(OWN), z)
    }

    fn spread(&self) -> Option<usize> {
        self.plan.spread()
    }

    fn scratch(&self, planes: usize) -> usize {
        self.plan.scratch(planes)
    }

    fn copies(&self) -> bool {
        self.plan.copies()
    }

    fn wants_range(&self) -> bool {
        self.plan.wants_range()
    }

    fn takes(&self, range: [f64; 2]) -> Result<()> {
        self.plan.takes(range)
    }

    fn found(&self) -> Json {
        self.plan.found()
    }

    fn planes(&self, walk: &mut (dyn Any + Send), held: &Slab, own: Range<usize>, range: Option<[f64; 2]>, z: Range<usize>, out: &mut [u8]) {
        let walk = walk.downcast_mut().expect(OWN);
        voxel!(self.header.voxel, T => {
            let held = Held { z: held.z.clone(), own, voxels: held.data.as_slice::<T>(), range };
            self.plan.planes::<T>(walk, &held, z, bytemuck::cast_slice_mut(out));
        });
    }
}

/// [`Whole`], erased.
pub trait AnyWhole: Send + Sync {
    /// The output's header.
    fn header(&self, input: &Header) -> Result<Header>;
    /// Bytes needed beside input and output.
    fn memory(&self, input: &Header) -> usize;
    /// The kernel for a frame.
    fn run(&self, input: &Header, voxels: &Data, out: &mut [u8]);
}

impl<W: Whole> AnyWhole for W {
    fn header(&self, input: &Header) -> Result<Header> {
        scalar_only(input)?;
        let voxel = scalar!(input.voxel, T => <W::Out<T> as Voxel>::TYPE);
        Ok(same_grid(input, voxel, W::MEANS, "made by this operation"))
    }

    fn memory(&self, input: &Header) -> usize {
        Whole::memory(self, input)
    }

    fn run(&self, input: &Header, voxels: &Data, out: &mut [u8]) {
        scalar!(input.voxel, T => Whole::run::<T>(self, input, voxels.as_slice::<T>(), bytemuck::cast_slice_mut(out)));
    }
}

/// [`Facet`], erased.
pub trait AnyFacet: Send + Sync {
    /// Refuses inputs that the kernel cannot take; what the coordinates will mean.
    fn check(&self, input: &Header) -> Result<World>;
    /// Whether it is known what to look for.
    fn known(&self, input: &Header) -> bool;
    /// Why there is no mesh.
    fn nothing(&self, input: &Header, range: Option<[f64; 2]>) -> Error;
    /// A walk whose first layer ends at plane `z`.
    fn walk(&self, input: &Header, z: usize) -> Box<dyn Any + Send>;
    /// The vertices in the plane below the first layer.
    fn begin(&self, walk: &mut (dyn Any + Send), below: &Data, piece: &mut Piece);
    /// The kernel for the layer between two planes, one of which may lie beyond the volume.
    fn layer(&self, walk: &mut (dyn Any + Send), below: Option<&Data>, above: Option<&Data>, piece: &mut Piece);
}

impl<F: Facet> AnyFacet for F {
    fn check(&self, input: &Header) -> Result<World> {
        scalar_only(input)?;
        Facet::check(self, input)?;
        Facet::world(self, input)
    }

    fn known(&self, input: &Header) -> bool {
        Facet::known(self, input)
    }

    fn nothing(&self, input: &Header, range: Option<[f64; 2]>) -> Error {
        Facet::nothing(self, input, range)
    }

    fn walk(&self, input: &Header, z: usize) -> Box<dyn Any + Send> {
        Box::new(Facet::walk(self, input, z))
    }

    fn begin(&self, walk: &mut (dyn Any + Send), below: &Data, piece: &mut Piece) {
        let walk = walk.downcast_mut::<F::Walk>().expect(OWN);
        scalar!(below.voxel(), T => Facet::begin::<T>(self, walk, below.as_slice::<T>(), piece));
    }

    fn layer(&self, walk: &mut (dyn Any + Send), below: Option<&Data>, above: Option<&Data>, piece: &mut Piece) {
        let walk = walk.downcast_mut::<F::Walk>().expect(OWN);
        let Some(voxel) = above.or(below).map(Data::voxel) else { return };
        scalar!(voxel, T => Facet::layer::<T>(self, walk, below.map(Data::as_slice::<T>), above.map(Data::as_slice::<T>), piece));
    }
}
