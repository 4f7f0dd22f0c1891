//! DICOM: a series of images in the files of a folder, or one file.
//!
//! `wire` finds where values lie by steps of `walk`, which trusts no length; `fields` reads them; `slice` is one image of a
//! file, of which `groups` (enhanced images), `mosaic` and `multiframe` find several; `stored` is how its pixels are kept,
//! `frames` where each one's bytes lie, `codec` how they are compressed, `colour` and `lut` what they stand for; `series`
//! what belongs together; `order` sorts it and says what its positions prove, `parted` what tells images at one position
//! apart by their `marks`; `geometry` and `values` turn that into an affine and a type; `pixels` are its planes.

mod codec;
mod colour;
mod csa;
mod directory;
mod encode;
mod fields;
mod frames;
mod geometry;
mod groups;
mod items;
mod lut;
mod marks;
pub mod mask;
mod metadata;
mod mosaic;
mod multiframe;
mod names;
mod order;
mod padding;
mod parted;
mod pixels;
#[cfg(test)]
mod real_encodings;
mod segments;
mod series;
mod slice;
mod stored;
pub mod tags;
#[cfg(test)]
mod tests;
mod text;
mod values;
#[cfg(test)]
mod volume_tests;
mod walk;
mod wire;
mod write;

use std::sync::Arc;

use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use isovox_volume::{Frames, Header, Quantity, QuantityKind, Result, Sink};

use crate::format::{Format, Given, Scan, Target};
use crate::input::Input;
use crate::open::OpenOptions;

pub use series::Series;

/// The format's name.
pub const NAME: &str = "dicom";

/// Warnings of single slices that are shown.
const REPAIRS: usize = 3;

/// Files named in a warning.
const NAMED: usize = 5;

/// DICOM series.
pub struct Dicom;

impl Format for Dicom {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Of segmentations, which alone are written.
    fn endings(&self) -> &'static [&'static str] {
        &["dcm"]
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

    fn holds(&self, header: &Header) -> Result<()> {
        write::holds(header)
    }

    fn create(&self, target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
        write::create(target, header)
    }

    fn open(&self, given: Given, options: &OpenOptions) -> Result<Scan> {
        let (inputs, missing) = inputs(given)?;
        let (slices, mut warnings) = series::find(&inputs, options)?.choose(options.series.as_deref())?;
        warnings.extend(missing);
        if segments::are(&slices) {
            return segmented(&slices, warnings);
        }
        slices.iter().try_for_each(|s| s.stored.check())?;
        let ordered = order::order(slices)?;
        let mut header = header(&ordered, options)?;
        header.warnings.splice(0..0, warnings);
        let rescales = ordered.planes.iter().map(values::Rescale::of).collect::<Result<_>>()?;
        let fill = options.padding.map(|asked| padding::fill(asked, &header)).transpose()?;
        let mut files: Vec<Input> = ordered.planes.iter().map(|s| s.input().clone()).collect();
        files.dedup_by(|b, a| a.path() == b.path() && a.name() == b.name());
        let source = Arc::new(pixels::Planes::new(header, ordered.planes, rescales, fill));
        Ok(Scan { format: NAME, source, files, provenance: None })
    }
}

/// The files that are meant, those of a DICOMDIR too, and what of it is not there.
fn inputs(given: Given) -> Result<(Vec<Input>, Option<String>)> {
    let inputs = match given {
        Given::One(input) => vec![input],
        Given::Many(inputs) => return Ok((inputs, None)),
    };
    Ok(match directory::files(&inputs[0])? {
        Some((files, missing)) if missing.is_empty() => (files, None),
        Some((files, missing)) => (files, Some(format!("the DICOMDIR names files that are not there: {}", shortened(&missing, NAMED)))),
        None => (inputs, None),
    })
}

/// The first names of a list, and how many more there are.
fn shortened(names: &[String], most: usize) -> String {
    let more = if names.len() > most { format!(", and {} more", names.len() - most) } else { String::new() };
    format!("{}{more}", names[..names.len().min(most)].join(", "))
}

fn segmented(slices: &[slice::Slice], warnings: Vec<String>) -> Result<Scan> {
    let files = vec![slices[0].input().clone()];
    let source = Arc::new(segments::Segments::open(slices)?);
    let scan = Scan { format: NAME, source, files, provenance: None };
    Ok(warnings.into_iter().fold(scan, Scan::warned))
}

/// The series among the inputs, whether or not their pixels can be read; empty where none is DICOM.
pub fn list(given: Given) -> Result<Vec<Series>> {
    series::find(&inputs(given)?.0, &OpenOptions::default())?.list()
}

fn header(ordered: &order::Ordered, options: &OpenOptions) -> Result<Header> {
    let first = &ordered.planes[0];
    let rescales = ordered.planes.iter().map(values::Rescale::of).collect::<Result<Vec<_>>>()?;
    let voxel = values::voxel(&ordered.planes, &rescales, options.raw.voxel)?;
    let mut header = Header::new([ordered.depth(), first.rows(), first.columns()], ordered.frames, voxel).map_err(|e| e.within(first.input().path()))?;
    let (geometry, warning) = geometry::of(ordered);
    header.frames = Frames { count: ordered.frames, axis: ordered.axis, values: ordered.values.clone() };
    header.geometry = geometry;
    header.verdict = ordered.verdict.clone();
    header.quantity = values::quantity(&ordered.planes);
    header.warnings.extend(ordered.warnings.iter().cloned());
    header.warnings.extend(warning);
    header.warnings.extend(first.stored.notes());
    header.warnings.extend(padding::named(&ordered.planes, &rescales, options.padding.is_some()));
    let repairs = |s: &slice::Slice| [s.repair.clone(), s.stored.repair.clone()].into_iter().flatten().map(|r| format!("{}: {r}", s.name())).collect::<Vec<_>>();
    header.warnings.extend(ordered.planes.iter().flat_map(repairs).take(REPAIRS));
    match metadata::of(first.input()) {
        Ok(meta) => header.meta = meta,
        Err(error) => header.warnings.push(format!("no metadata: {error}")),
    }
    if let Some(named) = segments::label_map(first)? {
        header.quantity = Quantity::certain(QuantityKind::Label, "DICOM segmentation: a label map");
        header.meta.insert("segments".into(), named);
    }
    Ok(header)
}

/// A transfer syntax as the standard calls it, and its UID.
fn syntax_name(uid: &str) -> String {
    TransferSyntaxRegistry.get(uid).map_or_else(|| format!("transfer syntax {uid:?}"), |s| format!("{} ({uid})", s.name()))
}
