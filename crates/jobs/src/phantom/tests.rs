use isovox_volume::{Kind as Fault, Run, Source, Volume};
use sha2::{Digest, Sha256};

use super::pattern::Shape;
use super::{Kind, Phantom, components};

const EXPECTED: &str = include_str!("expected.txt");

fn phantom(kind: Kind, size: Option<[usize; 3]>) -> Phantom {
    Phantom::new(kind, size, None, None).unwrap()
}

fn planes(phantom: &Phantom, z: std::ops::Range<usize>) -> Vec<u8> {
    let run = Run::here();
    phantom.open(&run, 0, z.clone()).unwrap().pull(z).unwrap().data.bytes().to_vec()
}

fn all(phantom: &Phantom) -> Vec<u8> {
    planes(phantom, 0..phantom.header().nz())
}

#[track_caller]
fn check(name: &str, bytes: &[u8]) {
    let line = EXPECTED.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
    assert_eq!(line, Some(format!("{:x}", Sha256::digest(bytes)).as_str()), "{name}");
}

#[test]
fn volumes_and_truths_are_the_references() {
    for kind in Kind::ALL {
        let p = phantom(kind, None);
        check(kind.name(), &all(&p));
        match p.labels().unwrap() {
            Some(labels) => check(&format!("{}-labels", kind.name()), labels.data().bytes()),
            None => check(&format!("{}-mask", kind.name()), p.mask().unwrap().data().bytes()),
        }
    }
}

#[test]
fn truths_are_the_references() {
    for (kind, porosity, components, objects) in [
        (Kind::Rock, 0.192_450_629_340_277_8, 240, 240),
        (Kind::RockEnds, 0.144_337_972_005_208_34, 240, 240),
        (Kind::RockIslands, 0.173_210_144_042_968_75, 240, 240),
        (Kind::RockCracks, 0.100_451_999_240_451_4, 187, 187),
        (Kind::RockArtefacts, 0.192_450_629_340_277_8, 240, 240),
        (Kind::Beads, 0.471_191_406_25, 1, 0),
    ] {
        let truth = phantom(kind, None).truth();
        assert_eq!(truth["porosity"], porosity, "{}", kind.name());
        assert_eq!(truth["components"], serde_json::json!({ "6": components, "18": components, "26": components }));
        assert_eq!(truth["objects"].as_array().map_or(0, Vec::len), objects, "{}", kind.name());
    }
    let grains = phantom(Kind::Grains, None).truth();
    assert_eq!(grains["objects"].as_array().unwrap().len(), 142);
    assert!(grains.get("components").is_none());
    let shells = phantom(Kind::RockIslands, None).truth();
    assert_eq!(shells["objects"].as_array().unwrap().iter().filter(|o| o["inner"].is_number()).count(), 66);
}

/// A voxel by the definition: no periods of planes, no spheres but those near it.
fn naive(p: &Phantom, [z, y, x]: [usize; 3]) -> (u8, u8) {
    let Shape::Objects(spheres, _) = &p.pattern.shape else { panic!("of spheres only") };
    let voxel = [z % p.pattern.period[0], y % p.pattern.period[1], x % p.pattern.period[2]];
    let mut cover = 0.0f64;
    for s in spheres {
        let d = s.square_distance(voxel.map(|v| v as f64)).sqrt();
        let ramp = (s.radius - d + 0.5).clamp(0.0, 1.0);
        cover = cover.max(s.inner.map_or(ramp, |inner| ramp.min((d - inner + 0.5).clamp(0.0, 1.0))));
    }
    let [_, ny, nx] = p.header().shape;
    let word = super::noise::word((((z + p.pattern.below) * ny + y) * nx + x) as u64, p.seed);
    let sum: i64 = (0..4).map(|lane| (word >> (16 * lane) & 0xFFFF) as i64).sum();
    let [without, within] = p.pattern.levels;
    let level = without + (within - without) * cover;
    let value = (level + (sum - 131_070) as f64 * (8.0 / 37837.22)).round_ties_even().clamp(0.0, 255.0);
    (value as u8, u8::from(spheres.iter().any(|s| s.holds(voxel))))
}

#[test]
fn sized_phantoms_equal_the_definition() {
    for (kind, shape) in [(Kind::Rock, [80, 131, 150]), (Kind::RockEnds, [100, 140, 131]), (Kind::RockIslands, [75, 131, 133]), (Kind::Grains, [83, 95, 101])] {
        let p = Phantom::new(kind, Some(shape), Some(5), None).unwrap();
        let (values, mask) = (all(&p), p.mask().unwrap());
        for i in (0..values.len()).step_by(7) {
            let voxel = [i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]];
            assert_eq!((values[i], mask.data().bytes()[i]), naive(&p, voxel), "{} at {voxel:?}", kind.name());
        }
    }
}

#[test]
fn a_sized_truth_equals_its_mask() {
    for (kind, shape) in [
        (Kind::Rock, [80, 131, 150]),
        (Kind::Rock, [37, 61, 200]),
        (Kind::Rock, [1, 1, 1]),
        (Kind::RockEnds, [110, 60, 140]),
        (Kind::RockIslands, [149, 70, 135]),
        (Kind::RockIslands, [47, 52, 39]),
        (Kind::Beads, [27, 27, 26]),
        (Kind::Beads, [60, 61, 58]),
        (Kind::Beads, [63, 49, 50]),
        (Kind::Beads, [1, 9, 70]),
        (Kind::Beads, [5, 5, 5]),
    ] {
        let p = phantom(kind, Some(shape));
        let (mask, truth) = (p.mask().unwrap(), p.truth());
        let mask = mask.data().bytes();
        let [faces, edges, corners] = [1, 2, 3].map(|axes| components::count(mask, shape, axes));
        let named = format!("{} {shape:?}", kind.name());
        assert_eq!(truth["components"], serde_json::json!({ "6": faces, "18": edges, "26": corners }), "{named}");
        let pores: usize = mask.iter().map(|&v| usize::from(v)).sum();
        assert_eq!(truth["porosity"], pores as f64 / mask.len() as f64, "{named}");
        if kind != Kind::Beads {
            assert_eq!(truth["objects"].as_array().unwrap().len(), faces, "{named}");
        }
    }
}

#[test]
fn beads_repeat_every_sixteen_voxels() {
    let wide = phantom(Kind::Beads, Some([50, 61, 97])).mask().unwrap();
    let own = phantom(Kind::Beads, None).mask().unwrap();
    let at = |v: &Volume, [z, y, x]: [usize; 3]| v.data().bytes()[(z * v.header().ny() + y) * v.header().nx() + x];
    for i in 0..50 * 61 * 97 {
        let [z, y, x] = [i / (61 * 97), i / 97 % 61, i % 97];
        assert_eq!(at(&wide, [z, y, x]), at(&own, [z, y, x % 16]));
    }
}

#[test]
fn planes_do_not_depend_on_each_other() {
    let p = phantom(Kind::RockIslands, Some([75, 40, 140]));
    let single: Vec<u8> = (0..75).flat_map(|z| planes(&p, z..z + 1)).collect();
    assert_eq!(single, all(&p));
}

#[test]
fn a_seed_changes_the_noise_alone() {
    for kind in Kind::ALL {
        let (one, two) = (phantom(kind, None), Phantom::new(kind, None, Some(2), None).unwrap());
        assert_ne!(all(&one), all(&two), "{}", kind.name());
        assert_eq!(one.mask().unwrap().data().bytes(), two.mask().unwrap().data().bytes());
        assert_eq!(one.truth(), two.truth());
    }
}

#[test]
fn many_objects_are_not_listed() {
    let truth = phantom(Kind::Rock, Some([900, 946, 946])).truth();
    assert!(truth.get("objects").is_none());
    assert!(truth["components"]["6"].as_u64().unwrap() > 10_000);
}

#[test]
fn wrong_parameters_are_refused() {
    let refused = |kind, size, mm| Phantom::new(kind, size, None, mm).err().map(|e| e.kind());
    assert_eq!(refused(Kind::RockCracks, Some([72, 128, 128]), None), Some(Fault::Parameter));
    assert_eq!(refused(Kind::RockArtefacts, Some([1, 1, 1]), None), Some(Fault::Parameter));
    assert_eq!(refused(Kind::Rock, Some([0, 1, 1]), None), Some(Fault::Parameter));
    assert_eq!(refused(Kind::Rock, Some([usize::MAX, 2, 2]), None), Some(Fault::Parameter));
    assert_eq!(refused(Kind::Beads, None, Some([1.0, -1.0, 1.0])), Some(Fault::Parameter));
    assert_eq!(refused(Kind::Beads, None, Some([0.005, 0.005, 0.01])), None);
}
