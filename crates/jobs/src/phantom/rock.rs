//! Rocks: isolated dark pores in a bright solid, plain and with what makes real scans hard.

use super::Kind;
use super::noise::{Rng, word};
use super::pattern::{Pattern, Plane, Shape};
use super::spheres::{Sphere, exact, somewhere};

const WANTED: usize = 240;
const TRIES: usize = 20_000;

/// Voxels between two pores: more than a step to a corner neighbour, so that none touch in any connectivity.
const GAP: f64 = 2.0;

/// Planes of the block below and above the pores; all kinds but `rock-ends` leave them out.
const END: usize = 12;

/// The size of a crack, `[z, y, x]` voxels.
pub(super) const CRACK: [usize; 3] = [40, 40, 1];

/// The pattern of a rock.
pub(super) fn pattern(kind: Kind) -> Pattern {
    let below = if kind == Kind::RockEnds { 0 } else { END };
    let cracks = if kind == Kind::RockCracks { cracks() } else { Vec::new() };
    let mut spheres = place();
    spheres.retain(|s| !cracks.iter().any(|c| near(s, c)));
    for s in &mut spheres {
        s.inner = (kind == Kind::RockIslands && s.radius >= 6.0).then_some(s.radius / 2.0);
        s.centre[0] -= below as f64;
    }
    let period = [96 - 2 * below, 128, 128];
    Pattern {
        period,
        size: period,
        shape: Shape::Objects(spheres, cracks.iter().map(|c| [c[0] - below, c[1], c[2]]).collect()),
        levels: [170.0, 60.0],
        gain: (kind == Kind::RockArtefacts).then_some(gain),
        seed: 21,
        below,
    }
}

/// Pores of log-normal radii, largest first, in the block of 96 planes.
fn place() -> Vec<Sphere> {
    let (low, high) = ([END as f64, 0.0, 0.0], [84.0, 128.0, 128.0]);
    let mut rng = Rng::new(11);
    let mut placed: Vec<Sphere> = Vec::new();
    let mut tries = 0;
    for r in radii(&mut rng) {
        while tries < TRIES {
            tries += 1;
            let c = somewhere(&mut rng, r, low, high);
            if placed.iter().all(|s| s.clears(c, r + s.radius + GAP)) {
                placed.push(Sphere::ball(c, r));
                break;
            }
        }
    }
    placed
}

fn radii(rng: &mut Rng) -> Vec<f64> {
    let radius = |rng: &mut Rng| exact((4.5 * libm::exp(0.5 * rng.normal())).clamp(1.5, 13.0));
    let mut radii: Vec<f64> = (0..WANTED).map(|_| radius(rng)).collect();
    radii.sort_by(|a, b| b.total_cmp(a));
    radii
}

/// First voxels of six cracks in the block of 96 planes.
fn cracks() -> Vec<[usize; 3]> {
    let mut rng = Rng::new(77);
    (0..6).map(|n| [16 + (rng.uniform() * 24.0) as usize, 6 + (rng.uniform() * 76.0) as usize, 12 + 20 * n]).collect()
}

/// Whether a pore comes within 3 voxels of a crack.
fn near(s: &Sphere, crack: &[usize; 3]) -> bool {
    (0..3).all(|a| {
        let (first, last) = (crack[a] as f64, (crack[a] + CRACK[a] - 1) as f64);
        (first - s.radius - 3.0..=last + s.radius + 3.0).contains(&s.centre[a])
    })
}

/// Paints a crack's cut through plane `z`.
pub(super) fn paint_crack(first: [usize; 3], z: usize, plane: &mut Plane) {
    if !(first[0]..first[0] + CRACK[0]).contains(&z) {
        return;
    }
    for y in first[1]..first[1] + CRACK[1] {
        let i = y * plane.shape[1] + first[2];
        plane.cover[i] = 1.0;
        plane.inside[i] = 1;
    }
}

/// Cupping, rings about the axis, and a drift of brightness along z.
fn gain([z, y, x]: [usize; 3]) -> f64 {
    let (dy, dx) = (y as f64 - 63.5, x as f64 - 63.5);
    let square = dy * dy + dx * dx;
    let ring = word(square.sqrt() as u64, 5) as f64 / 18_446_744_073_709_551_616.0;
    let cupping = 0.80 + 0.30 * square / (2.0 * 63.5 * 63.5);
    let drift = 0.80 + 0.35 * (z + END) as f64 / 95.0;
    cupping * (1.0 + 0.10 * (ring - 0.5)) * drift
}
