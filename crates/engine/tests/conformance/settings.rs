//! The ways in which a chain can be run, and the check that they all give the same bits.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use isovox_engine::{Pipeline, collect, write};
use isovox_ops::spec::Operation;
use isovox_volume::{Error, Header, Kind, Result, Run, Sink, Source, Volume};

use crate::found::Found;
use crate::leaf::Leaf;

/// All planes at once.
const ALL: usize = usize::MAX;

/// Memory in which nothing has to be spilled or parked.
const ROOMY: usize = 1 << 32;

/// How a volume's voxels are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pull {
    /// Into memory.
    Collect,
    /// Into a sink that takes planes in any order.
    Pour,
    /// Into a sink that takes planes in order.
    PourInOrder,
    /// By one cursor, in steps of changing height.
    Walk,
}

/// One way of running.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    threads: usize,
    slab: usize,
    leaf: Leaf,
    /// The least memory in which it runs at all.
    tight: bool,
    pull: Pull,
}

const fn setting(threads: usize, slab: usize, leaf: Leaf, tight: bool, pull: Pull) -> Setting {
    Setting { threads, slab, leaf, tight, pull }
}

/// What all others are compared with: in memory, one thread, all planes at once.
pub(crate) const REFERENCE: Setting = setting(1, ALL, Leaf::Memory, false, Pull::Collect);

/// Every slab height with every number of threads, every leaf, every way to pull, roomy and tight.
pub(crate) fn many() -> Vec<Setting> {
    let mut list = Vec::new();
    for threads in [1, 2, 4] {
        list.extend([1, 7, ALL].map(|slab| setting(threads, slab, Leaf::Computed, false, Pull::Collect)));
    }
    for leaf in Leaf::ALL {
        list.push(setting(4, 1, leaf, false, Pull::Pour));
        list.push(setting(2, 7, leaf, false, Pull::PourInOrder));
    }
    list.push(setting(1, 0, Leaf::Memory, false, Pull::Walk));
    list.push(setting(4, 7, Leaf::Memory, true, Pull::PourInOrder));
    list.push(setting(2, 0, Leaf::File, true, Pull::Pour));
    list.push(setting(2, 7, Leaf::Stream, true, Pull::Pour));
    list.push(setting(1, 0, Leaf::Computed, true, Pull::Walk));
    list
}

/// A few of them, for chains and for what differs in a parameter only.
pub(crate) fn some() -> Vec<Setting> {
    vec![
        setting(4, 1, Leaf::Computed, false, Pull::Collect),
        setting(2, 7, Leaf::Computed, false, Pull::Pour),
        setting(2, 7, Leaf::File, false, Pull::PourInOrder),
        setting(1, 0, Leaf::Mapped, false, Pull::Walk),
        setting(2, 0, Leaf::Stream, true, Pull::Pour),
    ]
}

/// A chain and what it is run on; each operation takes the further inputs that its ports name.
pub(crate) struct Case<'a> {
    pub(crate) chain: &'a dyn Fn() -> Result<Vec<Box<dyn Operation>>>,
    pub(crate) input: &'a Volume,
    pub(crate) others: &'a [(&'static str, Volume)],
}

/// What the reference gives (or why it refuses), once every setting was seen to give exactly that.
pub(crate) fn same_bits(case: &Case<'_>, settings: &[Setting]) -> std::result::Result<Result<Found>, String> {
    let folder = tempfile::tempdir().unwrap();
    let expect = case.run(&REFERENCE, folder.path());
    for s in settings {
        match (&expect, case.run(s, folder.path())) {
            (Ok(a), Ok(b)) if *a == b => {}
            (Ok(a), Ok(b)) => return Err(format!("{s:?}: {}", a.difference(&b))),
            (Err(a), Err(b)) if (a.kind(), a.to_string()) == (b.kind(), b.to_string()) => {}
            (Ok(_), Err(b)) => return Err(format!("{s:?}: {b}")),
            (Err(a), b) => return Err(format!("{s:?}: the reference refuses ({a}), this {}", b.map_or_else(|e| e.to_string(), |_| "does not".into()))),
        }
    }
    match std::fs::read_dir(folder.path()).unwrap().count() {
        0 => Ok(expect),
        left => Err(format!("{left} files left in the temporary folder")),
    }
}

impl Case<'_> {
    fn run(&self, setting: &Setting, folder: &Path) -> Result<Found> {
        if !setting.tight {
            return self.within(setting, folder, ROOMY);
        }
        let mut limit = 64;
        loop {
            match self.within(setting, folder, limit) {
                Err(e) if e.kind() == Kind::Memory && limit < ROOMY => limit *= 2,
                done => return done,
            }
        }
    }

    fn within(&self, setting: &Setting, folder: &Path, limit: usize) -> Result<Found> {
        let run = Run::new(setting.threads, limit, folder.to_path_buf()).with_slab(setting.slab);
        let mut pipeline = Pipeline::new(setting.leaf.source(self.input, folder));
        for op in (self.chain)()? {
            let ports = op.spec().inputs;
            let named = self.others.iter().filter(|(name, _)| ports.iter().any(|p| p.name == *name));
            let others = named.map(|(name, volume)| ((*name).to_string(), setting.leaf.source(volume, folder))).collect();
            pipeline = pipeline.then(op, others)?;
        }
        let outcome = pipeline.run(&run)?;
        let mut found = Found::of(&outcome.object, &run, |run, source| setting.pull.bytes(run, source))?;
        found.about += &format!("{:?}", outcome.steps);
        if run.peak() > limit {
            return Err(Error::memory("more was leased than the run may hold"));
        }
        Ok(found)
    }
}

impl Pull {
    fn bytes(self, run: &Run, source: &dyn Source) -> Result<Vec<u8>> {
        match self {
            Pull::Collect => Ok(collect::collect(run, source, "collecting")?.volume().data().bytes().to_vec()),
            Pull::Pour => pour(run, source, false),
            Pull::PourInOrder => pour(run, source, true),
            Pull::Walk => walk(run, source),
        }
    }
}

/// A sink into memory that holds its writers to the contract.
struct Poured {
    header: Header,
    ordered: bool,
    next: Mutex<usize>,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Sink for Poured {
    fn ordered(&self) -> bool {
        self.ordered
    }

    fn write(&self, frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()> {
        let (first, plane) = (frame * self.header.nz() + z.start, self.header.plane_bytes());
        assert_eq!(bytes.len(), z.len() * plane);
        let mut next = self.next.lock().unwrap();
        assert!(!self.ordered || *next == first, "planes come in order");
        *next += z.len();
        self.bytes.lock().unwrap()[first * plane..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        assert_eq!(*self.next.lock().unwrap(), self.header.nz() * self.header.frames.count, "each plane is written once");
        Ok(Vec::new())
    }
}

fn pour(run: &Run, source: &dyn Source, ordered: bool) -> Result<Vec<u8>> {
    let header = source.header().clone();
    let bytes = Arc::new(Mutex::new(vec![0; header.bytes()]));
    write::pour(run, source, Box::new(Poured { header, ordered, next: Mutex::new(0), bytes: bytes.clone() }), "pouring")?;
    Ok(std::mem::take(&mut bytes.lock().unwrap()))
}

/// Two cursors a frame, pulled and filled in turn.
fn walk(run: &Run, source: &dyn Source) -> Result<Vec<u8>> {
    let (nz, plane) = (source.header().nz(), source.header().plane_bytes());
    let mut bytes = vec![0; source.header().bytes()];
    for (frame, out) in bytes.chunks_exact_mut(nz * plane).enumerate() {
        let middle = nz / 3;
        let stretches = [0..middle, middle..nz].into_iter().filter(|z| !z.is_empty());
        for z in stretches {
            let mut cursor = source.open(run, frame, z.clone())?;
            let mut heights = [1, 2, 5, 3].into_iter().cycle();
            let mut at = z.start;
            while at < z.end {
                let now = at..(at + heights.next().unwrap()).min(z.end);
                let out = &mut out[now.start * plane..now.end * plane];
                if at % 2 == 0 {
                    cursor.fill(now.clone(), out)?;
                } else {
                    out.copy_from_slice(cursor.pull(now.clone())?.data.bytes());
                }
                at = now.end;
            }
        }
    }
    Ok(bytes)
}
