//! All pages of a file: one picture, their codings, and what the first page says beside.

use isovox_volume::{Error, Result};

use super::ifd::{Bytes, Directory, Walk};
use super::page::{self, Coding, Page, Picture};
use super::scale::Resolution;
use crate::input::Input;

/// The pages of a file.
pub(super) struct Stack {
    pub(super) bytes: Bytes,
    pub(super) picture: Picture,
    pub(super) codings: Vec<Coding>,
    pub(super) pages: Vec<Page>,
    pub(super) description: String,
    pub(super) software: String,
    pub(super) resolution: Resolution,
    pub(super) warnings: Vec<String>,
}

impl Stack {
    /// Walks the whole chain of directories; pages that differ in size or type are refused.
    pub(super) fn read(input: &Input) -> Result<Stack> {
        let (bytes, first) = Bytes::open(input)?;
        let mut walk = Walk::new(&bytes, first);
        let tags = walk.step()?.ok_or_else(|| Error::corrupt("TIFF").found("no page").expected("at least one").within(input.path()))?;
        let (picture, coding, page) = page::read(&mut walk, &bytes, &tags)?;
        let mut stack = Stack {
            picture,
            codings: vec![coding],
            pages: vec![page],
            description: text(&bytes, &tags, 270)?,
            software: text(&bytes, &tags, 305)?,
            resolution: resolution(&bytes, &tags, &picture)?,
            warnings: Vec::new(),
            bytes: bytes.clone(),
        };
        stack.first();
        let mut reduced = tags.entry(330).is_some();
        while let Some(tags) = walk.step()? {
            if page::reduced(&bytes, &tags, &stack.picture)? {
                reduced = true;
                continue;
            }
            let (picture, coding, page) = page::read(&mut walk, &bytes, &tags)?;
            stack.add(&picture, coding, page)?;
        }
        if reduced {
            stack.warnings.push("the file also holds reduced copies of its pages: the full size is opened".into());
        }
        Ok(stack)
    }

    fn first(&mut self) {
        let mut warn = |text: &str| self.warnings.push(text.into());
        match self.picture.photometric {
            3 => warn("the file has a colour palette: values are the stored indices"),
            5 => warn("the file has separated colours (CMYK): channels are as stored"),
            _ => {}
        }
    }

    fn add(&mut self, picture: &Picture, coding: Coding, mut page: Page) -> Result<()> {
        if *picture != self.picture {
            let named = |p: &Picture| format!("{}x{}x{}, {} x {} bit {:?}, photometric {}", p.width, p.height, p.depth, p.samples, p.bits, p.sample, p.photometric);
            return Err(Error::unsupported(format_args!("TIFF of mixed pages: page {}", self.pages.len() + 1))
                .found(named(picture))
                .expected(format_args!("{} as page 1", named(&self.picture)))
                .help("split the pages that differ (reduced copies, thumbnails, labels) into files of their own")
                .within(self.bytes.input.path()));
        }
        if self.codings.last() != Some(&coding) {
            self.codings.push(coding);
        }
        page.coding = self.codings.len() - 1;
        self.pages.push(page);
        Ok(())
    }

    /// Bytes of a plane as an uncompressed file holds it; `None` when they cannot be counted.
    pub(super) fn plane_bytes(&self) -> Option<u64> {
        let p = &self.picture;
        let row = p.width.checked_mul(p.samples)?.checked_mul(p.bits as usize)?.div_ceil(8);
        row.checked_mul(p.height).map(|n| n as u64)
    }
}

fn text(bytes: &Bytes, tags: &Directory, tag: u16) -> Result<String> {
    tags.entry(tag).map_or(Ok(String::new()), |e| bytes.text(&e))
}

/// Along the columns and rows that are seen; the tags speak of the stored ones.
fn resolution(bytes: &Bytes, tags: &Directory, picture: &Picture) -> Result<Resolution> {
    let fraction = |tag| tags.entry(tag).map_or(Ok(None), |e| bytes.fraction(&e));
    let unit = tags.entry(296).map_or(Ok(2), |e| bytes.uints(&e, 0, 1).map(|v| v[0]))?;
    let (x, y) = if picture.orientation.transposed { (283, 282) } else { (282, 283) };
    Ok(Resolution { x: fraction(x)?, y: fraction(y)?, unit })
}
