//! How an output was made.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::verdict::SliceRow;

/// One operation of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The operation's name.
    pub op: String,
    /// Its parameters, all of them.
    pub parameters: Value,
    /// What it found (thresholds), fixed before any voxel flowed.
    pub found: Value,
}

/// An input file.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its base name.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub blake3: String,
    /// Its length.
    pub bytes: u64,
}

/// How an output was made; enough to make it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The command's words, paths by base name.
    pub command: Vec<String>,
    /// `patient`, `local` or `voxel`.
    pub space: String,
    /// The chain.
    pub steps: Vec<Step>,
    /// What was read.
    pub inputs: Vec<Input>,
    /// Where slices lie that are kept though no affine places them.
    pub slices: Arc<[SliceRow]>,
}

impl Provenance {
    /// The part that two runs share: no times.
    pub fn json(&self) -> Value {
        let step = |s: &Step| json!({"op": s.op, "parameters": s.parameters, "found": s.found});
        let input = |i: &Input| json!({"name": i.name, "blake3": i.blake3, "bytes": i.bytes});
        let mut told = json!({
            "isovox": env!("CARGO_PKG_VERSION"),
            "command": self.command,
            "space": self.space,
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
            "inputs": self.inputs.iter().map(input).collect::<Vec<_>>(),
        });
        if !self.slices.is_empty() {
            let slice = |s: &SliceRow| json!({"file": s.file, "position_mm": s.position_mm, "place_mm": s.place_mm});
            told["slices"] = self.slices.iter().filter(|s| s.reason.is_none()).map(slice).collect();
        }
        told
    }
}
