//! Small volumes that an operation may meet, made by a fixed generator.

use isovox_volume::{Data, Frames, Geometry, Header, Quantity, QuantityKind, Rgb8, Space, Type, Volume, Voxel};

/// The splitmix64 generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// A volume of `[z, y, x]` and frames, a voxel at a time.
pub(crate) fn volume<T: Voxel>(shape: [usize; 3], frames: usize, mut voxel: impl FnMut([usize; 3]) -> T) -> Volume {
    let [nz, ny, nx] = shape;
    let at = |i: usize| [i / (ny * nx) % nz, i / nx % ny, i % nx];
    let voxels: Vec<T> = (0..frames * nz * ny * nx).map(|i| voxel(at(i))).collect();
    let mut header = Header::new(shape, frames, T::TYPE).unwrap();
    header.frames = Frames { count: frames, ..Frames::one() };
    Volume::new(header, Data::from_slice(&voxels).unwrap()).unwrap()
}

pub(crate) fn noise<T: Voxel>(shape: [usize; 3], frames: usize, seed: u64, value: impl Fn(u64) -> T) -> Volume {
    let mut random = Random(seed);
    volume(shape, frames, |_| value(random.next()))
}

fn placed(volume: Volume, geometry: Geometry) -> Volume {
    let header = Header { geometry, ..volume.header().clone() };
    volume.with_header(header).unwrap()
}

fn meaning(volume: Volume, kind: QuantityKind) -> Volume {
    let header = Header { quantity: Quantity::certain(kind, "made so"), ..volume.header().clone() };
    volume.with_header(header).unwrap()
}

/// Round bumps of different heights, which meet.
fn blobs(shape: [usize; 3]) -> Volume {
    let mut random = Random(5);
    let centres: Vec<[usize; 4]> = (0..14).map(|_| std::array::from_fn(|k| random.below([shape[0], shape[1], shape[2], 900][k] as u64) as usize)).collect();
    let bump = |p: [usize; 3], c: &[usize; 4]| {
        let far: usize = (0..3).map(|k| p[k].abs_diff(c[k]).pow(2)).sum();
        (c[3] + 100).saturating_sub(25 * far)
    };
    volume(shape, 1, |p| centres.iter().map(|c| bump(p, c)).max().unwrap_or(0) as u16)
}

/// Balls of voxels of one value each, some of them large and far apart in value.
fn labels(shape: [usize; 3]) -> Volume {
    let mut random = Random(8);
    let values: Vec<u32> = (0..64).map(|i| if i % 9 == 0 { 3_000_000_000 - i } else { random.below(200) as u32 }).collect();
    let cell = |[z, y, x]: [usize; 3]| z / 3 * 17 + y / 4 * 5 + x / 5;
    meaning(volume(shape, 1, |p| if p.iter().sum::<usize>() % 4 == 0 { 0 } else { values[cell(p) % 64] }), QuantityKind::Label)
}

fn odd_floats(shape: [usize; 3]) -> Volume {
    noise(shape, 1, 4, |r| match r % 31 {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => f32::NEG_INFINITY,
        _ => ((r >> 20) as f32 - 8e12) * 1e-9 * if r % 2 == 0 { 1.0 } else { 1e-4 },
    })
}

fn oblique() -> Geometry {
    Geometry::from_parts(Space::Patient, [0.7, 0.8, 2.5], [-31.0, 12.5, 99.0], [[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, -1.0]]).unwrap()
}

/// A mask of this grid, with its number of frames or one.
pub(crate) fn mask_for(header: &Header, frames: usize) -> Volume {
    let mask = noise(header.shape, frames, 77, |r| u8::from(r % 5 < 3));
    meaning(placed(mask, header.geometry.clone()), QuantityKind::Mask)
}

/// Values of this grid.
pub(crate) fn image_for(header: &Header, frames: usize, float: bool) -> Volume {
    let image = if float { noise(header.shape, frames, 78, |r| (r % 1000) as f32 * 0.3) } else { noise(header.shape, frames, 79, |r| (r % 1000) as u16) };
    placed(image, header.geometry.clone())
}

/// Every kind of volume that operations are asked about, by name.
pub(crate) fn all() -> Vec<(&'static str, Volume)> {
    let small = Geometry::local([0.005, 0.006, 0.02]).unwrap();
    let bits = |r: u64| f64::from_bits(r);
    vec![
        ("noise u8", placed(noise([23, 29, 37], 1, 1, |r| r as u8), small.clone())),
        ("blobs u16", placed(blobs([35, 21, 26]), small)),
        ("hounsfield i16", meaning(placed(noise([21, 17, 19], 1, 3, |r| (r % 4096) as i16 - 1024), oblique()), QuantityKind::Hu)),
        ("f32 with nan and inf", odd_floats([34, 13, 11])),
        ("mask u8", mask_for(blobs([33, 19, 70]).header(), 1)),
        ("mask u16 without geometry", noise([18, 12, 9], 1, 6, |r| u16::from(r % 3 == 0))),
        ("labels u32", labels([24, 15, 27])),
        ("labels i8, negative too", noise([17, 9, 8], 1, 9, |r| (r % 5) as i8 - 2)),
        ("four frames u8", placed(noise([19, 11, 13], 4, 10, |r| (r % 7) as u8), oblique())),
        ("two frames f32", noise([18, 6, 5], 2, 11, |r| (r % 100) as f32 / 3.0)),
        ("one voxel u8", volume([1, 1, 1], 1, |_| 7u8)),
        ("one plane u16", noise([1, 40, 50], 1, 12, |r| (r % 3000) as u16)),
        ("one row i32", noise([1, 1, 90], 1, 13, |r| r as i32)),
        ("one column along z u8", noise([40, 1, 1], 1, 14, |r| (r % 2) as u8)),
        ("wide u64", noise([17, 5, 7], 1, 15, |r| if r % 3 == 0 { 0 } else { u64::MAX - r % 4 })),
        ("wide i64", placed(noise([17, 5, 7], 1, 16, |r| r as i64), oblique())),
        ("any f64", noise([20, 6, 7], 1, 17, bits)),
        ("zeros u8", volume([20, 4, 4], 1, |_| 0u8)),
        ("colour", placed(noise([6, 5, 4], 1, 18, |r| Rgb8([r as u8, (r >> 8) as u8, (r >> 16) as u8])), oblique())),
    ]
}

/// Inputs by which a hand-written operation is judged.
pub(crate) fn few() -> Vec<(&'static str, Volume)> {
    all().into_iter().filter(|(_, v)| v.header().voxel != Type::Rgb8).collect()
}
