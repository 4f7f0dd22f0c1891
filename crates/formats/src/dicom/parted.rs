//! Images at one position, told apart: which of them is which frame.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use isovox_volume::FrameAxis;

use super::marks::Key;
use super::slice::Slice;
use crate::input::natural;

/// Kinds of image in one series; what is of no kind is not told apart by it.
const MOST_KINDS: usize = 64;

/// Images at one position up to which uneven positions are searched for whole frames.
const MOST_SEARCHED: usize = 4096;

/// A slice that is no plane, and why.
pub(super) type LeftOut = (Slice, String);

/// Slices of each position in the order of their frames, as many at each.
pub(super) struct Parted {
    pub(super) stacks: Vec<Vec<Slice>>,
    pub(super) axis: FrameAxis,
    /// Where the frames lie on the axis: s, ms of echo time, s/mm2, percent, or numbers where these are all that is stated.
    pub(super) values: Vec<f64>,
    pub(super) left_out: Vec<LeftOut>,
    /// Whether a position had several slices that nothing tells apart.
    pub(super) doubles: bool,
}

/// Slices of one series that are measured along its keys.
struct Measured {
    kinds: Vec<String>,
}

impl Measured {
    fn of<'a>(slices: impl Iterator<Item = &'a Slice>) -> Measured {
        let mut slices: Vec<&Slice> = slices.collect();
        slices.sort_by(|a, b| in_time(a, b));
        let mut kinds: Vec<String> = Vec::new();
        for slice in slices {
            if kinds.len() < MOST_KINDS && !kinds.contains(&slice.marks.kind) {
                kinds.push(slice.marks.kind.clone());
            }
        }
        Measured { kinds }
    }

    /// Where a slice lies along a key; kinds are numbered as they come.
    fn at(&self, slice: &Slice, key: Key) -> Option<f64> {
        if key == Key::Kind {
            return self.kinds.iter().position(|k| *k == slice.marks.kind).map(|i| i as f64);
        }
        slice.marks.at(key)
    }

    /// The values of a stack, ascending, where all slices have one and no two the same.
    fn distinct(&self, stack: &[Slice], key: Key) -> Option<Vec<f64>> {
        let mut values = stack.iter().map(|s| self.at(s, key)).collect::<Option<Vec<f64>>>()?;
        values.sort_by(f64::total_cmp);
        values.windows(2).all(|w| w[0] < w[1]).then_some(values)
    }

    /// Whether a key tells the slices of every position apart, in the same way at each.
    fn tells_apart(&self, stacks: &[Vec<Slice>], key: Key) -> bool {
        let first = self.distinct(&stacks[0], key);
        first.is_some_and(|first| stacks.iter().all(|s| self.distinct(s, key).is_some_and(|values| key.drifts() || alike(&values, &first))))
    }
}

/// Whether values are the same but for how they were written.
fn alike(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-4 * a.abs().max(b.abs()))
}

/// By acquisition, instance, frame and name.
pub(super) fn in_time(a: &Slice, b: &Slice) -> Ordering {
    let acquired = |s: &Slice| s.marks.at(Key::Acquisition).unwrap_or(0.0);
    let numbered = acquired(a).total_cmp(&acquired(b)).then_with(|| a.instance.cmp(&b.instance)).then_with(|| a.frame.cmp(&b.frame));
    numbered.then_with(|| natural(a.name(), b.name()))
}

/// Parts the slices of each position (`stacks`, none empty) into frames.
pub(super) fn part(mut stacks: Vec<Vec<Slice>>) -> Parted {
    let measured = Measured::of(stacks.iter().flatten());
    let mut left_out = Vec::new();
    let mut doubles = false;
    let mut by_instance = false;
    if let Some(most) = uneven(&stacks) {
        if let Some((key, kept)) = whole_frames(&measured, &stacks, most) {
            left_out = drained(&mut stacks, |s| measured.at(s, key).is_some_and(|v| kept.contains(&v)));
        } else if let Some(kept) = whole_runs(&stacks) {
            by_instance = true;
            left_out = drained(&mut stacks, |s| s.instance.is_some_and(|n| kept.contains(&n)));
            // A few slices beside the only whole frame are doubles of it, not a frame that has lost some.
            doubles = stacks[0].len() == 1 && left_out.len() * 2 < stacks.len();
        } else {
            doubles = true;
            left_out = first_alone(&mut stacks);
        }
    }
    let count = stacks[0].len();
    if count == 1 {
        return Parted { stacks, axis: FrameAxis::Unknown, values: Vec::new(), left_out, doubles };
    }
    stacks.iter_mut().for_each(|s| s.sort_by(if by_instance { |a: &Slice, b: &Slice| a.instance.cmp(&b.instance) } else { in_time }));
    let told = Key::ALL.into_iter().find(|&key| measured.tells_apart(&stacks, key));
    if let Some(key) = told {
        stacks.iter_mut().for_each(|s| s.sort_by(|a, b| measured.at(a, key).partial_cmp(&measured.at(b, key)).unwrap_or(Ordering::Equal)));
    }
    let key = told.or_else(|| Key::ALL.into_iter().find(|&key| steady(&measured, &stacks, key)));
    let timed = stacks.iter().flatten().all(|s| s.modality == "MR");
    let axis = key.map_or(if timed { FrameAxis::Time } else { FrameAxis::Unknown }, Key::axis);
    let values = key.map_or(Vec::new(), |key| values(&measured, &stacks, key));
    Parted { stacks, axis, values, left_out, doubles }
}

/// The most slices of a position, where not all have as many.
fn uneven(stacks: &[Vec<Slice>]) -> Option<usize> {
    let most = stacks.iter().map(Vec::len).max()?;
    stacks.iter().any(|s| s.len() < most).then_some(most)
}

/// The values of a key that as many frames have as the fullest position has slices; how many slices each has.
fn shares(measured: &Measured, stacks: &[Vec<Slice>], key: Key, most: usize) -> Option<Vec<(f64, usize)>> {
    if most > MOST_SEARCHED {
        return None;
    }
    let mut shares: Vec<(f64, usize)> = Vec::new();
    for value in stacks.iter().map(|s| measured.distinct(s, key)).collect::<Option<Vec<_>>>()?.into_iter().flatten() {
        match shares.iter().position(|s| s.0 == value) {
            Some(at) => shares[at].1 += 1,
            None if shares.len() == most => return None,
            None => shares.push((value, 1)),
        }
    }
    Some(shares)
}

/// The key and its values whose frames have a slice at every position, where these are most.
fn whole_frames(measured: &Measured, stacks: &[Vec<Slice>], most: usize) -> Option<(Key, Vec<f64>)> {
    Key::ALL.into_iter().find_map(|key| {
        let shares = shares(measured, stacks, key, most)?;
        let whole: Vec<f64> = shares.iter().filter(|s| s.1 == stacks.len()).map(|s| s.0).collect();
        (!whole.is_empty() && whole.len() * 2 >= shares.len()).then_some((key, whole))
    })
}

/// The instances of frames that have a slice at every position, where `InstanceNumber` counts frame by frame and they are most.
fn whole_runs(stacks: &[Vec<Slice>]) -> Option<BTreeSet<i64>> {
    let number = |(place, s): (usize, &Slice)| Some((s.instance?, place));
    let mut counted: Vec<(i64, usize)> = stacks.iter().enumerate().flat_map(|(place, stack)| stack.iter().map(move |s| (place, s))).map(number).collect::<Option<_>>()?;
    counted.sort_unstable();
    if counted.windows(2).any(|w| w[0].0 == w[1].0) {
        return None;
    }
    let mut runs: BTreeMap<usize, BTreeSet<i64>> = BTreeMap::new();
    for ((instance, _), run) in counted.iter().zip(runs_of(&counted, stacks.len())?) {
        runs.entry(run).or_default().insert(*instance);
    }
    let (whole, others): (Vec<_>, Vec<_>) = runs.into_values().partition(|r| r.len() == stacks.len());
    (!whole.is_empty() && whole.len() >= others.len()).then(|| whole.into_iter().flatten().collect())
}

/// The frame of each slice, of which instance and position are given in the order of instances: a frame begins where a
/// position comes again. `None` where slices at the ends of frames are missing, and the numbers do not tell where they begin.
fn runs_of(counted: &[(i64, usize)], depth: usize) -> Option<Vec<usize>> {
    let places = || counted.iter().map(|c| c.1);
    let (forward, mut backward) = (repeated(places(), depth), repeated(places().rev(), depth));
    let last = *backward.last()?;
    backward.iter_mut().for_each(|run| *run = last - *run);
    backward.reverse();
    if forward == backward { Some(forward) } else { numbered(counted, depth) }
}

/// Counts how often any position came again since it last did.
fn repeated(places: impl Iterator<Item = usize>, depth: usize) -> Vec<usize> {
    let (mut seen, mut run) = (vec![None; depth], 0);
    let next = |place: usize| {
        run += usize::from(seen[place] == Some(run));
        seen[place] = Some(run);
        run
    };
    places.map(next).collect()
}

/// The frame of each slice where instances are counted from 0 or 1 and each number of a frame has a position of its own.
fn numbered(counted: &[(i64, usize)], depth: usize) -> Option<Vec<usize>> {
    let least = counted.first()?.0;
    let slots: Vec<(usize, usize)> = counted.iter().map(|(n, place)| Some((usize::try_from(n.checked_sub(least.min(1))?).ok()?, *place))).collect::<Option<_>>()?;
    let mut places = vec![None; depth];
    let alike = slots.iter().all(|&(n, place)| *places[n % depth].get_or_insert(place) == place);
    let apart = places.iter().flatten().collect::<BTreeSet<_>>().len() == depth;
    ((0..=depth as i64).contains(&least) && alike && apart).then(|| slots.iter().map(|s| s.0 / depth).collect())
}

/// Takes the slices of frames that are not whole out.
fn drained(stacks: &mut [Vec<Slice>], whole: impl Fn(&Slice) -> bool) -> Vec<LeftOut> {
    let (mut out, missing) = (Vec::new(), stacks.len());
    for stack in stacks {
        let (keep, drop): (Vec<Slice>, Vec<Slice>) = std::mem::take(stack).into_iter().partition(&whole);
        *stack = keep;
        out.extend(drop);
    }
    out.into_iter().map(|s| (s, format!("its frame does not have all {missing} positions"))).collect()
}

/// Keeps the first slice of each position.
fn first_alone(stacks: &mut [Vec<Slice>]) -> Vec<LeftOut> {
    let mut out = Vec::new();
    for stack in stacks {
        stack.sort_by(in_time);
        let kept = stack[0].label();
        out.extend(stack.drain(1..).map(|double| (double, format!("at the position of {kept}"))));
    }
    out
}

/// Whether a key is one value within each frame and not in all.
fn steady(measured: &Measured, stacks: &[Vec<Slice>], key: Key) -> bool {
    let frame = |f: usize| stacks.iter().map(|s| measured.at(&s[f], key)).collect::<Option<Vec<f64>>>();
    let Some(all) = (0..stacks[0].len()).map(frame).collect::<Option<Vec<_>>>() else { return false };
    all.iter().all(|f| f.iter().all(|v| *v == f[0])) && all.iter().any(|f| f[0] != all[0][0])
}

/// Where frames lie: in time by the first clock that runs with them, else by the key's own numbers.
fn values(measured: &Measured, stacks: &[Vec<Slice>], key: Key) -> Vec<f64> {
    let least = |key: Key| (0..stacks[0].len()).map(|f| stacks.iter().map(|s| measured.at(&s[f], key)).collect::<Option<Vec<f64>>>()).collect::<Option<Vec<_>>>();
    let least = |key: Key| Some(least(key)?.iter().map(|f| f.iter().copied().fold(f64::INFINITY, f64::min)).collect::<Vec<f64>>());
    let clock = |key: Key| least(key).filter(|v| v.windows(2).all(|w| w[0] < w[1])).map(|v| (key, v));
    match key {
        Key::Kind => Vec::new(),
        Key::Echo | Key::BValue | Key::Phase => least(key).unwrap_or_default(),
        _ => match [Key::Trigger, Key::Reference, Key::Acquired, Key::Content].into_iter().find_map(clock) {
            Some((Key::Trigger | Key::Reference, ms)) => ms.iter().map(|v| v / 1000.0).collect(),
            Some((_, s)) => s.iter().map(|v| ((v - s[0]) * 1e6).round() / 1e6).collect(),
            None => least(key).unwrap_or_default(),
        },
    }
}

/// What the frames of an image without positions count, as they stand.
pub(super) fn along(frames: &[Slice]) -> (FrameAxis, Vec<f64>) {
    let stacks = [frames.to_vec()];
    let measured = Measured::of(frames.iter());
    let key = Key::ALL.into_iter().find(|&key| measured.tells_apart(&stacks, key));
    key.map_or((FrameAxis::Unknown, Vec::new()), |key| (key.axis(), values(&measured, &stacks, key)))
}

/// Volumes that one series holds beside each other: where positions repeat, but not all of them, and a key tells whole
/// volumes apart that share some.
pub(super) fn volumes(stacks: &[Vec<Slice>]) -> Option<Vec<Vec<Slice>>> {
    let most = uneven(stacks)?;
    let measured = Measured::of(stacks.iter().flatten());
    if whole_frames(&measured, stacks, most).is_some() {
        return None;
    }
    let (key, shares) = Key::ALL.into_iter().find_map(|key| Some((key, shares(&measured, stacks, key, most)?)))?;
    let of = |value: f64| stacks.iter().flatten().filter(|s| measured.at(s, key) == Some(value)).cloned().collect();
    Some(shares.iter().map(|share| of(share.0)).collect())
}
