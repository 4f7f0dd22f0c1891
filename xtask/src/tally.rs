//! How many tests passed and failed, read from what the runners print.

/// A count of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Tally {
    /// Adds a summary of cargo: `test result: ok. 3 passed; 0 failed; …`. Other lines say nothing.
    pub(crate) fn cargo(&mut self, line: &str) {
        if line.starts_with("test result:") {
            self.passed += before(line, "passed");
            self.failed += before(line, "failed");
        }
    }

    /// Adds a summary of pytest: `1 failed, 3 passed in 0.12s`. Other lines say nothing.
    pub(crate) fn pytest(&mut self, line: &str) {
        let line = line.trim_matches(['=', ' ']);
        if line.contains(" in ") && line.starts_with(|c: char| c.is_ascii_digit()) {
            self.passed += before(line, "passed");
            self.failed += before(line, "failed") + before(line, "error") + before(line, "errors");
        }
    }
}

/// The number before a word; 0 where the word does not stand there.
fn before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split([' ', ',', ';']).filter(|w| !w.is_empty()).collect();
    words.windows(2).filter(|pair| pair[1] == word).filter_map(|pair| pair[0].parse::<usize>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(read: fn(&mut Tally, &str), line: &str, passed: usize, failed: usize) {
        let mut tally = Tally::default();
        read(&mut tally, line);
        assert_eq!(tally, Tally { passed, failed });
    }

    #[test]
    fn summaries_are_read() {
        check(Tally::cargo, "test result: ok. 17 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 3.10s", 17, 0);
        check(Tally::cargo, "test result: FAILED. 1 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s", 1, 4);
        check(Tally::cargo, "test slabs::seven ... ok", 0, 0);
        check(Tally::pytest, "==== 1 failed, 30 passed, 2 warnings in 61.20s (0:01:01) ====", 30, 1);
        check(Tally::pytest, "==== 30 passed, 1 error in 6.20s ====", 30, 1);
        check(Tally::pytest, "30 passed in 6.20s", 30, 0);
        check(Tally::pytest, "tests/peers/test_measure.py .....", 0, 0);
    }
}
