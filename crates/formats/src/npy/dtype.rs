//! Array types: which voxels an array's `descr` names.

use isovox_volume::{Error, Result, Type};

use super::literal::Literal;

/// How an array's elements are voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dtype {
    /// The stored type; `u16` where a float has 16 bits.
    pub(super) stored: Type,
    /// Big-endian.
    pub(super) big: bool,
    /// What the elements are beyond that.
    pub(super) kind: Kind,
}

/// What elements are beyond their stored type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Nothing: voxels as they stand.
    Plain,
    /// A truth value a byte.
    Bool,
    /// IEEE 754 floats of 16 bits, given as `f32`.
    Half,
}

impl Dtype {
    /// From `'<i2'`, or from red, green and blue bytes `[('R', '|u1'), ..]` as nibabel has them.
    pub(super) fn parse(descr: &Literal) -> Result<Dtype> {
        match descr {
            Literal::Text(text) => plain(text),
            Literal::List(fields) if is_rgb(fields) => Ok(Dtype { stored: Type::Rgb8, big: false, kind: Kind::Plain }),
            _ => Err(Error::unsupported("an array of records").expected("one number a voxel, or bytes R, G, B").help("save one field: numpy.save(name, array[field])")),
        }
    }

    /// The type that voxels have once read.
    pub(super) fn voxel(self) -> Type {
        if self.kind == Kind::Half { Type::F32 } else { self.stored }
    }
}

fn is_rgb(fields: &[Literal]) -> bool {
    let byte = |field: &Literal, letter: &str| match field {
        Literal::List(pair) => match &pair[..] {
            [Literal::Text(name), Literal::Text(kind)] => name.eq_ignore_ascii_case(letter) && matches!(kind.as_str(), "|u1" | "u1"),
            _ => false,
        },
        _ => false,
    };
    fields.len() == 3 && fields.iter().zip(["r", "g", "b"]).all(|(f, l)| byte(f, l))
}

fn plain(text: &str) -> Result<Dtype> {
    let (order, code) = match text.strip_prefix(['<', '>', '|']) {
        Some(code) => (text.as_bytes()[0], code),
        None => (b'|', text),
    };
    let (stored, kind) = match code {
        "b1" | "?" => (Type::U8, Kind::Bool),
        "u1" => (Type::U8, Kind::Plain),
        "i1" => (Type::I8, Kind::Plain),
        "u2" => (Type::U16, Kind::Plain),
        "i2" => (Type::I16, Kind::Plain),
        "u4" => (Type::U32, Kind::Plain),
        "i4" => (Type::I32, Kind::Plain),
        "u8" => (Type::U64, Kind::Plain),
        "i8" => (Type::I64, Kind::Plain),
        "f2" => (Type::U16, Kind::Half),
        "f4" => (Type::F32, Kind::Plain),
        "f8" => (Type::F64, Kind::Plain),
        other => return Err(refuse(text, other)),
    };
    if stored.bytes() > 1 && order == b'|' {
        return Err(Error::corrupt(format_args!("array type {text:?}")).expected("a byte order, < or >, before it"));
    }
    Ok(Dtype { stored, big: order == b'>', kind })
}

fn refuse(text: &str, code: &str) -> Error {
    let (what, help) = match code.chars().next() {
        Some('O') => ("Python objects (a pickle, which can run code: it is left unread)", "save numbers: numpy.save(name, array.astype(float))"),
        Some('c') => ("complex numbers", "save a part: numpy.save(name, abs(array))"),
        Some('U' | 'S' | 'a') => ("text", "volumes hold numbers"),
        Some('M' | 'm') => ("dates or durations", "volumes hold numbers"),
        Some('f') => ("floats wider than 64 bits", "save numpy.float64"),
        Some('V') => ("records of bytes", "save numbers"),
        _ => return Error::corrupt(format_args!("array type {text:?}")).expected("a NumPy type such as '<i2'"),
    };
    Error::unsupported(format_args!("an array of {what}")).found(format_args!("type {text:?}")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Dtype> {
        Dtype::parse(&Literal::Text(text.into()))
    }

    #[test]
    fn types_by_name() {
        assert_eq!(of("<i2").unwrap(), Dtype { stored: Type::I16, big: false, kind: Kind::Plain });
        assert_eq!(of(">f8").unwrap(), Dtype { stored: Type::F64, big: true, kind: Kind::Plain });
        assert_eq!(of("|b1").unwrap().kind, Kind::Bool);
        assert_eq!(of("<f2").unwrap().voxel(), Type::F32);
    }

    #[test]
    fn others_are_refused_by_name() {
        for (text, word) in [
            ("|O", "pickle"),
            ("<c8", "complex"),
            ("<U4", "text"),
            ("|S3", "text"),
            ("<M8[ns]", "dates"),
            ("<f16", "wider"),
            ("|V8", "records"),
            ("i2", "byte order"),
            ("|i2", "byte order"),
            ("<x9", "NumPy type"),
            ("", "NumPy type"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
