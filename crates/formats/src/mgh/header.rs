//! The 284 bytes before the voxels, and the first numbers behind them.

use isovox_volume::geometry::Affine;
use isovox_volume::{Error, Geometry, Result, Type};

/// Bytes before the voxels.
pub(super) const SIZE: usize = 284;

/// What a header says, unchecked but for its version.
pub(super) struct Fields {
    /// x, y, z and frames.
    sizes: [i32; 4],
    kind: i32,
    pub(super) dof: i32,
    /// Whether spacing, direction and centre are stated.
    pub(super) placed: bool,
    spacing: [f64; 3],
    /// RAS directions of x, y and z in turn.
    directions: [[f64; 3]; 3],
    /// RAS of the voxel at half the size.
    center: [f64; 3],
}

/// Big-endian numbers from a byte on; the caller knows that they are there.
fn ints(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The same as a real.
pub(super) fn real(bytes: &[u8], at: usize) -> f64 {
    f32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")).into()
}

impl Fields {
    pub(super) fn parse(head: &[u8]) -> Result<Fields> {
        if head.len() < SIZE {
            return Err(Error::corrupt("MGH header").found(format_args!("{} bytes", head.len())).expected(SIZE).help("the file is cut off; copy it again"));
        }
        // Newer files keep an intent in the bytes above.
        let version = ints(head, 0);
        if version & 0xff != 1 {
            return Err(Error::corrupt("MGH version").found(version).expected(1).help("this is not an MGH file, or its first bytes are damaged"));
        }
        let three = |at: usize| std::array::from_fn(|i| real(head, at + 4 * i));
        Ok(Fields {
            sizes: std::array::from_fn(|i| ints(head, 4 + 4 * i)),
            kind: ints(head, 20),
            dof: ints(head, 24),
            placed: i16::from_be_bytes([head[28], head[29]]) > 0,
            spacing: three(30),
            directions: [three(42), three(54), three(66)],
            center: three(78),
        })
    }

    /// `[z, y, x]` and frames.
    pub(super) fn sizes(&self) -> Result<([usize; 3], usize)> {
        let wrong = || Error::corrupt("MGH size").found(format_args!("{:?}", self.sizes)).expected("at least 1 each").help("the header is damaged; copy the file again");
        let mut sizes = [0; 4];
        for (to, from) in sizes.iter_mut().zip(self.sizes) {
            *to = usize::try_from(from).ok().filter(|&n| n > 0).ok_or_else(wrong)?;
        }
        let [x, y, z, frames] = sizes;
        Ok(([z, y, x], frames))
    }

    pub(super) fn voxel(&self) -> Result<Type> {
        Ok(match self.kind {
            0 => Type::U8,
            1 => Type::I32,
            3 => Type::F32,
            4 => Type::I16,
            10 => Type::U16,
            other => return Err(Error::unsupported("MGH type").found(other).expected("0, 1, 3, 4 or 10: uchar, int, float, short, ushort")),
        })
    }

    /// The affine in RAS; without the flag `FreeSurfer`'s default: 1 mm, coronal slices, the centre at the world's origin.
    pub(super) fn geometry(&self, shape: [usize; 3]) -> Option<Geometry> {
        let (spacing, directions, center) =
            if self.placed { (self.spacing, self.directions, self.center) } else { ([1.0; 3], [[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]], [0.0; 3]) };
        let mut affine: Affine = [[0.0, 0.0, 0.0, 1.0]; 4];
        for (r, row) in affine[..3].iter_mut().enumerate() {
            let mut origin = center[r];
            for c in 0..3 {
                row[c] = directions[c][r] * spacing[c];
                // Half the size, not the middle: of an even size it is a voxel.
                origin -= row[c] * (shape[2 - c] as f64 / 2.0);
            }
            row[3] = origin;
        }
        let positive = spacing.iter().all(|s| *s > 0.0);
        Geometry::from_ras(affine).filter(|_| positive)
    }
}
