use isovox_volume::{Geometry, Quantity, Type};

use super::*;

/// A ball of radius 20 mm in a box of 60 mm, on voxels of 1 x 1 x `high` mm.
fn ball(high: f64, kind: QuantityKind) -> Volume {
    let nz = (60.0 / high) as usize;
    let shape = [nz, 60, 60];
    let middle = [29.5, 29.5, (nz as f64 - 1.0) / 2.0];
    let inside = |i: usize| {
        let p = [(i % 60) as f64 - middle[0], (i / 60 % 60) as f64 - middle[1], ((i / 3600) as f64 - middle[2]) * high];
        u8::from(p.iter().map(|v| v * v).sum::<f64>() <= 400.0)
    };
    let voxels: Vec<u8> = (0..nz * 3600).map(inside).collect();
    let mut header = Header::new(shape, 1, Type::U8).unwrap();
    header.geometry = Geometry::local([1.0, 1.0, high]).unwrap();
    header.quantity = Quantity::certain(kind, "made so");
    Volume::from_slice(shape, &voxels).unwrap().with_header(header).unwrap()
}

fn plain(azimuth: f64, elevation: f64) -> Render {
    Render { azimuth, elevation, size: 240, plain: true, background: Background::Transparent, ..Render::default() }
}

/// The pixels that are covered: their number as an area in mm2, and their box.
fn covered(picture: &Picture) -> (f64, [usize; 2]) {
    let mm = picture.mm_per_pixel.unwrap();
    let at: Vec<(usize, usize)> = (0..picture.pixels.len()).filter(|&i| picture.pixels[i][3] > 127).map(|i| (i % picture.width, i / picture.width)).collect();
    let extent = |f: fn(&(usize, usize)) -> usize| at.iter().map(f).max().unwrap() + 1 - at.iter().map(f).min().unwrap();
    (at.len() as f64 * mm * mm, [extent(|p| p.0), extent(|p| p.1)])
}

#[test]
fn a_ball_is_a_disc_of_its_radius_from_everywhere() {
    for (azimuth, elevation) in [(0.0, 0.0), (30.0, 25.0), (200.0, -60.0), (0.0, 90.0)] {
        for (high, least) in [(1.0, 0.98), (3.0, 0.95)] {
            let picture = plain(azimuth, elevation).picture(&ball(high, QuantityKind::Label), 1);
            let (area, [width, height]) = covered(&picture);
            let radius = (area / std::f64::consts::PI).sqrt() / 20.0;
            assert!((least..2.0 - least).contains(&radius), "radius {radius} of 1 from {azimuth}, {elevation}");
            assert!(width.abs_diff(height) as f64 * picture.mm_per_pixel.unwrap() <= 2.0 * high, "{width} x {height} from {azimuth}, {elevation}");
        }
    }
}

#[test]
fn it_is_brightest_towards_the_light() {
    let picture = plain(0.0, 0.0).picture(&ball(1.0, QuantityKind::Mask), 1);
    let light = |p: &[u8; 4]| p.iter().take(3).map(|c| u32::from(*c)).sum::<u32>();
    let best = (0..picture.pixels.len()).filter(|&i| picture.pixels[i][3] == 255).max_by_key(|&i| light(&picture.pixels[i])).unwrap();
    let (x, y) = (best % picture.width, best / picture.width);
    assert!(x < picture.width / 2 && y < picture.height / 2, "brightest at {x}, {y}");
    let at = |x: usize, y: usize| light(&picture.pixels[y * picture.width + x]);
    let (w, h) = (picture.width, picture.height);
    assert!(at(w * 4 / 10, h * 4 / 10) > at(w * 6 / 10, h * 6 / 10) + 60);
}

#[test]
fn shading_is_smooth() {
    let picture = plain(0.0, 0.0).picture(&ball(1.0, QuantityKind::Mask), 1);
    // Across the middle of the disc the light of neighbours differs little: no steps of voxels are seen.
    let row = &picture.pixels[picture.height / 2 * picture.width..][picture.width * 4 / 10..picture.width * 6 / 10];
    assert!(row.windows(2).all(|p| p[0][0].abs_diff(p[1][0]) <= 6), "{row:?}");
}

#[test]
fn labels_keep_their_colours_and_one_voxel_is_seen() {
    let mut voxels = vec![0u32; 27];
    voxels[13] = 5;
    let volume = Volume::from_slice([3, 3, 3], &voxels).unwrap();
    let picture = plain(20.0, 30.0).picture(&volume, 1);
    let seen: Vec<&[u8; 4]> = picture.pixels.iter().filter(|p| p[3] == 255).collect();
    let [r, g, b] = colour_of(5).map(f64::from);
    assert!(!seen.is_empty());
    let middle = picture.pixels[picture.height / 2 * picture.width + picture.width / 2].map(f64::from);
    assert!((middle[0] / middle[1] - r / g).abs() < 0.35 && (middle[2] / middle[1] - b / g).abs() < 0.35, "{middle:?} of {r} {g} {b}");
}

#[test]
fn a_level_parts_grey_values() {
    let shape = [20, 20, 20];
    let voxels: Vec<u16> = (0..8000).map(|i| (i % 20 * 100) as u16).collect();
    let volume = Volume::from_slice(shape, &voxels).unwrap();
    // Brighter than 950 is x >= 9.5: half of the box, seen from the front.
    let picture = Render { level: Some(950.0), ..plain(0.0, 0.0) }.picture(&volume, 1);
    let solid = picture.pixels.iter().filter(|p| p[3] > 127).count() as f64 / picture.pixels.len() as f64;
    assert!((0.45..0.56).contains(&solid), "{solid}");
    assert!(picture.pixels[picture.width * picture.height / 2 + picture.width - 20][3] == 255);
}

#[test]
fn presets_draw_and_ask_for_what_they_need() {
    let volume = ball(1.0, QuantityKind::Stored);
    let rock = Render { preset: Some(Preset::Rock), ..plain(30.0, 25.0) };
    assert!(rock.picture(&volume, 1).pixels.iter().any(|p| p[3] > 200));
    assert!(Reduce::check(&Render { preset: Some(Preset::Bone), ..Render::default() }, &[volume.header()]).is_err());
    assert!(Reduce::check(&Render { preset: Some(Preset::Rock), level: Some(3.0), ..Render::default() }, &[volume.header()]).is_err());
    let table = Preset::Bone.cloud(150.0, 1500.0);
    assert_eq!(table[0].1, 0.0);
    assert!(table.windows(2).all(|p| p[0].1 <= p[1].1));
}

#[test]
fn the_smallest_volumes_are_drawn() {
    for shape in [[1, 1, 1], [1, 1, 70], [1, 70, 1], [70, 1, 1], [1, 50, 60]] {
        for value in [0u8, 1] {
            let volume = Volume::from_slice(shape, &vec![value; shape.iter().product()]).unwrap();
            for preset in [None, Some(Preset::Rock)] {
                let picture = Render { size: 64, preset, ..Render::default() }.picture(&volume, 1);
                assert_eq!(picture.pixels.len(), picture.width * picture.height);
            }
        }
    }
}
