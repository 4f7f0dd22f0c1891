//! What is known of a phantom without looking at its grey values.

use serde_json::{Map, Value, json};

use super::pattern::Shape;
use super::rock::CRACK;
use super::spheres::Sphere;
use super::{Kind, Phantom, components};

/// Objects that a truth lists at most.
const LISTED: usize = 10_000;

impl Phantom {
    /// What is known of it, as far as its kind has it.
    ///
    /// - `porosity`: voxels of the truth mask / voxels; not for grains
    /// - `components`: of the truth mask, by connectivity `6`, `18`, `26`; not for grains
    /// - `objects`: pores or grains `{z, y, x, r}`, with `inner` the radius of a grain that floats in a pore, and cracks
    ///   `{first, size}` (`[z, y, x]`); voxels. Left out when they are more than 10000, and for beads
    ///
    /// Cost: a period's mask and its components at most eight times, whatever the size.
    pub fn truth(&self) -> Value {
        let mut truth = Map::new();
        if self.kind != Kind::Grains {
            truth.insert("porosity".into(), json!(self.inside() as f64 / self.header.voxels() as f64));
            let [faces, edges, corners] = self.components();
            truth.insert("components".into(), json!({ "6": faces, "18": edges, "26": corners }));
        }
        if let Some(objects) = self.objects() {
            truth.insert("objects".into(), objects);
        }
        Value::Object(truth)
    }

    /// Every sphere that holds a voxel of the volume, period by period.
    pub(super) fn spheres(&self) -> impl Iterator<Item = Sphere> {
        let spheres = match &self.pattern.shape {
            Shape::Objects(spheres, _) => spheres.as_slice(),
            Shape::Beads => &[],
        };
        let [nz, ny, nx] = self.header.shape;
        let [pz, py, px] = self.pattern.period;
        let xs = move |z, y| (0..nx).step_by(px).map(move |x| [z, y, x]);
        let corners = (0..nz).step_by(pz).flat_map(move |z| (0..ny).step_by(py).flat_map(move |y| xs(z, y)));
        corners.flat_map(move |c| spheres.iter().map(move |s| s.moved(c))).filter(move |s| s.touches([nz, ny, nx]))
    }

    fn objects(&self) -> Option<Value> {
        let Shape::Objects(_, cracks) = &self.pattern.shape else { return None };
        let cracks = cracks.iter().map(|c| json!({ "first": c, "size": CRACK }));
        let listed: Vec<Value> = self.spheres().map(|s| entry(&s)).chain(cracks).take(LISTED + 1).collect();
        (listed.len() <= LISTED).then_some(Value::Array(listed))
    }

    /// Voxels of the truth mask.
    fn inside(&self) -> usize {
        self.cuts().map(|(cut, times)| times * self.block(cut).iter().filter(|&&v| v != 0).count()).sum()
    }

    /// Components of the truth mask for 6, 18, 26.
    fn components(&self) -> [usize; 3] {
        if self.kind == Kind::Beads {
            return self.label(self.header.shape.map(shorter));
        }
        // No object reaches from one period into the next, so the periods' counts add up.
        self.cuts().fold([0; 3], |sum, (cut, times)| {
            let found = self.label(cut);
            std::array::from_fn(|c| sum[c] + times * found[c])
        })
    }

    fn label(&self, shape: [usize; 3]) -> [usize; 3] {
        let mask = self.block(shape);
        [1, 2, 3].map(|axes| components::count(&mask, shape, axes))
    }

    /// The mask of a small volume of this pattern.
    fn block(&self, shape: [usize; 3]) -> Vec<u8> {
        let mut mask = vec![0; shape.iter().product()];
        self.pattern.mask(shape, &mut mask);
        mask
    }

    /// The shapes into which the volume cuts the period, and how often each occurs.
    fn cuts(&self) -> impl Iterator<Item = ([usize; 3], usize)> {
        let axis = |a: usize| {
            let (n, period) = (self.header.shape[a], self.pattern.period[a]);
            [(period, n / period), (n % period, 1)]
        };
        let [z, y, x] = [axis(0), axis(1), axis(2)];
        let all = (0..8).map(move |c| [z[c & 1], y[c >> 1 & 1], x[c >> 2 & 1]]);
        all.map(|c| (c.map(|(length, _)| length), c.iter().map(|(_, times)| times).product())).filter(|(cut, times)| !cut.contains(&0) && *times > 0)
    }
}

/// A shorter side with the same components of the space between beads.
///
/// That space is one but for pockets between the far faces and the last bead: whole periods in between add none.
fn shorter(side: usize) -> usize {
    if side <= 48 { side } else { 32 + side % 16 }
}

fn entry(s: &Sphere) -> Value {
    let [z, y, x] = s.centre;
    match s.inner {
        None => json!({ "z": z, "y": y, "x": x, "r": s.radius }),
        Some(inner) => json!({ "z": z, "y": y, "x": x, "r": s.radius, "inner": inner }),
    }
}
