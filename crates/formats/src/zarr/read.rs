//! Opening a store, and its planes as a source: layers of chunks, each decoded once for a walk.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::error::At;
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Error, FrameAxis, Frames, Geometry, Header, Quantity, QuantityKind, Result, Run, Slab, Source, Space, Verdict};
use serde_json::Value;

use super::array::{Array, Met, Store};
use super::multiscales::{self, Axis, Group, Image};
use super::{AFFINE, PROVENANCE, SPACE};
use crate::embed;
use crate::format::Scan;
use crate::input::{Input, folder_of};

/// Files of a store that are listed for hashing; more are known by their metadata alone.
const MOST_FILES: usize = 1 << 16;

pub(super) fn open(mark: &Input) -> Result<Scan> {
    open_store(&Store { mark: mark.clone(), path: String::new() }).at(mark.path())
}

fn open_store(store: &Store) -> Result<Scan> {
    if let Some(array) = Array::read(store)? {
        return scan(store, array, None, &Value::Null);
    }
    let attributes = multiscales::attributes(store)?;
    match multiscales::read(&attributes)? {
        Group::Image(image) => {
            let array = Array::read(&store.below(&image.path))?
                .ok_or_else(|| Error::not_found(format_args!("the array {:?} that the group names", image.path)).help("the store is not whole; copy it again"))?;
            scan(store, array, Some(&image), &attributes)
        }
        Group::Series if store.path.is_empty() => open_store(&store.below("0")),
        Group::Series | Group::Other => Err(Error::unsupported("a Zarr group that is no OME-Zarr image").help("name the folder of the array or image in it")),
    }
}

fn scan(store: &Store, array: Array, image: Option<&Image>, attributes: &Value) -> Result<Scan> {
    let files = files(store, &array)?;
    let roles = Roles::of(&array, image)?;
    let mut header = roles.header(&array, image)?;
    if attributes.get("ome").unwrap_or(attributes).get("image-label").is_some() && header.voxel.is_integer() {
        header.quantity = Quantity::certain(QuantityKind::Label, "OME-Zarr image-label");
    }
    header.meta.insert("attributes".into(), attributes.clone());
    let provenance = attributes.get(PROVENANCE).and_then(Value::as_str).and_then(embed::parse);
    obey(attributes, provenance.as_ref(), &mut header);
    Ok(Scan { format: "zarr", source: Arc::new(Chunks { header, array, roles }), files, provenance })
}

/// What an earlier run of ours says of space and meaning.
fn obey(attributes: &Value, provenance: Option<&Value>, header: &mut Header) {
    if embed::says_voxel(provenance) {
        (header.geometry, header.verdict) = (Geometry::voxel(), Verdict::unknown("written from a volume without scale"));
        header.warnings.clear();
        return embed::obey(provenance, header);
    }
    let space = [Space::Patient, Space::Local].into_iter().find(|s| attributes.get(SPACE).and_then(Value::as_str) == Some(s.name()));
    let affine = attributes.get(AFFINE).and_then(|a| serde_json::from_value(a.clone()).ok());
    if let Some(geometry) = space.zip(affine).and_then(|(space, affine)| Geometry::new(space, affine)) {
        header.verdict = Verdict::of(&geometry, "one affine, as isovox wrote it");
        header.geometry = geometry;
    }
    embed::obey(provenance, header);
}

/// The files of the array, for hashing and so that none is written over.
fn files(store: &Store, array: &Array) -> Result<Vec<Input>> {
    let mut files = vec![store.mark.clone()];
    if !store.mark.on_disk() {
        return Ok(files);
    }
    let outermost = folder_of(store.mark.path());
    let mark = outermost.join(store.mark.name());
    let mut folders = vec![outermost.join(&array.store.path)];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = std::fs::read_dir(&folder).at(&folder)?.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            // Links are followed nowhere: they could lead round.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && files.len() < MOST_FILES && entry.path() != mark => {
                    let length = entry.metadata().at(&entry.path())?.len();
                    files.push(Input::unopened(&entry.path(), length));
                }
                _ => {}
            }
        }
    }
    Ok(files)
}

/// Which axis of the array is which.
struct Roles {
    /// z, y, x; none for an axis that is not there.
    space: [Option<usize>; 3],
    frames: Option<(usize, FrameAxis)>,
}

impl Roles {
    fn of(array: &Array, image: Option<&Image>) -> Result<Roles> {
        let count = array.shape.len();
        let plain: Vec<Axis> = [Axis::X, Axis::Y, Axis::Z].into_iter().chain(std::iter::repeat(Axis::Other(FrameAxis::Unknown))).take(count).collect();
        let axes: Vec<Axis> = image.map_or_else(|| plain.into_iter().rev().collect(), |i| i.axes.clone());
        if axes.len() != count {
            return Err(Error::corrupt("OME-Zarr axes").found(axes.len()).expected(format_args!("{count}, as the array has")));
        }
        let space = [Axis::Z, Axis::Y, Axis::X].map(|axis| axes.iter().position(|a| *a == axis));
        let places: Vec<usize> = space.iter().flatten().copied().collect();
        if places.is_empty() || !places.is_sorted() || places.len() != axes.iter().filter(|a| !matches!(a, Axis::Other(_))).count() {
            return Err(Error::unsupported("the order of Zarr axes").found(image.map_or("", |i| &i.named)).expected("z, y and x in this order").help("transpose the array first"));
        }
        let others: Vec<(usize, FrameAxis)> =
            axes.iter().enumerate().filter_map(|(i, a)| if let Axis::Other(axis) = a { Some((i, *axis)) } else { None }).filter(|(i, _)| array.shape[*i] > 1).collect();
        match others[..] {
            [] => Ok(Roles { space, frames: None }),
            [one] => Ok(Roles { space, frames: Some(one) }),
            _ => Err(Error::unsupported("a Zarr array of more than four axes")
                .found(format_args!("shape {:?}", array.shape))
                .expected("one axis of frames or channels")
                .help("save one time point or channel by itself")),
        }
    }

    fn header(&self, array: &Array, image: Option<&Image>) -> Result<Header> {
        let shape = self.space.map(|axis| axis.map_or(1, |a| array.shape[a]));
        let count = self.frames.map_or(1, |(axis, _)| array.shape[axis]);
        let mut header = Header::new(shape, count, array.decode.stored)?;
        if let Some((axis, kind)) = self.frames {
            header.frames = Frames { count, axis: kind, values: image.map_or(Vec::new(), |i| i.values(axis, count)) };
        }
        let Some(image) = image else {
            header.verdict = Verdict::unknown("a plain Zarr array states no geometry");
            return Ok(header);
        };
        match image.geometry() {
            Ok(geometry) => (header.verdict, header.geometry) = (Verdict::of(&geometry, "scale and translation of the full size"), geometry),
            Err(why) => {
                (header.verdict, header.geometry) = (Verdict::unknown(&why), Geometry::voxel());
                header.warnings.push(why);
            }
        }
        if image.smaller > 0 {
            header.warnings.push(format!("the store also holds {} reduced copies: the full size is opened", image.smaller));
        }
        Ok(header)
    }
}

/// An array's planes.
struct Chunks {
    header: Header,
    array: Array,
    roles: Roles,
}

impl Chunks {
    /// Planes in a layer of chunks.
    fn deep(&self) -> usize {
        self.roles.space[0].map_or(1, |axis| self.array.chunk[axis]).min(self.header.nz())
    }

    /// The planes of the layer of chunks that holds a plane.
    fn layer(&self, frame: usize, z: usize, met: &mut Met) -> Result<(Range<usize>, Vec<u8>)> {
        let deep = self.roles.space[0].map_or(1, |axis| self.array.chunk[axis]);
        let planes = z / deep * deep..(z / deep * deep).saturating_add(deep).min(self.header.nz());
        let mut out = Vec::new();
        let bytes = planes.len() * self.header.plane_bytes();
        out.try_reserve_exact(bytes).map_err(|_| Error::memory(format_args!("{bytes} bytes of Zarr chunks")))?;
        out.resize(bytes, 0);
        let along = |role: usize| self.roles.space[role].map_or(1, |axis| self.array.chunk[axis]);
        let (high, wide) = (along(1), along(2));
        for y in (0..self.header.ny()).step_by(high) {
            for x in (0..self.header.nx()).step_by(wide) {
                let mut at = vec![0; self.array.shape.len()];
                for (role, first) in [planes.start, y, x].into_iter().enumerate() {
                    if let Some(axis) = self.roles.space[role] {
                        at[axis] = (first / self.array.chunk[axis]) as u64;
                    }
                }
                if let Some((axis, _)) = self.roles.frames {
                    at[axis] = (frame / self.array.chunk[axis]) as u64;
                }
                let chunk = self.array.chunk(&at, met)?;
                self.place(chunk.as_deref(), frame, [planes.len(), y, x], &mut out);
            }
        }
        Ok((planes, out))
    }

    /// Copies a chunk's rows to where they belong in a layer; `from` is its planes, first row and first column.
    fn place(&self, chunk: Option<&[u8]>, frame: usize, [planes, y, x]: [usize; 3], out: &mut [u8]) {
        let (header, array) = (&self.header, &self.array);
        let size = header.voxel.bytes();
        // Values from one to the next along each axis of the chunk.
        let mut strides = vec![1; array.chunk.len()];
        for axis in (0..array.chunk.len().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1] * array.chunk[axis + 1];
        }
        let stride = |role: usize| self.roles.space[role].map_or(0, |axis| strides[axis]);
        let along = |role: usize| self.roles.space[role].map_or(1, |axis| array.chunk[axis]);
        let base = self.roles.frames.map_or(0, |(axis, _)| frame % array.chunk[axis] * strides[axis]);
        let (rows, columns) = (along(1).min(header.ny() - y), along(2).min(header.nx() - x));
        for (dz, dy) in (0..planes).flat_map(|dz| (0..rows).map(move |dy| (dz, dy))) {
            let to = ((dz * header.ny() + y + dy) * header.nx() + x) * size;
            let row = &mut out[to..to + columns * size];
            match chunk {
                None => row.chunks_exact_mut(size).for_each(|v| v.copy_from_slice(array.fill())),
                Some(chunk) => {
                    let from = base + dz * stride(0) + dy * stride(1);
                    if stride(2) == 1 {
                        row.copy_from_slice(&chunk[from * size..][..columns * size]);
                        continue;
                    }
                    // Frames lie behind x, in chunks of several.
                    for (dx, value) in row.chunks_exact_mut(size).enumerate() {
                        value.copy_from_slice(&chunk[(from + dx * stride(2)) * size..][..size]);
                    }
                }
            }
        }
    }
}

struct Walk<'a> {
    chunks: &'a Chunks,
    frame: usize,
    pool: Pool,
    met: Met,
    planes: Range<usize>,
    layer: Vec<u8>,
}

impl Walk<'_> {
    fn read(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let plane = self.chunks.header.plane_bytes();
        for (z, out) in z.zip(out.chunks_exact_mut(plane)) {
            if !self.planes.contains(&z) {
                self.layer = Vec::new();
                (self.planes, self.layer) = self.chunks.layer(self.frame, z, &mut self.met)?;
            }
            out.copy_from_slice(&self.layer[(z - self.planes.start) * plane..][..plane]);
        }
        Ok(())
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.chunks.header, z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.read(z, out)
    }
}

impl Source for Chunks {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { chunks: self, frame, pool: Pool::default(), met: Met::new(), planes: 0..0, layer: Vec::new() }))
    }

    /// The planes, a layer of chunks, and a chunk packed, unpacked and in order.
    fn flight(&self, planes: usize) -> usize {
        let chunk = self.array.chunk_bytes().unwrap_or(usize::MAX);
        self.header.plane_bytes().saturating_mul(planes.saturating_add(self.deep())).saturating_add(chunk.saturating_mul(3))
    }
}
