//! Opening a scan with what the user says of it: frame, part, spacing, type.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use isovox_formats::{Input, OpenOptions};
use isovox_ops::geometry::crop::Crop;
use isovox_ops::spec::{Lengths, RegionText};
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Geometry, Header, Length, Quantity, QuantityKind, Result, Run, Scalar, Slab, Source, Space, Type, Verdict, scalar};

use crate::adapt::gather::GatherSource;
use crate::keep::Keep;

/// How a scan is opened, on any face.
#[derive(Clone, Debug, Default)]
pub struct OpenScan {
    /// What the formats need to know.
    pub format: OpenOptions,
    /// One frame of several.
    pub frame: Option<usize>,
    /// A part: `x0:x1,y0:y1,z0:z1`.
    pub crop: Option<String>,
    /// A part in the middle: `XxYxZ`.
    pub center: Option<String>,
    /// The spacing, x, y, z.
    pub voxel_size: Option<Lengths>,
    /// Whether slices that are not evenly spaced are taken as they are, their places kept in the provenance.
    pub keep_gaps: bool,
    /// What the values mean, whatever the file says.
    pub quantity: Option<QuantityKind>,
    /// The type to open as (for raw files the stored type, in `format.raw`).
    pub voxel: Option<Type>,
}

/// A scan ready to flow.
pub struct Opened {
    /// The format's name.
    pub format: &'static str,
    /// Its planes.
    pub source: Arc<dyn Source>,
    /// The files that hold it.
    pub files: Vec<Input>,
    /// How it was made, when an earlier run wrote that inside.
    pub provenance: Option<serde_json::Value>,
    /// Whether its data are compressed: only reading them proves them.
    pub compressed: bool,
}

/// Opens a scan.
pub fn open_scan(paths: &[PathBuf], options: &OpenScan) -> Result<Opened> {
    let mut format = options.format.clone();
    format.raw.voxel = format.raw.voxel.or(options.voxel);
    let scan = isovox_formats::open(paths, &format)?;
    let compressed = !scan.source.lends();
    let mut source = scan.source;
    if let Some(size) = &options.voxel_size {
        source = Arc::new(Described::spaced(source, size)?);
    }
    if options.keep_gaps {
        source = Arc::new(Described::kept(source));
    }
    if let Some(kind) = options.quantity {
        source = Arc::new(Described::meaning(source, kind)?);
    }
    if let Some(frame) = options.frame {
        source = Arc::new(Described::frame(source, frame)?);
    }
    if options.crop.is_some() && options.center.is_some() {
        return Err(Error::parameter("--crop with --center").expected("one of both").help("--crop names a box, --center the size of one in the middle"));
    }
    if options.crop.is_some() || options.center.is_some() {
        let crop = Crop { region: options.crop.clone().map(RegionText), center: options.center.clone(), world: None };
        source = Arc::new(GatherSource::new(&crop, source)?);
    }
    // Below it lies only what the user asks for: a frame or a part of a large stream is all that is kept.
    if source.sequential() {
        source = Keep::wrap(source);
    }
    if let Some(voxel) = options.voxel.filter(|v| *v != source.header().voxel) {
        source = Arc::new(Retyped::new(source, voxel)?);
    }
    Ok(Opened { format: scan.format, source, files: scan.files, provenance: scan.provenance, compressed })
}

/// A source under another header: spacing given by the user, one frame of several.
pub struct Described {
    input: Arc<dyn Source>,
    header: Header,
    first: usize,
}

impl Described {
    /// With a spacing that the user names: a local space, whatever the file says.
    pub fn spaced(input: Arc<dyn Source>, size: &Lengths) -> Result<Described> {
        let wrong = || Error::parameter("--voxel-size").expected("a length above 0 with its unit").help("for example --voxel-size 5.3um");
        let mut spacing = [0.0; 3];
        for (axis, length) in size.0.iter().enumerate() {
            match length {
                Length::Mm(v) if *v > 0.0 => spacing[axis] = *v,
                _ => return Err(wrong()),
            }
        }
        let geometry = Geometry::local(spacing).ok_or_else(wrong)?;
        let mut header = input.header().clone();
        if let Some(stated) = header.geometry.spacing()
            && (0..3).any(|a| (stated[a] - spacing[a]).abs() > 1e-6 * spacing[a])
        {
            header.warnings.push(format!("the file states a spacing of {stated:?} mm; --voxel-size {spacing:?} mm is used instead"));
        }
        if header.geometry.space() == Space::Patient {
            header.warnings.push("the file's orientation and origin are dropped: with --voxel-size only the spacing is known, and the axes mean nothing anatomical".into());
        }
        header.geometry = geometry;
        header.verdict = Verdict::uniform("spacing given by --voxel-size");
        Ok(Described { input, header, first: 0 })
    }

    /// With values that mean what the user says.
    pub fn meaning(input: Arc<dyn Source>, kind: QuantityKind) -> Result<Described> {
        let header = input.header();
        let fits = header.voxel.is_scalar() && (header.voxel.is_integer() || matches!(kind, QuantityKind::Hu | QuantityKind::Stored));
        if !fits {
            let error = Error::parameter(format_args!("--quantity {}", kind.name())).found(format_args!("{} voxels", header.voxel));
            return Err(error.expected("integers").help("open them as integers with --type, or cast them"));
        }
        let unit = (kind == QuantityKind::Hu).then(|| "HU".to_string());
        let header = header.like(header.voxel, Quantity { unit, ..Quantity::certain(kind, "said by --quantity") });
        Ok(Described { input, header, first: 0 })
    }

    /// With steps that are not even taken as they are.
    pub fn kept(input: Arc<dyn Source>) -> Described {
        let mut header = input.header().clone();
        header.verdict.kept = true;
        Described { input, header, first: 0 }
    }

    /// One frame.
    pub fn frame(input: Arc<dyn Source>, frame: usize) -> Result<Described> {
        let count = input.header().frames.count;
        if frame >= count {
            return Err(Error::parameter("--frame").found(frame).expected(format_args!("0 to {}", count - 1)));
        }
        let header = input.header().frame(frame);
        Ok(Described { input, header, first: frame })
    }
}

impl Source for Described {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.input.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        self.input.open(run, self.first + frame, z)
    }

    fn flight(&self, planes: usize) -> usize {
        self.input.flight(planes)
    }

    fn lends(&self) -> bool {
        self.input.lends()
    }

    fn sequential(&self) -> bool {
        self.input.sequential()
    }
}

/// A source opened as another type; a value that would change stops it.
struct Retyped {
    input: Arc<dyn Source>,
    header: Header,
}

impl Retyped {
    fn new(input: Arc<dyn Source>, voxel: Type) -> Result<Retyped> {
        let from = input.header().voxel;
        if !from.is_scalar() || !voxel.is_scalar() {
            return Err(Error::unsupported(format_args!("--type {voxel} for {from} voxels")));
        }
        let header = Header { voxel, ..input.header().clone() };
        Ok(Retyped { input, header })
    }
}

struct Checked<'a> {
    input: Box<dyn Cursor + 'a>,
    header: &'a Header,
    pool: Pool,
}

impl Cursor for Checked<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let planes = self.input.pull(z.clone())?;
        let header = self.header;
        self.pool.slab(z, header.voxel, header.plane(), |out| {
            scalar!(planes.data.voxel(), T => scalar!(header.voxel, O => {
                exact::<T, O>(planes.data.as_slice::<T>(), bytemuck::cast_slice_mut(out), planes.z.start, header)
            }))
        })
    }
}

fn exact<T: Scalar, O: Scalar>(input: &[T], out: &mut [O], first: usize, header: &Header) -> Result<()> {
    for (i, (v, o)) in input.iter().zip(out).enumerate() {
        let whole = T::TYPE.is_integer() && O::TYPE.is_integer();
        *o = if whole { O::from_i128(v.to_i128()) } else { O::from_f64(v.to_f64()) };
        // Of an integer as a float, the float's own whole value counts.
        let integer = T::TYPE.is_integer() && !whole;
        let same = if whole || integer { o.to_i128() == v.to_i128() } else { o.to_f64() == v.to_f64() || v.to_f64().is_nan() && o.to_f64().is_nan() };
        if !same {
            let z = first + i / header.plane();
            return Err(Error::value(format_args!("--type {}: a voxel of slice {z}", header.voxel))
                .found(format_args!("{v:?}"))
                .expected("a value of that type")
                .help("choose a wider --type, or cast with --saturate"));
        }
    }
    Ok(())
}

impl Source for Retyped {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.input.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Checked { input: self.input.open(run, frame, z)?, header: &self.header, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.input.flight(planes).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.input.lends()
    }
}
