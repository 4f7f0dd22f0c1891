//! Reduced copies: a volume of at most so many voxels a side, made from planes as they pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use isovox_volume::{Block, Data, Header, Object, QuantityKind, Result, Scalar, Volume, scalar};
use serde_json::{Value as Json, json};

use crate::access::{At, Reduce};
use crate::blocks;
use crate::picture::cuts::one_frame;
use crate::picture::window::{Shades, voxels};

/// Makes blocks of voxels into one: the mean of what is finite, or the most frequent value.
///
/// Its blocks are those of the operation `bin`, made from planes that come in any order. Cost: the copy, and as many planes as a block is high for each stretch in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrink {
    /// Voxels along x, y, z that become one; 1 keeps an axis.
    pub factors: [usize; 3],
    /// Labels: the most frequent value; else the mean.
    pub majority: bool,
}

/// A reduced copy, and what it was reduced by.
pub struct Shrunk {
    /// On a grid over the same place.
    pub volume: Volume,
    /// Along x, y, z.
    pub factors: [usize; 3],
}

impl Shrink {
    /// One factor for all axes, so that no side has more voxels than `most`; labels and masks by majority.
    pub fn to(header: &Header, most: usize) -> Shrink {
        let factor = header.shape.iter().map(|n| n.div_ceil(most.max(1))).max().unwrap_or(1);
        Shrink { factors: [factor; 3], majority: numbers(header) }
    }

    /// A factor for each axis, so that no side has more voxels than its `most` (x, y, z).
    pub fn to_each(header: &Header, most: [usize; 3]) -> Shrink {
        let n = [header.nx(), header.ny(), header.nz()];
        Shrink { factors: std::array::from_fn(|a| n[a].div_ceil(most[a].max(1))), majority: numbers(header) }
    }

    /// An empty part of the copy.
    pub fn begin(self, input: &Header) -> Shrinking {
        Shrinking { shrink: self, input: input.clone(), done: BTreeMap::new(), open: BTreeMap::new() }
    }

    /// The header of the copy.
    pub fn header(self, input: &Header) -> Result<Header> {
        blocks::header(input, self.factors)
    }
}

/// Whether values are numbers of things, of which there is no mean.
fn numbers(header: &Header) -> bool {
    matches!(header.quantity.kind, QuantityKind::Label | QuantityKind::Mask) || Shades::are_numbers(header)
}

/// A copy in the making: its planes, and planes of the input that still wait for their neighbours.
pub struct Shrinking {
    shrink: Shrink,
    input: Header,
    done: BTreeMap<usize, Vec<u8>>,
    open: BTreeMap<usize, Vec<u8>>,
}

impl Shrinking {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.done.values().chain(self.open.values()).map(Vec::len).sum()
    }

    /// Voxels of the copy so far.
    pub(crate) fn voxels(&self) -> usize {
        self.done.values().map(Vec::len).sum::<usize>() / self.input.voxel.bytes()
    }

    /// Takes plane `z` of the input, its bytes.
    pub fn take(&mut self, z: usize, plane: &[u8]) {
        self.open.insert(z, plane.to_vec());
        self.close(z / self.shrink.factors[2]);
    }

    /// Joins another part of the same copy.
    pub fn join(&mut self, next: Shrinking) {
        self.done.extend(next.done);
        for (z, plane) in next.open {
            self.open.insert(z, plane);
            self.close(z / self.shrink.factors[2]);
        }
    }

    /// Makes a plane of the copy once all that it is made from is there: in one order, however it came together.
    fn close(&mut self, block: usize) {
        let high = self.shrink.factors[2];
        let z = block * high..((block + 1) * high).min(self.input.nz());
        if self.open.range(z.clone()).count() < z.len() {
            return;
        }
        let planes: Vec<Vec<u8>> = z.filter_map(|z| self.open.remove(&z)).collect();
        let made = if self.shrink.factors == [1; 3] { planes.concat() } else { scalar!(self.input.voxel, T => self.plane::<T>(&planes)) };
        self.done.insert(block, made);
    }

    fn plane<T: Scalar>(&self, planes: &[Vec<u8>]) -> Vec<u8> {
        let [fx, fy, _] = self.shrink.factors;
        let (nx, ny) = (self.input.nx(), self.input.ny());
        // The copies of planes need not be aligned for the type.
        let planes: Vec<Vec<T>> = planes.iter().map(|p| voxels(p).collect()).collect();
        let across = nx.div_ceil(fx);
        let mut out = vec![T::default(); across * ny.div_ceil(fy)];
        for (y, out) in (0..ny).step_by(fy).zip(out.chunks_exact_mut(across)) {
            let rows = planes.iter().flat_map(|p| p[y * nx..(y + fy).min(ny) * nx].chunks_exact(nx));
            blocks::row(&rows.collect::<Vec<_>>(), fx, self.shrink.majority, out);
        }
        bytemuck::cast_slice(&out).to_vec()
    }

    /// The copy, once all planes were taken.
    pub fn end(self) -> Result<Shrunk> {
        let header = self.shrink.header(&self.input)?;
        let mut block = Block::zeroed(header.voxel, header.voxels())?;
        let out = Arc::get_mut(&mut block).and_then(Block::bytes_mut).expect("nobody else has it yet");
        out.chunks_exact_mut(header.plane_bytes()).zip(self.done.into_values()).for_each(|(out, plane)| out.copy_from_slice(&plane));
        let data = Data::new(block, header.voxel, 0, header.voxels())?;
        Ok(Shrunk { volume: Volume::new(header, data)?, factors: self.shrink.factors })
    }
}

impl Reduce for Shrink {
    type Acc = Shrinking;
    type Value = Shrunk;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        one_frame(inputs[0])
    }

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, inputs: &[&Header], _before: Option<&Shrinking>) -> Shrinking {
        self.begin(inputs[0])
    }

    fn observe<T: Scalar>(&self, acc: &mut Shrinking, at: &At<'_>, plane: &[T]) {
        acc.take(at.z, bytemuck::cast_slice(plane));
    }

    fn merge(&self, acc: &mut Shrinking, next: Shrinking) {
        acc.join(next);
    }

    fn bytes(&self, acc: &Shrinking) -> usize {
        acc.bytes()
    }

    fn finish(&self, acc: Shrinking, _inputs: &[&Header]) -> Result<Shrunk> {
        acc.end()
    }

    fn found(&self, value: &Shrunk) -> Json {
        json!({"factors": value.factors})
    }

    fn object(&self, value: &Shrunk, _inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Volume(Arc::new(value.volume.clone())))
    }
}

#[cfg(test)]
mod tests {
    use isovox_volume::{Geometry, Quantity, Type};

    use super::*;

    /// The copy of a volume whose planes come one by one in an order.
    fn shrunk<T: Scalar>(shape: [usize; 3], voxels: &[T], shrink: Shrink, order: &[usize]) -> Vec<T> {
        let header = Header::new(shape, 1, T::TYPE).unwrap();
        let plane = header.plane();
        let mut acc = shrink.begin(&header);
        for &z in order {
            let mut part = shrink.begin(&header);
            part.take(z, bytemuck::cast_slice(&voxels[z * plane..(z + 1) * plane]));
            acc.join(part);
        }
        acc.end().unwrap().volume.data().as_slice::<T>().to_vec()
    }

    #[test]
    fn means_skip_what_is_not_finite() {
        let voxels = [1.0f32, 3.0, f32::NAN, 5.0, f32::INFINITY, f32::NAN, f32::NAN, 2.0];
        let shrink = Shrink { factors: [2, 1, 2], majority: false };
        // (1 + 3) / 2 over z = 0, and what z = 1 adds to it.
        assert_eq!(shrunk([2, 2, 2], &voxels, shrink, &[1, 0]), [2.0, 3.5]);
        assert_eq!(shrunk([1, 1, 5], &[1u8, 2, 3, 6, 9], Shrink { factors: [2, 1, 1], majority: false }, &[0]), [2, 4, 9]);
    }

    #[test]
    fn the_most_frequent_label_stays() {
        let shrink = Shrink { factors: [3, 2, 1], majority: true };
        assert_eq!(shrunk([1, 2, 6], &[7u32, 7, 0, 0, 0, 9, 0, 7, 5, 9, 0, 9], shrink, &[0]), [7, 0]);
        assert_eq!(shrunk([1, 1, 3], &[0u32, 5, 4], Shrink { factors: [3, 1, 1], majority: true }, &[0]), [0]);
    }

    #[test]
    fn planes_may_come_in_any_order() {
        let voxels: Vec<u16> = (0..7 * 5 * 4).map(|v| v * v).collect();
        let shrink = Shrink { factors: [3; 3], majority: false };
        let one = shrunk([7, 5, 4], &voxels, shrink, &[0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(one, shrunk([7, 5, 4], &voxels, shrink, &[6, 2, 4, 0, 5, 1, 3]));
        assert_eq!(one.len(), 3 * 2 * 2);
    }

    #[test]
    fn the_copy_lies_where_the_volume_lies() {
        let mut header = Header::new([9, 10, 300], 1, Type::U8).unwrap();
        header.geometry = Geometry::local([0.5, 1.0, 2.0]).unwrap();
        let shrink = Shrink::to(&header, 100);
        assert_eq!((shrink.factors, shrink.majority), ([3; 3], false));
        let coarse = shrink.header(&header).unwrap();
        assert_eq!((coarse.shape, coarse.geometry.spacing(), coarse.geometry.origin()), ([3, 4, 100], Some([1.5, 3.0, 6.0]), Some([0.5, 1.0, 2.0])));
        assert_eq!(Shrink::to_each(&header, [100, 256, 4]).factors, [3, 1, 3]);
        header.quantity = Quantity::certain(QuantityKind::Label, "made so");
        assert!(Shrink::to(&header, 100).majority);
    }
}
