//! Operations written by hand: some that break the rules, and one for each access that the list lacks.

use std::ops::Range;
use std::sync::Arc;

use isovox_ops::Access;
use isovox_ops::access::{At, Edge, Gather, Halo, Held, Near, OnGrid, Point, Reduce, Whole};
use isovox_ops::spec::{Kind, Operation, Port, Spec};
use isovox_volume::{Column, Header, Object, Result, Scalar, Table, Voxel};
use serde_json::{Value as Json, json};

/// An operation without parameters, declared by its access alone.
#[derive(Clone)]
pub(crate) struct Hand(pub(crate) Access);

impl Operation for Hand {
    fn spec(&self) -> Spec {
        let input = Port { name: "input", kind: Kind::Scalar, required: true };
        Spec { name: "by-hand", brief: "", text: "", access: "", inputs: vec![input], output: Kind::Volume, parameters: Vec::new(), example: "", references: &[] }
    }

    fn parameters(&self) -> Json {
        json!({})
    }

    fn access(self: Box<Self>) -> Access {
        self.0
    }
}

/// Gives how many voxels it was handed: what no operation may show.
pub(crate) struct SlabHeight;

impl Point for SlabHeight {
    type Out<T: Scalar> = u32;

    fn apply<T: Scalar>(&self, input: &[T], out: &mut [u32]) {
        out.fill(input.len() as u32);
    }
}

/// Gives the first plane of what it was asked for, and zeros: right for one plane at a time only.
pub(crate) struct FirstOnly;

impl Gather for FirstOnly {
    type Plan = FirstOnlyPlan;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, FirstOnlyPlan)> {
        let input = inputs[0];
        Ok((input.clone(), FirstOnlyPlan(input.clone())))
    }
}

/// The same, of an input.
pub(crate) struct FirstOnlyPlan(Header);

impl OnGrid for FirstOnlyPlan {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        z
    }

    fn copies(&self) -> bool {
        true
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, _z: Range<usize>, out: &mut [T]) {
        let plane = self.0.plane();
        out.fill(T::default());
        out[..plane].copy_from_slice(&held.voxels[..plane]);
    }
}

/// A sum of floats; `exact` is the lie that its order does not matter.
pub(crate) struct Sum {
    pub(crate) exact: bool,
}

impl Reduce for Sum {
    type Acc = f64;
    type Value = f64;

    fn exact(&self, _inputs: &[&Header]) -> bool {
        self.exact
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&f64>) -> f64 {
        0.0
    }

    fn observe<T: Scalar>(&self, acc: &mut f64, _at: &At<'_>, plane: &[T]) {
        *acc += plane.iter().map(|v| v.to_f64()).filter(|v| v.is_finite()).map(|v| v * 0.1).sum::<f64>();
    }

    fn merge(&self, acc: &mut f64, next: f64) {
        *acc += next;
    }

    fn finish(&self, acc: f64, _inputs: &[&Header]) -> Result<f64> {
        Ok(acc)
    }

    fn object(&self, value: &f64, _inputs: &[&Header]) -> Result<Object> {
        let mut table = Table::default();
        table.push("sum", Column::floats([*value]));
        Ok(Object::Table(table))
    }
}

/// A weighted sum of the column through each voxel, with any height and any edge.
pub(crate) struct Column3 {
    pub(crate) radius: usize,
    pub(crate) edge: Edge,
}

impl Halo for Column3 {
    type Out<T: Scalar> = f64;

    fn halo(&self, _input: &Header) -> usize {
        self.radius
    }

    fn edge(&self) -> Edge {
        self.edge
    }

    fn rows<T: Scalar>(&self, input: &Header, near: &Near<'_, T>, y: Range<usize>, out: &mut [f64]) {
        assert_eq!(near.planes.len(), 2 * self.radius + 1);
        let r = self.radius as isize;
        for (y, out) in y.zip(out.chunks_exact_mut(input.nx())) {
            for (x, o) in out.iter_mut().enumerate() {
                *o = (-r..=r).map(|d| near.row(d, y)[x].to_f64() * (d + 100) as f64).sum();
            }
        }
    }
}

/// The planes from the top down: every region lies beside the one before, on the wrong side.
pub(crate) struct FlipZ;

impl Gather for FlipZ {
    type Plan = FlipZPlan;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, FlipZPlan)> {
        let input = inputs[0];
        Ok((input.clone(), FlipZPlan(input.clone())))
    }
}

/// The same, of an input.
pub(crate) struct FlipZPlan(Header);

impl OnGrid for FlipZPlan {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        self.0.nz() - z.end..self.0.nz() - z.start
    }

    fn copies(&self) -> bool {
        true
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        let input = &self.0;
        let plane = input.plane();
        for (z, out) in z.zip(out.chunks_exact_mut(plane)) {
            let from = (input.nz() - 1 - z - held.z.start) * plane;
            out.copy_from_slice(&held.voxels[from..from + plane]);
        }
    }
}

/// Every other plane, sheared along z: regions overlap, and the output has another height.
pub(crate) struct Shear;

impl Gather for Shear {
    type Plan = ShearPlan;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, ShearPlan)> {
        let input = inputs[0];
        Ok((Header { shape: [input.nz().div_ceil(2), input.ny(), input.nx()], ..input.clone() }, ShearPlan(input.clone())))
    }
}

/// The same, of an input.
pub(crate) struct ShearPlan(Header);

impl OnGrid for ShearPlan {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        2 * z.start..(2 * z.end + 2).min(self.0.nz())
    }

    fn copies(&self) -> bool {
        true
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        let (nz, ny, nx) = (self.0.nz(), self.0.ny(), self.0.nx());
        for (i, row) in out.chunks_exact_mut(nx).enumerate() {
            let (z, y) = (z.start + i / ny, i % ny);
            let from = ((2 * z + y % 4).min(nz - 1) - held.z.start) * ny + y;
            row.copy_from_slice(&held.voxels[from * nx..(from + 1) * nx]);
        }
    }
}

/// The voxels of a frame from the last to the first.
pub(crate) struct Backwards;

impl Whole for Backwards {
    type Out<T: Scalar> = T;

    fn memory(&self, input: &Header) -> usize {
        input.voxels()
    }

    fn run<T: Scalar>(&self, _input: &Header, voxels: &[T], out: &mut [T]) {
        out.iter_mut().zip(voxels.iter().rev()).for_each(|(o, v)| *o = *v);
    }
}

pub(crate) fn point(op: impl Point) -> Hand {
    Hand(Access::Point(Arc::new(op)))
}

pub(crate) fn halo(op: impl Halo) -> Hand {
    Hand(Access::Halo(Arc::new(op)))
}

pub(crate) fn reduce(op: impl Reduce) -> Hand {
    Hand(Access::Reduce(Arc::new(op)))
}

pub(crate) fn gather(op: impl Gather) -> Hand {
    Hand(Access::Gather(Arc::new(op)))
}

pub(crate) fn whole(op: impl Whole) -> Hand {
    Hand(Access::Whole(Arc::new(op)))
}
