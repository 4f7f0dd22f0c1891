//! Writing `.nii` and `.nii.gz`: NIfTI-1, or NIfTI-2 where a dimension does not fit 16 bits.

use isovox_volume::{Error, FrameAxis, Geometry, Header, QuantityKind, Result, Sink, Space, Type};

use super::extensions::COMMENT;
use super::place::{SAME_MM, farthest_corner, rotation};
use super::read::LABELS;
use crate::embed;
use crate::format::{self, Target};
use crate::gzip::GzipSink;
use crate::staged::Staged;
use crate::stored::StoredSink;

const MM: u8 = 2;
const MICRON: u8 = 3;
const SECOND: u8 = 8;

pub(super) fn holds(header: &Header) -> Result<()> {
    format::even(header)
}

/// The place of a local space, whose both codes are 0, and the name of frames that are no time.
pub(super) fn loses(header: &Header) -> Option<String> {
    let origin = header.geometry.origin().filter(|o| header.geometry.space() == Space::Local && o.iter().any(|v| *v != 0.0));
    let axis = Some(header.frames.axis).filter(|a| header.frames.count > 1 && !matches!(a, FrameAxis::Time | FrameAxis::Unknown));
    let lost: Vec<String> = [origin.map(|o| format!("the origin {o:?} mm of a volume without anatomical axes")), axis.map(|a| format!("that its frames are {}", a.name()))]
        .into_iter()
        .flatten()
        .collect();
    (!lost.is_empty()).then(|| format!("NIfTI does not keep {}", lost.join(", nor ")))
}

pub(super) fn create(target: &Target, header: &Header) -> Result<Box<dyn Sink>> {
    holds(header)?;
    let head = head(header, target.provenance.as_deref())?;
    let staged = Staged::create(&target.path, target.force)?;
    let gzip = target.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    Ok(if gzip { Box::new(GzipSink::new(staged, &head, header)?) } else { Box::new(StoredSink::new(staged, &head, header, Vec::new())?) })
}

fn datatype(voxel: Type) -> i16 {
    match voxel {
        Type::U8 => 2,
        Type::I16 => 4,
        Type::I32 => 8,
        Type::F32 => 16,
        Type::F64 => 64,
        Type::Rgb8 => 128,
        Type::I8 => 256,
        Type::U16 => 512,
        Type::U32 => 768,
        Type::I64 => 1024,
        Type::U64 => 1280,
    }
}

/// The geometry in the file's unit.
struct Placement {
    units: u8,
    pixdim: [f64; 8],
    qform_code: i16,
    sform_code: i16,
    quatern: [f64; 3],
    origin: [f64; 3],
    srow: [[f64; 4]; 3],
}

impl Placement {
    fn of(header: &Header) -> Placement {
        let mut p = Placement { units: 0, pixdim: [0.0; 8], qform_code: 0, sform_code: 0, quatern: [0.0; 3], origin: [0.0; 3], srow: [[0.0; 4]; 3] };
        p.pixdim[0] = 1.0;
        p.pixdim[1..4].fill(1.0);
        if let Some(spacing) = header.geometry.spacing() {
            let micron = header.meta.get("xyzt_units").and_then(serde_json::Value::as_u64).is_some_and(|u| u & 7 == u64::from(MICRON));
            let unit = if micron { 1000.0 } else { 1.0 };
            p.units = if micron { MICRON } else { MM };
            p.pixdim[1..4].copy_from_slice(&spacing.map(|s| s * unit));
            if header.geometry.space() == Space::Patient {
                p.place(header, unit);
            }
        }
        if header.frames.count > 1 && header.frames.axis == FrameAxis::Time {
            p.units |= SECOND;
            p.pixdim[4] = step(&header.frames.values);
        }
        p
    }

    fn place(&mut self, header: &Header, unit: f64) {
        let ras = header.geometry.affine_ras().expect("a patient's geometry has an affine");
        for (row, from) in self.srow.iter_mut().zip(&ras) {
            *row = from.map(|v| v * unit);
        }
        self.sform_code = 1;
        self.origin = std::array::from_fn(|r| self.srow[r][3]);
        let spacing = header.geometry.spacing().expect("a patient's geometry has a scale");
        let left = header.geometry.determinant() < 0.0;
        self.pixdim[0] = if left { -1.0 } else { 1.0 };
        let side = [1.0, 1.0, self.pixdim[0]];
        let direction = std::array::from_fn(|r| std::array::from_fn(|c| ras[r][c] / spacing[c] * side[c]));
        self.quatern = quaternion(direction).map(|v| v as f32 as f64);
        self.qform_code = i16::from(self.qform_agrees(header, unit));
    }

    /// A qform holds no shear: it is stated only where it says what the sform says.
    fn qform_agrees(&self, header: &Header, unit: f64) -> bool {
        let [b, c, d] = self.quatern;
        let r = rotation((1.0 - b * b - c * c - d * d).max(0.0).sqrt(), b, c, d);
        let mut affine = [[0.0, 0.0, 0.0, 1.0]; 4];
        for row in 0..3 {
            for col in 0..3 {
                affine[row][col] = r[row][col] * self.pixdim[col + 1] / unit * if col == 2 { self.pixdim[0] } else { 1.0 };
            }
            affine[row][3] = self.origin[row] / unit;
        }
        let smallest = self.pixdim[1..4].iter().fold(f64::INFINITY, |a, &b| a.min(b)) / unit;
        let limit = SAME_MM.min(smallest * 1e-3);
        Geometry::from_ras(affine).is_some_and(|q| farthest_corner(&q, &header.geometry, header.shape) <= limit)
    }
}

/// The constant step of time values, seconds; 0 where there is none.
fn step(values: &[f64]) -> f64 {
    let [first, second, ..] = values else { return 0.0 };
    let step = second - first;
    let even = values.windows(2).all(|w| (w[1] - w[0] - step).abs() <= step.abs() * 1e-6);
    if even && step > 0.0 { step } else { 0.0 }
}

/// `b, c, d` of a rotation matrix with `a >= 0` (`nifti1_io.c`, `nifti_mat44_to_quatern`).
fn quaternion(m: [[f64; 3]; 3]) -> [f64; 3] {
    let trace = m[0][0] + m[1][1] + m[2][2];
    if trace > -0.5 {
        let a = 0.5 * (trace + 1.0).sqrt();
        return [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1]].map(|v| 0.25 * v / a);
    }
    // The largest of b, c, d is divided by, so that none is lost to rounding.
    let i = (0..3).fold(0, |best, i| if m[i][i] > m[best][best] { i } else { best });
    let (j, k) = ((i + 1) % 3, (i + 2) % 3);
    let mut q = [0.0; 3];
    q[i] = 0.5 * (1.0 + m[i][i] - m[j][j] - m[k][k]).max(0.0).sqrt();
    q[j] = 0.25 * (m[i][j] + m[j][i]) / q[i];
    q[k] = 0.25 * (m[i][k] + m[k][i]) / q[i];
    let a = 0.25 * (m[k][j] - m[j][k]) / q[i];
    if a < 0.0 { q.map(|v| -v) } else { q }
}

/// All bytes before the first voxel: header, flag, our extension.
fn head(header: &Header, provenance: Option<&str>) -> Result<Vec<u8>> {
    let [z, y, x] = header.shape;
    let mut dim = [3, x, y, z, header.frames.count, 1, 1, 1];
    if header.frames.count > 1 {
        dim[0] = 4;
    }
    let two = dim.iter().any(|&n| n > i16::MAX as usize);
    let extension = embed::text(provenance, header).map(|text| extension(&text)).transpose()?.unwrap_or_default();
    let place = Placement::of(header);
    let labels = if header.quantity.kind == QuantityKind::Label { LABELS } else { 0 };
    let size = if two { super::header::TWO } else { super::header::ONE };
    let start = size + 4 + extension.len();
    let mut out = Fixed(vec![0; size + 4]);
    if two {
        write_two(&mut out, header, &dim, &place, labels, start);
    } else {
        write_one(&mut out, header, &dim, &place, labels, start);
    }
    out.0[size] = u8::from(!extension.is_empty());
    out.0.extend(extension);
    Ok(out.0)
}

fn extension(text: &str) -> Result<Vec<u8>> {
    let size = (8 + text.len()).next_multiple_of(16);
    if size > embed::LONGEST {
        return Err(Error::unsupported("provenance").found(format_args!("{size} bytes")).expected(format_args!("at most {}", embed::LONGEST)).help("write it in fewer steps"));
    }
    let mut bytes = Vec::with_capacity(size);
    bytes.extend((size as i32).to_le_bytes());
    bytes.extend(COMMENT.to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.resize(size, 0);
    Ok(bytes)
}

struct Fixed(Vec<u8>);

impl Fixed {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn f32s(&mut self, at: usize, values: &[f64]) {
        for (i, v) in values.iter().enumerate() {
            self.put(at + 4 * i, &(*v as f32).to_le_bytes());
        }
    }

    fn f64s(&mut self, at: usize, values: &[f64]) {
        for (i, v) in values.iter().enumerate() {
            self.put(at + 8 * i, &v.to_le_bytes());
        }
    }
}

fn write_one(out: &mut Fixed, header: &Header, dim: &[usize; 8], p: &Placement, intent: i64, start: usize) {
    out.put(0, &(super::header::ONE as i32).to_le_bytes());
    out.put(38, b"r");
    for (i, &n) in dim.iter().enumerate() {
        out.put(40 + 2 * i, &(n as i16).to_le_bytes());
    }
    out.put(68, &(intent as i16).to_le_bytes());
    out.put(70, &datatype(header.voxel).to_le_bytes());
    out.put(72, &(header.voxel.bytes() as i16 * 8).to_le_bytes());
    out.f32s(76, &p.pixdim);
    out.f32s(108, &[start as f64, 1.0, 0.0]);
    out.put(123, &[p.units]);
    out.f32s(136, &[first(header)]);
    out.put(148, b"isovox");
    out.put(252, &p.qform_code.to_le_bytes());
    out.put(254, &p.sform_code.to_le_bytes());
    out.f32s(256, &p.quatern);
    out.f32s(268, &p.origin);
    out.f32s(280, p.srow.as_flattened());
    out.put(344, b"n+1\0");
}

fn write_two(out: &mut Fixed, header: &Header, dim: &[usize; 8], p: &Placement, intent: i64, start: usize) {
    out.put(0, &(super::header::TWO as i32).to_le_bytes());
    out.put(4, b"n+2\0\r\n\x1a\n");
    out.put(12, &datatype(header.voxel).to_le_bytes());
    out.put(14, &(header.voxel.bytes() as i16 * 8).to_le_bytes());
    for (i, &n) in dim.iter().enumerate() {
        out.put(16 + 8 * i, &(n as i64).to_le_bytes());
    }
    out.f64s(104, &p.pixdim);
    out.put(168, &(start as i64).to_le_bytes());
    out.f64s(176, &[1.0, 0.0]);
    out.f64s(216, &[first(header)]);
    out.put(240, b"isovox");
    out.put(344, &i32::from(p.qform_code).to_le_bytes());
    out.put(348, &i32::from(p.sform_code).to_le_bytes());
    out.f64s(352, &p.quatern);
    out.f64s(376, &p.origin);
    out.f64s(400, p.srow.as_flattened());
    out.put(500, &i32::from(p.units).to_le_bytes());
    out.put(504, &(intent as i32).to_le_bytes());
}

/// When the first frame was taken, seconds.
fn first(header: &Header) -> f64 {
    let values = &header.frames.values;
    if header.frames.axis == FrameAxis::Time && step(values) > 0.0 { values[0] } else { 0.0 }
}
