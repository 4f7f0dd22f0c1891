//! What an operation needs of its input: the trait that it implements is all that the engine has to know.
//!
//! | access | an output plane needs |
//! |---|---|
//! | [`Point`] | the same plane |
//! | [`Halo`] | planes on both sides |
//! | [`Reduce`] | nothing: planes are folded into a value |
//! | [`Decide`] | a value folded from all planes, then the same plane |
//! | [`Join`] | connected components of the whole |
//! | [`Gather`] | a region of the input that the operation names |
//! | [`Whole`] | everything |
//! | [`Facet`] | its layer of a mesh needs the plane below it and the plane itself |
//!
//! Kernels do no I/O, cannot fail once checked, and never start threads.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::{Certainty, Error, Header, Object, Piece, Quantity, QuantityKind, Result, Runs, Scalar, Slab, Type, Voxel, World, scalar};
use serde_json::Value as Json;

use crate::components::Rule;
pub use crate::erased::{AnyDecide, AnyFacet, AnyGather, AnyHalo, AnyJoin, AnyPlan, AnyPoint, AnyReduce, AnyWhole};

/// An operation's kernel, by access, its voxel types erased.
#[derive(Clone)]
pub enum Access {
    /// See [`Point`].
    Point(Arc<dyn AnyPoint>),
    /// See [`Halo`].
    Halo(Arc<dyn AnyHalo>),
    /// See [`Reduce`].
    Reduce(Arc<dyn AnyReduce>),
    /// See [`Decide`].
    Decide(Arc<dyn AnyDecide>),
    /// See [`Join`].
    Join(Arc<dyn AnyJoin>),
    /// See [`Gather`].
    Gather(Arc<dyn AnyGather>),
    /// See [`Whole`].
    Whole(Arc<dyn AnyWhole>),
    /// See [`Facet`].
    Facet(Arc<dyn AnyFacet>),
}

/// The header of an output of another type on the same grid; a change of meaning follows from the type of operation.
pub(crate) fn same_grid(input: &Header, voxel: Type, kind: Option<QuantityKind>, why: &str) -> Header {
    let quantity = kind.map_or_else(|| input.quantity.clone(), |k| Quantity::certain(k, why));
    input.like(voxel, quantity)
}

/// An output plane needs the same plane; any stretch of voxels at a time.
pub trait Point: Send + Sync + 'static {
    /// The output's type for an input's.
    type Out<T: Scalar>: Voxel;
    /// What the output means, when that changes.
    const MEANS: Option<QuantityKind> = None;

    /// Refuses inputs that the kernel cannot take.
    fn check(&self, _input: &Header) -> Result<()> {
        Ok(())
    }

    /// The kernel.
    fn apply<T: Scalar>(&self, input: &[T], out: &mut [Self::Out<T>]);
}

/// How neighbours beyond the volume's faces are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The nearest voxel: `a a | a b c | c c`.
    Nearest,
    /// Mirrored at the face: `b a | a b c | c b`.
    Reflect,
    /// Mirrored at the voxel: `c b | a b c | b a`.
    Mirror,
    /// From the other side: `b c | a b c | a b`.
    Wrap,
    /// Zero.
    Zero,
}

impl Edge {
    /// The index that stands at `i` of an axis of `n` voxels; `None` for zero.
    pub fn index(self, i: isize, n: usize) -> Option<usize> {
        let n = n as isize;
        if (0..n).contains(&i) {
            return Some(i as usize);
        }
        let at = match self {
            Edge::Nearest => i.clamp(0, n - 1),
            Edge::Wrap => i.rem_euclid(n),
            Edge::Reflect => {
                let m = i.rem_euclid(2 * n);
                if m < n { m } else { 2 * n - 1 - m }
            }
            Edge::Mirror if n == 1 => 0,
            Edge::Mirror => {
                let m = i.rem_euclid(2 * n - 2);
                if m < n { m } else { 2 * n - 2 - m }
            }
            Edge::Zero => return None,
        };
        Some(at as usize)
    }
}

/// A plane and its neighbours: `2 r + 1` planes, the middle one is the output's.
pub struct Near<'a, T> {
    /// From the lowest up.
    pub planes: &'a [&'a [T]],
    /// Rows a plane.
    pub ny: usize,
    /// Voxels a row.
    pub nx: usize,
}

impl<T> Near<'_, T> {
    /// Row `y` of the neighbour `dz` planes above (below where negative).
    pub fn row(&self, dz: isize, y: usize) -> &[T] {
        let middle = (self.planes.len() / 2) as isize;
        &self.planes[(middle + dz) as usize][y * self.nx..(y + 1) * self.nx]
    }
}

/// An output plane needs planes on both sides.
pub trait Halo: Send + Sync + 'static {
    /// The output's type for an input's.
    type Out<T: Scalar>: Voxel;
    /// What the output means, when that changes.
    const MEANS: Option<QuantityKind> = None;

    /// The same, where it depends on the input.
    fn means(&self, _input: &Header) -> Option<QuantityKind> {
        Self::MEANS
    }

    /// Refuses inputs that the kernel cannot take.
    fn check(&self, _input: &Header) -> Result<()> {
        Ok(())
    }

    /// Planes needed on each side.
    fn halo(&self, input: &Header) -> usize;

    /// What stands beyond the first and the last plane.
    fn edge(&self) -> Edge {
        Edge::Nearest
    }

    /// The kernel: rows `y` of the middle plane into `out`.
    fn rows<T: Scalar>(&self, input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [Self::Out<T>]);
}

/// Where a reduced plane is.
pub struct At<'a> {
    /// The header of each input.
    pub inputs: &'a [&'a Header],
    /// The frame.
    pub frame: usize,
    /// The plane.
    pub z: usize,
    /// The same plane of the further inputs.
    pub others: &'a [Slab],
}

/// A row's labelled runs: `(start, end, number)`, by row.
pub type RowRuns<'a> = dyn FnMut(&mut dyn FnMut(usize, u32, u32, u32)) + 'a;

/// Planes are folded into a value.
pub trait Reduce: Send + Sync + 'static {
    /// Whether labelled runs will do instead of planes.
    const RUNS: bool = false;
    /// A partial.
    type Acc: Send + Sync + 'static;
    /// The value.
    type Value: Send + Sync + 'static;

    /// Refuses inputs that the kernel cannot take.
    fn check(&self, _inputs: &[&Header]) -> Result<()> {
        Ok(())
    }

    /// Whether merging in any order gives the same bits (integer sums). If not, one partial a block of 16 planes is folded in z order.
    fn exact(&self, inputs: &[&Header]) -> bool;

    /// An empty partial; in a further sweep, knowing what the sweep before found.
    fn start(&self, inputs: &[&Header], before: Option<&Self::Acc>) -> Self::Acc;

    /// Whether what a sweep found calls for another one (a range before its histogram).
    fn again(&self, _acc: &Self::Acc) -> bool {
        false
    }

    /// Folds a plane in.
    fn observe<T: Scalar>(&self, acc: &mut Self::Acc, at: &At<'_>, plane: &[T]);

    /// Folds a plane of labelled runs in: `each(y, x0, x1, number)`.
    fn observe_runs(&self, _acc: &mut Self::Acc, _at: &At<'_>, _rows: &mut RowRuns<'_>) {
        unreachable!("only called where RUNS is true")
    }

    /// Folds the next partial (in z order) in.
    fn merge(&self, acc: &mut Self::Acc, next: Self::Acc);

    /// Bytes that a partial holds: tables that grow are accounted for.
    fn bytes(&self, _acc: &Self::Acc) -> usize {
        0
    }

    /// The value, or why there is none (a constant volume has no threshold).
    fn finish(&self, acc: Self::Acc, inputs: &[&Header]) -> Result<Self::Value>;

    /// What of the value stands in the provenance.
    fn found(&self, _value: &Self::Value) -> Json {
        Json::Null
    }

    /// The value as users get it.
    fn object(&self, value: &Self::Value, inputs: &[&Header]) -> Result<Object>;
}

/// A value folded from all planes decides what happens to each.
pub trait Decide: Send + Sync + 'static {
    /// The output's type for an input's.
    type Out<T: Scalar>: Voxel;
    /// What the output means, when that changes.
    const MEANS: Option<QuantityKind> = None;
    /// What folds the planes.
    type Fold: Reduce;

    /// What folds the planes.
    fn fold(&self) -> &Self::Fold;

    /// The kernel for a plane.
    fn apply<T: Scalar>(&self, value: &<Self::Fold as Reduce>::Value, frame: usize, z: usize, input: &[T], out: &mut [Self::Out<T>]);
}

/// What the voxels of a component become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Its number.
    Number,
    /// The value that they had, where its number is not 0.
    Value,
    /// 1, as all that is in no component, where its number is not 0; else 0 (u8).
    Filled,
}

/// Connected components decide: of the objects, or of what is between them.
pub trait Join: Send + Sync + 'static {
    /// What makes a component.
    fn rule(&self) -> Rule;

    /// What is painted.
    fn paint(&self) -> Paint;

    /// What the output is.
    fn header(&self, input: &Header) -> Result<Header>;

    /// A new number for each component (`[0]` is background), or `None` to keep raster order.
    fn numbers(&self, input: &Header, runs: &Runs) -> Result<Option<Vec<u32>>>;
}

/// Input planes that an operation is handed.
pub struct Held<'a, T> {
    /// Which planes.
    pub z: Range<usize>,
    /// Those whose output is asked for: all, unless the region comes in pieces.
    pub own: Range<usize>,
    /// Their voxels, `[z, y, x]`.
    pub voxels: &'a [T],
    /// The range of the input's finite values, where [`OnGrid::wants_range`]; `None` where there is none.
    pub range: Option<[f64; 2]>,
}

/// An output plane needs a region of the input.
pub trait Gather: Send + Sync + 'static {
    /// What is settled before a plane is read.
    type Plan: OnGrid;

    /// What the output is, and how it is made. The first header is the input's; of further inputs only the grid counts.
    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Self::Plan)>;
}

/// A volume's way to another grid: boxes, tables of weights.
pub trait OnGrid: Send + Sync + 'static {
    /// What a walk keeps from one call to the next.
    type Walk: Default + Send + 'static;

    /// The input planes that output planes `z` need; none where they lie outside the input.
    fn region(&self, z: Range<usize>) -> Range<usize>;

    /// Those of them that a walk that goes on from the last call has not met yet.
    fn missing(&self, _walk: &Self::Walk, z: Range<usize>) -> Range<usize> {
        self.region(z)
    }

    /// Where neighbouring output planes need much the same region (exchanged axes): by how many planes a voxel's
    /// neighbourhood reaches beyond the plane that owns it. Such a region comes in pieces, for many output planes at once.
    fn spread(&self) -> Option<usize> {
        None
    }

    /// Bytes that a walk holds while it is handed so many planes.
    fn scratch(&self, _planes: usize) -> usize {
        0
    }

    /// Whether voxels are copied as they are, so that making them again costs no more than keeping them.
    fn copies(&self) -> bool;

    /// Whether the kernel must know the range of the input's values.
    fn wants_range(&self) -> bool {
        false
    }

    /// Refuses values that the kernel cannot keep, given the range of the finite ones where [`OnGrid::wants_range`].
    fn takes(&self, _range: [f64; 2]) -> Result<()> {
        Ok(())
    }

    /// What of the plan stands in the provenance.
    fn found(&self) -> Json {
        Json::Null
    }

    /// The kernel: those voxels of output planes `z` that belong to the planes `held.own`.
    fn planes<T: Voxel>(&self, walk: &mut Self::Walk, held: &Held<'_, T>, z: Range<usize>, out: &mut [T]);
}

/// Everything at once, where the best known algorithm wants that.
pub trait Whole: Send + Sync + 'static {
    /// The output's type for an input's.
    type Out<T: Scalar>: Voxel;
    /// What the output means, when that changes.
    const MEANS: Option<QuantityKind> = None;

    /// Bytes needed beside input and output of a frame.
    fn memory(&self, input: &Header) -> usize;

    /// The kernel for a frame.
    fn run<T: Scalar>(&self, input: &Header, voxels: &[T], out: &mut [Self::Out<T>]);
}

/// A mesh that grows layer by layer: a layer lies between two neighbouring planes.
///
/// A volume of `nz` planes has `nz + 1` layers: the first lies between what is below the volume and plane 0, the last between
/// plane `nz - 1` and what is above. A layer's vertices depend on its two planes alone, so that pieces can begin anywhere.
pub trait Facet: Send + Sync + 'static {
    /// What a walk knows of the plane that it took last.
    type Walk: Send + 'static;

    /// Refuses inputs that the kernel cannot take.
    fn check(&self, input: &Header) -> Result<()>;

    /// What the coordinates mean.
    fn world(&self, input: &Header) -> Result<World>;

    /// Whether it is known what to look for; if not, nothing is swept, and [`Facet::nothing`] tells the range of the values.
    fn known(&self, input: &Header) -> bool;

    /// Why there is no mesh, in a volume whose finite values lie in this range, if it has any.
    fn nothing(&self, input: &Header, range: Option<[f64; 2]>) -> Error;

    /// A walk whose first layer ends at plane `z`; if there is a plane below that, [`Facet::begin`] shows it.
    fn walk(&self, input: &Header, z: usize) -> Self::Walk;

    /// The vertices in the plane below the first layer, as the walk that ended there gave them.
    fn begin<T: Scalar>(&self, walk: &mut Self::Walk, below: &[T], piece: &mut Piece);

    /// The kernel: the layer between the plane taken last and `above`, and the vertices in `above`; `None` lies beyond the volume.
    fn layer<T: Scalar>(&self, walk: &mut Self::Walk, below: Option<&[T]>, above: Option<&[T]>, piece: &mut Piece);
}

/// Refuses a volume that is not of unsigned or signed integers, as masks and labels are.
pub(crate) fn integers(op: &str, input: &Header) -> Result<()> {
    if input.quantity.kind == QuantityKind::Hu && input.quantity.certain == Certainty::Certain {
        return Err(Error::unsupported(format_args!("{op} of Hounsfield units")).expected("a mask or labels").help("threshold first: otsu, threshold"));
    }
    if input.voxel.is_integer() {
        return Ok(());
    }
    Err(Error::unsupported(format_args!("{op} of {} voxels", input.voxel)).expected("a mask or labels (integers)").help("threshold first: otsu, threshold"))
}

/// The type that an output has for an input's.
pub(crate) fn out_type<P: Point>(input: Type) -> Type {
    scalar!(input, T => <P::Out<T> as Voxel>::TYPE)
}
