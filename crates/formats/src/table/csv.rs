//! Reading CSV: cells as RFC 4180 has them.

/// Cells of a row that are read; what comes after them is left out.
const CELLS: usize = 1024;

/// The rows of a text, each with the number of the line at which it begins (from 1); blank rows are left out.
///
/// A quote that is never closed makes one cell of what follows.
pub fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<String>)> + '_ {
    let (mut rest, mut line) = (text.trim_start_matches('\u{feff}'), 1);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (began, (cells, used)) = (line, row(rest));
            line += rest[..used].matches('\n').count();
            rest = &rest[used..];
            if cells.iter().any(|c| !c.is_empty()) {
                return Some((began, cells));
            }
        }
        None
    })
}

/// The first row, its cells without the blanks around them, and how many bytes it takes.
fn row(text: &str) -> (Vec<String>, usize) {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut end = text.len();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if(|(_, c)| *c == '"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => keep(&mut cells, &mut cell),
            '\n' if !quoted => {
                end = at + 1;
                break;
            }
            other => cell.push(other),
        }
    }
    keep(&mut cells, &mut cell);
    (cells, end)
}

fn keep(cells: &mut Vec<String>, cell: &mut String) {
    let whole = std::mem::take(cell);
    if cells.len() < CELLS {
        cells.push(whole.trim().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_may_be_quoted() {
        let found: Vec<_> = rows("\u{feff}a, b ,c\r\n\r\n\"x,\"\"y\n\",2,\n,,\n3,4,\"5").collect();
        let texts = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found, [(1, texts(&["a", "b", "c"])), (3, texts(&["x,\"y", "2", ""])), (6, texts(&["3", "4", "5"]))]);
        assert_eq!(rows("").count() + rows("\n\n,,\n").count(), 0);
    }

    #[test]
    fn a_row_of_commas_stays_small() {
        assert_eq!(rows(&format!("1{}", ",".repeat(1 << 20))).next().map(|(_, cells)| cells.len()), Some(CELLS));
    }
}
