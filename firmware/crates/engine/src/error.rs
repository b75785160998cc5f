//! Why a component could not be loaded, and why one was stopped.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use wasmtime::error::OutOfMemory;
use wasmtime::{Trap, WasmBacktrace};

use crate::state::MemoryExceeded;

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
    /// Where: the index of the guest's innermost core function, when it was running one.
    pub function: Option<u32>,
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

/// A name for each trap a guest can cause.
fn trap_name(trap: Trap) -> &'static str {
    match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::StackOverflow => "stack-overflow",
        Trap::MemoryOutOfBounds => "memory-out-of-bounds",
        Trap::TableOutOfBounds => "table-out-of-bounds",
        Trap::IndirectCallToNull => "indirect-call-to-null",
        Trap::BadSignature => "bad-signature",
        Trap::IntegerOverflow => "integer-overflow",
        Trap::IntegerDivisionByZero => "integer-divide-by-zero",
        Trap::BadConversionToInteger => "bad-conversion-to-integer",
        Trap::CannotEnterComponent => "cannot-enter-component",
        Trap::CannotLeaveComponent => "cannot-leave-component",
        Trap::InvalidChar => "invalid-char",
        Trap::StringOutOfBounds => "string-out-of-bounds",
        Trap::ListOutOfBounds => "list-out-of-bounds",
        _ => "other",
    }
}

/// Tells what ended a call.
pub(crate) fn stop(error: wasmtime::Error) -> Stop {
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => StopKind::Fuel,
        Some(trap) => StopKind::Trap(trap_name(*trap)),
        None if is_memory(&error) => StopKind::Memory,
        None => StopKind::Error,
    };
    let frames = error
        .downcast_ref::<WasmBacktrace>()
        .map(WasmBacktrace::frames);
    Stop {
        kind,
        message: error.root_cause().to_string(),
        function: frames
            .and_then(<[_]>::first)
            .map(|frame| frame.func_index()),
    }
}

/// Tells why loading failed.
pub(crate) fn load_error(error: wasmtime::Error) -> LoadError {
    if is_memory(&error) {
        LoadError::Memory(error.root_cause().to_string())
    } else {
        LoadError::Incompatible(format!("{error:#}"))
    }
}

fn is_memory(error: &wasmtime::Error) -> bool {
    error.is::<MemoryExceeded>() || error.is::<OutOfMemory>()
}
