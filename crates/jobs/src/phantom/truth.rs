//! What is known of a phantom without looking at its grey values.

use isovox_volume::Result;
use serde_json::{Map, Value, json};

use super::pattern::{Pattern, Shape};
use super::rock::CRACK;
use super::spheres::Sphere;
use super::{Kind, Phantom, components};

/// Objects that a truth lists at most.
const LISTED: usize = 10_000;

/// Beads are counted in a volume of at most so many voxels a side.
const BEADS: usize = 48;

impl Phantom {
    /// What is known of it, as far as its kind has it.
    ///
    /// - `porosity`: pore voxels of the truth mask / voxels; not for grains
    /// - `components`: of the truth mask, by connectivity `6`, `18`, `26`; not for grains
    /// - `objects`: at most 10000 pores or grains `{z, y, x, r}` with `inner` where a grain floats in a pore, and cracks
    ///   `{first, size}` (`[z, y, x]`); voxels. Those without a voxel in the volume are left out. Not for beads
    pub fn truth(&self) -> Result<Value> {
        let mut truth = Map::new();
        if self.kind != Kind::Grains {
            truth.insert("porosity".into(), json!(self.inside()? as f64 / self.header.voxels() as f64));
            let [faces, edges, corners] = self.components()?;
            truth.insert("components".into(), json!({ "6": faces, "18": edges, "26": corners }));
        }
        if let Shape::Objects(_, cracks) = &self.pattern.shape {
            let cracks = cracks.iter().map(|c| json!({ "first": c, "size": CRACK }));
            let spheres = self.spheres();
            let listed: Vec<Value> = cracks.chain(spheres.map(|s| entry(&s))).take(LISTED + 1).collect();
            if listed.len() <= LISTED {
                truth.insert("objects".into(), Value::Array(listed));
            }
        }
        Ok(Value::Object(truth))
    }

    /// Voxels of the truth mask.
    fn inside(&self) -> Result<usize> {
        let mut sum = 0;
        for (cut, times) in self.cuts() {
            sum += times * block(self.kind, &self.pattern, cut)?.iter().filter(|&&v| v != 0).count();
        }
        Ok(sum)
    }

    /// Components of the truth mask for 6, 18, 26.
    fn components(&self) -> Result<[usize; 3]> {
        if self.kind == Kind::Beads {
            let shape = self.header.shape.map(shorter);
            return Ok(label(&self.of_size(shape)?, shape));
        }
        // No object reaches from one period into the next, so the periods' counts add up.
        let mut sum = [0; 3];
        for (cut, times) in self.cuts() {
            let found = label(&self.of_size(cut)?, cut);
            sum = std::array::from_fn(|c| sum[c] + times * found[c]);
        }
        Ok(sum)
    }
}
