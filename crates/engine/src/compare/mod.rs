//! Two volumes beside each other: values, grids, and the relation between them when there is one.

mod relation;

use std::collections::BTreeMap;
use std::sync::Arc;

use isovox_ops::access::{At, Reduce};
use isovox_volume::{Header, Object, QuantityKind, Result, Run, Scalar, Source, Table, Type, scalar};

use crate::adapt::reduce::fold;
use crate::hash;

/// The most pairs of labels that are counted; beyond them nothing is said of labels.
const PAIRS: usize = 1_000_000;

/// What two volumes have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Whether shape, frames and affine are the same, to a thousandth of a voxel.
    pub same_grid: bool,
    /// Whether every voxel has the same value; `false` where the shapes differ.
    pub same_values: bool,
    /// The greatest difference of finite values; `None` where nothing could be compared.
    pub greatest: Option<f64>,
    /// Where it is, index x, y, z and frame; `None` where there is none.
    pub at: Option<[usize; 4]>,
    /// Voxels whose values differ.
    pub differing: Option<u64>,
    /// Dice's coefficient of each label, where both are labels or masks.
    pub dice: Option<BTreeMap<i128, f64>>,
    /// How one follows from the other.
    pub relation: Option<String>,
    /// What was not looked for, and why.
    pub unknown: Option<String>,
}

/// Compares prepared sources. Values are compared as they flow; the relation of values that differ is looked for in memory,
/// where both fit.
pub fn compare(run: &Run, a: &Arc<dyn Source>, b: &Arc<dyn Source>) -> Result<Compared> {
    let (one, other) = (a.header(), b.header());
    let shapes = one.shape == other.shape && one.frames.count == other.frames.count;
    let placed = one.geometry.has_scale() == other.geometry.has_scale() && one.geometry.space() == other.geometry.space();
    let mut out = Compared {
        same_grid: shapes && placed && one.same_grid(other, "B").is_ok() && same_places(one, other),
        same_values: false,
        greatest: None,
        at: None,
        differing: None,
        dice: None,
        relation: None,
        unknown: None,
    };
    let colours = [one, other].map(|h| h.voxel == Type::Rgb8);
    if shapes && colours == [true; 2] {
        out.same_values = hash::voxels(run, a.as_ref())? == hash::voxels(run, b.as_ref())?;
    } else if shapes && colours == [false; 2] {
        counted(run, a, b, &mut out)?;
    }
    let mut said = Vec::new();
    said.extend(out.relation.take());
    if !out.same_values && said.is_empty() {
        match relation::of_values(run, a, b)? {
            relation::Looked::Found(text) => said.push(text),
            relation::Looked::None => {}
            relation::Looked::Unknown(why) => out.unknown = Some(why),
        }
    }
    if !out.same_grid {
        said.extend(relation::of_grids(one, other));
    }
    out.relation = (!said.is_empty()).then(|| said.join("; "));
    Ok(out)
}

/// Whether each plane lies where that of the other does, to a thousandth of a voxel, where one affine does not say so.
fn same_places(a: &Header, b: &Header) -> bool {
    if [a, b].iter().all(|h| h.verdict.uniform != Some(false)) {
        return true;
    }
    let limit = a.geometry.spacing().map_or(0.0, |s| s.into_iter().fold(f64::INFINITY, f64::min) * 1e-3);
    let near = |(p, q): (&[f64; 3], &[f64; 3])| (0..3).all(|r| (p[r] - q[r]).abs() <= limit);
    match (a.places(), b.places()) {
        (Some(p), Some(q)) => p.len() == q.len() && p.iter().zip(&q).all(near),
        (p, q) => p.is_none() == q.is_none(),
    }
}

/// Fills in what a sweep of both finds.
fn counted(run: &Run, a: &Arc<dyn Source>, b: &Arc<dyn Source>, out: &mut Compared) -> Result<()> {
    let kinds = [a, b].map(|s| matches!(s.header().quantity.kind, QuantityKind::Label | QuantityKind::Mask) && s.header().voxel.is_integer());
    let op = Difference { labels: kinds == [true; 2] };
    let found: Found = *fold(run, "compare", &op, &[a.as_ref(), b.as_ref()])?.downcast().expect("the fold's own value");
    out.same_values = found.differing == 0;
    out.greatest = Some(found.greatest);
    out.at = found.at;
    out.differing = Some(found.differing);
    if let Some(pairs) = found.pairs {
        out.relation = (found.differing > 0 && renumbered(&pairs)).then(|| "B is A with other label numbers".into());
        out.dice = Some(dice(&pairs));
    }
    Ok(())
}

/// Voxels that have one label in the first and another in the second.
type Pairs = BTreeMap<(i128, i128), u64>;

/// Whether each label of one is always the same label of the other, background staying.
fn renumbered(pairs: &Pairs) -> bool {
    let firsts: std::collections::BTreeSet<i128> = pairs.keys().map(|p| p.0).collect();
    let seconds: std::collections::BTreeSet<i128> = pairs.keys().map(|p| p.1).collect();
    let background = pairs.keys().all(|(a, b)| (*a == 0) == (*b == 0));
    background && firsts.len() == pairs.len() && seconds.len() == pairs.len() && pairs.len() > 1
}

/// Dice's coefficient of each label but 0.
fn dice(pairs: &Pairs) -> BTreeMap<i128, f64> {
    let mut counts: BTreeMap<i128, [u64; 2]> = BTreeMap::new();
    for ((a, b), n) in pairs {
        counts.entry(*a).or_default()[0] += n;
        counts.entry(*b).or_default()[1] += n;
    }
    let both = |l: &i128| pairs.get(&(*l, *l)).copied().unwrap_or(0);
    counts.iter().filter(|(l, _)| **l != 0).map(|(l, [a, b])| (*l, 2.0 * both(l) as f64 / (a + b) as f64)).collect()
}

/// Folds two volumes into their differences.
struct Difference {
    labels: bool,
}

#[derive(Default)]
struct Found {
    greatest: f64,
    at: Option<[usize; 4]>,
    differing: u64,
    pairs: Option<Pairs>,
}

/// The difference of two values; `None` where they are the same, infinite where one alone is no number.
fn difference<T: Scalar, O: Scalar>(a: T, b: O) -> Option<f64> {
    if T::TYPE.is_integer() && O::TYPE.is_integer() {
        let off = (a.to_i128() - b.to_i128()).unsigned_abs();
        return (off > 0).then_some(off as f64);
    }
    let (x, y) = (a.to_f64(), b.to_f64());
    // An integer may lie between the floats.
    let whole = |v: f64| v.fract() == 0.0 && v.abs() < 1e30;
    if (T::TYPE.is_integer() && whole(y)) || (O::TYPE.is_integer() && whole(x)) {
        let [a, b] = [if T::TYPE.is_integer() { a.to_i128() } else { x as i128 }, if O::TYPE.is_integer() { b.to_i128() } else { y as i128 }];
        return (a != b).then(|| (a - b).unsigned_abs() as f64);
    }
    let (a, b) = (x, y);
    if a == b || a.is_nan() && b.is_nan() {
        return None;
    }
    let off = (a - b).abs();
    Some(if off.is_nan() { f64::INFINITY } else { off })
}

impl Difference {
    fn planes<T: Scalar, O: Scalar>(acc: &mut Found, at: &At<'_>, a: &[T], b: &[O]) {
        let nx = at.inputs[0].nx();
        for (i, (a, b)) in a.iter().zip(b).enumerate() {
            let Some(off) = difference(*a, *b) else { continue };
            acc.differing += 1;
            if off.is_finite() && off > acc.greatest {
                (acc.greatest, acc.at) = (off, Some([i % nx, i / nx, at.z, at.frame]));
            }
        }
    }

    fn pairs<T: Scalar, O: Scalar>(acc: &mut Found, a: &[T], b: &[O]) {
        let Some(pairs) = &mut acc.pairs else { return };
        let mut rest = a.iter().zip(b).peekable();
        while let Some((a, b)) = rest.next() {
            let mut n = 1;
            while rest.next_if(|(c, d)| *c == a && *d == b).is_some() {
                n += 1;
            }
            *pairs.entry((a.to_i128(), b.to_i128())).or_default() += n;
        }
        if pairs.len() > PAIRS {
            acc.pairs = None;
        }
    }
}

impl Reduce for Difference {
    type Acc = Found;
    type Value = Found;

    fn exact(&self, _inputs: &[&Header]) -> bool {
        true
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Found>) -> Found {
        Found { pairs: self.labels.then(Pairs::new), ..Found::default() }
    }

    fn observe<T: Scalar>(&self, acc: &mut Found, at: &At<'_>, plane: &[T]) {
        let other = &at.others[0].data;
        let same = other.voxel() == T::TYPE && other.bytes() == bytemuck::cast_slice::<T, u8>(plane);
        if same && acc.pairs.is_none() {
            return;
        }
        scalar!(other.voxel(), O => {
            let other = other.as_slice::<O>();
            if !same {
                Self::planes(acc, at, plane, other);
            }
            Self::pairs(acc, plane, other);
        });
    }

    fn merge(&self, acc: &mut Found, next: Found) {
        let order = |at: &Option<[usize; 4]>| at.map(|[x, y, z, f]| [f, z, y, x]);
        if next.greatest > acc.greatest || next.greatest == acc.greatest && next.at.is_some() && (acc.at.is_none() || order(&next.at) < order(&acc.at)) {
            (acc.greatest, acc.at) = (next.greatest, next.at);
        }
        acc.differing += next.differing;
        acc.pairs = match (acc.pairs.take(), next.pairs) {
            (Some(mut pairs), Some(more)) => {
                more.into_iter().for_each(|(pair, n)| *pairs.entry(pair).or_default() += n);
                (pairs.len() <= PAIRS).then_some(pairs)
            }
            _ => None,
        };
    }

    fn bytes(&self, acc: &Found) -> usize {
        acc.pairs.as_ref().map_or(0, |p| p.len() * 96)
    }

    fn finish(&self, acc: Found, _inputs: &[&Header]) -> Result<Found> {
        Ok(acc)
    }

    fn object(&self, _value: &Found, _inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Table(Table::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{Data, Geometry, Quantity, Space, Volume};

    fn volume(shape: [usize; 3], voxels: &[u8]) -> Volume {
        let mut header = Header::new(shape, 1, Type::U8).unwrap();
        header.geometry = Geometry::from_parts(Space::Patient, [1.0, 2.0, 3.0], [5.0, 6.0, 7.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).unwrap();
        Volume::new(header, Data::from_slice(voxels).unwrap()).unwrap()
    }

    fn noise(n: usize) -> Vec<u8> {
        let mut state = 7u64;
        let step = |s: &mut u64| {
            *s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (*s >> 56) as u8
        };
        (0..n).map(|_| step(&mut state)).collect()
    }

    fn of(a: Volume, b: Volume) -> Compared {
        let run = Run::new(2, 1 << 30, std::env::temp_dir());
        compare(&run, &(Arc::new(a) as Arc<dyn Source>), &(Arc::new(b) as Arc<dyn Source>)).unwrap()
    }

    #[test]
    fn differences_are_found_where_they_are() {
        let a = noise(60);
        let same = of(volume([3, 4, 5], &a), volume([3, 4, 5], &a));
        assert!(same.same_grid && same.same_values && same.relation.is_none() && same.greatest == Some(0.0));
        let mut b = a.clone();
        b[27] ^= 0x80;
        let off = of(volume([3, 4, 5], &a), volume([3, 4, 5], &b));
        assert_eq!((off.same_values, off.greatest, off.at, off.differing), (false, Some(128.0), Some([2, 1, 1, 0]), Some(1)));
    }

    #[test]
    fn relations_are_named() {
        let a = noise(60);
        let index = |x: usize, y: usize, z: usize| a[(z * 4 + y) * 5 + x];
        let flipped: Vec<u8> = (0..60).map(|i| index(4 - i % 5, i / 5 % 4, i / 20)).collect();
        assert_eq!(of(volume([3, 4, 5], &a), volume([3, 4, 5], &flipped)).relation.as_deref(), Some("B is A flipped in x"));
        let swapped: Vec<u8> = (0..60).map(|i| index(i / 4 % 5, i % 4, i / 20)).collect();
        assert!(of(volume([3, 4, 5], &a), volume([3, 5, 4], &swapped)).relation.unwrap().contains("axes x and y swapped"));
        let shifted: Vec<u8> = (0..60).map(|i| if i % 5 == 0 { 0 } else { index(i % 5 - 1, i / 5 % 4, i / 20) }).collect();
        assert_eq!(of(volume([3, 4, 5], &a), volume([3, 4, 5], &shifted)).relation.as_deref(), Some("B is A shifted by 1 voxel in x"));
    }

    #[test]
    fn relations_of_grids_are_named() {
        let a = noise(60);
        let moved = |f: &dyn Fn(&mut [[f64; 4]; 4])| {
            let b = volume([3, 4, 5], &a);
            let mut affine = *b.header().geometry.affine().unwrap();
            f(&mut affine);
            let header = Header { geometry: Geometry::new(Space::Patient, affine).unwrap(), ..b.header().clone() };
            of(volume([3, 4, 5], &a), b.with_header(header).unwrap()).relation.unwrap()
        };
        assert_eq!(moved(&|m| m[0][3] += 0.5), "B lies half a voxel from A in x");
        assert_eq!(moved(&|m| m[1][3] += 4.0), "B lies 2 voxels from A in y");
        assert!(moved(&|m| m.iter_mut().take(2).flatten().for_each(|v| *v = 0.0 - *v)).contains("RAS"));
        assert_eq!(moved(&|m| m.iter_mut().take(3).for_each(|r| r[..3].iter_mut().for_each(|v| *v *= 1000.0))), "the spacing of B is 1000 times that of A");
    }

    #[test]
    fn labels_are_matched() {
        let labels = |voxels: &[u8]| {
            let v = volume([1, 2, 3], voxels);
            let header = v.header().like(Type::U8, Quantity::certain(QuantityKind::Label, "said"));
            v.with_header(header).unwrap()
        };
        let found = of(labels(&[0, 1, 1, 2, 2, 2]), labels(&[0, 2, 2, 1, 1, 1]));
        assert_eq!((found.dice.unwrap()[&1], found.relation.as_deref()), (0.0, Some("B is A with other label numbers")));
        let found = of(labels(&[0, 1, 1, 2, 2, 2]), labels(&[0, 1, 0, 2, 2, 2]));
        assert_eq!(found.dice.unwrap().into_iter().collect::<Vec<_>>(), [(1, 2.0 / 3.0), (2, 1.0)]);
    }
}
