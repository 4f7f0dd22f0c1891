//! Pages as a source: any plane at any time, each cursor with its own buffers.

use std::ops::Range;

use isovox_volume::source::Pool;
use isovox_volume::{Cursor, Error, Header, Result, Run, Slab, Source};

use super::bits;
use super::codec::{Codec, Rows};
use super::page::{Coding, Page, across};
use super::stack::Stack;
use super::text::Layout;

/// Memory of a cursor's codecs besides their chunks.
const CODECS: usize = 1 << 20;

/// Pages that are decoded when their planes are asked for.
///
/// Channels lie side by side: rows are `samples` times as long as the picture's.
pub(super) struct Pages {
    header: Header,
    stack: Stack,
    layout: Layout,
    invert: bool,
}

impl Pages {
    /// Every chunk is checked to lie in the file and to hold enough for what it claims.
    pub(super) fn new(header: Header, stack: Stack, layout: Layout, invert: bool) -> Result<Pages> {
        let pages = Pages { header, stack, layout, invert };
        for (number, page) in pages.stack.pages.iter().enumerate() {
            pages.check(number, page)?;
        }
        Ok(pages)
    }

    fn check(&self, number: usize, page: &Page) -> Result<()> {
        let (coding, len) = (&self.stack.codings[page.coding], self.stack.bytes.input.len());
        let picture = &self.stack.picture;
        let named = |found: String, expected: String| {
            Err(Error::corrupt(format_args!("TIFF page {}", number + 1))
                .found(found)
                .expected(expected)
                .help("the file is cut off or damaged; copy it again")
                .within(self.stack.bytes.input.path()))
        };
        let rows = coding.chunk[1].checked_mul(coding.chunk[2]).and_then(|n| Rows::new(picture, coding, n));
        if rows.is_none() {
            return named(format!("a strip or tile of {}x{}x{}", coding.chunk[0], coding.chunk[1], coding.chunk[2]), "at most 4 GB each".into());
        }
        let mut held = 0u64;
        for (offset, count) in page.chunks(&self.stack.bytes, 0, page.listed())? {
            if offset.checked_add(count).is_none_or(|end| end > len) || count == 0 {
                return named(format!("{count} bytes at byte {offset}"), format!("bytes within the file's {len}"));
            }
            held = held.saturating_add(count);
        }
        let need = self.stack.plane_bytes().and_then(|n| n.checked_mul(picture.depth as u64));
        let most = held.saturating_mul(super::page::greatest_ratio(coding.compression));
        if need.is_none_or(|n| n > most) {
            return named(format!("{held} bytes"), format!("enough for {}x{}x{} voxels", picture.width, picture.height, picture.depth));
        }
        Ok(())
    }
}

struct Walk<'a> {
    pages: &'a Pages,
    frame: usize,
    pool: Pool,
    work: Work,
}

#[derive(Default)]
struct Work {
    codec: Codec,
    chunk: Vec<u8>,
    row: Vec<u8>,
    /// The page and the layer of chunks that `layer` holds.
    held: Option<(usize, usize)>,
    layer: Vec<u8>,
}

impl Pages {
    fn plane(&self, frame: usize, z: usize, work: &mut Work, out: &mut [u8]) -> Result<()> {
        let depth = self.stack.picture.depth;
        let plane = self.layout.plane(frame, z);
        let (number, deep) = (plane / depth, plane % depth);
        let page = &self.stack.pages[number];
        let coding = &self.stack.codings[page.coding];
        if coding.chunk[2] == 1 {
            return self.layer(page, deep, work, out);
        }
        let layer = (number, deep / coding.chunk[2]);
        if work.held != Some(layer) {
            work.held = None;
            let mut planes = std::mem::take(&mut work.layer);
            planes.resize(out.len() * coding.chunk[2].min(depth), 0);
            self.layer(page, layer.1, work, &mut planes)?;
            (work.layer, work.held) = (planes, Some(layer));
        }
        let within = deep % coding.chunk[2];
        out.copy_from_slice(&work.layer[within * out.len()..][..out.len()]);
        Ok(())
    }

    /// Decodes one layer of chunks: as many planes as chunks are deep.
    fn layer(&self, page: &Page, layer: usize, work: &mut Work, out: &mut [u8]) -> Result<()> {
        let (picture, coding) = (&self.stack.picture, &self.stack.codings[page.coding]);
        let [nx, ny, nz] = across(picture, coding);
        for sample in 0..if coding.separate { picture.samples } else { 1 } {
            let first = (sample * nz + layer) * ny * nx;
            let places = page.chunks(&self.stack.bytes, first as u64, (ny * nx) as u64)?;
            for i in 0..places.len() {
                let at = [i % nx * coding.chunk[0], i / nx * coding.chunk[1], layer * coding.chunk[2]];
                let high = if coding.tiled { coding.chunk[1] } else { coding.chunk[1].min(picture.height - at[1]) };
                let rows = high.checked_mul(coding.chunk[2]).and_then(|n| Rows::new(picture, coding, n)).ok_or_else(|| Error::corrupt("TIFF chunk size"))?;
                work.codec.decode(&self.stack.bytes, picture, coding, rows, &places[i..], &mut work.chunk)?;
                self.place(coding, rows, high, at, sample, work, out);
            }
        }
        Ok(())
    }

    /// Puts a decoded chunk's rows where they belong.
    #[allow(clippy::too_many_arguments, reason = "where, what and whence of one copy")]
    fn place(&self, coding: &Coding, rows: Rows, high: usize, at: [usize; 3], sample: usize, work: &mut Work, out: &mut [u8]) {
        let picture = &self.stack.picture;
        let (samples, width) = (picture.samples, bits::width(picture));
        let wide = coding.chunk[0].min(picture.width - at[0]);
        let line = picture.width * samples * width;
        for (n, row) in work.chunk.chunks_exact(rows.bytes).enumerate() {
            let (deep, y) = (n / high, at[1] + n % high);
            if y >= picture.height || at[2] + deep >= picture.depth {
                continue;
            }
            let to = &mut out[(deep * picture.height + y) * line..][..line];
            if coding.separate {
                work.row.resize(wide * width, 0);
                bits::voxels(picture, row, &mut work.row);
                let pixels = to[at[0] * samples * width..].chunks_exact_mut(samples * width);
                pixels.zip(work.row.chunks_exact(width)).for_each(|(pixel, v)| pixel[sample * width..][..width].copy_from_slice(v));
            } else {
                bits::voxels(picture, row, &mut to[at[0] * samples * width..][..wide * samples * width]);
            }
        }
    }

    fn fill(&self, frame: usize, z: Range<usize>, work: &mut Work, out: &mut [u8]) -> Result<()> {
        for (z, plane) in z.zip(out.chunks_exact_mut(self.header.plane_bytes())) {
            self.plane(frame, z, work, plane)?;
        }
        if self.invert {
            bits::invert(&self.stack.picture, out);
        }
        Ok(())
    }
}

impl Cursor for Walk<'_> {
    fn pull(&mut self, z: Range<usize>) -> Result<Slab> {
        let (header, pages, frame, work) = (&self.pages.header, self.pages, self.frame, &mut self.work);
        self.pool.slab(z.clone(), header.voxel, header.plane(), |out| pages.fill(frame, z, work, out))
    }

    fn fill(&mut self, z: Range<usize>, out: &mut [u8]) -> Result<()> {
        self.pages.fill(self.frame, z, &mut self.work, out)
    }
}

impl Source for Pages {
    fn header(&self) -> &Header {
        &self.header
    }

    fn open<'a>(&'a self, _run: &'a Run, frame: usize, _z: Range<usize>) -> Result<Box<dyn Cursor + 'a>> {
        Ok(Box::new(Walk { pages: self, frame, pool: Pool::default(), work: Work::default() }))
    }

    fn flight(&self, planes: usize) -> usize {
        let chunk = |c: &Coding| c.chunk[1].checked_mul(c.chunk[2]).and_then(|n| Rows::new(&self.stack.picture, c, n)).map_or(0, |r| r.all());
        let deepest = self.stack.codings.iter().map(|c| c.chunk[2].min(self.stack.picture.depth)).max().filter(|&n| n > 1).unwrap_or(0);
        let chunks = self.stack.codings.iter().map(chunk).max().unwrap_or(0).saturating_mul(4);
        self.header.plane_bytes().saturating_mul(planes + deepest).saturating_add(chunks).saturating_add(CODECS)
    }
}
