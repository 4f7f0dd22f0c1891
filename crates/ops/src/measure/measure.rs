//! A row for each object.

use isovox_macros::{Choice, Op};
use isovox_volume::{Column, Error, Header, Object, Result, Scalar, Space, Table, Type, scalar};

use crate::access::{At, Reduce, RowRuns, integers};
use crate::measure::objects::Objects;

/// The unit of a table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Unit {
    /// Micrometres.
    #[choice("um", "µm")]
    Um,
    /// Millimetres.
    Mm,
    /// Voxels.
    Vox,
}

/// Measure each object of a label volume.
///
/// One row a number other than 0, in order: `label`, `voxels`, `volume_mm3`, bounding box `min_i min_j min_k max_i max_j
/// max_k` (inclusive), `centroid_i _j _k` (index), `centroid_x_mm _y_mm _z_mm` (LPS, or local), `touches_border`,
/// `equivalent_diameter_mm` (of the ball of that volume). With --image also `intensity_min _max _mean _sd` (divided by n)
/// and, with --median, `intensity_median`. --unit changes the suffixes; without a scale it is vox. A mask is one object.
#[derive(Op)]
#[op(access = Reduce, input = Label, output = Table, also = [image: Scalar], example = "isovox measure labels.mha -o pores.csv --unit um")]
pub struct Measure {
    /// The columns' unit; mm where the volume has a scale, else vox.
    pub unit: Option<Unit>,
    /// Also each object's median intensity (needs --image and memory for its values).
    #[op(default = false)]
    pub median: bool,
}

impl Reduce for Measure {
    const RUNS: bool = true;
    type Acc = Objects;
    type Value = Objects;

    fn check(&self, inputs: &[&Header]) -> Result<()> {
        integers("measure", inputs[0])?;
        if inputs[0].frames.count > 1 {
            return Err(Error::unsupported(format_args!("measure of {} frames", inputs[0].frames.count)).help("choose one with --frame N"));
        }
        if self.unit.is_some_and(|u| u != Unit::Vox) && !inputs[0].geometry.has_scale() {
            return Err(Error::geometry("measure in millimetres of a volume of unknown spacing").help("name the spacing with --voxel-size 5.3um, or leave --unit out"));
        }
        if self.unit != Some(Unit::Vox) {
            inputs[0].even()?;
        }
        if self.median && inputs.len() < 2 {
            return Err(Error::parameter("--median needs --image").help("name the volume whose values are meant"));
        }
        inputs.get(1).map_or(Ok(()), |image| inputs[0].same_grid(image, "the volume of --image"))
    }

    fn exact(&self, inputs: &[&Header]) -> bool {
        inputs.get(1).is_none_or(|image| exact_image(image.voxel))
    }

    fn start(&self, _inputs: &[&Header], _before: Option<&Objects>) -> Objects {
        Objects::default()
    }

    fn observe<T: Scalar>(&self, acc: &mut Objects, at: &At<'_>, plane: &[T]) {
        let (nx, zero) = (at.inputs[0].nx(), T::default());
        for (y, row) in plane.chunks_exact(nx).enumerate() {
            let mut x = 0;
            while x < nx {
                let value = row[x];
                let end = x + row[x..].iter().position(|v| *v != value).unwrap_or(nx - x);
                if value != zero {
                    self.add(acc, at, y, x as u32, end as u32, value.to_i128() as u64);
                }
                x = end;
            }
        }
    }

    fn observe_runs(&self, acc: &mut Objects, at: &At<'_>, rows: &mut RowRuns<'_>) {
        rows(&mut |y, x0, x1, number| {
            if number != 0 {
                self.add(acc, at, y, x0, x1, u64::from(number));
            }
        });
    }

    fn merge(&self, acc: &mut Objects, next: Objects) {
        acc.merge(next);
    }

    fn bytes(&self, acc: &Objects) -> usize {
        acc.bytes()
    }

    fn finish(&self, acc: Objects, _inputs: &[&Header]) -> Result<Objects> {
        Ok(acc)
    }

    fn object(&self, objects: &Objects, inputs: &[&Header]) -> Result<Object> {
        Ok(Object::Table(self.table(objects, inputs)))
    }
}

fn exact_image(voxel: Type) -> bool {
    voxel.is_integer() && voxel.bytes() <= 2
}

impl Measure {
    fn add(&self, acc: &mut Objects, at: &At<'_>, y: usize, x0: u32, x1: u32, number: u64) {
        let image = at.others.first();
        let row = acc.row_of(number, image.is_some());
        acc.add_run(row, x0, x1, y as u32, at.z as u32);
        if let Some(image) = image {
            let nx = at.inputs[0].nx();
            let range = y * nx + x0 as usize..y * nx + x1 as usize;
            scalar!(image.data.voxel(), T => acc.add_values(row, &image.data.as_slice::<T>()[range], self.median));
        }
    }

    /// The table, rows by number.
    pub fn table(&self, objects: &Objects, inputs: &[&Header]) -> Table {
        let header = inputs[0];
        let mut order: Vec<usize> = (0..objects.rows.len()).collect();
        order.sort_unstable_by_key(|&i| objects.rows[i].number as i64);
        let rows = || order.iter().map(|&i| &objects.rows[i]);
        let mut table = Table::default();
        table.push("label", Column::ints(rows().map(|r| r.number as i64)));
        table.push("voxels", Column::ints(rows().map(|r| r.voxels as i64)));
        let (unit, factor) = self.scale(header);
        let (_, voxel) = self.voxel(header);
        table.push(format!("volume_{unit}3"), Column::floats(rows().map(|r| r.voxels as f64 * voxel)));
        for (k, axis) in ["i", "j", "k"].iter().enumerate() {
            table.push(format!("min_{axis}"), Column::ints(rows().map(|r| i64::from(r.min[k]))));
        }
        for (k, axis) in ["i", "j", "k"].iter().enumerate() {
            table.push(format!("max_{axis}"), Column::ints(rows().map(|r| i64::from(r.max[k]))));
        }
        let centroids: Vec<[f64; 3]> = rows().map(|r| r.sum.map(|s| s as f64 / r.voxels as f64)).collect();
        for (k, axis) in ["i", "j", "k"].iter().enumerate() {
            table.push(format!("centroid_{axis}"), Column::floats(centroids.iter().map(|c| c[k])));
        }
        let points: Vec<[f64; 3]> = centroids.iter().map(|c| if unit == "vox" { *c } else { header.geometry.point(*c).map(|v| v * factor) }).collect();
        for (k, axis) in ["x", "y", "z"].iter().enumerate() {
            table.push(format!("centroid_{axis}_{unit}"), Column::floats(points.iter().map(|p| p[k])));
        }
        let faces = [header.nx(), header.ny(), header.nz()];
        table.push("touches_border", Column::bools(rows().map(|r| (0..3).any(|k| r.min[k] == 0 || r.max[k] as usize == faces[k] - 1))));
        table.push(format!("equivalent_diameter_{unit}"), Column::floats(rows().map(|r| equivalent_diameter(r.voxels as f64 * voxel))));
        if let Some(image) = inputs.get(1) {
            self.intensities(&mut table, objects, &order, image.voxel);
        }
        table
    }

    fn intensities(&self, table: &mut Table, objects: &Objects, order: &[usize], voxel: Type) {
        let rows = || order.iter().map(|&i| &objects.intensity[i]);
        let known = |f: &dyn Fn(&crate::measure::objects::Intensity) -> f64| Column::floats(rows().map(|s| if s.count > 0 { f(s) } else { f64::NAN }));
        let exact = exact_image(voxel);
        table.push("intensity_min", known(&|s| s.min));
        table.push("intensity_max", known(&|s| s.max));
        table.push("intensity_mean", known(&|s| s.mean_and_sd(exact).0));
        table.push("intensity_sd", known(&|s| s.mean_and_sd(exact).1));
        if self.median {
            let medians = medians(objects);
            table.push("intensity_median", Column::floats(order.iter().map(|&i| medians[i])));
        }
    }

    /// The unit of the columns, and a voxel's volume in its cube.
    pub(crate) fn voxel(&self, header: &Header) -> (&'static str, f64) {
        let (unit, factor) = self.scale(header);
        (unit, header.geometry.voxel_mm3().filter(|_| unit != "vox").unwrap_or(1.0) * factor * factor * factor)
    }

    fn scale(&self, header: &Header) -> (&'static str, f64) {
        let chosen = self.unit.unwrap_or(Unit::Mm);
        match (header.geometry.space(), chosen) {
            (Space::Voxel, _) | (_, Unit::Vox) => ("vox", 1.0),
            (_, Unit::Mm) => ("mm", 1.0),
            (_, Unit::Um) => ("um", 1000.0),
        }
    }
}

/// Diameter of the ball of a volume.
pub fn equivalent_diameter(volume: f64) -> f64 {
    libm::cbrt(6.0 * volume / std::f64::consts::PI)
}

fn medians(objects: &Objects) -> Vec<f64> {
    let mut values: Vec<Vec<(f64, u64)>> = vec![Vec::new(); objects.rows.len()];
    for (&(row, bits), &n) in &objects.values {
        values[row as usize].push((f64::from_bits(bits), n));
    }
    values.into_iter().map(median).collect()
}

fn median(mut values: Vec<(f64, u64)>) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = values.iter().map(|v| v.1).sum();
    let at = |rank: u64| {
        let mut before = 0;
        values
            .iter()
            .find(|(_, n)| {
                before += n;
                before > rank
            })
            .map_or(f64::NAN, |v| v.0)
    };
    if total == 0 { f64::NAN } else { f64::midpoint(at((total - 1) / 2), at(total / 2)) }
}
