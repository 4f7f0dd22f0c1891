//! What is done with hostile bytes: every parser by name, and a reader that pulls whatever opens.
//!
//! The tests of this folder and the targets of `fuzz/` run the same functions.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use isovox_deflate::{Container, Decoder, Encoder};
use isovox_formats::input::{Archive, Input};
use isovox_formats::open::open_given;
use isovox_formats::{AffineChoice, Format, Given, OpenOptions, RawOptions, Scan};
use isovox_volume::{Error, Length, Region, Result, Run, Size, Type};

/// A parser: takes the bytes and gives all their planes, or says why not.
pub(crate) type Parse = fn(&[u8]) -> Result<()>;

/// All parsers, by the names of their corpora.
pub(crate) const PARSERS: [(&str, Parse); 19] = [
    ("nifti", nifti),
    ("metaimage", metaimage),
    ("nrrd", nrrd),
    ("mgh", mgh),
    ("analyze", analyze),
    ("vtk", vtk),
    ("zarr", zarr),
    ("scanco", scanco),
    ("skyscan", skyscan),
    ("tiff", tiff),
    ("npy", npy),
    ("npz", npz),
    ("zip", zip),
    ("raw_sidecars", raw_sidecars),
    ("pictures", pictures),
    ("dicom", dicom),
    ("jpegls", jpegls),
    ("deflate", deflate),
    ("values", values),
];

/// Between the files of an input that is several.
pub(crate) const SPLIT: &[u8] = b"<|>";

/// Volumes over this are not pulled: what is tested is parsing, not patience.
const MOST_BYTES: usize = 16 << 20;

/// Samples that a stream of a codec is decoded to, at most.
const MOST_SAMPLES: usize = 1 << 18;

/// What the run that pulls may hold.
const MEMORY: usize = 64 << 20;

/// Files beside each other, in memory.
struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Arc<Files> {
        Arc::new(Files(files.iter().map(|(name, bytes)| ((*name).to_string(), bytes.to_vec())).collect()))
    }
}

impl Archive for Files {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|f| f.0.clone()).collect()
    }

    fn entry(self: Arc<Self>, name: &str) -> Result<Input> {
        let (_, bytes) = self.0.iter().find(|f| f.0 == name).ok_or_else(|| Error::not_found(name))?;
        let bytes = Arc::new(bytes.clone());
        Ok(Input::entry(name, Path::new(name), self, bytes))
    }
}

fn open_file(files: &Arc<Files>, name: &str, options: &OpenOptions) -> Result<()> {
    pull(&open_given(Given::One(files.clone().entry(name)?), options)?)
}

fn open_alone(name: &str, data: &[u8], options: &OpenOptions) -> Result<()> {
    pull(&open_given(Given::One(Input::bytes(name, data.to_vec())), options)?)
}

/// Pulls some frames, the last among them; what is left out is too large, never wrong.
fn pull(scan: &Scan) -> Result<()> {
    let (source, header) = (&scan.source, scan.source.header());
    let (g, nz) = (&header.geometry, header.nz());
    assert!(header.voxels() > 0 && header.frames.count > 0, "a volume without voxels");
    assert!(g.axes().is_none_or(|a| a.len() == 3) && g.shear_deg() >= 0.0 && g.spacing().is_none_or(|s| s.iter().all(|s| s.is_finite())), "{g:?}");
    let run = Run::new(1, MEMORY, std::env::temp_dir());
    // As the engine does: what does not fit is refused before it is read.
    let planes = nz.div_ceil(64);
    if header.bytes() > MOST_BYTES || source.flight(planes) > run.free() {
        return Ok(());
    }
    source.prepare(&run)?;
    let frames = [0, 1, header.frames.count - 1];
    frames.into_iter().filter(|&f| f < header.frames.count).try_for_each(|frame| pull_frame(scan, &run, frame, planes))
}

fn pull_frame(scan: &Scan, run: &Run, frame: usize, planes: usize) -> Result<()> {
    let (source, header) = (&scan.source, scan.source.header());
    let mut cursor = source.open(run, frame, 0..header.nz())?;
    for first in (0..header.nz()).step_by(planes) {
        let z = first..(first + planes).min(header.nz());
        let slab = cursor.pull(z.clone())?;
        assert!(slab.z == z && slab.data.voxel() == header.voxel && slab.data.len() == z.len() * header.plane(), "a slab that is not what its header says");
    }
    Ok(())
}

fn nifti(data: &[u8]) -> Result<()> {
    let affine = [AffineChoice::File, AffineChoice::Sform, AffineChoice::Qform, AffineChoice::Pixdim][data.len() / 2 % 4];
    let options = OpenOptions { affine, ..OpenOptions::default() };
    let image: Vec<u8> = (0..480).map(|i| i as u8).collect();
    // Every other one goes through gzip: no mutation of compressed bytes comes this far.
    let packed = if data.len() % 2 == 1 && !data.starts_with(&[0x1f, 0x8b]) { gzip(data) } else { data.to_vec() };
    let files = Files::new(&[("a.hdr", &packed), ("a.img", &image)]);
    open_file(&files, "a.hdr", &options).or_else(|_| open_file(&files, "a.hdr", &OpenOptions::default()))
}

/// The bytes as a gzip stream that stores them as they are: no compressor's time, and no length that it hides.
fn gzip(data: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for (i, block) in data.chunks(0xffff).enumerate() {
        let length = block.len() as u16;
        file.push(u8::from((i + 1) * 0xffff >= data.len()));
        file.extend([length, !length].map(u16::to_le_bytes).concat());
        file.extend(block);
    }
    let mut crc = flate2::Crc::new();
    crc.update(data);
    file.extend([crc.sum(), data.len() as u32].map(u32::to_le_bytes).concat());
    file
}

fn metaimage(data: &[u8]) -> Result<()> {
    let raw: Vec<u8> = (0..480).map(|i| i as u8).collect();
    let slices = [&raw[..20], &raw[20..40], &raw[40..60]];
    let files = Files::new(&[("a.mhd", data), ("a.raw", &raw), ("s1.raw", slices[0]), ("s2.raw", slices[1]), ("s3.raw", slices[2])]);
    open_file(&files, "a.mhd", &OpenOptions::default())
}

fn nrrd(data: &[u8]) -> Result<()> {
    let raw: Vec<u8> = (0..480).map(|i| i as u8).collect();
    let slices = [&raw[..20], &raw[20..40], &raw[40..60]];
    let files = Files::new(&[("a.nhdr", data), ("a.raw", &raw), ("a.raw.gz", &gzip(&raw)), ("s1.raw", slices[0]), ("s2.raw", slices[1]), ("s3.raw", slices[2])]);
    open_file(&files, "a.nhdr", &OpenOptions::default())
}

fn mgh(data: &[u8]) -> Result<()> {
    // Every other one goes through gzip: no mutation of compressed bytes comes past its checksum.
    let packed = if data.len() % 2 == 1 && !data.starts_with(&[0x1f, 0x8b]) { gzip(data) } else { data.to_vec() };
    open_alone("a.mgz", &packed, &OpenOptions::default())
}

fn analyze(data: &[u8]) -> Result<()> {
    let image: Vec<u8> = (0..480).map(|i| i as u8).collect();
    let packed = if data.len() % 2 == 1 && !data.starts_with(&[0x1f, 0x8b]) { gzip(data) } else { data.to_vec() };
    open_file(&Files::new(&[("a.hdr", &packed), ("a.img", &image)]), "a.img", &OpenOptions::default())
}

fn vtk(data: &[u8]) -> Result<()> {
    open_alone("a.vti", data, &OpenOptions::default())
}

/// The first byte chooses what the files are, which are split by [`SPLIT`].
fn zarr(data: &[u8]) -> Result<()> {
    let Some((kind, rest)) = data.split_first() else { return Err(Error::not_found("a kind")) };
    let parts = split(rest);
    let part = |n: usize| parts.get(n).copied().unwrap_or_default();
    let (files, mark) = match kind {
        b'2' => (Files::new(&[(".zarray", part(0)), ("0.0.0", part(1)), ("1.0.0", part(2))]), ".zarray"),
        b'3' => (Files::new(&[("zarr.json", part(0)), ("c/0/0/0", part(1)), ("c/1/0/0", part(2))]), "zarr.json"),
        _ => (Files::new(&[("zarr.json", part(0)), ("0/zarr.json", part(1)), ("0/c/0/0/0", part(2))]), "zarr.json"),
    };
    open_file(&files, mark, &OpenOptions::default())
}

fn scanco(data: &[u8]) -> Result<()> {
    open_alone("a.aim", data, &OpenOptions::default())
}

/// A log beside a picture: whatever it says, the picture opens.
fn skyscan(data: &[u8]) -> Result<()> {
    let picture = [b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".as_slice(), &[0; 24], &[1, 2, 3, 0, 0, 0, 0, 0]].concat();
    open_file(&Files::new(&[("a.log", data), ("a_rec1.bmp", &picture)]), "a_rec1.bmp", &OpenOptions::default())
}

fn tiff(data: &[u8]) -> Result<()> {
    open_alone("a.tif", data, &OpenOptions { white_is_zero: data.len() % 4 == 1, ..OpenOptions::default() })
}

fn npy(data: &[u8]) -> Result<()> {
    open_alone("a.npy", data, &OpenOptions::default())
}

fn npz(data: &[u8]) -> Result<()> {
    open_alone("a.npz", data, &OpenOptions::default())
}

fn zip(data: &[u8]) -> Result<()> {
    open_alone("a.zip", data, &OpenOptions::default())
}

/// The first byte chooses what lies beside the data; text and data follow, split by [`SPLIT`].
fn raw_sidecars(data: &[u8]) -> Result<()> {
    let Some((kind, rest)) = data.split_first() else { return Err(Error::not_found("a kind")) };
    let parts = split(rest);
    let (said, voxels) = (parts[0], parts.get(1).copied().unwrap_or_default());
    let options = OpenOptions::default();
    let text = String::from_utf8_lossy(said);
    match kind {
        b'i' => open_file(&Files::new(&[("a.raw", voxels), ("a.txt", said)]), "a.raw", &options),
        b'v' => {
            let files = Files::new(&[("a.raw", voxels), ("a.vgi", said)]);
            open_file(&files, "a.vgi", &options).and(open_file(&files, "a.raw", &options))
        }
        b'm' => open_file(&Files::new(&[("5x4x3.raw", voxels), ("5x4x3.mhd", said)]), "5x4x3.raw", &options),
        b'h' => {
            let files = Files::new(&[("5x4x3.raw", voxels), ("5x4x3.nhdr", said)]);
            open_file(&files, "5x4x3.nhdr", &options).and(open_file(&files, "5x4x3.raw", &options))
        }
        b's' => {
            let (one, two) = voxels.split_at(voxels.len() / 2);
            let inputs = [("alu.txt", said), ("alu.1", one), ("alu.2", two)].map(|(name, bytes)| Input::bytes(name, bytes.to_vec()));
            pull(&open_given(Given::Many(inputs.into()), &options)?)
        }
        b'o' => open_alone("a", voxels, &OpenOptions { raw: told(&text), ..options }),
        _ => open_alone(&text, voxels, &options),
    }
}

/// `type x y z offset gap`
fn told(text: &str) -> RawOptions {
    let mut words = text.split_whitespace();
    let voxel = words.next().and_then(Type::from_name);
    let numbers: Vec<u64> = words.map_while(|w| w.parse().ok()).collect();
    let size = match numbers[..] {
        [x, y, z, ..] => Some([z, y, x].map(|n| n as usize)),
        _ => None,
    };
    RawOptions { size, voxel, big_endian: Some(true), offset: numbers.get(3).copied(), gap: numbers.get(4).copied() }
}

/// One picture, or slices split by [`SPLIT`].
fn pictures(data: &[u8]) -> Result<()> {
    let mut inputs: Vec<Input> = split(data).into_iter().zip(1..).map(|(bytes, n)| Input::bytes(&format!("s{n}.bmp"), checked(bytes, data.len() % 2 == 1))).collect();
    let given = if inputs.len() == 1 { Given::One(inputs.remove(0)) } else { Given::Many(inputs) };
    pull(&open_given(given, &OpenOptions::default())?)
}

/// One file, or the files of a series split by [`SPLIT`]; several series are listed.
fn dicom(data: &[u8]) -> Result<()> {
    let named: Vec<(String, &[u8])> = split(data).into_iter().enumerate().map(|(n, bytes)| (format!("f{n}"), bytes)).collect();
    let archive = Files::new(&named.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>());
    let inputs = || named.iter().map(|(name, _)| archive.clone().entry(name).expect("a file of its own")).collect::<Vec<_>>();
    let voxel = [None, Some(Type::I32)][data.len() % 2];
    let options = OpenOptions { raw: RawOptions { voxel, ..RawOptions::default() }, ..OpenOptions::default() };
    let mut files = inputs();
    if files.len() > 1 {
        // A DICOMDIR stands for the files beside it.
        let _ = open_given(Given::One(files[0].clone()), &options).and_then(|scan| pull(&scan));
    }
    let given = if files.len() == 1 { Given::One(files.remove(0)) } else { Given::Many(files) };
    if isovox_formats::dicom::Dicom.recognises(&given, data) {
        let listed = isovox_formats::dicom::list(Given::Many(inputs()))?;
        assert!(listed.iter().all(|s| s.files > 0), "a series without files");
    }
    let scan = open_given(given, &options)?;
    let meta = serde_json::Map::from_iter(scan.source.header().meta.clone());
    let _ = isovox_formats::dicom::mask::masked(&meta);
    pull(&scan)
}

/// A stream of JPEG-LS, as large as its header says up to a limit.
fn jpegls(data: &[u8]) -> Result<()> {
    let fault = |e: isovox_jpegls::Error| Error::corrupt(e);
    let info = isovox_jpegls::info(data).map_err(fault)?;
    if info.samples() > MOST_SAMPLES {
        return Ok(());
    }
    let mut samples = vec![0; info.samples()];
    isovox_jpegls::decode(data, &mut samples).map_err(fault)?;
    assert!(samples.iter().all(|&s| u32::from(s) >> info.bits == 0), "a sample over its bits");
    Ok(())
}

/// A compressed stream behind a byte that says in what; another library judges as this one does. Packed itself, it comes back.
fn deflate(data: &[u8]) -> Result<()> {
    let Some((kind, stream)) = data.split_first() else { return Ok(()) };
    let container = [Container::Raw, Container::Zlib, Container::Gzip][usize::from(kind % 3)];
    let mut out = Vec::new();
    let ours = Decoder::new(stream, container).take(MOST_BYTES as u64).read_to_end(&mut out);
    if container == Container::Raw && out.len() < MOST_BYTES {
        let mut other = Vec::new();
        let theirs = flate2::read::DeflateDecoder::new(stream).take(MOST_BYTES as u64).read_to_end(&mut other);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{ours:?} {theirs:?}");
        assert!(ours.is_err() || out == other, "other bytes");
    }
    let packed = Encoder::new(usize::from(*kind)).part(&data[..data.len().min(Encoder::PART)], true);
    let mut back = Vec::new();
    Decoder::new(&packed[..], Container::Raw).read_to_end(&mut back).expect("what was packed here");
    assert!(back == data[..data.len().min(Encoder::PART)], "other bytes come back");
    ours.map(drop).map_err(Error::corrupt)
}

/// The bytes, the checksums of a PNG's chunks set right where asked for: else no mutation comes past them.
fn checked(bytes: &[u8], right: bool) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 8;
    while right && bytes.starts_with(b"\x89PNG") {
        let Some(length) = out.get(at..at + 4).and_then(|b| b.try_into().ok()).map(|b| u32::from_be_bytes(b) as usize) else { break };
        let end = at + 8 + length;
        if out.len() < end + 4 {
            break;
        }
        let mut crc = flate2::Crc::new();
        crc.update(&out[at + 4..end]);
        out[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
    out
}

fn split(data: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(SPLIT.len()).position(|w| w == SPLIT).filter(|_| parts.len() < 8) {
        parts.push(&rest[..at]);
        rest = &rest[at + SPLIT.len()..];
    }
    parts.push(rest);
    parts
}

/// Texts of users: what is taken is finite, lies inside, and is read back from what is printed.
fn values(data: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(data);
    let length = Length::parse(&text).inspect(|length| {
        let (Length::Mm(v) | Length::Voxels(v) | Length::Bare(v)) = length;
        assert!(v.is_finite(), "{text:?} is {length:?}");
        assert_eq!(Length::parse(&length.to_string()).ok(), Some(*length));
        let _ = (length.voxels(Some(0.005)), length.voxels(None));
    });
    let size = Size::parse(&text).inspect(|size| {
        assert_eq!(Size::parse(&size.to_string()).ok(), Some(*size));
        let _ = (size.voxels(Some(1e-9)), size.voxels(None));
    });
    let rows: Vec<usize> = isovox_formats::table::csv::rows(&text).map(|(_, cells)| cells.len()).collect();
    assert!(rows.iter().sum::<usize>() <= text.len(), "{text:?} has more cells than letters");
    let mut found = rows.len() > 1 || length.is_ok() | size.is_ok() | isovox_formats::unit::millimetres(&text).is_some() | Type::from_name(&text).is_some();
    for shape in [[3, 4, 5], [1, 1, usize::MAX]] {
        if let Ok(region) = Region::parse(&text, shape) {
            let inside = [&region.z, &region.y, &region.x].into_iter().zip(shape).all(|(r, n)| r.start < r.end && r.end <= n);
            assert!(inside, "{text:?} of {shape:?} is {region:?}");
            found = true;
        }
    }
    if found { Ok(()) } else { Err(Error::parameter(text)) }
}
