//! The order of a series' slices, its frames, and what their positions prove.

use std::cmp::Ordering;
use std::sync::Arc;

use isovox_volume::{FrameAxis, Problem, Result, SliceRow, Verdict};

use super::geometry::{Line, dot};
use super::slice::Slice;
use crate::input::natural;

/// Positions closer than this are one, mm; finer where pixels are.
const SAME: f64 = 0.01;

/// Slices named in a verdict's text.
const NAMED: usize = 5;

/// A slice that is no plane, and why.
type LeftOut = (Slice, String);

/// A series in order.
pub(super) struct Ordered {
    /// Frame by frame, each from the first to the last position.
    pub(super) planes: Vec<Slice>,
    pub(super) frames: usize,
    pub(super) axis: FrameAxis,
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
    let normal = slices[0].normal().filter(|_| slices.iter().all(|s| s.position.is_some()));
    let Some(normal) = normal else { return Ok(without_positions(slices, &left_out)) };
    let at = |s: &Slice| dot(s.position.unwrap_or_default(), normal);
    let mut stacks = stacks(slices, &at);
    let most = stacks.iter().map(Vec::len).max().unwrap_or(1);
    let frames = if stacks.iter().all(|s| s.len() == most) { most } else { 1 };
    let doubles = frames == 1 && most > 1;
    for stack in &mut stacks {
        let kept = stack[0].name().to_string();
        for double in stack.drain(frames..) {
            left_out.push((double, format!("at the position of {kept}")));
        }
    }
    let places: Vec<f64> = stacks.iter().map(|s| at(&s[0])).collect();
    let line = Line::through(&stacks.iter().filter_map(|s| s[0].position).collect::<Vec<_>>(), &places, normal);
    let planes: Vec<Slice> = (0..frames).flat_map(|f| stacks.iter().map(move |s| s[f].clone())).collect();
    let mut verdict = proven(&places, &stacks, &line);
    if frames > 1 && stacks.len() == 1 {
        verdict.problems.push(Problem::SamePosition);
        verdict.text = format!("{frames} slices at one position: frames, not a volume");
    }
    if doubles {
        verdict.problems.push(Problem::Duplicates);
        verdict.uniform = Some(false);
        verdict.text = format!("several slices at one position; {}", verdict.text);
    }
    verdict.slices = table(&planes, stacks.len(), Some(&at), &left_out);
    let timed = planes.iter().any(|s| s.timed || s.modality == "MR");
    let mut warnings = said(&verdict);
    warnings.extend(named(&left_out));
    Ok(Ordered { axis: if timed { FrameAxis::Time } else { FrameAxis::Unknown }, planes, frames, line: Some(line), verdict, warnings })
}

/// The slices but for copies of one image: the same UID and the same pixels.
fn without_copies(mut slices: Vec<Slice>) -> Result<(Vec<Slice>, Vec<LeftOut>)> {
    slices.sort_by(|a, b| natural(a.name(), b.name()));
    let mut by_image: Vec<usize> = (0..slices.len()).filter(|&i| !slices[i].image.is_empty()).collect();
    by_image.sort_by(|&a, &b| slices[a].image.cmp(&slices[b].image).then(a.cmp(&b)));
    let mut copies = Vec::new();
    for pair in by_image.windows(2) {
        let (one, two) = (&slices[pair[0]], &slices[pair[1]]);
        if one.image == two.image && pixels(one)? == pixels(two)? {
            copies.push((pair[1], format!("the same image as {}", one.name())));
        }
    }
    copies.sort_by_key(|c| std::cmp::Reverse(c.0));
    let mut left_out: Vec<LeftOut> = copies.into_iter().map(|(i, why)| (slices.remove(i), why)).collect();
    left_out.reverse();
    Ok((slices, left_out))
}

fn pixels(slice: &Slice) -> Result<Vec<u8>> {
    let stored = &slice.stored;
    let from = stored.pixels.deflated.unwrap_or(stored.pixels.offset);
    let left = stored.input.len().saturating_sub(from);
    let mut bytes = vec![0; stored.pixels.length.filter(|_| stored.pixels.deflated.is_none()).unwrap_or(left).min(left) as usize];
    stored.input.read_at(from, &mut bytes)?;
    Ok(bytes)
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

/// By acquisition, instance and name.
fn in_time(a: &Slice, b: &Slice) -> Ordering {
    let acquired = a.acquisition.unwrap_or(0.0).total_cmp(&b.acquisition.unwrap_or(0.0));
    acquired.then_with(|| a.instance.cmp(&b.instance)).then_with(|| natural(a.name(), b.name()))
}

/// What the positions prove.
fn proven(places: &[f64], stacks: &[Vec<Slice>], line: &Line) -> Verdict {
    let mut verdict = Verdict { problems: Vec::new(), ..Verdict::unknown("one slice: nothing to compare") };
    let steps: Vec<f64> = places.windows(2).map(|w| w[1] - w[0]).collect();
    if steps.is_empty() {
        return verdict;
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
        let named: Vec<String> = others.iter().take(NAMED).map(|&i| format!("{:.4} mm after {}", steps[i], stacks[i][0].name())).collect();
        let more = if others.len() > NAMED { ", …" } else { "" };
        format!("{} of {} steps are not the median {median:.4} mm: {}{more}", others.len(), steps.len(), named.join(", "))
    };
    if line.tilt_deg > 0.1 {
        verdict.problems.push(Problem::Tilted);
        verdict.tilt_deg = Some(line.tilt_deg);
        verdict.text += &format!("; tilted by {:.2} degrees", line.tilt_deg);
    }
    let off = stacks.iter().flatten().filter_map(|s| s.position).map(|p| line.off(p)).fold(0.0, f64::max);
    if off > f64::max(0.02, tolerance) {
        verdict.problems.push(Problem::Mixed);
        verdict.uniform = Some(false);
        verdict.text += &format!("; positions lie up to {off:.3} mm off a straight line");
    }
    verdict
}

/// Slices whose headers prove nothing: by `SliceLocation`, `InstanceNumber` or name, whichever all have.
fn without_positions(mut slices: Vec<Slice>, left_out: &[LeftOut]) -> Ordered {
    let located = slices.iter().all(|s| s.location.is_some());
    let numbered = slices.iter().all(|s| s.instance.is_some());
    slices.sort_by(|a, b| {
        let key = |s: &Slice| {
            if located {
                s.location.unwrap_or(0.0)
            } else if numbered {
                s.instance.unwrap_or(0) as f64
            } else {
                0.0
            }
        };
        key(a).total_cmp(&key(b)).then_with(|| natural(a.name(), b.name()))
    });
    let by = if located {
        "SliceLocation"
    } else if numbered {
        "InstanceNumber"
    } else {
        "file name"
    };
    let mut verdict = Verdict::unknown("no position and orientation in the headers");
    verdict.slices = table::<fn(&Slice) -> f64>(&slices, slices.len(), None, left_out);
    let mut warnings = named(left_out);
    if slices.len() > 1 {
        warnings.insert(0, format!("no position and orientation in every header: slices are ordered by {by}"));
    }
    Ordered { planes: slices, frames: 1, axis: FrameAxis::Unknown, line: None, verdict, warnings }
}

/// The rows of a verdict: slices in the volume's order, then what was left out.
fn table<F: Fn(&Slice) -> f64>(planes: &[Slice], depth: usize, at: Option<&F>, left_out: &[LeftOut]) -> Arc<[SliceRow]> {
    let row = |s: &Slice| SliceRow { file: s.name().into(), instance: s.instance, position_mm: at.map(|at| at(s)), ..SliceRow::default() };
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
    left_out.iter().map(|(s, why)| format!("{} is left out: {why}", s.name())).collect()
}
