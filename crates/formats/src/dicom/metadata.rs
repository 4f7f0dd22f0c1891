//! A file's header as the DICOM JSON model (PS3.18 annex F).

use std::collections::BTreeMap;

use dicom_object::InMemDicomObject;
use isovox_volume::{Error, Result};
use serde_json::Value;

use super::wire::Head;
use crate::input::Input;

/// The longest header that is turned into JSON, which takes many times its bytes.
const LONGEST: usize = 4 << 20;

/// A file's elements before its pixels, by tag, nobody masked.
pub(super) fn of(input: &Input) -> Result<BTreeMap<String, Value>> {
    let head = Head::read(input)?;
    let bytes = &head.bytes[head.dataset.clone()];
    if bytes.len() > LONGEST {
        return Err(Error::unsupported("metadata").found(format_args!("{} bytes", bytes.len())).expected(format_args!("at most {LONGEST}")));
    }
    let object = InMemDicomObject::read_dataset_with_ts(bytes, &head.native()).map_err(|e| Error::corrupt(e).within(input.path()))?;
    match dicom_json::to_value(&object) {
        Ok(Value::Object(map)) => Ok(map.into_iter().collect()),
        Ok(_) => Ok(BTreeMap::new()),
        Err(error) => Err(Error::corrupt(error).within(input.path())),
    }
}
