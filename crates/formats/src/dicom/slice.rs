//! One image: what its file's header says, no more and no proof yet.

use std::sync::Arc;

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use isovox_volume::Result;

use super::stored::{Part, Stored};
use super::wire::Head;
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
    pub(super) acquisition: Option<f64>,
    /// IPP, mm.
    pub(super) position: Option<[f64; 3]>,
    /// IOP: along a row, down a column.
    pub(super) orientation: Option<[[f64; 3]; 2]>,
    /// mm between rows, between columns.
    pub(super) spacing: Option<[f64; 2]>,
    pub(super) thickness: Option<f64>,
    pub(super) location: Option<f64>,
    /// Slope and intercept, where they are stated.
    pub(super) rescale: Option<[f64; 2]>,
    pub(super) rescale_type: String,
    /// What it holds that is not read yet, by name.
    pub(super) beyond: Option<&'static str>,
    /// Whether its images follow each other in time.
    pub(super) timed: bool,
    pub(super) repair: Option<String>,
}

/// What a DICOM file is.
pub(super) enum File {
    Image(Box<Slice>),
    /// No image, and what instead.
    Other(&'static str),
}

/// Elements that change what the pixels are, and are not read yet.
const BEYOND: [(u16, u16, &str); 2] = [(0x5200, 0x9229, "an enhanced (multi-frame) image"), (0x5200, 0x9230, "an enhanced (multi-frame) image")];

/// Reads what a file says of itself.
pub(super) fn read(input: &Input) -> Result<File> {
    let head = Head::read(input)?;
    if head.value(0x0004, 0x1220).is_some() {
        return Ok(File::Other("a DICOMDIR"));
    }
    let Some(pixels) = head.pixels.clone() else { return Ok(File::Other("no image")) };
    let beyond = BEYOND.iter().find(|(group, element, _)| head.value(*group, *element).is_some()).map(|b| b.2);
    let mosaic = head.text(0x0008, 0x0008).split('\\').any(|w| w.trim() == "MOSAIC");
    let slope = real(&head, 0x0028, 0x1053);
    let intercept = real(&head, 0x0028, 0x1052);
    Ok(File::Image(Box::new(Slice {
        stored: Arc::new(Stored::of(&head, input, pixels)),
        frame: 0,
        part: None,
        series: head.text(0x0020, 0x000E),
        image: head.text(0x0008, 0x0018),
        modality: head.text(0x0008, 0x0060),
        number: real(&head, 0x0020, 0x0011).map(|v| v as i64),
        description: super::mask::scrubbed(&spoken(&head, 0x0008, 0x103E), &names(&head)),
        instance: real(&head, 0x0020, 0x0013).map(|v| v as i64),
        acquisition: real(&head, 0x0020, 0x0012),
        position: reals(&head, 0x0020, 0x0032),
        orientation: reals::<6>(&head, 0x0020, 0x0037).map(|v| [[v[0], v[1], v[2]], [v[3], v[4], v[5]]]),
        spacing: reals(&head, 0x0028, 0x0030),
        thickness: real(&head, 0x0018, 0x0050),
        location: real(&head, 0x0020, 0x1041),
        rescale: (slope.is_some() || intercept.is_some()).then(|| [slope.unwrap_or(1.0), intercept.unwrap_or(0.0)]),
        rescale_type: head.text(0x0028, 0x1054),
        beyond: if mosaic { Some("a mosaic") } else { beyond },
        timed: head.value(0x0018, 0x1060).is_some(),
        repair: head.repair.clone(),
    })))
}

/// Names and numbers of the patient, which may stand in a description too.
fn names(head: &Head) -> Vec<String> {
    let all = [(0x0010, 0x0010), (0x0010, 0x0020), (0x0010, 0x1000), (0x0010, 0x1001), (0x0008, 0x0050), (0x0008, 0x0090), (0x0008, 0x1050), (0x0008, 0x1070)];
    all.iter().map(|&(group, element)| spoken(head, group, element)).collect()
}

/// A text for people, in the file's own characters.
fn spoken(head: &Head, group: u16, element: u16) -> String {
    let value = head.value(group, element).unwrap_or_default();
    if value.is_ascii() {
        return head.text(group, element);
    }
    let codes = head.text(0x0008, 0x0005);
    let characters = codes.split('\\').map(str::trim).rfind(|c| !c.is_empty()).and_then(SpecificCharacterSet::from_code).unwrap_or_default();
    let decoded = characters.decode(value).unwrap_or_else(|_| String::from_utf8_lossy(value).into_owned());
    decoded.trim_matches([' ', '\0']).to_string()
}

/// The first number of a decimal text.
fn real(head: &Head, group: u16, element: u16) -> Option<f64> {
    decimal(head.text(group, element).split('\\').next()?)
}

fn reals<const N: usize>(head: &Head, group: u16, element: u16) -> Option<[f64; N]> {
    let text = head.text(group, element);
    let numbers: Vec<f64> = text.split('\\').map_while(decimal).collect();
    numbers.try_into().ok()
}

/// Some writers put a comma, or blanks on either side.
fn decimal(text: &str) -> Option<f64> {
    text.trim_matches([' ', '\0']).replace(',', ".").parse().ok().filter(|v: &f64| v.is_finite())
}

impl Slice {
    /// The file's base name.
    pub(super) fn name(&self) -> &str {
        self.stored.input.name()
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

    /// Whether both may be slices of one volume: size, orientation, spacing.
    pub(super) fn fits(&self, other: &Slice) -> bool {
        let near = |a: &[f64], b: &[f64], within: f64| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within);
        let orientation = match (self.orientation, other.orientation) {
            (Some(a), Some(b)) => near(a.as_flattened(), b.as_flattened(), 1e-3),
            (a, b) => a.is_none() && b.is_none(),
        };
        let spacing = match (self.spacing, other.spacing) {
            (Some(a), Some(b)) => near(&a, &b, 1e-4 * a[0].abs()),
            (a, b) => a.is_none() && b.is_none(),
        };
        let size = |s: &Slice| (s.rows(), s.columns(), s.stored.samples, s.stored.frames);
        size(self) == size(other) && orientation && spacing
    }
}

/// Length of a vector.
pub(super) fn length(v: [f64; 3]) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}
