//! Phantoms: volumes of any size whose truth is known, made plane by plane from integer noise and exact spheres.
//!
//! Without a size and a seed each is, bit for bit, the volume of the project's reference script. With a size the kind's
//! objects repeat from the origin, cut at the far faces, and the noise is drawn by flat index over that size.

mod beads;
mod components;
mod grains;
mod noise;
mod pattern;
mod rock;
mod spheres;
#[cfg(test)]
mod surfaces;
#[cfg(test)]
mod tests;
mod truth;
mod volumes;

use std::ops::Range;

use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Error, Geometry, Header, Quantity, Result, Run, Slab, Source, Type, Verdict};

use pattern::{Pattern, Plane};

/// What a phantom shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Isolated round pores in a solid.
    Rock,
    /// The same with twelve pore-free planes at either end.
    RockEnds,
    /// The same with a solid grain afloat in each pore of radius 6 or more.
    RockIslands,
    /// Fewer pores, and six cracks one voxel wide.
    RockCracks,
    /// Round pores under cupping, rings and a drift along z.
    RockArtefacts,
    /// The space between a cubic pack of touching beads.
    Beads,
    /// Overlapping bright grains.
    Grains,
}

impl Kind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Kind; 7] = [Kind::Rock, Kind::RockEnds, Kind::RockIslands, Kind::RockCracks, Kind::RockArtefacts, Kind::Beads, Kind::Grains];

    /// The name users write.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Rock => "rock",
            Kind::RockEnds => "rock-ends",
            Kind::RockIslands => "rock-islands",
            Kind::RockCracks => "rock-cracks",
            Kind::RockArtefacts => "rock-artefacts",
            Kind::Beads => "beads",
            Kind::Grains => "grains",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }

    /// Whether it can be made in any size.
    pub const fn repeats(self) -> bool {
        !matches!(self, Kind::RockCracks | Kind::RockArtefacts)
    }
}

/// A phantom: a source of `u8` planes that are made when they are pulled, each without the others.
pub struct Phantom {
    kind: Kind,
    header: Header,
    pattern: Pattern,
    seed: u64,
}

impl Phantom {
    /// A phantom of `size` (`[z, y, x]` voxels; default the kind's own), noise `seed` (default 1) and voxel size (x, y, z; mm;
    /// without one the volume has no geometry).
    ///
    /// Errors: `Parameter` for a size that is empty or beyond counting, a size given to a kind that has but one, a voxel
    /// size that is not positive.
    pub fn new(kind: Kind, size: Option<[usize; 3]>, seed: Option<u64>, voxel_mm: Option<[f64; 3]>) -> Result<Phantom> {
        let pattern = Pattern::of(kind);
        if size.is_some() && !kind.repeats() {
            let own = pattern.size;
            return Err(Error::parameter(format_args!("{} has one size", kind.name()))
                .expected(format_args!("{}x{}x{}", own[2], own[1], own[0]))
                .help("leave the size out, or choose rock, rock-ends, rock-islands, beads or grains"));
        }
        let header = header(kind, size.unwrap_or(pattern.size), voxel_mm)?;
        // The user's seeds start at 1, the reference's noise is the first of them.
        let seed = pattern.seed.wrapping_add(seed.unwrap_or(1)).wrapping_sub(1);
        Ok(Phantom { kind, header, pattern, seed })
    }

    /// Plane `z`; `levels` holds a plane of the period.
    fn plane(&self, z: usize, levels: &mut Plane, out: &mut [u8]) {
        let [nz, ny, nx] = self.pattern.period;
        let width = self.header.nx();
        self.pattern.shade(z % nz, levels);
        let first = (z + self.pattern.below) as u64 * self.header.plane() as u64;
        for (y, row) in out.chunks_mut(width).enumerate() {
            let levels = &levels.cover[y % ny * nx..][..nx];
            noise::grey(levels, first + (y * width) as u64, self.seed, row);
        }
    }
}

fn header(kind: Kind, size: [usize; 3], voxel_mm: Option<[f64; 3]>) -> Result<Header> {
    let mut header = Header::new(size, 1, Type::U8).map_err(|e| Error::parameter(e).help("for example --size 256x256x144"))?;
    header.quantity = Quantity::stored(&format!("grey values of the phantom {}", kind.name()));
    if let Some(mm) = voxel_mm {
        let [x, y, z] = mm;
        header.geometry = Geometry::local(mm)
            .filter(|_| mm.iter().all(|&v| v > 0.0))
            .ok_or_else(|| Error::parameter("voxel size").found(format_args!("{x} x {y} x {z} mm")).expected("three lengths above 0"))?;
        header.verdict = Verdict::uniform("a phantom's grid is uniform");
    }
    Ok(header)
}

impl Source for Phantom {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, _frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { phantom: self, run, levels: Plane::of(&self.pattern), pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let [_, ny, nx] = self.pattern.period;
        self.header.plane_bytes().saturating_mul(planes).saturating_add(ny * nx * 9)
    }
}

struct Walk<'a> {
    phantom: &'a Phantom,
    run: &'a Run,
    levels: Plane,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.phantom.header, z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        for (z, plane) in z.zip(out.chunks_mut(self.phantom.header.plane())) {
            self.run.check()?;
            self.phantom.plane(z, &mut self.levels, plane);
        }
        Ok(())
    }
}
