//! One operation on a raw volume in memory, timed: CPU seconds of all threads and wall seconds, and a hash of the result.
//!
//! `isovox-bench OP JSON_PARAMETERS TYPE XxYxZ FILE THREADS RUNS [OUT]` prints a line of JSON; OUT gets the result's voxels.
//! TYPE may end in `-mask` or in `-patient` (axes to the left, the back, the head; spacing 1 mm). [`files`] times scans on disk.

mod files;

use std::sync::Arc;
use std::time::Instant;

use isovox_engine::Pipeline;
use isovox_engine::collect::collect;
use isovox_engine::mesh;
use isovox_ops::geometry::crop::sizes;
use isovox_ops::spec::Values;
use isovox_volume::affine::IDENTITY;
use isovox_volume::memory::Memory;
use isovox_volume::{Block, Data, Error, Geometry, Header, Object, Quantity, QuantityKind, Result, Run, Source, Space, Type, Volume};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The published pore recipe, with the hashes of its mask and labels, in place of an operation.
const RECIPE: &str = "recipe";

fn cpu() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

fn volume(path: &str, voxel: Type, size: &str, kind: &str) -> Result<Volume> {
    let [x, y, z] = sizes(size)?;
    let mut header = Header::new([z, y, x], 1, voxel)?;
    if kind == "patient" {
        header.geometry = Geometry::new(Space::Patient, IDENTITY).expect("the plainest of all");
    }
    if kind == "mask" {
        header.quantity = Quantity::certain(QuantityKind::Mask, "said to be");
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io(&e, path.as_ref()))?;
    let mut memory = Memory::zeroed(bytes.len())?;
    memory.bytes_mut().expect("fresh memory is ours").copy_from_slice(&bytes);
    let data = Data::new(Block::new(memory), voxel, 0, header.voxels())?;
    Volume::new(header, data)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(Error::parameter)
}

fn once(input: &Arc<Volume>, op: &str, parameters: &Values, threads: usize, out: Option<&String>) -> Result<(f64, f64, String)> {
    let run = Run::new(threads, 16 << 30, std::env::temp_dir());
    let (began, before) = (Instant::now(), cpu());
    if op == RECIPE {
        let scan: Arc<dyn Source> = input.clone();
        let literal = isovox_jobs::pores::literal(&run, &scan)?;
        return Ok((cpu() - before, began.elapsed().as_secs_f64(), literal.components.to_string()));
    }
    let step = (isovox_ops::find(op)?.build)(parameters)?;
    let outcome = Pipeline::new(input.clone()).then(step, Vec::new())?.run(&run)?;
    let mut triangles = 0;
    let done = match &outcome.object {
        Object::Volume(source) => Some(collect(&run, source.as_ref(), "bench")?.into_volume()),
        Object::Mesh(source) => {
            triangles = mesh::collect(&run, source.as_ref())?.1.triangles;
            None
        }
        _ => None,
    };
    let (wall, spent) = (began.elapsed().as_secs_f64(), cpu() - before);
    if let (Some(volume), Some(out)) = (&done, out) {
        std::fs::write(out, volume.data().bytes()).map_err(|e| Error::io(&e, out.as_ref()))?;
    }
    let hash = match (&outcome.object, done) {
        (_, Some(volume)) => hex(volume.data().bytes()),
        (Object::Table(table), None) => table.rows().to_string(),
        (Object::Mesh(_), None) => triangles.to_string(),
        _ => String::new(),
    };
    Ok((spent, wall, hash))
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [what, path, out, threads, runs] = &words[..] {
        println!("{}", files::time([what, path, out, threads, runs])?);
        return Ok(());
    }
    let [op, parameters, voxel, size, path, threads, runs, out @ ..] = &words[..] else {
        return Err(Error::parameter("isovox-bench OP JSON TYPE XxYxZ FILE THREADS RUNS [OUT]"));
    };
    let json = serde_json::from_str(parameters).map_err(Error::parameter)?;
    let parameters = Values::from_json(&json);
    let (voxel, kind) = voxel.split_once('-').unwrap_or((voxel, ""));
    let input = Arc::new(volume(path, Type::from_name(voxel).ok_or_else(|| Error::parameter(voxel))?, size, kind)?);
    let mut best: Option<(f64, f64, String)> = None;
    for _ in 0..number(runs)? {
        let now = once(&input, op, &parameters, number(threads)?, out.first())?;
        if best.as_ref().is_none_or(|b| now.0 < b.0) {
            best = Some(now);
        }
    }
    let (spent, wall, result) = best.ok_or_else(|| Error::parameter("no runs"))?;
    println!("{}", json!({"op": op, "cpu_s": spent, "wall_s": wall, "result": result}));
    Ok(())
}
