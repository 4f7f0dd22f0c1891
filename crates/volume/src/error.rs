//! One error type of a few kinds; every face maps the kinds (exit codes, Python exceptions).

use std::fmt;
use std::path::{Path, PathBuf};

/// What went wrong, by whose fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file, series or name that is not there.
    NotFound,
    /// A file that is whole, but of a kind isovox does not read or write.
    Unsupported,
    /// A file that breaks its own format's rules.
    Corrupt,
    /// A geometry that is not proven, where one is needed.
    Geometry,
    /// A value that would change silently.
    Value,
    /// A parameter or command line that is wrong.
    Parameter,
    /// More memory than allowed.
    Memory,
    /// The disk or the operating system.
    Io,
    /// Interrupted by the user.
    Cancelled,
}

impl Kind {
    /// The word in `--error json`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::NotFound => "NotFound",
            Kind::Unsupported => "Unsupported",
            Kind::Corrupt => "Corrupt",
            Kind::Geometry => "Geometry",
            Kind::Value => "Value",
            Kind::Parameter => "Parameter",
            Kind::Memory => "Memory",
            Kind::Io => "Io",
            Kind::Cancelled => "Cancelled",
        }
    }
}

/// An error: the thing, what was found, what was expected, and what to do.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    what: String,
    found: Option<String>,
    expected: Option<String>,
    help: Option<String>,
    path: Option<PathBuf>,
}

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident $kind:ident),*) => {$(
        $(#[$doc])*
        pub fn $name(what: impl fmt::Display) -> Error { Error::new(Kind::$kind, what) }
    )*};
}

impl Error {
    /// An error of a kind; `what` names the thing.
    pub fn new(kind: Kind, what: impl fmt::Display) -> Error {
        Error(Box::new(Inner { kind, what: what.to_string(), found: None, expected: None, help: None, path: None }))
    }

    constructors!(
        /// A file, series or name that is not there.
        not_found NotFound,
        /// A kind of file that is not read or written.
        unsupported Unsupported,
        /// A file that breaks its format's rules.
        corrupt Corrupt,
        /// A geometry that is not proven.
        geometry Geometry,
        /// A value that would change.
        value Value,
        /// A wrong parameter.
        parameter Parameter,
        /// More memory than allowed.
        memory Memory
    );

    /// The user interrupted.
    pub fn cancelled() -> Error {
        Error::new(Kind::Cancelled, "interrupted")
    }

    /// An error of the operating system at a path.
    pub fn io(error: &std::io::Error, path: &Path) -> Error {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Io };
        let what = if kind == Kind::NotFound { "no such file or folder".to_string() } else { error.to_string() };
        Error::new(kind, what).within(path)
    }

    /// What was there.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Error {
        self.0.found = Some(found.to_string());
        self
    }

    /// What should have been there.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Error {
        self.0.expected = Some(expected.to_string());
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl fmt::Display) -> Error {
        self.0.help = Some(help.to_string());
        self
    }

    /// Where: set once, by the innermost caller that knows.
    #[must_use]
    pub fn within(mut self, path: &Path) -> Error {
        self.0.path.get_or_insert_with(|| path.to_path_buf());
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The next step, if there is one.
    pub fn next_step(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file it is about.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.0.what)?;
        match (&self.0.found, &self.0.expected) {
            (Some(found), Some(expected)) => write!(f, ": found {found}, expected {expected}"),
            (Some(found), None) => write!(f, ": found {found}"),
            (None, Some(expected)) => write!(f, ": expected {expected}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Says where an operating-system error happened.
pub trait At<T> {
    /// The same, with the path.
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|e| Error::io(&e, path))
    }
}

impl<T> At<T> for Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|e| e.within(path))
    }
}
