//! Boxes.

use std::ops::Range;

use isovox_macros::Op;
use isovox_volume::affine::{IDENTITY, apply, from_linear, inverse};
use isovox_volume::vector::{dot, length};
use isovox_volume::{Error, Geometry, Header, Region, Result, Voxel};

use crate::access::{Gather, Held, OnGrid};
use crate::spec::RegionText;

/// Cut out a box; every voxel keeps its place in the world.
///
/// Name the box with --region, its size with --center, or a box in the world with --world. The origin moves to the first
/// voxel kept. In the world, the least box of voxels is kept that holds the part of the volume in the world's box, so that
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

/// Half of space: the points whose product with a unit vector is at most so much.
type Half = ([f64; 3], f64);

/// The least box that holds all that several halves of space share; `None` where they share nothing.
///
/// Its corners are corners of what they share, in each of which three of their planes meet.
fn shared(halves: &[Half]) -> Option<[[f64; 2]; 3]> {
    let mut found: Option<[[f64; 2]; 3]> = None;
    for a in 0..halves.len() {
        for (b, c) in (0..a).flat_map(|b| (0..b).map(move |c| (b, c))) {
            let three = [halves[a], halves[b], halves[c]];
            let Some(back) = inverse(&from_linear(three.map(|h| h.0))) else { continue };
            let p = apply(&back, three.map(|h| h.1));
            if halves.iter().all(|(n, most)| dot(*n, p) <= most + SLACK) {
                let old = found.unwrap_or([[f64::INFINITY, f64::NEG_INFINITY]; 3]);
                found = Some(std::array::from_fn(|a| [old[a][0].min(p[a]), old[a][1].max(p[a])]));
            }
        }
    }
    found
}

/// Part of a voxel by which a centre may lie outside a box whose end it is meant to be.
const SLACK: f64 = 1e-6;

/// The least box of voxels that holds the part of the volume in the world's box.
fn within(geometry: &Geometry, shape: [usize; 3], text: &str) -> Result<Region> {
    let wanted = ends(text)?;
    if !geometry.has_scale() {
        return Err(Error::geometry("a box in the world of a volume without geometry").help("name it in voxels with --region, or the spacing with --voxel-size"));
    }
    let last = [shape[2], shape[1], shape[0]].map(|n| (n - 1) as f64);
    let affine = geometry.affine().unwrap_or(&IDENTITY);
    let mut halves: Vec<Half> = Vec::new();
    for a in 0..3 {
        let unit: [f64; 3] = std::array::from_fn(|c| f64::from(a == c));
        halves.extend([(unit.map(|v| 0.0 - v), 0.0), (unit, last[a])]);
        // The world's ends, as planes between the voxels' indices.
        let row: [f64; 3] = std::array::from_fn(|c| affine[a][c]);
        let long = length(row);
        let ends = [(-1.0, 0.0 - wanted[a][0]), (1.0, wanted[a][1])];
        halves.extend(ends.into_iter().filter(|(_, end)| end.is_finite()).map(|(sign, end)| (row.map(|v| sign * v / long), (end - sign * affine[a][3]) / long)));
    }
    let side = |index: [f64; 2], last: f64| {
        let (from, to) = ((index[0] - SLACK).ceil().max(0.0), (index[1] + SLACK).floor().min(last));
        (from <= to).then(|| from as usize..to as usize + 1)
    };
    let sides = shared(&halves).and_then(|[x, y, z]| Some(Region { x: side(x, last[0])?, y: side(y, last[1])?, z: side(z, last[2])? }));
    sides.ok_or_else(|| {
        let corners = (0..8).map(|c| geometry.point(std::array::from_fn(|a| if c >> a & 1 == 1 { last[a] } else { 0.0 })));
        let whole = corners.fold([[f64::INFINITY, f64::NEG_INFINITY]; 3], |b, p| std::array::from_fn(|a| [b[a][0].min(p[a]), b[a][1].max(p[a])]));
        Error::parameter(format_args!("--world {text} holds no voxel")).expected(format_args!("a part of {whole:?} mm"))
    })
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

    #[test]
    fn an_oblique_volume_keeps_no_more_than_the_box_needs() {
        // Turned by 45 degrees about z: the corner at the least x is voxel (0, 9).
        let mut header = Header::new([1, 10, 10], 1, Type::U8).unwrap();
        let half = std::f64::consts::FRAC_1_SQRT_2;
        header.geometry = Geometry::from_parts(Space::Patient, [1.0; 3], [0.0; 3], [[half, -half, 0.0], [half, half, 0.0], [0.0, 0.0, 1.0]]).unwrap();
        let crop = Crop { region: None, center: None, world: Some(RegionText("-8:-5.5,:,:".into())) };
        let region = crop.of(&header).unwrap();
        assert_eq!([region.x, region.y, region.z], [0..2, 8..10, 0..1]);
    }
}
