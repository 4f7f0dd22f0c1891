//! What a run promises beside its bits: it can be stopped, says how far it is, fails in one way, and keeps to its memory.

#[path = "engine/leaf.rs"]
mod leaf;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use isovox_engine::keep::Keep;
use isovox_engine::{Pipeline, collect, write};
use isovox_formats::Target;
use isovox_ops::Access;
use isovox_ops::access::{Halo, Near, Whole};
use isovox_ops::spec::{Kind as Noun, Operation, Port, Spec, Values};
use isovox_volume::{Header, Kind, Object, Result, Run, Scalar, Source, Table};

use crate::leaf::{Event, Planes};

const ROOMY: usize = 1 << 32;

/// An operation by its words: `threshold lower=2`.
fn op(words: &str) -> Box<dyn Operation> {
    let mut words = words.split(' ');
    let name = words.next().unwrap();
    let mut values = Values::default();
    words.filter_map(|w| w.split_once('=')).for_each(|(key, value)| values.set(key, value));
    (isovox_ops::find(name).unwrap().build)(&values).unwrap()
}

fn chain(source: Arc<dyn Source>, words: &str) -> Pipeline {
    words.split(" ! ").filter(|w| !w.is_empty()).fold(Pipeline::new(source), |p, words| p.then(op(words), Vec::new()).unwrap())
}

/// Runs a chain to its end; a volume goes to a file.
fn finish(pipeline: Pipeline, run: &Run, path: &Path) -> Result<()> {
    match pipeline.run(run)?.object {
        Object::Volume(source) => {
            let target = Target { path: path.to_path_buf(), force: false, provenance: None };
            write::volume(run, source.as_ref(), &target).map(drop)
        }
        _ => Ok(()),
    }
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Interrupted at a plane, by another thread: planes still pulled are those in flight, and no file is left, whole or partial.
#[track_caller]
fn check_cancelled(words: &str, name: &str, threads: usize) {
    let (out, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let flag = Arc::new(AtomicBool::new(false));
    let (ask, asked) = std::sync::mpsc::channel();
    let (told, tell) = std::sync::mpsc::channel();
    let interrupter = std::thread::spawn({
        let flag = flag.clone();
        move || {
            asked.recv().unwrap();
            flag.store(true, Ordering::Relaxed);
            told.send(()).unwrap();
        }
    });
    let (ask, tell) = (Mutex::new(ask), Mutex::new(tell));
    let late = Arc::new(AtomicUsize::new(0));
    let event: Event = Arc::new({
        let (flag, late) = (flag.clone(), late.clone());
        move |_, z| {
            if z == 40 {
                let _ = ask.lock().unwrap().send(());
                let _ = tell.lock().unwrap().recv();
            } else if flag.load(Ordering::Relaxed) {
                late.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }
    });
    let source = Planes::new([20_000, 3, 4], 1, event);
    let run = Run::new(threads, ROOMY, temp.path().to_path_buf()).with_slab(8).with_cancel(flag);
    let error = finish(chain(source, words), &run, &out.path().join(name)).unwrap_err();
    interrupter.join().unwrap();
    assert_eq!(error.kind(), Kind::Cancelled);
    assert!(late.load(Ordering::Relaxed) <= 2 * 8 * threads, "{} planes after the interruption", late.load(Ordering::Relaxed));
    assert_eq!((entries(out.path()), entries(temp.path())), (0, 0), "files are left");
}

#[test]
fn an_interrupted_run_stops_and_leaves_nothing() {
    for threads in [1, 2, 4] {
        check_cancelled("", "out.mha", threads);
        check_cancelled("threshold lower=3", "out.nii.gz", threads);
        check_cancelled("otsu", "out.mha", threads);
        check_cancelled("label", "out.mha", threads);
        check_cancelled("statistics", "", threads);
    }
}

/// Interrupts its run when it is first called, and counts the rows made from then on.
struct Stopping(Arc<AtomicBool>, AtomicUsize);

impl Halo for Stopping {
    type Out<T: Scalar> = T;

    fn halo(&self, _input: &Header) -> usize {
        1
    }

    fn rows<T: Scalar>(&self, _input: &Header, _near: &Near<'_, T>, y: std::ops::Range<usize>, _out: &mut [T]) {
        self.0.store(true, Ordering::Relaxed);
        self.1.fetch_add(y.len(), Ordering::Relaxed);
    }
}

#[test]
fn an_interruption_waits_for_a_few_rows_not_for_planes() {
    for threads in [1, 4] {
        let temp = tempfile::tempdir().unwrap();
        let flag = Arc::new(AtomicBool::new(false));
        let slow = Arc::new(Stopping(flag.clone(), AtomicUsize::new(0)));
        let run = Run::new(threads, ROOMY, temp.path().to_path_buf()).with_slab(3).with_cancel(flag);
        let pipeline = Pipeline::new(Planes::noise([9, 500, 10], 1)).then(Box::new(Hand(Access::Halo(slow.clone()))), Vec::new()).unwrap();
        let error = finish(pipeline, &run, &temp.path().join("out.mha")).unwrap_err();
        assert_eq!(error.kind(), Kind::Cancelled);
        let rows = slow.1.load(Ordering::Relaxed);
        assert!(rows <= 16 * threads, "{rows} rows");
    }
}

#[test]
fn an_interruption_does_not_wait_for_a_compressor() {
    for name in ["out.nii.gz", "out.npz"] {
        let folder = tempfile::tempdir().unwrap();
        let header = Header::new([1, 3000, 3000], 1, isovox_volume::Type::U8).unwrap();
        let target = Target { path: folder.path().join(name), force: false, provenance: None };
        let mut sink = isovox_formats::create(&target, &header).unwrap();
        let flag = Arc::new(AtomicBool::new(false));
        let run = Run::new(1, ROOMY, folder.path().to_path_buf()).with_cancel(flag.clone());
        sink.watch(&run);
        flag.store(true, Ordering::Relaxed);
        assert_eq!(sink.write(0, 0..1, &vec![7; header.bytes()]).unwrap_err().kind(), Kind::Cancelled, "{name}");
    }
}

/// A phase as it was told: name, steps done each time, steps in all.
type Told = (String, Vec<u64>, u64);

fn phases(words: &str, threads: usize, slab: usize) -> Vec<Told> {
    let (out, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let told: Arc<Mutex<Vec<Told>>> = Arc::default();
    let hear = told.clone();
    let run = Run::new(threads, ROOMY, temp.path().to_path_buf()).with_slab(slab).with_progress(Arc::new(move |phase| {
        let mut told = hear.lock().unwrap();
        match told.last_mut() {
            Some((name, done, of)) if phase.done > 0 && *name == phase.name && *of == phase.of => done.push(phase.done),
            _ => told.push((phase.name.clone(), vec![phase.done], phase.of)),
        }
    }));
    finish(chain(Planes::noise([50, 9, 8], 2), words), &run, &out.path().join("out.mha")).unwrap();
    std::mem::take(&mut *told.lock().unwrap())
}

/// Each phase begins at 0, never goes back, and ends at all of its steps.
#[track_caller]
fn check_progress(words: &str, expect: &[(&str, u64)]) {
    for (threads, slab) in [(1, 1), (1, 7), (1, 0), (2, 7), (4, 1)] {
        let told = phases(words, threads, slab);
        let names: Vec<(&str, u64)> = told.iter().map(|(name, _, of)| (name.as_str(), *of)).collect();
        assert_eq!(names, expect);
        for (name, done, of) in &told {
            assert_eq!((done[0], done[done.len() - 1]), (0, *of), "{name}: {done:?}");
            assert!(done.is_sorted(), "{name}: {done:?}");
        }
    }
}

#[test]
fn phases_are_told_from_nothing_to_all() {
    check_progress("threshold lower=9", &[("writing out.mha", 100)]);
    check_progress("otsu", &[("otsu", 100), ("writing out.mha", 100)]);
    // Frames are labelled apart.
    check_progress("otsu ! label", &[("otsu", 100), ("label", 50), ("label", 50), ("writing out.mha", 100)]);
    check_progress("histogram", &[("histogram", 100)]);
}

/// Planes 12, 30 and 44 fail, the lowest last: it decides, whoever meets which first.
#[track_caller]
fn check_error(words: &str) {
    for (threads, slab) in [(1, 1), (1, 7), (1, 0), (2, 1), (2, 7), (2, 0), (4, 1), (4, 7), (4, 3)] {
        let event: Event = Arc::new(|_, z| match z {
            12 => {
                std::thread::sleep(std::time::Duration::from_millis(3));
                Err(isovox_volume::Error::corrupt("plane 12"))
            }
            30 | 44 => Err(isovox_volume::Error::corrupt(format_args!("plane {z}"))),
            // So long that the sweep starts its further threads.
            _ => {
                std::thread::sleep(std::time::Duration::from_micros(250));
                Ok(())
            }
        });
        let (out, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run = Run::new(threads, ROOMY, temp.path().to_path_buf()).with_slab(slab);
        let error = finish(chain(Planes::new([48, 4, 4], 1, event), words), &run, &out.path().join("out.nii.gz")).unwrap_err();
        assert_eq!(error.to_string(), "plane 12", "{words:?}, {threads} threads, slab {slab}");
        assert_eq!(entries(out.path()), 0);
    }
}

#[test]
fn the_lowest_failing_plane_decides_the_error() {
    check_error("");
    check_error("threshold lower=3");
    check_error("label");
    check_error("statistics");
}

/// Labels two frames of which the second fails at first: the first is not read again.
#[test]
fn a_frame_that_is_joined_stays_joined() {
    let (well, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let event: Event = Arc::new({
        let (well, read) = (well.clone(), read.clone());
        move |frame, z| {
            read.fetch_add(usize::from(frame == 0), Ordering::Relaxed);
            if frame == 1 && z == 3 && !well.load(Ordering::Relaxed) { Err(isovox_volume::Error::corrupt("plane 3")) } else { Ok(()) }
        }
    });
    let run = Run::new(1, ROOMY, std::env::temp_dir());
    let Access::Join(label) = op("label").access() else { panic!("label joins") };
    let source = isovox_engine::adapt::join::JoinSource::new("label", label, Planes::new([9, 3, 4], 2, event)).unwrap();
    assert!(source.prepare(&run).is_err());
    well.store(true, Ordering::Relaxed);
    source.prepare(&run).unwrap();
    assert_eq!(read.load(Ordering::Relaxed), 9);
}

/// An operation given by its access alone.
struct Hand(Access);

impl Operation for Hand {
    fn spec(&self) -> Spec {
        let input = Port { name: "input", kind: Noun::Scalar, required: true };
        Spec { name: "by-hand", brief: "", text: "", access: "", inputs: vec![input], output: Noun::Volume, parameters: Vec::new(), example: "", references: &[] }
    }

    fn parameters(&self) -> serde_json::Value {
        serde_json::json!({})
    }

    fn access(self: Box<Self>) -> Access {
        self.0
    }
}

/// Needs everything, and ten bytes a voxel beside.
struct All;

impl Whole for All {
    type Out<T: Scalar> = T;

    fn memory(&self, input: &Header) -> usize {
        10 * input.voxels()
    }

    fn run<T: Scalar>(&self, _input: &Header, voxels: &[T], out: &mut [T]) {
        out.copy_from_slice(voxels);
    }
}

/// Needs so many planes on both sides.
struct Tall(usize);

impl Halo for Tall {
    type Out<T: Scalar> = T;

    fn halo(&self, _input: &Header) -> usize {
        self.0
    }

    fn rows<T: Scalar>(&self, input: &Header, near: &Near<'_, T>, y: std::ops::Range<usize>, out: &mut [T]) {
        y.zip(out.chunks_exact_mut(input.nx())).for_each(|(y, out)| out.copy_from_slice(near.row(0, y)));
    }
}

/// Refused for its memory before a voxel is read.
#[track_caller]
fn check_refused(limit: usize, build: impl Fn(Pipeline) -> Pipeline) {
    for threads in [1, 4] {
        let source = Planes::noise([60, 40, 50], 1);
        let (out, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run = Run::new(threads, limit, temp.path().to_path_buf());
        let error = finish(build(Pipeline::new(source.clone())), &run, &out.path().join("out.mha")).unwrap_err();
        assert_eq!(error.kind(), Kind::Memory, "{error}");
        assert_eq!(source.opened(), 0, "the leaf was opened before the refusal");
        assert_eq!(entries(out.path()), 0);
    }
}

fn tall(planes: usize) -> Box<dyn Operation> {
    Box::new(Hand(Access::Halo(Arc::new(Tall(planes)))))
}

fn whole() -> Box<dyn Operation> {
    Box::new(Hand(Access::Whole(Arc::new(All))))
}

#[test]
fn memory_is_refused_before_a_voxel_is_read() {
    let plane = 40 * 50;
    check_refused(60 * plane, |p| p.then(whole(), Vec::new()).unwrap());
    check_refused(20 * plane, |p| p.then(tall(30), Vec::new()).unwrap());
    check_refused(20 * plane, |p| p.then(tall(30), Vec::new()).unwrap().then(op("label"), Vec::new()).unwrap());
    // What cannot be held comes after steps that could begin.
    check_refused(20 * plane, |p| p.then(op("otsu"), Vec::new()).unwrap().then(tall(30), Vec::new()).unwrap().then(op("label"), Vec::new()).unwrap());
    // Enough for what flows, not for the quarter that a sweep leases beside it.
    check_refused(270 * plane, |p| p.then(op("otsu"), Vec::new()).unwrap().then(tall(30), Vec::new()).unwrap().then(op("label"), Vec::new()).unwrap());
    check_refused(20 * plane, |p| p.then(op("otsu"), Vec::new()).unwrap().then(tall(30), Vec::new()).unwrap().then(op("statistics"), Vec::new()).unwrap());
    check_refused(60 * plane, |p| p.then(op("otsu"), Vec::new()).unwrap().then(whole(), Vec::new()).unwrap().then(op("label"), Vec::new()).unwrap());
}

/// How a step that is pulled twice was kept.
#[derive(Debug, PartialEq)]
enum Kept {
    /// In memory or spilled: each plane of the leaf is computed once, apart from halos.
    Once,
    /// Computed again by each sweep.
    Again,
}

fn kept(run: &Run) -> (Kept, Vec<u8>) {
    let source = Planes::noise([60, 20, 30], 2);
    let outcome = chain(source.clone(), "otsu").run(run).unwrap();
    let Object::Volume(volume) = outcome.object else { panic!("otsu gives a volume") };
    let bytes = collect::collect(&Run::new(2, ROOMY, run.temp.clone()), volume.as_ref(), "collecting").unwrap().volume().data().bytes().to_vec();
    let how = if source.pulled() == 120 { Kept::Once } else { Kept::Again };
    (how, bytes)
}

#[test]
fn a_step_kept_spilled_or_made_again_has_the_same_bits() {
    let temp = tempfile::tempdir().unwrap();
    let nowhere = temp.path().join("missing");
    let (memory, bytes) = kept(&Run::new(1, ROOMY, nowhere.clone()));
    let tight = 40_000;
    let spilled = kept(&Run::new(1, tight, temp.path().to_path_buf()));
    let again = kept(&Run::new(1, tight, nowhere));
    assert_eq!((memory, &spilled.0, &again.0), (Kept::Once, &Kept::Once, &Kept::Again));
    assert!(bytes == spilled.1 && bytes == again.1);
    assert_eq!(entries(temp.path()), 0, "spilled files have no name");
}

#[test]
fn several_threads_fill_one_kept_step() {
    let temp = tempfile::tempdir().unwrap();
    for threads in [1, 2, 4] {
        let source = Keep::wrap(Planes::noise([90, 10, 10], 1));
        let run = Run::new(threads, ROOMY, temp.path().to_path_buf()).with_slab(3);
        source.prepare(&run).unwrap();
        let first = collect::collect(&run, source.as_ref(), "once").unwrap();
        let second = collect::collect(&run, source.as_ref(), "twice").unwrap();
        let plain = collect::collect(&run, Planes::noise([90, 10, 10], 1).as_ref(), "plain").unwrap();
        let bytes = [&first, &second, &plain].map(|c| c.volume().data().bytes());
        assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
    }
}

#[test]
fn parked_parts_leave_no_file() {
    let temp = tempfile::tempdir().unwrap();
    let label = |limit: usize| {
        let run = Run::new(2, limit, temp.path().to_path_buf());
        let outcome = chain(Planes::noise([40, 30, 30], 1), "threshold lower=120 ! label ! measure").run(&run).unwrap();
        assert_eq!(entries(temp.path()), 0, "parked files have no name");
        assert!(run.peak() <= limit);
        match outcome.object {
            Object::Table(table) => table,
            other => panic!("{}", other.name()),
        }
    };
    assert!(label(ROOMY) == label(1_200_000));
}

fn statistics(threads: usize, slab: usize) -> Table {
    let source = Planes::floats([70, 7, 9]);
    let run = Run::new(threads, ROOMY, std::env::temp_dir()).with_slab(slab);
    match chain(source, "statistics").run(&run).unwrap().object {
        Object::Table(table) => table,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn inexact_sums_are_equal_for_all_cuts() {
    let expect = statistics(1, 70);
    for slab in 0..=71 {
        assert!(statistics([1, 2, 4][slab % 3], slab) == expect, "slab {slab}");
    }
}

#[test]
fn further_threads_do_work() {
    let seen: Arc<Mutex<std::collections::HashSet<std::thread::ThreadId>>> = Arc::default();
    let (hear, both) = (seen.clone(), std::sync::Barrier::new(2));
    let event: Event = Arc::new(move |_, z| {
        hear.lock().unwrap().insert(std::thread::current().id());
        // Two threads must meet here: one alone would wait for ever.
        if z == 20 || z == 40 {
            both.wait();
        }
        std::thread::sleep(std::time::Duration::from_micros(250));
        Ok(())
    });
    let run = Run::new(2, ROOMY, std::env::temp_dir()).with_slab(20);
    collect::collect(&run, Planes::new([60, 3, 3], 1, event).as_ref(), "two threads").unwrap();
    assert_eq!(seen.lock().unwrap().len(), 2);
}
