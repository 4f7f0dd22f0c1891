//! Opening `.npy`: elements in C order are read where they are, others are transposed once.

use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::{Error, Header, Quantity, QuantityKind, Result, Source, Type};
use serde_json::json;

use super::dtype::{Dtype, Kind};
use super::fortran::Fortran;
use super::half::Half;
use super::header::Head;
use crate::format::Scan;
use crate::input::Input;
use crate::stored::{Decode, Stored};

pub(super) fn open(input: &Input) -> Result<Scan> {
    let source = Head::read(input).and_then(|head| source(input, &head, Vec::new())).at(input.path())?;
    Ok(Scan { format: "npy", source, files: vec![input.clone()], provenance: None })
}

/// The array of one input as planes.
pub(super) fn source(input: &Input, head: &Head, warnings: Vec<String>) -> Result<Arc<dyn Source>> {
    let dtype = head.dtype()?;
    let mut header = header(head, dtype)?;
    header.warnings.extend(warnings);
    fits(input, head, &mut header, dtype)?;
    let stored = if dtype.kind == Kind::Half { header.like(Type::U16, header.quantity.clone()) } else { header.clone() };
    let decode = Decode::kept(dtype.stored, dtype.big);
    let inner: Arc<dyn Source> = if head.fortran && head.shape.len() > 1 {
        Arc::new(Fortran::new(stored, decode, input.clone(), head.data))
    } else {
        Arc::new(Stored::one(stored, decode, input.clone(), head.data)?)
    };
    Ok(if dtype.kind == Kind::Half { Arc::new(Half::new(inner, header)) } else { inner })
}

fn header(head: &Head, dtype: Dtype) -> Result<Header> {
    let [frames, z, y, x] = head.volume()?;
    let mut header = Header::new([z, y, x], frames, dtype.voxel()).map_err(|e| e.help("the array is empty, or its header is damaged"))?;
    header.quantity = match dtype.kind {
        Kind::Bool => Quantity::certain(QuantityKind::Mask, "an array of bool"),
        Kind::Half => Quantity::stored("float16 values, given as f32"),
        Kind::Plain => Quantity::stored("values of the array"),
    };
    if head.shape.len() == 4 && matches!(x, 3 | 4) && dtype.stored == Type::U8 {
        header.warnings.push(format!("shape {}: read as {frames} frames; if the last axis is colour, save it with dtype [('R','u1'),('G','u1'),('B','u1')]", head.sides()));
    }
    header.meta.insert("npy".into(), json!({"shape": head.shape, "fortran_order": head.fortran, "type": dtype.stored.name(), "big_endian": dtype.big}));
    Ok(header)
}

/// Refuses elements that the file does not have; names bytes after the last.
fn fits(input: &Input, head: &Head, header: &mut Header, dtype: Dtype) -> Result<()> {
    let elements = header.voxels() * header.frames.count;
    let need = elements as u64 * dtype.stored.bytes() as u64;
    let there = input.len() - head.data;
    if there < need {
        return Err(Error::corrupt("array data")
            .found(format_args!("{there} bytes"))
            .expected(format_args!("{need} for shape {} of {}", head.sides(), dtype.stored))
            .help("the file is cut off; copy it again"));
    }
    if there > need {
        header.warnings.push(format!("{} bytes after the array are not read", there - need));
    }
    Ok(())
}
