//! Fuzz targets: the parsers of `crates/formats/tests/hostile`, under its allocator, driven by libFuzzer.
//!
//! `cargo install cargo-fuzz`, then `cargo +nightly fuzz run nifti -- -max_total_time=300` in the repository's root; on the
//! stable toolchain `RUSTC_BOOTSTRAP=1 cargo fuzz run nifti`. What is found is added as `fuzz/corpus/<target>/seed-found-*`.

#[path = "../../crates/formats/tests/hostile/memory.rs"]
mod memory;
#[path = "../../crates/formats/tests/hostile/subject.rs"]
mod subject;

#[global_allocator]
static MEMORY: memory::Counting = memory::Counting;

/// What the allocator says besides; libFuzzer keeps the input.
fn running() -> String {
    String::new()
}

/// Gives bytes to a parser.
pub fn parse(target: &str, data: &[u8]) {
    let (_, parse) = subject::PARSERS.iter().find(|(name, _)| *name == target).expect("a target of the list");
    let _ = memory::limited(data.len(), || parse(data));
    if target == "values" {
        parameters(&String::from_utf8_lossy(data));
    }
}

/// Values of parameters: what is taken is read back from its JSON.
fn parameters(text: &str) {
    use isovox_ops::spec::{Lengths, Value};
    use isovox_volume::{Extent, Size, Type};
    let back = |json: serde_json::Value| isovox_ops::spec::Values::from_json(&serde_json::json!({ "v": json }));
    if let Ok(extent) = Extent::read(text) {
        assert_eq!(Extent::read(back(extent.json()).get("v").unwrap()).ok(), Some(extent));
    }
    if let Ok(lengths) = Lengths::read(text) {
        assert_eq!(Lengths::read(back(lengths.json()).get("v").unwrap()).ok(), Some(lengths));
    }
    if let Ok(matrix) = isovox_ops::geometry::matrix::Matrix::read(text) {
        assert_eq!(isovox_ops::geometry::matrix::Matrix::read(back(matrix.json()).get("v").unwrap()).ok(), Some(matrix));
    }
    let _ = (Size::read(text), Type::read(text), f64::read(text), usize::read(text), bool::read(text));
}
