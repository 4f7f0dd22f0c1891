//! Cuts through a volume, gathered from its planes as they pass: whole planes across z, single lines across y and x.

use std::collections::BTreeMap;

use isovox_volume::{Data, Error, Header, Result, Volume};
use serde_json::Value as Json;

use crate::access::integers;
use crate::picture::window::{Shades, Window, overlay};

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
pub fn take(lines: &mut [BTreeMap<usize, Vec<u8>>], cuts: &[Cut], header: &Header, z: usize, plane: &Data) {
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

/// The voxels of a cut through a volume of one frame in memory.
pub(crate) fn of_volume(volume: &Volume, cut: Cut) -> Vec<u8> {
    let header = volume.header();
    let mut lines = [BTreeMap::new()];
    let planes = if cut.axis == Axis::Z { cut.index..cut.index + 1 } else { 0..header.nz() };
    planes.for_each(|z| take(&mut lines, &[cut], header, z, &volume.data().sub(z * header.plane(), header.plane())));
    lines.into_iter().flat_map(BTreeMap::into_values).flatten().collect()
}

/// The voxels of cuts, and how they are shown.
pub(crate) struct Gathered {
    /// Each cut's voxels, row by row; those of the labels after those of the volume.
    cuts: Vec<Vec<u8>>,
    /// One way for all cuts, so that they can be compared.
    pub(crate) shades: Shades,
}

impl Gathered {
    pub(crate) fn new(inputs: &[&Header], lines: &Lines, window: Window) -> Gathered {
        let cuts: Vec<Vec<u8>> = lines.iter().map(|l| l.values().flatten().copied().collect()).collect();
        let shades = Shades::new(inputs[0], &cuts[..cuts.len() / inputs.len()], window);
        Gathered { cuts, shades }
    }

    /// The pixels of a cut, one a voxel: labels in their colours over the volume.
    pub(crate) fn pixels(&self, inputs: &[&Header], cut: usize) -> Vec<[u8; 4]> {
        let mut pixels = self.shades.pixels(inputs[0].voxel, &self.cuts[cut]);
        if let Some(labels) = inputs.get(1) {
            overlay(&mut pixels, labels.voxel, &self.cuts[self.cuts.len() / 2 + cut]);
        }
        pixels
    }

    /// What stands in the provenance.
    pub(crate) fn found(&self) -> Json {
        self.shades.found()
    }
}

/// Refuses what a picture cannot show: several frames, labels on another grid.
pub(crate) fn check(inputs: &[&Header]) -> Result<()> {
    one_frame(inputs[0])?;
    let Some(labels) = inputs.get(1) else { return Ok(()) };
    one_frame(labels)?;
    integers("--labels", labels)?;
    inputs[0].same_grid(labels, "the volume of --labels")
}

/// Refuses a volume of several frames: a picture shows one.
pub(crate) fn one_frame(header: &Header) -> Result<()> {
    match header.frames.count {
        1 => Ok(()),
        n => Err(Error::unsupported(format_args!("a picture of {n} frames")).help("choose one with --frame N")),
    }
}
