//! The pore phase of a volume: what is grey, where the threshold lies, which part counts.

use std::ops::Range;
use std::sync::Arc;

use isovox_engine::adapt::point::PointSource;
use isovox_engine::adapt::reduce::fold;
use isovox_ops::access::Point;
use isovox_ops::intensity::histogram::Histogram;
use isovox_ops::intensity::levels::Levels;
use isovox_ops::intensity::otsu::{number, separate, split};
use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Header, Quantity, QuantityKind, Result, Run, Scalar, Slab, Source, Step, Type, scalar};
use serde_json::json;

use super::peaks;
use super::{Options, Within};

/// The pore phase, and how it was found.
pub(super) struct Pores {
    /// The grey volume, after what removes noise.
    grey: Arc<dyn Source>,
    /// The part that counts.
    within: Option<Arc<dyn Source>>,
    /// 1 in pores.
    pub(super) phase: Arc<dyn Source>,
    /// The threshold; none for masks.
    pub(super) threshold: Option<f64>,
    /// Whether pores are dark.
    pub(super) dark: bool,
    /// A step of the threshold; none for masks.
    pub(super) bin: Option<f64>,
    /// The histogram.
    pub(super) levels: Levels,
    /// What was done.
    pub(super) steps: Vec<Step>,
    /// What the values themselves say against the threshold.
    pub(super) doubt: Option<String>,
}

impl Pores {
    /// The pore phase: the mask as it stands, or what a threshold parts.
    pub(super) fn find(run: &Run, grey: Arc<dyn Source>, within: Option<Arc<dyn Source>>, options: &Options) -> Result<Pores> {
        let levels = histogram(run, &grey, within.as_ref())?;
        let header = grey.header();
        let mask = header.quantity.kind == QuantityKind::Mask || header.voxel.is_integer() && only_zero_and_one(&levels);
        if mask && (options.threshold.is_some() || options.bright.is_some()) {
            return Err(Error::parameter("--threshold, --dark or --bright with a mask")
                .found("a volume of 0 and 1")
                .help("a mask is the pores as it stands (1 = pore): leave the flag out"));
        }
        let auto = matches!(options.within, Within::Auto);
        if mask && auto {
            return Err(Error::parameter("--within auto with a mask")
                .found("a volume of 0 and 1")
                .help("auto is the bright phase of a grey volume, filled: give a mask of the part with --within MASK"));
        }
        let dark = !options.bright.unwrap_or(false);
        // Inside the filled bright phase a sound part has one peak, which Otsu would split: the whole volume has both phases.
        let whole = auto.then(|| histogram(run, &grey, None)).transpose()?;
        let parted = whole.as_ref().unwrap_or(&levels);
        let (threshold, bin) = if mask { (None, None) } else { (Some(options.threshold.map_or_else(|| otsu(parted), Ok)?), Some(bin(&levels))) };
        let doubt = threshold.filter(|_| options.threshold.is_none()).and_then(|t| peaks::doubt(parted, t));
        let op = if options.threshold.is_some() { "threshold" } else { "otsu" };
        let steps = threshold.iter().map(|t| Step { op: op.into(), parameters: json!({"dark": dark}), found: json!({"threshold": number(*t)}) }).collect();
        let phase = phase(&grey, within.as_ref(), threshold, dark)?;
        Ok(Pores { grey, within, phase, threshold, dark, bin, levels, steps, doubt })
    }

    /// A word on voxels that have no value: they are no pores.
    pub(super) fn left_out(&self, total: u64) -> Option<String> {
        let finite: u64 = self.levels.occurring().iter().map(|(_, n)| n).sum();
        (finite < total).then(|| format!("{} voxels are NaN or infinite: they count as solid", total - finite))
    }

    /// The pore phase at another threshold.
    pub(super) fn at(&self, threshold: f64) -> Result<Arc<dyn Source>> {
        phase(&self.grey, self.within.as_ref(), Some(threshold), self.dark)
    }
}

fn phase(grey: &Arc<dyn Source>, within: Option<&Arc<dyn Source>>, threshold: Option<f64>, dark: bool) -> Result<Arc<dyn Source>> {
    let phase: Arc<dyn Source> = Arc::new(PointSource::new(Arc::new(Phase { threshold, dark }), grey.clone())?);
    Ok(match within {
        Some(mask) => Arc::new(Inside::new(phase, mask.clone())),
        None => phase,
    })
}

/// The histogram of the volume, or of the part that counts.
pub(super) fn histogram(run: &Run, grey: &Arc<dyn Source>, within: Option<&Arc<dyn Source>>) -> Result<Levels> {
    let inputs: Vec<&dyn Source> = std::iter::once(grey).chain(within).map(AsRef::as_ref).collect();
    let value = fold(run, "histogram", &Histogram { bins: 256 }, &inputs)?;
    value.downcast::<Levels>().map(|l| *l).map_err(|_| Error::unsupported("a histogram of another kind"))
}

/// Otsu's threshold.
pub(super) fn otsu(levels: &Levels) -> Result<f64> {
    separate(&levels.occurring()).ok_or_else(|| {
        let value = levels.occurring().first().map_or("no value at all".to_string(), |(v, _)| format!("{v} everywhere"));
        Error::value("otsu of a constant volume").found(value).expected("at least two values").help("check the file, or give --threshold T")
    })
}

/// The width of a bin of the histogram.
fn bin(levels: &Levels) -> f64 {
    match levels {
        Levels::Bins { min, max, counts } => (max - min) / counts.len() as f64,
        Levels::Each { .. } | Levels::Range { .. } => 1.0,
    }
}

fn only_zero_and_one(levels: &Levels) -> bool {
    let occur: Vec<f64> = levels.occurring().into_iter().filter(|(_, n)| *n > 0).map(|(v, _)| v).collect();
    match levels {
        Levels::Each { .. } => !occur.is_empty() && occur.iter().all(|v| *v == 0.0 || *v == 1.0) && occur.contains(&1.0),
        Levels::Bins { min, max, .. } => *min == 0.0 && *max == 1.0,
        Levels::Range { .. } => false,
    }
}

/// Voxels on one side of a threshold; without one, those that are not 0.
pub(super) struct Phase {
    /// Dark is at most this, bright is more.
    pub(super) threshold: Option<f64>,
    /// Which side.
    pub(super) dark: bool,
}

impl Point for Phase {
    type Out<T: Scalar> = u8;
    const MEANS: Option<QuantityKind> = Some(QuantityKind::Mask);

    fn apply<T: Scalar>(&self, input: &[T], out: &mut [u8]) {
        match self.threshold {
            Some(t) => split(input, t, self.dark, out),
            None => input.iter().zip(out).for_each(|(v, o)| *o = u8::from(*v != T::default())),
        }
    }
}

/// A mask where another one is not 0, else 0.
struct Inside {
    mask: Arc<dyn Source>,
    within: Arc<dyn Source>,
    header: Header,
}

impl Inside {
    /// Both lie on one grid.
    fn new(mask: Arc<dyn Source>, within: Arc<dyn Source>) -> Inside {
        let header = mask.header().like(Type::U8, Quantity::certain(QuantityKind::Mask, "the pore phase"));
        Inside { mask, within, header }
    }
}

struct Walk<'a> {
    mask: Box<dyn Cursor + 'a>,
    within: Box<dyn Cursor + 'a>,
    header: &'a Header,
    pool: Pool,
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let (mask, within, header) = (self.mask.pull(z.clone())?, self.within.pull(z.clone())?, self.header);
        self.pool.slab(z, header.voxel, header.plane(), |out| {
            out.copy_from_slice(mask.data.bytes());
            scalar!(within.data.voxel(), T => {
                out.iter_mut().zip(within.data.as_slice::<T>()).for_each(|(o, w)| *o &= u8::from(*w != T::default()));
            });
            Ok(())
        })
    }
}

impl Source for Inside {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.mask.prepare(run)?;
        self.within.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let (mask, within) = (self.mask.open(run, frame, z.clone())?, self.within.open(run, frame, z)?);
        Ok(Box::new(Walk { mask, within, header: &self.header, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.mask.flight(planes).saturating_add(self.within.flight(planes)).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.mask.lends() && self.within.lends()
    }
}
