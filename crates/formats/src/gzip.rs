//! Gzip that is written in parts, by as many threads as there are, and says where each begins.
//!
//! One member, as every reader of gzip takes it (RFC 1952). Its extra field `IV` holds how many bytes a stretch of parts
//! unpacks to, and how many each stretch is packed in (all 32 bits, the lowest byte first).

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use flate2::Crc;
use isovox_deflate::{Encoder, Point};
use isovox_volume::error::At;
use isovox_volume::{Header, Lease, Result, Run, Sink, Stop};

use crate::input::Input;
use crate::staged::Staged;

/// The head without its extra field: deflate, an extra field, no time, system unknown. Two runs give equal files.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
const ID: [u8; 2] = *b"IV";
/// Bytes of the head up to the field's stretches: the whole field's length, its name, its own length, the stretch.
const BEFORE: usize = HEAD.len() + 2 + 2 + 2 + 4;
/// Stretches that fit the field.
const MOST: u64 = (u16::MAX as u64 - 8) / 4;
/// What an empty stored block ends with: where a part may end.
const SYNC: [u8; 4] = [0, 0, 0xff, 0xff];
/// Memory of a thread that packs: a part, what it becomes, and an encoder.
const EACH: usize = 4 * Encoder::PART;

/// Gzip-compressed planes being written, in order.
pub(crate) struct GzipSink {
    packing: Mutex<Packing>,
    stop: Stop,
    threads: usize,
    leases: Vec<Lease>,
}

struct Packing {
    file: Staged,
    /// What comes before the voxels, until they come.
    head: Vec<u8>,
    /// Bytes that wait for enough of them to give each thread a part.
    waiting: Vec<u8>,
    encoders: Vec<Encoder>,
    row: usize,
    sum: Crc,
    /// Bytes in all, and parts of a stretch.
    all: u64,
    parts: u64,
    done: u64,
    sizes: Vec<u32>,
}

impl GzipSink {
    /// `head` comes before the voxels, inside the stream.
    pub(crate) fn new(mut file: Staged, head: &[u8], header: &Header) -> Result<GzipSink> {
        let all = (head.len() + header.bytes()) as u64;
        let count = all.div_ceil(Encoder::PART as u64).max(1);
        let parts = count.div_ceil(MOST);
        let target = file.target().to_path_buf();
        file.write_all(&field(parts, &vec![0; count.div_ceil(parts) as usize])).at(&target)?;
        let row = header.nx() * header.voxel.bytes();
        let (head, waiting, sum) = (head.to_vec(), Vec::new(), Crc::new());
        let packing = Packing { file, head, waiting, encoders: Vec::new(), row, sum, all, parts, done: 0, sizes: Vec::new() };
        Ok(GzipSink { packing: Mutex::new(packing), stop: Stop::default(), threads: 1, leases: Vec::new() })
    }
}

/// The member's head.
fn field(parts: u64, sizes: &[u32]) -> Vec<u8> {
    let own = (4 + 4 * sizes.len()) as u16;
    // One too long to be told makes an index that nobody believes.
    let stretch = u32::try_from(parts * Encoder::PART as u64).unwrap_or(0);
    let start = [&HEAD[..], &(own + 4).to_le_bytes(), &ID, &own.to_le_bytes(), &stretch.to_le_bytes()].concat();
    start.into_iter().chain(sizes.iter().flat_map(|n| n.to_le_bytes())).collect()
}

impl Packing {
    /// Takes bytes, and packs as often as there are enough for a number of threads.
    fn take(&mut self, bytes: &[u8], threads: usize, stop: &Stop) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(threads * Encoder::PART - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            if self.waiting.len() == threads * Encoder::PART {
                stop.check()?;
                self.pack()?;
            }
            rest = later;
        }
        Ok(())
    }

    /// Packs what waits, a part a thread.
    fn pack(&mut self) -> Result<()> {
        let parts: Vec<&[u8]> = self.waiting.chunks(Encoder::PART).collect();
        while self.encoders.len() < parts.len() {
            self.encoders.push(Encoder::new(self.row));
        }
        let (done, all) = (self.done, self.all);
        let packed: Vec<(Vec<u8>, Crc)> = std::thread::scope(|scope| {
            let pack = |encoder: &mut Encoder, place: usize, part: &[u8]| {
                let mut sum = Crc::new();
                sum.update(part);
                let end = done + (place * Encoder::PART + part.len()) as u64;
                (encoder.part(part, end == all), sum)
            };
            let mut pairs = self.encoders.iter_mut().zip(&parts).enumerate();
            let first = pairs.next();
            let others: Vec<_> = pairs.map(|(place, (encoder, part))| scope.spawn(move || pack(encoder, place, part))).collect();
            let first = first.map(|(place, (encoder, part))| pack(encoder, place, part));
            first.into_iter().chain(others.into_iter().map(|o| o.join().expect("packing does not panic"))).collect()
        });
        let target = self.file.target().to_path_buf();
        for (bytes, sum) in packed {
            let stretch = (self.done / Encoder::PART as u64 / self.parts) as usize;
            self.sizes.resize(stretch + 1, 0);
            self.sizes[stretch] = self.sizes[stretch].saturating_add(bytes.len() as u32);
            self.done += u64::from(sum.amount());
            self.sum.combine(&sum);
            self.file.write_all(&bytes).at(&target)?;
        }
        self.waiting.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<PathBuf> {
        if !self.waiting.is_empty() {
            self.pack()?;
        }
        let target = self.file.target().to_path_buf();
        self.file.write_all(&self.sum.sum().to_le_bytes()).at(&target)?;
        self.file.write_all(&(self.all as u32).to_le_bytes()).at(&target)?;
        self.file.write_at(0, &field(self.parts, &self.sizes))?;
        self.file.finish()
    }
}

impl Sink for GzipSink {
    fn ordered(&self) -> bool {
        true
    }

    fn watch(&mut self, run: &Run) {
        self.stop = run.stop();
        self.threads = run.threads.min(run.free() / 4 / EACH).max(1);
        self.leases.extend(run.try_lease(self.threads * EACH));
    }

    fn write(&self, _frame: usize, _z: Range<usize>, bytes: &[u8]) -> Result<()> {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let head = std::mem::take(&mut packing.head);
        packing.take(&head, self.threads, &self.stop)?;
        packing.take(bytes, self.threads, &self.stop)
    }

    fn finish(self: Box<Self>) -> Result<Vec<PathBuf>> {
        Ok(vec![self.packing.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?])
    }
}

/// Where the member at byte `from` of a file may be begun to be read, if it says so; `all` is how many bytes it unpacks to. An
/// index that does not fit the file to the byte is not believed.
pub(crate) fn points(input: &Input, from: u64, all: u64) -> Result<Vec<Point>> {
    let mut head = [0; BEFORE];
    let Some(length) = input.len().checked_sub(from).filter(|n| *n > BEFORE as u64 + 12) else { return Ok(Vec::new()) };
    input.read_at(from, &mut head)?;
    let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let own = short(14);
    let stretch = u64::from(u32::from_le_bytes([head[16], head[17], head[18], head[19]]));
    let named = head[..4] == HEAD[..4] && head[12..14] == ID && u32::from(short(10)) == u32::from(own) + 4;
    let count = u64::from(own / 4).saturating_sub(1);
    let even = stretch > 0 && stretch.is_multiple_of(Encoder::PART as u64) && own.is_multiple_of(4) && count == all.div_ceil(stretch);
    if !named || !even || BEFORE as u64 + 4 * count + 8 > length {
        return Ok(Vec::new());
    }
    let (mut sizes, mut end) = (vec![0; 4 * count as usize], [0; 4]);
    input.read_at(from + BEFORE as u64, &mut sizes)?;
    input.read_at(from + length - 4, &mut end)?;
    let mut at = BEFORE as u64 + sizes.len() as u64;
    let ends = sizes.as_chunks().0.iter().map(|size| {
        at += u64::from(u32::from_le_bytes(*size));
        at
    });
    let ends: Vec<u64> = ends.collect();
    if ends.last().is_none_or(|last| last + 8 != length) || u32::from_le_bytes(end) != all as u32 {
        return Ok(Vec::new());
    }
    let inner = ends[..ends.len() - 1].iter().zip(1..);
    Ok(inner.map(|(end, n)| Point { bit: end * 8, out: n * stretch, history: Vec::new() }).collect())
}

/// Whether a part ends at a byte of a file.
pub(crate) fn part_ends(input: &Input, at: u64) -> bool {
    let mut end = [0; SYNC.len()];
    at >= 4 && input.read_at(at - 4, &mut end).is_ok() && end == SYNC
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use isovox_volume::{Source, Type};

    use super::*;
    use crate::stored::Decode;
    use crate::stream::{Codec, Stream};

    const SIDE: usize = 700;

    fn header() -> Header {
        Header::new([9, SIDE, SIDE], 1, Type::U8).unwrap()
    }

    /// Planes of noise that is not quite noise.
    fn voxels() -> Vec<u8> {
        (0..9 * SIDE * SIDE).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8 & 0x3f).collect()
    }

    fn written(threads: usize) -> Vec<u8> {
        packed(threads, b"head")
    }

    fn packed(threads: usize, head: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        let run = Run::new(threads, 1 << 30, folder.path().to_path_buf());
        let mut sink = GzipSink::new(Staged::create(&path, false).unwrap(), head, &header()).unwrap();
        sink.watch(&run);
        voxels().chunks(SIDE * SIDE).enumerate().for_each(|(z, plane)| sink.write(0, z..z + 1, plane).unwrap());
        Box::new(sink).finish().unwrap();
        std::fs::read(path).unwrap()
    }

    fn plane(bytes: &[u8], z: usize) -> Result<Vec<u8>> {
        let stream = Stream::new(header(), Decode::kept(Type::U8, false), Codec::Gzip, Input::bytes("a.gz", bytes.to_vec()), 0, 4)?;
        let run = Run::here();
        let slab = stream.open(&run, 0, z..z + 1)?.pull(z..z + 1)?;
        Ok(slab.data.bytes().to_vec())
    }

    #[test]
    fn any_number_of_threads_writes_one_member_that_all_read() {
        let alone = written(1);
        assert!(alone == written(3) && alone == written(8));
        let mut whole = Vec::new();
        flate2::read::GzDecoder::new(&alone[..]).read_to_end(&mut whole).unwrap();
        assert!(whole == [b"head".to_vec(), voxels()].concat());
    }

    #[test]
    fn a_plane_is_read_without_those_before_it() {
        let mut bytes = written(2);
        let (voxels, size) = (voxels(), SIDE * SIDE);
        let points = points(&Input::bytes("a.gz", bytes.clone()), 0, (4 + voxels.len()) as u64).unwrap();
        assert_eq!(points.iter().map(|p| p.out).collect::<Vec<_>>(), (1..5).map(|n| n << 20).collect::<Vec<u64>>());
        (0..9).for_each(|z| assert!(plane(&bytes, z).unwrap() == voxels[z * size..][..size], "{z}"));
        // What is damaged before it does not matter to it.
        bytes[200..3000].fill(0x55);
        assert!(plane(&bytes, 0).is_err() && plane(&bytes, 8).unwrap() == voxels[8 * size..]);
    }

    #[test]
    fn a_head_may_be_longer_than_what_threads_take_at_once() {
        let head = vec![7; 3 << 20];
        let alone = packed(1, &head);
        assert!(alone == packed(8, &head));
        let mut whole = Vec::new();
        flate2::read::GzDecoder::new(&alone[..]).read_to_end(&mut whole).unwrap();
        assert!(whole == [head, voxels()].concat());
    }

    #[test]
    fn an_index_that_does_not_fit_is_not_believed() {
        let bytes = written(1);
        let known = |bytes: &[u8], all: u64| points(&Input::bytes("a.gz", bytes.to_vec()), 0, all).unwrap().len();
        let all = (4 + 9 * SIDE * SIDE) as u64;
        assert_eq!((known(&bytes, all), known(&bytes, 100), known(&bytes, all + 1), known(&bytes[..60], all)), (4, 0, 0, 0));
        for at in [3, 10, 12, 14, 16, 18, 20, 23, 39, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 0x41;
            assert!(known(&other, all) == 0, "{at}");
        }
        // Two sizes that are wrong together are seen where a part is begun.
        let mut other = bytes.clone();
        (other[20], other[24]) = (other[20].wrapping_add(1), other[24].wrapping_sub(1));
        let voxels = voxels();
        assert!((0..9).all(|z| plane(&other, z).unwrap() == voxels[z * SIDE * SIDE..][..SIDE * SIDE]));
        assert!((0..200).all(|length| known(&bytes[..length], all) == 0));
    }

    #[test]
    fn what_is_damaged_stays_damaged() {
        let mut bytes = written(1);
        let crc = bytes.len() - 8;
        bytes[crc] ^= 1;
        let stream = Stream::new(header(), Decode::kept(Type::U8, false), Codec::Gzip, Input::bytes("a.gz", bytes), 0, 4).unwrap();
        let run = Run::here();
        let whole = || stream.open(&run, 0, 0..9)?.pull(0..9).map(drop);
        let end = || stream.open(&run, 0, 8..9)?.pull(8..9).map(drop);
        assert!(whole().is_err() && end().is_err() && whole().is_err());
    }
}
