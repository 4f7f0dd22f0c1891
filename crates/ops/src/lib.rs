//! Operations of isovox: a folder a family, a file an operation, one declaration each. No file format is known here.

extern crate self as isovox_ops;

pub mod access;
mod blocks;
pub mod components;
pub mod erased;
pub mod range;
pub mod spec;

pub mod filter;
pub mod geometry;
pub mod intensity;
pub mod label;
pub mod measure;
pub mod morphology;
pub mod picture;
pub mod surface;

pub use access::Access;
pub use components::Connectivity;
pub use spec::{Declared, Entry, Operation, Spec, Values};

/// Families and their operations, in the order of the reference pages.
pub const FAMILIES: &[(&str, &[Entry])] = &[
    ("intensity", intensity::OPS),
    ("filter", filter::OPS),
    ("morphology", morphology::OPS),
    ("label", label::OPS),
    ("measure", measure::OPS),
    ("surface", surface::OPS),
    ("geometry", geometry::OPS),
    ("picture", picture::OPS),
];

/// All operations with their families.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Entry)> {
    FAMILIES.iter().flat_map(|(family, ops)| ops.iter().map(move |entry| (*family, entry)))
}

/// The operation of that name.
pub fn find(name: &str) -> isovox_volume::Result<&'static Entry> {
    all().map(|(_, e)| e).find(|e| (e.spec)().name == name).ok_or_else(|| {
        let names: Vec<&str> = all().map(|(_, e)| (e.spec)().name).collect();
        let error = isovox_volume::Error::parameter(format_args!("no operation {name:?}"));
        match spec::nearest(name, &names) {
            Some(near) => error.help(format_args!("did you mean {near}?")),
            None => error.help("isovox ops lists them"),
        }
    })
}
