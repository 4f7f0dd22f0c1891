//! One image: what its file's header says, no more and no proof yet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use dicom_core::Tag;
use isovox_volume::Result;
use isovox_volume::vector::length;

use super::fields::Fields;
use super::marks::Marks;
use super::names::Names;
use super::stored::{Part, Stored};
use super::text::Characters;
use super::walk::Walk;
use super::wire::Head;
use super::{groups, mosaic, multiframe};
use crate::input::Input;

/// One image: a frame of a file, or a part of one.
#[derive(Clone)]
pub(super) struct Slice {
    pub(super) stored: Arc<Stored>,
    /// Which frame of what is stored.
    pub(super) frame: usize,
    /// Which part of the frame; `None` for all of it.
    pub(super) part: Option<Part>,
    /// UID of its series; some files have none.
    pub(super) series: String,
    /// UID of the image.
    pub(super) image: String,
    pub(super) modality: String,
    pub(super) number: Option<i64>,
    pub(super) description: String,
    pub(super) instance: Option<i64>,
    /// IPP, mm.
    pub(super) position: Option<[f64; 3]>,
    /// IOP: along a row, down a column.
    pub(super) orientation: Option<[[f64; 3]; 2]>,
    /// mm between rows, between columns.
    pub(super) spacing: Option<[f64; 2]>,
    pub(super) thickness: Option<f64>,
    /// `SpacingBetweenSlices`: only believed where the slices of one image have no positions of their own.
    pub(super) between: Option<f64>,
    pub(super) location: Option<f64>,
    /// Slope and intercept, where they are stated.
    pub(super) rescale: Option<[f64; 2]>,
    pub(super) rescale_type: String,
    /// What tells it from other images at its position.
    pub(super) marks: Marks,
    /// The segment whose pixels it holds.
    pub(super) segment: Option<u16>,
    /// What stands where numbers are expected, by the names of attributes.
    pub(super) odd: BTreeMap<&'static str, String>,
    pub(super) repair: Option<String>,
}

/// What a DICOM file is.
pub(super) enum File {
    /// Images, in the order in which they are stored.
    Images(Vec<Slice>),
    /// No image, and what instead.
    Other(&'static str),
}

/// UID of media storage directories (PS3.4 B.5).
const DIRECTORY: &str = "1.2.840.10008.1.3.10";

/// Bytes of a damaged file in which its series is looked for.
const SOUGHT: usize = 64 << 10;

/// UID of the series that a file names, though not all of it can be read; `None` where that cannot be known.
pub(super) fn series_of(input: &Input) -> Option<String> {
    if let Ok(head) = Head::read(input) {
        return Some(head.fields().text(0x0020, 0x000E));
    }
    let bytes = input.head(SOUGHT).ok()?;
    let mut walk = Walk { bytes: &bytes, at: if bytes.get(128..132) == Some(b"DICM") { 132 } else { 0 }, end: input.len() };
    walk.meta().ok()?;
    let encoding = walk.encoding();
    loop {
        let header = walk.header(encoding).ok()?;
        let element = walk.valued(&header, encoding, 0).ok()?;
        if element.tag >= Tag(0x0020, 0x000E) {
            let fields = Fields { bytes: &bytes, elements: Cow::Owned(vec![element]), encoding };
            return fields.has(0x0020, 0x000E).then(|| fields.text(0x0020, 0x000E));
        }
    }
}

/// Reads what a file says of itself.
pub(super) fn read(input: &Input) -> Result<File> {
    let head = match Head::read(input) {
        // A list of files that lie here anyhow: no image is lost with it.
        Err(_) if Head::class(input).as_deref() == Some(DIRECTORY) => return Ok(File::Other("a damaged DICOMDIR")),
        head => head?,
    };
    let fields = head.fields();
    if fields.has(0x0004, 0x1220) {
        return Ok(File::Other("a DICOMDIR"));
    }
    let Some(pixels) = head.pixels.clone() else { return Ok(File::Other("no image")) };
    let file = whole(&head, &fields, Stored::of(&head, input, pixels));
    let grouped = [groups::SHARED, groups::PER_FRAME].iter().any(|g| fields.has(g.0, g.1));
    Ok(File::Images(if grouped {
        groups::frames(&file, &fields)?
    } else if mosaic::is_mosaic(&file) && file.stored.frames == 1 {
        mosaic::tiles(&file, &fields)?
    } else if file.stored.frames > 1 {
        multiframe::frames(&file, &fields)?
    } else {
        vec![file]
    }))
}

/// What a file says of all its frames.
fn whole(head: &Head, fields: &Fields, stored: Stored) -> Slice {
    let characters = Characters::of(fields);
    let mut odd = BTreeMap::new();
    let mut slice = Slice {
        stored: Arc::new(stored),
        frame: 0,
        part: None,
        series: fields.text(0x0020, 0x000E),
        image: fields.text(0x0008, 0x0018),
        modality: fields.text(0x0008, 0x0060),
        number: fields.number(0x0020, 0x0011).map(|v| v as i64),
        description: super::mask::scrubbed(&characters.text(fields, 0x0008, 0x103E), &names(fields, &characters)),
        instance: fields.number(0x0020, 0x0013).map(|v| v as i64),
        position: stated(fields, (0x0020, 0x0032), POSITION, &mut odd),
        orientation: None,
        spacing: stated(fields, (0x0028, 0x0030), SPACING, &mut odd),
        thickness: fields.number(0x0018, 0x0050),
        between: fields.number(0x0018, 0x0088),
        location: fields.number(0x0020, 0x1041),
        rescale: None,
        rescale_type: String::new(),
        marks: Marks::of(fields),
        segment: None,
        odd: BTreeMap::new(),
        repair: head.repair.clone(),
    };
    if let Some(orientation) = stated(fields, (0x0020, 0x0037), ORIENTATION, &mut odd) {
        slice.orient(orientation);
    }
    slice.odd = odd;
    slice.rescaled(fields);
    slice
}

const POSITION: &str = "ImagePositionPatient";
const ORIENTATION: &str = "ImageOrientationPatient";
const SPACING: &str = "PixelSpacing";

/// So many numbers; other text that stands there is kept by its name.
fn stated<const N: usize>(fields: &Fields, tag: (u16, u16), name: &'static str, odd: &mut BTreeMap<&'static str, String>) -> Option<[f64; N]> {
    let text = fields.text(tag.0, tag.1);
    let numbers = fields.array(tag.0, tag.1);
    if numbers.is_none() && !text.is_empty() {
        odd.insert(name, text);
    }
    numbers
}

/// Names and numbers of persons and places, which may stand in a description too.
fn names(fields: &Fields, characters: &Characters) -> Names {
    let mut names = Names::default();
    for (group, element) in
        [(0x0010, 0x0010), (0x0010, 0x0020), (0x0010, 0x1000), (0x0010, 0x1001), (0x0008, 0x0050), (0x0008, 0x0080), (0x0008, 0x0090), (0x0008, 0x1050), (0x0008, 0x1070)]
    {
        names.add(&characters.text(fields, group, element));
    }
    names.add_birth(&fields.text(0x0010, 0x0030));
    names
}

impl Slice {
    /// The file's base name.
    pub(super) fn name(&self) -> &str {
        self.stored.input.name()
    }

    /// The file's base name and, of several frames, which one it is, from 1.
    pub(super) fn label(&self) -> String {
        if self.stored.frames > 1 { format!("{} frame {}", self.name(), self.frame + 1) } else { self.name().into() }
    }

    /// The number that it has in its series: its frame's, from 1, where the file has several.
    pub(super) fn counted(&self) -> Option<i64> {
        if self.stored.frames > 1 { Some(self.frame as i64 + 1) } else { self.instance }
    }

    /// Takes an IOP: six numbers, along a row and down a column.
    pub(super) fn orient(&mut self, [a, b, c, d, e, f]: [f64; 6]) {
        self.orientation = Some([[a, b, c], [d, e, f]]);
    }

    /// Takes slope, intercept and their type, where a data set states them.
    pub(super) fn rescaled(&mut self, fields: &Fields) {
        let (slope, intercept) = (fields.number(0x0028, 0x1053), fields.number(0x0028, 0x1052));
        if slope.is_some() || intercept.is_some() {
            self.rescale = Some([slope.unwrap_or(1.0), intercept.unwrap_or(0.0)]);
            self.rescale_type = fields.text(0x0028, 0x1054);
        }
    }

    /// Its file.
    pub(super) fn input(&self) -> &Input {
        &self.stored.input
    }

    /// Rows of its plane.
    pub(super) fn rows(&self) -> usize {
        self.part.map_or(self.stored.rows, |p| p.rows)
    }

    /// Columns of its plane.
    pub(super) fn columns(&self) -> usize {
        self.part.map_or(self.stored.columns, |p| p.columns)
    }

    /// The unit vector across the slice; `None` without an orientation of two perpendicular unit vectors.
    pub(super) fn normal(&self) -> Option<[f64; 3]> {
        let [r, c] = self.orientation?;
        let across = [r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]];
        let sound = [length(r), length(c), length(across)].iter().all(|l| (l - 1.0).abs() < 1e-2);
        sound.then(|| across.map(|v| v / length(across)))
    }

    /// That an attribute is missing, or what stands there instead.
    fn without(&self, name: &str) -> String {
        self.odd.get(name).map_or_else(|| format!("no {name}"), |text| format!("{name} {text:?}"))
    }

    /// Why it has no place; `None` where it has one.
    pub(super) fn unplaced(&self) -> Option<String> {
        match (self.position, self.orientation) {
            (_, None) => Some(self.without(ORIENTATION)),
            (None, _) => Some(self.without(POSITION)),
            (_, Some([r, c])) if self.normal().is_none() => Some(format!("{ORIENTATION} {r:?}, {c:?} is not two unit vectors at right angles")),
            _ => None,
        }
    }

    /// mm between rows and between columns. Errors: why they are not known.
    pub(super) fn pixel(&self) -> std::result::Result<[f64; 2], String> {
        match self.spacing {
            Some(spacing) if spacing.iter().all(|&v| v > 0.0) => Ok(spacing),
            Some([rows, columns]) => Err(format!("{SPACING} {rows}\\{columns} is not two lengths")),
            None => Err(self.without(SPACING)),
        }
    }

    /// Whether it is a picture to plan others by.
    fn localizes(&self) -> bool {
        self.marks.kind.split('\\').any(|word| word.trim() == "LOCALIZER")
    }

    /// In what both differ, so that they are no slices of one volume.
    pub(super) fn differs(&self, other: &Slice) -> Option<&'static str> {
        let near = |a: &[f64], b: &[f64], within: f64| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within);
        let orientation = match (self.orientation, other.orientation) {
            (Some(a), Some(b)) => near(a.as_flattened(), b.as_flattened(), 1e-3),
            (a, b) => a.is_none() && b.is_none(),
        };
        let spacing = match (self.spacing, other.spacing) {
            (Some(a), Some(b)) => near(&a, &b, 1e-4 * a[0].abs()),
            (a, b) => a.is_none() && b.is_none(),
        };
        let alike = [
            ("Modality", self.modality == other.modality),
            ("Rows", self.rows() == other.rows()),
            ("Columns", self.columns() == other.columns()),
            ("SamplesPerPixel", self.stored.samples == other.stored.samples),
            ("ImageType", self.localizes() == other.localizes()),
            ("SegmentIdentificationSequence", self.segment.is_some() == other.segment.is_some()),
            (ORIENTATION, orientation),
            (SPACING, spacing),
        ];
        alike.iter().find(|a| !a.1).map(|a| a.0)
    }
}
