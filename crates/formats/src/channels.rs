//! Interleaved channels as frames: a pixel's values lie side by side in the file, isovox keeps one volume a channel.

use std::ops::Range;
use std::sync::Arc;

use isovox_volume::source::{Pool, pulled};
use isovox_volume::{Cursor, FrameAxis, Frames, Header, Result, Run, Slab, Source};

/// Frames taken apart from a source whose rows are `channels` times as long.
///
/// A pixel's values lie side by side, or those of several pixels of one channel do: of a row, of a plane.
///
/// Inner shape `[z, y, x * channels]`, one frame; outer shape `[z, y, x]`, a frame a channel.
pub struct Channels {
    inner: Arc<dyn Source>,
    header: Header,
    count: usize,
    /// Values of one channel side by side.
    together: usize,
}

impl Channels {
    /// `header` is the outer one; its frames are set here.
    pub fn new(inner: Arc<dyn Source>, mut header: Header, count: usize) -> Channels {
        header.frames = Frames { count, axis: FrameAxis::Channel, values: Vec::new() };
        Channels { inner, header, count, together: 1 }
    }

    /// The same, where so many values of one channel lie side by side: a divisor of a plane.
    #[must_use]
    pub fn together(mut self, values: usize) -> Channels {
        self.together = values;
        self
    }

    /// The same, where channels count something that has another name.
    #[must_use]
    pub fn counting(mut self, frames: Frames) -> Channels {
        self.header.frames = Frames { count: self.count, ..frames };
        self
    }
}

struct Apart<'a> {
    channels: &'a Channels,
    run: &'a Run,
    inner: Box<dyn Cursor + 'a>,
    channel: usize,
    pool: Pool,
}

impl Apart<'_> {
    /// Planes of one channel, `z` within it.
    fn part(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let together = self.inner.pull(z)?;
        let (width, channel) = (self.channels.header.voxel.bytes() * self.channels.together, self.channel);
        let groups = together.data.bytes().chunks_exact(width * self.channels.count);
        for (to, group) in out.chunks_exact_mut(width).zip(groups) {
            to.copy_from_slice(&group[channel * width..][..width]);
        }
        Ok(())
    }

    /// A source that is read from its start is walked through all its frames: planes beyond one channel are the next one's,
    /// for which the source begins anew.
    fn planes(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        let (nz, plane) = (self.channels.header.nz(), self.channels.header.plane_bytes());
        let (mut at, mut out) = (z.start, out);
        while at < z.end {
            let (over, within) = (at / nz, at % nz);
            if within == 0 && over > 0 {
                self.channel += 1;
                self.inner = self.channels.inner.open(self.run, 0, 0..nz)?;
            }
            let planes = (nz - within).min(z.end - at);
            let (now, later) = out.split_at_mut(planes * plane);
            self.part(within..within + planes, now)?;
            (at, out) = (at + planes, later);
        }
        Ok(())
    }
}

impl Cursor for Apart<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        pulled(self, |walk| &mut walk.pool, &self.channels.header, z)
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.planes(z, out)
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
        Ok(Box::new(Apart { channels: self, run, inner, channel: frame, pool: Pool::default() }))
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
        // As one that is kept is read: all frames through one cursor.
        let mut all = [0; 24];
        let mut cursor = source.open(&run, 0, 0..2).unwrap();
        cursor.fill(0..1, &mut all[..4]).unwrap();
        cursor.fill(1..5, &mut all[4..20]).unwrap();
        cursor.fill(5..6, &mut all[20..]).unwrap();
        let all: Vec<u16> = all.chunks_exact(2).map(|b| u16::from_ne_bytes([b[0], b[1]])).collect();
        assert_eq!(all, [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
    }
}
