//! File formats: a folder each, reading as [`isovox_volume::Source`] and writing as [`isovox_volume::Sink`].
//!
//! What is true of a format stands in its folder; the ordered list is [`FORMATS`]. No operation is known here.

pub mod channels;
pub mod embed;
pub mod format;
pub mod guard;
pub mod input;
mod known;
pub mod mesh;
pub mod open;
pub mod picture;
pub mod staged;
pub mod stored;
pub mod stream;
pub mod table;
pub mod unit;

pub mod dicom;
pub mod metaimage;
pub mod nifti;
pub mod npy;
pub mod raw;
pub mod sequence;
pub mod tiff;
pub mod zip;

pub use format::{Format, Given, Scan, Target};
pub use input::Input;
pub use open::{AffineChoice, OpenOptions, Padding, RawOptions, create, open, series};

/// All formats; the first that recognises a file opens it, the first whose ending fits writes it.
pub static FORMATS: &[&dyn Format] = &[
    // Recognised by what the file holds.
    &dicom::Dicom,
    &nifti::Nifti,
    &metaimage::MetaImage,
    &tiff::Tiff,
    &npy::Npy,
    &npy::Npz,
    &zip::Zip,
    // Recognised by names.
    &sequence::Sequence,
    &raw::Raw,
];
