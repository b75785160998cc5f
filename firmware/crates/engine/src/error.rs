//! Why a component could not be loaded, and why one was stopped.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use wasmtime::error::OutOfMemory;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};

use crate::Usage;
use crate::state::MemoryExceeded;

/// Why a component was not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The component imports this interface, and the deployment does not grant it. Refusal `not-granted`.
    NotGranted(String),
    /// The board offers nothing under this import. Refusal `incompatible`.
    UnknownImport(String),
    /// A trigger calls this interface, which the component does not export. Refusal `incompatible`.
    NoExport(&'static str),
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
    /// Where exactly: the offset of the instruction in the component's file, when the artifact says so.
    pub pc: Option<u32>,
    /// What it had taken.
    pub usage: Usage,
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
    /// The guest's stack was used up.
    Stack,
    /// The guest opened more handles than the limit.
    Handles,
    /// The guest passed more bytes to the host in one call than the limit.
    HostCallBytes,
    /// Anything else; a peer that failed among it.
    Error,
}

impl StopKind {
    /// The word a workload's reason starts with (formats, section 6).
    pub fn label(self) -> &'static str {
        match self {
            Self::Trap(_) => "trap",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Handles => "handles",
            Self::HostCallBytes => "host-call-bytes",
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
            Self::NoExport(interface) => {
                write!(f, "incompatible: the component exports no {interface}")
            }
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

/// The engine's words for limits that it has no error type for.
const LIMITS: &[(&str, StopKind)] = &[
    ("store handle limit exceeded", StopKind::Handles),
    ("fuel allocated for hostcalls", StopKind::HostCallBytes),
];

/// Tells what ended a call.
pub(crate) fn stop(error: &wasmtime::Error) -> Stop {
    let message = error.root_cause().to_string();
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => StopKind::Fuel,
        Some(Trap::StackOverflow) => StopKind::Stack,
        Some(trap) => StopKind::Trap(trap_name(*trap)),
        None if is_memory(error) => StopKind::Memory,
        None => LIMITS
            .iter()
            .find(|(words, _)| message.contains(words))
            .map_or(StopKind::Error, |(_, kind)| *kind),
    };
    let frame = error
        .downcast_ref::<WasmBacktrace>()
        .and_then(|trace| trace.frames().first());
    Stop {
        kind,
        message,
        function: frame.map(FrameInfo::func_index),
        pc: frame
            .and_then(FrameInfo::module_offset)
            .map(|offset| offset as u32),
        usage: Usage::default(),
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
