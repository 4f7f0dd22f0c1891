//! Tables: named, typed columns with units in the names.

/// A column's values; `None` where there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Whole numbers of the widest unsigned type.
    Natural(Vec<Option<u64>>),
    /// Numbers.
    Float(Vec<Option<f64>>),
    /// true or false.
    Bool(Vec<Option<bool>>),
    /// Text.
    Text(Vec<Option<String>>),
}

impl Column {
    /// Its length.
    pub fn len(&self) -> usize {
        match self {
            Column::Int(v) => v.len(),
            Column::Natural(v) => v.len(),
            Column::Float(v) => v.len(),
            Column::Bool(v) => v.len(),
            Column::Text(v) => v.len(),
        }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Integers, all there.
    pub fn ints(values: impl IntoIterator<Item = i64>) -> Column {
        Column::Int(values.into_iter().map(Some).collect())
    }

    /// Floats; those that are not finite are missing.
    pub fn floats(values: impl IntoIterator<Item = f64>) -> Column {
        Column::Float(values.into_iter().map(|v| v.is_finite().then_some(v)).collect())
    }

    /// Booleans, all there.
    pub fn bools(values: impl IntoIterator<Item = bool>) -> Column {
        Column::Bool(values.into_iter().map(Some).collect())
    }

    /// A cell as JSON.
    pub fn json(&self, row: usize) -> serde_json::Value {
        match self {
            Column::Int(v) => v[row].into(),
            Column::Natural(v) => v[row].into(),
            Column::Float(v) => v[row].into(),
            Column::Bool(v) => v[row].into(),
            Column::Text(v) => v[row].clone().into(),
        }
    }

    /// A cell as CSV writes it: the shortest text that reads back equal, `true|false`, missing empty.
    pub fn text(&self, row: usize) -> String {
        match self {
            Column::Int(v) => v[row].map_or_else(String::new, |v| v.to_string()),
            Column::Natural(v) => v[row].map_or_else(String::new, |v| v.to_string()),
            Column::Float(v) => v[row].map_or_else(String::new, shortest),
            Column::Bool(v) => v[row].map_or_else(String::new, |v| v.to_string()),
            Column::Text(v) => v[row].clone().unwrap_or_default(),
        }
    }
}

/// The shortest decimal text that reads back equal, in exponent form only where that is much shorter.
fn shortest(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-5..1e16).contains(&magnitude) { format!("{value}") } else { format!("{value:e}") }
}

/// Named columns of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names and values, in order.
    pub columns: Vec<(String, Column)>,
}

impl Table {
    /// Adds a column.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        self.columns.push((name.into(), column));
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, c)| c.len())
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, c)| c)
    }
}
