//! The order of a series' slices, its frames, and what their positions prove.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::geometry::Line;
use super::parted::{self, LeftOut, in_time};
use super::slice::Slice;
use crate::input::natural;
use isovox_volume::vector::dot;
use isovox_volume::{FrameAxis, Problem, Result, SliceRow, Verdict};

/// Positions closer than this are one, mm; finer where pixels are.
const SAME: f64 = 0.01;

/// Slices named in a verdict's text.
const NAMED: usize = 5;

/// Bytes of two files that are compared at a time.
const STEP: u64 = 1 << 20;

/// A series in order.
pub(super) struct Ordered {
    /// Frame by frame, each from the first to the last position.
    pub(super) planes: Vec<Slice>,
    pub(super) frames: usize,
    pub(super) axis: FrameAxis,
    /// Where the frames lie on the axis, where that is known.
    pub(super) values: Vec<f64>,
    /// From the first position to the last; `None` without positions.
    pub(super) line: Option<Line>,
    pub(super) verdict: Verdict,
    pub(super) warnings: Vec<String>,
}

impl Ordered {
    /// Planes of a frame.
    pub(super) fn depth(&self) -> usize {
        self.planes.len() / self.frames
    }
}

/// Puts slices of one size and orientation in order. Errors: reading what is compared.
pub(super) fn order(slices: Vec<Slice>) -> Result<Ordered> {
    let (slices, mut left_out) = without_copies(slices)?;
    let Some(normal) = normal(&slices) else { return Ok(without_positions(slices, &left_out)) };
    let at = |s: &Slice| dot(s.position.unwrap_or_default(), normal);
    let told = parted::part(stacks(slices, &at));
    let (stacks, frames) = (&told.stacks, told.stacks[0].len());
    left_out.extend(told.left_out.iter().cloned());
    let places: Vec<f64> = stacks.iter().map(|s| at(&s[0])).collect();
    let line = Line::through(&stacks.iter().filter_map(|s| s[0].position).collect::<Vec<_>>(), &places, normal);
    let planes: Vec<Slice> = (0..frames).flat_map(|f| stacks.iter().map(move |s| s[f].clone())).collect();
    let (mut verdict, line) = proven(&places, stacks, line);
    if frames > 1 && stacks.len() == 1 {
        verdict.problems.push(Problem::SamePosition);
        verdict.text = format!("{frames} slices at one position: frames, not a volume");
    }
    if told.doubles {
        verdict.problems.push(Problem::Duplicates);
        verdict.uniform = Some(false);
        verdict.text = format!("several slices at one position; {}", verdict.text);
    }
    verdict.slices = table(&planes, stacks.len(), Some(&at), &left_out);
    let mut warnings = said(&verdict);
    warnings.extend(named(&left_out));
    Ok(Ordered { axis: told.axis, values: told.values, planes, frames, line: Some(line), verdict, warnings })
}

/// The normal of slices that all have positions.
fn normal(slices: &[Slice]) -> Option<[f64; 3]> {
    slices[0].normal().filter(|_| slices.iter().all(|s| s.position.is_some()))
}

/// Slices that fit each other, parted where they are several volumes.
pub(super) fn volumes(slices: Vec<Slice>) -> Vec<Vec<Slice>> {
    if normal(&slices).is_none() {
        return vec![slices];
    }
    parted::volumes(&positions(slices.clone())).unwrap_or_else(|| vec![slices])
}

/// Slices of each position together, the positions ascending; each alone without positions.
pub(super) fn positions(slices: Vec<Slice>) -> Vec<Vec<Slice>> {
    match normal(&slices) {
        Some(normal) => stacks(slices, &|s| dot(s.position.unwrap_or_default(), normal)),
        None => slices.into_iter().map(|s| vec![s]).collect(),
    }
}

/// The slices but for copies of one file: the same UID and the same pixels.
fn without_copies(mut slices: Vec<Slice>) -> Result<(Vec<Slice>, Vec<LeftOut>)> {
    slices.sort_by(|a, b| natural(a.name(), b.name()).then_with(|| a.input().path().cmp(b.input().path())));
    // A file's images stand together, and share what is stored.
    let mut files: Vec<&Slice> = slices.iter().filter(|s| !s.image.is_empty()).collect();
    files.dedup_by(|b, a| Arc::ptr_eq(&a.stored, &b.stored));
    files.sort_by(|a, b| a.image.cmp(&b.image));
    let mut copies: Vec<(*const _, String)> = Vec::new();
    for pair in files.windows(2) {
        if pair[0].image == pair[1].image && same_pixels(pair[0], pair[1])? {
            copies.push((Arc::as_ptr(&pair[1].stored), format!("the same image as {}", pair[0].name())));
        }
    }
    let places: BTreeSet<_> = copies.iter().map(|c| c.0).collect();
    let (copied, kept): (Vec<Slice>, Vec<Slice>) = slices.into_iter().partition(|s| places.contains(&Arc::as_ptr(&s.stored)));
    let why = |s: &Slice| copies.iter().find(|c| c.0 == Arc::as_ptr(&s.stored)).map_or(String::new(), |c| c.1.clone());
    let left_out = copied.into_iter().map(|s| (why(&s), s)).map(|(why, s)| (s, why)).collect();
    Ok((kept, left_out))
}

/// Whether two files store the same bytes behind their headers.
fn same_pixels(one: &Slice, two: &Slice) -> Result<bool> {
    let kept = |s: &Slice| {
        let pixels = &s.stored.pixels;
        let from = pixels.deflated.unwrap_or(pixels.offset);
        let left = s.input().len().saturating_sub(from);
        (from, pixels.length.filter(|_| pixels.deflated.is_none()).unwrap_or(left).min(left))
    };
    let ((first, length), (second, other)) = (kept(one), kept(two));
    if length != other {
        return Ok(false);
    }
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for from in (0..length).step_by(STEP as usize) {
        let bytes = STEP.min(length - from) as usize;
        for (slice, begin, buffer) in [(one, first, &mut a), (two, second, &mut b)] {
            buffer.resize(bytes, 0);
            slice.input().read_at(begin + from, buffer)?;
        }
        if a != b {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Slices of one position together, the positions ascending.
fn stacks(mut slices: Vec<Slice>, at: &impl Fn(&Slice) -> f64) -> Vec<Vec<Slice>> {
    slices.sort_by(|a, b| at(a).total_cmp(&at(b)));
    let finest = slices[0].spacing.map_or(1.0, |s| s[0].abs().min(s[1].abs()).min(1.0));
    let mut stacks: Vec<Vec<Slice>> = Vec::new();
    for slice in slices {
        match stacks.last_mut() {
            Some(stack) if at(&slice) - at(&stack[0]) < SAME * finest => stack.push(slice),
            _ => stacks.push(vec![slice]),
        }
    }
    stacks.iter_mut().for_each(|s| s.sort_by(in_time));
    stacks
}

/// What the positions prove.
fn proven(places: &[f64], stacks: &[Vec<Slice>], mut line: Line) -> (Verdict, Line) {
    let mut verdict = Verdict { problems: Vec::new(), ..Verdict::unknown("one slice: nothing to compare") };
    let steps: Vec<f64> = places.windows(2).map(|w| w[1] - w[0]).collect();
    if steps.is_empty() {
        return (verdict, line);
    }
    let median = line.step;
    let tolerance = f64::max(0.01, 0.01 * median);
    let uneven = |step: f64| (step - median).abs() > tolerance;
    let others: Vec<usize> = (0..steps.len()).filter(|&i| uneven(steps[i])).collect();
    if others.iter().any(|&i| steps[i] >= median / 2.0) {
        verdict.problems.push(Problem::Gaps);
    }
    if steps.iter().any(|&s| s < median / 2.0) {
        verdict.problems.push(Problem::Overlap);
    }
    verdict.uniform = Some(others.is_empty());
    verdict.text = if others.is_empty() {
        format!("{} positions, every step within {tolerance:.3} mm of {median:.4} mm along the normal", places.len())
    } else {
        let named: Vec<String> = others.iter().take(NAMED).map(|&i| format!("{:.4} mm after {}", steps[i], stacks[i][0].label())).collect();
        let more = if others.len() > NAMED { ", …" } else { "" };
        format!("{} of {} steps are not the median {median:.4} mm: {}{more}", others.len(), steps.len(), named.join(", "))
    };
    let positions = || stacks.iter().enumerate().flat_map(|(k, s)| s.iter().filter_map(move |s| Some((k, s.position?))));
    let off = positions().map(|p| line.off(p.1)).fold(0.0, f64::max);
    if off > f64::max(0.02, tolerance) {
        if let Some((even, unit)) = line.even(&positions().collect::<Vec<_>>()) {
            verdict = Verdict { problems: Vec::new(), uniform: Some(true), ..verdict };
            verdict.text = format!("{} positions, written to {unit} mm, within that of even steps of {:.4} mm along the normal", places.len(), even.step);
            line = even;
        } else {
            // Less than half a pixel aside, a slice's voxels lie nearest to those of a straight stack still.
            let near = stacks[0][0].pixel().is_ok_and(|s| off <= 0.5 * s[0].min(s[1]));
            let problem = if near { Problem::Gaps } else { Problem::Mixed };
            if !verdict.problems.contains(&problem) {
                verdict.problems.push(problem);
            }
            verdict.uniform = Some(false);
            verdict.text += &format!("; positions lie up to {off:.3} mm off a straight line");
        }
    }
    if line.tilt_deg > 0.1 {
        verdict.problems.push(Problem::Tilted);
        verdict.tilt_deg = Some(line.tilt_deg);
        verdict.text += &format!("; tilted by {:.2} degrees", line.tilt_deg);
    }
    (verdict, line)
}

/// Why slices have no places, all or some.
fn unplaced(slices: &[Slice]) -> String {
    let bare = |s: &Slice| s.position.is_none() && s.orientation.is_none() && s.odd.is_empty();
    let without: Vec<String> = slices.iter().filter_map(|s| Some(format!("{}: {}", s.label(), s.unplaced()?))).collect();
    match &without[..] {
        [first, ..] if !slices.iter().all(bare) => format!("{first} ({} of {} slices)", without.len(), slices.len()),
        _ => "no position and orientation in the headers".into(),
    }
}

/// Slices whose headers prove nothing: by `SliceLocation`, `InstanceNumber` or name, whichever all have.
///
/// Frames of one file that nothing places are frames, not slices.
fn without_positions(mut slices: Vec<Slice>, left_out: &[LeftOut]) -> Ordered {
    let located = slices.iter().all(|s| s.location.is_some());
    let numbered = slices.iter().all(|s| s.instance.is_some());
    let by_name = |a: &Slice, b: &Slice| natural(a.name(), b.name()).then_with(|| a.frame.cmp(&b.frame));
    let by = if located {
        slices.sort_by(|a, b| a.location.unwrap_or(0.0).total_cmp(&b.location.unwrap_or(0.0)).then_with(|| by_name(a, b)));
        "SliceLocation"
    } else if numbered {
        slices.sort_by(|a, b| a.instance.cmp(&b.instance).then_with(|| by_name(a, b)));
        "InstanceNumber"
    } else {
        slices.sort_by(by_name);
        "file name"
    };
    let framed = !located && slices.iter().any(|s| s.stored.frames > 1);
    let (frames, depth) = if framed { (slices.len(), 1) } else { (1, slices.len()) };
    let why = unplaced(&slices);
    let mut verdict = Verdict::unknown(&why);
    verdict.slices = table::<fn(&Slice) -> f64>(&slices, depth, None, left_out);
    let mut warnings = named(left_out);
    if depth > 1 {
        warnings.insert(0, format!("{why}: slices are ordered by {by}"));
    } else if slices.iter().any(|s| s.orientation.is_some() || !s.odd.is_empty()) {
        warnings.insert(0, why);
    }
    let (axis, values) = if framed { parted::along(&slices) } else { (FrameAxis::Unknown, Vec::new()) };
    Ordered { planes: slices, frames, axis, values, line: None, verdict, warnings }
}

/// The rows of a verdict: slices in the volume's order, then what was left out.
fn table<F: Fn(&Slice) -> f64>(planes: &[Slice], depth: usize, at: Option<&F>, left_out: &[LeftOut]) -> Arc<[SliceRow]> {
    let row = |s: &Slice| SliceRow {
        file: s.name().into(),
        instance: s.counted(),
        place_mm: s.position,
        image: Some(s.image.clone()).filter(|i| !i.is_empty()),
        position_mm: at.map(|at| at(s)),
        ..SliceRow::default()
    };
    let used = planes.iter().enumerate().map(|(i, s)| {
        let before = (i % depth > 0).then(|| &planes[i - 1]);
        SliceRow { gap_mm: at.zip(before).map(|(at, before)| at(s) - at(before)), ..row(s) }
    });
    let unused = left_out.iter().map(|(s, why)| SliceRow { reason: Some(why.clone()), ..row(s) });
    used.chain(unused).collect()
}

fn said(verdict: &Verdict) -> Vec<String> {
    let serious = verdict.uniform == Some(false) || !verdict.problems.is_empty();
    if serious { vec![verdict.text.clone()] } else { Vec::new() }
}

fn named(left_out: &[LeftOut]) -> Vec<String> {
    left_out.iter().map(|(s, why)| format!("{} is left out: {why}", s.label())).collect()
}
