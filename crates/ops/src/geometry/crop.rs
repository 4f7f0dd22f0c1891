//! Boxes.

use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::{Error, Geometry, Header, Region, Result, Voxel};

use crate::access::{Gather, Held, OnGrid};
use crate::spec::RegionText;

/// Cut out a box; every voxel keeps its place in the world.
///
/// Name the box with --region, its size with --center, or a box in the world with --world. The origin moves to the first
/// voxel kept. In the world, the least box of voxels is kept that holds all whose centres lie in the world's box, so that
/// in an oblique volume others stay too.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox crop scan.tif -o part.tif --region 0:20,0:20,:")]
pub struct Crop {
    /// The box, ends excluded: x0:x1,y0:y1,z0:z1; a side left out is the whole.
    #[op(unit = "voxel")]
    pub region: Option<RegionText>,
    /// The size of a box in the middle: `XxYxZ`.
    #[op(unit = "voxel")]
    pub center: Option<String>,
    /// A box in the world (LPS of a patient, else local), ends included: x0:x1,y0:y1,z0:z1; a side left out is the whole.
    #[op(unit = "mm")]
    pub world: Option<RegionText>,
}

impl Crop {
    /// The box in a volume.
    pub fn of(&self, input: &Header) -> Result<Region> {
        match (&self.region, &self.center, &self.world) {
            (Some(region), None, None) => Region::parse(&region.0, input.shape),
            (None, Some(size), None) => Region::center(input.shape, sizes(size)?),
            (None, None, Some(world)) => {
                input.even()?;
                within(&input.geometry, input.shape, &world.0)
            }
            _ => Err(Error::parameter("crop needs --region, --center or --world, one of them").help("for example --region 0:100,0:100,20:40")),
        }
    }
}

/// Reads `XxYxZ`.
pub fn sizes(text: &str) -> Result<[usize; 3]> {
    let wrong = || Error::parameter(format_args!("size {text:?}")).expected("XxYxZ, for example 400x400x400");
    let sides: Vec<usize> = text.split(['x', 'X', '×']).map(|s| s.trim().parse()).collect::<std::result::Result<_, _>>().map_err(|_| wrong())?;
    <[usize; 3]>::try_from(sides).map_err(|_| wrong())
}

/// Ends of the world's box along x, y, z; those left out are infinite.
fn ends(text: &str) -> Result<[[f64; 2]; 3]> {
    let wrong = || Error::parameter(format_args!("world {text:?}")).expected("x0:x1,y0:y1,z0:z1 in mm, from the lesser to the greater").help("for example -80:80,:,-120.5:30");
    let number = |t: &str, empty: f64| if t.trim().is_empty() { Some(empty) } else { t.trim().parse::<f64>().ok().filter(|v| v.is_finite()) };
    let side = |part: &str| {
        let (from, to) = part.split_once(':')?;
        Some([number(from, f64::NEG_INFINITY)?, number(to, f64::INFINITY)?]).filter(|[a, b]| a <= b)
    };
    let sides: Vec<[f64; 2]> = text.split(',').map(side).collect::<Option<_>>().ok_or_else(wrong)?;
    <[[f64; 2]; 3]>::try_from(sides).map_err(|_| wrong())
}

/// The corners of a box.
fn corners(sides: [[f64; 2]; 3]) -> impl Iterator<Item = [f64; 3]> {
    (0..8).map(move |c| std::array::from_fn(|a| sides[a][c >> a & 1]))
}

/// The least box that holds points.
fn around(points: impl Iterator<Item = [f64; 3]>) -> [[f64; 2]; 3] {
    points.fold([[f64::INFINITY, f64::NEG_INFINITY]; 3], |b, p| std::array::from_fn(|a| [b[a][0].min(p[a]), b[a][1].max(p[a])]))
}

/// Part of a voxel by which a centre may lie outside a box whose end it is meant to be.
const SLACK: f64 = 1e-6;

/// The least box of voxels that holds all whose centres lie in the world's box.
fn within(geometry: &Geometry, shape: [usize; 3], text: &str) -> Result<Region> {
    let wanted = ends(text)?;
    if !geometry.has_scale() {
        return Err(Error::geometry("a box in the world of a volume without geometry").help("name it in voxels with --region, or the spacing with --voxel-size"));
    }
    let last = [shape[2], shape[1], shape[0]].map(|n| [0.0, (n - 1) as f64]);
    let whole = around(corners(last).map(|ijk| geometry.point(ijk)));
    let asked: [[f64; 2]; 3] = std::array::from_fn(|a| [wanted[a][0].max(whole[a][0]), wanted[a][1].min(whole[a][1])]);
    let index = around(corners(asked).map(|mm| geometry.index(mm)));
    let side = |a: usize| {
        let (from, to) = ((index[a][0] - SLACK).ceil().max(0.0), (index[a][1] + SLACK).floor().min(last[a][1]));
        (asked[a][0] <= asked[a][1] + SLACK && from <= to).then(|| from as usize..to as usize + 1)
    };
    match (side(0), side(1), side(2)) {
        (Some(x), Some(y), Some(z)) => Ok(Region { x, y, z }),
        _ => Err(Error::parameter(format_args!("--world {text} holds no voxel")).expected(format_args!("a part of {whole:?} mm"))),
    }
}

impl Gather for Crop {
    type Plan = Cut;

    fn plan(&self, inputs: &[&Header]) -> Result<(Header, Cut)> {
        let input = inputs[0];
        let region = self.of(input)?;
        Ok((input.part(&region), Cut { region, row: input.nx(), rows: input.ny() }))
    }
}

impl OnGrid for Cut {
    type Walk = ();

    fn region(&self, z: Range<usize>) -> Range<usize> {
        z.start + self.region.z.start..z.end + self.region.z.start
    }

    fn copies(&self) -> bool {
        true
    }

    fn planes<T: Voxel>(&self, _walk: &mut (), held: &Held<'_, T>, z: Range<usize>, out: &mut [T]) {
        let Cut { region, row, rows } = self;
        let lines = z.flat_map(|z| region.y.clone().map(move |y| (z, y)));
        for ((z, y), out) in lines.zip(out.chunks_exact_mut(region.x.len())) {
            let from = ((z + region.z.start - held.z.start) * rows + y) * row + region.x.start;
            out.copy_from_slice(&held.voxels[from..from + region.x.len()]);
        }
    }
}

/// A box of a volume with rows of a known length.
pub struct Cut {
    region: Region,
    row: usize,
    rows: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{Space, Type};

    fn header() -> Header {
        let mut header = Header::new([10, 20, 30], 1, Type::U8).unwrap();
        let down = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]];
        header.geometry = Geometry::from_parts(Space::Patient, [0.5, 1.0, 2.0], [-4.0, 10.0, 50.0], down).unwrap();
        header
    }

    #[track_caller]
    fn check(world: &str, expect: Option<&[Range<usize>; 3]>) {
        let crop = Crop { region: None, center: None, world: Some(RegionText(world.into())) };
        let found = crop.of(&header()).ok().map(|r| [r.x, r.y, r.z]);
        assert_eq!(found.as_ref(), expect, "{world}");
    }

    #[test]
    fn a_box_in_the_world_is_a_box_of_voxels() {
        check("-3:-1.9,:,:", Some(&[2..5, 0..20, 0..10]));
        check(":,12:12,40:44", Some(&[0..30, 2..3, 3..6]));
        check("-100:100,:11,:", Some(&[0..30, 0..2, 0..10]));
        check("-3.4:-3.1,:,:", None);
        check("100:200,:,:", None);
        check("3:1,:,:", None);
        check("1:2,:", None);
    }
}
