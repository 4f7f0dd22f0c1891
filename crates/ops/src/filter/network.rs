//! Sorting networks over lanes of neighbouring voxels: no branches, so compilers make them minima and maxima of whole registers.

use std::collections::VecDeque;
use std::ops::Range;

/// Lanes come in multiples of this.
pub(crate) const WIDTH: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Keep {
    Both,
    Least,
    Greatest,
}

/// The lesser value goes to `low`, the greater to `high`; a value that no rank asked for is not made.
#[derive(Clone, Copy, Debug)]
struct Step {
    low: usize,
    high: usize,
    keep: Keep,
    /// Whether it is the first step of both of its values.
    first: bool,
}

/// Merges sorted lists and keeps some ranks of the whole.
#[derive(Debug)]
pub(crate) struct Network {
    steps: Vec<Step>,
    kept: Vec<usize>,
    inputs: usize,
    /// Values that no first step reads.
    copied: Vec<usize>,
}

impl Network {
    /// Merges sorted lists of these lengths, whose values follow each other, and keeps these ranks.
    ///
    /// Lists of one value each are sorted. Source: Batcher's odd-even merge of any two lengths (Knuth 5.3.4), shortest
    /// lists first, then without the steps that no kept rank needs.
    pub(crate) fn merge(lengths: &[usize], keep: Range<usize>) -> Network {
        let inputs = lengths.iter().sum();
        let mut start = 0;
        let mut lists: VecDeque<Vec<usize>> = VecDeque::new();
        for &n in lengths {
            lists.push_back((start..start + n).collect());
            start += n;
        }
        let mut steps = Vec::new();
        while lists.len() > 1 {
            lists.make_contiguous().sort_by_key(Vec::len);
            let (a, b) = (lists.pop_front().expect("more than one"), lists.pop_front().expect("more than one"));
            lists.push_front(odd_even(&a, &b, &mut steps));
        }
        let order = lists.pop_front().unwrap_or_default();
        let kept = order[keep].to_vec();
        let mut steps = prune(&steps, &kept, inputs);
        let copied = mark_first(&mut steps, inputs);
        Network { steps, kept, inputs, copied }
    }

    /// Ranks kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Values merged.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Runs on values of `lanes` lanes each; afterwards the kept ranks are in `work`, at the places of [`Network::kept`].
    ///
    /// First steps read the sources themselves: a copy would cost as much as a step.
    pub(crate) fn run<'a, T: Copy + PartialOrd + 'a>(&self, source: impl Fn(usize) -> &'a [T], work: &mut [T], lanes: usize) {
        let place = |i: usize| i * lanes..(i + 1) * lanes;
        for &i in &self.copied {
            work[place(i)].copy_from_slice(source(i));
        }
        for step in &self.steps {
            let [low, high] = work.get_disjoint_mut([place(step.low), place(step.high)]).expect("a step joins two of the network's values");
            match (step.keep, step.first) {
                (Keep::Both, true) => both_of(source(step.low), source(step.high), low, high),
                (Keep::Both, false) => both(low, high),
                (Keep::Least, true) => lesser_of(source(step.low), source(step.high), low),
                (Keep::Least, false) => lesser(low, high),
                (Keep::Greatest, true) => greater_of(source(step.low), source(step.high), high),
                (Keep::Greatest, false) => greater(low, high),
            }
        }
    }

    /// Where the kept ranks are after a run, from the least.
    pub(crate) fn kept(&self) -> &[usize] {
        &self.kept
    }
}

// Each of its own, so that compilers know that the slices are apart.
#[inline(never)]
fn both_of<T: Copy + PartialOrd>(a: &[T], b: &[T], low: &mut [T], high: &mut [T]) {
    for ((a, b), (low, high)) in a.iter().zip(b).zip(low.iter_mut().zip(high)) {
        (*low, *high) = (least(*a, *b), greatest(*a, *b));
    }
}

#[inline(never)]
fn both<T: Copy + PartialOrd>(low: &mut [T], high: &mut [T]) {
    for (a, b) in low.iter_mut().zip(high) {
        (*a, *b) = (least(*a, *b), greatest(*a, *b));
    }
}

#[inline(never)]
fn lesser_of<T: Copy + PartialOrd>(a: &[T], b: &[T], low: &mut [T]) {
    low.iter_mut().zip(a.iter().zip(b)).for_each(|(low, (a, b))| *low = least(*a, *b));
}

#[inline(never)]
fn greater_of<T: Copy + PartialOrd>(a: &[T], b: &[T], high: &mut [T]) {
    high.iter_mut().zip(a.iter().zip(b)).for_each(|(high, (a, b))| *high = greatest(*a, *b));
}

#[inline(never)]
fn lesser<T: Copy + PartialOrd>(low: &mut [T], high: &[T]) {
    low.iter_mut().zip(high).for_each(|(a, b)| *a = least(*a, *b));
}

#[inline(never)]
fn greater<T: Copy + PartialOrd>(low: &[T], high: &mut [T]) {
    high.iter_mut().zip(low).for_each(|(b, a)| *b = greatest(*a, *b));
}

/// The lesser one; with [`greatest`] both values are kept, whatever they are.
#[inline(always)]
pub(crate) fn least<T: Copy + PartialOrd>(a: T, b: T) -> T {
    if b < a { b } else { a }
}

/// The greater one.
#[inline(always)]
pub(crate) fn greatest<T: Copy + PartialOrd>(a: T, b: T) -> T {
    if b < a { a } else { b }
}

/// Merges two sorted lists of places; gives the places in sorted order.
fn odd_even(a: &[usize], b: &[usize], steps: &mut Vec<Step>) -> Vec<usize> {
    match (a, b) {
        ([], list) | (list, []) => list.to_vec(),
        ([a], [b]) => {
            steps.push(Step { low: *a, high: *b, keep: Keep::Both, first: false });
            vec![*a, *b]
        }
        _ => {
            let every = |list: &[usize], first: usize| list.iter().skip(first).step_by(2).copied().collect::<Vec<_>>();
            let ahead = odd_even(&every(a, 0), &every(b, 0), steps);
            let behind = odd_even(&every(a, 1), &every(b, 1), steps);
            let mut order = vec![ahead[0]];
            for i in 0..behind.len().max(ahead.len() - 1) {
                match (behind.get(i), ahead.get(i + 1)) {
                    (Some(&low), Some(&high)) => {
                        steps.push(Step { low, high, keep: Keep::Both, first: false });
                        order.extend([low, high]);
                    }
                    (one, other) => order.extend(one.or(other)),
                }
            }
            order
        }
    }
}

/// Leaves out what no kept place needs, from the last step to the first.
fn prune(steps: &[Step], kept: &[usize], inputs: usize) -> Vec<Step> {
    let mut needed = vec![false; inputs];
    kept.iter().for_each(|&k| needed[k] = true);
    let mut left: Vec<Step> = Vec::new();
    for step in steps.iter().rev() {
        let keep = match (needed[step.low], needed[step.high]) {
            (true, true) => Keep::Both,
            (true, false) => Keep::Least,
            (false, true) => Keep::Greatest,
            (false, false) => continue,
        };
        (needed[step.low], needed[step.high]) = (true, true);
        left.push(Step { keep, ..*step });
    }
    left.reverse();
    left
}

/// Marks the steps that are the first of both of their values; gives the values that have no such step.
fn mark_first(steps: &mut [Step], inputs: usize) -> Vec<usize> {
    let (mut touched, mut read) = (vec![false; inputs], vec![false; inputs]);
    for step in steps {
        step.first = !touched[step.low] && !touched[step.high];
        for i in [step.low, step.high] {
            touched[i] = true;
            read[i] |= step.first;
        }
    }
    (0..inputs).filter(|&i| !read[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the zero-one principle a network that merges all sorted lists of 0 and 1 merges everything.
    #[track_caller]
    fn check(lengths: &[usize], keep: Range<usize>) {
        let network = Network::merge(lengths, keep.clone());
        let choices: usize = lengths.iter().map(|n| n + 1).product();
        for mut choice in 0..choices {
            let mut values = Vec::new();
            for &n in lengths {
                let ones = choice % (n + 1);
                choice /= n + 1;
                values.extend((0..n).map(|i| u8::from(i >= n - ones)));
            }
            let source: Vec<u8> = values.iter().flat_map(|&v| [v; WIDTH]).collect();
            let mut lanes = vec![9; source.len()];
            network.run(|i| &source[i * WIDTH..(i + 1) * WIDTH], &mut lanes, WIDTH);
            values.sort_unstable();
            assert_eq!(network.kept().iter().map(|&k| lanes[k * WIDTH + 7]).collect::<Vec<_>>(), values[keep.clone()], "{lengths:?}");
        }
    }

    #[test]
    fn lists_of_any_length_merge() {
        for a in 0..9 {
            for b in 0..9 {
                check(&[a, b], 0..a + b);
            }
        }
        check(&[1; 9], 0..9);
        check(&[6, 3, 4, 7], 0..20);
    }

    #[test]
    fn some_ranks_cost_less() {
        check(&[9, 9], 4..14);
        check(&[1; 11], 5..6);
        check(&[10, 10, 10], 12..19);
        assert!(Network::merge(&[9, 9], 4..14).steps.len() < Network::merge(&[9, 9], 0..18).steps.len());
        assert_eq!(Network::merge(&[1; 5], 0..5).steps.len(), 9);
    }
}
