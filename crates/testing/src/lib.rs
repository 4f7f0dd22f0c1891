//! What the tests of several crates share: real scans, the built command, its files, and DICOM files made by hand.

pub mod command;
pub mod dicom;
pub mod files;
pub mod scans;
pub mod table;
