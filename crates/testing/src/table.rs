//! Tables that the command writes.

use std::path::Path;

/// A CSV table: the names of its columns, and its rows.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads one; its cells hold no comma.
    #[track_caller]
    pub fn read(path: &Path) -> Table {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lines = text.lines().map(|l| l.split(',').map(String::from).collect::<Vec<_>>());
        let head = lines.next().expect("a head");
        Table { head, rows: lines.collect() }
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The cells of a column.
    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<&str> {
        let at = self.head.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name} in {:?}", self.head));
        self.rows.iter().map(|r| r[at].as_str()).collect()
    }

    /// The whole numbers of a column.
    #[track_caller]
    pub fn numbers(&self, name: &str) -> Vec<u64> {
        self.column(name).into_iter().map(|t| t.parse().unwrap_or_else(|_| panic!("{name}: {t:?}"))).collect()
    }
}

/// The greatest numbers, falling.
pub fn greatest(mut numbers: Vec<u64>, count: usize) -> Vec<u64> {
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.truncate(count);
    numbers
}
