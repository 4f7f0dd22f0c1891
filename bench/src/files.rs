//! Scans on disk, timed: `isovox-bench open|headers|save PATH OUT THREADS RUNS`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use isovox_engine::collect::collect;
use isovox_engine::{OpenScan, open_scan, write};
use isovox_formats::Target;
use isovox_volume::{Error, Result, Run};
use serde_json::{Value, json};

use crate::{cpu, hex, number};

/// The best of some runs: `open` reads a scan into memory, `headers` opens it, `save` writes it to OUT.
pub(crate) fn time([what, path, out, threads, runs]: [&str; 5]) -> Result<Value> {
    let (threads, runs) = (number(threads)?, number(runs)?);
    let times: Vec<Value> = (0..runs).map(|_| once(what, path.as_ref(), out, threads)).collect::<Result<_>>()?;
    let best = times.into_iter().min_by(|a, b| a["cpu_s"].as_f64().unwrap_or(0.0).total_cmp(&b["cpu_s"].as_f64().unwrap_or(0.0)));
    best.ok_or_else(|| Error::parameter("no runs"))
}

fn once(what: &str, path: &Path, out: &str, threads: usize) -> Result<Value> {
    let run = Run::new(threads, 16 << 30, std::env::temp_dir());
    let (began, before) = (Instant::now(), cpu());
    let scan = open_scan(&[path.to_path_buf()], &OpenScan::default())?;
    scan.source.prepare(&run)?;
    let volume = match what {
        "open" => Some(collect(&run, scan.source.as_ref(), "opening")?.into_volume()),
        "headers" => None,
        "save" => {
            let target = Target { path: PathBuf::from(out), force: true, provenance: None };
            write::volume(&run, scan.source.as_ref(), &target)?;
            None
        }
        other => return Err(Error::parameter(other).expected("open, headers or save")),
    };
    let (wall, spent, peak) = (began.elapsed().as_secs_f64(), cpu() - before, isovox_jobs::clock::peak_memory_mb());
    Ok(json!({"cpu_s": spent, "wall_s": wall, "peak_mb": peak, "result": volume.map(|v| hex(v.data().bytes()))}))
}
