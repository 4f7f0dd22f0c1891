//! Tables: CSV (comma, dot, header, `true|false`, missing empty) and JSON, by the ending of the name.

pub mod csv;

use std::path::{Path, PathBuf};

use isovox_volume::{Error, Result, Table};
use serde_json::{Map, Value as Json};

use crate::staged::write_file;

/// Writes a table; the format follows from the ending: `.csv` or `.json`.
pub fn write(table: &Table, target: &Path, force: bool) -> Result<PathBuf> {
    write_file(target, force, encode(table, target)?.as_bytes())
}

/// Refuses a name that no table is written under.
pub fn check_name(target: &Path) -> Result<()> {
    match target.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv" | "json") => Ok(()),
        Some("parquet") => Err(Error::unsupported("Parquet tables in this build").help("write .csv or .json").within(target)),
        _ => Err(Error::parameter("a table's name").found(target.display()).expected(".csv or .json")),
    }
}

fn encode(table: &Table, target: &Path) -> Result<String> {
    check_name(target)?;
    let json = target.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    Ok(if json { as_json(table) } else { as_csv(table) })
}

/// The table as CSV text.
pub fn as_csv(table: &Table) -> String {
    let mut out = table.columns.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(",");
    out.push('\n');
    for row in 0..table.rows() {
        for (i, (_, column)) in table.columns.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(&quoted(&column.text(row)));
        }
        out.push('\n');
    }
    out
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_string() }
}

/// The table as a JSON list of objects, one a row.
pub fn as_json(table: &Table) -> String {
    let row = |r: usize| Json::Object(table.columns.iter().map(|(name, column)| (name.clone(), column.json(r))).collect::<Map<_, _>>());
    let rows: Vec<String> = (0..table.rows()).map(|r| row(r).to_string()).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::Column;

    #[test]
    fn cells_read_back_equal() {
        let mut table = Table::default();
        table.push("label", Column::ints([1, 2]));
        table.push("x_mm", Column::floats([0.1 + 0.2, f64::NAN]));
        table.push("touches_border", Column::bools([true, false]));
        table.push("note", Column::Text(vec![Some("a,b".into()), None]));
        assert_eq!(as_csv(&table), "label,x_mm,touches_border,note\n1,0.30000000000000004,true,\"a,b\"\n2,,false,\n");
        let rows: Json = serde_json::from_str(&as_json(&table)).unwrap();
        assert_eq!(rows[0]["x_mm"], 0.300_000_000_000_000_04);
        assert!(rows[1]["x_mm"].is_null());
    }
}
