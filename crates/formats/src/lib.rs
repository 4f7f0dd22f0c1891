//! File formats: a folder each, reading as [`isovox_volume::Source`] and writing as [`isovox_volume::Sink`].
//!
//! What is true of a format stands in its folder; the ordered list is [`FORMATS`]. No operation is known here.

mod ascii;
pub mod channels;
pub mod embed;
pub mod format;
pub mod guard;
mod gzip;
mod inner;
pub mod input;
mod known;
mod listed;
pub mod mesh;
pub mod open;
mod order;
pub mod picture;
mod search;
pub mod staged;
pub mod stored;
pub mod stream;
pub mod table;
#[cfg(test)]
mod testing;
pub mod unit;

pub mod analyze;
pub mod dicom;
pub mod metaimage;
pub mod mgh;
pub mod nifti;
pub mod npy;
pub mod nrrd;
pub mod raw;
pub mod scanco;
pub mod sequence;
pub mod tiff;
pub mod vtk;
pub mod zarr;
pub mod zip;

pub use format::{Format, Given, Scan, Target};
pub use input::Input;
pub use open::{AffineChoice, OpenOptions, Padding, RawOptions, create, dicom_files, open, series};

/// All formats; the first that recognises a file opens it, the first whose ending fits writes it.
pub static FORMATS: &[&dyn Format] = &[
    // Recognised by what the file holds.
    &dicom::Dicom,
    &nifti::Nifti,
    &metaimage::MetaImage,
    &nrrd::Nrrd,
    &mgh::Mgh,
    &analyze::Analyze,
    &vtk::Vtk,
    &scanco::Scanco,
    &tiff::Tiff,
    &npy::Npy,
    &npy::Npz,
    &zarr::Zarr,
    &zip::Zip,
    // Recognised by names.
    &sequence::Sequence,
    &raw::Raw,
];
