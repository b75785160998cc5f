//! Why a command failed, in words for the person who ran it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One line: what is wrong, where, and what to do next.
#[derive(Debug)]
pub enum Error {
    /// A file cannot be read.
    Read(PathBuf, io::Error),
    /// A file cannot be written.
    Write(PathBuf, io::Error),
    /// The bytes are not WebAssembly.
    NotWebAssembly,
    /// A component is needed, and this is a core module.
    IsModule,
    /// A core module is needed, and this is a component.
    IsComponent,
    /// The core module holds no component type.
    NoWorld,
    /// The WebAssembly is wrong, or uses something that the profile leaves out.
    Invalid(String),
    /// An import or export has another type than in `wit/`.
    WorldMismatch(&'static str, String),
    /// The component exports nothing that the other one imports.
    NoPlug(String),
    /// The debug file belongs to another component.
    DebugMismatch,
    /// The component has no code at this offset.
    NoCodeAt(usize),
    /// Another error, about this file.
    InFile(PathBuf, Box<Error>),
}

impl Error {
    /// Names the file the error is about.
    pub fn in_file(self, path: &Path) -> Self {
        Self::InFile(path.to_owned(), Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Write(path, error) => write!(f, "cannot write {}: {error}", path.display()),
            Self::NotWebAssembly => f.write_str("not WebAssembly (it does not start with \\0asm)"),
            Self::IsModule => f.write_str(
                "a core module, not a component; make one with `petiole-aot componentize`",
            ),
            Self::IsComponent => f.write_str("already a component"),
            Self::NoWorld => f.write_str(
                "the module has no component type; build it with wit-bindgen for a world of wit/",
            ),
            Self::Invalid(text) => f.write_str(text),
            Self::WorldMismatch(world, text) => write!(
                f,
                "does not fit world petiole:host/{world}; build it against the wit/ of this release: {text}"
            ),
            Self::NoPlug(name) => write!(
                f,
                "{name} exports nothing that the component imports; compare `petiole-aot imports` of both"
            ),
            Self::DebugMismatch => f.write_str(
                "the debug file belongs to another component; build both again from the deployed source",
            ),
            Self::NoCodeAt(offset) => write!(
                f,
                "no code at offset {offset}; is this the component that was deployed?"
            ),
            Self::InFile(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}
