//! Opening a sequence, and its planes as a source.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Geometry, Header, Problem, Result, Run, Slab, SliceRow, Source, Verdict};
use serde_json::Value;

use super::PROVENANCE;
use super::names::{self, Chosen};
use super::picture::{Picture, sniff};
use super::skyscan::{self, Said};
use crate::embed;
use crate::format::{Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::tiff;

/// Opens a picture, or the slices among several files.
pub(super) fn open(given: Given, options: &OpenOptions) -> Result<Scan> {
    let chosen = match given {
        Given::One(input) => Chosen { slices: vec![input], others: Vec::new(), warnings: Vec::new(), gaps: false },
        Given::Many(inputs) => names::choose(inputs)?,
    };
    let Some(first) = chosen.slices.first() else { return Err(Error::not_found("no picture among the files")) };
    if chosen.slices.len() == 1 && tiff::is_tiff(&first.head(4)?) {
        let scan = tiff::open(first, options)?;
        return if chosen.warnings.is_empty() { Ok(scan) } else { Ok(Scan { source: Arc::new(Warned::new(scan.source, chosen.warnings)), ..scan }) };
    }
    let format = match (chosen.slices.len(), sniff(&first.head(16)?)) {
        (1, Some("png")) => "png",
        (1, Some("jpeg")) => "jpeg",
        _ => "sequence",
    };
    let mut files = chosen.slices.clone();
    let log = skyscan::beside(first);
    files.extend(log.iter().map(|(_, input)| input.clone()));
    let provenance = first.sibling(PROVENANCE).ok().and_then(|p| read_provenance(&p));
    let slices = Slices::open(chosen, provenance.as_ref(), log.map(|(said, _)| said), options)?;
    Ok(Scan { format, source: Arc::new(slices), files, provenance })
}

fn read_provenance(input: &Input) -> Option<Value> {
    let bytes = input.all(embed::LONGEST as u64).ok()?;
    serde_json::from_slice::<Value>(&bytes).ok().filter(|v| v.get("isovox").is_some())
}

/// Pictures as planes, each decoded when asked for.
struct Slices {
    header: Header,
    pictures: Vec<Picture>,
}

impl Slices {
    fn open(chosen: Chosen, provenance: Option<&Value>, log: Option<Said>, options: &OpenOptions) -> Result<Slices> {
        let pictures: Vec<Picture> = chosen.slices.iter().map(|input| Picture::open(input, options)).collect::<Result<_>>()?;
        let first = &pictures[0];
        if let Some(other) = pictures.iter().find(|p| p.named() != first.named()) {
            return Err(Error::unsupported("slices of mixed sizes or types")
                .found(other.named())
                .expected(format_args!("{} as {}", first.named(), first.input.name()))
                .help("take it out of the folder, or name the slices with a glob")
                .within(other.input.path()));
        }
        if options.white_is_zero && sniff(&first.input.head(16)?) != Some("tiff") {
            return Err(Error::parameter("--white-is-zero").expected("raw data or TIFF").help("leave it out").within(first.input.path()));
        }
        let mut header = Header::new([pictures.len(), first.height, first.width], 1, first.voxel).map_err(|e| e.within(first.input.path()))?;
        embed::obey(provenance, &mut header);
        place(&mut header, &pictures, &chosen, provenance);
        if let Some(said) = log.filter(|_| pictures.iter().all(|p| !p.geometry.has_scale()) && !embed::says_voxel(provenance)) {
            by_log(&mut header, &said, chosen.gaps);
        }
        header.verdict.slices = rows(&chosen, &header);
        header.warnings.extend(chosen.warnings);
        header.warnings.extend(shared(&pictures));
        header.meta.insert("files".into(), chosen.slices.iter().map(Input::name).collect());
        Ok(Slices { header, pictures })
    }
}

/// The place that every slice states alike.
fn place(header: &mut Header, pictures: &[Picture], chosen: &Chosen, provenance: Option<&Value>) {
    let geometry = &pictures[0].geometry;
    if !geometry.has_scale() || embed::says_voxel(provenance) {
        header.verdict = Verdict::unknown("pictures state no distance between slices");
        return;
    }
    if pictures.iter().any(|p| p.geometry != *geometry) {
        header.verdict = Verdict::unknown("the slices state several voxel sizes");
        header.warnings.push("the slices state several voxel sizes: not used; give --voxel-size".into());
        return;
    }
    header.geometry = Geometry::clone(geometry);
    header.verdict = if chosen.gaps {
        Verdict { uniform: Some(false), problems: vec![Problem::Gaps], ..Verdict::unknown("numbers are missing among the slices") }
    } else {
        Verdict::of(geometry, "the voxel size that each slice states")
    };
}

/// The voxel size that a scanner's log beside the slices states, where they state none.
fn by_log(header: &mut Header, said: &Said, gaps: bool) {
    let Some(geometry) = Geometry::local(said.spacing) else { return };
    header.verdict = if gaps {
        Verdict { uniform: Some(false), problems: vec![Problem::Gaps], ..Verdict::unknown("numbers are missing among the slices") }
    } else {
        Verdict::of(&geometry, &format!("the voxel size stated by {}", said.evidence))
    };
    header.geometry = geometry;
    header.warnings.push(format!("the voxel size is that of {}; the slices themselves state none", said.evidence));
}

/// The slices in order, then the pictures that are none; positions where the pictures state a distance and none is missing.
fn rows(chosen: &Chosen, header: &Header) -> Arc<[SliceRow]> {
    let name = |input: &Input| input.name().rsplit('/').next().unwrap_or_default().to_string();
    let step = header.geometry.spacing().map(|s| s[2]).filter(|_| header.verdict.uniform == Some(true));
    let row = |(z, input): (usize, &Input)| SliceRow { file: name(input), position_mm: step.map(|step| z as f64 * step), gap_mm: step.filter(|_| z > 0), ..SliceRow::default() };
    let other = |input: &Input| SliceRow { file: name(input), reason: Some("its name or kind is not that of the slices".into()), ..SliceRow::default() };
    chosen.slices.iter().enumerate().map(row).chain(chosen.others.iter().map(other)).collect()
}

/// Warnings of the pictures, each once.
fn shared(pictures: &[Picture]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for warning in pictures.iter().flat_map(|p| &p.warnings) {
        if !warnings.contains(warning) && warnings.len() < 20 {
            warnings.push(warning.clone());
        }
    }
    warnings
}

struct Walk<'a> {
    slices: &'a Slices,
    run: &'a Run,
    pool: Pool,
}

impl Slices {
    fn fill(&self, run: &Run, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let planes = out.chunks_exact_mut(self.header.plane_bytes());
        self.pictures[z].iter().zip(planes).try_for_each(|(picture, plane)| picture.decode(run, plane))
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let (slices, run) = (self.slices, self.run);
        self.pool.slab(z.clone(), slices.header.voxel, slices.header.plane(), |out| slices.fill(run, z, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.slices.fill(self.run, z, out)
    }
}

impl Source for Slices {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, _frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { slices: self, run, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let most = self.pictures.iter().map(Picture::flight).max().unwrap_or(0);
        self.header.plane_bytes().saturating_mul(planes).saturating_add(most)
    }
}

/// A source that says more.
struct Warned {
    inner: Arc<dyn Source>,
    header: Header,
}

impl Warned {
    fn new(inner: Arc<dyn Source>, warnings: Vec<String>) -> Warned {
        let mut header = inner.header().clone();
        header.warnings.extend(warnings);
        Warned { inner, header }
    }
}

impl Source for Warned {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.inner.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        self.inner.open(run, frame, z)
    }

    fn flight(&self, planes: usize) -> usize {
        self.inner.flight(planes)
    }

    fn lends(&self) -> bool {
        self.inner.lends()
    }
}
