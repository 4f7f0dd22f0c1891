//! OME-Zarr's `multiscales`: which array is the full size, what its axes are, where its voxels lie.

use isovox_volume::{Error, FrameAxis, Geometry, Result, Space};
use serde_json::Value;

use super::array::Store;
use super::codec::text;
use crate::unit::{millimetres, seconds};

/// What an axis of the array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    X,
    Y,
    Z,
    /// Of time, channels, or what has no name.
    Other(FrameAxis),
}

/// One image of several sizes.
pub(super) struct Image {
    /// The array of the full size, below the group.
    pub(super) path: String,
    /// The array's axes, the slowest first.
    pub(super) axes: Vec<Axis>,
    /// The names as they are written, for errors.
    pub(super) named: String,
    /// Along each axis: its unit in mm or seconds where it is known, scale, translation.
    steps: Vec<(Option<f64>, f64, f64)>,
    /// Sizes that are left out.
    pub(super) smaller: usize,
}

/// What a group's attributes say.
pub(super) enum Group {
    Image(Image),
    /// Several images in numbered groups; the first is `0`.
    Series,
    /// Anything else.
    Other,
}

/// Reads a group's attributes: of version 3 under `ome`, of version 2 by themselves.
pub(super) fn read(attributes: &Value) -> Result<Group> {
    let ome = attributes.get("ome").unwrap_or(attributes);
    let Some(list) = ome.get("multiscales").and_then(Value::as_array) else {
        return if ome.get("bioformats2raw.layout").is_some() { Ok(Group::Series) } else { other(ome) };
    };
    let [image] = &list[..] else { return Err(Error::unsupported("OME-Zarr").found(format_args!("{} multiscale images in one group", list.len())).expected("one")) };
    let version = ome.get("version").or_else(|| image.get("version")).and_then(Value::as_str);
    match version {
        Some("0.4" | "0.5") => {}
        // Some writers leave it out; axes with types came with 0.4.
        None if image["axes"][0].is_object() && !image["datasets"][0]["coordinateTransformations"].is_null() => {}
        other => return Err(Error::unsupported("OME-Zarr version").found(other.unwrap_or("none")).expected("0.4 or 0.5").help("convert it first, for example with ome-zarr-py")),
    }
    read_image(image).map(Group::Image)
}

fn other(ome: &Value) -> Result<Group> {
    let kinds = [("plate", "a plate of wells"), ("well", "a well of images"), ("labels", "a list of label images")];
    match kinds.into_iter().find(|(key, _)| ome.get(key).is_some()) {
        Some((_, what)) => Err(Error::unsupported(format_args!("an OME-Zarr group of {what}")).expected("one image").help("name the folder of one image below it")),
        None => Ok(Group::Other),
    }
}

fn read_image(image: &Value) -> Result<Image> {
    let list = image.get("axes").and_then(Value::as_array).ok_or_else(|| Error::corrupt("OME-Zarr multiscales").expected("axes"))?;
    let axes = list.iter().map(axis).collect::<Result<Vec<_>>>()?;
    let datasets = image.get("datasets").and_then(Value::as_array).filter(|d| !d.is_empty()).ok_or_else(|| Error::corrupt("OME-Zarr multiscales").expected("datasets"))?;
    let mut steps: Vec<(Option<f64>, f64, f64)> = list.iter().zip(&axes).map(|(a, axis)| (a.get("unit").and_then(Value::as_str).and_then(|u| axis.unit(u)), 1.0, 0.0)).collect();
    // The image's own come after those of its size.
    for transforms in [&datasets[0]["coordinateTransformations"], &image["coordinateTransformations"]] {
        for transform in transforms.as_array().into_iter().flatten() {
            apply(transform, &mut steps)?;
        }
    }
    let named = list.iter().map(|a| a.get("name").and_then(Value::as_str).unwrap_or("?")).collect::<Vec<_>>().join(" ");
    Ok(Image { path: text(&datasets[0], "path")?.into(), axes, named, steps, smaller: datasets.len() - 1 })
}

fn axis(axis: &Value) -> Result<Axis> {
    let name = text(axis, "name")?;
    Ok(match (axis.get("type").and_then(Value::as_str), name) {
        (Some("space") | None, "x") => Axis::X,
        (Some("space") | None, "y") => Axis::Y,
        (Some("space") | None, "z") => Axis::Z,
        (Some("space"), _) => return Err(Error::unsupported("OME-Zarr axis of space").found(name).expected("x, y or z")),
        (Some("time"), _) | (None, "t") => Axis::Other(FrameAxis::Time),
        (Some("channel"), _) | (None, "c") => Axis::Other(FrameAxis::Channel),
        _ => Axis::Other([FrameAxis::Echo, FrameAxis::BValue, FrameAxis::Phase].into_iter().find(|a| a.name() == name).unwrap_or(FrameAxis::Unknown)),
    })
}

impl Axis {
    /// Millimetres, or seconds of time, in one of UDUNITS' units.
    fn unit(self, unit: &str) -> Option<f64> {
        match self {
            Axis::X | Axis::Y | Axis::Z => length(unit),
            Axis::Other(FrameAxis::Time) => seconds(unit),
            Axis::Other(_) => None,
        }
    }
}

/// Millimetres in one of UDUNITS' lengths.
fn length(unit: &str) -> Option<f64> {
    match unit {
        "angstrom" => Some(1e-7),
        "picometer" => Some(1e-9),
        _ => millimetres(unit),
    }
}

fn apply(transform: &Value, steps: &mut [(Option<f64>, f64, f64)]) -> Result<()> {
    let kind = text(transform, "type")?;
    let numbers = || {
        let list = transform.get(kind).and_then(Value::as_array);
        let numbers: Option<Vec<f64>> = list.and_then(|l| l.iter().map(Value::as_f64).collect());
        numbers
            .filter(|n| n.len() == steps.len())
            .ok_or_else(|| Error::corrupt(format_args!("OME-Zarr {kind}")).found(&transform[kind]).expected(format_args!("{} numbers", steps.len())))
    };
    match kind {
        "identity" => {}
        "scale" => numbers()?.into_iter().zip(steps).for_each(|(s, step)| (step.1, step.2) = (step.1 * s, step.2 * s)),
        "translation" => numbers()?.into_iter().zip(steps).for_each(|(t, step)| step.2 += t),
        other => return Err(Error::unsupported("OME-Zarr transformation").found(other).expected("scale and translation")),
    }
    Ok(())
}

impl Image {
    /// The place of voxels, or why there is none.
    pub(super) fn geometry(&self) -> Result<Geometry, String> {
        let (mut spacing, mut origin) = ([f64::NAN; 3], [0.0; 3]);
        for (axis, (unit, scale, translation)) in self.axes.iter().zip(&self.steps) {
            let i = match axis {
                Axis::X => 0,
                Axis::Y => 1,
                Axis::Z => 2,
                Axis::Other(_) => continue,
            };
            let Some(mm) = unit else { return Err(format!("no unit of length is stated for the axes {}, whose scale is {scale}: spacing unknown", self.named)) };
            (spacing[i], origin[i]) = (scale * mm, translation * mm);
        }
        if spacing[2].is_nan() {
            return Err("an image of two dimensions states no spacing across: spacing unknown".into());
        }
        let straight = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let positive = spacing.iter().all(|s| *s > 0.0);
        Geometry::from_parts(Space::Local, spacing, origin, straight).filter(|_| positive).ok_or_else(|| format!("scale {spacing:?} mm is not positive: spacing unknown"))
    }

    /// When frames were taken, seconds; none without a unit of time.
    pub(super) fn values(&self, axis: usize, count: usize) -> Vec<f64> {
        let (unit, scale, translation) = self.steps[axis];
        let known = scale.is_finite() && scale > 0.0 && translation.is_finite() && self.axes[axis] == Axis::Other(FrameAxis::Time) && count <= 1 << 20;
        unit.filter(|_| known).map_or(Vec::new(), |unit| (0..count).map(|i| (translation + i as f64 * scale) * unit).collect())
    }
}

/// A group's attributes, in either version.
pub(super) fn attributes(store: &Store) -> Result<Value> {
    if let Some(mut meta) = store.json("zarr.json")? {
        return Ok(meta.get_mut("attributes").map(Value::take).unwrap_or_default());
    }
    Ok(store.json(".zattrs")?.unwrap_or_default())
}
