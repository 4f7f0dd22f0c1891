//! One picture file: its kind by its first bytes, its size and type from its header, its voxels when asked for.

use std::sync::Arc;

use isovox_volume::{Error, Geometry, Result, Run, Source, Type};

use super::{bmp, jpeg, png};
use crate::input::Input;
use crate::open::OpenOptions;
use crate::tiff;

/// A picture, known without its voxels.
pub(super) struct Picture {
    pub(super) input: Input,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) voxel: Type,
    /// What the file states of its volume's place.
    pub(super) geometry: Geometry,
    pub(super) warnings: Vec<String>,
    coding: Coding,
}

enum Coding {
    Png(png::Depth),
    Jpeg,
    Bmp(bmp::Rows),
    Tiff(Arc<dyn Source>),
}

/// The kind of a picture by its first bytes.
pub(super) fn sniff(head: &[u8]) -> Option<&'static str> {
    match head {
        _ if tiff::is_tiff(head) => Some("tiff"),
        _ if head.starts_with(b"\x89PNG\r\n\x1a\n") => Some("png"),
        _ if head.starts_with(b"\xff\xd8\xff") => Some("jpeg"),
        _ if head.starts_with(b"BM") => Some("bmp"),
        _ => None,
    }
}

impl Picture {
    /// Reads a picture's header.
    pub(super) fn open(input: &Input, options: &OpenOptions) -> Result<Picture> {
        let at = |e: Error| e.within(input.path());
        match sniff(&input.head(16)?) {
            Some("tiff") => Picture::tiff(input, options),
            Some("png") => {
                let found = png::read(input).map_err(at)?;
                Ok(Picture { geometry: found.geometry, warnings: found.warnings, ..Picture::new(input, found.width, found.height, found.voxel, Coding::Png(found.depth)) })
            }
            Some("jpeg") => {
                let (width, height, voxel) = jpeg::read(input).map_err(at)?;
                let mut picture = Picture::new(input, width, height, voxel, Coding::Jpeg);
                picture.warnings.push("JPEG: compression has changed the values".into());
                Ok(picture)
            }
            Some(_) => {
                let (rows, warnings) = bmp::read(input).map_err(at)?;
                Ok(Picture { warnings, ..Picture::new(input, rows.width, rows.height, rows.voxel(), Coding::Bmp(rows)) })
            }
            None => Err(Error::unsupported("picture")
                .found("other first bytes")
                .expected("TIFF, PNG, JPEG or BMP")
                .help("the file is damaged or misnamed; take it out of the folder")
                .within(input.path())),
        }
    }

    fn new(input: &Input, width: usize, height: usize, voxel: Type, coding: Coding) -> Picture {
        Picture { input: input.clone(), width, height, voxel, geometry: Geometry::voxel(), warnings: Vec::new(), coding }
    }

    fn tiff(input: &Input, options: &OpenOptions) -> Result<Picture> {
        let source = tiff::open(input, options)?.source;
        let header = source.header();
        if header.nz() * header.frames.count != 1 {
            return Err(Error::unsupported("TIFF among slices")
                .found(format_args!("{} planes of {} channels or frames", header.nz(), header.frames.count))
                .expected("one plane of one value, or of 8-bit RGB")
                .help("open a stack as a file of its own")
                .within(input.path()));
        }
        let (warnings, geometry) = (header.warnings.clone(), header.geometry.clone());
        let picture = Picture::new(input, header.nx(), header.ny(), header.voxel, Coding::Tiff(source.clone()));
        Ok(Picture { geometry, warnings, ..picture })
    }

    /// `40x32 u8`, for messages.
    pub(super) fn named(&self) -> String {
        format!("{}x{} {}", self.width, self.height, self.voxel)
    }

    /// Bytes that decoding holds beside the plane.
    pub(super) fn flight(&self) -> usize {
        let plane = self.width * self.height * self.voxel.bytes();
        match &self.coding {
            Coding::Tiff(source) => source.flight(1),
            // Coefficients of three components, 16 bits each, and the file.
            Coding::Jpeg => plane * 8 + self.input.len() as usize,
            Coding::Png(_) => plane * 2,
            Coding::Bmp(_) => plane * 4,
        }
    }

    /// Decodes the plane into native-endian bytes.
    pub(super) fn decode(&self, run: &Run, out: &mut [u8]) -> Result<()> {
        let decoded = match &self.coding {
            Coding::Png(depth) => png::decode(&self.input, *depth, self.width, out),
            Coding::Jpeg => jpeg::decode(&self.input, self.voxel, out),
            Coding::Bmp(rows) => rows.decode(&self.input, out),
            Coding::Tiff(source) => source.open(run, 0, 0..1).and_then(|mut cursor| cursor.fill(0..1, out)),
        };
        decoded.map_err(|e| e.within(self.input.path()))
    }
}
