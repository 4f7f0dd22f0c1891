//! The fields of NIfTI-1 (348 bytes, `nifti1.h`) and NIfTI-2 (540 bytes, `nifti2.h`) headers, in either byte order.

use isovox_volume::{Error, Result};
use serde_json::{Value, json};

/// Bytes of a NIfTI-1 header.
pub(super) const ONE: usize = 348;
/// Bytes of a NIfTI-2 header.
pub(super) const TWO: usize = 540;

/// What a header says, unchecked.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) two: bool,
    pub(super) big: bool,
    /// Whether the voxels follow in the same file.
    pub(super) single: bool,
    pub(super) dim: [i64; 8],
    pub(super) datatype: i64,
    pub(super) bitpix: i64,
    pub(super) pixdim: [f64; 8],
    pub(super) vox_offset: f64,
    pub(super) slope: f64,
    pub(super) intercept: f64,
    pub(super) calibration: [f64; 2],
    pub(super) toffset: f64,
    pub(super) units: i64,
    pub(super) intent: i64,
    pub(super) intent_name: String,
    pub(super) descrip: String,
    pub(super) aux_file: String,
    pub(super) qform_code: i64,
    pub(super) sform_code: i64,
    pub(super) quatern: [f64; 3],
    pub(super) qoffset: [f64; 3],
    pub(super) srow: [[f64; 4]; 3],
}

struct Bytes<'a> {
    all: &'a [u8],
    big: bool,
}

impl Bytes<'_> {
    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = self.all[at..at + N].try_into().expect("a slice of N bytes");
        if self.big {
            bytes.reverse();
        }
        bytes
    }

    fn i16(&self, at: usize) -> i64 {
        i16::from_le_bytes(self.take(at)).into()
    }

    fn i32(&self, at: usize) -> i64 {
        i32::from_le_bytes(self.take(at)).into()
    }

    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.take(at))
    }

    fn f32(&self, at: usize) -> f64 {
        f32::from_le_bytes(self.take(at)).into()
    }

    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.take(at))
    }

    fn text(&self, at: usize, len: usize) -> String {
        let text = &self.all[at..at + len];
        let end = text.iter().position(|&b| b == 0).unwrap_or(len);
        String::from_utf8_lossy(&text[..end]).trim().to_string()
    }
}

/// Whether the first bytes are those of a NIfTI header, by magic alone.
pub(super) fn magic(head: &[u8]) -> bool {
    let one = head.get(344..348).is_some_and(|m| m == b"n+1\0" || m == b"ni1\0");
    let two = head.get(4..8).is_some_and(|m| m == b"n+2\0" || m == b"ni2\0");
    one || two
}

/// The byte order in which the header's first word is a NIfTI header's length.
fn order(head: &[u8]) -> Option<(usize, bool)> {
    let word: [u8; 4] = head.get(..4)?.try_into().ok()?;
    [(i32::from_le_bytes(word), false), (i32::from_be_bytes(word), true)].into_iter().find_map(|(size, big)| match usize::try_from(size) {
        Ok(size @ (ONE | TWO)) => Some((size, big)),
        _ => None,
    })
}

impl Fields {
    /// Parses the first [`TWO`] bytes of a file, or as many as it has.
    pub(super) fn parse(head: &[u8]) -> Result<Fields> {
        let Some((size, big)) = order(head) else { return Err(not_nifti(head)) };
        if head.len() < size {
            return Err(Error::corrupt("NIfTI header").found(format_args!("{} bytes", head.len())).expected(size).help("the file is cut off; copy it again"));
        }
        if !magic(head) {
            return Err(no_magic(head, size));
        }
        let bytes = Bytes { all: head, big };
        let fields = if size == ONE { one(&bytes) } else { two(&bytes) };
        if size == TWO && head[8..12] != *b"\r\n\x1a\n" {
            return Err(Error::corrupt("NIfTI-2 signature")
                .found(format_args!("{:?}", &head[8..12]))
                .expected("\\r\\n\\x1a\\n")
                .help("a transfer changed line ends; copy the file again in binary mode"));
        }
        if !(1..=7).contains(&fields.dim[0]) {
            return Err(Error::corrupt("number of dimensions, dim[0]").found(fields.dim[0]).expected("1 to 7"));
        }
        Ok(fields)
    }

    /// Bytes of the header.
    pub(super) fn size(&self) -> u64 {
        if self.two { TWO as u64 } else { ONE as u64 }
    }

    /// The header's own view, for `info --metadata`.
    pub(super) fn meta(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("version", json!(if self.two { 2 } else { 1 })),
            ("endian", json!(if self.big { "big" } else { "little" })),
            ("dim", json!(self.dim)),
            ("pixdim", json!(self.pixdim)),
            ("datatype", json!(self.datatype)),
            ("bitpix", json!(self.bitpix)),
            ("vox_offset", json!(self.vox_offset)),
            ("scl_slope", json!(self.slope)),
            ("scl_inter", json!(self.intercept)),
            ("cal_min", json!(self.calibration[0])),
            ("cal_max", json!(self.calibration[1])),
            ("toffset", json!(self.toffset)),
            ("xyzt_units", json!(self.units)),
            ("intent_code", json!(self.intent)),
            ("intent_name", json!(self.intent_name)),
            ("descrip", json!(self.descrip)),
            ("aux_file", json!(self.aux_file)),
            ("qform_code", json!(self.qform_code)),
            ("sform_code", json!(self.sform_code)),
        ]
    }
}

fn not_nifti(head: &[u8]) -> Error {
    if head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<') {
        return Error::corrupt("not a NIfTI file").found("a web page or XML").help("a download saved an error page under this name; download it again");
    }
    match head.get(..4).and_then(|w| w.try_into().ok()).map(i32::from_le_bytes) {
        Some(size) => Error::corrupt("NIfTI header's own size")
            .found(size)
            .expected("348 (NIfTI-1) or 540 (NIfTI-2), in either byte order")
            .help("this is not a NIfTI file, or its first bytes are damaged"),
        None => Error::corrupt("NIfTI header").found(format_args!("{} bytes", head.len())).expected(ONE).help("the file is cut off; copy it again"),
    }
}

fn no_magic(head: &[u8], size: usize) -> Error {
    let found = if size == ONE { &head[344..348] } else { &head[4..8] };
    let found = found.escape_ascii().to_string();
    if size == ONE && head[344..348] == [0; 4] {
        return Error::unsupported("an Analyze 7.5 file: it states no orientation").help("convert it to NIfTI with the tool that knows how it was stored");
    }
    let expected = if size == ONE { "n+1 or ni1" } else { "n+2 or ni2" };
    Error::unsupported("no NIfTI signature").found(format_args!("\"{found}\"")).expected(expected).help("this is Analyze 7.5 or damaged")
}

fn one(b: &Bytes<'_>) -> Fields {
    Fields {
        two: false,
        big: b.big,
        single: b.all[344..348] == *b"n+1\0",
        dim: std::array::from_fn(|i| b.i16(40 + 2 * i)),
        intent: b.i16(68),
        datatype: b.i16(70),
        bitpix: b.i16(72),
        pixdim: std::array::from_fn(|i| b.f32(76 + 4 * i)),
        vox_offset: b.f32(108),
        slope: b.f32(112),
        intercept: b.f32(116),
        units: b.all[123].into(),
        calibration: [b.f32(128), b.f32(124)],
        toffset: b.f32(136),
        descrip: b.text(148, 80),
        aux_file: b.text(228, 24),
        qform_code: b.i16(252),
        sform_code: b.i16(254),
        quatern: std::array::from_fn(|i| b.f32(256 + 4 * i)),
        qoffset: std::array::from_fn(|i| b.f32(268 + 4 * i)),
        srow: std::array::from_fn(|r| std::array::from_fn(|c| b.f32(280 + 16 * r + 4 * c))),
        intent_name: b.text(328, 16),
    }
}

fn two(b: &Bytes<'_>) -> Fields {
    Fields {
        two: true,
        big: b.big,
        single: b.all[4..8] == *b"n+2\0",
        datatype: b.i16(12),
        bitpix: b.i16(14),
        dim: std::array::from_fn(|i| b.i64(16 + 8 * i)),
        pixdim: std::array::from_fn(|i| b.f64(104 + 8 * i)),
        vox_offset: b.i64(168) as f64,
        slope: b.f64(176),
        intercept: b.f64(184),
        calibration: [b.f64(200), b.f64(192)],
        toffset: b.f64(216),
        descrip: b.text(240, 80),
        aux_file: b.text(320, 24),
        qform_code: b.i32(344),
        sform_code: b.i32(348),
        quatern: std::array::from_fn(|i| b.f64(352 + 8 * i)),
        qoffset: std::array::from_fn(|i| b.f64(376 + 8 * i)),
        srow: std::array::from_fn(|r| std::array::from_fn(|c| b.f64(400 + 32 * r + 8 * c))),
        units: b.i32(500),
        intent: b.i32(504),
        intent_name: b.text(508, 16),
    }
}
