//! The arrays on an image's points and cells: which one is taken, and what its grid is.

use std::ops::Range;

use isovox_volume::{Data, Error, FrameAxis, Geometry, Header, Result, Rgb8, Space, Type, Verdict, Volume};

use crate::ascii;
use crate::input::Input;

/// Arrays of a file that are looked at; more belong to no image.
pub(super) const MOST: usize = 4096;

/// One array; `P` says where its values are.
pub(super) struct Array<P> {
    pub(super) name: String,
    /// Whether it lies on cells, not on points.
    pub(super) cells: bool,
    /// `None` for a type that is no number here.
    pub(super) voxel: Option<Type>,
    /// Values of a point or cell.
    pub(super) components: usize,
    pub(super) place: P,
}

/// A grid of points.
pub(super) struct Grid {
    /// Points along x, y, z.
    pub(super) points: [usize; 3],
    /// Where they are; `None` without a scale.
    pub(super) geometry: Option<Geometry>,
}

impl Grid {
    /// Points or cells along x, y, z; an axis of one point has one layer of cells.
    pub(super) fn sizes(&self, cells: bool) -> [usize; 3] {
        if cells { self.points.map(|n| n.saturating_sub(1).max(1)) } else { self.points }
    }

    /// Points or cells in all; `None` beyond what can be counted.
    pub(super) fn count(&self, cells: bool) -> Option<usize> {
        self.sizes(cells).iter().try_fold(1usize, |n, &s| n.checked_mul(s))
    }

    /// The same place for the centres of cells.
    fn centres(&self, cells: bool) -> Option<Geometry> {
        let geometry = self.geometry.clone()?;
        if !cells {
            return Some(geometry);
        }
        let half = std::array::from_fn(|axis| if self.points[axis] > 1 { 0.5 } else { 0.0 });
        let (mut affine, origin) = (*geometry.affine()?, geometry.point(half));
        (0..3).for_each(|r| affine[r][3] = origin[r]);
        Geometry::new(geometry.space(), affine)
    }
}

/// Takes the first array of one number, else of three bytes, else the first; the others are named.
pub(super) fn choose<P>(mut arrays: Vec<Array<P>>, warnings: &mut Vec<String>) -> Result<Array<P>> {
    let first = |fits: &dyn Fn(&Array<P>) -> bool| arrays.iter().position(|a| a.voxel.is_some() && fits(a));
    let at = first(&|a| a.components == 1).or_else(|| first(&|a| (a.components, a.voxel) == (3, Some(Type::U8)))).or_else(|| first(&|_| true));
    let Some(at) = at else {
        return Err(Error::unsupported("a VTK image without an array of numbers").found(if arrays.is_empty() { "no array".into() } else { names(&arrays) }));
    };
    let taken = arrays.remove(at);
    if !arrays.is_empty() {
        warnings.push(format!("the file holds several arrays: {:?} is taken, not {}", taken.name, names(&arrays)));
    }
    Ok(taken)
}

/// The first names, in the file's order.
fn names<P>(arrays: &[Array<P>]) -> String {
    arrays.iter().take(20).map(|a| format!("{:?}", a.name)).collect::<Vec<_>>().join(", ")
}

/// Values written as text, from a byte to a byte.
pub(super) fn text(header: Header, input: &Input, place: Range<u64>) -> Result<Volume> {
    let colour = header.voxel == Type::Rgb8;
    let count = header.voxels().saturating_mul(if colour { 3 } else { 1 });
    let numbers = ascii::numbers_within(input, place, count, if colour { Type::U8 } else { header.voxel })?;
    Volume::new(header, if colour { Data::from_slice::<Rgb8>(bytemuck::cast_slice(numbers.bytes()))? } else { numbers })
}

/// What users see of an array, and how many values lie side by side in its rows.
pub(super) fn header<P>(grid: &Grid, array: &Array<P>, warnings: Vec<String>) -> Result<(Header, usize)> {
    let [x, y, z] = grid.sizes(array.cells);
    let stored = array.voxel.ok_or_else(|| Error::unsupported(format_args!("array {:?}", array.name)).expected("numbers"))?;
    let colour = (array.components, stored) == (3, Type::U8);
    let channels = if colour { 1 } else { array.components };
    let mut header = Header::new([z, y, x], channels, if colour { Type::Rgb8 } else { stored })?;
    // Rows with all values must be addressable too.
    Header::new([z, y, x.saturating_mul(channels)], 1, header.voxel)?;
    if channels > 1 {
        header.frames.axis = FrameAxis::Channel;
    }
    header.warnings = warnings;
    if let Some(geometry) = grid.centres(array.cells) {
        (header.verdict, header.geometry) = (Verdict::of(&geometry, "one grid, as the header states it"), geometry);
    } else {
        let why = "the header states no positive spacing: spacing unknown";
        header.verdict = Verdict::unknown(why);
        header.warnings.push(why.into());
    }
    header.meta.insert("array".into(), array.name.clone().into());
    header.meta.insert("on".into(), if array.cells { "cells" } else { "points" }.into());
    Ok((header, channels))
}

/// A local box grid, turned by a direction; `None` where the spacing is not positive.
pub(super) fn place(origin: [f64; 3], spacing: [f64; 3], direction: [[f64; 3]; 3]) -> Option<Geometry> {
    spacing.iter().all(|s| *s > 0.0).then(|| Geometry::from_parts(Space::Local, spacing, origin, direction))?
}

/// Axes along the world's.
pub(super) const STRAIGHT: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
