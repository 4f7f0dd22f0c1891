//! Operations against plain loops that say what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use isovox_ops::access::{At, Point, Reduce};
use isovox_ops::components::{Connectivity, Of, Rule, Scan, join};
use isovox_ops::intensity::otsu::separate;
use isovox_ops::intensity::statistics::Statistics;
use isovox_ops::intensity::threshold::Threshold;
use isovox_ops::measure::measure::Measure;
use isovox_volume::{Column, Data, Header, Object, Scalar, Slab, Table, Voxel};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

type Check = Result<(), TestCaseError>;

fn config() -> Config {
    Config { cases: 200, failure_persistence: None, ..Config::default() }
}

fn neighbours(connectivity: Connectivity) -> Vec<[isize; 3]> {
    let most = match connectivity {
        Connectivity::Faces => 1,
        Connectivity::Edges => 2,
        Connectivity::Corners => 3,
    };
    let all = (0..27).map(|i| [i / 9 - 1, i / 3 % 3 - 1, i % 3 - 1] as [isize; 3]);
    all.filter(|d| (1..=most).contains(&d.iter().map(|v| v.abs()).sum::<isize>())).collect()
}

/// Numbers of components, 1.. in raster order of first voxel, by filling each from its first voxel.
fn flood(voxels: &[u8], shape: [usize; 3], connectivity: Connectivity, any: bool) -> Vec<u32> {
    let [nz, ny, nx] = shape;
    let (mut out, mut count, near) = (vec![0; voxels.len()], 0, neighbours(connectivity));
    for first in 0..voxels.len() {
        if voxels[first] == 0 || out[first] != 0 {
            continue;
        }
        count += 1;
        out[first] = count;
        let mut open = vec![first];
        while let Some(i) = open.pop() {
            let at = [i / (ny * nx), i / nx % ny, i % nx];
            for d in &near {
                let [Some(z), Some(y), Some(x)] = std::array::from_fn(|k| at[k].checked_add_signed(d[k])) else { continue };
                let j = (z * ny + y) * nx + x;
                if z < nz && y < ny && x < nx && out[j] == 0 && (voxels[j] == voxels[i] || any && voxels[j] != 0) {
                    out[j] = count;
                    open.push(j);
                }
            }
        }
    }
    out
}

/// Components by runs, of parts cut at `cuts`, painted.
fn by_runs<T: Scalar>(voxels: &[T], shape: [usize; 3], connectivity: Connectivity, any: bool, cuts: &[usize]) -> Vec<u32> {
    let [nz, ny, nx] = shape;
    let rule = Rule::new(if any { Of::NotZero } else { Of::EachValue }, connectivity);
    let mut ends: Vec<usize> = cuts.iter().map(|c| c % nz).filter(|&c| c > 0).chain([nz]).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut start = 0;
    let mut parts = Vec::new();
    for end in ends {
        let mut scan = Scan::new(rule, !any, ny, start);
        scan.planes(&voxels[start * ny * nx..end * ny * nx], nx).unwrap();
        parts.push(Arc::new(scan.close()));
        start = end;
    }
    let runs = join(parts, rule, ny).unwrap();
    let mut out = vec![0; voxels.len()];
    runs.paint(0..nz, nx, 0, |_, _, number| number, &mut out);
    out
}

fn connectivity() -> impl Strategy<Value = Connectivity> {
    prop_oneof![Just(Connectivity::Faces), Just(Connectivity::Edges), Just(Connectivity::Corners)]
}

/// A shape and voxels of it: each 0 with a share, else one of a few values.
fn labels(values: u8) -> impl Strategy<Value = ([usize; 3], Vec<u8>)> {
    let shape = prop_oneof![[1..6usize, 1..6usize, 1..9usize], [1..3usize, 1..3usize, 60..140usize]];
    (shape, 0..=95u8).prop_flat_map(move |(shape, zeros)| {
        let voxel = (0..100u8, 1..=values).prop_map(move |(r, v)| if r < zeros { 0 } else { v });
        (Just(shape), prop::collection::vec(voxel, shape.iter().product::<usize>()))
    })
}

fn check_labels((shape, voxels): &([usize; 3], Vec<u8>), connectivity: Connectivity, any: bool, cuts: &[usize]) -> Check {
    let expect = flood(voxels, *shape, connectivity, any);
    prop_assert_eq!(&by_runs(voxels, *shape, connectivity, any, cuts), &expect);
    // Wider types go other ways through a row.
    let wide: Vec<i64> = voxels.iter().map(|&v| -i64::from(v)).collect();
    prop_assert_eq!(&by_runs(&wide, *shape, connectivity, any, cuts), &expect);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn masks_are_labelled_as_by_flooding(volume in labels(1), c in connectivity(), cuts in prop::collection::vec(0..9usize, 0..4)) {
        check_labels(&volume, c, true, &cuts)?;
    }

    #[test]
    fn values_are_labelled_as_by_flooding(volume in labels(3), c in connectivity(), cuts in prop::collection::vec(0..9usize, 0..4)) {
        check_labels(&volume, c, false, &cuts)?;
        check_labels(&volume, c, true, &cuts)?;
    }
}

/// The variance between two classes times a constant of the histogram, as a fraction of whole numbers.
fn variance(levels: &[(i128, i128)], at: usize) -> (i128, i128) {
    let sums = |part: &[(i128, i128)]| (part.iter().map(|l| l.1).sum::<i128>(), part.iter().map(|l| l.0 * l.1).sum::<i128>());
    let ((n, sum), (m, rest)) = (sums(&levels[..=at]), sums(&levels[at + 1..]));
    ((sum * m - rest * n).pow(2), n * m)
}

/// The exact variance at the level found is the greatest one, to the last digits of the f64 in which levels are compared.
fn check_otsu(first: i64, counts: &[u32]) -> Check {
    let levels: Vec<(i128, i128)> = counts.iter().enumerate().map(|(i, &c)| (i128::from(first) + i as i128, i128::from(c))).collect();
    let floats: Vec<(f64, u64)> = levels.iter().map(|&(v, c)| (v as f64, c as u64)).collect();
    let candidates = (0..levels.len()).map(|i| (i, variance(&levels, i))).filter(|(_, (_, under))| *under > 0);
    let Some((best, (over, under))) = candidates.reduce(|a, b| if b.1.0 * a.1.1 > a.1.0 * b.1.1 { b } else { a }) else {
        prop_assert_eq!(separate(&floats), None);
        return Ok(());
    };
    let found = separate(&floats).and_then(|t| levels.iter().position(|l| l.0 as f64 == t)).expect("one of the levels");
    let (o, u) = variance(&levels, found);
    prop_assert!((o * under) as f64 >= (over * u) as f64 * (1.0 - 1e-12), "level {found} instead of {best}");
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn otsu_is_the_exact_one(first in -1000..1000i64, counts in prop::collection::vec(prop_oneof![Just(0u32), 0..9u32, 0..10_000u32], 1..40)) {
        check_otsu(first, &counts)?;
    }

    /// Two levels of a symmetric histogram separate equally well.
    #[test]
    fn otsu_of_symmetric_counts(first in -100..100i64, half in prop::collection::vec(0..50u32, 1..12), middle in prop::option::of(0..50u32)) {
        let counts: Vec<u32> = half.iter().copied().chain(middle).chain(half.iter().rev().copied()).collect();
        check_otsu(first, &counts)?;
    }
}

/// Folds a volume as an engine would: sweeps of partials over cuts of its planes, merged in order.
fn fold<R: Reduce, T: Scalar>(op: &R, voxels: &[T], shape: [usize; 3], cut: usize, others: &[Slab]) -> Table {
    let header = Header::new(shape, 1, T::TYPE).unwrap();
    let more: Vec<Header> = others.iter().map(|s| Header::new(shape, 1, s.data.voxel()).unwrap()).collect();
    let inputs: Vec<&Header> = std::iter::once(&header).chain(&more).collect();
    let plane = header.plane();
    let mut before = None;
    loop {
        let mut total = op.start(&inputs, before.as_ref());
        for start in (0..shape[0]).step_by(cut) {
            let mut part = op.start(&inputs, before.as_ref());
            for z in start..(start + cut).min(shape[0]) {
                let slabs: Vec<Slab> = others.iter().map(|s| s.sub(z..z + 1)).collect();
                let at = At { inputs: &inputs, frame: 0, z, others: &slabs };
                op.observe(&mut part, &at, &voxels[z * plane..(z + 1) * plane]);
            }
            op.merge(&mut total, part);
        }
        if !op.again(&total) {
            let value = op.finish(total, &inputs).unwrap();
            let Ok(Object::Table(table)) = op.object(&value, &inputs) else { panic!("a table is given") };
            return table;
        }
        before = Some(total);
    }
}

fn slab<T: Voxel>(voxels: &[T], nz: usize) -> Slab {
    Slab { z: 0..nz, data: Data::from_slice(voxels).unwrap() }
}

fn floats(table: &Table, name: &str) -> Vec<Option<f64>> {
    match table.column(name) {
        Some(Column::Float(values)) => values.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

fn ints(table: &Table, name: &str) -> Vec<i64> {
    match table.column(name) {
        Some(Column::Int(values)) => values.iter().map(|v| v.unwrap()).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

/// Mean, standard deviation, median of finite values, as the definitions say.
fn moments(values: &[f64]) -> Option<(f64, f64, f64)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = |i: usize| sorted[i];
    (!values.is_empty()).then(|| (mean, sd, f64::midpoint(middle((values.len() - 1) / 2), middle(values.len() / 2))))
}

fn near(a: Option<f64>, b: Option<f64>, scale: f64) -> Check {
    match (a, b) {
        (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * scale.max(1e-300), "{a} is not {b}"),
        (a, b) => prop_assert_eq!(a, b),
    }
    Ok(())
}

fn check_statistics<T: Scalar>(voxels: &[T], within: Option<&[u8]>, cut: usize) -> Check {
    let shape = [voxels.len(), 1, 1];
    let others: Vec<Slab> = within.map(|m| slab(m, m.len())).into_iter().collect();
    let table = fold(&Statistics {}, voxels, shape, cut, &others);
    let inside = |i: usize| within.is_none_or(|m| m[i] != 0);
    let all: Vec<f64> = voxels.iter().enumerate().filter(|(i, _)| inside(*i)).map(|(_, v)| v.to_f64()).collect();
    let finite: Vec<f64> = all.iter().copied().filter(|v| v.is_finite()).collect();
    prop_assert_eq!(ints(&table, "count")[0] as usize, finite.len());
    prop_assert_eq!(ints(&table, "nan")[0] as usize, all.iter().filter(|v| v.is_nan()).count());
    prop_assert_eq!(ints(&table, "inf")[0] as usize, all.iter().filter(|v| v.is_infinite()).count());
    let end = |name| table.column(name).and_then(|c| c.json(0).as_f64());
    prop_assert_eq!(end("min"), finite.iter().copied().reduce(f64::min));
    prop_assert_eq!(end("max"), finite.iter().copied().reduce(f64::max));
    let (expect, scale) = (moments(&finite), finite.iter().fold(0.0, |a: f64, b| a.max(b.abs())));
    prop_assert_eq!(floats(&table, "median")[0], expect.map(|m| m.2));
    near(floats(&table, "mean")[0], expect.map(|m| m.0), scale)?;
    near(floats(&table, "sd")[0], expect.map(|m| m.1), scale)
}

fn odd_f32() -> impl Strategy<Value = f32> {
    prop_oneof![6 => -1e6..1e6f32, 2 => (-3..3i8).prop_map(f32::from), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY), 1 => Just(f32::NEG_INFINITY)]
}

proptest! {
    #![proptest_config(Config { cases: 60, ..config() })]

    #[test]
    fn statistics_of_floats(voxels in prop::collection::vec(odd_f32(), 1..60), cut in 1..9usize, masked in any::<bool>(), mask in prop::collection::vec(0..3u8, 60)) {
        check_statistics(&voxels, masked.then_some(&mask[..voxels.len()]), cut)?;
        let wide: Vec<f64> = voxels.iter().map(|&v| f64::from(v) * 1.000_000_1).collect();
        check_statistics(&wide, None, cut)?;
    }

    #[test]
    fn statistics_of_integers(voxels in prop::collection::vec(any::<i16>(), 1..60), cut in 1..9usize) {
        check_statistics(&voxels, None, cut)?;
        check_statistics(&voxels.iter().map(|&v| v as u8).collect::<Vec<_>>(), None, cut)?;
        check_statistics(&voxels.iter().map(|&v| i64::from(v) << 20).collect::<Vec<_>>(), None, cut)?;
        check_statistics(&voxels.iter().map(|&v| u64::from(v as u16) << 30).collect::<Vec<_>>(), None, cut)?;
    }
}

/// Voxels of each number with their index.
fn objects(labels: &[u8], shape: [usize; 3]) -> BTreeMap<u8, Vec<[usize; 3]>> {
    let [_, ny, nx] = shape;
    let mut found: BTreeMap<u8, Vec<[usize; 3]>> = BTreeMap::new();
    for (i, &v) in labels.iter().enumerate().filter(|(_, v)| **v != 0) {
        found.entry(v).or_default().push([i % nx, i / nx % ny, i / (ny * nx)]);
    }
    found
}

fn check_measure((shape, labels): &([usize; 3], Vec<u8>), image: &[i16], cut: usize) -> Check {
    let (nz, ny, nx) = (shape[0], shape[1], shape[2]);
    let table = fold(&Measure { unit: None, median: true }, labels, *shape, cut, &[slab(image, nz)]);
    let objects = objects(labels, *shape);
    prop_assert_eq!(ints(&table, "label"), objects.keys().map(|&k| i64::from(k)).collect::<Vec<_>>());
    for (row, voxels) in objects.values().enumerate() {
        prop_assert_eq!(ints(&table, "voxels")[row], voxels.len() as i64);
        let mut touches = false;
        for (k, axis) in ["i", "j", "k"].iter().enumerate() {
            let along: Vec<usize> = voxels.iter().map(|v| v[k]).collect();
            let (least, greatest) = (*along.iter().min().unwrap(), *along.iter().max().unwrap());
            prop_assert_eq!(ints(&table, &format!("min_{axis}"))[row], least as i64);
            prop_assert_eq!(ints(&table, &format!("max_{axis}"))[row], greatest as i64);
            prop_assert_eq!(floats(&table, &format!("centroid_{axis}"))[row], Some(along.iter().sum::<usize>() as f64 / along.len() as f64));
            touches |= least == 0 || greatest + 1 == [nx, ny, nz][k];
        }
        let Some(Column::Bool(border)) = table.column("touches_border") else { panic!("a column of booleans") };
        prop_assert_eq!(border[row], Some(touches));
        let values: Vec<f64> = voxels.iter().map(|&[x, y, z]| f64::from(image[(z * ny + y) * nx + x])).collect();
        let expect = moments(&values);
        prop_assert_eq!(floats(&table, "intensity_min")[row], values.iter().copied().reduce(f64::min));
        prop_assert_eq!(floats(&table, "intensity_max")[row], values.iter().copied().reduce(f64::max));
        prop_assert_eq!(floats(&table, "intensity_median")[row], expect.map(|m| m.2));
        near(floats(&table, "intensity_mean")[row], expect.map(|m| m.0), 32768.0)?;
        near(floats(&table, "intensity_sd")[row], expect.map(|m| m.1), 32768.0)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn objects_are_measured_as_by_loops(volume in labels(4), image in prop::collection::vec(any::<i16>(), 600), cut in 1..7usize) {
        let voxels = volume.1.len();
        let image: Vec<i16> = (0..voxels).map(|i| image[i % image.len()]).collect();
        check_measure(&volume, &image, cut)?;
    }
}

/// The definition: the value as f64 lies between the limits.
fn check_threshold<T: Scalar>(voxels: &[T], lower: Option<f64>, upper: Option<f64>) -> Check {
    let mut out = vec![9; voxels.len()];
    Point::apply(&Threshold { lower, upper }, voxels, &mut out);
    let inside = |v: f64| lower.is_none_or(|l| v >= l) && upper.is_none_or(|u| v <= u) && !v.is_nan();
    for (v, o) in voxels.iter().zip(out) {
        prop_assert_eq!(o, u8::from(inside(v.to_f64())), "{:?} between {:?} and {:?}", v, lower, upper);
    }
    Ok(())
}

/// Values of every type around what its range ends at, and limits there.
fn check_all_types(bits: &[u64], lower: Option<f64>, upper: Option<f64>) -> Check {
    macro_rules! each {
        ($($t:ty),*) => {$(
            let mut voxels: Vec<$t> = bits.iter().map(|&b| b as $t).collect();
            voxels.extend([<$t>::MIN, <$t>::MAX, 0 as $t, 1 as $t]);
            check_threshold(&voxels, lower, upper)?;
        )*};
    }
    each!(u8, i8, u16, i16, u32, i32);
    // Wider integers than f64 holds exactly are compared below its limit.
    check_threshold(&bits.iter().map(|&b| b >> 11).collect::<Vec<u64>>(), lower, upper)?;
    check_threshold(&bits.iter().map(|&b| b as i64 >> 11).collect::<Vec<i64>>(), lower, upper)?;
    check_threshold(&bits.iter().map(|&b| f32::from_bits(b as u32)).collect::<Vec<f32>>(), lower, upper)?;
    check_threshold(&bits.iter().map(|&b| f64::from_bits(b)).collect::<Vec<f64>>(), lower, upper)
}

fn limit() -> impl Strategy<Value = Option<f64>> {
    let near = prop_oneof![-300.0..300.0f64, (-300..300i32).prop_map(f64::from), -7e4..7e4f64, -5e9..5e9f64, any::<f32>().prop_map(f64::from), any::<f64>()];
    prop::option::of(near.prop_filter("limits are finite", |v| v.is_finite()))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn limits_mean_the_same_for_every_type(bits in prop::collection::vec(any::<u64>(), 1..30), lower in limit(), upper in limit()) {
        check_all_types(&bits, lower, upper)?;
    }
}
