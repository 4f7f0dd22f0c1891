//! The surface of every phantom's truth: closed, a 2-manifold, of twice the Euler number of its voxels.

use std::sync::Arc;

use isovox_engine::adapt::facet::FacetSource;
use isovox_engine::mesh::collect;
use isovox_ops::surface::surface::{Axes, Surface};
use isovox_ops::surface::topology::euler;
use isovox_volume::{Run, Scalar, Volume, scalar};

use super::{Kind, Phantom};

/// Voxels, minus pairs, plus squares, minus cubes of voxels that are inside and share faces.
fn voxels_euler(volume: &Volume, inside: impl Fn(f64) -> bool) -> i64 {
    let [nz, ny, nx] = volume.header().shape;
    let flags: Vec<bool> = scalar!(volume.header().voxel, T => volume.data().as_slice::<T>().iter().map(|v| inside(Scalar::to_f64(*v))).collect());
    let at = |z: usize, y: usize, x: usize| z < nz && y < ny && x < nx && flags[(z * ny + y) * nx + x];
    let mut sum = 0;
    for (z, y) in (0..nz).flat_map(|z| (0..ny).map(move |y| (z, y))) {
        for x in (0..nx).filter(|&x| at(z, y, x)) {
            let [i, j, k] = [at(z, y, x + 1), at(z, y + 1, x), at(z + 1, y, x)];
            let [ij, ik, jk] = [i && j && at(z, y + 1, x + 1), i && k && at(z + 1, y, x + 1), j && k && at(z + 1, y + 1, x)];
            let cube = ij && ik && jk && at(z + 1, y + 1, x + 1);
            let count = |flags: &[bool]| flags.iter().map(|&f| i64::from(f)).sum::<i64>();
            sum += 1 - count(&[i, j, k]) + count(&[ij, ik, jk]) - i64::from(cube);
        }
    }
    sum
}

#[track_caller]
fn check(name: &str, volume: &Volume, label: Option<i64>) {
    let run = Run::new(2, 1 << 32, std::env::temp_dir());
    let op = Surface { level: None, label, world: Axes::Lps };
    let source = FacetSource::new("surface", Arc::new(op), Arc::new(volume.clone())).unwrap();
    let (mesh, found) = collect(&run, &source).unwrap();
    let expect = voxels_euler(volume, |v| label.map_or(v != 0.0, |l| v == l as f64));
    assert_eq!(euler(&mesh).unwrap(), 2 * expect, "{name}");
    // Layers are summed one by one: other roundings of up to a million terms.
    let [area, volume] = mesh.area_and_volume();
    assert!((found.volume / volume - 1.0).abs() < 1e-9 && (found.area / area - 1.0).abs() < 1e-9, "{name}: {found:?}, {area}, {volume}");
}

#[test]
fn surfaces_of_phantoms_are_closed_manifolds() {
    for kind in Kind::ALL {
        let phantom = Phantom::new(kind, None, None, Some([0.005, 0.005, 0.008])).unwrap();
        check(kind.name(), &phantom.mask().unwrap(), None);
        if let Some(labels) = phantom.labels().unwrap() {
            (1..=3).for_each(|label| check(kind.name(), &labels, Some(label)));
        }
    }
}
