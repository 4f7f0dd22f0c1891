//! Boxes.

use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::{Error, Header, Region, Result, Voxel};

use crate::access::Gather;
use crate::spec::RegionText;

/// Cut out a box; every voxel keeps its place in the world.
///
/// Name the box with --region, or its size with --center. The origin moves to the first voxel kept.
#[derive(Op)]
#[op(access = Gather, input = Volume, output = SameType, example = "isovox crop scan.tif -o part.tif --region 0:20,0:20,:")]
pub struct Crop {
    /// The box, ends excluded: x0:x1,y0:y1,z0:z1; a side left out is the whole.
    #[op(unit = "voxel")]
    pub region: Option<RegionText>,
    /// The size of a box in the middle: `XxYxZ`.
    #[op(unit = "voxel")]
    pub center: Option<String>,
}

impl Crop {
    /// The box in a volume.
    pub fn of(&self, shape: [usize; 3]) -> Result<Region> {
        match (&self.region, &self.center) {
            (Some(region), None) => Region::parse(&region.0, shape),
            (None, Some(size)) => Region::center(shape, sizes(size)?),
            _ => Err(Error::parameter("crop needs --region or --center, one of both").help("for example --region 0:100,0:100,20:40")),
        }
    }
}

/// Reads `XxYxZ`.
pub fn sizes(text: &str) -> Result<[usize; 3]> {
    let wrong = || Error::parameter(format_args!("size {text:?}")).expected("XxYxZ, for example 400x400x400");
    let sides: Vec<usize> = text.split(['x', 'X', '×']).map(|s| s.trim().parse()).collect::<std::result::Result<_, _>>().map_err(|_| wrong())?;
    <[usize; 3]>::try_from(sides).map_err(|_| wrong())
}

impl Gather for Crop {
    fn header(&self, input: &Header) -> Result<Header> {
        let region = self.of(input.shape)?;
        let geometry = input.geometry.shifted([region.x.start, region.y.start, region.z.start]);
        Ok(Header { shape: region.shape(), geometry, ..input.clone() })
    }

    fn region(&self, input: &Header, z: Range<usize>) -> Range<usize> {
        let start = self.of(input.shape).map_or(0, |r| r.z.start);
        z.start + start..z.end + start
    }

    fn planes<T: Voxel>(&self, input: &Header, near: Range<usize>, voxels: &[T], z: Range<usize>, out: &mut [T]) {
        let Ok(region) = self.of(input.shape) else { unreachable!("the header was made from this box") };
        let rows = z.flat_map(|z| region.y.clone().map(move |y| (z, y)));
        for ((z, y), out) in rows.zip(out.chunks_exact_mut(region.x.len())) {
            let from = ((z + region.z.start - near.start) * input.ny() + y) * input.nx() + region.x.start;
            out.copy_from_slice(&voxels[from..from + region.x.len()]);
        }
    }
}
