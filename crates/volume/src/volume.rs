//! A volume in memory.

use std::ops::Range;

use crate::data::Data;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::run::Run;
use crate::source::{Cursor, Slab, Source};
use crate::voxel::Voxel;

/// A header and its voxels, `[frame, z, y, x]`. As a source it lends its planes without a copy.
#[derive(Clone, Debug)]
pub struct Volume {
    header: Header,
    data: Data,
}

impl Volume {
    /// Fails when the data do not fit the header.
    pub fn new(header: Header, data: Data) -> Result<Volume> {
        let need = header.voxels() * header.frames.count;
        if data.voxel() != header.voxel || data.len() != need {
            return Err(Error::parameter("voxels that do not fit the header").found(format_args!("{data:?}")).expected(format_args!("{need} x {}", header.voxel)));
        }
        Ok(Volume { header, data })
    }

    /// A 3-D volume without geometry, from voxels in C order.
    pub fn from_slice<T: Voxel>(shape: [usize; 3], voxels: &[T]) -> Result<Volume> {
        Volume::new(Header::new(shape, 1, T::TYPE)?, Data::from_slice(voxels)?)
    }

    /// What it is.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The same voxels under another header (geometry, meaning).
    pub fn with_header(self, header: Header) -> Result<Volume> {
        Volume::new(header, self.data)
    }

    /// Its voxels.
    pub fn data(&self) -> &Data {
        &self.data
    }
}

struct Lend<'a> {
    volume: &'a Volume,
    frame: usize,
}

impl Cursor for Lend<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let header = &self.volume.header;
        let from = self.frame * header.voxels() + z.start * header.plane();
        Ok(Slab { data: self.volume.data.sub(from, z.len() * header.plane()), z })
    }
}

impl Source for Volume {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Lend { volume: self, frame }))
    }

    fn flight(&self, _planes: usize) -> usize {
        0
    }

    fn lends(&self) -> bool {
        true
    }

    fn held(&self, _run: &Run) -> Result<Option<Data>> {
        Ok(Some(self.data.clone()))
    }
}
