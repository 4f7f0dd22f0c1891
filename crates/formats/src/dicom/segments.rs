//! Segmentations: segments as labels, or, where they overlap or are fractions, as frames (PS3.3 C.8.20).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, FrameAxis, Frames, Header, Problem, Quantity, QuantityKind, Result, Run, Slab, Source, Type};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::geometry;
use super::order::{self, Ordered};
use super::slice::Slice;
use super::stored::{Scratch, Stored};
use super::wire::Head;

/// How far a distance may lie from a whole number of steps, steps.
const NEAR: f64 = 0.01;

/// Planes that stand for frames which a writer left out because they are empty.
const MOST: usize = 1 << 16;

/// Segments that are frames of their own.
const MOST_APART: usize = 256;

/// What a file says of its segments.
struct Told {
    /// `FRACTIONAL` with its kind and the value that stands for 1, or neither.
    fractional: Option<(String, f64)>,
    /// Whether they overlap, where that is said.
    overlap: Option<bool>,
    names: BTreeMap<u16, String>,
}

/// One frame of the file: whose pixels they are, and where they lie in it.
#[derive(Clone)]
struct Mask {
    segment: u16,
    stored: Arc<Stored>,
    frame: usize,
}

/// Segments as a source.
pub(super) struct Segments {
    header: Header,
    /// The masks of each plane, frame by frame.
    planes: Vec<Vec<Mask>>,
    fractions: bool,
}

/// Whether slices are frames of a segmentation.
pub(super) fn are(slices: &[Slice]) -> bool {
    slices.iter().all(|s| s.segment.is_some())
}

impl Segments {
    /// Of the frames of one file.
    ///
    /// Errors: `Unsupported` for several files, whose segments are numbered each from 1; those of reading the pixels.
    pub(super) fn open(slices: &[Slice]) -> Result<Segments> {
        let first = slices[0].clone();
        if slices.iter().any(|s| !Arc::ptr_eq(&s.stored, &first.stored)) {
            return Err(Error::unsupported("several segmentations at once").expected("one file").help("open one of the files"));
        }
        first.stored.check()?;
        let told = told(&first)?;
        let ordered = placed(slices)?;
        let mut planes: Vec<Vec<Mask>> = vec![Vec::new(); ordered.planes.len()];
        let places: Option<Vec<f64>> = ordered.planes.iter().map(|p| place(&ordered, p)).collect();
        for (n, slice) in slices.iter().enumerate() {
            let mask = Mask { segment: slice.segment.unwrap_or_default(), stored: slice.stored.clone(), frame: slice.frame };
            planes[places.as_ref().map_or(n, |p| nearest(p, place(&ordered, slice).unwrap_or_default()))].push(mask);
        }
        let mut numbers: Vec<u16> = slices.iter().filter_map(|s| s.segment).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let apart = told.fractional.is_some() || told.overlap.map_or_else(|| overlap(&planes), Ok)?;
        if apart && numbers.len() > MOST_APART {
            let error = Error::unsupported("segments that overlap").found(numbers.len()).expected(format_args!("at most {MOST_APART}"));
            return Err(error.within(first.input().path()));
        }
        if apart && numbers.len() > 1 {
            let of = |n: u16| planes.iter().map(move |p| p.iter().filter(|m| m.segment == n).cloned().collect::<Vec<Mask>>());
            planes = numbers.iter().flat_map(|&n| of(n).collect::<Vec<_>>()).collect();
        }
        let frames = if apart { numbers.len() } else { 1 };
        let header = header(&ordered, frames, &numbers, &told)?;
        Ok(Segments { header, planes, fractions: told.fractional.is_some() })
    }

    fn masks(&self) -> impl Iterator<Item = &Mask> {
        self.planes.iter().flatten()
    }

    fn paint(&self, masks: &[Mask], values: &mut Vec<u8>, scratch: &mut Scratch, out: &mut [u8]) -> Result<()> {
        out.fill(0);
        for mask in masks {
            values.resize(mask.stored.frame_bytes(), 0);
            mask.stored.decode(mask.frame, scratch, values)?;
            if self.fractions {
                out.copy_from_slice(values);
            } else if self.header.voxel == Type::U8 {
                mask.paint(values, out.as_chunks_mut().0, [mask.segment as u8])?;
            } else {
                mask.paint(values, out.as_chunks_mut().0, mask.segment.to_ne_bytes())?;
            }
        }
        Ok(())
    }
}

impl Mask {
    /// Whether each pixel is the segment's.
    fn held<'v>(&self, values: &'v [u8]) -> impl Iterator<Item = bool> + use<'v> {
        values.chunks_exact(self.stored.voxel().bytes()).map(|v| v.iter().any(|b| *b != 0))
    }

    fn paint<const N: usize>(&self, values: &[u8], out: &mut [[u8; N]], label: [u8; N]) -> Result<()> {
        for (held, out) in self.held(values).zip(out) {
            if !held {
                continue;
            }
            if *out != [0; N] && *out != label {
                let error = Error::corrupt("segments").found(format_args!("voxels of segment {} that are another's", self.segment));
                return Err(error.expected("none, as SegmentsOverlap says").within(self.stored.input.path()));
            }
            *out = label;
        }
        Ok(())
    }
}

fn told(slice: &Slice) -> Result<Told> {
    let head = Head::read(slice.input())?;
    let fields = head.fields();
    let fractional = fields.text(0x0062, 0x0001) == "FRACTIONAL";
    let overlap = match fields.text(0x0062, 0x0013).as_str() {
        "YES" => Some(true),
        "NO" => Some(false),
        _ => None,
    };
    Ok(Told { fractional: fractional.then(|| (fields.text(0x0062, 0x0010), fields.number(0x0062, 0x000E).unwrap_or(255.0))), overlap, names: names(&fields) })
}

/// The segments' labels, by their numbers; the background, which a label map lists as 0, is none.
fn names(fields: &Fields) -> BTreeMap<u16, String> {
    let named = |s: Fields| Some((s.number(0x0062, 0x0004)? as u16, s.text(0x0062, 0x0005)));
    fields.items(0x0062, 0x0002).filter_map(named).filter(|n| n.0 > 0).collect()
}

/// The segments of a label map, as `info --metadata` lists them; `None` of another image.
pub(super) fn label_map(slice: &Slice) -> Result<Option<Json>> {
    if slice.modality != "SEG" {
        return Ok(None);
    }
    let head = Head::read(slice.input())?;
    let fields = head.fields();
    Ok((fields.text(0x0062, 0x0001) == "LABELMAP").then(|| listed(&names(&fields))))
}

fn listed(names: &BTreeMap<u16, String>) -> Json {
    names.iter().map(|(number, label)| json!({"number": number, "label": label})).collect()
}

/// One slice for each plane; planes that every segment leaves out stand again, where steps are whole numbers of one, or of
/// `SpacingBetweenSlices`.
fn placed(slices: &[Slice]) -> Result<Ordered> {
    let mut ones: Vec<Slice> = Vec::new();
    for stack in order::positions(slices.to_vec()) {
        ones.extend(stack.into_iter().next());
    }
    let ordered = order::order(ones.clone())?;
    let only_gaps = ordered.verdict.problems.iter().all(|p| matches!(p, Problem::Gaps | Problem::Tilted));
    let Some(line) = ordered.line.as_ref().filter(|_| only_gaps) else { return Ok(ordered) };
    let steps: Vec<f64> = ordered.verdict.slices.iter().filter_map(|s| s.gap_mm).collect();
    let least = steps.iter().copied().fold(f64::INFINITY, f64::min);
    let step = slices[0].between.map(f64::abs).filter(|b| *b > 0.0 && *b <= least * (1.0 + NEAR)).unwrap_or(least);
    let times = |gap: f64| (gap / step).round();
    if steps.iter().any(|g| (g / step - times(*g)).abs() > NEAR) || steps.iter().map(|g| times(*g)).sum::<f64>() > MOST as f64 {
        return Ok(ordered);
    }
    for (slice, gap) in ordered.planes.iter().zip(&steps) {
        let between = (1..times(*gap) as usize).map(|n| line.further(slice.position.unwrap_or_default(), step * n as f64));
        ones.extend(between.map(|position| Slice { position: Some(position), ..slice.clone() }));
    }
    let missing = ones.len() - ordered.planes.len();
    if missing == 0 {
        return Ok(ordered);
    }
    let mut whole = order::order(ones)?;
    whole.warnings.push(format!("{missing} planes have no frame in the file: every segment is empty there"));
    Ok(whole)
}

/// How far along the normal a slice lies, mm; `None` without positions.
fn place(ordered: &Ordered, slice: &Slice) -> Option<f64> {
    Some(ordered.line.as_ref()?.along(slice.position?))
}

/// The plane that lies nearest to a place; planes ascend.
fn nearest(planes: &[f64], place: f64) -> usize {
    let above = planes.partition_point(|p| *p < place).min(planes.len() - 1);
    if above > 0 && place - planes[above - 1] < planes[above] - place { above - 1 } else { above }
}

/// Whether any voxel is of two segments.
fn overlap(planes: &[Vec<Mask>]) -> Result<bool> {
    let (mut values, mut scratch) = (Vec::new(), Scratch::default());
    for masks in planes.iter().filter(|m| m.len() > 1) {
        let mut taken = vec![0u16; masks[0].stored.rows * masks[0].stored.columns];
        for mask in masks {
            values.resize(mask.stored.frame_bytes(), 0);
            mask.stored.decode(mask.frame, &mut scratch, &mut values)?;
            for (taken, _) in taken.iter_mut().zip(mask.held(&values)).filter(|(_, held)| *held) {
                if *taken != 0 && *taken != mask.segment {
                    return Ok(true);
                }
                *taken = mask.segment;
            }
        }
    }
    Ok(false)
}

fn header(ordered: &Ordered, frames: usize, numbers: &[u16], told: &Told) -> Result<Header> {
    let first = &ordered.planes[0];
    let voxel = match told.fractional {
        Some(_) => first.stored.voxel(),
        None if numbers.iter().all(|n| *n <= 255) => Type::U8,
        None => Type::U16,
    };
    let mut header = Header::new([ordered.planes.len(), first.rows(), first.columns()], frames, voxel).map_err(|e| e.within(first.input().path()))?;
    let (geometry, warning) = geometry::of(ordered);
    header.geometry = geometry;
    header.verdict = ordered.verdict.clone();
    header.verdict.slices = Arc::default();
    header.quantity = match &told.fractional {
        Some((kind, most)) => Quantity::stored(&format!("DICOM segmentation: fractions ({kind}), {most} stands for 1")),
        None => Quantity::certain(QuantityKind::Label, "DICOM segmentation: numbers of segments"),
    };
    header.warnings.extend(ordered.warnings.iter().cloned());
    header.warnings.extend(warning);
    if frames > 1 {
        header.frames = Frames { count: frames, axis: FrameAxis::Unknown, values: numbers.iter().map(|&n| f64::from(n)).collect() };
        header.warnings.push("segments overlap, or are fractions: each is a frame of its own".into());
    }
    header.meta = super::metadata::of(first.input()).unwrap_or_default();
    header.meta.insert("segments".into(), listed(&told.names));
    Ok(header)
}

impl Source for Segments {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { of: self, run, first: frame * self.header.nz(), pool: Pool::default(), values: Vec::new(), scratch: Scratch::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let frame = self.masks().map(|m| m.stored.frame_bytes().saturating_add(m.stored.working_bytes())).max();
        self.header.plane_bytes().saturating_mul(planes).saturating_add(frame.unwrap_or(0))
    }

    /// Whether its pixels lie there as they are: decoding them again is dear.
    fn lends(&self) -> bool {
        self.masks().all(|m| m.stored.is_native())
    }
}

struct Walk<'a> {
    of: &'a Segments,
    run: &'a Run,
    first: usize,
    pool: Pool,
    values: Vec<u8>,
    scratch: Scratch,
}

impl Walk<'_> {
    fn painted(of: &Segments, first: usize, values: &mut Vec<u8>, scratch: &mut Scratch, out: &mut [u8]) -> Result<()> {
        let planes = out.chunks_exact_mut(of.header.plane_bytes());
        of.planes[first..].iter().zip(planes).try_for_each(|(masks, out)| of.paint(masks, values, scratch, out))
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        self.run.check()?;
        let (of, first, values, scratch) = (self.of, self.first + z.start, &mut self.values, &mut self.scratch);
        self.pool.slab(z, of.header.voxel, of.header.plane(), |out| Walk::painted(of, first, values, scratch, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.run.check()?;
        Walk::painted(self.of, self.first + z.start, &mut self.values, &mut self.scratch, out)
    }
}
