//! One page: what its tags say of its voxels and of the chunks (strips, tiles) that hold them.

use isovox_volume::{Error, Result, Type};

use super::ifd::{Bytes, Directory, Entry, Walk};
use super::turned::Orientation;

/// How a sample's bits are read (`SampleFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    Uint,
    Int,
    Float,
}

/// What a page shows: equal for all pages of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Planes in the page (SGI `ImageDepth`).
    pub(super) depth: usize,
    pub(super) bits: u16,
    pub(super) samples: usize,
    pub(super) sample: Sample,
    pub(super) photometric: u16,
    pub(super) orientation: Orientation,
}

impl Picture {
    /// Columns and rows as they are seen.
    pub(super) fn seen(&self) -> (usize, usize) {
        if self.orientation.transposed { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// Whether it becomes `rgb8`.
    pub(super) fn rgb(&self) -> bool {
        self.photometric == 2 && self.samples == 3 && self.bits == 8 && self.sample == Sample::Uint
    }

    /// The voxel type: the smallest that holds the stored bits, floats of 16 bits widened.
    pub(super) fn voxel(&self) -> Result<Type> {
        Ok(match (self.sample, self.bits) {
            _ if self.rgb() => Type::Rgb8,
            (Sample::Uint, 1..=8) => Type::U8,
            (Sample::Uint, 9..=16) => Type::U16,
            (Sample::Uint, 17..=32) => Type::U32,
            (Sample::Uint, 64) => Type::U64,
            (Sample::Int, 8) => Type::I8,
            (Sample::Int, 16) => Type::I16,
            (Sample::Int, 32) => Type::I32,
            (Sample::Int, 64) => Type::I64,
            (Sample::Float, 16 | 32) => Type::F32,
            (Sample::Float, 64) => Type::F64,
            _ => {
                return Err(Error::unsupported("TIFF sample")
                    .found(format_args!("{:?} of {} bits", self.sample, self.bits))
                    .expected("1 to 32 or 64 bit unsigned, 8, 16, 32 or 64 bit signed, 16, 32 or 64 bit float")
                    .help("save it with one of these types"));
            }
        })
    }
}

/// How a page's chunks are laid out and coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) compression: u16,
    pub(super) predictor: u16,
    /// Whether each sample has chunks of its own.
    pub(super) separate: bool,
    /// Whether the lowest bit of each byte comes first (`FillOrder` 2).
    pub(super) lowest_first: bool,
    pub(super) tiled: bool,
    /// Chunk size in voxels, x, y, z; the last strip of a page is shorter, the last tile is not.
    pub(super) chunk: [usize; 3],
}

/// A page of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    /// Its coding, an index into the stack's list.
    pub(super) coding: usize,
    offsets: Entry,
    counts: Entry,
}

impl Page {
    /// Where the chunks `from..from + count` are, and how many bytes each has.
    pub(super) fn chunks(&self, bytes: &Bytes, from: u64, count: u64) -> Result<Vec<(u64, u64)>> {
        let offsets = bytes.uints(&self.offsets, from, count)?;
        Ok(offsets.into_iter().zip(bytes.uints(&self.counts, from, count)?).collect())
    }

    /// How many chunks the page lists.
    pub(super) fn listed(&self) -> u64 {
        self.offsets.count.min(self.counts.count)
    }

    /// Bytes of the lists.
    fn bytes(&self) -> u64 {
        let of = |e: &Entry| e.count.saturating_mul(e.width().unwrap_or(8));
        of(&self.offsets).saturating_add(of(&self.counts))
    }
}

/// How many chunks of a size cover a picture, along x, y, z.
pub(super) fn across(picture: &Picture, coding: &Coding) -> [usize; 3] {
    let [x, y, z] = coding.chunk;
    [picture.width.div_ceil(x), picture.height.div_ceil(y), picture.depth.div_ceil(z)]
}

/// Whether a page says that it is a reduced copy of another, and is smaller than `whole`: programs that set this on every
/// page of a stack mean planes.
pub(super) fn reduced(bytes: &Bytes, tags: &Directory, whole: &Picture) -> Result<bool> {
    let reader = Tags { bytes, tags };
    Ok(reader.one(254, 0)? & 1 == 1 && (reader.size(256, None)? < whole.width || reader.size(257, None)? < whole.height))
}

/// Reads a page's tags.
pub(super) fn read(walk: &mut Walk<'_>, bytes: &Bytes, tags: &Directory) -> Result<(Picture, Coding, Page)> {
    let reader = Tags { bytes, tags };
    let picture = reader.picture()?;
    let coding = reader.coding(&picture)?;
    let (offsets, counts) = if coding.tiled { (324, 325) } else { (273, 279) };
    let page = Page { coding: 0, offsets: reader.needed(offsets)?, counts: reader.needed(counts)? };
    let planes = if coding.separate { picture.samples } else { 1 };
    let expected = across(&picture, &coding).iter().try_fold(planes, |n, &c| n.checked_mul(c));
    if expected.is_none_or(|n| page.offsets.count != n as u64 || page.counts.count < n as u64) {
        return Err(Error::corrupt(if coding.tiled { "TIFF tiles" } else { "TIFF strips" })
            .found(format_args!("{} places and {} lengths", page.offsets.count, page.counts.count))
            .expected(expected.map_or("a number that can be counted".into(), |n| format!("{n} of each")))
            .within(bytes.input.path()));
    }
    walk.spend(page.bytes())?;
    Ok((picture, coding, page))
}

struct Tags<'a> {
    bytes: &'a Bytes,
    tags: &'a Directory,
}

impl Tags<'_> {
    fn picture(&self) -> Result<Picture> {
        let samples = self.size(277, Some(1))?;
        Ok(Picture {
            width: self.size(256, None)?,
            height: self.size(257, None)?,
            depth: self.size(32997, Some(1))?,
            bits: self.same(258, 1)?,
            samples,
            sample: match self.same(339, 1)? {
                1 | 4 => Sample::Uint,
                2 => Sample::Int,
                3 => Sample::Float,
                other => return Err(self.not("SampleFormat", other, "unsigned, signed or float; complex numbers are not read")),
            },
            photometric: self.photometric(samples)?,
            orientation: Orientation::of(self.one(274, 1)?),
        })
    }

    fn photometric(&self, samples: usize) -> Result<u16> {
        let found = self.one(262, if samples == 3 { 2 } else { 1 })?;
        match found {
            0..=3 | 5 => Ok(found),
            4 => Err(self.not("PhotometricInterpretation", found, "an image; this page is a transparency mask")),
            _ => Err(self.not("PhotometricInterpretation", found, "grey, RGB, palette or separated colours; YCbCr, Lab, raw sensor and logarithmic colours are not read")),
        }
    }

    fn coding(&self, picture: &Picture) -> Result<Coding> {
        let tiled = self.tags.entry(324).is_some();
        let chunk = if tiled {
            [self.size(322, None)?, self.size(323, None)?, self.size(32998, Some(1))?]
        } else {
            let rows = self.size(278, Some(picture.height))?;
            [picture.width, rows.min(picture.height), picture.depth]
        };
        let compression = self.one(259, 1)?;
        known(compression).map_err(|e| e.within(self.bytes.input.path()))?;
        // Only these codecs have a predictor; libtiff ignores the tag elsewhere.
        let predicted = matches!(compression, 5 | 8 | 32946 | 50000);
        let predictor = if predicted { self.one(317, 1)? } else { 1 };
        let whole = matches!(picture.bits, 8 | 16 | 32 | 64);
        match predictor {
            1 => {}
            2 if whole => {}
            3 if whole && picture.sample == Sample::Float => {}
            other => return Err(self.not("Predictor", other, format_args!("none, 2, or 3 for floats, with 8, 16, 32 or 64 bits (here {})", picture.bits))),
        }
        Ok(Coding { compression, predictor, separate: picture.samples > 1 && self.one(284, 1)? == 2, lowest_first: self.one(266, 1)? == 2, tiled, chunk })
    }

    fn size(&self, tag: u16, default: Option<usize>) -> Result<usize> {
        let found = match (self.tags.entry(tag), default) {
            (None, Some(default)) => return Ok(default),
            (None, None) => return Err(self.missing(tag)),
            (Some(entry), _) => self.bytes.uints(&entry, 0, 1)?[0],
        };
        if found == 0 || found > u64::from(u32::MAX) {
            return Err(Error::corrupt(format_args!("TIFF {}", name(tag))).found(found).expected("1 to 4294967295").within(self.bytes.input.path()));
        }
        Ok(found as usize)
    }

    fn one(&self, tag: u16, default: u16) -> Result<u16> {
        let Some(entry) = self.tags.entry(tag) else { return Ok(default) };
        let found = self.bytes.uints(&entry, 0, 1)?[0];
        u16::try_from(found).map_err(|_| self.not(name(tag), found, "a number below 65536"))
    }

    /// A value given once, or equal for each sample.
    fn same(&self, tag: u16, default: u16) -> Result<u16> {
        let Some(entry) = self.tags.entry(tag) else { return Ok(default) };
        let found = self.bytes.uints(&entry, 0, entry.count.min(65_535))?;
        let first = *found.first().ok_or_else(|| self.missing(tag))?;
        if found.iter().any(|&v| v != first) {
            return Err(self.not(name(tag), format_args!("{found:?}"), "the same for all samples"));
        }
        u16::try_from(first).map_err(|_| self.not(name(tag), first, "a number below 65536"))
    }

    fn needed(&self, tag: u16) -> Result<Entry> {
        self.tags.entry(tag).ok_or_else(|| self.missing(tag))
    }

    fn missing(&self, tag: u16) -> Error {
        Error::corrupt("TIFF page").found(format_args!("no {} (tag {tag})", name(tag))).expected("one").within(self.bytes.input.path())
    }

    fn not(&self, what: &str, found: impl std::fmt::Display, expected: impl std::fmt::Display) -> Error {
        Error::unsupported(format_args!("TIFF {what}")).found(found).expected(expected).within(self.bytes.input.path())
    }
}

fn name(tag: u16) -> &'static str {
    match tag {
        256 => "ImageWidth",
        257 => "ImageLength",
        258 => "BitsPerSample",
        259 => "Compression",
        254 => "NewSubfileType",
        262 => "PhotometricInterpretation",
        273 => "StripOffsets",
        274 => "Orientation",
        277 => "SamplesPerPixel",
        278 => "RowsPerStrip",
        279 => "StripByteCounts",
        284 => "PlanarConfiguration",
        317 => "Predictor",
        322 => "TileWidth",
        323 => "TileLength",
        324 => "TileOffsets",
        325 => "TileByteCounts",
        339 => "SampleFormat",
        32997 => "ImageDepth",
        32998 => "TileDepth",
        _ => "tag",
    }
}

fn known(compression: u16) -> Result<()> {
    let named = match compression {
        1 | 5 | 8 | 32946 | 32773 | 50000 => return Ok(()),
        2..=4 => "CCITT fax",
        6 | 7 => "JPEG",
        34887 => "LERC",
        34925 => "LZMA",
        34712 | 33003..=33005 => "JPEG 2000",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        _ => "unknown",
    };
    Err(Error::unsupported("TIFF compression")
        .found(format_args!("{compression} ({named})"))
        .expected("none, LZW, Deflate, PackBits or ZSTD")
        .help("save it with one of these, for example tiffcp -c zip in.tif out.tif"))
}

/// The most bytes that one compressed byte can become: a chunk that claims more lies.
pub(super) fn greatest_ratio(compression: u16) -> u64 {
    match compression {
        1 => 1,
        5 => 4096,
        32773 => 64,
        50000 => 65_536,
        _ => 1032,
    }
}
