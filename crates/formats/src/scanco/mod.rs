//! Scanco's reconstructions: ISQ, and AIM of versions 020 and 030. Read only, values as stored.
//!
//! Sources: the layout of `ima_data_type` that Scanco publishes for ISQ; for AIM the structures that ITK's `itk-ioscanco` and
//! VTK-DICOM's `vtkScancoCTReader` name. Written against headers made by hand: no scanner's file was at hand.

mod aim;
mod isq;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Geometry, Header, Result, Type, Verdict};
use serde_json::Value;

use crate::format::{Format, Given, Scan};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::stored::{Decode, Stored};

/// Scanco ISQ and AIM.
pub struct Scanco;

impl Format for Scanco {
    fn name(&self) -> &'static str {
        "scanco"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognises(&self, given: &Given, head: &[u8]) -> bool {
        let Given::One(input) = given else { return false };
        // Names of the scanner's own system end in a version: C0001.ISQ;1
        let named = input.ends("aim") || input.lower().contains(".aim;");
        head.starts_with(isq::MAGIC) || head.starts_with(aim::THIRTY) || named
    }

    fn open(&self, given: Given, _options: &OpenOptions) -> Result<Scan> {
        let Given::One(input) = given else { return Err(Error::unsupported("several Scanco files at once").help("open them one by one")) };
        let head = input.head(512)?;
        let found = if head.starts_with(isq::MAGIC) { isq::read(&head) } else { aim::read(&input, &head) };
        let source = found.and_then(|found| found.source(&input)).at(input.path())?;
        Ok(Scan { format: self.name(), source: Arc::new(source), files: vec![input], provenance: None })
    }
}

/// What a header says.
struct Found {
    /// x, y, z.
    sizes: [i64; 3],
    voxel: Type,
    /// Along x, y, z, mm.
    spacing: [f64; 3],
    /// The byte of the first voxel.
    data: u64,
    meta: Vec<(&'static str, Value)>,
}

impl Found {
    fn source(self, input: &Input) -> Result<Stored> {
        let sizes: Option<Vec<usize>> = self.sizes.iter().rev().map(|&n| usize::try_from(n).ok().filter(|&n| n > 0)).collect();
        let wrong = || Error::corrupt("Scanco size").found(format_args!("{:?}", self.sizes)).expected("at least 1 each").help("the header is damaged; copy the file again");
        let shape: [usize; 3] = sizes.and_then(|s| s.try_into().ok()).ok_or_else(wrong)?;
        let mut header = Header::new(shape, 1, self.voxel)?;
        let positive = self.spacing.iter().all(|s| *s > 0.0);
        if let Some(geometry) = Geometry::local(self.spacing).filter(|_| positive) {
            header.verdict = Verdict::of(&geometry, "the voxel size that the header states");
            header.geometry = geometry;
        } else {
            let why = format!("the voxel size {:?} mm is not positive: spacing unknown", self.spacing);
            header.verdict = Verdict::unknown(&why);
            header.warnings.push(why);
        }
        header.warnings.push("values are as stored: neither attenuation, HU nor density".into());
        header.meta.extend(self.meta.into_iter().map(|(key, value)| (key.to_string(), value)));
        Stored::one(header, Decode::kept(self.voxel, false), input.clone(), self.data)
    }
}

/// A little-endian integer of 4 bytes; `None` beyond the bytes.
fn int(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn short() -> Error {
    Error::corrupt("Scanco header").expected("a whole header").help("the file is cut off; copy it again")
}
