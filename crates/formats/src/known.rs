//! Files that isovox does not open, known by content or name, so that the refusal can name them.

use isovox_volume::Error;

use crate::FORMATS;
use crate::format::Given;
use crate::input::Input;
use crate::raw;

/// A format that this version does not read.
struct Unread {
    name: &'static str,
    /// What its files begin with, and where; none where a name is all there is.
    starts: &'static [(usize, &'static [u8])],
    endings: &'static [&'static str],
    /// A program that converts it.
    by: &'static str,
}

const UNREAD: [Unread; 4] = [
    Unread { name: "AFNI", starts: &[], endings: &["head", "brik", "brik.gz"], by: "3dAFNItoNIFTI or nibabel" },
    Unread { name: "MRtrix", starts: &[(0, b"mrtrix image")], endings: &["mif", "mif.gz", "mih"], by: "mrconvert" },
    Unread { name: "MINC", starts: &[], endings: &["mnc", "mnc.gz"], by: "nibabel or mnc2nii" },
    Unread { name: "HDF5", starts: &[(0, b"\x89HDF\r\n\x1a\n")], endings: &["h5", "hdf5"], by: "h5py and numpy.save" },
];

impl Unread {
    fn is(&self, input: &Input, head: &[u8]) -> bool {
        let starts = |(at, bytes): &(usize, &[u8])| head.get(*at..).is_some_and(|h| h.starts_with(bytes));
        self.starts.iter().any(starts) || self.endings.iter().any(|e| input.ends(e))
    }
}

/// What is to be said of a file that no format opens.
pub(crate) fn refused(given: &Given, head: &[u8]) -> Error {
    let first = match given {
        Given::One(input) => Some(input),
        Given::Many(inputs) => inputs.iter().find(|i| UNREAD.iter().any(|u| u.endings.iter().any(|e| i.ends(e)))).or(inputs.first()),
    };
    let own = || Error::unsupported("not a volume image that isovox knows").help(format_args!("raw data need --size XxYxZ --type u8..f64; isovox reads {}", names()));
    let Some(first) = first else { return own() };
    named(first, head).unwrap_or_else(own).within(first.path())
}

/// The refusal of a file that is known, whatever its name says of a size.
pub(crate) fn named(input: &Input, head: &[u8]) -> Option<Error> {
    if let Some(data) = raw::told_by(input) {
        return Some(Error::unsupported("a text that describes raw data, no data itself").help(format_args!("name the data file beside it: {data}")));
    }
    if input.name() == "index.json" && head.windows(12).any(|w| w == b"vtkImageData") {
        return Some(Error::unsupported("a vtk.js folder: not read by this version").help("export the image as .vti, for example with ParaView"));
    }
    let unread = UNREAD.iter().find(|u| u.is(input, head))?;
    let error = Error::unsupported(format_args!("{}: not read by this version", unread.name));
    Some(error.help(format_args!("convert it to NIfTI, MetaImage, TIFF or .npy first, for example with {}", unread.by)))
}

/// The formats that are read, each once.
fn names() -> String {
    let mut names: Vec<&str> = Vec::new();
    for format in FORMATS {
        if !names.contains(&format.name()) {
            names.push(format.name());
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OpenOptions, open::open_given};

    #[track_caller]
    fn check(name: &str, bytes: &[u8], named: &str) {
        let error = open_given(Given::One(Input::bytes(name, bytes.to_vec())), &OpenOptions::default()).map(|_| ()).expect_err(name);
        assert!(error.to_string().contains(named), "{error}");
    }

    #[test]
    fn other_formats_are_named() {
        check("index.json", b"{\"vtkClass\": \"vtkImageData\"", "vtk.js");
        check("a+orig.HEAD", b"type = string", "AFNI");
        check("a", b"mrtrix image\n", "MRtrix");
        check("x.mnc", b"\x89HDF\r\n\x1a\n", "MINC");
        check("x", b"\x89HDF\r\n\x1a\n", "HDF5");
        check("note.txt", b"just words", "not a volume image");
    }
}
