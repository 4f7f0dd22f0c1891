//! Overlapping bright grains of known number, for splitting.

use super::noise::Rng;
use super::pattern::{Pattern, Shape};
use super::spheres::{Sphere, exact, somewhere};

const SIDE: usize = 80;
const TRIES: usize = 20_000;

/// Grains of radius 6 to 10 whose centres keep 0.82 of the sum of their radii apart.
pub(super) fn pattern() -> Pattern {
    Pattern { period: [SIDE; 3], size: [SIDE; 3], shape: Shape::Objects(place(), Vec::new()), levels: [60.0, 170.0], gain: None, seed: 42, below: 0 }
}

fn place() -> Vec<Sphere> {
    let mut rng = Rng::new(41);
    let mut placed: Vec<Sphere> = Vec::new();
    for _ in 0..TRIES {
        let r = exact(6.0 + 4.0 * rng.uniform());
        let c = somewhere(&mut rng, r, [0.0; 3], [SIDE as f64; 3]);
        if placed.iter().all(|s| s.clears(c, 0.82 * (r + s.radius))) {
            placed.push(Sphere::ball(c, r));
        }
    }
    placed
}
