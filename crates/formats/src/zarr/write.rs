//! Writing OME-Zarr 0.5: a group of one size, its array in chunks packed by Zstandard, made in a hidden folder beside.
//!
//! Chunks are packed when all their planes have come. Until then a layer of chunks is held, which no plan of memory knows of:
//! chunks of large planes are flatter, down to one plane, so that a layer has at most 64 MB.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use isovox_volume::error::At;
use isovox_volume::{Error, FrameAxis, Header, Kind, QuantityKind, Result, Run, Sink, Space, Stop, Type};
use serde_json::{Value, json};

use super::{AFFINE, PROVENANCE, SPACE};
use crate::embed;
use crate::format::{self, Target};
use crate::staged::{StagedFolder, write_staged};

/// Planes, rows and columns of a chunk; fewer where the volume has fewer.
const CHUNK: [usize; 3] = [16, 256, 256];

/// The most bytes of a layer of chunks that is held; a single plane is not.
const LAYER: usize = 64 << 20;

/// Zstandard's level: fast, and what it leaves is mostly noise.
const LEVEL: i32 = 3;

pub(super) fn holds(header: &Header) -> Result<()> {
    format::even(header)?;
    if header.voxel == Type::Rgb8 {
        return Err(Error::unsupported("colours as Zarr").found(header.voxel).expected("numbers").help("write .tif, .nrrd or .nii.gz, which hold colours"));
    }
    Ok(())
}

pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    holds(header)?;
    let folder = begin(target)?;
    let chunk = chunk(header);
    let write = |name: &str, value: &Value| write_staged(&folder.path(name), format!("{value:#}\n").as_bytes());
    std::fs::create_dir(folder.path("0")).at(&target.path)?;
    write("zarr.json", &group(header, target.provenance.as_deref()))?;
    write("0/zarr.json", &array(header, chunk))?;
    Ok(Box::new(ChunksSink { folder, header: header.clone(), chunk, layer: Mutex::default(), stop: Stop::default() }))
}

/// A chunk's planes, rows and columns.
pub(super) fn chunk(header: &Header) -> [usize; 3] {
    let mut chunk: [usize; 3] = std::array::from_fn(|i| CHUNK[i].min(header.shape[i]));
    chunk[0] = chunk[0].min(LAYER / header.plane_bytes().max(1)).max(1);
    chunk
}

fn type_name(voxel: Type) -> &'static str {
    match voxel {
        Type::U8 | Type::Rgb8 => "uint8",
        Type::I8 => "int8",
        Type::U16 => "uint16",
        Type::I16 => "int16",
        Type::U32 => "uint32",
        Type::I32 => "int32",
        Type::U64 => "uint64",
        Type::I64 => "int64",
        Type::F32 => "float32",
        Type::F64 => "float64",
    }
}

/// The axis of frames, where there are several: its name, and its type where OME has one.
fn frames(header: &Header) -> Option<Value> {
    (header.frames.count > 1).then(|| match header.frames.axis {
        FrameAxis::Time if even(&header.frames.values).is_some() => json!({"name": "t", "type": "time", "unit": "second"}),
        FrameAxis::Time => json!({"name": "t", "type": "time"}),
        FrameAxis::Channel => json!({"name": "c", "type": "channel"}),
        other => json!({"name": other.name()}),
    })
}

/// The first of evenly spaced values, and the step; `None` for others, which no scale describes.
fn even(values: &[f64]) -> Option<(f64, f64)> {
    let [first, second, ..] = values[..] else { return None };
    let step = second - first;
    let steady = values.windows(2).all(|w| (w[1] - w[0] - step).abs() <= step.abs() * 1e-6);
    (steady && step > 0.0 && step.is_finite()).then_some((first, step))
}

/// What stands before the three numbers of space.
fn with_frames<T: Into<Value>>(header: &Header, first: T, space: [T; 3]) -> Value {
    let first = (header.frames.count > 1).then(|| first.into());
    first.into_iter().chain(space.map(Into::into)).collect()
}

fn array(header: &Header, chunk: [usize; 3]) -> Value {
    let names: Vec<Value> = frames(header).map(|f| f["name"].clone()).into_iter().chain(["z", "y", "x"].map(Value::from)).collect();
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": with_frames(header, header.frames.count, header.shape),
        "data_type": type_name(header.voxel),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": with_frames(header, 1, chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd", "configuration": {"level": LEVEL, "checksum": false}}],
        "dimension_names": names,
        "attributes": {},
    })
}

/// OME's scale and unit; translation where the axes are the world's; our own affine for what OME cannot say.
fn group(header: &Header, provenance: Option<&str>) -> Value {
    let geometry = &header.geometry;
    let unit = geometry.has_scale().then_some("millimeter");
    let space = ["z", "y", "x"].map(|name| match unit {
        Some(unit) => json!({"name": name, "type": "space", "unit": unit}),
        None => json!({"name": name, "type": "space"}),
    });
    let axes: Vec<Value> = frames(header).into_iter().chain(space).collect();
    let (first, step) = even(&header.frames.values).unwrap_or((0.0, 1.0));
    let [x, y, z] = geometry.spacing().unwrap_or([1.0; 3]);
    let straight = geometry.direction().is_none_or(|d| (0..3).all(|r| (0..3).all(|c| d[r][c] == f64::from(u8::from(r == c)))));
    let [i, j, k] = geometry.origin().filter(|_| straight).unwrap_or([0.0; 3]);
    let transforms = json!([{"type": "scale", "scale": with_frames(header, step, [z, y, x])}, {"type": "translation", "translation": with_frames(header, first, [k, j, i])}]);
    let mut ome = json!({"version": "0.5", "multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": transforms}]}]});
    if header.quantity.kind == QuantityKind::Label {
        ome["image-label"] = json!({});
    }
    let mut attributes = json!({"ome": ome});
    if let Some(text) = embed::text(provenance, header) {
        attributes[PROVENANCE] = text.into();
    }
    if let Some(affine) = geometry.affine().filter(|_| !straight || geometry.space() == Space::Patient) {
        attributes[SPACE] = geometry.space().name().into();
        attributes[AFFINE] = json!(affine);
    }
    json!({"zarr_format": 3, "node_type": "group", "attributes": attributes})
}

/// Begins a store. What is no store is not replaced, whatever its name.
fn begin(target: &Target) -> Result<StagedFolder> {
    let folder = StagedFolder::create(&target.path, target.force)?;
    if target.path.symlink_metadata().is_ok() && super::mark(&target.path).is_none() {
        return Err(Error::new(Kind::Io, "is no Zarr store").help("give another name").within(&target.path));
    }
    Ok(folder)
}

/// Planes being gathered to layers of chunks.
struct ChunksSink {
    folder: StagedFolder,
    header: Header,
    chunk: [usize; 3],
    layer: Mutex<Vec<u8>>,
    stop: Stop,
}

impl ChunksSink {
    /// Writes the chunks of a layer, whose planes end behind `end`.
    fn flush(&self, frame: usize, end: usize, layer: &[u8]) -> Result<()> {
        let [_, high, wide] = self.chunk;
        let target = self.folder.target();
        let mut folder = self.folder.path("0/c");
        if self.header.frames.count > 1 {
            folder.push(frame.to_string());
        }
        folder.push(((end - 1) / self.chunk[0]).to_string());
        for y in 0..self.header.ny().div_ceil(high) {
            let row = folder.join(y.to_string());
            std::fs::create_dir_all(&row).at(target)?;
            for x in 0..self.header.nx().div_ceil(wide) {
                self.stop.check()?;
                let packed = zstd::bulk::compress(&self.gather(layer, y * high, x * wide), LEVEL).at(target)?;
                write_staged(&row.join(x.to_string()), &packed).map_err(|e| e.within(target))?;
            }
        }
        Ok(())
    }

    /// A chunk's values; 0 where it reaches beyond the volume.
    fn gather(&self, layer: &[u8], y: usize, x: usize) -> Vec<u8> {
        let [_, high, wide] = self.chunk;
        let (size, plane) = (self.header.voxel.bytes(), self.header.plane_bytes());
        let mut chunk = vec![0; self.chunk.iter().product::<usize>() * size];
        let (rows, columns) = (high.min(self.header.ny() - y), wide.min(self.header.nx() - x));
        for (z, from) in layer.chunks_exact(plane).enumerate() {
            for row in 0..rows {
                let to = (z * high + row) * wide * size;
                let at = ((y + row) * self.header.nx() + x) * size;
                chunk[to..to + columns * size].copy_from_slice(&from[at..at + columns * size]);
            }
        }
        chunk
    }
}

impl Sink for ChunksSink {
    fn ordered(&self) -> bool {
        true
    }

    fn watch(&mut self, run: &Run) {
        self.stop = run.stop();
    }

    fn write(&self, frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()> {
        if cfg!(target_endian = "big") {
            return Err(Error::unsupported("writing on a big-endian machine"));
        }
        let mut layer = self.layer.lock().unwrap_or_else(PoisonError::into_inner);
        for (z, plane) in z.zip(bytes.chunks_exact(self.header.plane_bytes())) {
            let end = z + 1;
            let whole = end.is_multiple_of(self.chunk[0]) || end == self.header.nz();
            if whole && layer.is_empty() {
                self.flush(frame, end, plane)?;
                continue;
            }
            let more = self.chunk[0] * plane.len() - layer.len();
            layer.reserve_exact(more);
            layer.extend_from_slice(plane);
            if whole {
                self.flush(frame, end, &layer)?;
                layer.clear();
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        Ok(vec![self.folder.finish(&self.stop)?])
    }
}
