//! DICOM: a series of classic, uncompressed images in the files of a folder, or one such file.
//!
//! `wire` finds where values lie and trusts no length; `slice` is what one file says, `stored` how its pixels are kept;
//! `series` what belongs together; `order` sorts it and says what its positions prove; `geometry` and `values` turn that
//! into an affine and a type; `pixels` are its planes.

mod codec;
mod colour;
mod frames;
mod geometry;
mod lut;
pub mod mask;
mod metadata;
mod order;
mod padding;
mod pixels;
#[cfg(test)]
mod real;
mod series;
mod slice;
mod stored;
#[cfg(test)]
mod tests;
mod values;
mod walk;
mod wire;

use std::sync::Arc;

use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use isovox_volume::{Frames, Header, Result};

use crate::format::{Format, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;

pub use series::Series;

/// The format's name.
pub const NAME: &str = "dicom";

/// Warnings of single slices that are shown.
const REPAIRS: usize = 3;

/// DICOM series.
pub struct Dicom;

impl Format for Dicom {
    fn name(&self) -> &'static str {
        NAME
    }

    /// None: DICOM is not written.
    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        match given {
            Given::One(_) => wire::is_dicom(head),
            Given::Many(inputs) => inputs.iter().any(|i| i.head(512).is_ok_and(|head| wire::is_dicom(&head))),
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["series", "padding"]
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        let (slices, warnings) = series::find(&inputs(given))?.choose(options.series.as_deref())?;
        slices.iter().try_for_each(pixels::check)?;
        let ordered = order::order(slices)?;
        let mut header = header(&ordered, options)?;
        header.warnings.splice(0..0, warnings);
        let rescales = ordered.planes.iter().map(values::Rescale::of).collect::<Result<_>>()?;
        let fill = options.padding.map(|asked| padding::fill(asked, &header)).transpose()?;
        let files = ordered.planes.iter().map(|s| s.input().clone()).collect();
        let source = Arc::new(pixels::Planes::new(header, ordered.planes, rescales, fill));
        Ok(Scan { format: NAME, source, files, provenance: None })
    }
}

fn inputs(given: Given) -> Vec<Input> {
    match given {
        Given::One(input) => vec![input],
        Given::Many(inputs) => inputs,
    }
}

/// The series among the inputs, whether or not their pixels can be read; empty where none is DICOM.
pub fn list(given: Given) -> Result<Vec<Series>> {
    series::find(&inputs(given))?.list()
}

fn header(ordered: &order::Ordered, options: &OpenOptions) -> Result<Header> {
    let first = &ordered.planes[0];
    let rescales = ordered.planes.iter().map(values::Rescale::of).collect::<Result<Vec<_>>>()?;
    let voxel = values::voxel(&ordered.planes, &rescales, options.raw.voxel)?;
    let mut header = Header::new([ordered.depth(), first.rows(), first.columns()], ordered.frames, voxel).map_err(|e| e.within(first.input().path()))?;
    let (geometry, warning) = geometry::of(ordered);
    header.frames = Frames { count: ordered.frames, axis: ordered.axis, values: Vec::new() };
    header.geometry = geometry;
    header.verdict = ordered.verdict.clone();
    header.quantity = values::quantity(&ordered.planes);
    header.warnings.extend(ordered.warnings.iter().cloned());
    header.warnings.extend(warning);
    header.warnings.extend(first.stored.notes());
    header.warnings.extend(padding::named(&ordered.planes, &rescales));
    let repairs = |s: &slice::Slice| [s.repair.clone(), s.stored.repair.clone()].into_iter().flatten().map(|r| format!("{}: {r}", s.name())).collect::<Vec<_>>();
    header.warnings.extend(ordered.planes.iter().flat_map(repairs).take(REPAIRS));
    match metadata::of(first.input()) {
        Ok(meta) => header.meta = meta,
        Err(error) => header.warnings.push(format!("no metadata: {error}")),
    }
    Ok(header)
}

/// A transfer syntax as the standard calls it, and its UID.
fn syntax_name(uid: &str) -> String {
    TransferSyntaxRegistry.get(uid).map_or_else(|| format!("transfer syntax {uid:?}"), |s| format!("{} ({uid})", s.name()))
}
