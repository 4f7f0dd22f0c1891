//! Cuts through a volume, gathered from its planes as they pass: whole planes across z, single lines across y and x.

use std::collections::BTreeMap;

use isovox_volume::{Data, Error, Header, Result};

/// An axis of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, isovox_macros::Choice)]
pub enum Axis {
    /// Along a row.
    X,
    /// Across rows.
    Y,
    /// Across planes.
    Z,
}

/// A cut: all voxels of one index along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The axis it is across.
    pub axis: Axis,
    /// The index along that axis.
    pub index: usize,
}

impl Cut {
    /// A cut at an index, or the middle one.
    pub fn at(header: &Header, axis: Axis, index: Option<usize>) -> Result<Cut> {
        let n = [header.nx(), header.ny(), header.nz()][axis as usize];
        let index = index.unwrap_or(n / 2);
        if index >= n {
            return Err(Error::parameter(format_args!("a slice across {axis:?}").to_string().to_lowercase()).found(index).expected(format_args!("0 to {}", n - 1)));
        }
        Ok(Cut { axis, index })
    }

    /// Index axes along a row and down the picture.
    pub fn across(self) -> [usize; 2] {
        match self.axis {
            Axis::X => [1, 2],
            Axis::Y => [0, 2],
            Axis::Z => [0, 1],
        }
    }
}

/// Lines of several cuts, by frame-less plane number.
pub type Lines = Vec<BTreeMap<usize, Vec<u8>>>;

/// Copies what of plane `z` lies on the cuts.
pub fn take(lines: &mut Lines, cuts: &[Cut], header: &Header, z: usize, plane: &Data) {
    let (bytes, nx, voxel) = (plane.bytes(), header.nx(), header.voxel.bytes());
    for (cut, lines) in cuts.iter().zip(lines) {
        let row = nx * voxel;
        match cut.axis {
            Axis::Z if cut.index == z => drop(lines.insert(z, bytes.to_vec())),
            Axis::Z => {}
            Axis::Y => drop(lines.insert(z, bytes[cut.index * row..(cut.index + 1) * row].to_vec())),
            Axis::X => drop(lines.insert(z, bytes.chunks_exact(row).flat_map(|r| &r[cut.index * voxel..(cut.index + 1) * voxel]).copied().collect())),
        }
    }
}

/// The voxels of a cut, row by row.
pub fn joined(lines: &BTreeMap<usize, Vec<u8>>) -> Vec<u8> {
    lines.values().flatten().copied().collect()
}
