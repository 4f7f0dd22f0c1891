//! Interleaved channels as frames: a pixel's values lie side by side in the file, isovox keeps one volume a channel.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, FrameAxis, Frames, Header, Result, Run, Slab, Source};

/// Frames taken apart from a source whose rows are `channels` times as long.
///
/// Inner shape `[z, y, x * channels]`, one frame; outer shape `[z, y, x]`, a frame a channel.
pub struct Channels {
    inner: Arc<dyn Source>,
    header: Header,
    count: usize,
}

impl Channels {
    /// `header` is the outer one; its frames are set here.
    pub fn new(inner: Arc<dyn Source>, mut header: Header, count: usize) -> Channels {
        header.frames = Frames { count, axis: FrameAxis::Channel, values: Vec::new() };
        Channels { inner, header, count }
    }
}

struct Apart<'a> {
    inner: Box<dyn Cursor + 'a>,
    header: &'a Header,
    channels: usize,
    channel: usize,
    pool: Pool,
}

impl Cursor for Apart<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let together = self.inner.pull(z.clone())?;
        let (width, channels, channel) = (self.header.voxel.bytes(), self.channels, self.channel);
        self.pool.slab(z, self.header.voxel, self.header.plane(), |out| {
            let pixels = together.data.bytes().chunks_exact(width * channels);
            for (to, pixel) in out.chunks_exact_mut(width).zip(pixels) {
                to.copy_from_slice(&pixel[channel * width..][..width]);
            }
            Ok(())
        })
    }
}

impl Source for Channels {
    fn header(&self) -> &Header {
        &self.header
    }

    fn prepare(&self, run: &Run) -> Result<()> {
        self.inner.prepare(run)
    }

    fn open<'a>(&'a self, run: &'a Run, frame: usize, z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        let inner = self.inner.open(run, 0, z)?;
        Ok(Box::new(Apart { inner, header: &self.header, channels: self.count, channel: frame, pool: Pool::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        self.inner.flight(planes).saturating_add(self.header.plane_bytes().saturating_mul(planes))
    }

    fn lends(&self) -> bool {
        self.inner.lends()
    }

    fn sequential(&self) -> bool {
        self.inner.sequential()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isovox_volume::{Type, Volume};

    #[test]
    fn each_channel_is_a_frame() {
        let inner = Volume::from_slice([2, 1, 6], &[1u16, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]).unwrap();
        let source = Channels::new(Arc::new(inner), Header::new([2, 1, 2], 1, Type::U16).unwrap(), 3);
        let run = Run::here();
        let slab = source.open(&run, 1, 0..2).unwrap().pull(0..2).unwrap();
        assert_eq!(slab.data.as_slice::<u16>(), [2, 5, 8, 11]);
        assert_eq!(source.header().frames.count, 3);
    }
}
