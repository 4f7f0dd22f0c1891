//! Prefix codes of least length (Huffman 1952), none longer than a limit.

/// Codes by symbol, their first bit the lowest.
pub(crate) struct Codes {
    lengths: Vec<u8>,
    /// With their lengths in the high half.
    codes: [u32; 257 + 256],
}

impl Codes {
    /// Of how often each symbol comes.
    pub(crate) fn of(counts: &[u32], limit: usize) -> Codes {
        Codes::new(&lengths_of(counts, limit))
    }

    /// The canonical codes of these lengths (RFC 1951, 3.2.2).
    pub(crate) fn new(lengths: &[u8]) -> Codes {
        let mut next = [0u32; 17];
        lengths.iter().filter(|n| **n > 0).for_each(|&n| next[n as usize + 1] += 1);
        for bits in 1..17 {
            next[bits] = (next[bits] + next[bits - 1]) << 1;
        }
        let mut codes = [0; 257 + 256];
        for (coded, &n) in codes.iter_mut().zip(lengths).filter(|(_, n)| **n > 0) {
            *coded = u32::from(reversed(next[n as usize] as u16, n.into())) | u32::from(n) << 16;
            next[n as usize] += 1;
        }
        Codes { lengths: lengths.to_vec(), codes }
    }

    pub(crate) fn lengths(&self) -> &[u8] {
        &self.lengths
    }

    /// A symbol's code and how many bits it has.
    #[inline(always)]
    pub(crate) fn code(&self, symbol: usize) -> (u64, u32) {
        let coded = self.codes[symbol];
        (u64::from(coded & 0xffff), coded >> 16)
    }

    /// Bits of so many symbols.
    pub(crate) fn bits(&self, counts: &[u32]) -> usize {
        counts.iter().zip(&self.lengths).map(|(&count, &bits)| count as usize * bits as usize).sum()
    }
}

/// The code with its highest bit first.
pub(crate) fn reversed(code: u16, bits: u32) -> u16 {
    code.reverse_bits() >> (16 - bits)
}

/// Lengths of the codes; symbols that never come have none. Where there is but one, a second gets a code too, so that the code
/// is complete.
pub(crate) fn lengths_of(counts: &[u32], limit: usize) -> Vec<u8> {
    let mut used: Vec<(u32, usize)> = counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(symbol, &n)| (n, symbol)).collect();
    for symbol in 0..2 {
        if used.len() < 2 && used.iter().all(|u| u.1 != symbol) {
            used.push((0, symbol));
        }
    }
    used.sort_unstable();
    let per_length = limited(&depths(&used), limit);
    let mut lengths = vec![0; counts.len()];
    // The rarest have the longest.
    let mut symbols = used.iter();
    for (bits, &n) in per_length.iter().enumerate().rev() {
        symbols.by_ref().take(n).for_each(|(_, symbol)| lengths[*symbol] = bits as u8);
    }
    lengths
}

/// How many leaves of the tree lie at each depth: the two lightest nodes are joined until one is left. Leaves come in order of
/// their weight, and so do the nodes made of them.
fn depths(leaves: &[(u32, usize)]) -> Vec<usize> {
    let count = leaves.len();
    let mut weights: Vec<u64> = leaves.iter().map(|(n, _)| (*n).into()).collect();
    let mut parents = vec![0; 2 * count - 1];
    let (mut leaf, mut node) = (0, count);
    for made in count..2 * count - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let lighter = node >= made || leaf < count && weights[leaf] <= weights[node];
            let taken = if lighter { &mut leaf } else { &mut node };
            weight += weights[*taken];
            parents[*taken] = made;
            *taken += 1;
        }
        weights.push(weight);
    }
    let mut depth = vec![0; 2 * count - 1];
    let mut at = vec![0; count];
    for n in (0..2 * count - 2).rev() {
        depth[n] = depth[parents[n]] + 1;
        if n < count {
            at[depth[n]] += 1;
        }
    }
    at
}

/// The same with no length above the limit: what is too deep comes up, and pays with others that go down.
fn limited(depths: &[usize], limit: usize) -> Vec<usize> {
    let mut at = depths.to_vec();
    at.resize(at.len().max(limit + 1), 0);
    at[limit] += at.drain(limit + 1..).sum::<usize>();
    // Leaves of the full tree that are spent; a complete code spends all.
    let mut spent: usize = at.iter().enumerate().skip(1).map(|(bits, n)| n << (limit - bits)).sum();
    while spent > 1 << limit {
        let above = (1..limit).rev().find(|&bits| at[bits] > 0).expect("codes shorter than the limit");
        at[limit] -= 1;
        at[above] -= 1;
        at[above + 1] += 2;
        spent -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(lengths: &[u8]) -> f64 {
        lengths.iter().filter(|n| **n > 0).map(|&n| 0.5f64.powi(n.into())).sum()
    }

    #[test]
    fn codes_are_short_and_complete() {
        // By hand: 1 1 2 4 joined from the lightest up.
        assert_eq!(lengths_of(&[1, 2, 0, 4, 1], 15), [3, 2, 0, 1, 3]);
        assert_eq!(lengths_of(&[0, 0, 9, 0], 15), [1, 0, 1, 0]);
        assert_eq!(lengths_of(&[0, 0], 15), [1, 1]);
        // Weights that grow as Fibonacci's make the deepest tree there is.
        let mut counts = vec![1u32, 1];
        (2..40).for_each(|n| counts.push(counts[n - 1] + counts[n - 2]));
        for limit in [7, 15] {
            let lengths = lengths_of(&counts, limit);
            assert!(spent(&lengths) == 1.0 && lengths.iter().all(|&n| n > 0 && n as usize <= limit), "{lengths:?}");
        }
        assert_eq!(spent(&lengths_of(&[5; 286], 15)), 1.0);
    }
}
