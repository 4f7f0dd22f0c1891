//! Uncompressed pages that can be read where they lie.

use isovox_volume::Result;

use super::page::{Coding, Page, Sample, across};
use super::stack::Stack;
use super::text::Layout;
use crate::stored::Piece;

/// Planes in place, in the order of frames; `None` when a page must be decoded.
pub(super) fn pieces(stack: &Stack, layout: &Layout) -> Result<Option<Vec<Piece>>> {
    if !stack.codings.iter().all(|c| plain(stack, c)) {
        return Ok(None);
    }
    let mut offsets = Vec::with_capacity(stack.pages.len());
    for page in &stack.pages {
        match contiguous(stack, page)? {
            Some(offset) => offsets.push(offset),
            None => return Ok(None),
        }
    }
    let stride = stack.plane_bytes().unwrap_or(u64::MAX);
    let planes = (0..layout.frames.count).flat_map(|f| (0..layout.nz).map(move |z| (f, z)));
    let mut pieces: Vec<Piece> = Vec::new();
    for (frame, z) in planes {
        join(&mut pieces, stack, offsets[layout.plane(frame, z)], stride);
    }
    Ok(Some(pieces))
}

/// Adds a plane: to the last piece where the distance between planes stays the same.
fn join(pieces: &mut Vec<Piece>, stack: &Stack, offset: u64, stride: u64) {
    if let Some(last) = pieces.last_mut() {
        let step = offset.checked_sub(last.offset + (last.planes as u64 - 1) * last.stride).filter(|&s| s > 0);
        if let Some(step) = step.filter(|&s| last.planes == 1 || s == last.stride) {
            last.stride = step;
            last.planes += 1;
            return;
        }
    }
    pieces.push(Piece { input: stack.bytes.input.clone(), offset, stride, planes: 1 });
}

fn plain(stack: &Stack, coding: &Coding) -> bool {
    let picture = &stack.picture;
    let whole = matches!(picture.bits, 8 | 16 | 32 | 64) && !(picture.sample == Sample::Float && picture.bits == 16);
    whole && picture.depth == 1 && coding.compression == 1 && !coding.separate && !coding.lowest_first && !coding.tiled
}

/// The place of a page whose strips follow each other without a gap.
fn contiguous(stack: &Stack, page: &Page) -> Result<Option<u64>> {
    let (picture, coding) = (&stack.picture, &stack.codings[page.coding]);
    let Some(bits) = picture.width.checked_mul(picture.samples).and_then(|n| n.checked_mul(picture.bits as usize)) else { return Ok(None) };
    let row = bits as u64 / 8;
    let strips = page.chunks(&stack.bytes, 0, across(picture, coding)[1] as u64)?;
    let mut rows = picture.height as u64;
    let mut next = strips.first().map(|s| s.0);
    for (offset, count) in &strips {
        let need = row.saturating_mul(rows.min(coding.chunk[1] as u64));
        let inside = offset.checked_add(*count).is_some_and(|end| end <= stack.bytes.input.len());
        if next != Some(*offset) || *count < need || !inside {
            return Ok(None);
        }
        rows -= rows.min(coding.chunk[1] as u64);
        next = offset.checked_add(need);
    }
    Ok(strips.first().map(|s| s.0))
}
