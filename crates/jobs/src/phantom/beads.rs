//! A simple cubic pack of touching solid beads; its pores are what is between them.

use super::pattern::{Pattern, Plane, Shape};

const PITCH: usize = 16;
const RADIUS: f64 = 8.0;

/// Where the beads touch along z, y, x: off the voxel centres, so that none lies on a surface.
const OFFSET: [f64; 3] = [0.25, 0.5, 0.75];

/// Beads of radius 8 at a pitch of 16: a porosity of 1 - pi/6.
pub(super) fn pattern() -> Pattern {
    Pattern { period: [PITCH; 3], size: [96; 3], shape: Shape::Beads, levels: [170.0, 60.0], gain: None, seed: 31, below: 0 }
}

/// Squared distance along an axis from the nearest bead's centre.
fn square(axis: usize, i: usize) -> f64 {
    let g = (i as f64 - OFFSET[axis]).rem_euclid(PITCH as f64) - RADIUS;
    g * g
}

/// Paints the pores of plane `z`.
pub(super) fn paint(z: usize, plane: &mut Plane) {
    let [ny, nx] = plane.shape;
    for y in 0..ny {
        for x in 0..nx {
            let d = (square(0, z) + square(1, y) + square(2, x)).sqrt();
            plane.cover[y * nx + x] = (d - RADIUS + 0.5).clamp(0.0, 1.0);
            plane.inside[y * nx + x] = u8::from(d > RADIUS);
        }
    }
}
