//! Deflate (RFC 1951) in zlib (RFC 1950) and gzip (RFC 1952), for streams that hold volumes.
//!
//! The decoder says where it may begin again ([`Point`]): a plane deep in a stream is then had without all that is before
//! it. The encoder makes parts that need nothing of each other, so that threads share the work and a reader may begin at any.
//! Nothing is believed: lengths, codes and distances are checked, and no memory is asked for beyond the decoder's own window.

mod blocks;
mod bytes;
mod codes;
mod decoder;
mod encoder;
mod inflate;
mod tables;
#[cfg(test)]
mod tests;

pub use decoder::{Container, Decoder, Point};
pub use encoder::Encoder;

/// The error of a stream that says what cannot be.
fn damaged(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, format!("the compressed data are damaged: {what}"))
}

/// An array too large for a stack.
fn boxed<T: Clone + std::fmt::Debug, const N: usize>(value: T) -> Box<[T; N]> {
    vec![value; N].into_boxed_slice().try_into().expect("as many")
}
