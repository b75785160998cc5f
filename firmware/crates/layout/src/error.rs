//! What can be wrong with a board's description.

use std::fmt;
use std::path::PathBuf;

/// Why no layout could be made.
#[derive(Debug)]
pub enum LayoutError {
    /// A file could not be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        cause: std::io::Error,
    },
    /// The description is no TOML or has missing, unknown or ill-typed keys; the parser's text names line and column.
    Syntax {
        /// The description.
        path: PathBuf,
        /// The parser's message.
        cause: Box<toml::de::Error>,
    },
    /// The numbers contradict each other; the text names the key and what it must be.
    Contradiction {
        /// The description.
        path: PathBuf,
        /// Which key, what is wrong, what to do.
        message: String,
    },
    /// An environment variable is missing that cargo sets for build scripts.
    NotABuildScript(&'static str),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Syntax { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Contradiction { path, message } => write!(f, "{}: {message}", path.display()),
            Self::NotABuildScript(name) => write!(
                f,
                "{name} is not set: call this from a build script run by cargo"
            ),
        }
    }
}

impl std::error::Error for LayoutError {}
