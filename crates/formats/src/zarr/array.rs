//! An array's metadata, and its chunks: one file each, or parts of a shard.

use std::collections::HashMap;

use isovox_volume::{Error, Kind, Result, Type, scalar};
use serde_json::Value;

use super::codec::{self, Codec, text};
use crate::input::Input;
use crate::stored::Decode;

/// The longest metadata that are read.
const LONGEST: u64 = 16 << 20;

/// Axes that an array may have: space, time, channels.
const MOST_AXES: usize = 5;

/// Chunks of fewer bytes than this are looked for one by one only where they are few.
const TINY: usize = 1024;
const MOST_TINY: usize = 1 << 16;

/// Shards that a walk keeps.
const KEPT: usize = 64;

/// A folder of a store: a place beside its mark.
#[derive(Clone)]
pub(super) struct Store {
    /// Any file of the outermost folder; others are named from there.
    pub(super) mark: Input,
    /// The folder's path from there, with a slash behind it; empty for that folder.
    pub(super) path: String,
}

impl Store {
    /// A folder below.
    pub(super) fn below(&self, path: &str) -> Store {
        Store { mark: self.mark.clone(), path: format!("{}{}/", self.path, path.trim_matches('/')) }
    }

    /// A file; `None` where there is none.
    pub(super) fn file(&self, name: &str) -> Result<Option<Input>> {
        match self.mark.sibling(&format!("{}{name}", self.path)) {
            Ok(input) => Ok(Some(input)),
            Err(e) if e.kind() == Kind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// A file of JSON.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>> {
        let Some(input) = self.file(name)? else { return Ok(None) };
        let parsed = serde_json::from_slice(&input.all(LONGEST)?);
        parsed.map(Some).map_err(|e| Error::corrupt(format_args!("Zarr metadata {name}: {e}")).help("the file is damaged; copy it again").within(input.path()))
    }
}

/// Parts of a shard.
#[derive(Clone)]
struct Shards {
    /// Chunks within a shard, along each axis.
    within: Vec<u64>,
    /// Whether the index is behind the chunks, and has a checksum.
    at_end: bool,
    checked: bool,
}

/// An array.
#[derive(Clone)]
pub(super) struct Array {
    pub(super) store: Store,
    pub(super) shape: Vec<usize>,
    /// The smallest piece that is decoded, along each axis.
    pub(super) chunk: Vec<usize>,
    pub(super) decode: Decode,
    fill: Vec<u8>,
    codecs: Vec<Codec>,
    shards: Option<Shards>,
    /// The word before a chunk's numbers, and the letter between them.
    prefix: Option<&'static str>,
    separator: char,
}

/// A shard's file, and where in it each chunk lies, `None` for none.
type Shard = (Input, Vec<Option<(u64, u64)>>);

/// The shards that a walk has met; `None` for those that are not stored.
pub(super) type Met = HashMap<Vec<u64>, Option<Shard>>;

impl Array {
    /// Reads the metadata of either version.
    pub(super) fn read(store: &Store) -> Result<Option<Array>> {
        if let Some(meta) = store.json("zarr.json")? {
            return if meta.get("node_type").and_then(Value::as_str) == Some("array") { three(store, &meta).map(Some) } else { Ok(None) };
        }
        store.json(".zarray")?.map(|meta| two(store, &meta)).transpose()
    }

    /// Bytes of a decoded chunk; `None` beyond what can be counted.
    pub(super) fn chunk_bytes(&self) -> Option<usize> {
        self.chunk.iter().try_fold(self.decode.stored.bytes(), |n, &c| n.checked_mul(c))
    }

    /// A chunk's values, native-endian; `None` where it is not stored: all are the fill value.
    pub(super) fn chunk(&self, at: &[u64], met: &mut Met) -> Result<Option<Vec<u8>>> {
        let need = self.chunk_bytes().ok_or_else(|| Error::corrupt("Zarr chunk").found(format_args!("{:?}", self.chunk)).expected("bytes that can be counted"))?;
        let Some((input, from, length)) = self.stored(at, met)? else { return Ok(None) };
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        input.read_at(from, &mut bytes)?;
        let mut raw = codec::decode(&self.codecs, bytes, need).map_err(|e| e.within(input.path()))?;
        let mut values = vec![0; raw.len()];
        self.decode.apply(&mut raw, self.decode.stored, &mut values);
        Ok(Some(values))
    }

    /// The fill value, native-endian.
    pub(super) fn fill(&self) -> &[u8] {
        &self.fill
    }

    /// Where a chunk's bytes are.
    fn stored(&self, at: &[u64], met: &mut Met) -> Result<Option<(Input, u64, u64)>> {
        let Some(shards) = &self.shards else {
            let input = self.store.file(&self.key(at))?;
            return Ok(input.map(|input| (input.clone(), 0, input.len())));
        };
        let outer: Vec<u64> = at.iter().zip(&shards.within).map(|(a, n)| a / n).collect();
        let number = at.iter().zip(&shards.within).fold(0, |n, (a, within)| n * within + a % within);
        if !met.contains_key(&outer) {
            if met.len() >= KEPT {
                met.clear();
            }
            let input = self.store.file(&self.key(&outer))?;
            let shard = input.map(|input| shards.index(&input).map(|places| (input, places))).transpose()?;
            met.insert(outer.clone(), shard);
        }
        let Some((input, places)) = &met[&outer] else { return Ok(None) };
        Ok(places.get(number as usize).copied().flatten().map(|(from, length)| (input.clone(), from, length)))
    }

    fn key(&self, at: &[u64]) -> String {
        let numbers = at.iter().map(u64::to_string);
        let words: Vec<String> = self.prefix.map(String::from).into_iter().chain(numbers).collect();
        words.join(&self.separator.to_string())
    }
}

impl Shards {
    /// Places and lengths of the chunks, each within the file.
    fn index(&self, input: &Input) -> Result<Vec<Option<(u64, u64)>>> {
        let wrong = |found: String| {
            Error::corrupt("index of a Zarr shard").found(found).expected("places in the file").help("the file is damaged or cut off; copy it again").within(input.path())
        };
        let count = self.within.iter().try_fold(1u64, |n, &w| n.checked_mul(w));
        let need = count.and_then(|n| n.checked_mul(16)).and_then(|n| n.checked_add(if self.checked { 4 } else { 0 })).filter(|&n| n <= input.len());
        let need = need.ok_or_else(|| wrong(format!("{} bytes", input.len())))?;
        let mut bytes = vec![0; need as usize];
        input.read_at(if self.at_end { input.len() - need } else { 0 }, &mut bytes)?;
        let codecs: &[Codec] = if self.checked { &[Codec::Crc32c] } else { &[] };
        let length = bytes.len() - if self.checked { 4 } else { 0 };
        let bytes = codec::decode(codecs, bytes, length)?;
        let word = |b: &[u8]| u64::from_le_bytes(b.try_into().expect("eight bytes"));
        let entries = bytes.chunks_exact(16).map(|entry| match (word(&entry[..8]), word(&entry[8..])) {
            (u64::MAX, u64::MAX) => Ok(None),
            (from, length) if from.checked_add(length).is_some_and(|end| end <= input.len()) => Ok(Some((from, length))),
            (from, length) => Err(wrong(format!("{length} bytes from {from}"))),
        });
        entries.collect()
    }
}

fn sizes(meta: &Value, key: &str) -> Result<Vec<usize>> {
    let list = meta.get(key).and_then(Value::as_array);
    let sizes: Option<Vec<usize>> = list.and_then(|l| l.iter().map(|n| usize::try_from(n.as_u64()?).ok().filter(|&n| n > 0)).collect());
    sizes.filter(|s| (1..=MOST_AXES).contains(&s.len())).ok_or_else(|| {
        Error::corrupt(format_args!("Zarr {key}"))
            .found(meta.get(key).map_or("nothing".into(), Value::to_string))
            .expected(format_args!("1 to {MOST_AXES} whole numbers, at least 1 each"))
    })
}

/// Version 2: `.zarray`.
fn two(store: &Store, meta: &Value) -> Result<Array> {
    let shape = sizes(meta, "shape")?;
    let dtype = text(meta, "dtype")?;
    let (big, name) = (dtype.starts_with('>'), dtype.trim_start_matches(['<', '>', '|']));
    let voxel = match name {
        "b1" | "u1" => Type::U8,
        "i1" => Type::I8,
        "u2" => Type::U16,
        "i2" => Type::I16,
        "u4" => Type::U32,
        "i4" => Type::I32,
        "u8" => Type::U64,
        "i8" => Type::I64,
        "f4" => Type::F32,
        "f8" => Type::F64,
        _ => return Err(unknown(dtype)),
    };
    if meta.get("order").and_then(Value::as_str) == Some("F") && shape.len() > 1 {
        return Err(Error::unsupported("a Zarr array in Fortran order").expected("order C").help("save it again in C order"));
    }
    if meta.get("filters").is_some_and(|f| f.as_array().is_some_and(|f| !f.is_empty())) {
        return Err(Error::unsupported("a Zarr array with filters").found(&meta["filters"]).help("save it again without filters"));
    }
    let codecs = match &meta["compressor"] {
        Value::Null => Vec::new(),
        compressor => vec![Codec::named(text(compressor, "id")?)?],
    };
    let separator = if meta.get("dimension_separator").and_then(Value::as_str) == Some("/") { '/' } else { '.' };
    let chunk = sizes(meta, "chunks")?;
    Array { store: store.clone(), shape, chunk, decode: Decode::kept(voxel, big), fill: fill(voxel, &meta["fill_value"])?, codecs, shards: None, prefix: None, separator }.checked()
}

/// Version 3: `zarr.json`.
fn three(store: &Store, meta: &Value) -> Result<Array> {
    let name = text(meta, "data_type").map_err(|_| unknown("a type of several fields"))?;
    let voxel = match name {
        "bool" | "uint8" => Type::U8,
        "int8" => Type::I8,
        "uint16" => Type::U16,
        "int16" => Type::I16,
        "uint32" => Type::U32,
        "int32" => Type::I32,
        "uint64" => Type::U64,
        "int64" => Type::I64,
        "float32" => Type::F32,
        "float64" => Type::F64,
        _ => return Err(unknown(name)),
    };
    if meta.get("storage_transformers").is_some_and(|t| t.as_array().is_some_and(|t| !t.is_empty())) {
        return Err(Error::unsupported("a Zarr array with storage transformers").found(&meta["storage_transformers"]));
    }
    let grid = &meta["chunk_grid"];
    if text(grid, "name")? != "regular" {
        return Err(Error::unsupported("Zarr chunk grid").found(&grid["name"]).expected("regular"));
    }
    let outer = sizes(&grid["configuration"], "chunk_shape")?;
    let keys = &meta["chunk_key_encoding"];
    let prefix = (text(keys, "name")? != "v2").then_some("c");
    let separator = keys["configuration"]["separator"].as_str().and_then(|s| s.chars().next()).unwrap_or(if prefix.is_none() { '.' } else { '/' });
    let list = codecs_of(meta)?;
    let (chunk, shards, chain) = match list.first() {
        Some(first) if text(first, "name")? == "sharding_indexed" => {
            let inner = sizes(&first["configuration"], "chunk_shape")?;
            let shards = shards(&first["configuration"], &outer, &inner)?;
            if list.len() > 1 {
                return Err(Error::unsupported("compressed Zarr shards").expected("sharding_indexed alone, its chunks compressed"));
            }
            (inner, Some(shards), codecs_of(&first["configuration"])?)
        }
        _ => (outer, None, list),
    };
    let (big, codecs) = chain_of(&chain)?;
    let shape = sizes(meta, "shape")?;
    Array { store: store.clone(), shape, chunk, decode: Decode::kept(voxel, big), fill: fill(voxel, &meta["fill_value"])?, codecs, shards, prefix, separator }.checked()
}

impl Array {
    fn checked(self) -> Result<Array> {
        if self.shape.len() != self.chunk.len() {
            return Err(Error::corrupt("Zarr chunks").found(format_args!("{:?}", self.chunk)).expected(format_args!("{} numbers, as the shape has", self.shape.len())));
        }
        if self.chunk_bytes().is_none_or(|n| isize::try_from(n).is_err()) {
            return Err(Error::corrupt("Zarr chunks").found(format_args!("{:?}", self.chunk)).expected("bytes that can be counted"));
        }
        // Each chunk is looked for by itself.
        let chunks = self.shape.iter().zip(&self.chunk).try_fold(1usize, |n, (s, c)| n.checked_mul(s.div_ceil(*c)));
        if chunks.is_none_or(|n| n > MOST_TINY) && self.chunk_bytes().is_some_and(|n| n < TINY) {
            return Err(Error::unsupported("a Zarr array of very small chunks")
                .found(format_args!("chunks {:?} of shape {:?}", self.chunk, self.shape))
                .help("save it again in larger chunks"));
        }
        Ok(self)
    }
}

fn unknown(name: &str) -> Error {
    Error::unsupported("Zarr data type").found(format_args!("{name:?}")).expected("an integer, or a float of 32 or 64 bit").help("convert it first, for example with zarr-python")
}

fn codecs_of(meta: &Value) -> Result<Vec<Value>> {
    meta.get("codecs").and_then(Value::as_array).cloned().ok_or_else(|| Error::corrupt("Zarr metadata").expected("a list of codecs"))
}

/// The byte order, and the codecs behind it.
fn chain_of(list: &[Value]) -> Result<(bool, Vec<Codec>)> {
    let mut list = list;
    while let Some((first, rest)) = list.split_first().filter(|(f, _)| f["name"] == "transpose") {
        let order = first["configuration"]["order"].as_array().map(|o| o.iter().enumerate().all(|(i, v)| v.as_u64() == Some(i as u64)));
        if order != Some(true) {
            return Err(Error::unsupported("a transposed Zarr array").found(&first["configuration"]["order"]).expected("chunks in C order").help("save it again in C order"));
        }
        list = rest;
    }
    let Some((first, rest)) = list.split_first().filter(|(f, _)| f["name"] == "bytes") else {
        return Err(Error::unsupported("Zarr codecs").found(Value::from(list.to_vec())).expected("bytes, and compressors behind it"));
    };
    let big = first["configuration"]["endian"] == "big";
    Ok((big, rest.iter().map(|codec| text(codec, "name").and_then(Codec::named)).collect::<Result<_>>()?))
}

fn shards(configuration: &Value, outer: &[usize], inner: &[usize]) -> Result<Shards> {
    let wrong = || Error::corrupt("Zarr shards").found(format_args!("chunks of {inner:?} in {outer:?}")).expected("whole chunks");
    if outer.len() != inner.len() || outer.iter().zip(inner).any(|(o, i)| !o.is_multiple_of(*i)) {
        return Err(wrong());
    }
    let index = configuration.get("index_codecs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (big, codecs) = chain_of(index)?;
    if big || codecs.iter().any(|c| *c != Codec::Crc32c) || codecs.len() > 1 {
        return Err(Error::unsupported("a compressed index of Zarr shards").found(Value::from(index.to_vec())));
    }
    let within = outer.iter().zip(inner).map(|(o, i)| (o / i) as u64).collect();
    Ok(Shards { within, at_end: configuration["index_location"] != "start", checked: !codecs.is_empty() })
}

/// The bytes of a fill value; 0 where none is stated.
fn fill(voxel: Type, value: &Value) -> Result<Vec<u8>> {
    let wrong = || Error::corrupt("Zarr fill_value").found(value).expected(format_args!("a number of type {voxel}"));
    let text = match value {
        Value::Null | Value::Bool(false) => "0".to_string(),
        Value::Bool(true) => "1".to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if voxel.is_float() => text.replace("Infinity", "inf"),
        _ => return Err(wrong()),
    };
    Ok(scalar!(voxel, T => {
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        let value: T = whole.parse().map_err(|_| wrong())?;
        bytemuck::bytes_of(&value).to_vec()
    }))
}
