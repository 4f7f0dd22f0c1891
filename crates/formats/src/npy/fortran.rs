//! Arrays in Fortran order: the first index runs fastest in the file, so every plane is scattered over all of it.
//! The whole is read and transposed once, in stretches of the last index.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use isovox_volume::error::At;
use isovox_volume::{Block, Cursor, Data, Error, Header, Lease, Result, Run, Source, Volume};

use crate::input::Input;
use crate::stored::Decode;

/// Bytes of the file that are read at once, where one stretch is not larger.
const STRETCH: usize = 8 << 20;

/// A transposed array, in memory from [`Source::prepare`] on.
pub(super) struct Fortran {
    header: Header,
    decode: Decode,
    input: Input,
    from: u64,
    volume: OnceLock<(Volume, Lease)>,
    making: Mutex<()>,
}

impl Fortran {
    /// The elements begin at byte `from`, and all are there: the caller has checked.
    pub(super) fn new(header: Header, decode: Decode, input: Input, from: u64) -> Fortran {
        Fortran { header, decode, input, from, volume: OnceLock::new(), making: Mutex::new(()) }
    }

    fn volume(&self, run: &Run) -> Result<&Volume> {
        // An error is not kept: another run may have the memory, or not be interrupted.
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((volume, _)) = self.volume.get() {
            return Ok(volume);
        }
        let made = self.transpose(run).at(self.input.path())?;
        Ok(&self.volume.get_or_init(|| made).0)
    }

    fn transpose(&self, run: &Run) -> Result<(Volume, Lease)> {
        let (nx, width) = (self.header.nx(), self.header.voxel.bytes());
        let column = self.header.bytes() / nx;
        let together = (STRETCH / column).clamp(1, nx);
        let what = "an array in Fortran order, which is read as a whole,";
        let lease = run.lease(self.header.bytes(), what).map_err(|e| {
            let step = format!("save it with numpy.ascontiguousarray, or {}", e.next_step().unwrap_or_default());
            e.help(step)
        })?;
        let _reading = run.lease(2 * together * column, what)?;
        let mut block = Block::zeroed(self.header.voxel, self.header.bytes() / width)?;
        let out = Arc::get_mut(&mut block).and_then(Block::bytes_mut).expect("a fresh block has one owner");
        let (mut raw, mut stretch) = (vec![0; together * column], vec![0; together * column]);
        for x in (0..nx).step_by(together) {
            run.check()?;
            let bytes = together.min(nx - x) * column;
            self.input.read_at(self.from + (x * column) as u64, &mut raw[..bytes])?;
            self.decode.apply(&mut raw[..bytes], self.header.voxel, &mut stretch[..bytes]);
            match width {
                1 => self.scatter::<1>(x, &stretch[..bytes], out),
                2 => self.scatter::<2>(x, &stretch[..bytes], out),
                3 => self.scatter::<3>(x, &stretch[..bytes], out),
                4 => self.scatter::<4>(x, &stretch[..bytes], out),
                _ => self.scatter::<8>(x, &stretch[..bytes], out),
            }
        }
        let data = Data::new(block, self.header.voxel, 0, self.header.bytes() / width)?;
        Ok((Volume::new(self.header.clone(), data)?, lease))
    }

    /// Columns `first..` of the file, each `[y, z, frame]`, to their places in `[frame, z, y, x]`.
    fn scatter<const W: usize>(&self, first: usize, stretch: &[u8], out: &mut [u8]) {
        let [nz, ny, nx] = self.header.shape;
        let frames = self.header.frames.count;
        let elements = stretch.as_chunks::<W>().0;
        let out = out.as_chunks_mut::<W>().0;
        let column = ny * nz * frames;
        for y in 0..ny {
            for z in 0..nz {
                for frame in 0..frames {
                    let row = ((frame * nz + z) * ny + y) * nx + first;
                    let from = elements.iter().skip((y * nz + z) * frames + frame).step_by(column);
                    out[row..].iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
}

impl Source for Fortran {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.volume(run).map(|_| ())
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        if frame >= self.header.frames.count {
            return Err(Error::parameter("frame").found(frame).expected(format_args!("0 to {}", self.header.frames.count - 1)));
        }
        self.volume(run)?.open(run, frame, z)
    }

    fn flight(&self, _planes: usize) -> usize {
        0
    }

    fn lends(&self) -> bool {
        true
    }
}
