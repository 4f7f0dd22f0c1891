//! Compressed voxels: a stream that is read from its beginning, or from a point that was passed before.

use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bzip2::read::MultiBzDecoder;
use isovox_deflate::{Container, Decoder, Point};
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Error, Header, Result, Run, Slab, Source};

use crate::gzip;
use crate::input::{Input, Reader};
use crate::stored::Decode;

/// Bytes after the voxels that are read to reach a stream's checksum; more are left alone. As many may come before the
/// voxels where these are the stream's end.
const GREATEST_TAIL: u64 = 64 << 20;

/// Bytes between two points at which decoding may begin again, at least: reading on from the one before takes ten
/// milliseconds. More of a large stream, whose points, of 32 KiB each, never are more than [`MOST_POINTS`].
const STRIDE: u64 = 4 << 20;
const MOST_POINTS: u64 = 512;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Gzip, any number of members; zeros behind the last are padding.
    Gzip,
    /// Zlib.
    Zlib,
    /// Bzip2, any number of streams.
    Bzip2,
}

impl Codec {
    /// A decompressing reader of an input from byte `from` on.
    pub fn reader(self, input: &Input, from: u64) -> Box<dyn Read + Send> {
        match self.container() {
            Some(container) => Box::new(Decoder::new(input.reader(from), container)),
            None => Box::new(MultiBzDecoder::new(BufReader::with_capacity(1 << 18, input.reader(from)))),
        }
    }

    fn container(self) -> Option<Container> {
        match self {
            Codec::Gzip => Some(Container::Gzip),
            Codec::Zlib => Some(Container::Zlib),
            Codec::Bzip2 => None,
        }
    }

    /// How many bytes one byte becomes at most: a header that claims more lies.
    fn greatest_ratio(self) -> u64 {
        match self {
            Codec::Gzip | Codec::Zlib => 1032,
            // 900 kB of runs of 259 in 5, of one Huffman code: no block has fewer than 32 bytes.
            Codec::Bzip2 => 1_500_000,
        }
    }
}

/// Decoded bytes, and points at which decoding may begin again.
trait Unpack: Read + Send {
    /// The points passed since this was last asked.
    fn passed(&mut self) -> Vec<Point> {
        Vec::new()
    }
}

impl Unpack for Decoder<Reader> {
    fn passed(&mut self) -> Vec<Point> {
        self.take_points()
    }
}

impl Unpack for Box<dyn Read + Send> {}

/// Compressed planes as a source. Sequential: the engine keeps what it has read of it.
pub struct Stream {
    header: Header,
    decode: Decode,
    bytes: Bytes,
    path: PathBuf,
    /// Bytes before the voxels; set by the first walk where the voxels are the stream's end.
    skip: OnceLock<u64>,
    places: Mutex<Places>,
}

/// Where the compressed bytes come from.
enum Bytes {
    /// From byte `from` of an input.
    Packed { codec: Codec, input: Input, from: u64 },
    /// From whoever unpacks them already.
    Unpacked(Begin),
}

/// Begins to read the bytes anew.
pub type Begin = Box<dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// Where reading may begin.
#[derive(Default)]
struct Places {
    /// In their order.
    points: Vec<Point>,
    /// The walk that ended last: it goes on where it stopped.
    parked: Option<Walked>,
}

/// A walk through the decoded bytes.
struct Walked {
    reader: Box<dyn Unpack>,
    at: u64,
    raw: Vec<u8>,
}

impl Stream {
    /// Voxels begin `skip` bytes into the stream that begins at byte `from` of the input.
    pub fn new(header: Header, decode: Decode, codec: Codec, input: Input, from: u64, skip: u64) -> Result<Stream> {
        Stream::whole(header, decode, codec, input, from, OnceLock::from(skip))
    }

    /// Voxels are the last bytes of the stream that begins at byte `from` of the input: the first walk reads it once more, to
    /// count what comes before.
    pub(crate) fn tail(header: Header, decode: Decode, codec: Codec, input: Input, from: u64) -> Result<Stream> {
        Stream::whole(header, decode, codec, input, from, OnceLock::new())
    }

    fn whole(header: Header, decode: Decode, codec: Codec, input: Input, from: u64, skip: OnceLock<u64>) -> Result<Stream> {
        let need = voxel_bytes(&header, decode).saturating_add(skip.get().copied().unwrap_or(0));
        let ratio = codec.greatest_ratio();
        let most = input.len().saturating_sub(from).saturating_mul(ratio).saturating_add(1024);
        if need > most {
            return Err(Error::corrupt("compressed voxel data")
                .found(format_args!("{} compressed bytes", input.len().saturating_sub(from)))
                .expected(format_args!("enough for {need} bytes; {codec:?} never gives more than {ratio} to one"))
                .help("the header is wrong or the file is cut off; copy it again")
                .within(input.path()));
        }
        let path = input.path().to_path_buf();
        let indexed = codec == Codec::Gzip && skip.get().is_some();
        let points = if indexed { gzip::points(&input, from, need)? } else { Vec::new() };
        let places = Mutex::new(Places { points, parked: None });
        Ok(Stream { header, decode, bytes: Bytes::Packed { codec, input, from }, path, skip, places })
    }

    /// Voxels are what a reader gives; `path` is named in errors. The caller has held the header's size against the bytes.
    pub fn of(header: Header, decode: Decode, path: PathBuf, begin: Begin) -> Stream {
        Stream { header, decode, bytes: Bytes::Unpacked(begin), path, skip: OnceLock::from(0), places: Mutex::default() }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes between two points.
    fn stride(&self) -> u64 {
        let before = self.skip.get().copied().unwrap_or(GREATEST_TAIL);
        STRIDE.max(voxel_bytes(&self.header, self.decode).saturating_add(before) / MOST_POINTS)
    }

    /// A reader that has passed at most `to` bytes, as many as may be had without reading them.
    fn begin(&self, to: u64) -> std::io::Result<Walked> {
        let mut places = self.places();
        if let Bytes::Packed { input, from, .. } = &self.bytes
            && places.points.iter().rev().find(|p| p.out <= to).is_some_and(|p| p.history.is_empty() && !gzip::part_ends(input, from + p.bit / 8))
        {
            places.points.clear();
        }
        let point = places.points.iter().rev().find(|p| p.out <= to);
        let known = point.map_or(0, |p| p.out);
        if places.parked.as_ref().is_some_and(|p| p.at <= to && known <= p.at) {
            return Ok(places.parked.take().expect("it was there"));
        }
        let reader: Box<dyn Unpack> = match (&self.bytes, point) {
            (Bytes::Unpacked(begin), _) => Box::new(begin()?),
            (Bytes::Packed { codec, input, from }, point) => match (codec.container(), point) {
                (None, _) => Box::new(codec.reader(input, *from)),
                (Some(container), None) => Box::new(Decoder::new(input.reader(*from), container).with_points(self.stride())),
                (Some(container), Some(point)) => Box::new(Decoder::resume(input.reader(from + point.bit / 8), container, point)?.with_points(self.stride())),
            },
        };
        Ok(Walked { reader, at: known, raw: Vec::new() })
    }
}

/// Bytes of all voxels.
fn voxel_bytes(header: &Header, decode: Decode) -> u64 {
    (decode.bytes(header.voxels()) as u64).saturating_mul(header.frames.count as u64)
}

impl Walked {
    fn passed(&mut self, places: &mut Places) {
        for point in self.reader.passed() {
            if places.points.last().is_none_or(|last| last.out < point.out) {
                places.points.push(point);
            }
        }
    }
}

/// A reader that works long without giving anything is asked to stop in between.
struct Asked<'a> {
    reader: &'a mut dyn Unpack,
    run: &'a Run,
}

impl Read for Asked<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.reader.read(out) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => self.run.check().map_err(std::io::Error::other)?,
                other => return other,
            }
        }
    }
}

struct Forward<'a> {
    stream: &'a Stream,
    run: &'a Run,
    /// `None` once it is parked, or has failed.
    walked: Option<Walked>,
    first: usize,
    pool: Pool,
}

impl Forward<'_> {
    fn read(&mut self, plane: usize, out: &mut [u8]) -> Result<()> {
        let (stream, run) = (self.stream, self.run);
        let walked = self.walked.as_mut().ok_or_else(|| stream.broken(&std::io::Error::other("reading them has failed before")))?;
        let planes = out.len() / stream.header.plane_bytes();
        let from = stream.skip.get().copied().unwrap_or(0) + (plane * stream.decode.bytes(stream.header.plane())) as u64;
        let skip = from.saturating_sub(walked.at);
        if stream.pass(&mut *walked.reader, skip, run)? < skip {
            return Err(stream.broken(&std::io::ErrorKind::UnexpectedEof.into()));
        }
        let voxels = planes * stream.header.plane();
        let mut reader = Asked { reader: &mut *walked.reader, run };
        let done = stream.decode.read(&mut reader, voxels, stream.header.voxel, &mut walked.raw, out);
        done.map_err(|e| run.check().err().unwrap_or_else(|| stream.broken(&e)))?;
        walked.at = from + stream.decode.bytes(voxels) as u64;
        if plane + planes == stream.header.nz() * stream.header.frames.count {
            // Reads on to the end, where the checksum is.
            walked.at += stream.pass(&mut *walked.reader, GREATEST_TAIL, run)?;
        }
        Ok(())
    }
}

impl Drop for Forward<'_> {
    fn drop(&mut self) {
        if let Some(mut walked) = self.walked.take() {
            let mut places = self.stream.places();
            walked.passed(&mut places);
            places.parked = Some(walked);
        }
    }
}

impl Stream {
    /// How many bytes come before the voxels, which are the stream's end.
    fn before(&self, run: &Run) -> Result<u64> {
        let need = voxel_bytes(&self.header, self.decode);
        let mut walked = self.begin(0).map_err(|e| self.broken(&e))?;
        let all = self.pass(&mut *walked.reader, need.saturating_add(GREATEST_TAIL + 1), run)?;
        walked.passed(&mut self.places());
        let wrong = |found: String| Error::corrupt("compressed voxel data").found(found).expected(format_args!("{need} bytes, the last of the stream")).within(&self.path);
        match all.checked_sub(need) {
            None => Err(wrong(format!("{all} bytes")).help("the header is wrong or the file is cut off; copy it again")),
            Some(more) if more > GREATEST_TAIL => {
                Err(wrong(format!("more than {GREATEST_TAIL} bytes before them")).help("the header is wrong: correct its size and type, or say how many bytes to skip"))
            }
            Some(before) => Ok(*self.skip.get_or_init(|| before)),
        }
    }

    /// Reads over at most so many bytes, and asks for an interrupt on the way; how many there were.
    fn pass(&self, reader: &mut dyn Unpack, most: u64, run: &Run) -> Result<u64> {
        let (mut passed, mut buffer, mut reader) = (0, vec![0; 1 << 16], Asked { reader, run });
        while passed < most {
            run.check()?;
            let part = (most - passed).min(buffer.len() as u64) as usize;
            match reader.read(&mut buffer[..part]).map_err(|e| run.check().err().unwrap_or_else(|| self.broken(&e)))? {
                0 => break,
                n => passed += n as u64,
            }
        }
        Ok(passed)
    }

    fn broken(&self, error: &std::io::Error) -> Error {
        let what = match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "compressed voxel data end before the last voxel".to_string(),
            _ => format!("compressed voxel data: {error}"),
        };
        Error::corrupt(what).help("the file is cut off or damaged; copy it again").within(&self.path)
    }
}

impl Cursor for Forward<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.stream.header, z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let done = self.read(self.first + z.start, out);
        if done.is_err() {
            // Who tries again begins where the sum does, so that what is damaged stays so.
            self.walked = None;
            *self.stream.places() = Places::default();
        }
        done
    }
}

impl Source for Stream {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let skip = if let Some(skip) = self.skip.get() { *skip } else { self.before(run)? };
        let first = frame * self.header.nz();
        let to = skip + self.decode.bytes((first + z.start) * self.header.plane()) as u64;
        let walked = self.begin(to).map_err(|e| self.broken(&e))?;
        Ok(Box::new(Forward { stream: self, run, walked: Some(walked), first, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        (self.header.plane_bytes() + self.decode.bytes(self.header.plane())).saturating_mul(planes)
            + (1 << 19)
            + (voxel_bytes(&self.header, self.decode) / self.stride()) as usize * (32 << 10)
    }

    fn sequential(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut e = GzEncoder::new(Vec::new(), Compression::new(6));
        e.write_all(bytes).unwrap();
        e.finish().unwrap()
    }

    /// A stream of bytes, the last of which are the voxels of one row.
    fn tail(bytes: &[u8], nx: usize) -> Result<Stream> {
        let header = Header::new([1, 1, nx], 1, isovox_volume::Type::U8)?;
        Stream::tail(header, Decode::kept(isovox_volume::Type::U8, false), Codec::Gzip, Input::bytes("a.gz", gzip(bytes)), 0)
    }

    fn pulled(stream: &Stream, run: &Run) -> Result<Vec<u8>> {
        Ok(stream.open(run, 0, 0..1)?.pull(0..1)?.data.bytes().to_vec())
    }

    #[test]
    fn voxels_at_the_end_of_a_stream() {
        let run = Run::here();
        let stream = tail(b"head, voxels", 6).unwrap();
        assert_eq!((pulled(&stream, &run).unwrap(), pulled(&stream, &run).unwrap()), (b"voxels".to_vec(), b"voxels".to_vec()));
        assert!(pulled(&tail(b"vox", 6).unwrap(), &run).unwrap_err().to_string().contains("found 3 bytes"));
        // What no stream of its length holds is refused before it is read.
        assert!(tail(b"vox", 1 << 30).is_err());
        let long = vec![0; GREATEST_TAIL as usize + 7];
        assert_eq!(pulled(&tail(&long[1..], 6).unwrap(), &run).unwrap(), [0; 6]);
        assert!(pulled(&tail(&long, 6).unwrap(), &run).unwrap_err().to_string().contains("before them"));
        let stopped = Run::here().with_cancel(std::sync::Arc::new(true.into()));
        assert_eq!(pulled(&tail(&long, 6).unwrap(), &stopped).unwrap_err().kind(), isovox_volume::Kind::Cancelled);
    }
}
