//! The header of a `.npy` file. Source: `numpy.lib.format`, versions 1.0 to 3.0.

use isovox_volume::{Error, Result};

use super::dtype::Dtype;
use super::literal::{Literal, parse};
use crate::input::Input;

/// The first bytes of every `.npy` file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header that is read; versions 2 and 3 could claim 4 GB.
const LONGEST: u64 = 1 << 20;

/// What a `.npy` header says.
#[derive(Debug)]
pub(super) struct Head {
    /// The array's axes, slowest index first.
    pub(super) shape: Vec<usize>,
    /// Whether the first index runs fastest in the file.
    pub(super) fortran: bool,
    /// The elements' `descr`.
    pub(super) descr: Literal,
    /// The byte where the elements begin.
    pub(super) data: u64,
}

impl Head {
    /// Reads and checks a header; the element type is left to [`Head::dtype`].
    pub(super) fn read(input: &Input) -> Result<Head> {
        let first = input.head(12)?;
        if !first.starts_with(MAGIC) || first.len() < 10 {
            return Err(Error::corrupt("not a NumPy file").found(format_args!("{} bytes that do not begin with \\x93NUMPY", input.len())).help("save it with numpy.save"));
        }
        let (length, text) = match (first[6], &first[8..]) {
            (1, rest) => (u64::from(u16::from_le_bytes([rest[0], rest[1]])), 10),
            (2 | 3, &[a, b, c, d]) => (u64::from(u32::from_le_bytes([a, b, c, d])), 12),
            (2 | 3, _) => return Err(Error::corrupt("array header").found(format_args!("{} bytes", input.len())).expected("at least 12")),
            (version, _) => return Err(Error::unsupported(format_args!("version {version} of the NumPy file format")).expected("1, 2 or 3")),
        };
        if length > LONGEST || text + length > input.len() {
            return Err(Error::corrupt("array header")
                .found(format_args!("a length of {length} in a file of {} bytes", input.len()))
                .expected("a header inside the file")
                .help("the file is cut off or damaged; copy it again"));
        }
        let mut bytes = vec![0; length as usize];
        input.read_at(text, &mut bytes)?;
        Head::parse(&bytes, text + length)
    }

    fn parse(text: &[u8], data: u64) -> Result<Head> {
        let Literal::Dict(items) = parse(text)? else { return Err(Error::corrupt("array header").expected("a dictionary")) };
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        for (key, value) in items {
            match (key.as_str(), value) {
                ("descr", value) => descr = Some(value),
                ("fortran_order", Literal::Bool(value)) => fortran = Some(value),
                ("shape", Literal::List(axes)) => shape = Some(sides(&axes)?),
                (key, _) => {
                    return Err(Error::corrupt("array header")
                        .found(format_args!("{key:?} with an unexpected value"))
                        .expected("descr, fortran_order (True or False) and shape (a tuple)"));
                }
            }
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok(Head { shape, fortran, descr, data }),
            _ => Err(Error::corrupt("array header").expected("descr, fortran_order and shape")),
        }
    }

    /// What the elements are; refused by name where they are no voxels.
    pub(super) fn dtype(&self) -> Result<Dtype> {
        Dtype::parse(&self.descr)
    }

    /// `[frame, z, y, x]` of an array of 2, 3 or 4 axes.
    pub(super) fn volume(&self) -> Result<[usize; 4]> {
        match self.shape[..] {
            [y, x] => Ok([1, 1, y, x]),
            [z, y, x] => Ok([1, z, y, x]),
            [frame, z, y, x] => Ok([frame, z, y, x]),
            _ => Err(Error::unsupported(format_args!("an array of {} axes", self.shape.len()))
                .found(format_args!("shape {}", self.sides()))
                .expected("[z, y, x], [frame, z, y, x] or [y, x]")
                .help("save the part that is the volume, for example numpy.save(name, array[0])")),
        }
    }

    /// The shape as Python writes it.
    pub(super) fn sides(&self) -> String {
        let sides: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        format!("({}{})", sides.join(", "), if sides.len() == 1 { "," } else { "" })
    }
}

fn sides(axes: &[Literal]) -> Result<Vec<usize>> {
    let side = |axis: &Literal| match axis {
        Literal::Number(n) => usize::try_from(*n).ok(),
        _ => None,
    };
    axes.iter().map(side).collect::<Option<_>>().ok_or_else(|| Error::corrupt("array shape").expected("a tuple of numbers"))
}
