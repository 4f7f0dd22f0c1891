//! Uncompressed voxels in files: read by region, written in place.

use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Header, Result, Run, Scalar, Sink, Slab, Source, Type, scalar};

use crate::input::Input;
use crate::order;
use crate::staged::Staged;

/// How stored bytes become voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decode {
    /// The stored type.
    pub stored: Type,
    /// Whether the bytes are big-endian.
    pub big: bool,
    /// What happens to each value.
    pub values: Values,
}

/// What happens to stored values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// Nothing.
    Kept,
    /// `slope * v + intercept`, computed in f64, given in the header's float type.
    Scaled {
        /// Factor.
        slope: f64,
        /// Added after.
        intercept: f64,
    },
    /// `max + min - v` of the integer type: white is zero.
    Inverted,
}

impl Decode {
    /// Values as stored.
    pub fn kept(stored: Type, big: bool) -> Decode {
        Decode { stored, big, values: Values::Kept }
    }

    /// Stored bytes of a number of voxels.
    pub fn bytes(&self, voxels: usize) -> usize {
        voxels * self.stored.bytes()
    }

    /// Turns stored bytes, read into `raw`, into voxels of type `to` in `out` (native-endian). `raw` is changed.
    pub fn apply(&self, raw: &mut [u8], to: Type, out: &mut [u8]) {
        self.order(raw);
        match self.values {
            Values::Scaled { slope, intercept } => scalar!(self.stored, S => {
                let stored = raw.chunks_exact(size_of::<S>()).map(|b| bytemuck::pod_read_unaligned::<S>(b).to_f64() * slope + intercept);
                if to == Type::F64 {
                    bytemuck::cast_slice_mut::<u8, f64>(out).iter_mut().zip(stored).for_each(|(o, v)| *o = v);
                } else {
                    bytemuck::cast_slice_mut::<u8, f32>(out).iter_mut().zip(stored).for_each(|(o, v)| *o = v as f32);
                }
            }),
            Values::Kept | Values::Inverted => {
                out.copy_from_slice(raw);
                self.invert(out);
            }
        }
    }

    /// Reads so many voxels into `out`; `raw` is room for what is stored as another type.
    pub(crate) fn read(&self, from: &mut impl Read, voxels: usize, to: Type, raw: &mut Vec<u8>, out: &mut [u8]) -> std::io::Result<()> {
        if self.in_place() {
            from.read_exact(out)?;
            self.order(out);
            self.invert(out);
        } else {
            raw.resize(self.bytes(voxels), 0);
            from.read_exact(raw)?;
            self.apply(raw, to, out);
        }
        Ok(())
    }

    /// Whether voxels are the stored bytes, at most re-ordered: they can be read straight to where they go.
    fn in_place(&self) -> bool {
        !matches!(self.values, Values::Scaled { .. })
    }

    fn order(&self, bytes: &mut [u8]) {
        let width = if self.stored == Type::Rgb8 { 1 } else { self.stored.bytes() };
        if self.big != cfg!(target_endian = "big") {
            order::swap(bytes, width);
        }
    }

    fn invert(&self, bytes: &mut [u8]) {
        if self.values == Values::Inverted && self.stored.is_integer() {
            // max + min - v is the bitwise complement in two's complement and unsigned alike.
            bytes.iter_mut().for_each(|b| *b = !*b);
        }
    }
}

/// Consecutive planes in one input.
#[derive(Clone)]
pub struct Piece {
    /// Where.
    pub input: Input,
    /// Byte of the first plane.
    pub offset: u64,
    /// Bytes from one plane to the next.
    pub stride: u64,
    /// How many planes.
    pub planes: usize,
}

/// Uncompressed planes as a source: read where they are, when they are asked for.
pub struct Stored {
    header: Header,
    decode: Decode,
    pieces: Vec<Piece>,
    ends: Vec<usize>,
}

impl Stored {
    /// Planes of all frames in order, in pieces. Fails when a piece claims bytes that its input does not have.
    pub fn new(header: Header, decode: Decode, pieces: Vec<Piece>) -> Result<Stored> {
        let plane = decode.bytes(header.plane()) as u64;
        let mut ends = Vec::with_capacity(pieces.len());
        let mut planes = 0;
        for p in &pieces {
            let last = (p.planes as u64).saturating_sub(1).checked_mul(p.stride).and_then(|n| n.checked_add(p.offset)).and_then(|n| n.checked_add(plane));
            if last.is_none_or(|n| n > p.input.len()) {
                return Err(Error::corrupt("voxel data")
                    .found(format_args!("{} bytes after the header", p.input.len().saturating_sub(p.offset)))
                    .expected(format_args!(
                        "{} for {} planes of {}x{} {}",
                        last.map_or("more than can be counted".into(), |n| (n - p.offset).to_string()),
                        p.planes,
                        header.nx(),
                        header.ny(),
                        decode.stored
                    ))
                    .help("the file is cut off or its header is wrong; copy it again, or check size and type")
                    .within(p.input.path()));
            }
            planes += p.planes;
            ends.push(planes);
        }
        let need = header.nz() * header.frames.count;
        if planes != need {
            return Err(Error::corrupt("planes").found(planes).expected(need));
        }
        Ok(Stored { header, decode, pieces, ends })
    }

    /// One contiguous stretch of planes in one input.
    pub fn one(header: Header, decode: Decode, input: Input, offset: u64) -> Result<Stored> {
        let piece = Piece { input, offset, stride: decode.bytes(header.plane()) as u64, planes: header.nz() * header.frames.count };
        Stored::new(header, decode, vec![piece])
    }

    fn read(&self, first: usize, raw: &mut Vec<u8>, out: &mut [u8]) -> Result<()> {
        let (plane, stored) = (self.header.plane_bytes(), self.decode.bytes(self.header.plane()));
        let mut at = first;
        let mut rest = out;
        while !rest.is_empty() {
            let p = self.ends.partition_point(|&e| e <= at);
            let piece = &self.pieces[p];
            let within = at - (self.ends[p] - piece.planes);
            let wanted = rest.len() / plane;
            let planes = if piece.stride == stored as u64 { wanted.min(piece.planes - within) } else { 1 };
            let (now, later) = rest.split_at_mut(planes * plane);
            let offset = piece.offset + within as u64 * piece.stride;
            if self.decode.in_place() {
                piece.input.read_at(offset, now)?;
                self.decode.order(now);
                self.decode.invert(now);
            } else {
                raw.resize(planes * stored, 0);
                piece.input.read_at(offset, raw)?;
                self.decode.apply(raw, self.header.voxel, now);
            }
            (rest, at) = (later, at + planes);
        }
        Ok(())
    }
}

struct Walk<'a> {
    stored: &'a Stored,
    frame: usize,
    pool: Pool,
    raw: Vec<u8>,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let (header, first) = (&self.stored.header, self.frame * self.stored.header.nz() + z.start);
        let (stored, raw) = (self.stored, &mut self.raw);
        self.pool.slab(z, header.voxel, header.plane(), |out| stored.read(first, raw, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.stored.read(self.frame * self.stored.header.nz() + z.start, &mut self.raw, out)
    }
}

impl Source for Stored {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { stored: self, frame, pool: Pool::default(), raw: Vec::new() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let raw = if self.decode.in_place() { 0 } else { self.decode.bytes(self.header.plane()) };
        (self.header.plane_bytes() + raw).saturating_mul(planes)
    }

    fn lends(&self) -> bool {
        true
    }
}

/// Uncompressed planes written in place, in any order, by any thread.
pub struct StoredSink {
    data: Staged,
    offset: u64,
    plane: usize,
    nz: usize,
    after: Vec<Staged>,
}

impl StoredSink {
    /// `head` comes before the voxels; files of `after` (headers beside) are renamed once the data are in place.
    pub fn new(data: Staged, head: &[u8], header: &Header, after: Vec<Staged>) -> Result<StoredSink> {
        data.write_at(0, head)?;
        Ok(StoredSink { data, offset: head.len() as u64, plane: header.plane_bytes(), nz: header.nz(), after })
    }
}

impl Sink for StoredSink {
    fn ordered(&self) -> bool {
        false
    }

    fn write(&self, frame: usize, z: Range<usize>, bytes: &[u8]) -> Result<()> {
        let at = self.offset + ((frame * self.nz + z.start) * self.plane) as u64;
        if cfg!(target_endian = "big") {
            return Err(Error::unsupported("writing on a big-endian machine"));
        }
        self.data.write_at(at, bytes)
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        let mut paths = vec![self.data.finish()?];
        for staged in self.after {
            paths.push(staged.finish()?);
        }
        Ok(paths)
    }
}
