//! What is said of raw data, by whomever, and the size equation that it must fulfil.

use isovox_volume::{Error, Result, Type};

use super::colour::Colour;
use super::likely;
use crate::open::OpenOptions;

/// What is said of raw data; parts may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    /// Who says it: `its name`, a file.
    pub(super) by: String,
    /// `[z, y, x]`
    pub(super) size: Option<[usize; 3]>,
    /// What a voxel is.
    pub(super) pixel: Option<Pixel>,
    /// Big-endian.
    pub(super) big: Option<bool>,
    /// Bytes before the first voxel.
    pub(super) offset: Option<u64>,
    /// Bytes between planes.
    pub(super) gap: Option<u64>,
    /// Stored white is zero.
    pub(super) white: bool,
    /// Spacing along x, y, z, mm.
    pub(super) spacing: Option<[f64; 3]>,
    /// What a careful reader should know.
    pub(super) warnings: Vec<String>,
}

/// What a voxel is in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pixel {
    /// A number, or red, green, blue.
    Plain(Type),
    /// Colour in another order.
    Colour(Colour),
}

impl Pixel {
    /// Bytes of a voxel in the file.
    pub(super) fn bytes(self) -> usize {
        match self {
            Pixel::Plain(voxel) => voxel.bytes(),
            Pixel::Colour(colour) => colour.bytes(),
        }
    }

    fn name(self) -> String {
        match self {
            Pixel::Plain(voxel) => voxel.name().into(),
            Pixel::Colour(colour) => colour.to_string(),
        }
    }
}

/// All of it: how planes lie in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// `[z, y, x]`
    pub(super) size: [usize; 3],
    /// What a voxel is.
    pub(super) pixel: Pixel,
    /// Big-endian.
    pub(super) big: bool,
    /// Bytes before the first voxel.
    pub(super) offset: u64,
    /// Bytes between planes.
    pub(super) gap: u64,
    /// Stored white is zero.
    pub(super) white: bool,
    /// Spacing along x, y, z, mm.
    pub(super) spacing: Option<[f64; 3]>,
    /// Who says it.
    pub(super) by: String,
    /// What a careful reader should know.
    pub(super) warnings: Vec<String>,
}

impl Said {
    /// The same, where the user does not say otherwise.
    pub(super) fn unless(mut self, options: &OpenOptions) -> Said {
        let raw = &options.raw;
        if raw.size.is_some() || raw.voxel.is_some() {
            self.by = if self.by.is_empty() || raw.whole() { "the options".into() } else { format!("{} and the options", self.by) };
        }
        self.size = raw.size.or(self.size);
        self.pixel = raw.voxel.map(Pixel::Plain).or(self.pixel);
        self.big = raw.big_endian.or(self.big);
        self.offset = raw.offset.or(self.offset);
        self.gap = raw.gap.or(self.gap);
        self.white |= options.white_is_zero;
        self
    }

    /// A whole layout, or an error that says what is missing in so many bytes.
    pub(super) fn whole(self, len: u64) -> Result<Layout> {
        let (offset, gap) = (self.offset.unwrap_or(0), self.gap.unwrap_or(0));
        let Some(size) = self.size else {
            return Err(Error::unsupported("raw data whose size nobody states")
                .found(format_args!("{len} bytes"))
                .help(likely::shapes(len.saturating_sub(offset), self.pixel.map(Pixel::bytes))));
        };
        let Some(pixel) = self.pixel else {
            return Err(Error::unsupported("raw data whose type nobody states").found(format_args!("{len} bytes")).help(likely::types(size, len.saturating_sub(offset))));
        };
        Ok(Layout { size, pixel, big: self.big.unwrap_or(false), offset, gap, white: self.white, spacing: self.spacing, by: self.by, warnings: self.warnings })
    }
}

impl Layout {
    /// `80x64x48 i16`
    pub(super) fn named(&self) -> String {
        format!("{}x{}x{} {}", self.size[2], self.size[1], self.size[0], self.pixel.name())
    }

    /// Bytes of a plane; `None` beyond what can be counted.
    pub(super) fn plane(&self) -> Option<u64> {
        let voxels = (self.size[1] as u64).checked_mul(self.size[2] as u64)?;
        voxels.checked_mul(self.pixel.bytes() as u64)
    }

    /// offset + planes + gaps between them.
    fn need(&self) -> Option<u64> {
        let planes = self.size[0] as u64;
        let all = self.plane()?.checked_mul(planes)?;
        let gaps = self.gap.checked_mul(planes.saturating_sub(1))?;
        self.offset.checked_add(all)?.checked_add(gaps)
    }

    /// Whether it fulfils the size equation; a gap may follow the last plane too.
    pub(super) fn fits(&self, len: u64) -> bool {
        self.need().is_some_and(|need| len == need || (self.gap > 0 && Some(len) == need.checked_add(self.gap)))
    }

    /// Refuses what does not fit, naming both numbers and what would.
    pub(super) fn check(self, len: u64) -> Result<Layout> {
        if self.fits(len) {
            return Ok(self);
        }
        let need = self.need();
        let expected = need.map_or("more than can be counted".into(), |n| n.to_string());
        let mut parts = String::new();
        if self.offset > 0 || self.gap > 0 {
            parts = format!(", {} bytes before and {} between planes", self.offset, self.gap);
        }
        let rest = len.saturating_sub(self.offset);
        let mut help = likely::shapes(rest, Some(self.pixel.bytes()));
        if let Some(other) = likely::same_size(self.size, rest) {
            help = format!("{other}; or {help}");
        }
        if let Some(more) = need.and_then(|n| len.checked_sub(n)).filter(|&more| more > 0) {
            help = format!("{more} bytes are left over: --offset {} if they come first; {help}", self.offset + more);
        }
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by) };
        Err(Error::corrupt("raw data").found(format_args!("{len} bytes")).expected(format_args!("{expected} for {}{parts}{by}", self.named())).help(help))
    }
}
