//! Why a component could not be loaded, and why one was stopped.

use alloc::string::String;
use core::fmt;

/// Why a component was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The component imports this interface, and the deployment does not grant it. Refusal `not-granted`.
    NotGranted(String),
    /// The board offers nothing under this import. Refusal `incompatible`.
    UnknownImport(String),
    /// The artifact was made by another compiler or for other settings; the text says which. Refusal `incompatible`.
    Incompatible(String),
    /// Not enough memory, by the limits or by the board's heap. Refusal `over-limit`.
    Memory(String),
    /// The component was stopped while it started.
    Stopped(Stop),
}

/// A component that was stopped in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What stopped it.
    pub kind: StopKind,
    /// The engine's words, for people.
    pub message: String,
    /// Where, as an offset into the artifact's code; resolved off the board with the artifact's map.
    pub pc: Option<u32>,
}

/// What stopped a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// The guest did something undefined; the name of the trap (`unreachable`, `integer-divide-by-zero`).
    Trap(&'static str),
    /// The call took more fuel than the limit.
    Fuel,
    /// The guest asked for more memory than the limit or than the board has.
    Memory,
    /// Anything else.
    Error,
}

impl StopKind {
    /// The word a workload's reason starts with (formats, section 6).
    pub fn label(self) -> &'static str {
        match self {
            Self::Trap(_) => "trap",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Stop {
    /// `trap: unreachable`, or `fuel: ...`: the reason of a workload that was stopped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StopKind::Trap(name) => write!(f, "trap: {name}"),
            kind => write!(f, "{}: {}", kind.label(), self.message),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGranted(import) => write!(f, "not-granted: {import}"),
            Self::UnknownImport(import) => write!(f, "incompatible: this board offers no {import}"),
            Self::Incompatible(text) => write!(f, "incompatible: {text}"),
            Self::Memory(text) => write!(f, "over-limit: {text}"),
            Self::Stopped(stop) => stop.fmt(f),
        }
    }
}
