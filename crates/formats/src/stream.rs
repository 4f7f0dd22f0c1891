//! Compressed voxels: a stream that can only be read from its beginning, and one that is written in order.

use std::io::{BufRead, BufReader, Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use bzip2::read::MultiBzDecoder;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::read::ZlibDecoder;
use flate2::write::GzEncoder;
use isovox_volume::error::At;
use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, Error, Header, Result, Run, Sink, Slab, Source, Stop};

use crate::input::{Input, Reader};
use crate::staged::Staged;
use crate::stored::Decode;

/// Bytes after the voxels that are read to reach a stream's checksum; more are left alone. As many may come before the
/// voxels where these are the stream's end.
const GREATEST_TAIL: u64 = 64 << 20;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Gzip, any number of members.
    Gzip,
    /// Zlib.
    Zlib,
    /// Bzip2, any number of streams.
    Bzip2,
}

impl Codec {
    /// A decompressing reader of an input from byte `from` on.
    pub fn reader(self, input: &Input, from: u64) -> Box<dyn Read + Send> {
        let bytes = BufReader::with_capacity(1 << 18, input.reader(from));
        match self {
            Codec::Gzip => Box::new(Members { member: Some(GzDecoder::new(bytes)) }),
            Codec::Zlib => Box::new(ZlibDecoder::new(bytes)),
            Codec::Bzip2 => Box::new(MultiBzDecoder::new(bytes)),
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

/// Gzip members one after the other; zeros behind the last (tape and block padding) are no member.
struct Members {
    member: Option<GzDecoder<BufReader<Reader>>>,
}

impl Read for Members {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while let Some(member) = &mut self.member {
            let n = member.read(out)?;
            if n > 0 || out.is_empty() {
                return Ok(n);
            }
            self.member = self.member.take().map(GzDecoder::into_inner).and_then(|bytes| after_zeros(bytes).transpose()).transpose()?.map(GzDecoder::new);
        }
        Ok(0)
    }
}

/// The reader at its next byte that is not zero; `None` at the end.
fn after_zeros(mut bytes: BufReader<Reader>) -> std::io::Result<Option<BufReader<Reader>>> {
    loop {
        let buffer = bytes.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let zeros = buffer.iter().take_while(|&&b| b == 0).count();
        let more = zeros < buffer.len();
        bytes.consume(zeros);
        if more {
            return Ok(Some(bytes));
        }
    }
}

/// Compressed planes as a source. Sequential: the engine sweeps it once and keeps it.
pub struct Stream {
    header: Header,
    decode: Decode,
    begin: Begin,
    path: PathBuf,
    /// Bytes before the voxels; set by the first walk where the voxels are the stream's end.
    skip: OnceLock<u64>,
}

/// Begins to read the bytes anew.
pub type Begin = Box<dyn Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync>;

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
        Ok(Stream { header, decode, begin: Box::new(move || Ok(codec.reader(&input, from))), path, skip })
    }

    /// Voxels are what a reader gives; `path` is named in errors. The caller has held the header's size against the bytes.
    pub fn of(header: Header, decode: Decode, path: PathBuf, begin: Begin) -> Stream {
        Stream { header, decode, begin, path, skip: OnceLock::from(0) }
    }
}

/// Bytes of all voxels.
fn voxel_bytes(header: &Header, decode: Decode) -> u64 {
    (decode.bytes(header.voxels()) as u64).saturating_mul(header.frames.count as u64)
}

struct Forward<'a> {
    stream: &'a Stream,
    run: &'a Run,
    reader: Box<dyn Read + Send>,
    next: usize,
    first: usize,
    raw: Vec<u8>,
    pool: Pool,
}

impl Forward<'_> {
    fn read(&mut self, plane: usize, out: &mut [u8]) -> Result<()> {
        let stored = self.stream.decode.bytes(self.stream.header.plane());
        if plane > self.next {
            self.skip(((plane - self.next) * stored) as u64)?;
        }
        let planes = out.len() / self.stream.header.plane_bytes();
        self.raw.resize(planes * stored, 0);
        self.reader.read_exact(&mut self.raw).map_err(|e| self.stream.broken(&e))?;
        self.next = plane + planes;
        self.stream.decode.apply(&mut self.raw, self.stream.header.voxel, out);
        if self.next == self.stream.header.nz() * self.stream.header.frames.count {
            self.check_end()?;
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        if self.stream.pass(&mut *self.reader, bytes, self.run)? == bytes { Ok(()) } else { Err(self.stream.broken(&std::io::ErrorKind::UnexpectedEof.into())) }
    }

    /// Reads on to the end, where the checksum is.
    fn check_end(&mut self) -> Result<()> {
        self.stream.pass(&mut *self.reader, GREATEST_TAIL, self.run).map(|_| ())
    }
}

impl Stream {
    /// How many bytes come before the voxels, which are the stream's end.
    fn before(&self, run: &Run) -> Result<u64> {
        let need = voxel_bytes(&self.header, self.decode);
        let mut reader = (self.begin)().map_err(|e| self.broken(&e))?;
        let all = self.pass(&mut *reader, need.saturating_add(GREATEST_TAIL + 1), run)?;
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
    fn pass(&self, reader: &mut dyn Read, most: u64, run: &Run) -> Result<u64> {
        let (mut passed, mut buffer) = (0, vec![0; 1 << 16]);
        while passed < most {
            run.check()?;
            let part = (most - passed).min(buffer.len() as u64) as usize;
            match reader.read(&mut buffer[..part]).map_err(|e| self.broken(&e))? {
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
        self.read(self.first + z.start, out)
    }
}

impl Source for Stream {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let skip = if let Some(skip) = self.skip.get() { *skip } else { self.before(run)? };
        let reader = (self.begin)().map_err(|e| self.broken(&e))?;
        let first = frame * self.header.nz();
        let mut walk = Forward { stream: self, run, reader, next: 0, first, raw: Vec::new(), pool: Pool::default() };
        walk.skip(skip)?;
        Ok(Box::new(walk))
    }

    fn flight(&self, planes: usize) -> usize {
        (self.header.plane_bytes() + self.decode.bytes(self.header.plane())).saturating_mul(planes) + (1 << 19)
    }

    fn sequential(&self) -> bool {
        true
    }
}

/// Gzip-compressed planes being written, in order. Gzip time is 0: two runs give equal files.
pub struct GzipSink {
    encoder: Mutex<GzEncoder<Staged>>,
    target: PathBuf,
    stop: Stop,
}

impl GzipSink {
    /// `head` comes before the voxels, inside the stream.
    pub fn new(data: Staged, head: &[u8]) -> Result<GzipSink> {
        let target = data.target().to_path_buf();
        let mut encoder = GzEncoder::new(data, Compression::new(6));
        encoder.write_all(head).at(&target)?;
        Ok(GzipSink { encoder: Mutex::new(encoder), target, stop: Stop::default() })
    }
}

impl Sink for GzipSink {
    fn ordered(&self) -> bool {
        true
    }

    fn watch(&mut self, stop: Stop) {
        self.stop = stop;
    }

    fn write(&self, _frame: usize, _z: Range<usize>, bytes: &[u8]) -> Result<()> {
        let mut encoder = self.encoder.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.stop.parts(bytes, |part| encoder.write_all(part).at(&self.target))
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        let encoder = self.encoder.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(vec![encoder.finish().at(&self.target)?.finish()?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut e = GzEncoder::new(Vec::new(), Compression::new(6));
        e.write_all(bytes).unwrap();
        e.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Codec::Gzip.reader(&Input::bytes("a.gz", bytes), 0).read_to_end(&mut out).map(|_| out)
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

    #[test]
    fn members_follow_each_other_and_zeros_are_padding() {
        let two = [gzip(b"one"), gzip(b"two")].concat();
        assert_eq!(read(two.clone()).unwrap(), b"onetwo");
        assert_eq!(read([two.clone(), vec![0; 512]].concat()).unwrap(), b"onetwo");
        assert!(read([two.clone(), b"junk".to_vec()].concat()).is_err());
        assert!(read(two[..two.len() - 1].to_vec()).is_err());
        assert!(read(Vec::new()).is_err());
    }
}
