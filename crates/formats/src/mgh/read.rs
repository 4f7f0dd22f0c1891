//! Opening: from the header to a source, every claim checked against the bytes there are.

use std::io::Read;
use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Header, Result, Source, Verdict};
use serde_json::json;

use super::header::{Fields, SIZE, real};
use crate::format::{Given, Scan};
use crate::input::Input;
use crate::stored::{Decode, Stored};
use crate::stream::{Codec, Stream};

/// Names of the numbers behind the voxels: times in ms, the angle in radians, lengths in mm.
const FOOTER: [&str; 5] = ["tr", "flip_angle", "te", "ti", "fov"];

pub(super) fn open(given: &Given) -> Result<Scan> {
    let Given::One(input) = given else { return Err(Error::unsupported("several MGH files at once").help("open them one by one")) };
    let source = source(input).at(input.path())?;
    Ok(Scan { format: "mgh", source, files: vec![input.clone()], provenance: None })
}

fn source(input: &Input) -> Result<Arc<dyn Source>> {
    let gzip = input.head(2)? == [0x1f, 0x8b];
    let fields = Fields::parse(&head(input, gzip)?)?;
    let (header, decode) = (header(&fields)?, Decode::kept(fields.voxel()?, true));
    if gzip {
        return Ok(Arc::new(Stream::new(header, decode, Codec::Gzip, input.clone(), 0, SIZE as u64)?));
    }
    let end = SIZE as u64 + header.bytes() as u64;
    let stored = Stored::one(with_footer(header, input, end)?, decode, input.clone(), SIZE as u64)?;
    Ok(Arc::new(stored))
}

fn head(input: &Input, gzip: bool) -> Result<Vec<u8>> {
    if !gzip {
        return input.head(SIZE);
    }
    let mut head = Vec::new();
    let cut = |e: std::io::Error| Error::corrupt(format_args!("compressed header: {e}")).help("the file is cut off or damaged; copy it again");
    Codec::Gzip.reader(input, 0).take(SIZE as u64).read_to_end(&mut head).map_err(cut)?;
    Ok(head)
}

fn header(fields: &Fields) -> Result<Header> {
    let (shape, frames) = fields.sizes()?;
    let mut header = Header::new(shape, frames, fields.voxel()?)?;
    match fields.geometry(shape) {
        Some(geometry) if fields.placed => {
            header.verdict = Verdict::of(&geometry, "one affine, as the header states it");
            header.geometry = geometry;
            if let Some(tilt) = header.verdict.tilt_deg {
                header.warnings.push(format!("the axes are sheared by {tilt:.2} degrees"));
            }
        }
        Some(geometry) => {
            let text = "the header states no place (its RAS flag is 0): FreeSurfer's default is taken, 1 mm, coronal slices, the centre at 0";
            (header.geometry, header.verdict) = (geometry, Verdict::unknown(text));
            header.warnings.push(text.into());
        }
        None => {
            let why = "spacing or directions are zero, singular or not finite: spacing unknown (values on a surface are stored so)";
            header.verdict = Verdict::unknown(why);
            header.warnings.push(why.into());
        }
    }
    header.meta.insert("dof".into(), json!(fields.dof));
    header.meta.insert("ras_good_flag".into(), json!(fields.placed));
    Ok(header)
}

/// The numbers behind the voxels, as many as there are.
fn with_footer(mut header: Header, input: &Input, end: u64) -> Result<Header> {
    let there = input.len().saturating_sub(end).min(4 * FOOTER.len() as u64) as usize;
    let mut bytes = vec![0; there];
    input.read_at(end.min(input.len()), &mut bytes)?;
    let numbers = FOOTER.iter().zip(0..there / 4).map(|(name, i)| ((*name).to_string(), json!(real(&bytes, 4 * i))));
    header.meta.extend(numbers);
    Ok(header)
}
