//! The structure of a DICOM file up to its pixels: where each element's value lies, every length held against the bytes
//! there are.
//!
//! What comes behind trusts these places; libraries that ask for memory by a stated length are only given what passed here.
//! Source: PS3.5 chapter 7, PS3.10 chapter 7.

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;

use dicom_core::{Tag, VR};
use flate2::read::DeflateDecoder;
use isovox_volume::{Error, Result};

use super::fields::Fields;
use super::walk::{Element, Encoding, Stop, UNDEFINED, Walk, cut_off};
use crate::input::{Input, Reader};

/// A deflated data set as it inflates.
pub(super) type Inflating = DeflateDecoder<Reader>;

/// Bytes read at first; most headers are shorter.
const FIRST: u64 = 8 << 10;

/// The longest header that is read.
const LONGEST: u64 = 64 << 20;

/// What deflate can shrink at most, to one byte.
pub(super) const MOST_INFLATED: u64 = 1032;

/// Implicit VR little endian.
pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";
/// Explicit VR little endian.
pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
/// Explicit VR big endian.
pub(super) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// The whole data set deflated.
pub(super) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// Where the pixels lie.
#[derive(Clone, Debug)]
pub(super) struct Pixels {
    pub(super) tag: Tag,
    /// In the file; where it is deflated, in the data set.
    pub(super) offset: u64,
    /// `None` where they are parted into fragments.
    pub(super) length: Option<u64>,
    /// Whether their words begin with the highest byte; the words of bytes are two bytes long (PS3.5 8.1.1, OW).
    pub(super) big: bool,
    /// Whether they are stated as words of 16 bits, whatever they hold.
    pub(super) words: bool,
    /// Where in the file the deflated data set begins.
    pub(super) deflated: Option<u64>,
}

/// A file up to its pixels.
pub(super) struct Head {
    /// The file's first bytes; where it is deflated, the data set's.
    pub(super) bytes: Vec<u8>,
    meta: Meta,
    /// The data set before the pixels.
    pub(super) dataset: Range<usize>,
    pub(super) encoding: Encoding,
    /// UID of the transfer syntax.
    pub(super) syntax: String,
    /// The data set's own elements, none of items.
    pub(super) elements: Vec<Element>,
    pub(super) pixels: Option<Pixels>,
    /// What was set right to read it.
    pub(super) repair: Option<String>,
}

/// Whether bytes begin as a DICOM file does, with its preamble or, by their first three elements, without.
pub(super) fn is_dicom(head: &[u8]) -> bool {
    if head.get(128..132) == Some(b"DICM") {
        return true;
    }
    let begins = matches!(head, [2 | 8, 0, _, 0, ..] | [0, 2 | 8, 0, ..]);
    let mut walk = Walk { bytes: head, at: 0, end: head.len() as u64 };
    let big = walk.encoding().big;
    let mut next = || {
        let encoding = Encoding { big, ..walk.encoding() };
        let element = walk.header(encoding).ok()?;
        walk.skip(u64::from(element.length)).ok()?;
        Some((element.tag, encoding.explicit))
    };
    let (Some((a, x)), Some((b, y)), Some((c, z))) = (next(), next(), next()) else { return false };
    // Letters that name a value representation in three places are no accident.
    let last = if x && y && z { 0x7FE0 } else { 0x0010 };
    begins && a < b && b < c && c.0 <= last
}

impl Head {
    /// Reads a file up to its pixels.
    ///
    /// Errors: `Corrupt` where a length leads beyond the file, or a deflated data set does not inflate.
    pub(super) fn read(input: &Input) -> Result<Head> {
        let mut take = FIRST;
        loop {
            match prefix(input, take).and_then(Prefix::head) {
                Ok(head) => return Ok(head),
                Err(Stop::Bad(error)) => return Err(error.within(input.path())),
                Err(Stop::More) if take >= LONGEST => {
                    return Err(Error::unsupported("a header").found(format_args!("more than {LONGEST} bytes")).within(input.path()));
                }
                Err(Stop::More) => take = (take * 8).min(LONGEST),
            }
        }
    }

    /// UID of what a file's meta information says that it is; `None` where it does not, whatever lies behind.
    pub(super) fn class(input: &Input) -> Option<String> {
        let meta = prefix(input, FIRST).ok()?.meta;
        Some(meta.fields().text(0x0002, 0x0002)).filter(|uid| !uid.is_empty())
    }

    /// The values of the file's own data set.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields { bytes: &self.bytes, elements: Cow::Borrowed(&self.elements), encoding: self.encoding }
    }

    /// The values of its file meta information.
    pub(super) fn meta(&self) -> Fields<'_> {
        self.meta.fields()
    }
}

/// The file meta information.
struct Meta {
    bytes: Vec<u8>,
    elements: Vec<Element>,
}

impl Meta {
    fn fields(&self) -> Fields<'_> {
        let encoding = Encoding { explicit: true, big: false };
        Fields { bytes: &self.bytes, elements: Cow::Borrowed(&self.elements), encoding }
    }
}

/// The beginning of a file.
struct Prefix {
    /// What was read; of a deflated file the inflated data set.
    bytes: Vec<u8>,
    /// Where the data set begins in it.
    dataset: usize,
    /// How long all of it may be.
    end: u64,
    meta: Meta,
    deflated: Option<u64>,
    whole: bool,
}

/// Reads so much of a file, its file meta information among it.
fn prefix(input: &Input, take: u64) -> Result<Prefix, Stop> {
    let bytes = input.head(take as usize).map_err(Stop::Bad)?;
    let at = if bytes.get(128..132) == Some(b"DICM") { 132 } else { 0 };
    let mut walk = Walk { bytes: &bytes, at, end: input.len() };
    let elements = walk.meta()?;
    let dataset = walk.at;
    let meta = Meta { bytes: bytes[..dataset].to_vec(), elements };
    if meta.fields().text(0x0002, 0x0010) != DEFLATED {
        return Ok(Prefix { whole: bytes.len() as u64 == input.len(), bytes, dataset, end: input.len(), meta, deflated: None });
    }
    let from = dataset as u64;
    let mut bytes = Vec::new();
    let inflated = Inflating::new(input.reader(from)).take(take).read_to_end(&mut bytes);
    inflated.map_err(|e| Stop::Bad(Error::corrupt(e).help("the file is damaged; copy it again")))?;
    let end = (input.len() - from).saturating_mul(MOST_INFLATED);
    Ok(Prefix { whole: (bytes.len() as u64) < take, bytes, dataset: 0, end, meta, deflated: Some(from) })
}

impl Prefix {
    fn head(self) -> Result<Head, Stop> {
        let end = if self.whole { self.bytes.len() as u64 } else { self.end };
        let mut walk = Walk { bytes: &self.bytes, at: self.dataset, end };
        let encoding = walk.encoding();
        let named = Some(self.meta.fields().text(0x0002, 0x0010)).filter(|uid| !uid.is_empty());
        let (syntax, repair) = syntax(named, encoding, self.dataset < self.bytes.len());
        let mut elements = Vec::new();
        let mut pixels = None;
        let mut last = self.dataset;
        while (walk.at as u64) < end {
            last = walk.at;
            let header = walk.header(encoding)?;
            if header.tag.0 == 0x7FE0 && matches!(header.tag.1, 0x0008..=0x0010) {
                let length = (header.length != UNDEFINED).then_some(u64::from(header.length));
                let words = header.vr.is_none_or(|vr| vr == VR::OW);
                pixels = Some(Pixels { tag: header.tag, offset: walk.at as u64, length, big: encoding.big, words, deflated: self.deflated });
                break;
            }
            elements.push(walk.valued(&header, encoding, 0)?);
            last = walk.at;
        }
        if last > self.bytes.len() {
            return Err(if self.whole { Stop::Bad(cut_off()) } else { Stop::More });
        }
        Ok(Head { bytes: self.bytes, meta: self.meta, dataset: self.dataset..last, encoding, syntax, elements, pixels, repair })
    }
}

/// The transfer syntax of a data set that looks like this, and what had to be set right.
fn syntax(named: Option<String>, found: Encoding, any: bool) -> (String, Option<String>) {
    let looks = match found {
        Encoding { explicit: false, .. } => IMPLICIT,
        Encoding { big: true, .. } => BIG_ENDIAN,
        Encoding { big: false, .. } => EXPLICIT,
    };
    let Some(named) = named else {
        return (looks.into(), Some("it names no transfer syntax: read as its first element looks".into()));
    };
    let should = match named.as_str() {
        IMPLICIT | BIG_ENDIAN => &named,
        _ => EXPLICIT,
    };
    if should == looks || !any {
        return (named, None);
    }
    let kind = match looks {
        IMPLICIT => "implicit",
        BIG_ENDIAN => "explicit and big-endian",
        _ => "explicit and little-endian",
    };
    let repair = format!("it names the transfer syntax {named} and is {kind}: read as it is");
    // Of pixels in fragments it still says how they are compressed.
    let uncompressed = [IMPLICIT, EXPLICIT, BIG_ENDIAN].contains(&named.as_str());
    (if uncompressed { looks.into() } else { named }, Some(repair))
}
