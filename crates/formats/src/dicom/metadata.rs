//! A file's header as the DICOM JSON model (PS3.18 annex F).

use std::collections::BTreeMap;

use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use isovox_volume::{Error, Result};
use serde_json::Value;

use super::wire::Head;
use crate::input::Input;

/// The longest header that is turned into JSON, which takes many times its bytes.
const LONGEST: usize = 4 << 20;

/// The longest that is, where nothing else is asked for.
const LONGEST_ALONE: usize = 32 << 20;

/// A file's elements before its pixels, by tag, nobody masked.
pub(super) fn of(input: &Input) -> Result<BTreeMap<String, Value>> {
    let head = Head::read(input)?;
    model(&head.bytes[head.dataset.clone()], head.explicit, LONGEST).map_err(|e| e.within(input.path()))
}

/// The same with the file's meta information.
pub(super) fn whole(input: &Input) -> Result<BTreeMap<String, Value>> {
    let head = Head::read(input)?;
    let meta = &head.meta;
    // Some writers forget that it is always explicit.
    let explicit = meta.get(4..6).is_none_or(|vr| vr.iter().all(u8::is_ascii_uppercase));
    let mut all = model(meta, explicit, LONGEST_ALONE).unwrap_or_default();
    all.extend(model(&head.bytes[head.dataset.clone()], head.explicit, LONGEST_ALONE).map_err(|e| e.within(input.path()))?);
    Ok(all)
}

fn model(bytes: &[u8], explicit: bool, longest: usize) -> Result<BTreeMap<String, Value>> {
    if bytes.len() > longest {
        return Err(Error::unsupported("metadata").found(format_args!("{} bytes", bytes.len())).expected(format_args!("at most {longest}")));
    }
    let syntax = if explicit { EXPLICIT_VR_LITTLE_ENDIAN.erased() } else { IMPLICIT_VR_LITTLE_ENDIAN.erased() };
    let object = InMemDicomObject::read_dataset_with_ts(bytes, &syntax).map_err(Error::corrupt)?;
    match dicom_json::to_value(&object) {
        Ok(Value::Object(map)) => Ok(map.into_iter().collect()),
        Ok(_) => Ok(BTreeMap::new()),
        Err(error) => Err(Error::corrupt(error)),
    }
}
